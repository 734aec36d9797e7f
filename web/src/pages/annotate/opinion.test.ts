import { describe, expect, it } from "vitest";
import { choices, labelsOf, nextOpen, opinionName, opinionOf, scoreOf } from "./opinion";

const known = [{ name: "tone", kind: "label" as const, labels: ["friendly", "rude"] }];

describe("opinion", () => {
  it("takes kind and labels of a name that is in use", () => {
    expect(opinionOf({ name: "tone", kind: "score" }, known)).toEqual({ name: "tone", kind: "label", labels: ["friendly", "rude"] });
  });
  it("takes those of the address for a new name", () => {
    expect(opinionOf({ name: "style", kind: "label", labels: "a, b ,a" }, known)).toEqual({ name: "style", kind: "label", labels: ["a", "b"] });
    expect(opinionOf({ name: "style", kind: "label", labels: "a" }, known)).toBeNull();
    expect(opinionOf({ name: "right", kind: "nonsense" }, known)?.kind).toBe("yes_no");
    expect(opinionOf({ name: "<b>" }, known)).toBeNull();
  });
  it("has a key for each value", () => {
    expect(choices({ name: "x", kind: "yes_no", labels: [] }).map((c) => [c.key, c.value])).toEqual([["1", true], ["2", false]]);
    expect(choices({ name: "x", kind: "label", labels: ["a", "b"] }).map((c) => c.key)).toEqual(["1", "2"]);
    expect(choices({ name: "x", kind: "score", labels: [] })).toEqual([]);
  });
  it("reads names, labels and scores", () => {
    expect(opinionName("  말투_1 ")).toBe("말투_1");
    expect(opinionName("two words")).toBeNull();
    expect(labelsOf("1,2,3,4,5,6,7,8,9,10")).toBeNull();
    expect(scoreOf("0,5")).toBe(0.5);
    for (const bad of ["1.1", "-0.1", "half", ""]) expect(scoreOf(bad)).toBeNull();
  });
  it("finds the next open one", () => {
    const items = [{ value: null }, { value: true }, { value: null }];
    expect(nextOpen(items, 100, 100)).toBe(102);
    expect(nextOpen(items, 100, 102)).toBeNull();
    expect(nextOpen(items, 100, -1)).toBe(100);
  });
});
