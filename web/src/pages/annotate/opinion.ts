/** What a person says of an answer: which kinds of values there are, and how they are entered. */
import type { AnnotationItem, AnnotationPage } from "../../api/contract";
import type { Query } from "../../lib/router.svelte";

export type Value = AnnotationItem["value"];
export type Kind = AnnotationPage["names"][number]["kind"];

export interface Opinion {
  name: string;
  kind: Kind;
  /** Of a label set. */
  labels: string[];
}

export const MOST_LABELS = 9;
export const KINDS: readonly Kind[] = ["yes_no", "label", "score"];

/** The name of an opinion, or null when it cannot be one. */
export function opinionName(text: string): string | null {
  return /^[\p{L}\p{N}_-]{1,40}$/u.test(text.trim()) ? text.trim() : null;
}

/** Labels out of a list with commas: different ones, two to nine; null when they are not. */
export function labelsOf(text: string): string[] | null {
  const labels = [...new Set(text.split(",").map((label) => label.trim()))].filter((label) => label !== "");
  return labels.length >= 2 && labels.length <= MOST_LABELS && labels.every((label) => label.length <= 60) ? labels : null;
}

/** The opinion that the address asks for: one that is in use, or one that the address defines. */
export function opinionOf(query: Query, known: AnnotationPage["names"]): Opinion | null {
  const name = opinionName(query["name"] ?? "");
  if (name === null) return null;
  const used = known.find((one) => one.name === name);
  if (used) return { name, kind: used.kind, labels: used.labels };
  const kind = KINDS.find((one) => one === query["kind"]) ?? "yes_no";
  const labels = kind === "label" ? labelsOf(query["labels"] ?? "") : [];
  return labels === null ? null : { name, kind, labels };
}

/** Values to choose from, in the order of their keys; a score has none. */
export function choices(opinion: Opinion): { key: string; value: Exclude<Value, null> }[] {
  if (opinion.kind === "yes_no") return [{ key: "1", value: true }, { key: "2", value: false }];
  if (opinion.kind === "score") return [];
  return opinion.labels.slice(0, MOST_LABELS).map((label, at) => ({ key: String(at + 1), value: label }));
}

/** A score from 0 to 1; null when it is none. */
export function scoreOf(text: string): number | null {
  const trimmed = text.trim().replace(",", ".");
  const value = /^(\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : NaN;
  return value >= 0 && value <= 1 ? value : null;
}

/** The next position without an opinion on this page of the list, after one; null when there is none. */
export function nextOpen(items: readonly { value: Value }[], from: number, at: number): number | null {
  const found = items.findIndex((item, index) => from + index > at && item.value === null);
  return found < 0 ? null : from + found;
}
