/** What the sections of a run's page share: the answer, and the places that are chosen. */
import type { Labels, RunPage } from "../../api/contract";
import { Estimates, isChosen, keyOf, placeNames, placesOf, type Chosen } from "../../lib/places";

/** Places that a chart can tell apart. */
export const DRAWN = 8;

export interface Shown {
  page: RunPage;
  id: string;
  figures: Estimates;
  /** Every place of the run. */
  all: Labels[];
  /** Those that are chosen. */
  places: Labels[];
  /** Those of them that charts draw. */
  drawn: Labels[];
  chosen: Chosen;
  name: (labels: Labels) => string;
}

export function shownOf(page: RunPage, chosen: Chosen): Shown {
  const all = placesOf(page.report);
  const places = all.filter((place) => isChosen(place, chosen));
  const names = placeNames(all);
  return {
    page,
    id: page.report.run.id,
    figures: new Estimates(page.report.estimates),
    all,
    places,
    drawn: places.slice(0, DRAWN),
    chosen,
    name: (labels) => names.get(keyOf(labels)) ?? Object.values(labels).join(" · "),
  };
}

/** The place's number, which is its colour; the same in every chart. */
export function colorOf(shown: Shown, labels: Labels): number {
  const key = keyOf(labels);
  return shown.drawn.findIndex((place) => keyOf(place) === key);
}

/** The part of a list that belongs to places that are drawn, in their order. */
export function drawnOf<T extends { labels: Labels }>(shown: Shown, list: readonly T[]): T[] {
  return list.filter((one) => colorOf(shown, one.labels) >= 0).sort((a, b) => colorOf(shown, a.labels) - colorOf(shown, b.labels));
}
