/**
 * The shapes of the JSON API, by the names of the Rust types that make them.
 *
 * Types of the report come from `schema.d.ts`, which is generated from the OpenAPI document.
 */
import type { components } from "./schema";

type S = components["schemas"];
export type Report = S["Report"];
export type Estimate = S["Flat"];
export type Interval = S["Interval"];
export type Gate = S["GateResult"];
export type Validity = S["Validity"];
export type TimeSlice = S["TimeSlice"];
export type Test = S["Test"];
export type ComparisonReport = S["ComparisonReport"];
export type RankReport = S["RankReport"];
export type Labels = Record<string, string>;

/** GET /api/about */
export interface About {
  /** Version of the program. */
  acidtest: string;
  /** New with each start of the server. */
  started: string;
  /** Path of the store, as the user wrote it. */
  store: string;
  /** Whether this request's token may write (votes, annotations, deletion). */
  may_write: boolean;
}

/** GET /api/runs?from=0&limit=200 -> newest first */
export interface RunList {
  runs: RunLine[];
  total: number;
}
export interface RunLine {
  id: string;
  name: string;
  state: "running" | "done" | "stopped";
  /** ISO 8601, UTC. */
  created: string;
  ended: string | null;
  workload: string;
  imported: boolean;
  targets: S["TargetInfo"][];
  phases: S["PhaseInfo"][];
  cases: number;
  requests: number;
  records: number;
  delivered: number;
  failed: number;
  not_sent: number;
  /** Null until computed; a `change` event says when it is there. */
  glance: Glance | null;
}
/** The few numbers by which one tells runs apart. */
export interface Glance {
  /** One for each target, phase and prompt, at most 8, in the order of the run. */
  places: GlancePlace[];
  /** How many there are in all. */
  places_in_all: number;
  gates: { met: number; broken: number; undecided: number };
  /** Why the headline times are not valid; null when they are. */
  invalid: string | null;
  warnings: number;
}
export interface GlancePlace {
  labels: Labels;
  /** accuracy, else the first score; null where nothing is judged. */
  quality: Estimate | null;
  /** ttft p50; e2e p50 where nothing was streamed. */
  speed: Estimate | null;
  /** error_rate */
  reliability: Estimate | null;
  /** cost total */
  cost: Estimate | null;
}

/** GET /api/runs/{run} (and inlined into an HTML report) */
export interface RunPage {
  /** What `report --format json` prints. */
  report: Report;
  curves: Curves;
  plan: PlanInfo;
  /** Metrics and scorers of the report by id. */
  metrics: Record<string, MetricInfo>;
  /** Korean of every English sentence of the report that has one. */
  words: Record<string, string>;
  /** Requests when it was computed: of a run that goes on there may be more by now. */
  as_of_requests: number;
}
export interface MetricInfo {
  id: string;
  unit: string;
  better: "higher" | "lower" | "neither";
  /** One sentence. */
  what: string;
}
export interface PlanInfo {
  /** The stored plan; secrets by name only. */
  spec: unknown;
  /** Words of the command that runs it again; null where that is not known (imports). */
  command: string[] | null;
  /** The suite's file and digest, where there was one. */
  suite: { path: string; digest: string } | null;
  clocks: { no: number; host: string; zero_unix_ns: number; error_ns: number | null }[];
  facts: { name: string; value: string; source: string }[];
}

/** What charts draw beyond estimates. Every time is in seconds since the first clock's zero. */
export interface Curves {
  /** Where each phase lies on the time axis. */
  spans: { labels: Labels; from_s: number; to_s: number }[];
  distributions: Distribution[];
  scatter: Scatter[];
  outcomes: OutcomeBins[];
  /** How wrong the clock may be over time. */
  clock_error: ErrorSeries[];
  readings: Series[];
  /** What is not drawn since there is too much of it, for people. */
  notes: string[];
}
/** An empirical distribution function, thinned to at most 400 points; first and last are kept. */
export interface Distribution {
  labels: Labels;
  /** ttft, icl, e2e, tpot, dispatch_lag */
  metric: string;
  unit: string;
  n: number;
  values: number[];
  /** Share of values at or below. */
  shares: number[];
}
/** Latency over time: every failed attempt (at most 2000), and a spread sample of the others. */
export interface Scatter {
  labels: Labels;
  /** How many attempts there are; the arrays hold those that are shown. */
  n: number;
  /** How many of them failed. */
  failed: number;
  at_s: number[];
  ttft_s: (number | null)[];
  e2e_s: (number | null)[];
  slot: number[];
  step: number[];
  /** Index into `classes`. */
  class: number[];
  classes: string[];
  case: (string | null)[];
}
/** Requests by how they ended, over time (by their end). */
export interface OutcomeBins {
  labels: Labels;
  width_s: number;
  from_s: number[];
  classes: { class: string; counts: number[] }[];
}
/** Largest and usual error over time. */
export interface ErrorSeries {
  labels: Labels;
  /** first_token (uncertainty of its arrival), gap (uncertainty of gaps), scheduler_lag, dispatch_lag */
  what: string;
  width_s: number;
  from_s: number[];
  n: number[];
  p50_s: (number | null)[];
  p99_s: (number | null)[];
  max_s: (number | null)[];
}
/** Samples beside the run, at most 500 bins each. */
export interface Series {
  source: string;
  name: string;
  unit: string;
  at_s: number[];
  mean: number[];
  min: number[];
  max: number[];
}

