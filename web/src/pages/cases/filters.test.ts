import { describe, expect, it } from "vitest";
import { asked, cleared, isFiltered, numberOf, secondsOf, secondsText, wholeNumber } from "./filters";

describe("filters", () => {
  it("asks for what is known and not empty", () => {
    expect(asked({ q: "탑", lang: "ko", sort: "ttft", delivery: "", from: "100" })).toEqual({ q: "탑", sort: "ttft" });
  });
  it("knows a filter from an order", () => {
    expect(isFiltered({ sort: "ttft", order: "desc" })).toBe(false);
    expect(isFiltered({ ttft_min: "0.2" })).toBe(true);
    expect(cleared()).toMatchObject({ q: null, tag: null, from: null });
    expect(cleared()).not.toHaveProperty("sort");
  });
  it("reads times", () => {
    expect(secondsOf("200 ms")).toBeCloseTo(0.2);
    expect(secondsOf("1,5s")).toBe(1.5);
    expect(secondsOf("2")).toBe(2);
    expect(secondsOf(" ")).toBeUndefined();
    for (const bad of ["soon", "-1 s", "1 min", "1e9999"]) expect(secondsOf(bad)).toBeNull();
  });
  it("writes them back", () => {
    expect(secondsText("0.2")).toBe("200 ms");
    expect(secondsText("1.5")).toBe("1.5 s");
    expect(secondsText("x")).toBe("");
    expect(secondsText(undefined)).toBe("");
  });
  it("reads numbers", () => {
    expect(numberOf("0,5")).toBe(0.5);
    expect(numberOf("-1e-3")).toBe(-0.001);
    expect(numberOf("")).toBeUndefined();
    expect(numberOf("half")).toBeNull();
    expect(wholeNumber("-3", 0)).toBe(0);
    expect(wholeNumber("300", 0)).toBe(300);
  });
});
