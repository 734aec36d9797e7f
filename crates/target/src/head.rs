//! The response head: what is kept of it, and whether its body is an answer at all.
//!
//! Main functions: `kept` and `judge`. Must not keep cookies or secrets.

use crate::failure::Failure;
use crate::framing::Framing;
use crate::secrets::Mask;
use acidtest_record::{Cause, Head, Stage};
use http::{HeaderMap, StatusCode, header, response::Parts};

const KEPT: [&str; 18] = [
    "age",
    "cf-ray",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "location",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "server",
    "server-timing",
    "via",
    "x-cache",
    "x-queue-time",
    "x-request-id",
    "x-total-time",
    "x-validation-time",
];
const KEPT_PREFIXES: [&str; 8] = [
    "anthropic-ratelimit-",
    "openai-",
    "ratelimit",
    "x-amzn-requestid",
    "x-envoy-upstream-",
    "x-groq-",
    "x-inference-",
    "x-ratelimit-",
];
const MAX_KEPT: usize = 64;
const MAX_VALUE: usize = 256;

/// The part of a head that goes into the record.
pub(crate) fn kept(parts: &Parts, mask: &Mask) -> Head {
    let keep = |name: &str| KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|p| name.starts_with(p));
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| keep(name.as_str()))
        .take(MAX_KEPT)
        .map(|(name, value)| {
            let text = mask.text(String::from_utf8_lossy(value.as_bytes()).into_owned());
            (name.as_str().to_owned(), text.chars().take(MAX_VALUE).collect())
        })
        .collect();
    Head { status: parts.status.as_u16(), headers }
}

/// Why the body under this head is no answer, if it is none.
pub(crate) fn judge(parts: &Parts) -> Option<Failure> {
    let fail = |cause, detail| Some(Failure::new(Stage::Head, cause, detail));
    let status = parts.status.as_u16();
    if let Some(cause) = status_cause(parts.status) {
        return fail(cause, format!("HTTP {status}"));
    }
    let coding = text(&parts.headers, header::CONTENT_ENCODING);
    if !coding.is_empty() && coding != "identity" {
        let detail = format!("content-encoding is '{coding}', expected identity as we asked for");
        return fail(Cause::Malformed, detail);
    }
    let transfer = text(&parts.headers, header::TRANSFER_ENCODING);
    if !transfer.is_empty() && transfer != "chunked" {
        let detail = format!("transfer-encoding is '{transfer}', expected chunked");
        return fail(Cause::Malformed, detail);
    }
    let media = media(&parts.headers);
    let wrong = ["text/html", "application/xhtml+xml", "text/xml", "application/xml"];
    let binary = ["image/", "audio/", "video/", "font/", "multipart/"];
    if wrong.contains(&media.as_str()) || binary.iter().any(|b| media.starts_with(b)) {
        let detail = format!(
            "HTTP {status} with content-type '{media}', expected a stream of events or application/json"
        );
        return fail(Cause::Malformed, detail);
    }
    None
}

/// The class of a status; none for those under which an answer comes.
fn status_cause(status: StatusCode) -> Option<Cause> {
    match status.as_u16() {
        200..300 => None,
        429 => Some(Cause::RateLimited),
        529 => Some(Cause::Overloaded),
        300..400 => Some(Cause::Redirect),
        400..500 => Some(Cause::Client),
        500.. => Some(Cause::Server),
        // hyper swallows informational answers; a bare 101 or lower is no answer.
        _ => Some(Cause::Malformed),
    }
}

/// How the body says that it is cut into events; none where it is one piece.
pub(crate) fn framing(headers: &HeaderMap) -> Option<Framing> {
    Framing::of_media(&media(headers))
}

