/** What several charts of the page draw alike. */
import type { Curves } from "../api/contract";
import { clean } from "./clean";
import { axis } from "./echarts";
import type { Palette } from "./palette";

type Item = Record<string, unknown>;

/** What ECharts gives to a `renderItem`. */
interface DrawApi {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
}

/** Phases as faint bands with their names, behind a chart over time. */
export function bands(spans: Curves["spans"], colors: Palette, named: boolean): Item {
  const seen = new Map<string, { from: number; to: number }>();
  for (const { labels, from_s, to_s } of spans) {
    const name = clean(labels["phase"] ?? "");
    const known = seen.get(name);
    seen.set(name, { from: Math.min(known?.from ?? from_s, from_s), to: Math.max(known?.to ?? to_s, to_s) });
  }
  // One phase alone is the whole axis: there is nothing to tell apart.
  const data = (seen.size < 2 ? [] : [...seen]).map(([name, { from, to }], at) => [
    {
      xAxis: from,
      itemStyle: { color: at % 2 === 0 ? colors.faint : "transparent" },
      label: { show: named, formatter: name.replace(/[{}|]/g, " "), position: "insideTopLeft", color: colors.muted, fontSize: 11 },
    },
    { xAxis: to },
  ]);
  return { type: "line", data: [], silent: true, markArea: { silent: true, data } };
}

/** The time axis that all charts of a run share: from its first clock's zero to the end of what is drawn. */
export function timeAxis(colors: Palette, ends: readonly (number | undefined)[], more: Item = {}): Item {
  const end = Math.max(0, ...ends.map((one) => one ?? 0));
  return axis(colors, {
    min: 0,
    max: end > 0 ? end : undefined,
    splitLine: { show: false },
    ...more,
    // The end is where it is, and no round number.
    axisLabel: { formatter: (at: number) => `${+at.toFixed(3)} s`, showMaxLabel: false, ...(more["axisLabel"] as Item | undefined) },
  });
}

/** Rectangles [from, to, low, high], such as stacked counts over time. */
export function rectangles(data: readonly (readonly number[])[], color: string, more: Item): Item {
  return {
    type: "custom",
    data,
    encode: { x: [0, 1], y: [2, 3] },
    itemStyle: { color },
    renderItem: (_: unknown, draw: DrawApi) => {
      const [left, top] = draw.coord([draw.value(0), draw.value(3)]);
      const [right, bottom] = draw.coord([draw.value(1), draw.value(2)]);
      const gap = right - left > 3 ? 1 : 0;
      return {
        type: "rect",
        shape: { x: left, y: top, width: Math.max(0.5, right - left - gap), height: bottom - top },
        style: { fill: color },
      };
    },
    ...more,
  };
}

/** Intervals [low, high, value, row] as a line with a mark; `shift` moves them off the row's middle. */
export function intervals(data: readonly (readonly number[])[], color: string, shift: number, more: Item): Item {
  return {
    type: "custom",
    data,
    encode: { x: [0, 1, 2], y: 3 },
    itemStyle: { color },
    renderItem: (_: unknown, draw: DrawApi) => {
      const row = draw.value(3);
      const [low, high, value] = [0, 1, 2].map((at) => draw.coord([draw.value(at), row])) as [number, number][];
      if (!low || !high || !value) return undefined;
      const y = value[1] + shift;
      return {
        type: "group",
        children: [
          { type: "line", shape: { x1: low[0], x2: high[0], y1: y, y2: y }, style: { stroke: color, lineWidth: 2, opacity: 0.55 } },
          { type: "circle", shape: { cx: value[0], cy: y, r: 3.6 }, style: { fill: color } },
        ],
      };
    },
    ...more,
  };
}

/** A cross, for what failed. */
export const CROSS = "path://M1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 L0,1 Z";

/**
 * A log axis for times in ms with ticks at round times: the axis holds logarithms, so that it may begin
 * and end anywhere.
 */
export interface LogAxis {
  to: (ms: number) => number;
  from: (at: number) => number;
  options: Record<string, unknown>;
}

export function logAxis(values: Iterable<number>): LogAxis {
  let [least, most] = [Infinity, 0];
  for (const value of values) {
    if (!(value > 0)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (most === 0) [least, most] = [1, 10];
  const [low, high] = [Math.log10(least / 1.15), Math.log10(most * 1.15)];
  const ticks = ticksBetween(low, high);
  return {
    to: (ms) => Math.log10(Math.max(ms, least)),
    from: (at) => 10 ** at,
    options: {
      type: "value",
      min: low,
      max: high,
      axisTick: { show: false, customValues: ticks },
      axisLabel: { customValues: ticks, formatter: (at: number) => msLabel(10 ** at) },
    },
  };
}

const STEPS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];

/** The coarsest ticks that are at least four, else evenly spaced ones: a narrow range is nearly linear. */
function ticksBetween(low: number, high: number): number[] {
  for (const steps of STEPS) {
    const ticks = ticksAt(low, high, steps);
    if (ticks.length >= 4) return ticks;
  }
  const [from, to] = [10 ** low, 10 ** high];
  const rough = (to - from) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(Math.log10(at));
  return ticks;
}

function ticksAt(low: number, high: number, steps: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of steps) {
      const at = power + Math.log10(step);
      if (at >= low && at <= high) ticks.push(at);
    }
  }
  return ticks;
}

/** A time on an axis in ms, whatever its size. */
export function msLabel(ms: number): string {
  if (ms >= 1000) return `${+(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 || ms === 0 ? `${+ms.toPrecision(3)} ms` : `${+(ms * 1000).toPrecision(3)} µs`;
}
