//! The Content-Security-Policy of a page: its own script and style by their hashes, nothing else.
//!
//! Main function: [`page_policy`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Room that a policy and its element may need in a file.
pub(super) const MOST_BYTES: usize = 4096;

/// The policy of a page; `more` are further directives, such as `connect-src 'self'`.
#[must_use]
pub fn page_policy(html: &str, more: &[&str]) -> String {
    let (scripts, styles) = (sources(html, "script"), sources(html, "style"));
    let mut all = vec![
        "default-src 'none'".to_owned(),
        format!("script-src {scripts}"),
        format!("style-src {styles}"),
        "img-src data:".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
    ];
    all.extend(more.iter().map(|m| (*m).to_owned()));
    all.join("; ")
}

/// Hashes of all elements of a name, as a policy lists them.
fn sources(html: &str, name: &str) -> String {
    let hash = |text: &&str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let all: Vec<String> = inline(html, name).iter().map(hash).collect();
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
        let policy = page_policy("<script>alert('Hello, world.');</script>", &["connect-src 'self'"]);
        assert!(
            policy.contains("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';"),
            "{policy}"
        );
        assert!(policy.contains("style-src 'none';") && policy.ends_with("; connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('"') && policy.len() < MOST_BYTES - 200);
    }
}
