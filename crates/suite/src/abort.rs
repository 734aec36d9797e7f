//! What stops a run early: `abort:`.
//!
//! Main function: [`read`]. Must not stop anything.

use crate::error::{SuiteError, brief};
use crate::quantity;
use crate::read::{Doc, Fields};
use crate::tree::Node;
use acidtest_record::{AbortRule, AbortWhat, Op, PhaseSpec, TargetSpec};

const MAX_RULES: usize = 100;
/// Outcomes before which a share is not asked, unless the rule says so.
const AFTER: u64 = 20;
const FORM: &str = "write for instance 'error_rate > 20 % after 50', 'cost > 1 USD', 'time > 10 min', \
                    'accuracy < 0.5 after 100 (sequential)', 'not_sent > 5 %', 'in_flight > 500 for 10 s', 'saturated'";

/// Reads `abort` of the suite.
pub(crate) fn read(
    suite: &Fields<'_>,
    targets: &[TargetSpec],
    phases: &[PhaseSpec],
) -> Result<Vec<AbortRule>, SuiteError> {
    let Some(node) = suite.get("abort") else {
        return Ok(Vec::new());
    };
    let doc = suite.doc;
    let nodes = doc.one_or_more(node, "'abort'")?;
    if nodes.len() > MAX_RULES {
        return Err(doc.at(node, "more than 100 rules"));
    }
    let is_closed = phases.iter().all(|p| p.load.is_closed());
    let read = |node| {
        let rule = rule(doc, node, targets)?;
        match is_closed && rule.what == AbortWhat::Saturated {
            true => Err(doc.at(node, "'saturated' is for open loops, and every phase is a closed one").hint(
                "users of a closed loop wait for their answers: they cannot ask for more than is answered",
            )),
            false => Ok(rule),
        }
    };
    nodes.iter().map(read).collect()
}

fn rule(doc: &Doc, node: &Node, targets: &[TargetSpec]) -> Result<AbortRule, SuiteError> {
    let text = doc.text(node, "a rule")?;
    let parsed = parse(text).map_err(|what| doc.at(node, what).hint(FORM))?;
    let (rule, currency) = parsed;
    if rule.what == AbortWhat::Cost {
        let has =
            |t: &TargetSpec| t.price.as_ref().is_some_and(|p| currency.is_empty() || p.currency == currency);
        if !targets.iter().all(has) {
            let what = match currency.as_str() {
                "" => "the rule on cost cannot be kept: a target has no price".to_owned(),
                currency => {
                    format!("the rule on cost cannot be kept: not every target has a price in {currency}")
                }
            };
            return Err(doc
                .at(node, what)
                .hint("give each target `price: { currency: USD, input: …, output: … }`"));
        }
    }
    Ok(rule)
}

/// One rule of the command line.
///
/// # Errors
/// What is wrong, and what to write.
pub fn abort_rule(text: &str) -> Result<AbortRule, (String, String)> {
    match parse(text) {
        Ok((rule, _)) if rule.what == AbortWhat::Cost => {
            Err(("a rule on cost needs the target's price".to_owned(), "write a suite file".to_owned()))
        }
        Ok((rule, _)) => Ok(rule),
        Err(what) => Err((what, FORM.to_owned())),
    }
}

/// A rule, and the currency that it names.
fn parse(text: &str) -> Result<(AbortRule, String), String> {
    let whole = text.trim();
    let (rest, sequential) = match whole.strip_suffix("(sequential)") {
        Some(rest) => (rest.trim(), true),
        None => (whole, false),
    };
    if let Some(rule) = saturated(rest) {
        let (rule, text) = (rule?, whole.to_owned());
        return Ok((AbortRule { sequential: false, text, ..rule }, String::new()));
    }
    let at = rest.find(['<', '>']).ok_or("the rule has no comparison (<, <=, >, >=)")?;
    let word = rest[..at].trim();
    let what = AbortWhat::ALL.into_iter().find(|w| w.id() == word).ok_or_else(|| {
        format!(
            "'{}' cannot be watched: error_rate, accuracy, not_sent, in_flight, cost, time and saturated can",
            brief(word)
        )
    })?;
    let or_equal = rest[at + 1..].starts_with('=');
    let op = match (rest.as_bytes()[at], or_equal) {
        (b'<', true) => Op::Le,
        (b'<', false) => Op::Lt,
        (_, true) => Op::Ge,
        (_, false) => Op::Gt,
    };
    let right = rest[at + 1 + usize::from(or_equal)..].trim();
    let (right, hold_s) = held(what, right)?;
    let (limit, after) = match right.split_once(" after ") {
        Some((limit, after)) => {
            let number = after.trim().parse::<u64>().ok().filter(|n| (1..=1_000_000_000).contains(n));
            (limit.trim(), Some(number.ok_or(format!("'{}' is no number of outcomes", brief(after)))?))
        }
        None => (right, None),
    };
    let is_share = matches!(what, AbortWhat::ErrorRate | AbortWhat::Accuracy | AbortWhat::NotSent);
    if !is_share && (after.is_some() || sequential) {
        return Err(format!("'after' and '(sequential)' belong to shares, not to {}", what.id()));
    }
    let grows = matches!(op, Op::Gt | Op::Ge);
    if !is_share && !grows {
        return Err(format!("a rule on {} asks for '>'", what.id()));
    }
    let (limit, currency) = limit_of(what, limit)?;
    let after = after.unwrap_or(if is_share { AFTER } else { 0 });
    Ok((AbortRule { what, op, limit, after, sequential, hold_s, text: whole.to_owned() }, currency))
}

