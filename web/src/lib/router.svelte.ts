/** The address after `#`: which page, and what it is filtered by. Every view has one. */

import { takeTokenFromAddress } from "../api/token";

export type Query = Record<string, string>;
export type QueryPatch = Record<string, string | number | boolean | null | undefined>;

export interface Route {
  path: string[];
  query: Query;
}

/** Path and query of a hash such as `#/run/ab12/cases?q=x`. */
export function parse(hash: string): Route {
  const text = hash.replace(/^#\/?/, "");
  const cut = text.indexOf("?");
  const words = (cut < 0 ? text : text.slice(0, cut)).split("/").filter((word) => word !== "");
  const query: Query = {};
  if (cut >= 0) for (const [key, value] of new URLSearchParams(text.slice(cut + 1))) query[key] = value;
  return { path: words.map(decoded), query };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** The hash of a path and a query; what is null, undefined or empty is left out. */
export function href(path: readonly (string | number)[], query: QueryPatch = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `#/${path.map((word) => encodeURIComponent(String(word))).join("/")}${text === "" ? "" : `?${text}`}`;
}

const inPage = typeof window !== "undefined";
takeTokenFromAddress();
export const route: Route = $state(parse(inPage ? window.location.hash : ""));

/** Whether the next heading that appears should take the focus: after a move, not at the start. */
let headingWaits = false;

function take(hash: string): void {
  const next = parse(hash);
  if (next.path.join("/") !== route.path.join("/")) {
    headingWaits = true;
    if (inPage) window.scrollTo(0, 0);
  }
  route.path = next.path;
  route.query = next.query;
}

if (inPage) {
  window.addEventListener("hashchange", () => {
    takeTokenFromAddress();
    take(window.location.hash);
  });
}

/** Goes to another view; the browser's back button returns. */
export function go(path: readonly (string | number)[], query: QueryPatch = {}): void {
  const next = href(path, query);
  if (next === window.location.hash) return;
  window.location.hash = next;
}

/** Changes the query of this view in place, so that its address stays true. */
export function setQuery(patch: QueryPatch): void {
  const next = href(route.path, { ...route.query, ...patch });
  if (next === window.location.hash) return;
  try {
    window.history.replaceState(null, "", next);
    take(next);
  } catch {
    window.location.replace(next);
  }
}

/** True once after each move to another page. */
export function headingMayTakeFocus(): boolean {
  const waits = headingWaits;
  headingWaits = false;
  return waits;
}
