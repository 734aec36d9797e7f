//! How a client comes to a target: over which connections, to which of its addresses,
//! in which HTTP, and whether it leaves before the end.
//!
//! Main type: [`Connections`]. Must not hold what a run finds out.

use serde::{Deserialize, Serialize};

/// How the connections to a target are made and used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connections {
    /// Base URLs beside the target's first one; they are asked in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Most requests of one connection; absent: it is kept for as long as the server keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// HTTP/2 in place of HTTP/1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http2: Option<Http2>,
    /// Requests that the client gives up on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancel>,
}

impl Connections {
    /// Whether nothing is out of the ordinary.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How HTTP/2 is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http2 {
    /// So many connections to each address, over which streams are spread; absent: another
    /// one is opened when all have as many streams as they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Most concurrent streams of a connection; the server may allow fewer.
    pub streams: u32,
}

impl Default for Http2 {
    fn default() -> Self {
        // What RFC 9113 asks servers to allow at least, and most allow.
        Self { connections: None, streams: 100 }
    }
}

/// Requests that the client gives up on purpose, as people do who close a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// When.
    pub after: CancelAfter,
    /// Share of the requests, in (0, 1]; which ones follows from the seed and the slot.
    pub share: f64,
}

/// When the client gives up a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelAfter {
    /// After so many events of the stream that carry data.
    Events(u32),
    /// So many seconds after the attempt began.
    Seconds(f64),
}
