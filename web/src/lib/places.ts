/** Finding one's way in the estimates of a report: places, slices, metrics. Nothing is computed. */
import type { Estimate, Labels, Report } from "../api/contract";

/** Labels that say where something was measured. */
export const PLACE = ["target", "phase", "prompt"] as const;
/** Labels that are neither a place nor a tag of cases. */
const OTHER = new Set<string>([...PLACE, "window", "source"]);

export type Chosen = Partial<Record<(typeof PLACE)[number], string>>;

export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export function keyOf(labels: Labels): string {
  return Object.keys(labels).sort().map((key) => `${key}=${labels[key]}`).join("\u0001");
}

/** The part of some labels that says the place. */
export function placeOf(labels: Labels): Labels {
  return Object.fromEntries(PLACE.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])));
}

/** The tag that narrows an estimate to a slice of cases, if one does. */
export function tagOf(labels: Labels): { key: string; value: string } | null {
  const key = Object.keys(labels).find((label) => !OTHER.has(label));
  return key === undefined ? null : { key, value: labels[key] ?? "" };
}

/** Places of a report in its own order. */
export function placesOf(report: Report): Labels[] {
  const seen = new Map<string, Labels>();
  for (const { labels } of report.estimates) {
    if (labels["target"] === undefined && labels["phase"] === undefined) continue;
    if (Object.keys(labels).every((key) => OTHER.has(key))) {
      const place = placeOf(labels);
      seen.set(keyOf(place), place);
    }
  }
  return [...seen.values()];
}

/** Keys of tags by which a report has slices. */
export function tagKeys(report: Report): string[] {
  return [...new Set(report.estimates.flatMap(({ labels }) => tagOf(labels)?.key ?? []))];
}

export function isChosen(labels: Labels, chosen: Chosen): boolean {
  return PLACE.every((key) => chosen[key] === undefined || labels[key] === undefined || labels[key] === chosen[key]);
}

/** What tells places apart in words: values that all of them share are left out. */
export function placeNames(places: readonly Labels[]): Map<string, string> {
  const differ = PLACE.filter((key) => new Set(places.map((place) => place[key])).size > 1);
  const keys = differ.length > 0 ? differ : PLACE.filter((key) => places.some((place) => place[key] !== undefined));
  return new Map(places.map((place) => [keyOf(place), keys.flatMap((key) => place[key] ?? []).join(" · ")]));
}

/** Estimates by metric and statistic, found at once. */
export class Estimates {
  private readonly byName = new Map<string, Estimate[]>();

  constructor(all: readonly Estimate[]) {
    for (const e of all) {
      const name = `${e.metric}.${e.stat}`;
      const list = this.byName.get(name);
      if (list) list.push(e);
      else this.byName.set(name, [e]);
    }
  }

  /** All of one metric and statistic. */
  all(name: string): Estimate[] {
    return this.byName.get(name) ?? [];
  }

  /** The one of a place: of the steady window where there are windows, of the whole where that has none. */
  at(name: string, place: Labels, more: Labels = {}): Estimate | null {
    const list = this.all(name).filter((e) => Object.keys(e.params).length === 0);
    const exact = list.find((e) => sameLabels(e.labels, { ...place, ...more }));
    if (exact) return exact;
    const windows = ["steady", "whole"].map((window) => list.find((e) => sameLabels(e.labels, { ...place, ...more, window })));
    return windows.find((e) => typeof e?.value === "number") ?? windows.find((e) => e) ?? null;
  }
}

/** A headline: which number, and what stands in for it. */
export interface Headline {
  name: string;
  of: string[];
}

/** The numbers by which a run is told; scorers come before them. */
export const HEADLINES: readonly Headline[] = [
  { name: "ttft.p50", of: ["ttft.p50"] },
  { name: "ttft.p95", of: ["ttft.p95"] },
  { name: "tpot.p50", of: ["tpot.p50"] },
  { name: "e2e.p50", of: ["e2e.p50"] },
  { name: "requests_per_s.rate", of: ["requests_per_s.rate"] },
  { name: "tokens_per_s.rate", of: ["tokens_per_s.rate"] },
  { name: "error_rate.share", of: ["error_rate.share"] },
  { name: "cost.total", of: ["cost.total"] },
];

/** Numbers about the answers, one for each metric without parameters: accuracy first. */
export function qualityNames(report: Report): string[] {
  const rest = ["bad_answer_rate", "generalization_gap", "over_refusal", "refusal_due"];
  const names = new Set<string>();
  for (const e of report.estimates) {
    if (e.family === "quality" && Object.keys(e.params).length === 0 && typeof e.value === "number") names.add(`${e.metric}.${e.stat}`);
  }
  const rank = (name: string): number => {
    const metric = name.slice(0, name.lastIndexOf("."));
    if (metric === "accuracy") return 0;
    return rest.includes(metric) ? 2 : 1;
  };
  return [...names].sort((a, b) => rank(a) - rank(b));
}
