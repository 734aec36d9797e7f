import { describe, expect, it } from "vitest";
import type { CaseRow, Inlined } from "./contract";
import { answersOf, casesOf } from "./inlined";

const row = (slot: number, more: Partial<CaseRow>): CaseRow => ({
  slot, step: 0, attempts: 1, case: `case-${slot}`, repeat: 0, labels: { target: "a" }, delivery: "complete", judgement: "correct",
  scores: {}, ttft_s: slot / 10, e2e_s: null, input_tokens: null, output_tokens: null, started_s: null, input: "Who?", output: "A king", ...more,
});

const data = {
  page: { report: { run: { id: "ab", acidtest: "0.1.0" } } },
  cases: {
    total: 3, of: 9, partial: null, facets: {},
    rows: [row(1, {}), row(2, { delivery: "failed: 429", judgement: "none", output: null, ttft_s: null }), row(3, { labels: { target: "b" }, judgement: "wrong" })],
  },
  views: { "3.0": { case: { tags: { lang: "ko" } }, requests: [] } },
  frontier: null,
  left_out: [],
} as unknown as Inlined;

const slots = (query: Record<string, string>): number[] => casesOf(data, query).rows.map((r) => r.slot);

describe("a report in one file", () => {
  it("answers for its own run and nothing else", () => {
    const answer = answersOf(data);
    expect(answer(["runs", "ab"], {})).toBe(data.page);
    expect(answer(["runs", "ab", "requests", "3.0"], {})).toBe(data.views["3.0"]);
    for (const path of [["runs"], ["runs", "cd"], ["runs", "ab", "requests", "4.0"], ["runs", "ab", "requests", "constructor"], ["frontier"]]) {
      expect(answer(path, {}), path.join("/")).toBeUndefined();
    }
  });
  it("filters as the server does", () => {
    expect(slots({})).toEqual([1, 2, 3]);
    expect(slots({ q: "KING" })).toEqual([1, 3]);
    expect(slots({ delivery: "failed" })).toEqual([2]);
    expect(slots({ judgement: "wrong", target: "b" })).toEqual([3]);
    expect(slots({ tag: "lang:ko" })).toEqual([3]);
    expect(slots({ ttft_min: "0.2" })).toEqual([3]);
  });
  it("orders and cuts, with what has no value last", () => {
    expect(slots({ sort: "ttft", order: "desc" })).toEqual([3, 1, 2]);
    expect(slots({ sort: "ttft", order: "asc" })).toEqual([1, 3, 2]);
    expect(casesOf(data, { from: "1", limit: "1" })).toMatchObject({ total: 3, of: 9, rows: [{ slot: 2 }] });
  });
});
