/** What happens to one vote, from the question to the names. Nothing is lost on the way. */
import type { BlindPair, VoteRequest, VoteResult } from "../../api/contract";

export type Choice = VoteRequest["choice"];
export type Pair = NonNullable<BlindPair["pair"]>;

export type Ballot =
  | { phase: "asking" }
  | { phase: "sending"; choice: Choice }
  /** The server may or may not have it: the same ticket may be sent again. */
  | { phase: "unknown"; choice: Choice; error: string; hint: string | null }
  /** The server said no. */
  | { phase: "refused"; choice: Choice; error: string; hint: string | null }
  | { phase: "told"; choice: Choice; result: VoteResult };

/** The vote that a key stands for. */
export function choiceOf(key: string): Choice | null {
  switch (key) {
    case "ArrowLeft":
    case "a":
    case "A":
      return "left";
    case "ArrowRight":
    case "b":
    case "B":
      return "right";
    case "ArrowDown":
    case "t":
    case "T":
      return "tie";
    case "x":
    case "X":
      return "both_bad";
    default:
      return null;
  }
}

/** Whether a vote may be given, or the one that failed sent again as another. */
export const mayChoose = (ballot: Ballot): boolean => ballot.phase === "asking";
export const maySendAgain = (ballot: Ballot): ballot is Extract<Ballot, { phase: "unknown" | "refused" }> =>
  ballot.phase === "unknown" || ballot.phase === "refused";

/** What a failure means: without an answer, or with the server's own trouble, nobody knows. */
export function failed(choice: Choice, failure: { error: string; hint: string | null; status: number }): Ballot {
  const phase = failure.status >= 400 && failure.status < 500 ? "refused" : "unknown";
  return { phase, choice, error: failure.error, hint: failure.hint };
}

/** A vote that was sent and not answered, as it is kept over a reload; null when it is none. */
export function pendingOf(text: string | null): VoteRequest | null {
  if (text === null || text === "") return null;
  try {
    const vote = JSON.parse(text) as Partial<VoteRequest>;
    const known = ["left", "right", "tie", "both_bad"].includes(vote.choice ?? "");
    return known && typeof vote.ticket === "string" && typeof vote.voter === "string" ? (vote as VoteRequest) : null;
  } catch {
    return null;
  }
}

/** A pseudonym as it is stored, or null when it cannot be one. */
export function pseudonym(text: string): string | null {
  const name = text.trim().replace(/\s+/g, " ");
  return name.length >= 1 && name.length <= 40 && !/[\p{Cc}\p{Cf}]/u.test(name) ? name : null;
}
