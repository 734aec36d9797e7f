//! The HTTP target: a base URL, a model and a key, asked over a pool of connections.
//!
//! Main type: [`HttpTarget`]. Lives on one thread. Must not read the environment
//! nor keep a secret anywhere but in the headers it sends.

use crate::address::{Address, AddressError};
use crate::exchange::{Times, exchange};
use crate::parser::Parser;
use crate::protocol::{self, Key, Protocol};
use crate::seam::{Attempt, BuildError, Built, LocalBoxFuture, Tap, Target, Turn};
use crate::secrets::{Mask, Secrets};
use crate::transport::dial::Dial;
use crate::transport::h2::Streams;
use crate::transport::lane::Way;
use crate::transport::pool::Pool;
use crate::transport::tls;
use acidtest_clock::Zero;
use acidtest_record::{Ask, Limits, TargetSpec};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use std::sync::Arc;
use tokio_rustls::rustls::ClientConfig;

/// Headers that acidtest sets itself: another value would break framing or falsify sizes.
const RESERVED_HEADERS: [&str; 7] =
    ["accept-encoding", "connection", "content-length", "content-type", "te", "transfer-encoding", "upgrade"];

/// Why a target cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Its URL cannot be used.
    #[error("target '{target}': {error}")]
    Url {
        /// The target's name.
        target: String,
        /// What is wrong.
        error: AddressError,
    },
    /// A secret has no value.
    #[error("target '{target}': environment variable {variable} ({place}) is not set or empty")]
    MissingSecret {
        /// The target's name.
        target: String,
        /// The variable.
        variable: String,
        /// Where it is asked for.
        place: String,
    },
    /// A header cannot be sent.
    #[error("target '{target}': header '{name}' {why}")]
    Header {
        /// The target's name.
        target: String,
        /// The header.
        name: String,
        /// What is wrong and what was expected.
        why: String,
    },
    /// Its addresses do not go together.
    #[error("target '{target}': {what}")]
    Addresses {
        /// The target's name.
        target: String,
        /// What is wrong.
        what: String,
    },
    /// An extra body field would overwrite what acidtest decides.
    #[error("target '{target}': body field '{field}' is set by acidtest itself")]
    Body {
        /// The target's name.
        target: String,
        /// The field.
        field: String,
    },
    /// A template of the suite cannot be used.
    #[error("target '{target}': {what}")]
    Template {
        /// The target's name.
        target: String,
        /// What is wrong.
        what: String,
    },
    /// No certificate can be verified.
    #[error("target '{target}': no root certificates found ({why})")]
    NoRoots {
        /// The target's name.
        target: String,
        /// What was tried.
        why: String,
    },
    /// The host's name cannot be verified by TLS.
    #[error("target '{target}': '{host}' is no name that a certificate can hold: {why}")]
    TlsName {
        /// The target's name.
        target: String,
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
}

impl TargetError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Url { error, .. } => match error {
                AddressError::UserInfo { .. } => {
                    Some("put the key into an environment variable and name it with key".into())
                }
                _ => Some("a base URL looks like http://127.0.0.1:8000/v1".into()),
            },
            Self::MissingSecret { variable, .. } => {
                Some(format!("export {variable}=… before the run, or remove it from the target"))
            }
            Self::NoRoots { .. } => {
                Some("install the system's ca-certificates, or set SSL_CERT_FILE to a PEM file".into())
            }
            Self::Body { field, .. } if field == "stream" => {
                Some("use the target's own 'stream' setting".into())
            }
            Self::Addresses { .. } => Some("the addresses of one target are replicas of one server".into()),
            Self::Header { .. } | Self::Body { .. } | Self::Template { .. } | Self::TlsName { .. } => None,
        }
    }
}

/// A target that is asked over HTTP/1.1 or HTTP/2.
pub struct HttpTarget {
    protocol: &'static Protocol,
    spec: TargetSpec,
    path: String,
    uri: Uri,
    pub(crate) headers: HeaderMap,
    /// One for each address, in the order of the URLs.
    places: Vec<Place>,
    pub(crate) times: Times,
    pub(crate) mask: Mask,
    pub(crate) zero: Zero,
}

/// One address of a target.
struct Place {
    way: Way,
    /// Its `host` header.
    host: HeaderValue,
}

