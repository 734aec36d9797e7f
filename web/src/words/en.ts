/** Every word of the page in English, by page; `ko.ts` has the same keys. */
import { cases } from "./en/cases";
import { oneCase } from "./en/case";
import { compare } from "./en/compare";
import { frontier } from "./en/frontier";
import { leaderboard } from "./en/leaderboard";
import { vote } from "./en/vote";
import { annotate } from "./en/annotate";
import { parts } from "./en/parts";
import { run } from "./en/run";
import { runs } from "./en/runs";
import { shell } from "./en/shell";

export const en = { ...shell, ...parts, ...runs, ...run, ...cases, ...oneCase, ...compare, ...frontier, ...leaderboard, ...vote, ...annotate };
