//! Bounds of attempts and of the run: `retry:`, `limits:`, `caps:`.
//!
//! Main functions: one for each key. Must not enforce anything.

use crate::error::SuiteError;
use crate::read::{Doc, Fields};
use crate::tree::Node;
use acidtest_record::{Caps, Limits, Retry, TargetSpec};

/// Keys of `retry`.
pub(crate) const RETRY_KEYS: [&str; 3] = ["attempts", "wait", "max_wait"];
/// Keys of `limits`.
pub(crate) const LIMIT_KEYS: [&str; 5] = ["connect", "first_byte", "gap", "total", "body"];
/// Keys of `caps`.
pub(crate) const CAP_KEYS: [&str; 2] = ["time", "cost"];

/// Reads `retry`.
pub(crate) fn retry(suite: &Fields<'_>) -> Result<Retry, SuiteError> {
    let default = Retry::default();
    let Some(node) = suite.get("retry") else {
        return Ok(default);
    };
    let doc = suite.doc;
    let fields = Fields::open(doc, node, "'retry'", &RETRY_KEYS)?;
    let attempts = doc.count(fields.need("attempts", "3")?, "'attempts'", 1..=100)?;
    let wait_s = fields.maybe("wait", Doc::seconds)?.unwrap_or(default.wait_s);
    let max_wait_s = fields.maybe("max_wait", Doc::seconds)?;
    if let Some(node) = fields.get("max_wait").filter(|_| max_wait_s.is_some_and(|m| m < wait_s)) {
        return Err(doc.at(node, format!("'max_wait' is shorter than 'wait' ({wait_s} s)")));
    }
    Ok(Retry {
        attempts: attempts as u8,
        wait_s,
        max_wait_s: max_wait_s.unwrap_or(default.max_wait_s.max(wait_s)),
    })
}

/// Reads `limits`.
pub(crate) fn limits(suite: &Fields<'_>) -> Result<Limits, SuiteError> {
    let default = Limits::default();
    let Some(node) = suite.get("limits") else {
        return Ok(default);
    };
    let fields = Fields::open(suite.doc, node, "'limits'", &LIMIT_KEYS)?;
    let seconds = |key: &str, default: f64| -> Result<f64, SuiteError> {
        Ok(fields.maybe(key, Doc::seconds)?.unwrap_or(default))
    };
    let body = fields.maybe("body", |doc, node, what| doc.bytes(node, what, 1024..=1 << 30))?;
    Ok(Limits {
        connect_s: seconds("connect", default.connect_s)?,
        first_byte_s: seconds("first_byte", default.first_byte_s)?,
        gap_s: seconds("gap", default.gap_s)?,
        total_s: seconds("total", default.total_s)?,
        body_bytes: body.unwrap_or(default.body_bytes),
    })
}

/// Reads `caps`; a cap on cost needs prices in one currency.
pub(crate) fn caps(suite: &Fields<'_>, targets: &[TargetSpec]) -> Result<Caps, SuiteError> {
    let Some(node) = suite.get("caps") else {
        return Ok(Caps::default());
    };
    let doc = suite.doc;
    let fields = Fields::open(doc, node, "'caps'", &CAP_KEYS)?;
    let cost = fields.maybe("cost", |doc, node, what| doc.positive(node, what, 1e12))?;
    if let Some(node) = fields.get("cost") {
        priced(doc, node, "'cost'", targets)?;
    }
    Ok(Caps { time_s: fields.maybe("time", Doc::seconds)?, cost })
}

/// Whether a cap on cost can be kept.
pub(crate) fn priced(doc: &Doc, node: &Node, what: &str, targets: &[TargetSpec]) -> Result<(), SuiteError> {
    let mut currencies = targets.iter().map(|t| t.price.as_ref().map(|p| &p.currency));
    let first = currencies.next().flatten();
    let trouble = match first {
        None => format!("{what} cannot be kept: a target has no price"),
        Some(_) if currencies.any(|c| c != first) => {
            format!("{what} cannot be kept: not every target has a price in the same currency")
        }
        Some(_) => return Ok(()),
    };
    let hint = "give each target `price: { currency: USD, input: …, output: … }`";
    Err(doc.at(node, trouble).hint(hint))
}
