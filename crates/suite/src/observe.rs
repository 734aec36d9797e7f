//! What is looked at beside a run: `observe:`.
//!
//! Main function: [`read`]. Must not look at anything.

use crate::error::{SuiteError, brief};
use crate::read::{Doc, Fields};
use crate::tree::Node;
use acidtest_record::ObserveSpec;
use acidtest_record::observe::{MOST_PIDS, MOST_SCRAPES, SCRAPE_TARGETS};

/// Keys of `observe`.
pub(crate) const KEYS: [&str; 4] = ["host", "server_pid", "scrape", "every"];

/// Reads `observe`.
pub(crate) fn read(suite: &Fields<'_>) -> Result<ObserveSpec, SuiteError> {
    let default = ObserveSpec::default();
    let Some(node) = suite.get("observe") else {
        return Ok(default);
    };
    let doc = suite.doc;
    let fields = Fields::open(doc, node, "'observe'", &KEYS)?;
    let every_s = fields.maybe("every", |doc, node, what| {
        let seconds = doc.seconds(node, what)?;
        match (0.1..=3600.0).contains(&seconds) {
            true => Ok(seconds),
            false => Err(doc.at(node, format!("{what} must be from 100 ms to 1 h"))),
        }
    })?;
    let pid = |doc: &Doc, node: &Node| Ok(doc.count(node, "a process", 1..=u64::from(u32::MAX))? as u32);
    Ok(ObserveSpec {
        host: fields.maybe("host", Doc::flag)?.unwrap_or(default.host),
        server_pids: list(&fields, "server_pid", MOST_PIDS, pid)?,
        scrape: list(&fields, "scrape", MOST_SCRAPES, address)?,
        every_s: every_s.unwrap_or(default.every_s),
    })
}

fn list<T>(
    fields: &Fields<'_>,
    key: &str,
    most: usize,
    one: impl Fn(&Doc, &Node) -> Result<T, SuiteError>,
) -> Result<Vec<T>, SuiteError> {
    let Some(node) = fields.get(key) else {
        return Ok(Vec::new());
    };
    let nodes = fields.doc.one_or_more(node, &format!("'{key}'"))?;
    if nodes.len() > most {
        return Err(fields.doc.at(node, format!("'{key}' names more than {most}")));
    }
    nodes.iter().map(|node| one(fields.doc, node)).collect()
}

fn address(doc: &Doc, node: &Node) -> Result<String, SuiteError> {
    let text = doc.text(node, "an address to scrape")?;
    if text == SCRAPE_TARGETS || text.starts_with("http://") || text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    Err(doc
        .at(node, format!("'{}' is no address of metrics", brief(text)))
        .hint("write http://HOST:PORT/metrics, or 'target' for /metrics beside every target"))
}
