//! An application's own HTTP interface, described by the suite.
//!
//! Main type: [`CustomTarget`]. Requests are templates over the case's
//! variables (`request`), answers are read by JSON pointers (`answer`), a
//! session is made when one is needed (`session`). Must not parse JSON of answers
//! on a measuring thread; a session's own answer, read outside of any
//! request's time, is the exception.

pub(crate) mod answer;
pub(crate) mod base64;
pub(crate) mod files;
mod multipart;
mod request;
mod session;
#[cfg(test)]
mod tests;

use crate::address::Address;
use crate::dialect::Dialect;
use crate::exchange::{Withheld, exchange};
use crate::failure::Failure;
use crate::framing::{Framing, Shape};
use crate::http::{Found, HttpTarget, TargetError, substitute};
use crate::parser::Parser;
use crate::protocol::{Key, Protocol};
use crate::seam::{Attempt, BuildError, Built, LocalBoxFuture, Tap, Target, Turn};
use crate::secrets::Secrets;
use acidtest_clock::Zero;
use acidtest_record::{Ask, Cause, HttpSpec, Limits, Mark, MarkName, Ns, ResponseForm, Stage, TargetSpec};
use answer::Pointed;
use bytes::Bytes;
use files::Files;
use http::header::{self, HeaderName, HeaderValue};
use hyper::Request;
use request::{Plan, Query};
use serde_json::{Map, Value};
use session::{Held, Sessions};
use std::sync::Arc;

/// What the HTTP target below needs to know: the suite's own words replace the rest.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/",
    root: None,
    reserved: &[],
    key: Key::Bearer,
    headers: &[],
    framing: Framing::Events,
    body: |_, _| Err(BuildError::NoMessages),
    dialect: || Box::new(Pointed::new(Arc::default())),
};

/// What stands for a session's id in what is stored.
const HIDDEN: &str = "***";

/// A target that is asked as the suite says.
pub struct CustomTarget {
    inner: HttpTarget,
    spec: Arc<HttpSpec>,
    model: String,
    plan: Plan,
    /// Headers with placeholders.
    headers: Vec<(HeaderName, acidtest_record::placeholder::Template)>,
    sessions: Option<Sessions>,
    files: Files,
}

/// Scheme and host of a URL, and its path as a template.
pub(crate) fn split_url(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    (&url[..end], &url[end..])
}

impl CustomTarget {
    /// The target of a plan.
    ///
    /// # Errors
    /// The URL, a header or a template cannot be used, or a secret is missing.
    pub fn new(
        spec: &TargetSpec,
        url: &str,
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
    ) -> Result<Self, TargetError> {
        let http = spec.http.as_deref().cloned().unwrap_or_default();
        let (origin, path) = split_url(url);
        let at = at_origins(spec, &http, path)?;
        let mut inner = HttpTarget::new(&at, origin, limits, secrets, zero)?;
        let mut found = Found::default();
        let query = query(spec, &http, secrets, &mut found)?;
        let fail = |what: String| TargetError::Template { target: spec.name.clone(), what };
        let plan = Plan::new(&http, path, query).map_err(|e| fail(e.0))?;
        let headers = templated(&mut inner, spec).map_err(|e| fail(e.0))?;
        inner.headers.remove(header::CONTENT_TYPE);
        inner.mask = inner.mask.and(&found.0);
        let sessions = match &http.session {
            Some(session) => Some(Sessions::new(spec, session, origin, limits, secrets, zero)?),
            None => None,
        };
        let spec_http = Arc::new(http);
        let files = Files::default();
        Ok(Self { inner, spec: spec_http, model: spec.model.clone(), plan, headers, sessions, files })
    }

    /// The same for one of `of` measuring threads.
    #[must_use]
    pub(crate) fn for_thread(mut self, no: u16, of: u16) -> Self {
        self.inner = self.inner.for_thread(no, of);
        self
    }

    /// The same with the files that its requests upload.
    #[must_use]
    pub fn with_files(mut self, files: &Files) -> Self {
        self.files = files.clone();
        self
    }

