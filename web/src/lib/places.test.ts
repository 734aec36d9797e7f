import { describe, expect, it } from "vitest";
import type { Estimate, Labels, Report } from "../api/contract";
import { Estimates, isChosen, keyOf, placeNames, placesOf, qualityNames, tagKeys, tagOf } from "./places";

const e = (metric: string, stat: string, labels: Labels, value: number | null = 1, params: Labels = {}): Estimate => ({
  metric, stat, labels, params, value, family: "quality", unit: "ratio", how: "", valid: true,
  n: { cases: 1, requests: 1, records: 1, clusters: 1, of: 1, values: null },
  absent: null, value_low: null, interval: null, interval_none: null, missing: null, standard_error: null, effective_n: null, invalid: null,
});
const A = { target: "a", phase: "one" };
const B = { target: "b", phase: "one" };
const estimates = [
  e("accuracy", "share", A), e("accuracy", "share", { ...A, lang: "ko" }, 0.5), e("accuracy", "share", B),
  e("rate", "rate", { ...A, window: "whole" }, 3), e("rate", "rate", { ...A, window: "steady" }, 2),
  e("rate", "rate", { ...B, window: "steady" }, null), e("rate", "rate", { ...B, window: "whole" }, 4),
  e("delivery", "share", A, 1, { class: "complete" }), e("bad_answer_rate", "share", A), e("contains", "mean", A),
];
const report = { estimates } as unknown as Report;

describe("places", () => {
  it("are told apart from slices by tag", () => {
    expect(placesOf(report)).toEqual([A, B]);
    expect(tagKeys(report)).toEqual(["lang"]);
    expect(tagOf({ ...A, window: "steady" })).toBeNull();
  });
  it("are named by what differs", () => {
    expect([...placeNames([A, B]).values()]).toEqual(["a", "b"]);
    expect(placeNames([A]).get(keyOf(A))).toBe("a · one");
  });
  it("are chosen by some of their labels", () => {
    expect([A, B].filter((p) => isChosen(p, { target: "b" }))).toEqual([B]);
    expect(isChosen(A, { prompt: "p" })).toBe(true);
  });
});

describe("estimates", () => {
  const all = new Estimates(estimates);
  it("are those of the place, not of a slice", () => {
    expect(all.at("accuracy.share", A)?.value).toBe(1);
    expect(all.at("accuracy.share", A, { lang: "ko" })?.value).toBe(0.5);
    expect(all.at("nothing.mean", A)).toBeNull();
  });
  it("are of the steady window, else of the whole", () => {
    expect(all.at("rate.rate", A)?.value).toBe(2);
    expect(all.at("rate.rate", B)?.value).toBe(4);
  });
  it("of quality begin with accuracy, then scorers", () => {
    expect(qualityNames(report)).toEqual(["accuracy.share", "rate.rate", "contains.mean", "bad_answer_rate.share"]);
  });
});
