/** Distributions of two runs, one over the other. */
import type { Distribution } from "../../api/contract";
import { axis, type Option } from "../../lib/echarts";
import type { Palette } from "../../lib/palette";

export interface Overlay {
  metric: string;
  unit: string;
  labels: Distribution["labels"];
  base: Distribution | null;
  other: Distribution | null;
}

/** Pairs the distributions that say the same of both runs; where no pair is whole, those of one side. */
export function overlays(base: readonly Distribution[], other: readonly Distribution[]): Overlay[] {
  const found = new Map<string, Overlay>();
  const key = (d: Distribution): string => JSON.stringify([d.metric, d.unit, Object.entries(d.labels).sort()]);
  const at = (d: Distribution): Overlay => {
    const known = found.get(key(d)) ?? { metric: d.metric, unit: d.unit, labels: d.labels, base: null, other: null };
    found.set(key(d), known);
    return known;
  };
  for (const d of base) at(d).base = d;
  for (const d of other) at(d).other = d;
  const all = [...found.values()];
  const whole = all.filter((overlay) => overlay.base && overlay.other);
  return whole.length > 0 ? whole : all;
}

export interface EcdfWords {
  base: string;
  other: string;
  value: string;
  share: string;
  format: (value: number) => string;
}

export function ecdfOption(overlay: Overlay, words: EcdfWords, colors: Palette): Option {
  const sides = [
    { name: words.base, of: overlay.base, color: colors.muted, type: "solid" as const },
    { name: words.other, of: overlay.other, color: colors.accent, type: "solid" as const },
  ];
  const positive = sides.every(({ of }) => !of || (of.values[0] ?? 1) > 0);
  const ends = extent(overlay);
  return {
    grid: { left: 44, right: 14, top: 10, bottom: 44 },
    tooltip: { trigger: "item" },
    xAxis: axis(colors, {
      type: positive ? "log" : "value",
      name: words.value,
      ...ends,
      ...(positive ? { axisTick: { show: false, customValues: ticks(ends) }, splitLine: { show: false } } : {}),
      axisLabel: { formatter: words.format, ...(positive ? { customValues: ticks(ends) } : {}) },
    }),
    yAxis: axis(colors, { min: 0, max: 1, interval: 0.25, axisLabel: { formatter: (share: number) => `${Math.round(share * 100)} %` } }),
    series: sides.flatMap(({ name, of, color, type }) => {
      if (!of) return [];
      const data = of.values.map((value, at) => [value, of.shares[at] ?? 0]);
      const formatter = (point: { value: number[] }): string =>
        `${name}\n${words.format(point.value[0] ?? 0)}: ${((point.value[1] ?? 0) * 100).toFixed(1)} %`;
      return [{ type: "line", name, step: "end", symbol: "circle", symbolSize: 3, showSymbol: false, triggerLineEvent: true, lineStyle: { color, width: 1.8, type }, itemStyle: { color }, data, tooltip: { formatter } }];
    }),
  };
}

/** Round values on a logarithmic axis: 1, 2, 5 of each power of ten within its ends. */
export function ticks({ min, max }: { min?: number; max?: number }): number[] {
  if (min === undefined || max === undefined || !(min > 0)) return [];
  const powers = Array.from({ length: Math.ceil(Math.log10(max / min)) + 2 }, (_, at) => 10 ** (Math.floor(Math.log10(min)) + at));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((value) => value >= min && value <= max);
}

function extent(overlay: Overlay): { min?: number; max?: number } {
  const all = [overlay.base, overlay.other].flatMap((d) => (d ? [d.values[0], d.values.at(-1)] : [])).filter((v): v is number => typeof v === "number");
  return all.length === 0 ? {} : { min: Math.min(...all), max: Math.max(...all) };
}
