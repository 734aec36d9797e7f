/** Texts at the axes of charts, and places. */
import type { Labels } from "../api/contract";
import { clean } from "./clean";
import type { Lang, Say } from "./i18n.svelte";
import { amount } from "./number";

/** Labels as one line: `docent-search · closed 8`; target and phase first. */
export function place(labels: Labels): string {
  const first = ["target", "phase", "prompt"];
  const rest = Object.keys(labels).filter((key) => !first.includes(key)).sort();
  const named = first.map((key) => labels[key]).filter((value): value is string => value !== undefined);
  return clean([...named, ...rest.map((key) => `${key} ${labels[key] ?? ""}`)].join(" · "));
}

/** Writes a value of a unit, with its unit; for tooltips and tables. */
export function writer(unit: string, lang: Lang, say: Say): (value: number | null | undefined) => string {
  return (value) => amount(value, unit, lang, say);
}
