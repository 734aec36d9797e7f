/** What is wrong with a run, the gravest first: gates, failures, wrong answers, validity, warnings. */
import type { Labels, Report } from "../../api/contract";
import type { Key, Say, Vars } from "../../lib/i18n.svelte";
import type { QueryPatch } from "../../lib/router.svelte";

export interface Trouble {
  kind: "broken" | "undecided" | "invalid";
  /** Words of ours with values, or a sentence of the findings. */
  say: { key: Key; vars: Vars } | { sentence: string };
  labels: Labels | null;
  /** The section that tells more, or the cases that show it. */
  to: { section: string } | { cases: QueryPatch };
}

/** Classes that are no fault of the target or of the answer. */
const GOOD = new Set(["complete", "correct", "none", "xfail", "client_cancel"]);

export function troubles(report: Report): Trouble[] {
  return [...stopped(report), ...gates(report, "broken"), ...counts(report), ...gates(report, "undecided"), ...times(report), ...warnings(report)];
}

function stopped(report: Report): Trouble[] {
  const why = report.run.stopped;
  return why ? [{ kind: "broken", say: { sentence: why }, labels: null, to: { section: "about" } }] : [];
}

function gates(report: Report, state: "broken" | "undecided"): Trouble[] {
  return report.gates
    .filter((gate) => gate.state === state)
    .map((gate) => ({
      kind: state,
      say: { key: state === "broken" ? "run.wrong.broken" : "run.wrong.undecided", vars: { gate: gate.gate } },
      labels: gate.labels,
      to: { section: "gates" },
    }));
}

/** Places of which a class is told one by one. */
const MOST_PLACES = 3;

/** The most frequent class of failed, of never sent and of badly judged requests, place by place. */
function counts(report: Report): Trouble[] {
  const found: Trouble[] = [];
  const asked: [string, Key][] = [["errors", "run.wrong.failed"], ["not_sent", "run.wrong.not_sent"], ["delivery", "run.wrong.delivery"], ["judgement", "run.wrong.judged"]];
  for (const [name, key] of asked) {
    const rows = report.tables
      .filter((table) => table.name === name)
      .flatMap((table) => table.rows.filter((row) => bad(name, row.class)).map((row) => ({ row, table })));
    rows.sort((a, b) => b.row.count - a.row.count);
    const worst = rows[0]?.row.class;
    for (const { row, table } of rows.filter((one) => one.row.class === worst && one.row.count > 0).slice(0, MOST_PLACES)) {
      const place = Object.fromEntries(["target", "phase", "prompt"].flatMap((label) => (table.labels[label] ? [[label, table.labels[label]]] : [])));
      found.push({
        kind: "broken",
        say: { key, vars: { class: row.class, n: row.count, of: table.of } },
        labels: table.labels,
        to: { cases: { ...place, ...filterOf(name, row.class) } },
      });
    }
  }
  return found;
}

/** Errors and requests never sent have tables of their own; delivery tells the other classes. */
function bad(table: string, id: string): boolean {
  return !GOOD.has(id) && !(table === "delivery" && (id === "failed" || id === "not_sent"));
}

function filterOf(table: string, id: string): QueryPatch {
  if (table === "errors") return { delivery: `failed: ${id}` };
  if (table === "not_sent") return { delivery: `not_sent: ${id}` };
  return table === "judgement" ? { judgement: id } : { delivery: id };
}

function times(report: Report): Trouble[] {
  return report.validity.families
    .filter((family) => !family.valid)
    .map((family) => ({
      kind: "invalid" as const,
      say: { key: `run.wrong.${family.family === "waiting" || family.family === "rhythm" ? family.family : "load"}` as Key, vars: {} },
      labels: family.labels,
      to: { section: "validity" },
    }));
}

function warnings(report: Report): Trouble[] {
  return report.warnings.map((warning) => ({ kind: "undecided", say: { sentence: warning }, labels: null, to: { section: "warnings" } }));
}

/** Troubles that say the same of several places are told once. */
export interface Told {
  trouble: Trouble;
  places: Labels[];
}

export function together(list: readonly Trouble[]): Told[] {
  const told = new Map<string, Told>();
  for (const trouble of list) {
    const { say } = trouble;
    const key = "sentence" in say ? say.sentence : `${say.key}${JSON.stringify(say.vars)}`;
    const known = told.get(key);
    if (known) known.places.push(...(trouble.labels ? [trouble.labels] : []));
    else told.set(key, { trouble, places: trouble.labels ? [trouble.labels] : [] });
  }
  return [...told.values()];
}

export function wordsOf(trouble: Trouble, say: Say, said: (english: string) => string, word: (group: string, id: string) => string): string {
  if ("sentence" in trouble.say) return said(trouble.say.sentence);
  const { key, vars } = trouble.say;
  const named = vars["class"];
  return say(key, typeof named === "string" ? { ...vars, class: word("class", named) } : vars);
}

/** Where the failing requests are listed: those that failed, and answers that are wrong. */
export function failingLinks(report: Report): { key: Key; query: QueryPatch }[] {
  const has = (name: string, ids: string[]): boolean =>
    report.tables.some((table) => table.name === name && table.rows.some((row) => ids.includes(row.class) && row.count > 0));
  const links: { key: Key; query: QueryPatch }[] = [];
  if (has("judgement", ["wrong"])) links.push({ key: "run.next.wrong", query: { judgement: "wrong" } });
  if (has("delivery", ["failed"])) links.push({ key: "run.next.failed", query: { delivery: "failed" } });
  return links;
}
