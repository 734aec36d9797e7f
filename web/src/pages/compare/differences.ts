/** Paired differences as rows of a forest plot, and as words. */
import type { Test } from "../../api/contract";
import { clean } from "../../lib/clean";
import { t, word, type Lang, type Say } from "../../lib/i18n.svelte";
import { decimalsOf, fixed, scaleOf, type Scale } from "../../lib/number";
import type { Palette } from "../../lib/palette";
import { place } from "../../lib/axis";
import type { Row } from "../../lib/rows";

/** Differences of one unit, which share an axis. */
export interface UnitGroup {
  unit: string;
  scale: Scale;
  tests: Test[];
}

/** By unit, in the order in which units first appear. */
export function byUnit(tests: readonly Test[], say: Say): UnitGroup[] {
  const groups = new Map<string, Test[]>();
  for (const test of tests) groups.set(test.unit, [...(groups.get(test.unit) ?? []), test]);
  return [...groups].map(([unit, of]) => ({ unit, scale: differenceScale(unit, of.flatMap(ends), say), tests: of }));
}

const ends = (test: Test): number[] =>
  [test.difference, test.corrected?.low, test.corrected?.high].filter((end): end is number => typeof end === "number");

/** A difference of shares is told in percentage points. */
export function differenceScale(unit: string, values: readonly number[], say: Say): Scale {
  const scale = scaleOf(unit, values, say);
  return unit === "ratio" ? { ...scale, symbol: say("compare.pp") } : scale;
}

/** `+2.4`, `−0.3`, `0`. */
export function signed(value: number, decimals: number, lang: Lang): string {
  const text = fixed(value, decimals, lang);
  return /^[^\u2212]*[1-9]/.test(text) ? `+${text}` : text;
}

export interface Written {
  value: string;
  /** The corrected interval, or an empty text. */
  interval: string;
}

/** A difference and its corrected interval on a scale, without the unit. */
export function differenceText(test: Test, scale: Scale, lang: Lang): Written {
  if (typeof test.difference !== "number") return { value: "–", interval: "" };
  const decimals = decimalsOf(test.difference, test.corrected, scale);
  const text = (value: number | null | undefined, unbounded: string): string =>
    typeof value === "number" ? signed(value * scale.factor, decimals, lang) : unbounded;
  const { corrected } = test;
  return {
    value: text(test.difference, "–"),
    interval: corrected ? `${text(corrected.low, "−∞")} … ${text(corrected.high, "+∞")}` : "",
  };
}

/** What is said of a test: its state, unless it is not valid. */
export const stateOf = (test: Test): string => (test.invalid ? "invalid" : test.state);

export const nameOf = (test: Test): string => clean(test.stat === "share" || test.stat === "mean" ? test.name : `${test.name} ${test.stat}`);

/** Where the two sides were compared: what both have in common, and what tells them apart. */
export function whereOf(test: Test): string {
  const { run: _base, ...base } = test.base;
  const { run: _other, ...other } = test.other;
  const sides = [place(base), place(other)].filter((text) => text !== "");
  const apart = sides.length === 2 && sides[0] !== sides[1] ? sides.join(" → ") : "";
  return [place(test.labels), apart].filter((text) => text !== "").join(" · ");
}

export function toneOf(state: string, colors: Palette): string {
  if (state === "better") return colors.accent;
  if (state === "worse") return colors.broken;
  return state === "higher" || state === "lower" ? colors.ink : colors.muted;
}

const SYMBOLS: Record<string, Row["symbol"]> = { better: "triangle", worse: "down", higher: "diamond", lower: "diamond", invalid: "cross" };

/** Rows of the forest plot. */
export function forestRows(group: UnitGroup, colors: Palette, lang: Lang): Row[] {
  return group.tests.map((test) => {
    const state = stateOf(test);
    const { value, interval } = differenceText(test, group.scale, lang);
    const label = `${nameOf(test)}   ${whereOf(test)}`;
    return {
      label,
      right: word("state", state),
      value: test.difference ?? null,
      outer: test.invalid ? null : bounds(test.corrected),
      inner: test.invalid ? null : bounds(test.interval),
      color: toneOf(state, colors),
      symbol: SYMBOLS[state] ?? "ring",
      told: `${label}\n${value} ${group.scale.symbol}${interval === "" ? "" : `  (${interval})`}`,
    };
  });
}

function bounds(interval: Test["interval"]): Row["outer"] {
  return interval ? { low: interval.low ?? null, high: interval.high ?? null } : null;
}

/** How many are better, worse, undecided, neither, not valid. */
export function tally(tests: readonly Test[]): Record<"better" | "worse" | "undecided" | "neither" | "invalid", number> {
  const counts = { better: 0, worse: 0, undecided: 0, neither: 0, invalid: 0 };
  for (const test of tests) {
    const state = stateOf(test);
    counts[state === "higher" || state === "lower" ? "neither" : (state as keyof typeof counts)] += 1;
  }
  return counts;
}

/** What n would settle it, in words. */
export function settleText(test: Test, scale: Scale, lang: Lang, say: Say): string {
  const lines: string[] = [];
  if (typeof test.settles_at === "number") lines.push(say("compare.settle_pairs", { n: test.settles_at, pairs: test.pairs }));
  if (typeof test.detectable === "number") {
    const decimals = decimalsOf(test.detectable, null, scale);
    const difference = `${fixed(test.detectable * scale.factor, decimals, lang)}\u00a0${scale.symbol}`;
    lines.push(say("compare.detectable", { pairs: test.pairs, difference }));
  }
  const stated = test.stated.map(({ difference, pairs }) =>
    typeof pairs === "number" ? say("compare.settle_stated", { difference: clean(difference), n: pairs }) : say("compare.settle_stated_none", { difference: clean(difference) }),
  );
  return [...lines, stated.join("; ")].filter((line) => line !== "").join(" ");
}

/** In which direction the axis is good, if all of a group agree. */
export function towards(group: UnitGroup): string | null {
  const directions = new Set(group.tests.map((test) => test.better));
  const [only] = directions;
  if (directions.size !== 1 || (only !== "higher" && only !== "lower")) return null;
  return t("compare.towards", { direction: t(`compare.${only}`) });
}
