//! The requests of a run as a table, and one of them with its case and repeats.
//!
//! ```text
//!  View ─► CaseIndex (numbers and short words of every request, no texts)
//!            │   CaseQuery: filters, order, page       Needle: what is searched for
//!            ├─► page()  rows of one page, with counts by class; texts are asked for these alone
//!            └─► view()  one request: messages, answer, verdicts, waterfall of its moments
//! ```
//!
//! Deliberately absent: reading a store, and texts of more than one page at once.

mod attempt;
mod budget;
mod index;
mod needle;
mod page;
mod query;
mod spans;
mod view;

pub use crate::failures::input_of;
pub use attempt::{AttemptView, EventView, EventWord, MarkView, PartKind, PartView, SpanView};
pub use budget::cut;
pub use index::{CaseIndex, Place};
pub use needle::{Hits, MOST_NEEDLE, Needle};
pub use page::{CaseFacets, CasePage, CaseRow, ClassCount, RowAsk, RowTexts};
pub use query::{CaseOrder, CaseQuery, MOST_ROWS, Range};
pub use view::{
    AskedParts, AttemptParts, CaseText, CaseView, MOST_REQUESTS, MessageView, RequestView, SaidValue,
    VerdictView, iso,
};
