//! Sessions of an application: made before the first request, kept from request to request.
//!
//! Main type: [`Sessions`]. Ids of sessions are never stored. A session's own
//! exchange goes over connections of its own, so that no request's time holds it.

use crate::address::Address;
use crate::custom::{checked, session_url};
use crate::dialect::error_message;
use crate::exchange::exchange;
use crate::failure::Failure;
use crate::http::{HttpTarget, TargetError};
use crate::seam::{End, Segment, Tap, Turn};
use crate::secrets::Secrets;
use acidtest_clock::Zero;
use acidtest_record::{
    Cause, Connections, Limits, Mark, MarkName, Ns, SessionId, SessionPer, SessionSpec, Stage, TargetSpec,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use hyper::{Method, Request, Uri};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use tokio::sync::Mutex;

/// Most sessions that wait for their next request.
const MAX_IDLE: usize = 16_384;
/// Longest id of a session in bytes.
const MAX_ID: usize = 8 << 10;
/// Most bytes of the answer to a session's request.
const MAX_ANSWER: u64 = 1 << 20;

/// A session that a request holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: String,
    /// The cookie that is sent back, where the id came in one.
    pub(crate) cookie: Option<HeaderValue>,
    /// Whether it was made for this very request.
    pub(crate) fresh: bool,
    no: u64,
}

/// The sessions of one measuring thread.
pub(crate) struct Sessions {
    pub(crate) spec: SessionSpec,
    http: HttpTarget,
    method: Method,
    uri: Uri,
    path: String,
    body: Bytes,
    idle: RefCell<Vec<Held>>,
    /// The one of all, for `per: run`; who makes it holds the lock.
    shared: Mutex<Option<Held>>,
    made: Cell<u64>,
}

impl Sessions {
    pub(crate) fn new(
        target: &TargetSpec,
        spec: &SessionSpec,
        origin: &str,
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
    ) -> Result<Self, TargetError> {
        let url = session_url(origin, &spec.url);
        checked(target, &url)?;
        let (own, path) = super::split_url(&url);
        let mut with = target.clone();
        // Kept alive as long as it goes, whatever the requests that are measured do.
        with.connections = Connections { http2: target.connections.http2, ..Connections::default() };
        if same_origin(origin, own) {
            with.headers.retain(|_, text| !text.contains("{{"));
        } else {
            // Another server is not told the target's key, nor what its headers may hold.
            with.key_env = None;
            with.headers.clear();
            with.connections = Connections::default();
        }
        with.headers.extend(spec.headers.clone());
        let limits = Limits { body_bytes: limits.body_bytes.min(MAX_ANSWER), ..limits.clone() };
        let mut http = HttpTarget::new(&with, own, &limits, secrets, zero)?;
        let body = match &spec.body {
            Some(body) => Bytes::from(body.to_string()),
            None => Bytes::new(),
        };
        if spec.body.is_none() {
            http.headers.remove(header::CONTENT_TYPE);
        }
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        let fail = |what: String| TargetError::Template { target: target.name.clone(), what };
        let uri = path.parse().map_err(|e| fail(format!("the session's path '{path}': {e}")))?;
        let method = match spec.method.as_str() {
            "" => Method::POST,
            word => word.parse().map_err(|_| fail(format!("'{word}' is no HTTP method")))?,
        };
        Ok(Self {
            spec: spec.clone(),
            http,
            method,
            uri,
            path,
            body,
            idle: RefCell::default(),
            shared: Mutex::new(None),
            made: Cell::new(0),
        })
    }

    /// A session for a request: one that waits, or a new one; `new` leaves those that wait alone.
    pub(crate) async fn take(&self, marks: &mut Vec<Mark>, new: bool) -> Result<Held, Failure> {
        match self.spec.per {
            SessionPer::Request => self.make(marks).await,
            SessionPer::User => {
                let waiting = if new { None } else { self.idle.borrow_mut().pop() };
                match waiting {
                    Some(held) => Ok(held),
                    None => self.make(marks).await,
                }
            }
            SessionPer::Run => {
                let mut shared = self.shared.lock().await;
                if let Some(held) = &*shared {
                    return Ok(held.clone());
                }
                let held = self.make(marks).await?;
                *shared = Some(Held { fresh: false, ..held.clone() });
                Ok(held)
            }
        }
    }

    /// Gives a session back that may be used again.
    pub(crate) fn give(&self, held: Held) {
        let mut idle = self.idle.borrow_mut();
        if self.spec.per == SessionPer::User && idle.len() < MAX_IDLE {
            idle.push(Held { fresh: false, ..held });
        }
    }

    /// A session is over.
    pub(crate) async fn lost(&self, held: &Held) {
        let mut shared = self.shared.lock().await;
        if shared.as_ref().is_some_and(|s| s.no == held.no) {
            *shared = None;
        }
    }

