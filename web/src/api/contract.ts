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
export type About = S["About"];

/** GET /api/runs?from=0&limit=200 -> newest first */
export type RunList = S["RunList"];
export type RunLine = S["RunLine"];
/** The few numbers by which one tells runs apart. */
export type Glance = S["Glance"];
export type GlancePlace = S["GlancePlace"];

/** GET /api/runs/{run} (and inlined into an HTML report) */
export type RunPage = S["RunPage"];
export type MetricInfo = S["MetricInfo"];
export type PlanInfo = S["PlanInfo"];

/** What charts draw beyond estimates. Every time is in seconds since the first clock's zero. */
export type Curves = S["Curves"];
/** An empirical distribution function, thinned to at most 400 points; first and last are kept. */
export type Distribution = S["Distribution"];
/** Latency over time: every failed attempt (at most 2000), and a spread sample of the others. */
export type Scatter = S["Scatter"];
/** Requests by how they ended, over time (by their end). */
export type OutcomeBins = S["OutcomeBins"];
/** Largest and usual error over time. */
export type ErrorSeries = S["ErrorSeries"];
/** Samples beside the run, at most 500 bins each. */
export type Series = S["Series"];

/**
 * GET /api/runs/{run}/cases?q=&target=&phase=&prompt=&delivery=&judgement=&tag=key:value&score=&score_min=&score_max=
 *   &ttft_min=&ttft_max=&e2e_min=&e2e_max=   (a filter may stand several times: alternatives)
 *   &sort=slot|case|ttft|e2e|output_tokens|score:NAME&order=asc|desc&from=&limit=
 */
export type CasePage = S["CasePage"];
export type CaseFacets = S["CaseFacets"];
export type CaseRow = S["CaseRow"];

/** GET /api/runs/{run}/requests/{slot}.{step}: one request with its case and the repeats of the case. */
export type CaseView = S["CaseView"];
export type RequestView = S["RequestView"];
export type VerdictView = S["VerdictView"];
export type AttemptView = S["AttemptView"];

/** GET /api/compare?base=RUN&other=RUN */
export type ComparePage = S["ComparePage"];

/** GET /api/frontier?runs=ID,ID&x=NAME&y=NAME&size=NAME   (names such as `ttft.p50`) */
export type Frontier = S["Frontier"];
export type FrontierPoint = S["FrontierPoint"];
export type LoadPoint = S["LoadPoint"];

/** GET /api/leaderboard?source=votes|score:NAME&runs=ID,ID   (no runs: the newest 20; no source: votes if there are any, else the first score) */
export type Leaderboard = S["Leaderboard"];

/** GET /api/votes/next?voter=NAME&runs=ID,ID */
export type BlindPair = S["BlindPair"];
/** POST /api/votes */
export type VoteRequest = S["VoteRequest"];
export type VoteResult = S["VoteResult"];

/** GET /api/runs/{run}/annotations?person=NAME&name=NAME&from=&limit= */
export type AnnotationPage = S["AnnotationPage"];
export type AnnotationItem = S["AnnotationItem"];
export type Agreement = S["Agreement"];
/** POST /api/runs/{run}/annotations -> AnnotationItem; value null takes it back */
export type AnnotationRequest = S["AnnotationRequest"];

/** GET /api/events: server-sent events, read by fetch */
export type ChangeEvent = S["ChangeEvent"];

/** Every error: status 4xx or 5xx. */
export type ApiError = S["ApiError"];

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
