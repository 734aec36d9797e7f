/**
 * The one way to data: a server's JSON API, or the data inlined in a report of one file.
 */
import { t } from "../lib/i18n.svelte";
import type { QueryPatch } from "../lib/router.svelte";
import type { ApiError, ChangeEvent, Inlined } from "./contract";
import { ApiFailure } from "./failure";
import { answersOf, inlinedData, type Answers } from "./inlined";
import { EventReader } from "./stream";
import { token } from "./token";

export { ApiFailure };
export type Path = string | readonly (string | number)[];

/** Longest wait for an answer: the first figures of a large run take a while. */
const WAIT_S = 180;
/** A stream that says nothing for so long is lost: the server sends a comment every 15 s. */
const SILENCE_MS = 45_000;
const BACK_OFF_MS = { first: 500, most: 8_000 };
/** A tab that nobody sees gives its connection back: browsers allow six to a server. */
const UNSEEN_MS = 20_000;

export const inlined: Inlined | null = inlinedData();
const answers: Answers | null = inlined ? answersOf(inlined) : null;

/** Whether this is a report in one file: nothing is asked of a server. */
export const isStatic = inlined !== null;

/** Whether the page was opened as a bare file, with neither data nor server. */
export const isBare = !isStatic && typeof window !== "undefined" && window.location.protocol === "file:";

function words(path: Path): string[] {
  const list = typeof path === "string" ? path.replace(/^\/?(api\/)?/, "").split("/").map(decodeURIComponent) : path.map(String);
  return list.filter((word) => word !== "");
}

/** The address of something under `/api`, relative to the page. */
export function address(path: Path, query: QueryPatch = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `/api/${words(path).map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

function headers(): Record<string, string> {
  const known = token();
  return known === null ? {} : { Authorization: `Bearer ${known}` };
}

async function failureOf(response: Response): Promise<ApiFailure> {
  try {
    const said = (await response.json()) as Partial<ApiError>;
    if (typeof said.error === "string") return new ApiFailure(said.error, said.hint ?? null, response.status);
  } catch {
    return new ApiFailure(t("api.odd", { status: response.status }), t("api.odd_hint"), response.status);
  }
  return new ApiFailure(t("api.odd", { status: response.status }), t("api.odd_hint"), response.status);
}

async function send(path: Path, query: QueryPatch, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const late = AbortSignal.timeout(WAIT_S * 1000);
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      ...init,
      headers: { ...headers(), ...init.headers },
      cache: "no-store",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    if (late.aborted) throw new ApiFailure(t("api.slow", { s: WAIT_S }), t("api.no_server_hint"), 0);
    throw new ApiFailure(t("api.no_server"), t("api.no_server_hint"), 0);
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function json<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiFailure(t("api.not_json"), t("api.odd_hint"), response.status);
  }
}

function fromFile<T>(path: Path, query: QueryPatch, file: Answers): T {
  const plain = Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === null || value === undefined ? [] : [[key, String(value)]])),
  );
  const answer = file(words(path), plain);
  if (answer === undefined) throw new ApiFailure(t("api.not_here"), t("api.not_here_hint"), 404);
  return answer as T;
}

const write = (method: string, body?: unknown): RequestInit =>
  body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };

function forbidInFile(): void {
  if (isStatic) throw new ApiFailure(t("api.read_only"), t("api.not_here_hint"), 403);
}

export const api = {
  async get<T>(path: Path, query: QueryPatch = {}, signal?: AbortSignal): Promise<T> {
    if (answers) return fromFile<T>(path, query, answers);
    return json<T>(await send(path, query, {}, signal));
  },
  /** Text as it is stored, such as a raw response; broken UTF-8 becomes U+FFFD. */
  async text(path: Path, signal?: AbortSignal): Promise<string> {
    forbidInFile();
    return (await send(path, {}, {}, signal)).text();
  },
  async post<T>(path: Path, body: unknown): Promise<T> {
    forbidInFile();
    return json<T>(await send(path, {}, write("POST", body)));
  },
  async del<T>(path: Path, query: QueryPatch = {}): Promise<T> {
    forbidInFile();
    return json<T>(await send(path, query, write("DELETE")));
  },
};

export type Connection = "static" | "connecting" | "connected" | "lost";

/** What changed; `again` when everything may have: a new server, or a time without a connection. */
export interface Change {
  again: boolean;
  event: ChangeEvent | null;
}

/** Whether a change touches a run. */
export function touches(change: Change, run: string): boolean {
  const { again, event } = change;
  return again || !event || event.runs.some((r) => r.id === run) || event.computed.includes(run) || event.gone.includes(run);
}

type Listener = (change: Change) => void;
type Watcher = (state: Connection) => void;

const listeners = new Set<Listener>();
const watchers = new Set<Watcher>();
let connection: Connection = isStatic ? "static" : "connecting";
let started: string | null = null;
let stream: AbortController | null = null;

/** Calls back at each change until the answer is called. */
export function onChange(callback: Listener): () => void {
  listeners.add(callback);
  begin();
  return () => listeners.delete(callback);
}

/** Tells the state of the connection, now and whenever it changes. */
export function onConnection(callback: Watcher): () => void {
  watchers.add(callback);
  callback(connection);
  begin();
  return () => watchers.delete(callback);
}

function tell(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const watcher of watchers) watcher(next);
}

function begin(): void {
  if (stream || isStatic || isBare || typeof window === "undefined") return;
  stream = new AbortController();
  void follow(stream.signal);
}

async function follow(signal: AbortSignal): Promise<void> {
  let wait = BACK_OFF_MS.first;
  let before = false;
  while (!signal.aborted) {
    try {
      await listen(signal, () => {
        wait = BACK_OFF_MS.first;
        if (before) announce({ again: true, event: null });
        before = true;
      });
    } catch {
      wait = Math.min(BACK_OFF_MS.most, wait * 2);
    }
    if (signal.aborted) return;
    tell("lost");
    before = true;
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** Reads one stream to its end. */
async function listen(outer: AbortSignal, opened: () => void): Promise<void> {
  const silent = new AbortController();
  const signal = AbortSignal.any([outer, silent.signal]);
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  try {
    const response = await fetch("/api/events", { headers: { ...headers(), Accept: "text/event-stream" }, cache: "no-store", signal });
    if (!response.ok || !response.body) throw await failureOf(response);
    tell("connected");
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE_MS);
      for (const data of events.push(piece.value)) take(data);
    }
  } finally {
    clearTimeout(timer);
  }
}

function take(data: string): void {
  const event = JSON.parse(data) as ChangeEvent;
  const again = started !== null && started !== event.started;
  started = event.started;
  announce({ again, event });
}

function announce(change: Change): void {
  for (const listener of listeners) listener(change);
}

function restWhenUnseen(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      timer = setTimeout(() => {
        stream?.abort();
        stream = null;
      }, UNSEEN_MS);
    } else if (!stream && listeners.size + watchers.size > 0) {
      begin();
      announce({ again: true, event: null });
    }
  });
}

if (typeof document !== "undefined") restWhenUnseen();
