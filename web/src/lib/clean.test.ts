import { describe, expect, it } from "vitest";
import { clean, cleanText, shorten } from "./clean";

describe("clean", () => {
  it("shows what terminals would obey", () => {
    expect(clean("\u001b[31mred\u0007")).toBe("␛[31mred␇");
    expect(clean("a\u0000b\u007fc\u009bd")).toBe("a␀b␡c⟨U+009B⟩d");
  });
  it("shows what would turn the order of characters", () => {
    expect(clean("safe\u202Etxt.exe")).toBe("safe⟨U+202E⟩txt.exe");
    expect(clean("\u2066x\u2069\u200f")).toBe("⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩");
  });
  it("shows what cannot be seen, and halves of pairs", () => {
    expect(clean("a\u200bb\ufeff\u{e0041}")).toBe("a⟨U+200B⟩b⟨U+FEFF⟩⟨U+E0041⟩");
    expect(clean("a\ud800b")).toBe("a\ufffdb");
  });
  it("leaves words, emoji and joiners alone", () => {
    for (const text of ["한국어", "naïve", "👩‍👩‍👧", "مرحبا", "<script>alert(1)</script>"]) expect(clean(text)).toBe(text);
  });
  it("keeps lines only where there may be lines", () => {
    expect(cleanText("a\r\nb\tc\rd")).toBe("a\nb\tc␍d");
    expect(clean("a\nb\tc")).toBe("a␊b␉c");
  });
});

describe("shorten", () => {
  it("never cuts a character in two", () => {
    expect(shorten("한국어 문장", 4)).toBe("한국어…");
    expect(shorten("👍👍👍", 2)).toBe("👍…");
    expect(shorten("abc", 3)).toBe("abc");
  });
});
