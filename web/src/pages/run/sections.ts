/** The sections of a run's page, in their order. */
import type { Key } from "../../lib/i18n.svelte";

export const SECTIONS: readonly { id: string; key: Key }[] = [
  { id: "gates", key: "run.gates" },
  { id: "summary", key: "run.summary" },
  { id: "quality", key: "run.quality" },
  { id: "speed", key: "run.speed" },
  { id: "load", key: "run.load" },
  { id: "cost", key: "run.cost" },
  { id: "validity", key: "run.validity" },
  { id: "surroundings", key: "run.surroundings" },
  { id: "figures", key: "run.figures" },
  { id: "about", key: "run.about" },
];

/** Shows a section and moves the focus to its title. */
export function goToSection(id: string): void {
  const section = document.getElementById(`at-${id}`);
  section?.scrollIntoView();
  (document.getElementById(`title-${id}`) ?? section)?.focus({ preventScroll: true });
}
