//! The suite file: what to ask, of whom, under which load, and what counts as right.
//!
//! ```text
//!  suite.yaml ─ tree (YAML with places) ─ read (checked values) ─┬─ targets, load, scoring, limits ─► RunSpec
//!  cases.jsonl ─ dataset (bounded lines) ────────────────────────┴─ cases ─────────────────────────► Vec<Case>
//!  template: Case ─► messages     extract: visible text ─► answer     refusal: text ─► does it decline?
//! ```
//!
//! Main function: [`load`]. This crate is pure: files come through a function
//! given to it, the environment is never read (keys stay names), and nothing in
//! a suite is executed. Every error is a [`SuiteError`] with line, caret and hint.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cases;
mod dataset;
mod error;
mod extract;
mod form;
mod json_scoring;
mod letter;
mod limits;
mod load;
mod nearest;
mod prompts;
mod quantity;
mod read;
mod refusal;
mod schema_check;
mod scorer_files;
mod scoring;
mod suite;
mod targets;
mod template;
mod text_scoring;
mod tree;

pub use error::{Span, SuiteError};
pub use extract::{Extractor, NotFound, extract, without_thinking};
pub use form::schema;
pub use refusal::is_refusal;
pub use schema_check::JsonSchema;
pub use suite::{Loaded, Open, load};
pub use template::{MAX_MESSAGE_BYTES, Prompt, RenderError, render};
