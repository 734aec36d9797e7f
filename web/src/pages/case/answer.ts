/** What of a request stands for its answer. */
import type { AttemptView, RequestView } from "../../api/contract";

/** The attempt whose outcome is the request's: the last. */
export const finalAttempt = (request: RequestView): AttemptView | null => request.attempts.at(-1) ?? null;

/** Visible text of an attempt. */
export function answerText(attempt: AttemptView | null): string {
  return (attempt?.parts ?? []).filter((part) => part.kind === "text").map((part) => part.text).join("");
}

/** When the attempt's first token came, and when it was over, as its marks say. */
export function markOf(attempt: AttemptView | null, ...names: string[]): number | null {
  return attempt?.marks.find((mark) => names.includes(mark.name))?.at_s ?? null;
}
