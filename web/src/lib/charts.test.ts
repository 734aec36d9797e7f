import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AttemptView, Distribution, Estimate, Frontier, RankReport, Test } from "../api/contract";
import { intervalSeries, mix } from "./bars";
import { fill } from "./i18n.svelte";
import { en } from "../words/en";
import type { Key, Say } from "./i18n.svelte";
import type { Palette } from "./palette";
import { rowsHeight, rowsOption } from "./rows";
import { svgOf } from "./echarts";
import { byUnit, differenceText, forestRows, settleText, signed, tally, whereOf } from "../pages/compare/differences";
import { ecdfOption, overlays, ticks } from "../pages/compare/ecdf";
import { drawable, frontierOption, names, pointSize } from "../pages/frontier/charts";
import { groupReason, matrixOption, matrixRows, ratingRows } from "../pages/leaderboard/charts";
import { arrivalsOption, waterfallOption, type TimeWords } from "../pages/case/waterfall";

const say: Say = (key: Key, vars = {}) => fill(en[key], vars, "en");
const colors: Palette = {
  paper: "#ffffff", ink: "#000000", muted: "#666666", rule: "#eeeeee", faint: "#f4f4f4", accent: "#0000ff", broken: "#ff0000", undecided: "#aa7700",
  series: ["#0072b2", "#c75000"], font: "sans-serif",
};
const css = readFileSync(new URL("../app.css", import.meta.url), "utf8");

const interval = (low: number | null, high: number | null) => ({ low, high, level: 0.95, sides: "two", method: "t", unit_of_sampling: "case" });
const test = (more: Partial<Test>): Test => ({
  name: "accuracy", stat: "share", family: "quality", labels: { phase: "p", target: "a" }, base: { run: "1" }, other: { run: "2" }, unit: "ratio", better: "higher",
  base_value: 0.5, other_value: 0.524, difference: 0.024, interval: interval(-0.05, 0.1), interval_none: null, corrected: interval(-0.1, 0.148), method: "sign flip",
  p: 0.6, p_raw: 0.6, of: 3, pairs: 251, units: 51, only_base: 0, only_other: 0, state: "undecided", detectable: 0.1245, settles_at: 6561, stated: [], invalid: null, how: "", ...more,
});
const est = (value: number | null, low = 0, high = 1): Estimate => ({
  metric: "m", stat: "mean", labels: {}, params: {}, family: "quality", unit: "ratio", value, absent: null, value_low: null,
  n: { cases: 1, requests: 1, records: 1, clusters: 1, of: 1, values: null }, interval: interval(low, high), interval_none: null, missing: null, standard_error: null, effective_n: null, how: "", valid: true, invalid: null,
});
const svg = (option: Parameters<typeof svgOf>[0]): string => svgOf(option, colors, 600, 300);

describe("bars", () => {
  it("draws an unbounded end to the edge", () => {
    const series = intervalSeries([{ x: 5, y: 1, low: 3, high: null, color: "#123456" }], "x") as { renderItem: (p: unknown, a: unknown) => { children: { shape: { x1: number; x2: number } }[] } };
    const group = series.renderItem({ dataIndex: 0, coordSys: { x: 10, y: 0, width: 200, height: 50 } }, { coord: ([x]: number[]) => [(x ?? 0) * 10, 25] });
    expect(group.children[0]?.shape).toMatchObject({ x1: 30, x2: 210 });
    expect(group.children).toHaveLength(4);
  });
  it("mixes colours that the sheet of styles has", () => {
    expect(mix("#000000", "#ffffff", 0.5)).toBe("#808080");
    expect(mix("red", "#ffffff", 0.5)).toBe("red");
    for (const name of ["paper", "series-1", "series-2"]) expect(css).toMatch(new RegExp(`--${name}: #[0-9a-f]{6};`));
  });
});