/**
 * GET /api/runs/{run}/cases?q=&target=&phase=&prompt=&delivery=&judgement=&tag=key:value&score=&score_min=&score_max=
 *   &ttft_min=&ttft_max=&e2e_min=&e2e_max=   (a filter may stand several times: alternatives)
 *   &sort=slot|case|ttft|e2e|output_tokens|score:NAME&order=asc|desc&from=&limit=
 */
export interface CasePage {
  /** Requests that match. */
  total: number;
  /** Requests of the run. */
  of: number;
  rows: CaseRow[];
  facets: CaseFacets;
  /** What the search could not look at, for people; null when it saw everything. */
  partial: string | null;
}
export interface CaseFacets {
  targets: string[];
  phases: string[];
  prompts: string[];
  delivery: { class: string; count: number }[];
  judgement: { class: string; count: number }[];
  scores: string[];
  tags: Record<string, string[]>;
}
export interface CaseRow {
  slot: number;
  step: number;
  attempts: number;
  case: string | null;
  repeat: number;
  labels: Labels;
  delivery: string;
  /** correct, wrong, judge_error, none, xfail (wrong as expected), xpass (right though not expected) */
  judgement: string;
  scores: Record<string, number>;
  ttft_s: number | null;
  e2e_s: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  started_s: number | null;
  /** Excerpts of 160 characters. */
  input: string;
  output: string | null;
}

/** GET /api/runs/{run}/requests/{slot}.{step}: one request with its case and the repeats of the case. */
export interface CaseView {
  case: {
    id: string;
    digest: string;
    fields: Record<string, string>;
    reference: string[];
    tags: Labels;
    cluster: string | null;
    split: string | null;
    refuse: boolean;
    /** Bytes of text that were left out; 0 when whole. */
    left_out: number;
  } | null;
  /** The one that was asked for first, then the others of the case, at most 50. */
  requests: RequestView[];
  requests_in_all: number;
}
export interface RequestView {
  slot: number;
  step: number;
  labels: Labels;
  repeat: number;
  delivery: string;
  judgement: string;
  /** Messages as they were sent, where the body could be understood. */
  messages: { role: string; text: string; left_out: number }[];
  verdicts: VerdictView[];
  attempts: AttemptView[];
}
export interface VerdictView {
  name: string;
  maker_kind: "scorer" | "judge" | "person" | "import";
  maker: string;
  version: string;
  status: "scored" | "abstained" | "unparsable" | "failed" | "withdrawn";
  value: boolean | number | string | null;
  why: string | null;
  at: string;
  /** Whether a later one of the same name and maker takes its place. */
  superseded: boolean;
}
export interface AttemptView {
  attempt: number;
  /** complete, failed: 429, not_sent: cap … */
  class: string;
  finish: string | null;
  detail: string | null;
  parts: { kind: "text" | "reasoning" | "tool_call" | "media" | "other"; name: string | null; text: string }[];
  /** Bytes of text that were left out of `parts`; 0 when whole. */
  left_out: number;
  /** Seconds from the intended send. */
  spans: { name: string; from_s: number; to_s: number }[];
  marks: { name: string; at_s: number }[];
  /** Arrivals: upper ends, lower ends where they are uncertain; at most 4000. */
  events: { kind: string; at_s: number; low_s: number | null; tokens: number | null }[];
  events_in_all: number;
  said: Record<string, string>;
  status: number | null;
  headers: [string, string][];
  place: Record<string, string>;
  copied_from: string | null;
  /** Bytes of the raw request and response, where they are stored: GET /api/runs/{run}/raw/{slot}.{step}.{attempt}/request|response */
  request_bytes: number | null;
  response_bytes: number | null;
}

