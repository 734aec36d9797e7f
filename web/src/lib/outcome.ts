/** How requests ended and were judged, in words and shapes. */
import { clean } from "./clean";
import { word } from "./i18n.svelte";

/** `failed: 429` in words: what is known of it by name, the rest as it came. */
export function classWord(id: string): string {
  const cut = id.indexOf(": ");
  if (cut < 0) return clean(word("class", id));
  return clean(`${word("class", id.slice(0, cut))}: ${word("class", id.slice(cut + 2))}`);
}

/** Shapes that tell judgements apart without colour. */
export const JUDGED: Record<string, { sign: string; tone: "good" | "bad" | "open" | "muted" }> = {
  correct: { sign: "✓", tone: "good" },
  xpass: { sign: "✓", tone: "good" },
  wrong: { sign: "✕", tone: "bad" },
  xfail: { sign: "✕", tone: "muted" },
  judge_error: { sign: "!", tone: "open" },
};

/** How much a delivery asks for attention. */
export function deliveryTone(delivery: string): "bad" | "open" | "plain" {
  if (delivery === "complete") return "plain";
  return /^(failed|api_error|not_sent)/.test(delivery) ? "bad" : "open";
}
