//! A run as one HTML file: the page's own bundle with the run's data in it.
//!
//! ```text
//!  web/dist/index.html ─┬─ policy.rs  a Content-Security-Policy by the hashes of its script and style
//!  RunPage, requests ───┤─ fit.rs     cut to size, and said what was cut
//!                       └─ escape.rs  JSON that cannot leave the element it stands in
//! ```
//!
//! Main function: [`html`]; main type: [`Inlined`]. The file opens from disk, asks nobody for
//! anything, and runs nothing but the bundle: what models, suites and servers said is data inside
//! of one `<script type="application/json">`. Must not read anything: views are asked for.

mod escape;
mod fit;
mod policy;

use crate::page::RunPage;
use acidtest_findings::Frontier;
use acidtest_findings::browse::{CasePage, CaseRow, CaseView};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub use policy::page_policy;

/// The page without data: what `acidtest view` serves.
pub const PAGE: &str = include_str!("../../../../web/dist/index.html");
/// Most requests in a file.
pub const MOST_CASES: usize = 1000;
/// Most requests of one case that are shown together.
pub const MOST_OF_CASE: usize = fit::MOST_OTHERS + 1;
/// Bytes that a file stays below.
pub const MOST_BYTES: usize = 3_000_000;

/// What stands in an HTML report in `<script type="application/json" id="acidtest-data">`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inlined<'f> {
    /// What the page of the run shows.
    page: RunPage<'f>,
    /// Rows of at most 1000 requests, failing ones first.
    cases: CasePage,
    /// What is shown of one request, by `SLOT.STEP`.
    views: BTreeMap<String, CaseView>,
    /// The frontier of the run's own places.
    frontier: Option<Frontier>,
    /// What was left out for size, for people.
    left_out: Vec<String>,
}

/// The page with a run's data as one file. `cases` are its requests, failing ones first; what is
/// shown of one of them is asked for while there is room.
#[must_use]
pub fn html(
    page: RunPage,
    cases: CasePage,
    frontier: Option<Frontier>,
    view: &mut dyn FnMut(&CaseRow) -> Option<CaseView>,
) -> String {
    let room = MOST_BYTES.saturating_sub(PAGE.len() + policy::MOST_BYTES);
    filled(PAGE, &fit::fitted(page, cases, frontier, view, room))
}

/// A bundle with data before its first script, and its policy before everything.
fn filled(bundle: &str, data: &Inlined) -> String {
    let head = bundle.find("<head>").map_or(0, |at| at + "<head>".len());
    let script = bundle[head..].find("<script").map_or(bundle.len(), |at| head + at);
    let policy = page_policy(bundle, &[]);
    let json = escape::json(data);
    [
        &bundle[..head],
        "\n    <meta http-equiv=\"Content-Security-Policy\" content=\"",
        &policy,
        "\" />",
        &bundle[head..script],
        "<script type=\"application/json\" id=\"acidtest-data\">",
        &json,
        "</script>\n    ",
        &bundle[script..],
    ]
    .concat()
}
