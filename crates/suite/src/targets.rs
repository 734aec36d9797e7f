//! Who answers: `target:` and `targets:`.
//!
//! Main function: [`read`]. Must not let a secret into the spec: a key is the
//! name of an environment variable, and a value that looks like a key is an
//! error that does not show it.

use crate::error::SuiteError;
use crate::nearest::nearest;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use crate::{command_target, connections, http_target};
use acidtest_record::{Case, Price, Source, TargetKind, TargetSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Keys of a target.
pub(crate) const KEYS: [&str; 12] = [
    "name",
    "url",
    "kind",
    "model",
    "key",
    "headers",
    "body",
    "stream",
    "price",
    "sim",
    "connections",
    "cancel",
];
/// Keys of a price.
pub(crate) const PRICE_KEYS: [&str; 5] = ["currency", "input", "output", "cached", "request"];

const MAX_TARGETS: usize = 100;
const MAX_PRICE: f64 = 1e9;
/// Body fields that the run itself sets, and what sets them.
const OWN_FIELDS: [(&str, &str); 6] = [
    ("model", "set it with the target's `model`"),
    ("messages", "they are made from `prompt` and the cases"),
    ("prompt", "it is made from `prompt` and the cases"),
    ("input", "it is made from `prompt` and the cases"),
    ("stream", "set it with the target's `stream`"),
    ("n", "ask several times with `repeats`"),
];
/// Paths that stand under a base address; each kind of target adds its own.
const ENDPOINTS: [&str; 7] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages",
    "/api/chat",
    "/api/generate",
    "/embeddings",
];
const OWN_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"];
const SECRET_PREFIXES: [&str; 12] =
    ["sk-", "sk_", "pk-", "hf_", "gsk_", "xai-", "AIza", "ghp_", "nvapi-", "r8_", "Bearer ", "eyJ"];

/// Reads `target` or `targets` of the suite.
pub(crate) fn read(suite: &Fields<'_>) -> Result<Vec<TargetSpec>, SuiteError> {
    if suite.get("target").is_none() && suite.get("targets").is_none() {
        suite.need("target", "{ url: http://localhost:8000/v1, model: NAME }")?;
    }
    let (_, node) = suite.one_of(&["target", "targets"])?;
    let nodes = suite.doc.one_or_more(node, "'targets'")?;
    if nodes.len() > MAX_TARGETS {
        return Err(suite.doc.at(node, "more than 100 targets"));
    }
    let mut targets: Vec<TargetSpec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let target = target(suite.doc, node)?;
        if targets.iter().any(|t| t.name == target.name) {
            let place = node.get("name").unwrap_or(node);
            let message = format!("two targets are called '{}'", target.name);
            return Err(suite.doc.at(place, message).hint("give each a `name` of its own"));
        }
        targets.push(target);
    }
    Ok(targets)
}

fn target(doc: &Doc, node: &Node) -> Result<TargetSpec, SuiteError> {
    match word_of_kind(node) {
        Some("http") => return http_target::read(doc, node),
        Some("command") => return command_target::read(doc, node),
        _ => {}
    }
    let fields = Fields::open(doc, node, "a target", &KEYS)?;
    let kind = fields.maybe("kind", kind)?.unwrap_or_default();
    let (source, default_name) = source(&fields)?;
    let model = fields.maybe("model", Doc::name)?;
    let model = match (model, &default_name) {
        (Some(model), _) => model,
        (None, Some(name)) => name.clone(),
        (None, None) => doc.name(fields.need("model", "NAME")?, "'model'")?,
    };
    let name = fields.maybe("name", Doc::name)?.or(default_name);
    Ok(TargetSpec {
        name: name.unwrap_or_else(|| model.clone()),
        kind,
        source,
        model,
        key_env: fields.maybe("key", key)?,
        headers: fields.maybe("headers", headers)?.unwrap_or_default(),
        body: fields.maybe("body", body_fields)?.unwrap_or_default(),
        stream: stream(&fields, kind)?,
        price: fields.maybe("price", price)?,
        connections: connections::read(&fields, plain_url)?,
        ..TargetSpec::default()
    })
}

