//! The suite file: what to ask, of whom, under which load, and what counts as right.
//!
//! ```text
//!  suite.yaml ─ tree (YAML with places) ─ read (checked values) ─┬─ targets, load, scoring, limits ─► RunSpec
//!  cases.jsonl ─ dataset (bounded lines) ────────────────────────┴─ cases ─────────────────────────► Vec<Case>
//!  question: Case ─► messages, raw text (chat_template), examples (shots, picking), continuations
//!  template: Case ─► messages     extract: visible text ─► answer     refusal: text ─► does it decline?
//! ```
//!
//! Main function: [`load`]. This crate is pure: files come through a function
//! given to it, the environment is never read (keys stay names), and nothing in
//! a suite is executed. Every error is a [`SuiteError`] with line, caret and hint.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cases;
mod chat_template;
mod dataset;
mod error;
mod extract;
mod form;
mod form_requests;
mod forms;
mod letter;
mod limits;
mod load;
mod nearest;
mod picking;
mod prompts;
mod python;
mod quantity;
mod question;
mod read;
mod refusal;
mod scoring;
mod shots;
mod suite;
mod targets;
mod template;
mod tree;

pub use error::{Span, SuiteError};
pub use extract::{Extractor, NotFound, extract};
pub use form::schema;
pub use question::{Asker, MAX_CHOICES, Question};
pub use refusal::is_refusal;
pub use suite::{Loaded, Open, load};
pub use template::{MAX_MESSAGE_BYTES, Prompt, RenderError, render};
