//! A target that is an application's own HTTP interface: `kind: http`.
//!
//! Main function: [`read`]; [`check_names`] holds its templates against the
//! cases. Must not let a secret into the spec, and fills in nothing itself.

use crate::connections;
use crate::error::SuiteError;
use crate::nearest::nearest;
use crate::read::{Doc, Fields};
use crate::targets::{self, looks_like_a_key};
use crate::tree::{Kind, Node};
use acidtest_record::placeholder::Template;
use acidtest_record::{
    AudioSpec, BodySpec, Case, EndMark, HttpSpec, PartSpec, ResponseForm, ResponseSpec, SessionId,
    SessionPer, SessionSpec, Source, TargetKind, TargetSpec,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Keys of the target.
pub(crate) const KEYS: [&str; 17] = [
    "kind",
    "name",
    "url",
    "model",
    "key",
    "headers",
    "method",
    "query",
    "body",
    "form",
    "text",
    "multipart",
    "response",
    "session",
    "price",
    "connections",
    "cancel",
];
/// Keys of `response`.
pub(crate) const RESPONSE_KEYS: [&str; 12] = [
    "stream",
    "answer",
    "reasoning",
    "refusal",
    "finish",
    "input_tokens",
    "output_tokens",
    "model",
    "id",
    "error",
    "audio",
    "end",
];
/// Keys of `audio`.
pub(crate) const AUDIO_KEYS: [&str; 2] = ["base64", "media"];
/// Keys of `end`.
pub(crate) const END_KEYS: [&str; 4] = ["data", "event", "pointer", "value"];
/// Keys of `session`.
pub(crate) const SESSION_KEYS: [&str; 9] =
    ["method", "url", "body", "headers", "pointer", "header", "cookie", "per", "expires"];
/// Keys of a part of `multipart`.
pub(crate) const PART_KEYS: [&str; 4] = ["name", "value", "file", "media"];
/// Keys of `text`.
pub(crate) const TEXT_KEYS: [&str; 2] = ["text", "media"];

/// Names that templates have without any case.
const BUILT_IN: [&str; 8] = ["prompt", "system", "messages", "model", "session", "nonce", "vars", "params"];
const SECRET_PARAMETERS: [&str; 6] = ["key", "api_key", "apikey", "api-key", "token", "access_token"];
const MAX_PARTS: usize = 100;
/// Keys that hold templates.
const TEMPLATES: [&str; 7] = ["url", "headers", "query", "body", "form", "text", "multipart"];

/// Reads a target.
pub(crate) fn read(doc: &Doc, node: &Node) -> Result<TargetSpec, SuiteError> {
    let fields = Fields::open(doc, node, "an http target", &KEYS)?;
    let url_node = connections::first_url(doc, fields.need("url", "http://localhost:8000/ask")?)?;
    let first = url(doc, url_node)?;
    let model = fields.maybe("model", Doc::name)?;
    let name = match (fields.maybe("name", Doc::name)?, &model) {
        (Some(name), _) => name,
        (None, Some(model)) => model.clone(),
        (None, None) => doc.name(fields.need("name", "guide")?, "'name'")?,
    };
    let body = body(&fields)?;
    let response = fields.maybe("response", response)?.unwrap_or_default();
    let session = fields.maybe("session", session)?;
    let query = fields.maybe("query", query)?.unwrap_or_default();
    let headers = fields.maybe("headers", headers)?.unwrap_or_default();
    let connections = connections::read(&fields, url)?;
    if let (Some(node), Some(_), false) = (fields.get("url"), &session, connections.also.is_empty()) {
        return Err(doc
            .at(node, "a session belongs to one address, and there are several")
            .hint("name one address, or make each a target of its own"));
    }
    Ok(TargetSpec {
        name,
        kind: TargetKind::Http,
        source: Source::Url(first),
        model: model.unwrap_or_default(),
        key_env: fields.maybe("key", targets::key)?,
        headers,
        stream: response.form != ResponseForm::Whole,
        price: fields.maybe("price", targets::price)?,
        http: Some(Box::new(HttpSpec {
            method: fields.maybe("method", method)?.unwrap_or_default(),
            query,
            body,
            response,
            session,
        })),
        connections,
        ..TargetSpec::default()
    })
}

/// A whole address whose path may hold placeholders.
fn url(doc: &Doc, node: &Node) -> Result<String, SuiteError> {
    let text = doc.text(node, "'url'")?;
    let host = text.find("://").map_or(0, |at| at + 3);
    let end = text[host..].find('/').map_or(text.len(), |at| host + at);
    let (origin, path) = text.split_at(end);
    targets::check_url(doc, node, origin)?;
    if path.contains(['?', '#']) {
        return Err(doc
            .error_without_value(node.span, "'url' has a query or fragment")
            .hint("write parameters under `query: { NAME: VALUE }`"));
    }
    template(doc, node, text)?;
    Ok(text.to_owned())
}

fn template(doc: &Doc, node: &Node, text: &str) -> Result<(), SuiteError> {
    Template::parse(text)
        .map(drop)
        .map_err(|e| doc.at(node, e.0).hint("write {{ NAME }}, such as {{ prompt }}"))
}

fn method(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let word = doc.text(node, what)?.to_ascii_uppercase();
    const KNOWN: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    if KNOWN.contains(&word.as_str()) {
        return Ok(word);
    }
    Err(doc.unknown(node.span, "method", &word, "", &KNOWN))
}

fn headers(doc: &Doc, node: &Node, what: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    let all = targets::headers(doc, node, what)?;
    for (_, value) in doc.pairs(node, what)? {
        template(doc, value, &doc.spelled(value, what)?)?;
    }
    Ok(all)
}

/// Texts by name, each a template.
fn texts(doc: &Doc, node: &Node, what: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    for (key, value) in doc.pairs(node, what)? {
        let text = doc.spelled(value, &format!("'{}'", key.name))?;
        check_text(doc, value, &text)?;
        out.insert(key.name.clone(), text);
    }
    Ok(out)
}

fn query(doc: &Doc, node: &Node, what: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    for (key, value) in doc.pairs(node, what)? {
        let text = doc.spelled(value, what)?;
        let open = !text.contains("${") && !text.contains("{{");
        if open && SECRET_PARAMETERS.contains(&key.name.to_ascii_lowercase().as_str()) {
            return Err(doc
                .error_without_value(value.span, format!("the parameter '{}' holds a secret", key.name))
                .hint("put it into the environment and write \"${NAME}\""));
        }
    }
    texts(doc, node, what)
}

/// A text of a request: a template that holds no key.
fn check_text(doc: &Doc, node: &Node, text: &str) -> Result<(), SuiteError> {
    if text.split([' ', '=']).any(looks_like_a_key) {
        return Err(doc
            .error_without_value(node.span, "a secret stands in the suite")
            .hint("send it as a header: `headers: { NAME: \"${VARIABLE}\" }`"));
    }
    template(doc, node, text)
}

fn body(fields: &Fields<'_>) -> Result<BodySpec, SuiteError> {
    if ["body", "form", "text", "multipart"].iter().all(|k| fields.get(k).is_none()) {
        return Ok(BodySpec::None);
    }
    let doc = fields.doc;
    let (key, node) = fields.one_of(&["body", "form", "text", "multipart"])?;
    match key {
        "body" => {
            let mut wrong = Ok(());
            walk(node, &mut |leaf, text| {
                if wrong.is_ok() {
                    wrong = check_text(doc, leaf, text);
                }
            });
            wrong.map(|()| BodySpec::Json(node.to_json()))
        }
        "form" => Ok(BodySpec::Form(texts(doc, node, "'form'")?)),
        "text" => plain(doc, node),
        _ => {
            let nodes = doc.full_list(node, "'multipart'")?;
            if nodes.len() > MAX_PARTS {
                return Err(doc.at(node, "more than 100 parts"));
            }
            Ok(BodySpec::Multipart(nodes.iter().map(|n| part(doc, n)).collect::<Result<_, _>>()?))
        }
    }
}

/// `text: TEMPLATE` or `text: { text, media }`.
fn plain(doc: &Doc, node: &Node) -> Result<BodySpec, SuiteError> {
    let (text_node, media) = match &node.kind {
        Kind::Map(_) => {
            let fields = Fields::open(doc, node, "'text'", &TEXT_KEYS)?;
            (fields.need("text", "\"{{ prompt }}\"")?, fields.maybe("media", media)?)
        }
        _ => (node, None),
    };
    let text = doc.text(text_node, "'text'")?.to_owned();
    check_text(doc, text_node, &text)?;
    Ok(BodySpec::Text { text, media: media.unwrap_or_else(|| "text/plain; charset=utf-8".to_owned()) })
}

fn media(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let text = doc.name(node, what)?;
    if text.is_ascii() && text.contains('/') {
        return Ok(text);
    }
    Err(doc.at(node, format!("{what} is no media type")).hint("such as image/png or audio/wav"))
}

fn part(doc: &Doc, node: &Node) -> Result<PartSpec, SuiteError> {
    let fields = Fields::open(doc, node, "a part", &PART_KEYS)?;
    let name = doc.name(fields.need("name", "photo")?, "'name'")?;
    let (key, text_node) = fields.one_of(&["value", "file"])?;
    let text = doc.spelled(text_node, &format!("'{key}'"))?;
    check_text(doc, text_node, &text)?;
    let (value, file) = if key == "file" { (None, Some(text)) } else { (Some(text), None) };
    Ok(PartSpec { name, value, file, media: fields.maybe("media", media)? })
}

fn pointer(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let text = doc.text(node, what)?;
    if text.is_empty() || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err(doc
        .at(node, format!("{what} is no JSON pointer"))
        .hint(format!("write /{}", text.trim_start_matches("$.").replace('.', "/"))))
}

fn response(doc: &Doc, node: &Node, _: &str) -> Result<ResponseSpec, SuiteError> {
    let fields = Fields::open(doc, node, "'response'", &RESPONSE_KEYS)?;
    let form = fields.maybe("stream", |doc, node, what| match doc.text(node, what)? {
        "lines" => Ok(ResponseForm::Lines),
        "sse" => Ok(ResponseForm::Sse),
        word => Err(doc.unknown(node.span, "form", word, " of a stream", &["lines", "sse"])),
    })?;
    let at = |key| fields.maybe(key, pointer);
    let spec = ResponseSpec {
        form: form.unwrap_or_default(),
        answer: at("answer")?,
        reasoning: at("reasoning")?,
        refusal: at("refusal")?,
        finish: at("finish")?,
        input_tokens: at("input_tokens")?,
        output_tokens: at("output_tokens")?,
        model: at("model")?,
        id: at("id")?,
        error: at("error")?,
        audio: fields.maybe("audio", audio)?,
        end: fields.maybe("end", end)?,
    };
    if spec.answer.is_none()
        && let Some((key, _)) =
            doc.pairs(node, "'response'")?.iter().find(|(k, _)| k.name != "stream" && k.name != "end")
    {
        return Err(doc
            .error(key.span, format!("'{}' needs 'answer': without it the answer is plain text", key.name))
            .hint("add the pointer of the text, such as `answer: /reply/text`"));
    }
    match (spec.form, fields.get("end")) {
        (ResponseForm::Whole, Some(place)) => {
            Err(doc.at(place, "'end' needs 'stream'").hint("add `stream: sse` or `stream: lines`"))
        }
        _ => Ok(spec),
    }
}

fn audio(doc: &Doc, node: &Node, _: &str) -> Result<AudioSpec, SuiteError> {
    let fields = Fields::open(doc, node, "'audio'", &AUDIO_KEYS)?;
    Ok(AudioSpec {
        base64: pointer(doc, fields.need("base64", "/audio/data")?, "'base64'")?,
        media: media(doc, fields.need("media", "audio/wav")?, "'media'")?,
    })
}

fn end(doc: &Doc, node: &Node, what: &str) -> Result<EndMark, SuiteError> {
    if let Kind::Text(text) = &node.kind {
        return Ok(EndMark::Data(text.clone()));
    }
    let fields = Fields::open(doc, node, what, &END_KEYS)?;
    let (key, place) = fields.one_of(&["data", "event", "pointer"])?;
    if let (Some(value), false) = (fields.get("value"), key == "pointer") {
        return Err(doc.at(value, "'value' needs 'pointer'"));
    }
    Ok(match key {
        "data" => EndMark::Data(doc.spelled(place, "'data'")?),
        "event" => EndMark::Event(doc.name(place, "'event'")?),
        _ => EndMark::Field {
            pointer: pointer(doc, place, "'pointer'")?,
            value: fields.get("value").map_or(Value::Bool(true), Node::to_json),
        },
    })
}

fn session(doc: &Doc, node: &Node, _: &str) -> Result<SessionSpec, SuiteError> {
    let fields = Fields::open(doc, node, "'session'", &SESSION_KEYS)?;
    let url_node = fields.need("url", "/session")?;
    let url = doc.text(url_node, "'url'")?.to_owned();
    match url.starts_with('/') {
        true if url.contains(['?', '#', '{']) || url.contains(char::is_whitespace) => {
            return Err(doc.error_without_value(url_node.span, "a session's 'url' is a plain path"));
        }
        true => {}
        false => targets::check_url(doc, url_node, &url)?,
    }
    let (key, place) = fields.one_of(&["pointer", "header", "cookie"])?;
    let id = match key {
        "pointer" => SessionId::Pointer(pointer(doc, place, "'pointer'")?),
        "header" => SessionId::Header(doc.name(place, "'header'")?),
        _ => SessionId::Cookie(doc.name(place, "'cookie'")?),
    };
    let per = fields.maybe("per", |doc, node, what| match doc.text(node, what)? {
        "user" => Ok(SessionPer::User),
        "request" => Ok(SessionPer::Request),
        "run" => Ok(SessionPer::Run),
        word => Err(doc.unknown(node.span, "word", word, " for 'per'", &["user", "request", "run"])),
    })?;
    let expires = fields.maybe("expires", |doc, node, what| {
        let status = |n: &Node| Ok(doc.count(n, "a status", 300..=599)? as u16);
        doc.one_or_more(node, what)?.iter().map(status).collect::<Result<Vec<u16>, SuiteError>>()
    })?;
    if let Some(body) = fields.get("body") {
        let mut wrong = Ok(());
        walk(body, &mut |leaf, text| {
            let fault = if text.contains("{{") {
                Err(doc.at(leaf, "a session's body has no placeholders: no case is known yet"))
            } else {
                check_text(doc, leaf, text)
            };
            wrong = std::mem::replace(&mut wrong, Ok(())).and(fault);
        });
        wrong?;
    }
    Ok(SessionSpec {
        method: fields.maybe("method", method)?.unwrap_or_default(),
        url,
        body: fields.get("body").map(Node::to_json),
        headers: fields.maybe("headers", targets::headers)?.unwrap_or_default(),
        id,
        per: per.unwrap_or_default(),
        expires: expires.unwrap_or_else(|| vec![401, 410]),
    })
}

/// Every text in a tree.
fn walk(node: &Node, on: &mut dyn FnMut(&Node, &str)) {
    match &node.kind {
        Kind::Text(text) => on(node, text),
        Kind::List(items) => items.iter().for_each(|n| walk(n, on)),
        Kind::Map(pairs) => pairs.iter().for_each(|(_, n)| walk(n, on)),
        _ => {}
    }
}

/// Whether a template of a target names a variable of the cases or of the matrix.
pub(crate) fn names_variable(target: &Node, name: &str) -> bool {
    let mut found = false;
    for node in TEMPLATES.iter().filter_map(|key| target.get(key)) {
        walk(node, &mut |_, text| found |= Template::parse(text).is_ok_and(|t| t.uses(name)));
    }
    found && !BUILT_IN.contains(&name)
}

/// Whether every placeholder of a target has a value in every case, or from the matrix.
pub(crate) fn check_names(
    doc: &Doc,
    target: &Node,
    cases: &[Case],
    matrix: &Map<String, Value>,
) -> Result<(), SuiteError> {
    let sessions = target.get("session").is_some();
    let mut wrong = None;
    for node in TEMPLATES.iter().filter_map(|key| target.get(key)) {
        walk(node, &mut |leaf, text| {
            let Ok(template) = Template::parse(text) else { return };
            let lost = template
                .names()
                .filter(|name| !matrix.contains_key(*name))
                .find_map(|name| lost(name, sessions, cases).map(|what| (name.to_owned(), what)));
            if let (Some((name, what)), None) = (lost, &wrong) {
                wrong = Some((leaf.clone(), name, what));
            }
        });
    }
    let Some((leaf, name, what)) = wrong else { return Ok(()) };
    let known: BTreeSet<&str> = cases
        .iter()
        .take(100)
        .flat_map(|c| c.vars.keys())
        .chain(matrix.keys())
        .map(String::as_str)
        .chain(BUILT_IN)
        .collect();
    let meant = nearest(&name, known.iter().copied()).map_or(String::new(), |m| format!(" (expected '{m}')"));
    let list: Vec<&str> = known.into_iter().take(30).collect();
    Err(doc.at(&leaf, format!("{what}{meant}")).hint(format!("known: {}", list.join(" "))))
}

/// Why a name has no value, if it has none.
fn lost(name: &str, sessions: bool, cases: &[Case]) -> Option<String> {
    if name == "session" && !sessions {
        return Some("'session' is used, and the target has no `session`".into());
    }
    if BUILT_IN.contains(&name) {
        return None;
    }
    let without = cases.iter().find(|c| !c.vars.contains_key(name))?;
    Some(format!("case '{}' has no variable '{name}'", without.id))
}
