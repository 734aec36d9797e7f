/**
 * Which stretches of an answer and of a reference are the same, so that differences can be seen.
 *
 * It only chooses what to mark; whether an answer is right is for scorers to say.
 */

export interface Piece {
  text: string;
  shared: boolean;
}

/** Longer texts are shown without marks. */
export const MOST_CHARACTERS = 20_000;
const MOST_CELLS = 4_000_000;
/** One or two syllables in common say nothing in a text without spaces between words. */
const LEAST_RUN = 2;

const WORD = /\p{Script=Hangul}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|[\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]+/gu;
const isSyllable = (token: string): boolean => /^[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u.test(token);
const isWord = (token: string): boolean => /[\p{L}\p{N}]/u.test(token);

function tokens(text: string): string[] {
  return text.match(WORD) ?? [];
}

/** Marks what both have in common: the whole reference where the answer contains it, else words in order. */
export function match(answer: string, reference: string): { answer: Piece[]; reference: Piece[] } {
  const none = { answer: [{ text: answer, shared: false }], reference: [{ text: reference, shared: false }] };
  if (answer.length > MOST_CHARACTERS || reference.length > MOST_CHARACTERS) return none;
  const whole = contained(answer, reference);
  if (whole) return whole;
  const left = tokens(answer);
  const right = tokens(reference);
  if (left.length * right.length > MOST_CELLS) return none;
  const pairs = longRuns(left, common(left, right));
  return {
    answer: pieces(left, new Set(pairs.map(([a]) => a))),
    reference: pieces(right, new Set(pairs.map(([, b]) => b))),
  };
}

function contained(answer: string, reference: string): { answer: Piece[]; reference: Piece[] } | null {
  const wanted = reference.trim().toLowerCase();
  const text = answer.toLowerCase();
  const at = text.length === answer.length && wanted !== "" ? text.indexOf(wanted) : -1;
  if (at < 0) return null;
  const end = at + wanted.length;
  const parts = [
    { text: answer.slice(0, at), shared: false },
    { text: answer.slice(at, end), shared: true },
    { text: answer.slice(end), shared: false },
  ];
  return { answer: parts.filter((part) => part.text !== ""), reference: [{ text: reference, shared: true }] };
}

/** The longest common subsequence of words, as pairs of positions. */
function common(left: readonly string[], right: readonly string[]): [number, number][] {
  const a = left.map((token) => token.toLowerCase());
  const b = right.map((token) => token.toLowerCase());
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      best[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return found;
}

/** Without single syllables, and without what is no word at either end of a run. */
function longRuns(left: readonly string[], pairs: readonly [number, number][]): [number, number][] {
  const runs: [number, number][][] = [];
  for (const pair of pairs) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && pair[0] === last[0] + 1 && pair[1] === last[1] + 1) run.push(pair);
    else runs.push([pair]);
  }
  return runs.flatMap((run) => trimmed(left, run)).sort((x, y) => x[0] - y[0]);
}

function trimmed(left: readonly string[], run: [number, number][]): [number, number][] {
  const wordAt = (pair: [number, number]): boolean => isWord(left[pair[0]] ?? "");
  const first = run.findIndex(wordAt);
  if (first < 0) return [];
  const kept = run.slice(first, run.findLastIndex(wordAt) + 1);
  const words = kept.map(([at]) => left[at] ?? "").filter(isWord);
  return words.every(isSyllable) && words.length < LEAST_RUN ? [] : kept;
}

function pieces(all: readonly string[], shared: ReadonlySet<number>): Piece[] {
  const made: Piece[] = [];
  for (const [at, text] of all.entries()) {
    const last = made.at(-1);
    if (last && last.shared === shared.has(at)) last.text += text;
    else made.push({ text, shared: shared.has(at) });
  }
  return made;
}

/** The reference that the answer has most of: the first that it contains whole, else the first. */
export function nearest(answer: string, references: readonly string[]): number {
  const text = answer.toLowerCase();
  const at = references.findIndex((reference) => reference.trim() !== "" && text.includes(reference.trim().toLowerCase()));
  return Math.max(0, at);
}
