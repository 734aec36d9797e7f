import { describe, expect, it } from "vitest";
import { choiceOf, failed, mayChoose, maySendAgain, pendingOf, pseudonym } from "./ballot";

describe("ballot", () => {
  it("knows its keys", () => {
    expect(["ArrowLeft", "a", "b", "ArrowRight", "ArrowDown", "t", "x", "q", "Enter"].map(choiceOf)).toEqual([
      "left", "left", "right", "right", "tie", "tie", "both_bad", null, null,
    ]);
  });
  it("keeps the vote when nobody knows whether it arrived", () => {
    const lost = failed("tie", { error: "the server did not answer", hint: null, status: 0 });
    expect(lost).toMatchObject({ phase: "unknown", choice: "tie" });
    expect(maySendAgain(lost)).toBe(true);
    expect(mayChoose(lost)).toBe(false);
    expect(failed("left", { error: "x", hint: null, status: 503 }).phase).toBe("unknown");
    expect(failed("left", { error: "x", hint: null, status: 401 }).phase).toBe("refused");
  });
  it("takes up a vote from before a reload, and nothing else", () => {
    const vote = { ticket: "t1", voter: "mina", choice: "left" };
    expect(pendingOf(JSON.stringify(vote))).toEqual(vote);
    for (const bad of [null, "", "{", "[]", '{"ticket":"t"}', '{"ticket":"t","voter":"v","choice":"me"}']) expect(pendingOf(bad)).toBeNull();
  });
  it("accepts names of people", () => {
    expect(pseudonym("  미나   K ")).toBe("미나 K");
    expect(pseudonym(" ")).toBeNull();
    expect(pseudonym("a\u202eb")).toBeNull();
    expect(pseudonym("x".repeat(41))).toBeNull();
  });
});