    /// Makes parsers for this target's answers on any thread.
    #[must_use]
    pub fn parser_factory(&self) -> Box<dyn Fn(bool) -> Parser + Send> {
        let (spec, mask) = (Arc::new(self.spec.response.clone()), self.inner.mask.clone());
        let shape = match spec.form {
            ResponseForm::Whole => Shape::Whole,
            ResponseForm::Lines => Shape::Stream(Framing::Lines),
            ResponseForm::Sse => Shape::Stream(Framing::Events),
        };
        Box::new(move |stream| {
            let dialect: Box<dyn Dialect> = Box::new(Pointed::new(Arc::clone(&spec)));
            Parser::with(dialect, shape, stream, mask.clone())
        })
    }

    /// What templates see, the session's id aside.
    fn values(&self, ask: &Ask) -> Map<String, Value> {
        let last = |role: &str| ask.messages.iter().rev().find(|m| m.role == role).map(|m| m.content.clone());
        let system = ask.messages.iter().find(|m| m.role == "system" || m.role == "developer");
        let prompt = last("user").or_else(|| ask.messages.last().map(|m| m.content.clone()));
        let mut values = ask.vars.clone();
        values.insert("vars".into(), Value::Object(ask.vars.clone()));
        values.insert("params".into(), Value::Object(ask.params.clone()));
        values.insert("prompt".into(), prompt.unwrap_or_default().into());
        values.insert("system".into(), system.map_or(String::new(), |m| m.content.clone()).into());
        values.insert("messages".into(), serde_json::to_value(&ask.messages).unwrap_or_default());
        values.insert("model".into(), self.model.clone().into());
        values.insert("nonce".into(), ask.nonce.clone().unwrap_or_default().into());
        values.insert("session".into(), HIDDEN.into());
        values
    }

    /// The request in bytes, its templates filled in with a session's id.
    fn request(&self, built: &Built, session: Option<&Held>) -> Result<Request<Bytes>, String> {
        let mut values: Option<Map<String, Value>> = built.values.as_deref().cloned();
        if let (Some(values), Some(held)) = (&mut values, session) {
            values.insert("session".into(), held.id.clone().into());
        }
        let none = Map::new();
        let values = values.as_ref().unwrap_or(&none);
        let again = session.is_some() && self.plan.uses_session();
        let (body, media) = match again {
            true => self.plan.body(values, &self.files)?,
            false => (built.body.clone(), self.plan.media(&built.body)),
        };
        let path = self.plan.path(values, Query::Sent).map_err(|e| e.0)?;
        let mut request = Request::new(body);
        *request.method_mut() = self.plan.method.clone();
        *request.uri_mut() = path.parse().map_err(|e| format!("the path is not usable: {e}"))?;
        *request.headers_mut() = self.inner.headers.clone();
        let headers = request.headers_mut();
        for (name, template) in &self.headers {
            let text = template.text(values).map_err(|e| e.0)?;
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| format!("the header '{name}' would hold control characters"))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        if let Some(media) = media {
            headers.insert(header::CONTENT_TYPE, media);
        }
        if let Some(cookie) = session.and_then(|held| held.cookie.clone()) {
            headers.insert(header::COOKIE, cookie);
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static(self.plan.accept));
        Ok(request)
    }

    /// One attempt; a session that turns out to be over is made anew once.
    async fn go(&self, built: &Built, tap: &mut dyn Tap) -> Attempt {
        let started = Ns(self.inner.zero.now());
        let mut marks: Vec<Mark> = Vec::new();
        let mut renewed = false;
        loop {
            let session = match &self.sessions {
                Some(sessions) => match sessions.take(&mut marks, renewed).await {
                    Ok(held) => Some(held),
                    Err(failure) => return self.failed(started, marks, built.turn, failure),
                },
                None => None,
            };
            let request = match self.request(built, session.as_ref()) {
                Ok(request) => request,
                Err(what) => {
                    let failure = Failure::new(Stage::Send, Cause::Client, what);
                    return self.failed(started, marks, built.turn, failure);
                }
            };
            // Only a session that worked before can have expired.
            let old = session.as_ref().is_some_and(|held| !held.fresh) && !renewed;
            let withheld = self.sessions.as_ref().filter(|_| old).map(|s| Withheld::new(&s.spec.expires));
            let (attempt, _) = exchange(&self.inner, request, built.turn, withheld.as_ref(), tap).await;
            let (Some(sessions), Some(held)) = (&self.sessions, session) else {
                return attempt;
            };
            if withheld.is_some_and(|w| w.came()) {
                marks.push(Mark { name: MarkName::SessionExpired, at: attempt.ended });
                sessions.lost(&held).await;
                renewed = true;
                continue;
            }
            let over = attempt.head.as_ref().is_some_and(|h| sessions.spec.expires.contains(&h.status));
            match over {
                true => sessions.lost(&held).await,
                false => sessions.give(held),
            }
            marks.extend(attempt.marks.iter().copied());
            return Attempt { started, marks, ..attempt };
        }
    }