/// A base address over HTTP.
fn plain_url(doc: &Doc, node: &Node) -> Result<String, SuiteError> {
    let url = doc.name(node, "'url'")?;
    check_url(doc, node, &url)?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// The word of `kind`, where there is one.
fn word_of_kind(node: &Node) -> Option<&str> {
    match node.get("kind").map(|k| &k.kind) {
        Some(Kind::Text(word)) => Some(word),
        _ => None,
    }
}

/// Whether the templates of targets fit the cases; `matrix` is what every prompt gives a value.
pub(crate) fn check_templates(
    suite: &Fields<'_>,
    cases: &[Case],
    matrix: &Map<String, Value>,
) -> Result<(), SuiteError> {
    own(suite)?.try_for_each(|n| http_target::check_names(suite.doc, n, cases, matrix))
}

/// Whether the template of some target names a variable.
pub(crate) fn names_variable(suite: &Fields<'_>, name: &str) -> Result<bool, SuiteError> {
    Ok(own(suite)?.any(|n| http_target::names_variable(n, name)))
}

/// The targets that are templates.
fn own<'a>(suite: &Fields<'a>) -> Result<impl Iterator<Item = &'a Node>, SuiteError> {
    let (_, node) = suite.one_of(&["target", "targets"])?;
    let nodes = suite.doc.one_or_more(node, "'targets'")?;
    Ok(nodes.iter().filter(|n| word_of_kind(n) == Some("http")))
}

/// Where the target is, and the name that a built-in one has by itself.
fn source(fields: &Fields<'_>) -> Result<(Source, Option<String>), SuiteError> {
    let doc = fields.doc;
    let node = connections::first_url(doc, fields.need("url", "http://localhost:8000/v1")?)?;
    let url = doc.name(node, "'url'")?;
    let sim = fields.maybe("sim", Doc::object)?;
    if let Some((_, name)) = url.split_once(':').filter(|(s, _)| *s == "sim" || *s == "local") {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(doc
                .at(node, format!("'{url}' has no proper name after the colon"))
                .hint("write letters, digits and hyphens, such as 'sim:fast'"));
        }
        if url.starts_with("local:") && sim.is_some() {
            let place = fields.get("sim").unwrap_or(node);
            return Err(doc.at(place, "'sim' configures 'sim:NAME', not 'local:NAME'"));
        }
        let own_name = name.to_owned();
        let config = Value::Object(sim.unwrap_or_default());
        return Ok((Source::Sim { name: url, config }, Some(own_name)));
    }
    if let Some(place) = fields.get("sim") {
        return Err(doc
            .at(place, "'sim' needs a target of the built-in server")
            .hint("write `url: sim:NAME`"));
    }
    check_url(doc, node, &url)?;
    Ok((Source::Url(url.trim_end_matches('/').to_owned()), None))
}

pub(crate) fn check_url(doc: &Doc, node: &Node, url: &str) -> Result<(), SuiteError> {
    let form = "write http://HOST:PORT/v1, https://HOST/v1, sim:NAME or local:NAME";
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err(doc.at(node, "'url' is not an address that can be asked").hint(form));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(doc
            .error_without_value(node.span, "'url' holds a user name or password")
            .hint("name the environment variable of the key with `key`"));
    }
    if rest.contains(['?', '#']) {
        return Err(doc
            .error_without_value(node.span, "'url' has a query or fragment")
            .hint("write the base address alone; put keys into `key` or `headers`"));
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let bad_port = port.is_some_and(|p| p.parse::<u16>().map_or(true, |p| p == 0));
    if name.is_empty() || bad_port || url.contains(char::is_whitespace) {
        return Err(doc.at(node, "'url' has no proper host and port").hint(form));
    }
    let plain = rest.trim_end_matches('/');
    if let Some((end, base)) = ENDPOINTS.iter().find_map(|end| Some((end, plain.strip_suffix(end)?))) {
        let scheme = &url[..url.len() - rest.len()];
        return Err(doc
            .at(node, format!("'url' is the base address, without '{end}'"))
            .hint(format!("write {scheme}{base}")));
    }
    Ok(())
}

/// The protocol's word.
fn kind(doc: &Doc, node: &Node, what: &str) -> Result<TargetKind, SuiteError> {
    let word = doc.name(node, what)?;
    let mut known = TargetKind::ALL.map(TargetKind::id).to_vec();
    known.extend([TargetKind::Http.id(), TargetKind::Command.id()]);
    TargetKind::from_id(&word).ok_or_else(|| {
        let near =
            nearest(&word, known.iter().copied()).map_or(String::new(), |n| format!(" (expected '{n}'?)"));
        doc.at(node, format!("unknown kind '{word}' of target{near}"))
            .hint(format!("known: {}", known.join(" ")))
    })
}

/// Whether to ask for a stream: where the protocol has one, by default.
fn stream(fields: &Fields<'_>, kind: TargetKind) -> Result<bool, SuiteError> {
    let stream = fields.maybe("stream", Doc::flag)?;
    match fields.get("stream") {
        Some(node) if stream == Some(true) && !kind.streams() => {
            let message = format!("a target of kind '{}' answers in one piece", kind.id());
            Err(fields.doc.at(node, message).hint("leave `stream` out"))
        }
        _ => Ok(stream.unwrap_or(kind.streams())),
    }
}