describe("differences", () => {
  it("are told in points with a sign, to the digits of the corrected interval", () => {
    const [group] = byUnit([test({})], say);
    expect(group?.scale.symbol).toBe("pp");
    expect(group && differenceText(test({}), group.scale, "en")).toEqual({ value: "+2", interval: "−10 … +15" });
    expect(signed(0, 1, "en")).toBe("0.0");
    expect(signed(-0.31, 1, "en")).toBe("−0.3");
  });
  it("say what would settle them", () => {
    const [group] = byUnit([test({})], say);
    const text = settleText(test({ stated: [{ difference: "2 pp", value: 0.02, pairs: 9420 }] }), group!.scale, "en", say);
    expect(text).toBe("6,561 pairs would settle this difference, if it holds; there are 251. 251 pairs show differences from 12.5\u00a0pp on. 2 pp: 9,420 pairs");
  });
  it("share an axis by unit and keep what has no interval", () => {
    const groups = byUnit([test({}), test({ unit: "s", difference: 0.001, corrected: null, interval: null, invalid: "late" }), test({ state: "better" })], say);
    expect(groups.map((g) => [g.unit, g.tests.length])).toEqual([["ratio", 2], ["s", 1]]);
    const rows = forestRows(groups[1]!, colors, "en");
    expect(rows[0]).toMatchObject({ outer: null, symbol: "cross", right: "not valid" });
    expect(forestRows(groups[0]!, colors, "en")[1]).toMatchObject({ symbol: "triangle", color: "#0000ff", right: "better" });
    expect(tally(groups.flatMap((g) => g.tests))).toEqual({ better: 1, worse: 0, undecided: 1, neither: 0, invalid: 1 });
  });
  it("say where, and what tells the sides apart", () => {
    expect(whereOf(test({}))).toBe("a · p");
    expect(whereOf(test({ labels: { phase: "p" }, base: { run: "1", target: "a" }, other: { run: "2", target: "b" } }))).toBe("p · a → b");
  });
  it("are drawn with their zero", () => {
    const [group] = byUnit([test({}), test({ state: "worse" })], say);
    const text = svg(rowsOption(forestRows(group!, colors, "en"), { name: "pp", format: (v) => String(v * 100), zero: 0, factor: 100 }, colors));
    expect(text).toContain("undecided");
    expect(text).toContain("#ff0000");
    expect(rowsHeight(2)).toBeGreaterThan(rowsHeight(1));
  });
});

describe("distributions", () => {
  const one = (metric: string, target: string): Distribution => ({ labels: { target, phase: "p" }, metric, unit: "s", n: 2, not_completed: 0, values: [0.1, 0.2], shares: [0.5, 1] });
  it("are laid over each other by what they say", () => {
    const found = overlays([one("ttft", "a"), one("e2e", "a")], [one("ttft", "a"), one("ttft", "b")]);
    expect(found.map((o) => [o.metric, o.labels["target"], o.base !== null, o.other !== null])).toEqual([["ttft", "a", true, true]]);
    expect(overlays([one("e2e", "a")], [one("ttft", "b")])).toHaveLength(2);
    const option = ecdfOption(found[0]!, { base: "base", other: "other", value: "ttft", share: "share", format: String }, colors) as { xAxis: { type: string }; series: unknown[] };
    expect(option.xAxis.type).toBe("log");
    expect(ticks({ min: 0.018, max: 0.22 }).map((v) => Number(v.toPrecision(6)))).toEqual([0.02, 0.05, 0.1, 0.2]);
    expect(ticks({ min: 0, max: 1 })).toEqual([]);
    expect(option.series).toHaveLength(2);
  });
});

