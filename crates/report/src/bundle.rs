//! The page, built from `web/`: one HTML file that holds its script and its style.
//!
//! Main item: [`BUNDLE`]. The server sends it as it is; an HTML report has data filled in.

/// The text of `web/dist/index.html`.
pub const BUNDLE: &str = include_str!("../../../web/dist/index.html");
