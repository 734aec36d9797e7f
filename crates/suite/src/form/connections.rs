//! The published form of how a client comes to a target.
//!
//! Main types: [`ConnectionPolicy`] and [`Cancel`]. Must agree with the keys that are
//! read; a test of `form` compares them.

use super::Duration;
use schemars::JsonSchema;

/// How connections are made: kept alive (`reuse`, the default), one for each request (`new`), or a map.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum ConnectionPolicy {
    Word(ConnectionWord),
    Map(Connections),
}

/// `reuse` or `new`.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub(crate) enum ConnectionWord {
    Reuse,
    New,
}

/// How connections are made.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Connections {
    /// A connection is closed after so many requests. Default: it is kept.
    #[schemars(range(min = 1))]
    requests: Option<u32>,
    /// 1 for HTTP/1.1, 2 for HTTP/2 (over `https` by ALPN, over `http` with prior knowledge). Default: 1.
    #[schemars(range(min = 1, max = 2))]
    http: Option<u32>,
    /// HTTP/2: so many connections to each address. Default: another one when all are full.
    #[schemars(range(min = 1, max = 10_000))]
    count: Option<u32>,
    /// HTTP/2: most concurrent streams of a connection. Default: 100.
    #[schemars(range(min = 1, max = 100_000))]
    streams: Option<u32>,
}

/// Requests that the client gives up on purpose: exactly one of `after` and `after_events`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Cancel {
    /// So long after the request began, such as `3 s`.
    after: Option<Duration>,
    /// After so many events of the stream that carry data (events, not tokens).
    #[schemars(range(min = 1))]
    after_events: Option<u32>,
    /// Share of the requests. Default: 1.
    #[schemars(range(min = 0, max = 1))]
    share: Option<f64>,
}