impl HttpTarget {
    /// A target at a base URL (`base_url` and not the plan's: the built-in
    /// server's is known only at run time).
    ///
    /// # Errors
    /// The URL, a header or a body field cannot be used, a secret is missing, or
    /// there is no root certificate for https.
    pub fn new(
        spec: &TargetSpec,
        base_url: &str,
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
    ) -> Result<Self, TargetError> {
        let also = spec.connections.also.iter().map(String::as_str);
        let all = std::iter::once(base_url).chain(also).map(|url| address(spec, url));
        let addresses: Vec<Address> = all.collect::<Result<_, _>>()?;
        let alpn = if spec.connections.http2.is_some() { tls::HTTP2 } else { tls::HTTP1 };
        let config = match addresses.iter().any(|a| a.tls) {
            true => Some(
                tls::system_config(alpn)
                    .map_err(|why| TargetError::NoRoots { target: spec.name.clone(), why })?,
            ),
            false => None,
        };
        Self::with_tls(spec, &addresses, limits, secrets, zero, config)
    }

    /// The same with a TLS configuration of the caller's, for the addresses that want one.
    pub(crate) fn with_tls(
        spec: &TargetSpec,
        addresses: &[Address],
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
        config: Option<Arc<ClientConfig>>,
    ) -> Result<Self, TargetError> {
        let protocol = protocol::of(spec.kind);
        if let Some(field) = protocol.reserved.iter().find(|f| spec.body.contains_key(**f)) {
            return Err(TargetError::Body { target: spec.name.clone(), field: (*field).to_owned() });
        }
        let first = same_path(spec, addresses)?;
        let mut found = Found::default();
        let headers = headers(spec, first, secrets, &mut found)?;
        let places = addresses.iter().map(|a| place(spec, a, config.clone(), zero));
        let places = places.collect::<Result<_, _>>()?;
        let uri: Uri = first.path.parse().expect("a path of a parsed URL parses");
        let mask = Mask::new(&found.0);
        Ok(Self {
            protocol,
            spec: spec.clone(),
            path: mask.text(first.path.clone()),
            uri,
            headers,
            places,
            times: Times::of(limits),
            mask,
            zero,
        })
    }

    /// The same for one of `of` measuring threads: a planned number of connections is shared out.
    #[must_use]
    pub(crate) fn for_thread(self, no: u16, of: u16) -> Self {
        for place in &self.places {
            if let Way::Two(streams) = &place.way {
                streams.set_share(no, of);
            }
        }
        self
    }

    /// Which address a turn goes to.
    pub(crate) fn address_of(&self, turn: Turn) -> u16 {
        let count = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        u16::try_from(turn.no % count.max(1)).unwrap_or(0)
    }

    /// The connections to an address.
    pub(crate) fn way(&self, address: u16) -> &Way {
        &self.places[usize::from(address)].way
    }

    /// Names the address in the request.
    pub(crate) fn addressed(&self, mut request: Request<Bytes>, turn: Turn) -> Request<Bytes> {
        if self.places.len() > 1 {
            let host = self.places[usize::from(self.address_of(turn))].host.clone();
            request.headers_mut().insert(header::HOST, host);
        }
        request
    }

    /// A parser for one answer of this target.
    #[must_use]
    pub fn parser(&self, stream: bool) -> Parser {
        Parser::new(self.spec.kind, stream, self.mask.clone())
    }

    /// Makes parsers for this target's answers, streamed or not, on any thread.
    #[must_use]
    pub fn parser_factory(&self) -> Box<dyn Fn(bool) -> Parser + Send> {
        let (kind, mask) = (self.spec.kind, self.mask.clone());
        Box::new(move |stream| Parser::new(kind, stream, mask.clone()))
    }

    /// Path and query that are asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn request(&self, built: &Built) -> Request<Bytes> {
        let mut request = Request::new(built.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let accept = match built.stream {
            true => HeaderValue::from_static(self.protocol.framing.accept()),
            false => HeaderValue::from_static("application/json"),
        };
        request.headers_mut().entry(header::ACCEPT).or_insert(accept);
        request
    }
}

