/** Every word of the page in Korean. */
import type { en } from "./en";
import { parts } from "./ko/parts";
import { run } from "./ko/run";
import { runs } from "./ko/runs";
import { shell } from "./ko/shell";

export const ko: Record<keyof typeof en, string> = { ...shell, ...parts, ...runs, ...run };
