//! The suite file: what to ask, of whom, under which load, and what counts as right.
//!
//! ```text
//!  suite.yaml, include ─ tree (YAML with places) ─ read (checked values) ─┬─ targets, load, matrix, limits ─► RunSpec
//!  jsonl json csv tsv parquet folder ─ data (bounded rows) ───────────────┴─ cases ─ defaults ─ select ────► Vec<Case>
//!  question: Case ─► messages, raw text (chat_template), examples (shots, picking), continuations
//!  template: Case ─► messages     extract: visible text ─► answer     refusal: text ─► does it decline?
//! ```
//!
//! Main function: [`load_with`]. This crate is pure: files, folders and variables of
//! the environment come through functions given to it ([`Files`]; keys stay names),
//! and nothing in a suite is executed. Every error is a [`SuiteError`] with line, caret and hint.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod abort;
mod cases;
mod chat_template;
mod command_target;
mod connections;
mod csv;
mod data;
mod dataset;
mod defaults;
mod empty;
mod environment;
mod error;
mod extract;
mod files;
mod filter;
mod folder;
mod form;
mod form_requests;
mod forms;
mod glob;
mod http_target;
mod include;
mod json;
mod json_scoring;
mod kept;
mod letter;
mod limits;
mod load;
mod mapping;
mod matrix;
mod nearest;
mod observe;
mod overrides;
mod parquet;
mod picking;
mod prompts;
mod python;
mod quantity;
mod question;
mod rate_file;
mod read;
mod refusal;
mod regression;
mod repeats;
mod row;
mod run_metrics;
mod schema_check;
mod schema_cost;
mod scorer_files;
mod scoring;
mod select;
mod shots;
mod slo;
mod stages;
mod suite;
mod targets;
mod template;
mod text_scoring;
mod thrift;
mod tokens;
mod tree;

pub use abort::abort_rule;
pub use error::{Span, SuiteError};
pub use extract::{Extractor, NotFound, extract};
pub use files::{Files, List, Open, Variable, is_within};
pub use form::schema;
pub use question::{Asker, MAX_CHOICES, Question};
pub use rate_file::rate_series;
pub use refusal::is_refusal;
pub use schema_check::JsonSchema;
pub use select::Selection;
pub use suite::{Loaded, load, load_with};
pub use targets::header_holds_a_secret;
pub use template::{MAX_MESSAGE_BYTES, Prompt, RenderError, render};
pub use tokens::estimate_tokens;
