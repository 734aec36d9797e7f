/** What several charts of the page draw alike. */
import type { Curves } from "../api/contract";
import { clean } from "./clean";
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
  const data = [...seen].map(([name, { from, to }], at) => [
    {
      xAxis: from,
      itemStyle: { color: at % 2 === 0 ? colors.faint : "transparent" },
      label: { show: named, formatter: name.replace(/[{}|]/g, " "), position: "insideTopLeft", color: colors.muted, fontSize: 11 },
    },
    { xAxis: to },
  ]);
  return { type: "line", data: [], silent: true, markArea: { silent: true, data } };
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

/** A time on an axis in ms, whatever its size. */
export function msLabel(ms: number): string {
  if (ms >= 1000) return `${+(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 || ms === 0 ? `${+ms.toPrecision(3)} ms` : `${+(ms * 1000).toPrecision(3)} µs`;
}
