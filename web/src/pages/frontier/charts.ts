/** Points with intervals as crosses, the Pareto line, and quality under load. */
import type { Estimate, Frontier, FrontierPoint, LoadPoint } from "../../api/contract";
import { intervalSeries, type Interval } from "../../lib/bars";
import { clean } from "../../lib/clean";
import { axis, type Option } from "../../lib/echarts";
import { seriesColor, type Palette } from "../../lib/palette";
import { place } from "../../lib/axis";
import type { Scale } from "../../lib/number";

/** A point that has both values, with its place in the list. */
export interface Drawable {
  index: number;
  point: FrontierPoint;
  x: number;
  y: number;
}

export function drawable(points: readonly FrontierPoint[]): Drawable[] {
  return points.flatMap((point, index) => {
    const { x, y } = point;
    return typeof x?.value === "number" && typeof y?.value === "number" ? [{ index, point, x: x.value, y: y.value }] : [];
  });
}

/** Names that tell points apart: the target, and of the rest only what differs. */
export function names(points: readonly { run: string; run_name: string; labels: Record<string, string> }[]): string[] {
  const target = points.map((point) => point.labels["target"] ?? place(point.labels));
  if (new Set(target).size === target.length) return target.map((name) => clean(name));
  const runs = new Set(points.map((point) => point.run));
  const keys = [...new Set(points.flatMap((point) => Object.keys(point.labels)))];
  const telling = keys.filter((key) => new Set(points.map((point) => point.labels[key])).size > 1);
  return points.map((point) => {
    const labels = Object.fromEntries(telling.flatMap((key) => (point.labels[key] === undefined ? [] : [[key, point.labels[key]]])));
    return [place(labels), ...(runs.size > 1 ? [clean(`${point.run_name} ${point.run.slice(0, 6)}`)] : [])].join(" · ");
  });
}

interface Colored {
  run: string;
  labels: Record<string, string>;
}

/** One colour for each target; where there is only one, for each run. */
export function hues(points: readonly Colored[]): (point: Colored) => number {
  const targets = [...new Set(points.map(({ labels }) => labels["target"] ?? ""))];
  const runs = [...new Set(points.map(({ run }) => run))];
  return ({ run, labels }) => Math.max(0, targets.length > 1 ? targets.indexOf(labels["target"] ?? "") : runs.indexOf(run));
}

/** What each colour stands for. */
export function keysOf(points: readonly (Colored & { run_name: string })[]): { name: string; hue: number }[] {
  const hue = hues(points);
  const several = new Set(points.map(({ labels }) => labels["target"])).size > 1;
  const name = (point: (typeof points)[number]): string => (several ? point.labels["target"] ?? "" : `${point.run_name} ${point.run.slice(0, 6)}`);
  const found = new Map(points.map((point) => [hue(point), name(point)]));
  return [...found].map(([at, of]) => ({ name: clean(of), hue: at }));
}

const SIZE = { least: 9, most: 30 };

/** Area by value, so that twice the value looks twice as much. */
export function pointSize(value: number | null | undefined, most: number): number {
  if (typeof value !== "number" || !(most > 0)) return SIZE.least;
  return Math.max(SIZE.least, SIZE.most * Math.sqrt(Math.max(0, value) / most));
}

export interface AxisLook {
  name: string;
  scale: Scale;
  format: (value: number) => string;
}

function interval(e: Estimate | null, at: { x: number; y: number }, color: string, factor: number): Interval[] {
  if (!e?.interval) return [];
  const { low, high } = e.interval;
  return [{ ...at, low: typeof low === "number" ? low * factor : null, high: typeof high === "number" ? high * factor : null, color, width: 1.1, cap: 0 }];
}

export function frontierOption(frontier: Frontier, looks: { x: AxisLook; y: AxisLook; told: (index: number) => string }, colors: Palette): Option {
  const points = drawable(frontier.points);
  const labels = names(points.map(({ point }) => point));
  const hue = hues(frontier.points);
  const most = Math.max(0, ...points.map(({ point }) => point.size?.value ?? 0));
  const color = (point: FrontierPoint): string => seriesColor(colors, hue(point));
  const at = (d: Drawable): { x: number; y: number } => ({ x: d.x * looks.x.scale.factor, y: d.y * looks.y.scale.factor });
  const along = (which: "x" | "y"): Option =>
    intervalSeries(points.flatMap((d) => interval(d.point[which], at(d), color(d.point), looks[which].scale.factor)), which);
  return {
    grid: { left: 52, right: 22, top: 14, bottom: 46 },
    tooltip: { trigger: "item" },
    xAxis: valueAxis(looks.x, colors),
    yAxis: valueAxis(looks.y, colors, 38),
    series: [paretoLine(frontier, looks, colors), along("x"), along("y"), dots(points, labels, looks.told, { at, color, most }, colors)],
  };
}

