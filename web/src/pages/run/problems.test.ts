import { describe, expect, it } from "vitest";
import type { Report } from "../../api/contract";
import { together, troubles } from "./problems";

const labels = { target: "a", phase: "one" };
const family = (name: string, valid: boolean, phase = "one") => ({ labels: { ...labels, phase }, family: name, valid, limit_s: 0, stamps: "kernel", checks: [] });
const table = (name: string, rows: [string, number][]) => ({
  name, labels, unit: "requests", of: 100, rows: rows.map(([id, count]) => ({ class: id, words: id, count })),
});

function report(more: Partial<Report>): Report {
  return { run: { stopped: null }, gates: [], tables: [], warnings: [], validity: { valid: true, same_machine: false, families: [] }, ...more } as unknown as Report;
}

describe("what is wrong", () => {
  it("is nothing where all is well", () => {
    expect(troubles(report({ tables: [table("delivery", [["complete", 100]]), table("judgement", [["correct", 100]]), table("errors", [])] }))).toEqual([]);
  });
  it("begins with broken gates, then the most frequent failure with its cases", () => {
    const found = troubles(report({
      gates: [{ gate: "ttft.p95 <= 1s", state: "undecided", labels }, { gate: "error_rate <= 1 %", state: "broken", labels }] as unknown as Report["gates"],
      tables: [table("errors", [["5xx", 2], ["429", 7]]), table("delivery", [["complete", 90], ["failed", 9], ["truncated", 1]]), table("judgement", [["correct", 80], ["wrong", 10]])],
      warnings: ["look out"],
    }));
    expect(found.map((trouble) => trouble.to)).toEqual([
      { section: "gates" },
      { cases: { ...labels, delivery: "failed: 429" } },
      { cases: { ...labels, delivery: "truncated" } },
      { cases: { ...labels, judgement: "wrong" } },
      { section: "gates" },
      { section: "warnings" },
    ]);
  });
  it("is told once for several places", () => {
    const families = [family("rhythm", false), family("rhythm", false, "two"), family("waiting", true)];
    const told = together(troubles(report({ validity: { valid: false, same_machine: false, families } as unknown as Report["validity"] })));
    expect(told).toHaveLength(1);
    expect(told[0]?.places.map((place) => place["phase"])).toEqual(["one", "two"]);
  });
});
