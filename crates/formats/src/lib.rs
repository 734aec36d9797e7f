//! Foreign files to runs, cases and suites, and back.
//!
//! ```text
//!  file ─ detect ─► Tool ─┬─ promptfoo, openai_evals ──────────────► Suite  (suite.yaml + cases.jsonl + losses)
//!                         ├─ lm_eval, inspect ─────────────────────► ForeignRun (records, cases, verdicts)
//!                         └─ vllm, aiperf, guidellm, llmperf, k6 ──► ForeignRun (records where requests are
//!                                                                     stated one by one; else facts alone)
//!  votes ─ BattleReader ─► BattleTable  (who met whom, who won, in whose opinion)
//!  a server's /metrics ─ prometheus::samples ─► samples by name and labels
//!  run ─ export ─► lm-eval samples · vLLM bench JSON · Parquet
//! ```
//!
//! Main functions: [`import()`] and [`detect()`]. This crate is pure: the file comes
//! as bytes, its neighbours through a function, and nothing in it is executed.
//! What a foreign file asks for and we cannot do is a [`Loss`] with its line,
//! never left out in silence. What a tool states is kept as its statement; what
//! it does not state stays absent.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod aiperf;
mod battles;
mod counted;
mod csv;
mod detect;
mod error;
mod export;
mod guidellm;
mod input;
mod inspect;
mod json;
mod k6;
mod llmperf;
mod lm_eval;
mod openai_evals;
pub mod prometheus;
mod promptfoo;
mod run;
mod suite;
mod template;
mod tree;
mod vllm;

pub use battles::{
    BattleColumns, BattleLine, BattleReader, BattleTable, MAX_BATTLES, OUTCOME_WORDS, StyleColumn, Winner,
};
pub use detect::{Tool, detect};
pub use error::{FormatError, Loss};
pub use export::{ExportError, RunView, lm_eval_samples, parquet_rows, vllm_bench};
pub use input::{Input, MAX_FILE, Open};
pub use run::ForeignRun;
pub use suite::{Suite, SuiteFile};

/// What a file held.
#[derive(Debug)]
pub enum Imported {
    /// Questions and what counts as right.
    Suite(Suite),
    /// Answers, times, opinions.
    Run(Box<ForeignRun>),
}

/// Reads a file of that tool.
///
/// # Errors
/// The file is not what the tool writes, is cut, or is larger than our limits.
pub fn import(tool: Tool, input: &Input<'_>) -> Result<Imported, FormatError> {
    input.check_size()?;
    let run = |run: ForeignRun| Imported::Run(Box::new(run));
    match tool {
        Tool::Promptfoo => promptfoo::import(input).map(Imported::Suite),
        Tool::OpenaiEvals => openai_evals::import(input).map(Imported::Suite),
        Tool::LmEval => lm_eval::import(input).map(run),
        Tool::Inspect => inspect::import(input).map(run),
        Tool::Vllm => vllm::import(input).map(run),
        Tool::Aiperf => aiperf::import(input).map(run),
        Tool::Guidellm => guidellm::import(input).map(run),
        Tool::Llmperf => llmperf::import(input).map(run),
        Tool::K6 => k6::import(input).map(run),
    }
}