/// Whether the body ends where the connection does.
pub(crate) fn ends_with_connection(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// The times that a kept header states, in seconds, by the server's own names.
pub(crate) fn times(name: &str, value: &str) -> Vec<(String, f64)> {
    match name {
        "openai-processing-ms"
        | "x-envoy-upstream-service-time"
        | "x-total-time"
        | "x-queue-time"
        | "x-inference-time"
        | "x-validation-time" => {
            let ms = value.trim().parse::<f64>().ok();
            ms.map(|ms| (name.to_owned(), ms / 1e3)).into_iter().collect()
        }
        "server-timing" => value.split(',').take(MAX_KEPT).filter_map(server_timing).collect(),
        _ => Vec::new(),
    }
}

/// `db;dur=53.2;desc="x"`: durations are milliseconds.
fn server_timing(metric: &str) -> Option<(String, f64)> {
    let mut parts = metric.split(';').map(str::trim);
    let name = parts.next().filter(|n| !n.is_empty())?;
    let duration =
        parts.filter_map(|p| p.split_once('=')).find(|(k, _)| k.trim().eq_ignore_ascii_case("dur"))?;
    let ms = duration.1.trim().trim_matches('"').parse::<f64>().ok()?;
    Some((format!("server-timing:{name}"), ms / 1e3))
}

fn media(headers: &HeaderMap) -> String {
    let full = text(headers, header::CONTENT_TYPE);
    full.split(';').next().unwrap_or_default().trim().to_owned()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get(name).map(|v| v.as_bytes()).unwrap_or_default();
    let text: String = String::from_utf8_lossy(value).chars().take(100).collect();
    text.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&str, &str)], want: Option<Cause>) {
        let mut response = http::Response::builder().status(status);
        for (k, v) in headers {
            response = response.header(*k, *v);
        }
        let parts = response.body(()).unwrap().into_parts().0;
        let got = judge(&parts).map(|f| f.cause);
        assert_eq!(got, want, "{status} {headers:?}");
    }

    #[test]
    fn heads_are_classed() {
        check(200, &[], None);
        check(200, &[("content-type", "text/event-stream; charset=utf-8")], None);
        check(200, &[("content-type", "Text/HTML")], Some(Cause::Malformed));
        check(200, &[("content-type", "image/png")], Some(Cause::Malformed));
        check(200, &[("content-encoding", "gzip")], Some(Cause::Malformed));
        check(200, &[("content-encoding", "identity")], None);
        check(200, &[("transfer-encoding", "gzip, chunked")], Some(Cause::Malformed));
        check(301, &[], Some(Cause::Redirect));
        check(401, &[], Some(Cause::Client));
        check(429, &[("content-encoding", "gzip")], Some(Cause::RateLimited));
        check(500, &[], Some(Cause::Server));
        check(529, &[], Some(Cause::Overloaded));
        check(999, &[], Some(Cause::Server));
    }

    #[test]
    fn times_in_headers() {
        let check = |name: &str, value: &str, want: &[(&str, f64)]| {
            let got = times(name, value);
            let got: Vec<_> = got.iter().map(|(n, s)| (n.as_str(), *s)).collect();
            assert_eq!(got, want, "{name}: {value}");
        };
        check("openai-processing-ms", "250", &[("openai-processing-ms", 0.25)]);
        check("x-envoy-upstream-service-time", " 8 ", &[("x-envoy-upstream-service-time", 0.008)]);
        check("x-total-time", "soon", &[]);
        let three = "cache;desc=\"x\", total;dur=500, db;desc=q;dur=\"1.5\", ;dur=3, a;dur=x";
        check("server-timing", three, &[("server-timing:total", 0.5), ("server-timing:db", 0.0015)]);
        check("date", "3", &[]);
    }

    #[test]
    fn the_kept_head_has_no_cookies_and_is_masked() {
        let response = http::Response::builder()
            .header("set-cookie", "a=b")
            .header("retry-after", "3")
            .header("x-ratelimit-remaining-tokens", "key sk-12345678")
            .header("server", "x".repeat(1000))
            .body(())
            .unwrap();
        let head = kept(&response.into_parts().0, &Mask::new(&["sk-12345678".into()]));
        assert_eq!(head.headers.len(), 3);
        assert!(head.headers.contains(&("retry-after".into(), "3".into())));
        assert!(head.headers.iter().any(|h| h.1 == "key ***"));
        assert!(head.headers.iter().all(|h| h.1.len() <= MAX_VALUE));
    }
}