/// `saturated`, `saturated for 30 s`; nothing where the rule is about something else.
fn saturated(rest: &str) -> Option<Result<AbortRule, String>> {
    let after = rest.strip_prefix(AbortWhat::Saturated.id())?.trim();
    let seconds = match after.strip_prefix("for ") {
        Some(time) => window(time),
        None if after.is_empty() => Ok(0.0),
        None => Err(format!("'saturated' is true or not: '{}' does not belong to it", brief(after))),
    };
    Some(seconds.map(|hold_s| AbortRule {
        what: AbortWhat::Saturated,
        op: Op::Ge,
        limit: 1.0,
        after: 0,
        sequential: false,
        hold_s,
        text: String::new(),
    }))
}

/// The rest of a rule on requests in flight, and for how long it must hold.
fn held(what: AbortWhat, right: &str) -> Result<(&str, f64), String> {
    match right.split_once(" for ") {
        Some((limit, time)) if what == AbortWhat::InFlight => Ok((limit.trim(), window(time)?)),
        Some(_) => Err(format!("'for' belongs to in_flight and saturated, not to {}", what.id())),
        None => Ok((right, 0.0)),
    }
}

fn window(text: &str) -> Result<f64, String> {
    let seconds = quantity::seconds(text.trim()).map_err(|bad| bad.what)?;
    match (1.0..=3600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err(format!("'{}' is no time from 1 s to 1 h", brief(text))),
    }
}

fn limit_of(what: AbortWhat, text: &str) -> Result<(f64, String), String> {
    if what == AbortWhat::Time {
        let seconds = quantity::seconds(text).map_err(|bad| bad.what)?;
        return match seconds > 0.0 && seconds <= 604_800.0 {
            true => Ok((seconds, String::new())),
            false => Err("the time must be above 0 s and at most 168 h".to_owned()),
        };
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 =
        text[..end].parse().map_err(|_| format!("'{}' does not begin with a number", brief(text)))?;
    let unit = text[end..].trim();
    match what {
        AbortWhat::InFlight => match unit.is_empty() && (1.0..=1e6).contains(&number) {
            true => Ok((number, String::new())),
            false => Err(format!("'{}' is no number of requests from 1 to 1000000", brief(text))),
        },
        AbortWhat::Cost => {
            let is_code =
                unit.is_empty() || (unit.len() == 3 && unit.bytes().all(|b| b.is_ascii_uppercase()));
            match is_code && number > 0.0 && number <= 1e12 {
                true => Ok((number, unit.to_owned())),
                false => Err(format!("'{}' is no amount such as '1 USD'", brief(text))),
            }
        }
        _ => {
            let share = match unit {
                "%" => number / 100.0,
                "" => number,
                _ => return Err(format!("'{}' is no share such as '20 %' or 0.2", brief(text))),
            };
            match (0.0..=1.0).contains(&share) {
                true => Ok((share, String::new())),
                false => Err(format!("'{}' is no share from 0 to 1; write '{number} %'", brief(text))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_written() {
        for (text, what, op, limit, after, sequential) in [
            ("error_rate > 20 % after 50", AbortWhat::ErrorRate, Op::Gt, 0.2, 50, false),
            ("cost > 1 USD", AbortWhat::Cost, Op::Gt, 1.0, 0, false),
            ("time>=10 min", AbortWhat::Time, Op::Ge, 600.0, 0, false),
            ("accuracy < 0.5 after 100 (sequential)", AbortWhat::Accuracy, Op::Lt, 0.5, 100, true),
            ("not_sent > 5 % after 30", AbortWhat::NotSent, Op::Gt, 0.05, 30, false),
            ("in_flight > 500 for 10 s", AbortWhat::InFlight, Op::Gt, 500.0, 0, false),
            ("saturated for 30 s", AbortWhat::Saturated, Op::Ge, 1.0, 0, false),
            ("saturated", AbortWhat::Saturated, Op::Ge, 1.0, 0, false),
            ("accuracy <= 50 %", AbortWhat::Accuracy, Op::Le, 0.5, 20, false),
        ] {
            let (rule, _) = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(
                (rule.what, rule.op, rule.limit, rule.after, rule.sequential),
                (what, op, limit, after, sequential)
            );
        }
        for bad in [
            "",
            "error_rate",
            "speed > 1",
            "cost < 1 USD",
            "time > 10",
            "time > 1 s after 5",
            "accuracy < 50",
            "accuracy < 0.5 after x",
            "error_rate > fast",
            "cost > 1 dollars",
            "time > 0 s",
            "in_flight < 5",
            "in_flight > 5 %",
            "in_flight > 5 for 0 s",
            "in_flight > 5 for ever",
            "error_rate > 5 % for 10 s",
            "saturated > 5",
            "saturated for 10",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
