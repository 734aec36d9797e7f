//! Who may ask: the Host, the Origin, the token; and what every answer says to browsers.
//!
//! Main function: [`guard`], around every route. A page elsewhere can make a browser send requests
//! here, so that loopback alone protects nothing: its Host gives away a name that was bent to this
//! machine, its Origin a foreign page. Bodies are read here, bounded in size and time.

use crate::app::App;
use crate::refusal::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::net::IpAddr;
use std::time::Duration;

/// Longest address.
const MOST_ADDRESS: usize = 8 << 10;
/// Largest body: a note or a vote is a few hundred bytes.
const MOST_BODY: usize = 256 << 10;
/// Time for a body to come.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// The address at which a connection arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived(pub(crate) IpAddr);

/// Whether a request showed the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MayWrite(pub(crate) bool);

/// Lets a request through, or refuses it.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut answer = match check(&app, &request) {
        Err(refusal) => refusal.into_response(),
        Ok(may_write) => {
            request.extensions_mut().insert(may_write);
            match bounded(request).await {
                Ok(request) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            }
        }
    };
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    protect(answer.headers_mut());
    answer
}

fn check(app: &App, request: &Request) -> Result<MayWrite, Refusal> {
    let (headers, uri) = (request.headers(), request.uri());
    if uri.to_string().len() > MOST_ADDRESS {
        return Err(Refusal::new(
            StatusCode::URI_TOO_LONG,
            format!("the address is longer than {MOST_ADDRESS} bytes"),
        ));
    }
    let arrived = request.extensions().get::<Arrived>().map(|a| a.0);
    let host = host(headers)?;
    if uri.authority().is_some() || !is_ours(app, name_of(host), arrived) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "this server is not known by that name (header Host)",
        )
        .hint("use the address that was printed, or allow a name with --host NAME"));
    }
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
    check_origin(headers, host, is_write)?;
    let shown = token(headers).is_some_and(|said| app.about.token.is(said));
    let is_api = uri.path().starts_with("/api");
    // A name that was allowed is that of a proxy: who calls it is not this machine.
    let is_here = app.about.address.ip().is_loopback() && !is_allowed(app, name_of(host));
    let needs = is_write || (is_api && !is_here);
    match needs && !shown {
        true => Err(Refusal::new(StatusCode::UNAUTHORIZED, "this needs the token of the server")
            .hint("open the address with #token=… that `acidtest view` printed when it started")),
        false => Ok(MayWrite(shown)),
    }
}

/// The one Host.
fn host(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut all = headers.get_all(HOST).iter();
    match (all.next().and_then(|v| v.to_str().ok()), all.next()) {
        (Some(host), None) => Ok(host),
        _ => Err(Refusal::bad("expected one header Host")),
    }
}

/// A Host without its port: behind a tunnel the port is another one.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether the user allowed that name.
fn is_allowed(app: &App, name: &str) -> bool {
    let plain = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    app.about.hosts.iter().any(|host| host.eq_ignore_ascii_case(plain))
}

/// Names of this machine to itself, the address that was called, and what the user allows.
fn is_ours(app: &App, name: &str, arrived: Option<IpAddr>) -> bool {
    let plain = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    if plain.eq_ignore_ascii_case("localhost") || is_allowed(app, name) {
        return true;
    }
    let Ok(address) = plain.parse::<IpAddr>() else { return false };
    let address = address.to_canonical();
    let is_called = arrived.is_some_and(|a| a.to_canonical() == address);
    address.is_loopback() || address == app.about.address.ip() || is_called
}

/// A write says where it comes from, and that is here. A read may say nothing, but nothing foreign.
fn check_origin(headers: &HeaderMap, host: &str, is_write: bool) -> Result<(), Refusal> {
    let foreign = || {
        Refusal::new(StatusCode::FORBIDDEN, "the request comes from another page (header Origin)")
            .hint("writes need an Origin that equals the Host")
    };
    let mut origins = headers.get_all(ORIGIN).iter();
    let is_own = |origin: &HeaderValue| {
        let scheme_less =
            origin.to_str().ok().and_then(|o| o.strip_prefix("http://").or(o.strip_prefix("https://")));
        scheme_less.is_some_and(|o| o.eq_ignore_ascii_case(host))
    };
    match origins.next() {
        Some(origin) if is_own(origin) && origins.next().is_none() => Ok(()),
        Some(_) => Err(foreign()),
        None if is_write => Err(foreign()),
        None => match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            // `none`: typed, or opened from a bookmark.
            None | Some(b"same-origin" | b"none") => Ok(()),
            // A link on another page may lead here: that is a navigation, which shows nothing to it.
            Some(_) if headers.get("sec-fetch-mode").is_some_and(|m| m == "navigate") => Ok(()),
            Some(_) => Err(foreign()),
        },
    }
}

/// What `Authorization: Bearer` says.
fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, said) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| said.trim_ascii())
}

/// The request with its body read.
async fn bounded(request: Request) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let too_large =
        || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MOST_BODY} bytes"));
    let read = tokio::time::timeout(BODY_WAIT, Limited::new(body, MOST_BODY).collect()).await;
    let bytes: Bytes = match read {
        Err(_) => return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        Ok(Err(e)) if e.downcast_ref::<LengthLimitError>().is_some() => return Err(too_large()),
        Ok(Err(e)) => return Err(Refusal::bad(format!("the body cannot be read: {e}"))),
        Ok(Ok(body)) => body.to_bytes(),
    };
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Headers of every answer. The page has its own policy; data is never a page.
fn protect(headers: &mut HeaderMap) {
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox");
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(REFERRER_POLICY, "no-referrer");
    put(X_FRAME_OPTIONS, "DENY");
    put(CACHE_CONTROL, "no-store");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp");
}