impl Target for HttpTarget {
    fn build(&self, ask: &Ask) -> Result<Built, BuildError> {
        let stream = ask.stream && self.spec.kind.streams();
        let body = (self.protocol.body)(&self.spec, ask)?;
        Ok(Built { path: self.path.clone(), body, stream, ..Built::default() })
    }

    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt> {
        Box::pin(async move { exchange(self, self.request(built), built.turn, None, tap).await.0 })
    }
}

fn address(spec: &TargetSpec, base_url: &str) -> Result<Address, TargetError> {
    let protocol = protocol::of(spec.kind);
    let base = base_url.trim_end_matches('/');
    let base = protocol.root.and_then(|end| base.strip_suffix(end)).unwrap_or(base);
    Address::under(base, protocol.path).map_err(|error| TargetError::Url { target: spec.name.clone(), error })
}

/// The first of a target's addresses, all of which must have the same path: a record has one.
fn same_path<'a>(spec: &TargetSpec, addresses: &'a [Address]) -> Result<&'a Address, TargetError> {
    let fail = |what: String| TargetError::Addresses { target: spec.name.clone(), what };
    let first = addresses.first().ok_or_else(|| fail("it has no address".into()))?;
    if addresses.len() > usize::from(u16::MAX) {
        return Err(fail(format!("{} addresses, expected at most {}", addresses.len(), u16::MAX)));
    }
    for other in addresses {
        if other.path != first.path {
            let what = format!(
                "its addresses have different paths: {}{} and {}{}",
                first.authority, first.path, other.authority, other.path
            );
            return Err(fail(what));
        }
    }
    Ok(first)
}

fn place(
    spec: &TargetSpec,
    address: &Address,
    config: Option<Arc<ClientConfig>>,
    zero: Zero,
) -> Result<Place, TargetError> {
    let config = config.filter(|_| address.tls);
    let dial = Dial::new(address, config, zero).map_err(|why| TargetError::TlsName {
        target: spec.name.clone(),
        host: address.host.clone(),
        why,
    })?;
    let most = spec.connections.requests;
    let way = match spec.connections.http2 {
        None => Way::One(Box::new(Pool::new(dial, most))),
        Some(plan) => {
            let scheme = if address.tls { "https" } else { "http" };
            let origin = format!("{scheme}://{}", address.authority);
            Way::Two(Streams::new(dial, origin, plan, most, zero))
        }
    };
    Ok(Place { way, host: value(spec, "host", &address.authority)? })
}

/// Values of secrets that were used.
#[derive(Default)]
pub(crate) struct Found(pub(crate) Vec<String>);

fn headers(
    spec: &TargetSpec,
    address: &Address,
    secrets: &Secrets,
    found: &mut Found,
) -> Result<HeaderMap, TargetError> {
    let mut map = HeaderMap::new();
    let agent = concat!("acidtest/", env!("CARGO_PKG_VERSION"));
    map.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let host = value(spec, "host", &address.authority)?;
    map.insert(header::HOST, host);
    let protocol = protocol::of(spec.kind);
    for (name, text) in protocol.headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_static(text));
    }
    if let Some(name) = &spec.key_env {
        let key = secret(spec, secrets, name, "key", found)?;
        let (name, text) = match protocol.key {
            Key::Bearer => (header::AUTHORIZATION, format!("Bearer {key}")),
            Key::Header(name) => (HeaderName::from_static(name), key),
        };
        let mut text = value(spec, name.as_str(), &text)?;
        text.set_sensitive(true);
        map.insert(name, text);
    }
    for (name, template) in &spec.headers {
        let lower = name.to_ascii_lowercase();
        let fail = |why: String| TargetError::Header { target: spec.name.clone(), name: name.clone(), why };
        if RESERVED_HEADERS.contains(&lower.as_str()) {
            return Err(fail("is set by acidtest itself".into()));
        }
        let key: HeaderName =
            lower.parse().map_err(|_| fail("has a name that HTTP does not allow".into()))?;
        let known = found.0.len();
        let text = substitute(spec, name, template, secrets, found)?;
        let mut value = value(spec, name, &text)?;
        value.set_sensitive(found.0.len() > known);
        map.insert(key, value);
    }
    Ok(map)
}

