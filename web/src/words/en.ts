/** Every word of the page in English, by page; `ko.ts` has the same keys. */
import { parts } from "./en/parts";
import { run } from "./en/run";
import { runs } from "./en/runs";
import { shell } from "./en/shell";

export const en = { ...shell, ...parts, ...runs, ...run };
