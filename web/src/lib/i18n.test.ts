import { describe, expect, it } from "vitest";
import { en } from "../words/en";
import { ko } from "../words/ko";
import { fill } from "./i18n.svelte";

const names = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map((found) => found[1] ?? ""))].sort();

describe("words", () => {
  it("are the same keys in both languages", () => {
    expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort());
  });
  it("name no value in Korean that English does not give", () => {
    for (const [key, text] of Object.entries(ko)) {
      const given = names(en[key as keyof typeof en]);
      for (const name of names(text)) expect(given, key).toContain(name);
    }
  });
});

describe("fill", () => {
  it("puts numbers in as the language writes them, and the word that fits", () => {
    expect(fill("{n} {n:case|cases}", { n: 1 }, "en")).toBe("1 case");
    expect(fill("{n} {n:case|cases}", { n: 12345 }, "en")).toBe("12,345 cases");
    expect(fill("{what}: {n:|many}", { what: "<b>", n: 2 }, "en")).toBe("<b>: many");
  });
  it("never looks into a value", () => {
    expect(fill("{a}", { a: "{b}", b: "x" }, "en")).toBe("{b}");
  });
});
