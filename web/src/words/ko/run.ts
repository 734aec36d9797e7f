import type { run as en } from "../en/run";

export const run: Record<keyof typeof en, string> = {};
