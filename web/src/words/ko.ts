/** Every word of the page in Korean. */
import type { en } from "./en";
import { cases } from "./ko/cases";
import { oneCase } from "./ko/case";
import { compare } from "./ko/compare";
import { frontier } from "./ko/frontier";
import { leaderboard } from "./ko/leaderboard";
import { vote } from "./ko/vote";
import { annotate } from "./ko/annotate";
import { parts } from "./ko/parts";
import { run } from "./ko/run";
import { runs } from "./ko/runs";
import { shell } from "./ko/shell";

export const ko: Record<keyof typeof en, string> = { ...shell, ...parts, ...runs, ...run, ...cases, ...oneCase, ...compare, ...frontier, ...leaderboard, ...vote, ...annotate };