/** GET /api/compare?base=RUN&other=RUN */
export interface ComparePage {
  /** What `compare --format json` prints. */
  report: ComparisonReport;
  base: Distribution[];
  other: Distribution[];
  metrics: Record<string, MetricInfo>;
  words: Record<string, string>;
}

/** GET /api/frontier?runs=ID,ID&x=NAME&y=NAME&size=NAME   (names such as `ttft.p50`) */
export interface Frontier {
  /** What x, y and size may be, with unit and direction. */
  axes: { name: string; unit: string; better: "higher" | "lower" | "neither" }[];
  x: string;
  y: string;
  size: string | null;
  points: FrontierPoint[];
  /** Points of the Pareto line, by their index, from left to right. */
  line: number[];
  /** Quality against the load: one for each place whose load is a rate or a number of users. */
  under_load: LoadPoint[];
  /** Places that were left out for their number (2000 are weighed). */
  left_out: number;
}
export interface FrontierPoint {
  run: string;
  run_name: string;
  labels: Labels;
  x: Estimate | null;
  y: Estimate | null;
  size: Estimate | null;
  on_front: boolean;
  /** Whether an interval leaves open which of two points is ahead. */
  certain: boolean;
}
export interface LoadPoint {
  run: string;
  run_name: string;
  labels: Labels;
  /** requests per second that were delivered, as measured */
  rate: Estimate;
  quality: Estimate;
}

/** GET /api/leaderboard?source=votes|score:NAME&runs=ID,ID   (no runs: the newest 20; no source: votes if there are any, else the first score) */
export interface Leaderboard {
  source: string;
  sources: { id: string; battles: number }[];
  /** What `rank --format json` prints; null where there are no battles. */
  rank: RankReport | null;
  /** Why there is none. */
  none: string | null;
  voters: number;
  runs: { id: string; name: string }[];
  words: Record<string, string>;
}

/** GET /api/votes/next?voter=NAME&runs=ID,ID */
export interface BlindPair {
  /** Absent when there is nothing to vote on. */
  pair: {
    ticket: string;
    prompt: { role: string; text: string; left_out: number }[];
    left: { text: string; left_out: number };
    right: { text: string; left_out: number };
  } | null;
  none: string | null;
  /** Votes of this voter so far, and pairs that could be asked. */
  done: number;
  open: number;
}
/** POST /api/votes */
export interface VoteRequest {
  ticket: string;
  voter: string;
  choice: "left" | "right" | "tie" | "both_bad";
}
export interface VoteResult {
  /** Who was who. */
  left: { target: string; model: string; run: string };
  right: { target: string; model: string; run: string };
  /** False when this very vote was stored before: it was not stored twice. */
  stored: boolean;
}

/** GET /api/runs/{run}/annotations?person=NAME&name=NAME&from=&limit= */
export interface AnnotationPage {
  /** Names in use with their kind; the first is the default. */
  names: { name: string; kind: "label" | "score" | "yes_no"; labels: string[] }[];
  name: string;
  items: AnnotationItem[];
  total: number;
  done: number;
  /** How far this person, and all people together, agree with each scorer. */
  agreement: Agreement[];
}
export interface AnnotationItem {
  slot: number;
  step: number;
  case: string | null;
  labels: Labels;
  value: boolean | number | string | null;
  note: string | null;
}
export interface Agreement {
  /** A scorer's name, or `correct`. */
  with: string;
  /** The person; null for all people together. */
  person: string | null;
  /** Both said something. */
  n: number;
  /** Share of equal opinions, and Cohen's kappa. */
  agree: Estimate;
  kappa: Estimate;
}
/** POST /api/runs/{run}/annotations -> AnnotationItem; value null takes it back */
export interface AnnotationRequest {
  slot: number;
  step: number;
  person: string;
  name: string;
  value: boolean | number | string | null;
  note: string | null;
}

/** GET /api/events: server-sent events, read by fetch */
export interface ChangeEvent {
  /** New with each start of the server: then everything is asked again. */
  started: string;
  runs: { id: string; state: string; requests: number; records: number; delivered: number; failed: number; not_sent: number }[];
  /** Runs that went away. */
  gone: string[];
  /** Runs whose glance or findings are new. */
  computed: string[];
}

/** Every error: status 4xx or 5xx. */
export interface ApiError {
  error: string;
  hint: string | null;
}

/** What stands in an HTML report in <script type="application/json" id="acidtest-data">. */
export interface Inlined {
  page: RunPage;
  /** Rows of at most 1000 requests, failing ones first, with what the case page shows of them. */
  cases: CasePage;
  views: Record<string, CaseView>;
  /** The frontier of the run's own places. */
  frontier: Frontier | null;
  /** What was left out for size, for people. */
  left_out: string[];
}
