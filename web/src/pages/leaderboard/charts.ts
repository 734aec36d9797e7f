/** Ratings with their intervals, and tables of pairs as colours. */
import type { RankReport } from "../../api/contract";
import { mix } from "../../lib/bars";
import { clean, shorten } from "../../lib/clean";
import type { Option } from "../../lib/echarts";
import type { Palette } from "../../lib/palette";
import type { Row } from "../../lib/rows";

type RankRow = RankReport["rows"][number];

/** Ratings as rows of intervals. */
export function ratingRows(rows: readonly RankRow[], write: (row: RankRow) => string, colors: Palette): Row[] {
  return rows
    .filter((row) => typeof row.rating === "number")
    .map((row) => {
      const has = typeof row.low === "number" || typeof row.high === "number";
      return {
        label: clean(row.model),
        right: write(row),
        value: row.rating ?? null,
        outer: has ? { low: row.low ?? null, high: row.high ?? null } : null,
        inner: null,
        color: colors.accent,
        rightColor: colors.muted,
        symbol: has ? "circle" : "ring",
        told: `${clean(row.model)}\n${write(row)}`,
      } satisfies Row;
    });
}

export interface MatrixLook {
  /** Two ends and a middle (shares), or from nothing to much (counts). */
  kind: "share" | "count";
  format: (value: number) => string;
  told: (row: string, column: string, value: string) => string;
}

/** Names are numbered in the columns: the row tells which number is whose. */
export const MOST_LABELLED = 14;

export const matrixHeight = (n: number): number => 40 + Math.min(30, Math.max(22, 460 / Math.max(1, n))) * n;

export function matrixOption(order: readonly string[], values: readonly (readonly (number | null)[])[], look: MatrixLook, colors: Palette): Option {
  const cells = values.flatMap((row, y) => row.flatMap((value, x) => (value === null || x === y ? [] : [{ value: [x, y, value] }])));
  const most = look.kind === "share" ? 1 : Math.max(1, ...cells.map((cell) => cell.value[2] ?? 0));
  const axisOf = { type: "category", axisLine: { show: false }, axisTick: { show: false }, splitArea: { show: false } };
  const label = { color: colors.muted, fontSize: 11.5, interval: 0 };
  return {
    grid: { left: 132, right: 4, top: 26, bottom: 4 },
    tooltip: { trigger: "item" },
    xAxis: { ...axisOf, position: "top", data: order.map((_, at) => String(at + 1)), axisLabel: label },
    yAxis: {
      ...axisOf,
      inverse: true,
      data: order.map((name, at) => `${at + 1}  ${shorten(clean(name), 60)}`),
      axisLabel: { ...label, color: colors.ink, width: 124, overflow: "truncate", align: "left", margin: 128 },
    },
    visualMap: { show: false, type: "continuous", min: 0, max: most, dimension: 2, inRange: { color: ramp(look.kind, colors) } },
    series: [
      {
        type: "heatmap",
        data: cells,
        itemStyle: { borderColor: colors.paper, borderWidth: 2 },
        label: { show: order.length <= MOST_LABELLED, color: colors.ink, fontSize: 11.5, formatter: (cell: { value: number[] }) => look.format(cell.value[2] ?? 0) },
        emphasis: { itemStyle: { borderColor: colors.ink, borderWidth: 1 } },
        tooltip: {
          formatter: ({ value: [x = 0, y = 0, value = 0] }: { value: number[] }) => look.told(clean(order[y] ?? ""), clean(order[x] ?? ""), look.format(value)),
        },
      },
    ],
  };
}

/** Pale enough for the ink on it; blue and orange are told apart by everybody. */
function ramp(kind: MatrixLook["kind"], colors: Palette): string[] {
  const [blue = colors.accent, orange = colors.broken] = colors.series;
  if (kind === "count") return [colors.paper, mix(colors.paper, blue, 0.45)];
  return [mix(colors.paper, orange, 0.5), colors.faint, mix(colors.paper, blue, 0.5)];
}

/** A matrix as rows of a table: row, column, value. */
export function matrixRows(order: readonly string[], values: readonly (readonly (number | null)[])[]): (string | number | null)[][] {
  return values.flatMap((row, y) => row.flatMap((value, x) => (x === y ? [] : [[order[y] ?? "", order[x] ?? "", value]])));
}

/** What keeps a group apart. */
export function groupReason(group: RankReport["groups"][number]): "board.group_apart" | "board.group_unbeaten" | "board.group_winless" | "board.group_mixed" {
  if (group.unbeaten && group.winless) return "board.group_apart";
  if (group.unbeaten) return "board.group_unbeaten";
  return group.winless ? "board.group_winless" : "board.group_mixed";
}
