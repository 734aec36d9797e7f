/**
 * How figures are written: by unit, by language, with as many digits as the interval allows.
 *
 * It scales for the screen (a ratio to percent, seconds to milliseconds) and computes nothing else.
 */
import type { Estimate, Interval } from "../api/contract";
import type { Key, Lang, Say } from "./i18n.svelte";

/** How numbers of a unit are shown: value × factor, then the symbol. */
export interface Scale {
  unit: string;
  factor: number;
  symbol: string;
}

/** A written number, cut where columns align it. */
export interface Written {
  whole: string;
  fraction: string;
}

/** What the figures of a column share. */
export interface Column {
  scale: Scale;
  /** Longest part before and after the decimal point, in characters. */
  whole: number;
  fraction: number;
  /** Ends of the scale on which intervals are drawn, in the unit of the estimates. */
  low: number;
  high: number;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];
const UNIT_WORDS: Record<string, Key> = {
  tokens: "unit.tokens",
  requests: "unit.requests",
  points: "unit.points",
  "tok/s": "unit.tok/s",
  "req/s": "unit.req/s",
  "tokens/event": "unit.tokens/event",
};

/** The scale of a unit that suits the largest of some values. */
export function scaleOf(unit: string, values: readonly number[], say: Say): Scale {
  const most = values.reduce((top, value) => (Number.isFinite(value) ? Math.max(top, Math.abs(value)) : top), 0);
  if (unit === "ratio") return { unit, factor: 100, symbol: "%" };
  if (unit === "pp") return { unit, factor: 100, symbol: say("unit.pp") };
  if (unit === "s") return most < 1 ? { unit, factor: 1000, symbol: "ms" } : { unit, factor: 1, symbol: "s" };
  if (unit === "bytes" || unit === "bytes/s") {
    const step = Math.min(BYTES.length - 1, most < 1 ? 0 : Math.floor(Math.log2(most) / 10));
    return { unit, factor: 1 / 1024 ** step, symbol: `${BYTES[step]}${unit === "bytes/s" ? "/s" : ""}` };
  }
  const key = UNIT_WORDS[unit];
  if (key) return { unit, factor: 1, symbol: say(key) };
  return { unit, factor: 1, symbol: unit === "currency" || unit === "number" ? "" : unit };
}

/** Decimals that show a half width with two significant digits. */
export function decimalsOfWidth(half: number): number {
  if (!(half > 0) || !Number.isFinite(half)) return 0;
  return Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(half) + 1e-9)));
}

/** Decimals that show a value with three significant digits; none for whole numbers. */
export function decimalsOfValue(value: number, factor = 1): number {
  const scaled = Math.abs(value * factor);
  if (scaled === 0 || !Number.isFinite(scaled)) return 0;
  if (Number.isInteger(value) && factor === 1) return 0;
  return Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(scaled) + 1e-9)));
}

function halfWidth(value: number, interval: Interval | null | undefined): number | null {
  if (!interval) return null;
  const { low, high } = interval;
  const ends = [low, high].filter((end): end is number => typeof end === "number");
  if (ends.length === 2) return Math.abs((high ?? 0) - (low ?? 0)) / 2;
  return ends.length === 1 ? Math.abs((ends[0] ?? value) - value) : null;
}

/** Decimals of an estimate on a scale; never more than four significant digits, which the CSV has. */
export function decimalsOf(value: number, interval: Interval | null | undefined, scale: Scale): number {
  const half = halfWidth(value, interval);
  if (half === null || half === 0) return decimalsOfValue(value, scale.factor);
  const most = value === 0 ? 8 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value * scale.factor)) + 1e-9));
  return Math.min(most, decimalsOfWidth(half * scale.factor));
}

const formats = new Map<string, Intl.NumberFormat>();

