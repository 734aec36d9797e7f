/** What the table of cases is filtered by: all of it stands in the address. */
import type { Query, QueryPatch } from "../../lib/router.svelte";

/** Names that the server's list of cases understands, as they stand in the address. */
export const FILTERS = [
  "q", "target", "phase", "prompt", "delivery", "judgement", "tag",
  "score", "score_min", "score_max", "ttft_min", "ttft_max", "e2e_min", "e2e_max",
] as const;
const ORDER = ["sort", "order"] as const;

export const PAGE = 100;

/** What the server is asked for: filters and order that the address holds. */
export function asked(query: Query): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of [...FILTERS, ...ORDER]) {
    const value = query[name];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

export function isFiltered(query: Query): boolean {
  return FILTERS.some((name) => (query[name] ?? "") !== "");
}

export function cleared(): QueryPatch {
  return Object.fromEntries([...FILTERS, "from"].map((name) => [name, null]));
}

/** A whole number from the address, or another. */
export function wholeNumber(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

/** Seconds out of `200 ms`, `1.5 s`, `0,5`; null when it is none, and for nothing at all undefined. */
export function secondsOf(text: string): number | null | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return undefined;
  const found = /^(\d+(?:[.,]\d+)?|[.,]\d+)\s*(µs|us|ms|s|초)?$/.exec(trimmed);
  if (!found) return null;
  const value = Number((found[1] ?? "").replace(",", "."));
  const unit = found[2] ?? "s";
  return unit === "ms" ? value / 1e3 : unit === "µs" || unit === "us" ? value / 1e6 : value;
}

/** How seconds of the address are written into a field. */
export function secondsText(text: string | undefined): string {
  const value = Number(text);
  if (text === undefined || text === "" || !Number.isFinite(value)) return "";
  return value < 1 ? `${Number((value * 1000).toPrecision(6))} ms` : `${value} s`;
}

/** A number of a field; null when it is none, undefined when it is empty. */
export function numberOf(text: string): number | null | undefined {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return undefined;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : null;
}
