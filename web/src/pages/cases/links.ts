/** Addresses of cases: the list goes along, so that one can step through what was found. */
import { href, type Query } from "../../lib/router.svelte";
import { asked } from "./filters";

export const keyOf = (row: { slot: number; step: number }): string => `${row.slot}.${row.step}`;

/** One case; `at` is its position in the filtered list, where it is known. */
export function caseHref(run: string, key: string, query: Query = {}, at: number | null = null): string {
  return href(["run", run, "case", key], { ...asked(query), at });
}

/** The list again, at the page that holds the position. */
export function listHref(run: string, query: Query, at: number | null, page: number): string {
  const from = at === null ? 0 : Math.floor(at / page) * page;
  return href(["run", run, "cases"], { ...asked(query), from: from > 0 ? from : null });
}
