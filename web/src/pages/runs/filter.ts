/** Which runs fit the filters in the address. */
import type { RunLine } from "../../api/contract";

export interface Filters {
  q: string;
  state: string;
  gates: string;
  times: string;
  target: string;
}

export function filtersOf(query: Record<string, string>): Filters {
  const word = (name: string): string => query[name] ?? "";
  return { q: word("q"), state: word("state"), gates: word("gates"), times: word("times"), target: word("target") };
}

export function fits(run: RunLine, filters: Filters): boolean {
  if (filters.state !== "" && run.state !== filters.state) return false;
  if (filters.target !== "" && !run.targets.some((target) => target.name === filters.target)) return false;
  return fitsText(run, filters.q) && fitsGates(run, filters.gates) && fitsTimes(run, filters.times);
}

function fitsText(run: RunLine, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const hay = [run.name, run.id, ...run.targets.flatMap((t) => [t.name, t.model, t.address]), ...run.phases.map((p) => p.name)].join("\n").toLowerCase();
  return words.every((word) => hay.includes(word));
}

function fitsGates(run: RunLine, wanted: string): boolean {
  if (wanted === "") return true;
  const gates = run.glance?.gates;
  if (!gates) return false;
  const all = gates.met + gates.broken + gates.undecided;
  if (wanted === "none") return all === 0;
  if (wanted === "met") return all > 0 && gates.met === all;
  return wanted === "broken" ? gates.broken > 0 : gates.undecided > 0;
}

function fitsTimes(run: RunLine, wanted: string): boolean {
  if (wanted === "" || !run.glance) return wanted === "";
  return (run.glance.invalid === null) === (wanted === "valid");
}