function valueAxis(look: AxisLook, colors: Palette, nameGap = 28): Record<string, unknown> {
  const { factor } = look.scale;
  return axis(colors, { name: look.name, scale: true, nameGap, splitNumber: 4, axisLabel: { formatter: (value: number) => look.format(value / factor) } });
}

interface Place {
  at: (d: Drawable) => { x: number; y: number };
  color: (point: FrontierPoint) => string;
  most: number;
}

function dots(points: readonly Drawable[], labels: readonly string[], told: (index: number) => string, by: Place, colors: Palette): Option {
  return {
    type: "scatter",
    z: 3,
    data: points.map((d, i) => {
      const { x, y } = by.at(d);
      const color = by.color(d.point);
      const item = d.point.certain ? { color, borderColor: colors.paper, borderWidth: 1 } : { color: colors.paper, borderColor: color, borderWidth: 2 };
      return { value: [x, y], symbol: "circle", symbolSize: pointSize(d.point.size?.value, by.most), itemStyle: item, name: labels[i], told: told(d.index), index: d.index };
    }),
    label: { show: true, position: "right", distance: 5, offset: [0, -10], color: colors.ink, fontSize: 12, formatter: (p: { name: string }) => p.name, width: 220, overflow: "truncate" },
    labelLayout: { hideOverlap: true, moveOverlap: "shiftY" },
    tooltip: { formatter: (p: { data: { told: string } }) => p.data.told },
  };
}

function paretoLine(frontier: Frontier, looks: { x: AxisLook; y: AxisLook }, colors: Palette): Option {
  const data = frontier.line.flatMap((index) => {
    const point = frontier.points[index];
    return typeof point?.x?.value === "number" && typeof point.y?.value === "number"
      ? [[point.x.value * looks.x.scale.factor, point.y.value * looks.y.scale.factor]]
      : [];
  });
  // Stairs: between two points nothing better than one of them is known to be reachable.
  const step = frontier.axes.find((axis) => axis.name === frontier.x)?.better === "higher" ? "start" : "end";
  return { type: "line", step, silent: true, z: 0, symbol: "none", lineStyle: { color: colors.muted, width: 1.2, type: "dashed" }, data };
}

/** Places of one target, from the lowest rate to the highest. */
export function loadLines(points: readonly LoadPoint[]): { name: string; target: string; points: LoadPoint[] }[] {
  const groups = new Map<string, LoadPoint[]>();
  for (const point of points) {
    // Points that asked other cases are no trend: only equal numbers of cases are joined.
    const key = JSON.stringify([point.run, point.labels["target"], point.labels["prompt"], point.quality.n.cases]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  const rate = (point: LoadPoint): number => point.rate.value ?? 0;
  const lines = [...groups.values()].map((of) => ({ target: of[0]?.labels["target"] ?? "", points: [...of].sort((a, b) => rate(a) - rate(b)) }));
  const heads = names(lines.map(({ points: [first] }) => ({ run: first?.run ?? "", run_name: first?.run_name ?? "", labels: withoutPhase(first?.labels ?? {}) })));
  return lines.map((line, at) => ({ ...line, name: heads[at] ?? "" }));
}

function withoutPhase(labels: Record<string, string>): Record<string, string> {
  const { phase: _, ...rest } = labels;
  return rest;
}

export function loadOption(points: readonly LoadPoint[], looks: { x: AxisLook; y: AxisLook; told: (point: LoadPoint) => string }, colors: Palette): Option {
  const hue = hues(points);
  const series = loadLines(points).flatMap((line) => {
    const color = seriesColor(colors, line.points[0] ? hue(line.points[0]) : 0);
    const known = line.points.filter((p) => typeof p.rate.value === "number" && typeof p.quality.value === "number");
    const at = (p: LoadPoint): { x: number; y: number } => ({ x: (p.rate.value ?? 0) * looks.x.scale.factor, y: (p.quality.value ?? 0) * looks.y.scale.factor });
    const data = known.map((p) => ({ value: [at(p).x, at(p).y], told: looks.told(p) }));
    return [
      intervalSeries(known.flatMap((p) => interval(p.rate, at(p), color, looks.x.scale.factor)), "x"),
      intervalSeries(known.flatMap((p) => interval(p.quality, at(p), color, looks.y.scale.factor)), "y"),
      { type: "line", name: line.name, z: 2, symbol: "circle", symbolSize: 7, lineStyle: { color, width: 1.6 }, itemStyle: { color }, data, tooltip: { formatter: (p: { data: { told: string } }) => p.data.told } },
    ];
  });
  return { grid: { left: 52, right: 22, top: 14, bottom: 46 }, tooltip: { trigger: "item" }, xAxis: valueAxis(looks.x, colors), yAxis: valueAxis(looks.y, colors, 38), series };
}
