import { expect, it } from "vitest";
import type { RunLine } from "../../api/contract";
import { filtersOf, fits } from "./filter";

const run = (gates: [number, number, number] | null, more: Partial<RunLine> = {}): RunLine => ({
  id: "ab12", name: "docent", state: "done", created: "", ended: null, workload: "", imported: false,
  targets: [{ name: "museum", model: "m-1", address: "http://x" }], phases: [{ name: "closed 8", load: "closed", asked: 8 }],
  cases: 1, requests: 1, records: 1, delivered: 1, failed: 0, not_sent: 0,
  glance: gates && { places: [], places_in_all: 0, gates: { met: gates[0], broken: gates[1], undecided: gates[2] }, invalid: null, warnings: 0 },
  ...more,
});
const ok = (line: RunLine, query: Record<string, string>): boolean => fits(line, filtersOf(query));

it("searches name, id, target and load by every word", () => {
  expect(ok(run(null), { q: "DOCENT m-1" })).toBe(true);
  expect(ok(run(null), { q: "docent other" })).toBe(false);
});

it("knows what gates say, and that none were", () => {
  expect(ok(run([2, 0, 0]), { gates: "met" })).toBe(true);
  expect(ok(run([2, 0, 1]), { gates: "met" })).toBe(false);
  expect(ok(run([2, 1, 0]), { gates: "broken" })).toBe(true);
  expect(ok(run([0, 0, 0]), { gates: "none" })).toBe(true);
  expect(ok(run(null), { gates: "none" })).toBe(false);
});

it("takes state, target and validity", () => {
  expect(ok(run([1, 0, 0]), { state: "running" })).toBe(false);
  expect(ok(run([1, 0, 0]), { target: "museum", times: "valid" })).toBe(true);
  expect(ok(run([1, 0, 0]), { times: "invalid" })).toBe(false);
});
