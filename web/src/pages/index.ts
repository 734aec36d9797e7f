/** Which page stands at which address. A word that begins with `:` becomes a parameter. */
import type { Component } from "svelte";
import type { Key } from "../lib/i18n.svelte";
import Annotate from "./annotate/Annotate.svelte";
import Case from "./case/Case.svelte";
import Cases from "./cases/Cases.svelte";
import Compare from "./compare/Compare.svelte";
import Frontier from "./frontier/Frontier.svelte";
import Leaderboard from "./leaderboard/Leaderboard.svelte";
import Vote from "./vote/Vote.svelte";
import Run from "./run/Run.svelte";
import Runs from "./runs/Runs.svelte";

export type Params = Record<string, string>;

export interface Page {
  match: string;
  component: Component<{ params: Params }> | Component<Record<string, never>>;
  /** Whether a report in one file has it too. */
  inFile: boolean;
}

export const PAGES: readonly Page[] = [
  { match: "runs", component: Runs, inFile: false },
  { match: "run/:run", component: Run, inFile: true },
  { match: "run/:run/cases", component: Cases, inFile: true },
  { match: "run/:run/case/:key", component: Case, inFile: true },
  { match: "run/:run/annotate", component: Annotate, inFile: false },
  { match: "compare", component: Compare, inFile: false },
  { match: "frontier", component: Frontier, inFile: true },
  { match: "leaderboard", component: Leaderboard, inFile: false },
  { match: "vote", component: Vote, inFile: false },
];

/** What the header leads to. */
export const NAV: readonly { path: string; key: Key }[] = [
  { path: "runs", key: "shell.runs" },
  { path: "compare", key: "shell.compare" },
  { path: "frontier", key: "shell.frontier" },
  { path: "leaderboard", key: "shell.leaderboard" },
  { path: "vote", key: "shell.vote" },
];

/** The parameters of a path, if it is that of the page. */
export function paramsOf(match: string, path: readonly string[]): Params | null {
  const words = match.split("/");
  if (words.length !== path.length) return null;
  const params: Params = {};
  for (const [at, word] of words.entries()) {
    const given = path[at] ?? "";
    if (word.startsWith(":")) params[word.slice(1)] = given;
    else if (word !== given) return null;
  }
  return params;
}
