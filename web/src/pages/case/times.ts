/** Words and scale of the times of one attempt. */
import type { AttemptView } from "../../api/contract";
import { lang, t, word } from "../../lib/i18n.svelte";
import { clean } from "../../lib/clean";
import { fixed, scaleOf } from "../../lib/number";
import type { TimeWords } from "./waterfall";

/** Size of stored text for people. */
export function sizeText(bytes: number): string {
  const scale = scaleOf("bytes", [bytes], t);
  return `${fixed(bytes * scale.factor, scale.symbol === "B" ? 0 : 1, lang.now)}\u00a0${scale.symbol}`;
}

/** A moment of time in the reader's language and zone, to the second. */
export function momentText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? clean(iso) : at.toLocaleString(lang.now, { dateStyle: "medium", timeStyle: "medium" });
}

export function timeWords(attempt: AttemptView): TimeWords {
  const last = [...attempt.spans.map((span) => span.to_s), ...attempt.events.map((event) => event.at_s)];
  const scale = scaleOf("s", last, t);
  const decimals = scale.symbol === "ms" ? 1 : 3;
  const trim = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  return {
    axis: `${t("case.time_axis")} (${scale.symbol})`,
    arrivals: t("case.arrivals"),
    event: t("case.event_axis"),
    span: (name) => clean(word("span", name)),
    kind: (name) => clean(name),
    time: (seconds) => `${trim(fixed(seconds * scale.factor, decimals, lang.now))}\u00a0${scale.symbol}`,
    tick: (seconds) => trim(fixed(seconds * scale.factor, decimals, lang.now)),
  };
}