    async fn make(&self, marks: &mut Vec<Mark>) -> Result<Held, Failure> {
        let now = || Ns(self.http.zero.now());
        marks.push(Mark { name: MarkName::SessionStart, at: now() });
        let made = self.ask().await;
        marks.push(Mark { name: MarkName::SessionEnd, at: now() });
        made.map_err(|mut failure| {
            failure.stage = Stage::Session;
            failure.detail = format!("session: {} {}: {}", self.method, self.path, failure.detail);
            failure
        })
    }

    async fn ask(&self) -> Result<Held, Failure> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.http.headers.clone();
        let accept = HeaderValue::from_static("application/json, */*");
        request.headers_mut().entry(header::ACCEPT).or_insert(accept);
        let mut body = Whole::default();
        let (attempt, headers) = exchange(&self.http, request, Turn::default(), None, &mut body).await;
        if let End::Failed { stage, cause, detail } = attempt.end {
            let more = error_message(&body.0).map(|m| format!(": {m}")).unwrap_or_default();
            return Err(Failure::new(stage, cause, format!("{detail}{}", self.http.mask.text(more))));
        }
        let malformed = |what: String| Failure::new(Stage::Session, Cause::Malformed, what);
        let id = self.id(&headers, &body.0).map_err(malformed)?;
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            let what =
                format!("the id has {} bytes, expected 1 to {MAX_ID} without control characters", id.len());
            return Err(malformed(what));
        }
        let cookie = match &self.spec.id {
            SessionId::Cookie(name) => {
                let mut value = HeaderValue::from_str(&format!("{name}={id}"))
                    .map_err(|_| malformed(format!("the cookie '{name}' cannot be sent back")))?;
                value.set_sensitive(true);
                Some(value)
            }
            _ => None,
        };
        self.made.set(self.made.get() + 1);
        Ok(Held { id, cookie, fresh: true, no: self.made.get() })
    }

    /// The session's id in an answer.
    fn id(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).trim().to_owned();
        match &self.spec.id {
            SessionId::Header(name) => headers
                .get(name.as_str())
                .map(text)
                .ok_or_else(|| format!("the answer has no header '{name}'")),
            SessionId::Cookie(name) => headers
                .get_all(header::SET_COOKIE)
                .iter()
                .map(text)
                .filter_map(|cookie| {
                    let pair = cookie.split(';').next()?;
                    let (key, value) = pair.split_once('=')?;
                    (key.trim() == name).then(|| value.trim().to_owned())
                })
                .next_back()
                .ok_or_else(|| format!("the answer sets no cookie '{name}'")),
            SessionId::Pointer(pointer) => {
                let value: Value =
                    serde_json::from_slice(body).map_err(|e| format!("the answer is not JSON: {e}"))?;
                match value.pointer(pointer) {
                    Some(Value::String(text)) => Ok(text.clone()),
                    Some(Value::Number(number)) => Ok(number.to_string()),
                    Some(_) => Err(format!("the answer's '{pointer}' is no text or number")),
                    None => Err(format!("the answer has nothing at '{pointer}'")),
                }
            }
        }
    }
}

/// Whether two addresses have the same scheme, host and port.
fn same_origin(one: &str, other: &str) -> bool {
    match (Address::under(one, ""), Address::under(other, "")) {
        (Ok(a), Ok(b)) => a.tls == b.tls && a.port == b.port && a.host.eq_ignore_ascii_case(&b.host),
        _ => false,
    }
}

/// A whole body; its size is bounded by the attempt's limit.
#[derive(Default)]
struct Whole(Vec<u8>);

impl Tap for Whole {
    fn segment(&mut self, segment: Segment) {
        self.0.extend_from_slice(&segment.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str) -> HeaderMap {
        let mut target = TargetSpec { key_env: Some("KEY".into()), ..TargetSpec::default() };
        target.headers.insert("X-Also".into(), "${KEY}".into());
        let spec = SessionSpec {
            url: url.into(),
            headers: [("X-Own".to_owned(), "yes".to_owned())].into(),
            ..SessionSpec::default()
        };
        let secrets = Secrets::from_fn(|_| Some("sk-canary-1".into()));
        let (limits, zero) = (Limits::default(), Zero::start());
        Sessions::new(&target, &spec, "http://h:80", &limits, &secrets, zero).unwrap().http.headers
    }

    #[test]
    fn another_server_is_not_told_the_key() {
        for same in ["/session", "http://H/session", "http://h:80/session"] {
            let headers = sent(same);
            assert!(headers.values().any(|v| v.to_str().unwrap().contains("canary")), "{same}");
            assert!(headers.contains_key("x-also") && headers.contains_key("x-own"), "{same}");
        }
        for other in ["https://h/session", "http://h:81/session", "http://g/session", "http://h.g/s"] {
            let headers = sent(other);
            assert!(headers.values().all(|v| !v.to_str().unwrap().contains("canary")), "{other}");
            assert!(headers.contains_key("x-own"), "{other}");
        }
    }
}