describe("frontier", () => {
  const point = (target: string, x: number | null, y: number, phase = "p") => ({ run: "1", run_name: "r", labels: { target, phase }, x: est(x), y: est(y, 0.4, 0.6), size: null, on_front: true, certain: target === "a" });
  const frontier: Frontier = { axes: [], x: "x", y: "y", size: null, points: [point("a", 1, 0.5), point("b", null, 0.5), point("c", 2, 0.6)], line: [0, 2], under_load: [], left_out: 0 };
  it("draws only what has both values", () => {
    expect(drawable(frontier.points).map((d) => d.index)).toEqual([0, 2]);
  });
  it("names points by what tells them apart", () => {
    expect(names(frontier.points)).toEqual(["a", "b", "c"]);
    expect(names([point("a", 1, 1), point("a", 1, 1, "q")])).toEqual(["p", "q"]);
  });
  it("marks what is uncertain as hollow and follows the server's line", () => {
    const look = { name: "x", scale: { unit: "ratio", factor: 1, symbol: "" }, format: String };
    const option = frontierOption(frontier, { x: look, y: look, told: String }, colors) as { series: { data: { itemStyle: { color: string } }[] | number[][] }[] };
    expect(option.series[0]?.data).toEqual([[1, 0.5], [2, 0.6]]);
    const dots = option.series[3]?.data as { itemStyle: { color: string } }[];
    expect(dots.map((d) => d.itemStyle.color)).toEqual(["#0072b2", "#ffffff"]);
    expect(svg(option)).toContain("<svg");
  });
  it("sizes points by area", () => {
    expect(pointSize(100, 100) / pointSize(25, 100)).toBeCloseTo(2);
    expect(pointSize(null, 100)).toBe(pointSize(0, 100));
  });
});

describe("leaderboard", () => {
  it("leaves the diagonal and unknown pairs blank", () => {
    const values = [[null, 0.75], [0.25, null]];
    const option = matrixOption(["a", "b"], values, { kind: "share", format: (v) => `${v * 100}`, told: () => "" }, colors) as { series: { data: unknown[] }[] };
    expect(option.series[0]?.data).toEqual([{ value: [1, 0, 0.75] }, { value: [0, 1, 0.25] }]);
    expect(matrixRows(["a", "b"], values)).toEqual([["a", "b", 0.75], ["b", "a", 0.25]]);
    expect(svg(option)).toContain("75");
  });
  it("draws a rating without an interval as a ring", () => {
    const row = { model: "m\u202e", rating: 1000, low: null, high: null, battles: 1, wins: 1, ties: 0, losses: 0 } as RankReport["rows"][number];
    const [made] = ratingRows([row], () => "1000", colors);
    expect(made).toMatchObject({ symbol: "ring", outer: null, label: "m⟨U+202E⟩" });
  });
  it("tells why a group stands apart", () => {
    expect(groupReason({ models: [], unbeaten: true, winless: true })).toBe("board.group_apart");
    expect(groupReason({ models: [], unbeaten: false, winless: true })).toBe("board.group_winless");
  });
});

describe("waterfall", () => {
  const attempt: AttemptView = {
    attempt: 0, class: "complete", finish: "stop", detail: null, parts: [], left_out: 0,
    spans: [{ name: "wait", from_s: 0, to_s: 0.1 }, { name: "stream", from_s: 0.1, to_s: 0.3 }], marks: [{ name: "first_token", at_s: 0.1 }],
    events: [{ kind: "visible", at_s: 0.1, low_s: null, tokens: 1 }, { kind: "visible", at_s: 0.2, low_s: 0.15, tokens: 1 }], events_in_all: 2,
    said: {}, status: 200, headers: [], place: {}, copied_from: null, request_bytes: null, response_bytes: null,
  };
  const words: TimeWords = { axis: "time", arrivals: "arrivals", event: "event", span: (n) => n, kind: (n) => n, time: (s) => `${s * 1000} ms`, tick: String };
  it("has a bar for each span, a stroke for each event and a bar for what is uncertain", () => {
    const text = svg(waterfallOption(attempt, words, colors));
    for (const name of ["wait", "stream", "arrivals"]) expect(text).toContain(name);
    expect(text.match(/fill-opacity="0.35"|opacity="0.35"/g)).toHaveLength(1);
  });
  it("draws arrivals as steps", () => {
    const option = arrivalsOption(attempt, words, colors) as { series: { step?: string; data: { value: number[] }[] }[] };
    expect(option.series[0]?.step).toBe("end");
    expect(option.series[0]?.data.map((d) => d.value)).toEqual([[0.1, 1], [0.2, 2]]);
    expect(svg(option)).toContain("<svg");
  });
});
