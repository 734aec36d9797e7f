import { describe, expect, it } from "vitest";
import { logAxis, msLabel } from "./drawing";

const labels = (values: number[]): string[] => {
  const axis = logAxis(values);
  const { customValues } = axis.options["axisLabel"] as { customValues: number[] };
  return customValues.map((at) => msLabel(axis.from(at)));
};

describe("a log axis", () => {
  it("has round ticks for wide and for narrow ranges", () => {
    expect(labels([0.001, 10_000])).toEqual(["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
    expect(labels([12, 180])).toEqual(["20 ms", "50 ms", "100 ms", "200 ms"]);
    expect(labels([4.9, 5.1])).toEqual(["4.5 ms", "5 ms", "5.5 ms"]);
  });
  it("knows no zero, and stands without values", () => {
    const axis = logAxis([0, 5, 50]);
    expect(axis.to(0)).toBe(Math.log10(5));
    expect(axis.from(axis.to(20))).toBeCloseTo(20);
    expect(labels([]).length).toBeGreaterThan(2);
  });
});
