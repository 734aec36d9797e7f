//! The suite file: what to ask, of whom, under which load, and what counts as right.
//!
//! ```text
//!  suite.yaml, include ─ tree (YAML with places) ─ read (checked values) ─┬─ targets, load, matrix, limits ─► RunSpec
//!  jsonl json csv tsv parquet folder ─ data (bounded rows) ───────────────┴─ cases ─ defaults ─ select ────► Vec<Case>
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
mod command_target;
mod csv;
mod data;
mod dataset;
mod defaults;
mod environment;
mod error;
mod extract;
mod files;
mod filter;
mod folder;
mod form;
mod glob;
mod http_target;
mod include;
mod json;
mod json_scoring;
mod letter;
mod limits;
mod load;
mod mapping;
mod matrix;
mod nearest;
mod overrides;
mod parquet;
mod prompts;
mod quantity;
mod read;
mod refusal;
mod regression;
mod repeats;
mod row;
mod schema_check;
mod scorer_files;
mod scoring;
mod select;
mod suite;
mod targets;
mod template;
mod text_scoring;
mod thrift;
mod tokens;
mod tree;

pub use error::{Span, SuiteError};
pub use extract::{Extractor, NotFound, extract, without_thinking};
pub use files::{Files, List, Open, Variable};
pub use form::schema;
pub use refusal::is_refusal;
pub use schema_check::JsonSchema;
pub use select::Selection;
pub use suite::{Loaded, load, load_with};
pub use template::{MAX_MESSAGE_BYTES, Prompt, RenderError, render};
pub use tokens::estimate_tokens;
