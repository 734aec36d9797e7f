/** Light, dark, or as the system says. */
import { keep, kept } from "./kept";
import { untrack } from "svelte";
import { route } from "./router.svelte";

export type Choice = "auto" | "light" | "dark";

const isChoice = (text: string | null | undefined): text is Choice => text === "auto" || text === "light" || text === "dark";
const system = typeof window === "undefined" ? null : window.matchMedia("(prefers-color-scheme: dark)");
const before = typeof window === "undefined" ? null : kept("theme");

const state = $state<{ choice: Choice; systemDark: boolean; version: number }>({
  version: 0,
  choice: isChoice(before) ? before : "auto",
  systemDark: system?.matches ?? false,
});
system?.addEventListener("change", (event) => (state.systemDark = event.matches));

export const theme = {
  get choice(): Choice {
    const asked = route.query["theme"];
    return isChoice(asked) ? asked : state.choice;
  },
  get dark(): boolean {
    return this.choice === "dark" || (this.choice === "auto" && state.systemDark);
  },
  /** Another one whenever the colours of the document are others. */
  get version(): number {
    return state.version;
  },
  choose(next: Choice): void {
    state.choice = next;
    keep("theme", next);
  },
};

if (typeof document !== "undefined") {
  $effect.root(() => {
    $effect.pre(() => {
      document.documentElement.dataset["theme"] = theme.dark ? "dark" : "light";
      untrack(() => (state.version += 1));
    });
  });
}
