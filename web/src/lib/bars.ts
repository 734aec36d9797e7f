/** Intervals as bars on a chart. An end that is not bounded runs to the edge and ends in an arrow. */
import type { Option } from "./echarts";

export interface Interval {
  x: number;
  y: number;
  low: number | null;
  high: number | null;
  color: string;
  width?: number;
  dashed?: boolean;
  /** Half the length of the strokes across its ends, in pixels. */
  cap?: number;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Api {
  coord(point: number[]): number[];
}

/** A series of intervals along an axis. */
export function intervalSeries(intervals: readonly Interval[], along: "x" | "y", more: Option = {}): Option {
  const own = along === "x" ? 0 : 1;
  return {
    type: "custom",
    silent: true,
    clip: true,
    z: 1,
    dimensions: ["x", "y", "low", "high"],
    encode: along === "x" ? { x: [0, 2, 3], y: 1 } : { x: 0, y: [1, 2, 3] },
    data: intervals.map((one) => [one.x, one.y, one.low ?? (own === 0 ? one.x : one.y), one.high ?? (own === 0 ? one.x : one.y)]),
    renderItem: (params: { dataIndex: number; coordSys: Box }, api: Api) => {
      const one = intervals[params.dataIndex];
      return one ? drawn(one, along, params.coordSys, api) : null;
    },
    ...more,
  };
}

function drawn(one: Interval, along: "x" | "y", box: Box, api: Api): object {
  const pixel = (value: number): number => api.coord(along === "x" ? [value, one.y] : [one.x, value])[along === "x" ? 0 : 1] ?? 0;
  const across = api.coord([one.x, one.y])[along === "x" ? 1 : 0] ?? 0;
  const edges = along === "x" ? [box.x, box.x + box.width] : [box.y + box.height, box.y];
  const from = one.low === null ? (edges[0] ?? 0) : pixel(one.low);
  const to = one.high === null ? (edges[1] ?? 0) : pixel(one.high);
  const style = { stroke: one.color, fill: null, lineWidth: one.width ?? 1.4, lineDash: one.dashed ? [3, 3] : null };
  const line = (a: number, b: number, c: number, d: number): object => ({
    type: "line",
    shape: along === "x" ? { x1: a, y1: b, x2: c, y2: d } : { x1: b, y1: a, x2: d, y2: c },
    style: b === d ? style : { ...style, lineDash: null },
  });
  const children = [line(from, across, to, across)];
  const forward = Math.sign(to - from) || 1;
  for (const [end, open, sign] of [[from, one.low === null, 1], [to, one.high === null, -1]] as const) {
    const cap = one.cap ?? 3;
    if (open && cap > 0) {
      children.push(line(end, across, end + sign * forward * 6, across - 4), line(end, across, end + sign * forward * 6, across + 4));
    } else if (!open && cap > 0) {
      children.push(line(end, across - cap, end, across + cap));
    }
  }
  return { type: "group", children };
}

/** A colour between two of the palette's (`#rrggbb`). */
export function mix(first: string, second: string, share: number): string {
  const parts = [first, second].map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  if (parts.flat().some(Number.isNaN)) return first;
  const [a, b] = parts as [number[], number[]];
  return `#${a.map((value, at) => Math.round(value + ((b[at] ?? 0) - value) * share).toString(16).padStart(2, "0")).join("")}`;
}
