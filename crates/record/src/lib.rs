//! The vocabulary of acidtest: everything a run holds, and its stored form.
//!
//! ```text
//!  RunSpec ── what was planned: targets, prompt, phases, scorers, gates (secrets by name only)
//!  Case ───── one question with its reference answers
//!  Record ─── one attempt to get one answer: Key · Request · Timing · Outcome · Answer · ServerSaid · Place
//!  Verdict ── an opinion about records (scorer, judge, person)
//!  Reading · Fact · Note ── samples beside the run, sourced statements, recomputable remarks
//!  Row ────── the scalars of a record, derived by `Row::of`, never measured twice
//! ```
//!
//! This crate does no I/O, reads no clock and knows no vendor's JSON. Records
//! are written once and never changed; whatever can be concluded from them is
//! derived, so that a better rule works on last year's run.

#![forbid(unsafe_code)]

mod abort;
mod answer;
mod ask;
mod beside;
mod case;
mod codec;
mod connections;
mod dist;
mod ended;
mod form;
mod gate;
mod ids;
mod load;
mod metric;
pub mod observe;
mod opinion;
mod outcome;
pub mod placeholder;
mod record;
mod regression;
mod row;
mod scorer;
mod search;
mod server_time;
mod slo;
mod spec;
mod stop;
mod target;
mod thinking;
mod timing;
mod verdict;
mod workload;

pub use abort::{AbortRule, AbortWhat};
pub use answer::{Answer, LogprobSide, Part, ServerSaid, TokenLogprob, Usage};
pub use ask::{Ask, Message};
pub use beside::{Blob, ClockRow, Fact, Item, Note, Reading, RunState};
pub use case::Case;
pub use codec::{CodecError, pack_timing, unpack_timing};
pub use connections::{Cancel, CancelAfter, Connections, Http2};
pub use dist::{BadDist, Dist};
pub use ended::{PhaseEnd, PhaseEnded};
pub use form::{ChatTemplate, Form, Likelihood, Pick, Shot, ShotsSpec, Show, WindowSpec, WindowUnit};
pub use gate::{Bound, Gate, GateParseError, Op, Stat};
pub use ids::{BadRunId, Digest, Key, Ns, RunId};
pub use load::{
    Amount, BURSTINESS, BadPhase, BadStages, Load, LoadStage, MAX_PHASE_S, MAX_RATE, MAX_SLOTS, MAX_STAGES,
    PhaseCaps, PhaseSpec, Spacing, Stages, Warmup,
};
pub use metric::MetricSpec;
pub use observe::{ObserveSpec, ServerGauge};
pub use opinion::{BadName, NAME_CHARS, NOTE_CHARS, ONLY_OURS, is_our_own, name_of, note_of};
pub use outcome::{Cause, Finish, NotSent, Outcome, Stage};
pub use record::{Head, Kind, Place, Record, Request, Role};
pub use regression::{Limit, Regression, RegressionParseError, Turn};
pub use row::{OutcomeClass, Row};
pub use scorer::{
    FieldKind, FieldSpec, LengthUnit, Reading as JsonReading, ScorerKind, ScorerProgram, ScorerSpec,
    TextMatch,
};
pub use search::{Axis, FindSpec, MOST_RUNGS, SearchSpec, rung};
pub use server_time::ServerTimes;
pub use slo::{PLAIN_SHARE, Slo, SloParseError, SloTerm, SloWhat};
pub use spec::{
    Caps, Extraction, Limits, Origin, PassRule, Price, PromptSpec, Retry, RunSpec, SPEC_VERSION, Skipped,
    Source, TargetKind, TargetSpec,
};
pub use stop::{BadStopRule, StopMetric, StopRule};
pub use target::{
    AudioSpec, BodySpec, CommandSpec, EndMark, HttpSpec, PartSpec, ResponseForm, ResponseSpec, SessionId,
    SessionPer, SessionSpec,
};
pub use thinking::{THINKING_TAGS, Unfinished, without_tags, without_thinking};
pub use timing::{Arrival, Event, EventKind, Mark, MarkName, Read, Timing};
pub use verdict::{
    About, AboutRole, CORRECT, IS_GREEDY, LOGLIKELIHOOD, Maker, MakerKind, OWN_LOGLIKELIHOOD, OWN_TOKENS,
    SCORED_BYTES, SCORED_TOKENS, SCORED_WORDS, Status, TEXT_SIZES, Value, Verdict,
};
pub use workload::{workload, workload_differences};
