//! A request of the suite's own: path, query and body out of templates.
//!
//! Main type: [`Plan`]. Values go into the structure, never into its text: JSON
//! is filled in as a tree, forms and URLs are escaped value by value.

use crate::custom::files::Files;
use crate::custom::multipart;
use acidtest_record::placeholder::{BadTemplate, Template, fill};
use acidtest_record::{BodySpec, HttpSpec, PartSpec, ResponseForm};
use bytes::Bytes;
use http::HeaderValue;
use hyper::Method;
use serde_json::{Map, Value};

/// How a request is made, its templates parsed.
pub(crate) struct Plan {
    pub(crate) method: Method,
    pub(crate) accept: &'static str,
    path: Template,
    /// Name, as stored, as sent (secrets resolved).
    query: Vec<(String, Template, Template)>,
    body: Body,
    session: bool,
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(String, Template)>),
    Text(Template, HeaderValue),
    Multipart(Vec<PartSpec>),
}

/// Which form of the query is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    /// With secrets.
    Sent,
    /// With names of secrets.
    Stored,
}

impl Plan {
    /// # Errors
    /// A template or the method is not usable.
    pub(crate) fn new(
        spec: &HttpSpec,
        path: &str,
        query: Vec<(String, String, String)>,
    ) -> Result<Self, BadTemplate> {
        let body = body(&spec.body)?;
        let method = match (spec.method.as_str(), &body) {
            ("", Body::None) => Method::GET,
            ("", _) => Method::POST,
            (word, _) => word.parse().map_err(|_| BadTemplate(format!("'{word}' is no HTTP method")))?,
        };
        let accept = match spec.response.form {
            ResponseForm::Sse => "text/event-stream",
            ResponseForm::Lines => "application/x-ndjson, application/json, text/plain",
            ResponseForm::Whole if spec.response.answer.is_some() => "application/json",
            ResponseForm::Whole => "*/*",
        };
        let query = query
            .into_iter()
            .map(|(name, stored, sent)| Ok((name, Template::parse(&stored)?, Template::parse(&sent)?)))
            .collect::<Result<_, BadTemplate>>()?;
        let session = body_uses_session(&body);
        Ok(Self { method, accept, path: Template::parse(path)?, query, body, session })
    }

    /// Whether the body has to be made again when a session is known.
    pub(crate) fn uses_session(&self) -> bool {
        self.session
    }

    /// Path and query.
    pub(crate) fn path(&self, values: &Map<String, Value>, which: Query) -> Result<String, BadTemplate> {
        let mut out: String = self.path.text_as(values, &escape)?.chars().map(literal).collect();
        if out.is_empty() {
            out.push('/');
        }
        for (i, (name, stored, sent)) in self.query.iter().enumerate() {
            let template = if which == Query::Sent { sent } else { stored };
            out.push(if i == 0 { '?' } else { '&' });
            out.push_str(&escape(name));
            out.push('=');
            out.push_str(&escape(&template.text(values)?));
        }
        Ok(out)
    }

    /// The body and its media type.
    pub(crate) fn body(
        &self,
        values: &Map<String, Value>,
        files: &Files,
    ) -> Result<(Bytes, Option<HeaderValue>), String> {
        let bytes = match &self.body {
            Body::None => Vec::new(),
            Body::Json(structure) => fill(structure, values).map_err(|e| e.0)?.to_string().into_bytes(),
            Body::Form(pairs) => {
                let pair = |(name, template): &(String, Template)| {
                    Ok(format!("{}={}", escape(name), escape(&template.text(values)?)))
                };
                let pairs: Vec<String> =
                    pairs.iter().map(pair).collect::<Result<_, BadTemplate>>().map_err(|e| e.0)?;
                pairs.join("&").into_bytes()
            }
            Body::Text(template, _) => template.text(values).map_err(|e| e.0)?.into_bytes(),
            Body::Multipart(parts) => multipart::body(parts, values, files)?,
        };
        let media = self.media(&bytes);
        Ok((bytes.into(), media))
    }

    /// The media type of a body of this plan.
    pub(crate) fn media(&self, body: &[u8]) -> Option<HeaderValue> {
        match &self.body {
            Body::None => None,
            Body::Json(_) => Some(HeaderValue::from_static("application/json")),
            Body::Form(_) => Some(HeaderValue::from_static("application/x-www-form-urlencoded")),
            Body::Text(_, media) => Some(media.clone()),
            Body::Multipart(_) => multipart::media(body),
        }
    }
}

fn body(spec: &BodySpec) -> Result<Body, BadTemplate> {
    Ok(match spec {
        BodySpec::None => Body::None,
        BodySpec::Json(structure) => {
            check(structure)?;
            Body::Json(structure.clone())
        }
        BodySpec::Form(pairs) => Body::Form(
            pairs
                .iter()
                .map(|(k, v)| Ok((k.clone(), Template::parse(v)?)))
                .collect::<Result<_, BadTemplate>>()?,
        ),
        BodySpec::Text { text, media } => {
            let media = HeaderValue::from_str(media)
                .map_err(|_| BadTemplate(format!("'{media}' is no media type")))?;
            Body::Text(Template::parse(text)?, media)
        }
        BodySpec::Multipart(parts) => {
            for text in parts.iter().flat_map(|p| p.value.iter().chain(&p.file)) {
                Template::parse(text)?;
            }
            Body::Multipart(parts.clone())
        }
    })
}

/// Whether every text of a structure parses.
fn check(structure: &Value) -> Result<(), BadTemplate> {
    match structure {
        Value::String(text) => Template::parse(text).map(drop),
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(map) => map.values().try_for_each(check),
        _ => Ok(()),
    }
}

fn body_uses_session(body: &Body) -> bool {
    let text = |t: &str| Template::parse(t).is_ok_and(|t| t.uses("session"));
    fn json(value: &Value, text: &dyn Fn(&str) -> bool) -> bool {
        match value {
            Value::String(t) => text(t),
            Value::Array(items) => items.iter().any(|v| json(v, text)),
            Value::Object(map) => map.values().any(|v| json(v, text)),
            _ => false,
        }
    }
    match body {
        Body::None => false,
        Body::Json(structure) => json(structure, &text),
        Body::Form(pairs) => pairs.iter().any(|(_, t)| t.uses("session")),
        Body::Text(template, _) => template.uses("session"),
        Body::Multipart(parts) => parts.iter().flat_map(|p| p.value.iter().chain(&p.file)).any(|t| text(t)),
    }
}

/// A value inside of a URL or a form: everything but plain letters is escaped,
/// and so are dots alone, which would be steps of a path.
pub(crate) fn escape(text: &str) -> String {
    let dots = !text.is_empty() && text.bytes().all(|b| b == b'.');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~".contains(&b) || (b == b'.' && !dots);
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

/// A character of a path as the suite has it: only what a URL cannot hold is escaped.
fn literal(c: char) -> String {
    if c.is_ascii_graphic() && !"\"<>\\^`{|}?#".contains(c) {
        return c.to_string();
    }
    let mut buffer = [0; 4];
    c.encode_utf8(&mut buffer).bytes().map(|b| format!("%{b:02X}")).collect()
}