/// The name of the environment variable that holds the key.
pub(crate) fn key(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let text = doc.text(node, what)?;
    let is_name = !text.is_empty()
        && text.len() <= 100
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name && !looks_like_a_key(text) {
        return Ok(text.to_owned());
    }
    let hint = "write the name of the environment variable that holds the key, such as OPENAI_API_KEY";
    let message = if text.starts_with('$') {
        "'key' is the name alone, without '$' and braces"
    } else {
        "'key' must be the name of an environment variable, never the key itself"
    };
    Err(doc.error_without_value(node.span, message).hint(hint))
}

/// Known beginnings, or a long mix of small letters, capitals and digits.
pub(crate) fn looks_like_a_key(text: &str) -> bool {
    let has = |f: fn(&u8) -> bool| text.as_bytes().iter().any(f);
    SECRET_PREFIXES.iter().any(|p| text.starts_with(p))
        || (text.len() >= 20
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit))
}

pub(crate) fn headers(doc: &Doc, node: &Node, what: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    for (key, value) in doc.pairs(node, what)? {
        let name = &key.name;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            return Err(doc.error(key.span, format!("'{name}' is not the name of a header")));
        }
        let lower = name.to_ascii_lowercase();
        if OWN_HEADERS.contains(&lower.as_str()) {
            return Err(doc.error(key.span, format!("the header '{name}' is set by the connection")));
        }
        let text = doc.spelled(value, &format!("the header '{name}'"))?;
        check_header_value(doc, value, &lower, &text)?;
        out.insert(name.clone(), text);
    }
    Ok(out)
}

fn check_header_value(doc: &Doc, node: &Node, name: &str, text: &str) -> Result<(), SuiteError> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(doc.at(node, "a header's value has a control character"));
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((variable, tail)) = after.split_once('}') else {
            return Err(doc.at(node, "'${' is never closed").hint("write ${NAME}"));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if variable.is_empty() || !variable.chars().all(plain) {
            return Err(doc
                .at(node, "'${…}' holds no name of an environment variable")
                .hint("write ${NAME}"));
        }
        rest = tail;
    }
    if header_holds_a_secret(name, text) {
        return Err(doc
            .error_without_value(node.span, format!("the header '{name}' holds a secret"))
            .hint("put it into the environment and write \"${NAME}\""));
    }
    Ok(())
}

/// Whether a header holds a secret itself instead of the name of one (`${NAME}`): by the
/// header's name, or because a word of the value looks like a key.
#[must_use]
pub fn header_holds_a_secret(name: &str, value: &str) -> bool {
    let named = value.split_once("${").is_some_and(|(_, after)| after.contains('}'));
    let secret = SECRET_HEADERS.iter().any(|h| name.trim().eq_ignore_ascii_case(h));
    let mut words = value.split([' ', '=', '\t', ',', ';', ':', '"']);
    (secret && !named) || words.any(looks_like_a_key)
}

/// Extra fields of the request body: `body` of a target, `params` of the suite.
pub(crate) fn body_fields(doc: &Doc, node: &Node, what: &str) -> Result<Map<String, Value>, SuiteError> {
    for (key, value) in doc.pairs(node, what)? {
        if let Some((name, hint)) = OWN_FIELDS.iter().find(|(name, _)| *name == key.name) {
            return Err(doc.error(key.span, format!("'{name}' does not belong into {what}")).hint(*hint));
        }
        if value.to_json().as_str().is_some_and(looks_like_a_key) {
            return Err(doc
                .error_without_value(value.span, format!("'{}' holds a secret", key.name))
                .hint("send it as a header: `headers: { NAME: \"${VARIABLE}\" }`"));
        }
    }
    doc.object(node, what)
}

pub(crate) fn price(doc: &Doc, node: &Node, _what: &str) -> Result<Price, SuiteError> {
    let fields = Fields::open(doc, node, "a price", &PRICE_KEYS)?;
    let currency_node = fields.need("currency", "USD")?;
    let currency = doc.text(currency_node, "'currency'")?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(doc
            .at(currency_node, "'currency' must be a code of three capitals")
            .hint("such as USD, EUR or KRW"));
    }
    let amount = |doc: &Doc, node: &Node, what: &str| doc.number(node, what, 0.0..=MAX_PRICE);
    Ok(Price {
        currency: currency.to_owned(),
        input: amount(doc, fields.need("input", "0.15")?, "'input'")?,
        output: amount(doc, fields.need("output", "0.60")?, "'output'")?,
        cached: fields.maybe("cached", amount)?,
        request: fields.maybe("request", amount)?.unwrap_or(0.0),
    })
}
