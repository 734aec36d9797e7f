/** Colours of the classes that requests end in. */
import { seriesColor, type Palette } from "../../lib/palette";

/** Good ones in one colour, wrong ones in another; each failure in its own. */
export function classColor(colors: Palette, id: string, at: number): string {
  if (id === "complete" || id === "correct") return seriesColor(colors, 0);
  if (id === "wrong" || id === "failed") return seriesColor(colors, 1);
  if (id === "none" || id.startsWith("not_sent")) return seriesColor(colors, 6);
  const others = [1, 4, 3, 7, 2, 5];
  return seriesColor(colors, others[Math.max(0, at - 1) % others.length] ?? 1);
}

/** `failed: 429` as people say it. */
export function classWords(id: string, word: (group: string, id: string) => string): string {
  const cut = id.indexOf(": ");
  return cut < 0 ? word("class", id) : `${word("class", id.slice(0, cut))}: ${word("class", id.slice(cut + 2))}`;
}
