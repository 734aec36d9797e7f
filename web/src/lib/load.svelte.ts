/** Something that is asked for: loading, there, or failed; renewed when its runs change. */
import { ApiFailure, onChange, touches, type Change } from "../api/client";

export interface Loaded<T> {
  /** What was last there: it stays while a newer one is on its way, and when that fails. */
  readonly value: T | null;
  readonly loading: boolean;
  readonly failure: ApiFailure | null;
  again(): void;
}

export interface LoadOptions {
  /** Runs whose changes make the answer old: all of them, some, or none. */
  runs?: () => readonly string[] | "all";
  /** Whether a change is worth asking again; by default every change of those runs is. */
  worth?: (change: Change) => boolean;
}

/** Least time between two answers that nobody asked for. */
const PAUSE_MS = 1_500;

/**
 * Asks now, and again whenever a state that `ask` reads changes or one of its runs does.
 * To be called while a component is made. `ask` may answer null for "nothing to ask".
 */
export function load<T>(ask: (signal: AbortSignal) => Promise<T> | null, options: LoadOptions = {}): Loaded<T> {
  let value = $state.raw<T | null>(null);
  let failure = $state.raw<ApiFailure | null>(null);
  let loading = $state(true);
  let turn = $state(0);
  let ended = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let changedMeanwhile = false;

  // A slow answer is waited for, however often things change in the meantime.
  function soon(): void {
    changedMeanwhile = loading;
    if (loading) return;
    clearTimeout(timer);
    timer = setTimeout(() => (turn += 1), Math.max(0, PAUSE_MS - (performance.now() - ended)));
  }

  async function settle(answer: Promise<T>, signal: AbortSignal): Promise<void> {
    try {
      const next = await answer;
      if (signal.aborted) return;
      value = next;
      failure = null;
    } catch (problem) {
      if (signal.aborted) return;
      failure = problem instanceof ApiFailure ? problem : new ApiFailure(String(problem), null, 0);
    }
    loading = false;
    ended = performance.now();
    if (changedMeanwhile) soon();
  }

  $effect(() => {
    void turn;
    const control = new AbortController();
    let answer: Promise<T> | null;
    try {
      answer = ask(control.signal);
    } catch (problem) {
      answer = Promise.reject(problem);
    }
    loading = answer !== null;
    if (answer) void settle(answer, control.signal);
    return () => control.abort();
  });

  $effect(() => {
    if (!options.runs) return undefined;
    return onChange((change) => {
      const runs = options.runs?.() ?? [];
      const ours = runs === "all" || change.again || runs.some((run) => touches(change, run));
      if (!ours || !(change.again || (options.worth?.(change) ?? true))) return;
      soon();
    });
  });
  $effect(() => () => clearTimeout(timer));

  return {
    get value() {
      return value;
    },
    get loading() {
      return loading;
    },
    get failure() {
      return failure;
    },
    again() {
      turn += 1;
    },
  };
}
