//! The page itself: one HTML file without data, and the policy that goes with it.
//!
//! Main type: [`Bundle`]. The policy names the file's own script and style by their hashes; nothing
//! else runs, and nothing is asked of any other machine.

use crate::app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

/// The page with its policy.
pub(crate) struct Bundle {
    html: &'static str,
    policy: String,
}

impl Bundle {
    /// Computes the policy of a page.
    pub(crate) fn new(html: &'static str) -> Self {
        let policy = acidtest_report::page_policy(html, &["connect-src 'self'", "frame-ancestors 'none'"]);
        Self { html, policy }
    }
}

/// `/`: the page.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let bundle = &app.bundle;
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, bundle.policy.as_str())];
    (headers, bundle.html).into_response()
}
