//! How a client comes to a target: `url` with several addresses, `connections`, `cancel`.
//!
//! Main function: [`read`]. Must not reach for any address.

use crate::error::SuiteError;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::{Cancel, CancelAfter, Connections, Http2};

/// Keys of `connections`.
pub(crate) const KEYS: [&str; 4] = ["requests", "http", "count", "streams"];
/// Keys of `cancel`.
pub(crate) const CANCEL_KEYS: [&str; 3] = ["after", "after_events", "share"];

const MAX_ADDRESSES: usize = 1000;

/// Reads all of a target but its first address; `check` looks at each further one.
pub(crate) fn read(
    target: &Fields<'_>,
    check: impl Fn(&Doc, &Node) -> Result<String, SuiteError>,
) -> Result<Connections, SuiteError> {
    let mut all = target.maybe("connections", connections)?.unwrap_or_default();
    all.cancel = target.maybe("cancel", cancel)?;
    let Some(node) = target.get("url") else { return Ok(all) };
    let urls = target.doc.one_or_more(node, "'url'")?;
    if urls.len() > MAX_ADDRESSES {
        return Err(target.doc.at(node, format!("more than {MAX_ADDRESSES} addresses")));
    }
    let Some((first, rest)) = urls.split_first() else { return Ok(all) };
    for url in rest {
        let text = check(target.doc, url)?;
        if path(&text) != path(&check(target.doc, first)?) {
            return Err(target
                .doc
                .at(url, "the addresses of one target must have the same path")
                .hint("they are replicas of one server; name others as targets of their own"));
        }
        all.also.push(text);
    }
    Ok(all)
}

/// The first of a target's addresses.
pub(crate) fn first_url<'a>(doc: &Doc, url: &'a Node) -> Result<&'a Node, SuiteError> {
    Ok(doc.one_or_more(url, "'url'")?.first().unwrap_or(url))
}

fn path(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or("", |at| url[host + at..].trim_end_matches('/'))
}

fn connections(doc: &Doc, node: &Node, what: &str) -> Result<Connections, SuiteError> {
    if let Kind::Text(word) = &node.kind {
        return match word.as_str() {
            "reuse" => Ok(Connections::default()),
            "new" => Ok(Connections { requests: Some(1), ..Connections::default() }),
            _ => Err(doc
                .at(node, format!("unknown word in {what}"))
                .hint("write reuse, new, or a map such as { requests: 10 } or { http: 2, count: 4 }")),
        };
    }
    let fields = Fields::open(doc, node, what, &KEYS)?;
    let count = |key: &str, most: u64| fields.maybe(key, |doc, n, what| doc.count(n, what, 1..=most));
    let requests = count("requests", 1_000_000_000)?.map(|n| n as u32);
    let (connections, streams) = (count("count", 10_000)?, count("streams", 100_000)?);
    let http = count("http", 2)?.unwrap_or(1);
    let lone = ["count", "streams"].into_iter().find_map(|key| fields.get(key).map(|node| (key, node)));
    if let (1, Some((key, node))) = (http, lone) {
        return Err(doc.at(node, format!("'{key}' needs HTTP/2")).hint("add `http: 2`"));
    }
    let http2 = (http == 2).then(|| Http2 {
        connections: connections.map(|n| n as u32),
        streams: streams.map_or(Http2::default().streams, |n| n as u32),
    });
    Ok(Connections { requests, http2, ..Connections::default() })
}

fn cancel(doc: &Doc, node: &Node, what: &str) -> Result<Cancel, SuiteError> {
    let fields = Fields::open(doc, node, what, &CANCEL_KEYS)?;
    let (key, _) = fields.one_of(&["after", "after_events"])?;
    let after = match key {
        "after" => {
            let node = fields.need("after", "3 s")?;
            let seconds = doc.seconds(node, "'after'")?;
            if !(seconds > 0.0 && seconds <= 1e6) {
                return Err(doc.at(node, "'after' must be above 0 and at most a million seconds"));
            }
            CancelAfter::Seconds(seconds)
        }
        _ => {
            let node = fields.need("after_events", "20")?;
            CancelAfter::Events(doc.count(node, "'after_events'", 1..=1_000_000)? as u32)
        }
    };
    let share = fields.maybe("share", |doc, n, what| {
        let share = doc.number(n, what, 0.0..=1.0)?;
        match share > 0.0 {
            true => Ok(share),
            false => Err(doc.at(n, format!("{what} must be above 0")).hint("remove `cancel`")),
        }
    })?;
    Ok(Cancel { after, share: share.unwrap_or(1.0) })
}