    fn failed(&self, started: Ns, marks: Vec<Mark>, turn: Turn, failure: Failure) -> Attempt {
        Attempt {
            started,
            sent: None,
            sent_end: None,
            body_end: None,
            ended: Ns(self.inner.zero.now()),
            marks,
            head: None,
            connection: 0,
            reused: false,
            address: self.inner.address_of(turn),
            end: failure.into_end(&self.inner.mask),
        }
    }
}

impl Target for CustomTarget {
    fn build(&self, ask: &Ask) -> Result<Built, BuildError> {
        let values = self.values(ask);
        let path = self.plan.path(&values, Query::Stored).map_err(|e| BuildError::Template(e.0))?;
        let (body, _) = self.plan.body(&values, &self.files).map_err(BuildError::Template)?;
        let body = crate::protocol::bounded(body.into())?;
        let stream = self.spec.response.form != ResponseForm::Whole;
        Ok(Built { path, body, stream, values: Some(Arc::new(values)), turn: Turn::default() })
    }

    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt> {
        Box::pin(self.go(built, tap))
    }
}

/// The target with its further addresses without their paths, which must be those of the first.
fn at_origins(spec: &TargetSpec, http: &HttpSpec, path: &str) -> Result<TargetSpec, TargetError> {
    let mut at = spec.clone();
    let fail = |what: String| TargetError::Addresses { target: spec.name.clone(), what };
    if http.session.is_some() && !at.connections.also.is_empty() {
        return Err(fail("a session belongs to one address, and there are several".into()));
    }
    for url in &mut at.connections.also {
        let (origin, own) = split_url(url);
        if own != path {
            return Err(fail(format!("its addresses have different paths: {path} and {own}")));
        }
        *url = origin.to_owned();
    }
    Ok(at)
}

/// Query parameters with their secrets: as sent.
fn query(
    spec: &TargetSpec,
    http: &HttpSpec,
    secrets: &Secrets,
    found: &mut Found,
) -> Result<Vec<(String, String, String)>, TargetError> {
    let one = |(name, text): (&String, &String)| {
        let known = found.0.len();
        let sent = substitute(spec, &format!("query {name}"), text, secrets, found)?;
        // A secret stands in a URL in its escaped form.
        let escaped: Vec<String> = found.0[known..].iter().map(|s| request::escape(s)).collect();
        found.0.extend(escaped);
        Ok((name.clone(), text.clone(), sent))
    };
    http.query.iter().map(one).collect()
}

/// Takes the headers that hold placeholders out of those that are always the same.
fn templated(
    inner: &mut HttpTarget,
    spec: &TargetSpec,
) -> Result<
    Vec<(HeaderName, acidtest_record::placeholder::Template)>,
    acidtest_record::placeholder::BadTemplate,
> {
    let mut out = Vec::new();
    for (name, _) in spec.headers.iter().filter(|(_, text)| text.contains("{{")) {
        let Ok(name) = name.to_ascii_lowercase().parse::<HeaderName>() else { continue };
        let Some(value) = inner.headers.remove(&name) else { continue };
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        out.push((name, acidtest_record::placeholder::Template::parse(&text)?));
    }
    Ok(out)
}

/// The address of a session: absolute, or a path on the target's host.
pub(crate) fn session_url(origin: &str, url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    format!("{origin}/{}", url.trim_start_matches('/'))
}

/// Whether that URL can be asked.
pub(crate) fn checked(spec: &TargetSpec, url: &str) -> Result<(), TargetError> {
    Address::under(url, "").map(drop).map_err(|error| TargetError::Url { target: spec.name.clone(), error })
}
