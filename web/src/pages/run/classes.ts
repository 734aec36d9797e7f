/** Colours and words of the classes that requests end in. */
import { seriesColor, type Palette } from "../../lib/palette";

/** Classes that often come together have colours far apart; every chart has the same for a class. */
const COLORS: Record<string, number> = {
  complete: 0, correct: 0, wrong: 1, failed: 1, none: 6, judge_error: 4, truncated: 4, filtered: 3, empty: 6, unparsable: 7,
  "429": 1, "5xx": 4, cut_stream: 3, timeout: 7, stalled_stream: 2, connect: 5, malformed: 6, "4xx": 2, error_event: 5, "529": 7,
};

export function classColor(colors: Palette, id: string): string {
  const cut = id.indexOf(": ");
  const cause = cut < 0 ? id : id.slice(cut + 2);
  if (id.startsWith("not_sent")) return seriesColor(colors, 6);
  return seriesColor(colors, COLORS[cause] ?? 5);
}

/** `failed: 429` as people say it. */
export function classWords(id: string, word: (group: string, id: string) => string): string {
  const cut = id.indexOf(": ");
  return cut < 0 ? word("class", id) : `${word("class", id.slice(0, cut))}: ${word("class", id.slice(cut + 2))}`;
}
