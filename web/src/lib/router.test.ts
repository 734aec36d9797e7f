import { describe, expect, it } from "vitest";
import { href, parse } from "./router.svelte";

describe("the address", () => {
  it("says path and query", () => {
    expect(parse("#/run/ab12/cases?q=a%20b&tag=lang%3Ako")).toEqual({
      path: ["run", "ab12", "cases"],
      query: { q: "a b", tag: "lang:ko" },
    });
    expect(parse("")).toEqual({ path: [], query: {} });
    expect(parse("#/run/%E0%A4%A")).toEqual({ path: ["run", "%E0%A4%A"], query: {} });
  });
  it("comes back as it was", () => {
    const path = ["run", "a/b?c#d", "한"];
    const query = { q: "x&y=z", empty: "", none: null, n: 3 };
    expect(parse(href(path, query))).toEqual({ path, query: { q: "x&y=z", n: "3" } });
  });
});
