/**
 * A chart of one interval a row: its words stand above it, so that it fits any width.
 *
 * Forest plots and ratings are drawn so.
 */
import { intervalSeries, type Interval } from "./bars";
import { PRECISION, axis, type Option } from "./echarts";
import type { Palette } from "./palette";

export interface Row {
  /** Above the interval, from the left. */
  label: string;
  /** Above the interval, at the right. */
  right: string;
  /** Null where there is no number. */
  value: number | null;
  /** The interval that counts: null where there is none; a null end is unbounded. */
  outer: { low: number | null; high: number | null } | null;
  /** A second one, drawn thick. */
  inner: { low: number | null; high: number | null } | null;
  color: string;
  symbol: "diamond" | "circle" | "triangle" | "down" | "ring" | "cross";
  /** Colour of the words at the right; that of the interval by default. */
  rightColor?: string;
  /** What is told on hovering. */
  told: string;
}

export interface RowsLook {
  name: string;
  format: (value: number) => string;
  /** A line that stands for "no difference". */
  zero: number | null;
  factor: number;
}

export const ROW_HEIGHT = 46;
export const rowsHeight = (n: number): number => 48 + n * ROW_HEIGHT;

const SYMBOLS: Record<Row["symbol"], { symbol: string; rotate: number }> = {
  diamond: { symbol: "diamond", rotate: 0 },
  circle: { symbol: "circle", rotate: 0 },
  triangle: { symbol: "triangle", rotate: 0 },
  down: { symbol: "triangle", rotate: 180 },
  ring: { symbol: "circle", rotate: 0 },
  cross: { symbol: "path://M-1,-0.75 L-0.75,-1 L0,-0.25 L0.75,-1 L1,-0.75 L0.25,0 L1,0.75 L0.75,1 L0,0.25 L-0.75,1 L-1,0.75 L-0.25,0 Z", rotate: 0 },
};

export function rowsOption(rows: readonly Row[], look: RowsLook, colors: Palette): Option {
  const { factor } = look;
  const scaled = (end: number | null): number | null => (end === null ? null : end * factor);
  const bars = (which: "outer" | "inner", width: number, cap: number): Interval[] =>
    rows.flatMap((row, y) => {
      const ends = row[which];
      if (!ends || row.value === null) return [];
      return [{ x: row.value * factor, y, low: scaled(ends.low), high: scaled(ends.high), color: row.color, width, cap }];
    });
  return {
    grid: { left: 4, right: 12, top: 8, bottom: 40, containLabel: false },
    tooltip: { trigger: "item" },
    xAxis: axis(colors, {
      name: look.name,
      scale: look.zero === null,
      splitNumber: 4,
      splitLine: { show: false },
      axisLine: { show: true, onZero: false, lineStyle: { color: colors.rule } },
      axisLabel: { formatter: (value: number) => look.format(value / factor), alignMinLabel: "left", alignMaxLabel: "right" },
    }),
    yAxis: { type: "value", inverse: true, show: false, splitLine: { show: false }, min: -0.55, max: rows.length - 0.45 },
    series: [
      texts(rows, colors),
      intervalSeries(bars("outer", 1.3, 4), "x"),
      intervalSeries(bars("inner", 4, 0), "x"),
      points(rows, look, colors),
    ],
  };
}

function points(rows: readonly Row[], look: RowsLook, colors: Palette): Option {
  return {
    type: "scatter",
    z: 3,
    data: rows.flatMap((row, y) => {
      if (row.value === null) return [];
      const item = { color: row.symbol === "ring" ? colors.paper : row.color, borderColor: row.symbol === "ring" ? row.color : colors.paper, borderWidth: row.symbol === "ring" ? 1.6 : 1 };
      const size = row.symbol === "cross" ? 8 : 10;
      return [{ value: [row.value * look.factor, y], ...symbolOf(row), symbolSize: size, itemStyle: item, told: row.told }];
    }),
    tooltip: { formatter: (point: { data: { told: string } }) => point.data.told },
    markLine:
      look.zero === null
        ? undefined
        : {
            precision: PRECISION,
            silent: true,
            symbol: "none",
            animation: false,
            label: { show: false },
            lineStyle: { color: colors.muted, type: "solid", width: 1 },
            data: [{ xAxis: look.zero * look.factor }],
          },
  };
}

const symbolOf = (row: Row): { symbol: string; symbolRotate: number } => {
  const { symbol, rotate } = SYMBOLS[row.symbol];
  return { symbol, symbolRotate: rotate };
};

interface Place {
  dataIndex: number;
  coordSys: { x: number; y: number; width: number; height: number };
}

function texts(rows: readonly Row[], colors: Palette): Option {
  return {
    type: "custom",
    silent: true,
    z: 2,
    encode: { x: -1, y: 1 },
    data: rows.map((_, y) => [0, y]),
    renderItem: (params: Place, api: { coord(point: number[]): number[] }) => {
      const row = rows[params.dataIndex];
      if (!row) return null;
      const y = (api.coord([0, params.dataIndex])[1] ?? 0) - 10;
      const { x, width } = params.coordSys;
      const style = { fontSize: 12.5, fontFamily: colors.font, verticalAlign: "bottom", stroke: colors.paper, lineWidth: 3 };
      const right = { ...style, text: row.right, x: x + width, y, fill: row.rightColor ?? row.color, align: "right" };
      const left = { ...style, text: row.label, x, y, fill: colors.ink, overflow: "truncate", ellipsis: "…", width: Math.max(80, width - 8 * row.right.length - 20) };
      return { type: "group", children: [{ type: "text", style: left }, { type: "text", style: right }] };
    },
  };
}
