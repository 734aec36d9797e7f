import { describe, expect, it } from "vitest";
import { match, nearest, MOST_CHARACTERS, type Piece } from "./match";

const show = (pieces: Piece[]): string => pieces.map((p) => (p.shared ? `[${p.text}]` : p.text)).join("");

describe("match", () => {
  it("marks a reference that the answer contains, in any case of letters", () => {
    const made = match("It is Gilded bronze.", "gilded");
    expect(show(made.answer)).toBe("It is [Gilded] bronze.");
    expect(show(made.reference)).toBe("[gilded]");
  });
  it("finds Korean before particles", () => {
    expect(show(match("이 탑은 대리석으로 만들었습니다.", "대리석").answer)).toBe("이 탑은 [대리석]으로 만들었습니다.");
  });
  it("marks common words in order and what is missing stays plain", () => {
    const made = match("the pagoda is of white marble", "made of marble");
    expect(show(made.answer)).toBe("the pagoda is [of] white [marble]");
    expect(show(made.reference)).toBe("made [of] [marble]");
  });
  it("takes single syllables for chance", () => {
    expect(show(match("가나다라", "마바다사").answer)).toBe("가나다라");
    expect(show(match("고려 시대 말기", "고려 말").answer)).toBe("[고려] 시대 말기");
  });
  it("loses no character", () => {
    for (const [a, b] of [["a <b> & c\n", "b c"], ["", "x"], ["  ", "  "], ["😀 ok", "ok 😀"]] as const) {
      const made = match(a, b);
      expect(made.answer.map((p) => p.text).join("")).toBe(a);
      expect(made.reference.map((p) => p.text).join("")).toBe(b);
    }
  });
  it("leaves very long texts unmarked", () => {
    const long = "word ".repeat(MOST_CHARACTERS);
    expect(match(long, "word").answer).toEqual([{ text: long, shared: false }]);
  });
});

describe("nearest", () => {
  it("is the reference that the answer contains", () => {
    expect(nearest("gilt bronze", ["gilded", "Gilt"])).toBe(1);
    expect(nearest("clay", ["gilded", "gilt"])).toBe(0);
  });
});
