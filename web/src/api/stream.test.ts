import { expect, it } from "vitest";
import { EventReader } from "./stream";

const TEXT = ': hello\n\nevent: change\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\n:\n\ndata:x\n\n';
const EVENTS = ['{"a":1}', "one\ntwo", "x"];

it("reads events whatever the pieces are", () => {
  for (let size = 1; size <= TEXT.length; size += 1) {
    const reader = new EventReader();
    const events: string[] = [];
    for (let at = 0; at < TEXT.length; at += size) events.push(...reader.push(TEXT.slice(at, at + size)));
    expect(events, `pieces of ${size}`).toEqual(EVENTS);
  }
});

it("does not keep what never ends", () => {
  const reader = new EventReader();
  expect(() => reader.push(`data: ${"x".repeat(5_000_000)}`)).toThrow("too long");
});
