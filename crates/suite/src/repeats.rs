//! How often each case is asked, and when it passes: `repeats:`.
//!
//! Main function: [`read`]. Must not judge anything.

use crate::error::{SuiteError, brief};
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::PassRule;

/// Keys of `repeats` as a map.
pub(crate) const KEYS: [&str; 2] = ["n", "pass"];

const MOST: u64 = 10_000;

/// Reads `repeats` of the suite: how often, and the rule.
pub(crate) fn read(suite: &Fields<'_>) -> Result<(u16, Option<PassRule>), SuiteError> {
    let Some(node) = suite.get("repeats") else {
        return Ok((1, None));
    };
    let doc = suite.doc;
    if !matches!(node.kind, Kind::Map(_)) {
        return Ok((doc.count(node, "'repeats'", 1..=MOST)? as u16, None));
    }
    let fields = Fields::open(doc, node, "'repeats'", &KEYS)?;
    let n = doc.count(fields.need("n", "5")?, "'n'", 1..=MOST)? as u16;
    let rule = fields.get("pass").map(|node| pass(doc, node, n)).transpose()?;
    Ok((n, rule))
}

fn pass(doc: &Doc, node: &Node, n: u16) -> Result<PassRule, SuiteError> {
    let text = doc.text(node, "'pass'")?.trim();
    let form = format!("write '{} of {n}', or 'lower bound >= 0.8'", n.div_ceil(2).max(1));
    let fail = |what: String| Err(doc.at(node, what).hint(form.clone()));
    if let Some(rest) = text.strip_prefix("lower bound") {
        let share = rest.trim_start().strip_prefix(">=").map(str::trim).and_then(share);
        return match share {
            Some(p) if p > 0.0 && p < 1.0 => Ok(PassRule::LowerBound(p)),
            _ => fail(format!("'{}' asks for no share between 0 and 1", brief(text))),
        };
    }
    let Some((k, of)) = text.split_once(" of ") else {
        return fail(format!("'{}' is no rule", brief(text)));
    };
    let numbers = k.trim().parse::<u16>().ok().zip(of.trim().parse::<u16>().ok());
    match numbers {
        Some((k, of)) if of == n && (1..=n).contains(&k) => Ok(PassRule::AtLeast(k)),
        Some((_, of)) if of != n => fail(format!("the rule is about {of} answers, and 'n' is {n}")),
        _ => fail(format!("'{}' is no rule", brief(text))),
    }
}

fn share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(number) => number.trim().parse::<f64>().ok().map(|n| n / 100.0),
        None => text.parse().ok(),
    }
}
