/** Answers from the data that stands in an HTML report: the same questions, without a server. */
import type { About, CasePage, CaseRow, Inlined } from "./contract";

export type Answers = (path: readonly string[], query: Record<string, string>) => unknown;

/** The data of this page, if it is a report in one file. */
export function inlinedData(): Inlined | null {
  if (typeof document === "undefined") return null;
  const text = document.getElementById("acidtest-data")?.textContent ?? "";
  return text.trim() === "" ? null : (JSON.parse(text) as Inlined);
}

/** What the file answers; undefined where it does not hold the answer. */
export function answersOf(data: Inlined): Answers {
  const run = data.page.report.run.id;
  return (path, query) => {
    const [first, second, third, fourth] = path;
    if (first === "about" && path.length === 1) return about(data);
    if (first === "frontier" && path.length === 1) return data.frontier ?? undefined;
    if (first !== "runs" || second !== run) return undefined;
    if (path.length === 2) return data.page;
    if (third === "cases" && path.length === 3) return casesOf(data, query);
    if (third === "requests" && fourth !== undefined && Object.hasOwn(data.views, fourth)) return data.views[fourth];
    return undefined;
  };
}

function about(data: Inlined): About {
  return { acidtest: data.page.report.run.acidtest, started: "", store: "", may_write: false };
}

type Test = (row: CaseRow) => boolean;

/** The rows of the file by the filters, order and page that the server knows. */
export function casesOf(data: Inlined, query: Record<string, string>): CasePage {
  const tests = [...words(query), ...classes(data, query), ...ranges(query)];
  const rows = data.cases.rows.filter((row) => tests.every((test) => test(row)));
  order(rows, query["sort"] ?? "slot", query["order"] === "desc" ? -1 : 1);
  const from = Number(query["from"] ?? 0) || 0;
  const limit = Number(query["limit"] ?? 100) || 100;
  return { ...data.cases, total: rows.length, rows: rows.slice(from, from + limit) };
}

function words(query: Record<string, string>): Test[] {
  const wanted = (query["q"] ?? "").toLowerCase();
  if (wanted === "") return [];
  return [(row) => [row.case, row.input, row.output].some((text) => text?.toLowerCase().includes(wanted))];
}

function classes(data: Inlined, query: Record<string, string>): Test[] {
  const tests: Test[] = [];
  for (const name of ["target", "phase", "prompt"]) {
    const wanted = query[name];
    if (wanted) tests.push((row) => row.labels[name] === wanted);
  }
  const { delivery, judgement, tag } = query;
  if (delivery) tests.push((row) => row.delivery === delivery || row.delivery.startsWith(`${delivery}:`));
  if (judgement) tests.push((row) => row.judgement === judgement);
  if (tag) tests.push((row) => hasTag(data, row, tag));
  return tests;
}

function hasTag(data: Inlined, row: CaseRow, tag: string): boolean {
  const cut = tag.indexOf(":");
  const tags = data.views[`${row.slot}.${row.step}`]?.case?.tags ?? {};
  return cut > 0 && tags[tag.slice(0, cut)] === tag.slice(cut + 1);
}

function ranges(query: Record<string, string>): Test[] {
  const of: Record<string, (row: CaseRow) => number | null> = {
    ttft: (row) => row.ttft_s,
    e2e: (row) => row.e2e_s,
    score: (row) => row.scores[query["score"] ?? ""] ?? null,
  };
  const tests: Test[] = [];
  for (const [name, value] of Object.entries(of)) {
    const [low, high] = [query[`${name}_min`], query[`${name}_max`]];
    if (low) tests.push((row) => (value(row) ?? -Infinity) >= Number(low));
    if (high) tests.push((row) => (value(row) ?? Infinity) <= Number(high));
  }
  return tests;
}

function order(rows: CaseRow[], by: string, sign: 1 | -1): void {
  const value = (row: CaseRow): number | string | null => {
    if (by.startsWith("score:")) return row.scores[by.slice(6)] ?? null;
    if (by === "case") return row.case;
    if (by === "ttft") return row.ttft_s;
    if (by === "e2e") return row.e2e_s;
    return by === "output_tokens" ? row.output_tokens : row.slot;
  };
  rows.sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const less = left < right ? -1 : Number(left > right);
    return sign * less || a.slot - b.slot || a.step - b.step;
  });
}
