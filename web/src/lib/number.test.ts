import { describe, expect, it } from "vitest";
import type { Estimate, Interval } from "../api/contract";
import { en } from "../words/en";
import { fill, type Say } from "./i18n.svelte";
import { amount, columnOf, decimalsOfWidth, duration, fixed, intervalWords, scaleOf, written } from "./number";

const say: Say = (key, vars = {}) => fill(en[key], vars, "en");

const interval = (low: number | null, high: number | null, sides = "two"): Interval => ({
  low, high, level: 0.95, sides, method: "t", unit_of_sampling: "case",
});

function estimate(value: number | null, unit: string, i: Interval | null = null): Estimate {
  return {
    metric: "m", stat: "mean", labels: {}, params: {}, family: "quality", unit, value, absent: value === null ? "no answers" : null,
    n: { cases: 165, requests: 165, records: 165, clusters: 165, of: 165, values: null }, interval: i, how: "", valid: true,
    value_low: null, interval_none: null, missing: null, standard_error: null, effective_n: null, invalid: null,
  };
}

describe("digits", () => {
  it("fit the interval: two of its half width", () => {
    expect(decimalsOfWidth(0.041)).toBe(3);
    expect(decimalsOfWidth(4.1)).toBe(1);
    expect(decimalsOfWidth(10)).toBe(0);
    expect(decimalsOfWidth(250)).toBe(0);
    expect(decimalsOfWidth(0)).toBe(0);
  });
  it("cut at the point, so that columns align", () => {
    const percent = scaleOf("ratio", [0.82], say);
    expect(written(0.8213, interval(0.78, 0.862), percent, "en")).toEqual({ whole: "82", fraction: ".1" });
    expect(written(1234.5, interval(1200, 1270), scaleOf("tok/s", [1234.5], say), "en")).toEqual({ whole: "1,235", fraction: "" });
  });
  it("stop at four of the value, however narrow the interval", () => {
    expect(written(0.00500032, interval(0.00500031, 0.00500033), scaleOf("s", [0.005], say), "en")).toEqual({ whole: "5", fraction: ".000" });
  });
  it("write minus as minus, and never minus zero", () => {
    expect(fixed(-0.04, 1, "en")).toBe("0.0");
    expect(fixed(-1.25, 2, "en")).toBe("\u22121.25");
  });
});

describe("units", () => {
  it("choose ms below a second, and one unit for a column", () => {
    expect(amount(0.1203, "s", "en", say)).toBe("120\u00a0ms");
    expect(amount(1.5, "s", "en", say)).toBe("1.50\u00a0s");
    const column = columnOf([estimate(0.9, "s", interval(0.8, 1.1)), estimate(1.2, "s", interval(1, 1.4))], "en", say);
    expect(column.scale.symbol).toBe("s");
    expect([column.low, column.high]).toEqual([0, 1.4]);
  });
  it("know ratios, bytes, currencies and counts", () => {
    expect(amount(0.0119, "ratio", "en", say)).toBe("1.19\u00a0%");
    expect(amount(3 * 1024 ** 3, "bytes", "en", say)).toBe("3.00\u00a0GiB");
    expect(amount(0.00042, "USD", "en", say)).toBe("0.000420\u00a0USD");
    expect(amount(12345, "tokens", "en", say)).toBe("12,345\u00a0tokens");
    expect(amount(null, "s", "en", say)).toBe("–");
  });
  it("draw ratios to 100 % unless they are small", () => {
    expect(columnOf([estimate(0.82, "ratio", interval(0.7, 0.9))], "en", say).high).toBe(1);
    expect(columnOf([estimate(0.01, "ratio", interval(0, 0.03))], "en", say).high).toBe(0.03);
  });
});

describe("words for those who hear", () => {
  it("tell value, interval and n", () => {
    expect(intervalWords(estimate(0.82, "points", interval(0.78, 0.86)), "en", say)).toBe(
      "0.820\u00a0points, 95\u00a0% between 0.780 and 0.860\u00a0points, 165 cases",
    );
  });
  it("tell one side, and what is not there", () => {
    expect(intervalWords(estimate(0, "ratio", interval(null, 0.0119, "upper")), "en", say)).toContain("95\u00a0% at most 1.2\u00a0%");
    expect(intervalWords(estimate(null, "s"), "en", say)).toBe("not observed: no answers");
  });
  it("tell durations", () => {
    expect(duration(3.26, say)).toBe("3.3 s");
    expect(duration(200, say)).toBe("3 min 20 s");
    expect(duration(7500, say)).toBe("2 h 5 min");
  });
});
