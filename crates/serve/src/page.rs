//! The page itself: one HTML file without data, and the policy that goes with it.
//!
//! Main type: [`Bundle`]. The policy names the file's own script and style by their hashes; nothing
//! else runs, and nothing is asked of any other machine.

use crate::app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

/// The page with its policy.
pub(crate) struct Bundle {
    html: &'static str,
    policy: String,
}

impl Bundle {
    /// Computes the policy of a page.
    pub(crate) fn new(html: &'static str) -> Self {
        let scripts = sources(inline(html, "script"));
        let styles = sources(inline(html, "style"));
        let policy = format!(
            "default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { html, policy }
    }
}

/// Hashes as a policy lists them.
fn sources(texts: Vec<&str>) -> String {
    let hash = |text: &&str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    let all: Vec<String> = texts.iter().map(hash).collect();
    if all.is_empty() { "'none'".to_owned() } else { all.join(" ") }
}

/// The contents of every element of a name, as the browser hashes them. The end of a script or
/// style cannot stand within it, and whatever looks like a start within it is none.
fn inline<'h>(html: &'h str, wanted: &str) -> Vec<&'h str> {
    let mut found = Vec::new();
    let mut rest = html;
    loop {
        let next = ["script", "style"].into_iter().filter_map(|name| Some((start(rest, name)?, name))).min();
        let Some((at, name)) = next else { return found };
        let inside = &rest[at..];
        let Some(end) = inside.find(&format!("</{name}")) else { return found };
        if name == wanted {
            found.push(&inside[..end]);
        }
        rest = &inside[end..];
    }
}

/// Where the content of the next element of a name begins.
fn start(html: &str, name: &str) -> Option<usize> {
    let open = format!("<{name}");
    let mut from = 0;
    loop {
        let at = from + html[from..].find(&open)? + open.len();
        if html[at..].starts_with(['>', ' ', '\n', '\t']) {
            return Some(at + html[at..].find('>')? + 1);
        }
        from = at;
    }
}

/// `/`: the page.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let bundle = &app.bundle;
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, bundle.policy.as_str())];
    (headers, bundle.html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inline_script_and_style_is_found() {
        let html =
            "<style>a{}</style><script type=\"module\">'<style>b'; c</script><styled><script>\n</script>";
        assert_eq!(inline(html, "script"), ["'<style>b'; c", "\n"]);
        assert_eq!(inline(html, "style"), ["a{}"]);
        assert_eq!(inline("<p>", "script"), [""; 0]);
    }

    #[test]
    fn hashes_are_as_the_standard_says() {
        // The example of https://www.w3.org/TR/CSP2/#script-src-hash-usage
        let policy = Bundle::new("<script>alert('Hello, world.');</script>").policy;
        assert!(
            policy.contains("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';"),
            "{policy}"
        );
        assert!(policy.contains("style-src 'none';") && !policy.contains("unsafe"), "{policy}");
    }
}
