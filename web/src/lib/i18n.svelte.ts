/** The language of the page, and its words. */
import { en } from "../words/en";
import { ko } from "../words/ko";
import { route } from "./router.svelte";
import { kept, keep } from "./kept";

export type Lang = "en" | "ko";
export type Key = keyof typeof en;
export type Vars = Record<string, string | number>;
export type Say = (key: Key, vars?: Vars) => string;

function first(): Lang {
  const wish = kept("lang");
  if (wish === "en" || wish === "ko") return wish;
  const languages = typeof navigator === "undefined" ? [] : navigator.languages;
  return languages.find((tag) => /^(ko|en)\b/i.test(tag))?.toLowerCase().startsWith("ko") ? "ko" : "en";
}

const chosen = $state<{ lang: Lang }>({ lang: first() });

export const lang = {
  /** The address wins over what was chosen before. */
  get now(): Lang {
    const asked = route.query["lang"];
    return asked === "en" || asked === "ko" ? asked : chosen.lang;
  },
  choose(next: Lang): void {
    chosen.lang = next;
    keep("lang", next);
  },
};

const TABLES: Record<Lang, Record<Key, string>> = { en, ko };

/**
 * Puts values into a sentence: `{n}` is the value, `{n:case|cases}` the word for one or for many.
 * Numbers are written as the language writes them.
 */
export function fill(text: string, vars: Vars, locale: string): string {
  return text.replace(/\{(\w+)(?::([^|{}]*)\|([^{}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = vars[name];
    if (value === undefined) return whole;
    if (one !== undefined) return (value === 1 ? one : many) ?? "";
    return typeof value === "number" ? value.toLocaleString(locale, { maximumFractionDigits: 6 }) : value;
  });
}

/** The words of a key in the language of the page. */
export const t: Say = (key, vars = {}) => fill(TABLES[lang.now][key], vars, lang.now);

/** The words of a class, unit or name that may be none of ours: then as it came. */
export function word(group: string, id: string): string {
  const key = `${group}.${id}`;
  return key in en ? t(key as Key) : id;
}

let sentences = $state.raw<Record<string, string>>({});

/** The Korean of the sentences of findings that the current page shows. */
export function learn(words: Record<string, string>): void {
  sentences = words;
}

/** A finding's sentence in the language of the page, where it is known. */
export function said(english: string): string {
  if (lang.now === "en") return english;
  return Object.hasOwn(sentences, english) ? (sentences[english] ?? english) : english;
}