function format(lang: Lang, decimals: number): Intl.NumberFormat {
  const key = `${lang}${decimals}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(lang, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  formats.set(key, made);
  return made;
}

/** A number with so many decimals, as a language writes it; a true minus, and no minus before zero. */
export function fixed(value: number, decimals: number, lang: Lang): string {
  const text = format(lang, decimals).format(value);
  if (!text.startsWith("-")) return text;
  return /[1-9]/.test(text) ? `\u2212${text.slice(1)}` : text.slice(1);
}

function cut(text: string): Written {
  const point = text.lastIndexOf(".");
  return point < 0 ? { whole: text, fraction: "" } : { whole: text.slice(0, point), fraction: text.slice(point) };
}

/** A value on a scale, cut at its decimal point. */
export function written(value: number, interval: Interval | null | undefined, scale: Scale, lang: Lang): Written {
  return cut(fixed(value * scale.factor, decimalsOf(value, interval, scale), lang));
}

/** A plain value with its unit: `82.1 %`, `120 ms`. */
export function amount(value: number | null | undefined, unit: string, lang: Lang, say: Say, interval?: Interval | null): string {
  if (value === null || value === undefined) return "–";
  const scale = scaleOf(unit, [value], say);
  const text = fixed(value * scale.factor, decimalsOf(value, interval, scale), lang);
  return scale.symbol === "" ? text : `${text}\u00a0${scale.symbol}`;
}

/** A count: every digit, grouped. */
export function count(value: number, lang: Lang): string {
  return format(lang, 0).format(value);
}

/** What the figures of a column share. */
export function columnOf(estimates: readonly (Estimate | null | undefined)[], lang: Lang, say: Say): Column {
  const all = estimates.filter((e): e is Estimate & { value: number } => typeof e?.value === "number");
  const unit = all[0]?.unit ?? estimates.find((e) => e)?.unit ?? "";
  const shown = all.filter((e) => e.unit === unit);
  const scale = scaleOf(unit, shown.map((e) => e.value), say);
  const texts = shown.map((e) => written(e.value, e.interval, scale, lang));
  const ends = shown.flatMap((e) => [e.value, e.interval?.low, e.interval?.high]).filter((end): end is number => typeof end === "number");
  const most = Math.max(0, ...ends);
  return {
    scale,
    whole: Math.max(1, ...texts.map((text) => text.whole.length)),
    fraction: Math.max(0, ...texts.map((text) => text.fraction.length)),
    low: Math.min(0, ...ends),
    high: unit === "ratio" && most > 0.5 ? Math.max(1, most) : most,
  };
}

/** The estimate in words, for those who hear it: `0.82, 95 % between 0.78 and 0.86, 165 cases`. */
export function intervalWords(e: Estimate, lang: Lang, say: Say): string {
  if (typeof e.value !== "number") return say("figure.absent", { why: e.absent ?? "" });
  const scale = scaleOf(e.unit, [e.value], say);
  const decimals = decimalsOf(e.value, e.interval, scale);
  const text = (value: number): string => fixed(value * scale.factor, decimals, lang);
  const unit = scale.symbol === "" ? "" : `\u00a0${scale.symbol}`;
  const from = typeof e.value_low === "number" ? [say("figure.from", { low: `${text(e.value_low)}${unit}` })] : [];
  return [`${text(e.value)}${unit}`, ...from, ...boundWords(e.interval, text, unit, lang, say), nWords(e, say)].join(", ");
}

function boundWords(i: Interval | null | undefined, text: (value: number) => string, unit: string, lang: Lang, say: Say): string[] {
  if (!i) return [];
  const level = `${fixed(i.level * 100, Number.isInteger(i.level * 100) ? 0 : 1, lang)}\u00a0%`;
  const { low, high } = i;
  if (typeof low === "number" && typeof high === "number" && i.sides === "two") {
    return [say("figure.between", { level, low: text(low), high: `${text(high)}${unit}` })];
  }
  if (typeof high === "number" && i.sides !== "lower") return [say("figure.at_most", { level, high: `${text(high)}${unit}` })];
  if (typeof low === "number") return [say("figure.at_least", { level, low: `${text(low)}${unit}` })];
  return [];
}

/** What stands behind an estimate: its cases, where there are cases, else its requests. */
export function nWords(e: Estimate, say: Say): string {
  if (e.n.cases > 0 && e.n.cases < e.n.requests) return say("n.cases_requests", { cases: e.n.cases, requests: e.n.requests });
  return e.interval?.unit_of_sampling === "case" || e.interval?.unit_of_sampling === "cluster"
    ? say("n.cases", { n: e.n.cases })
    : say("n.requests", { n: e.n.requests });
}

/** Seconds as people say them: `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number, say: Say): string {
  const whole = Math.round(seconds);
  if (seconds < 10) return say("time.s", { s: Math.round(seconds * 10) / 10 });
  if (whole < 60) return say("time.s", { s: whole });
  if (whole < 3600) return say("time.min_s", { min: Math.floor(whole / 60), s: whole % 60 });
  return say("time.h_min", { h: Math.floor(whole / 3600), min: Math.floor((whole % 3600) / 60) });
}