fn value(spec: &TargetSpec, name: &str, text: &str) -> Result<HeaderValue, TargetError> {
    HeaderValue::from_str(text).map_err(|_| TargetError::Header {
        target: spec.name.clone(),
        name: name.to_owned(),
        why: "has a value with control characters, expected visible text in one line".into(),
    })
}

fn secret(
    spec: &TargetSpec,
    secrets: &Secrets,
    variable: &str,
    place: &str,
    found: &mut Found,
) -> Result<String, TargetError> {
    let value = secrets.get(variable).ok_or_else(|| TargetError::MissingSecret {
        target: spec.name.clone(),
        variable: variable.to_owned(),
        place: place.to_owned(),
    })?;
    found.0.push(value.clone());
    Ok(value)
}

/// A header's value with every `${NAME}` replaced.
pub(crate) fn substitute(
    spec: &TargetSpec,
    header: &str,
    template: &str,
    secrets: &Secrets,
    found: &mut Found,
) -> Result<String, TargetError> {
    let fail = |why: &str| TargetError::Header {
        target: spec.name.clone(),
        name: header.to_owned(),
        why: why.to_owned(),
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (name, tail) =
            after.split_once('}').ok_or_else(|| fail("has a '${' without '}', expected ${NAME}"))?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            return Err(fail("has a '${…}' that is no variable's name, expected ${NAME}"));
        }
        let place = format!("header '{header}'");
        text.push_str(&secret(spec, secrets, name, &place, found)?);
        rest = tail;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::Source;

    fn spec() -> TargetSpec {
        TargetSpec {
            name: "a".into(),
            kind: acidtest_record::TargetKind::OpenaiChat,
            source: Source::Url("http://h/v1".into()),
            model: "m".into(),
            key_env: Some("KEY".into()),
            headers: [("X-Org".to_owned(), "o-${ORG}-${ORG}".to_owned())].into(),
            body: serde_json::Map::new(),
            stream: true,
            price: None,
            ..TargetSpec::default()
        }
    }

    fn make(spec: &TargetSpec, vars: &[(&str, &str)]) -> Result<HttpTarget, TargetError> {
        let vars: std::collections::HashMap<String, String> =
            vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let secrets = Secrets::from_fn(move |n| vars.get(n).cloned());
        let limits = Limits::default();
        HttpTarget::new(spec, "http://h/v1", &limits, &secrets, Zero::start())
    }

    #[test]
    fn headers_hold_resolved_secrets() {
        let target = make(&spec(), &[("KEY", "sk-12345678\n"), ("ORG", "x")]).unwrap();
        assert_eq!(target.headers["authorization"], "Bearer sk-12345678");
        assert!(target.headers["authorization"].is_sensitive());
        assert_eq!(target.headers["x-org"], "o-x-x");
        assert_eq!(target.headers["host"], "h");
        assert_eq!(target.headers["accept-encoding"], "identity");
        assert_eq!(target.path(), "/v1/chat/completions");
        assert_eq!(target.mask.text("sk-12345678".into()), "***");
    }

    #[test]
    fn faults_of_the_plan_name_target_and_remedy() {
        let check = |spec: &TargetSpec, vars: &[(&str, &str)], words: &str| {
            let err = make(spec, vars).err().expect("it must fail");
            assert!(err.to_string().contains(words), "{err}");
            assert!(!err.to_string().contains("secret-value"), "{err}");
        };
        check(&spec(), &[("KEY", " ")], "'a': environment variable KEY (key)");
        check(&spec(), &[("KEY", "k")], "variable ORG (header 'X-Org')");
        check(&spec(), &[("KEY", "secret-value\nx"), ("ORG", "x")], "control characters");
        let mut s = spec();
        s.headers = [("a".to_owned(), "${ORG".to_owned())].into();
        check(&s, &[("KEY", "k")], "without '}'");
        s.headers = [("Content-Length".to_owned(), "3".to_owned())].into();
        check(&s, &[("KEY", "k")], "set by acidtest itself");
        s.headers.clear();
        s.body.insert("stream".into(), true.into());
        check(&s, &[("KEY", "k")], "body field 'stream'");
        let err = make(&spec(), &[]).err().expect("it must fail");
        assert!(err.hint().expect("a hint").contains("export KEY="));
    }
}
