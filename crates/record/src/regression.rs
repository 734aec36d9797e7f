//! Gates on how much worse a run may be than its baseline.
//!
//! Main type: [`Regression`], written `accuracy drop <= 2 pp`, `e2e.p50 rise <= 10 %` or
//! `accuracy not worse`. Percentage points and per cent are different things, and a bare number
//! of a share is an error. Must not know which metrics exist: the findings check that.

use crate::gate::{Op, Stat, find_op, parse_left, parse_limit};
use serde::{Deserialize, Serialize};

/// How much worse than the baseline a run may be, for each target, prompt and phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// The metric's id, or a scorer's name.
    pub metric: String,
    /// Its parameters, as written between brackets.
    pub params: Vec<(String, String)>,
    /// Labels that narrow it: `target`, `phase`, `prompt`, or a tag of the cases.
    pub labels: Vec<(String, String)>,
    /// Which number of the metric.
    pub stat: Stat,
    /// `drop` or `rise`, where it was written.
    pub turn: Option<Turn>,
    /// The most that it may be worse; absent for `not worse`: then only a change for the worse
    /// that is shown breaks the gate.
    pub limit: Option<Limit>,
    /// The text as written.
    pub text: String,
}

/// Which way a number may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It got smaller.
    Drop,
    /// It got larger.
    Rise,
}

/// The most that a number may be worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// `<=` or `<`.
    pub op: Op,
    /// In the metric's base unit, or as a share of the baseline's number.
    pub value: f64,
    /// Whether it is a share of the baseline's number (`%`).
    pub relative: bool,
    /// The unit as written (`pp`, `%`, `ms`, `USD` …).
    pub unit: String,
}

/// Why a text is not a regression gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} in regression gate '{gate}'")]
pub struct RegressionParseError {
    /// What is wrong and what was expected.
    pub what: String,
    /// The gate.
    pub gate: String,
    /// What to do.
    pub hint: String,
    /// Byte offset of the trouble in the text.
    pub at: usize,
}

const FORM: &str =
    "write 'accuracy drop <= 2 pp', 'e2e.p50 rise <= 10 %' (of the baseline's value) or 'accuracy not worse'";

impl Regression {
    /// Reads a gate.
    ///
    /// # Errors
    /// The text has another form, an unknown unit, or a number without one.
    pub fn parse(text: &str) -> Result<Self, RegressionParseError> {
        let fail = |what: String, at: usize| RegressionParseError {
            what: what.chars().take(200).collect(),
            gate: text.chars().take(200).collect(),
            hint: FORM.to_owned(),
            at,
        };
        if let Some(left) = text.trim().strip_suffix("not worse") {
            return Self::left(left.trim(), text).map_err(|what| fail(what, 0));
        }
        let (op_at, op_len, op) =
            find_op(text).ok_or_else(|| fail("no comparison (<=, <) and no 'not worse'".into(), 0))?;
        if !matches!(op, Op::Le | Op::Lt) {
            return Err(fail("a drop or rise is bounded from above: <= or <".into(), op_at));
        }
        let right = op_at + op_len;
        let limit = limit(op, text[right..].trim()).map_err(|what| fail(what, right))?;
        let gate = Self::left(text[..op_at].trim(), text).map_err(|what| fail(what, 0))?;
        Ok(Self { limit: Some(limit), ..gate })
    }

    /// The part before the comparison: metric, and `drop` or `rise`.
    fn left(left: &str, text: &str) -> Result<Self, String> {
        let (name, turn) = match left.rsplit_once(char::is_whitespace) {
            Some((name, "drop")) => (name.trim(), Some(Turn::Drop)),
            Some((name, "rise")) => (name.trim(), Some(Turn::Rise)),
            _ => (left, None),
        };
        let gate = parse_left(name)?;
        if gate.bound.is_some() || gate.completed {
            return Err("'.low', '.high' and '.completed' have no place here".into());
        }
        Ok(Self {
            metric: gate.metric,
            params: gate.params,
            labels: gate.labels,
            stat: gate.stat,
            turn,
            limit: None,
            text: text.trim().to_owned(),
        })
    }
}

impl Limit {
    /// Reads a difference alone: `2 pp`, `5 %` (of the base's value), `50 ms`, `0.01 USD`.
    ///
    /// # Errors
    /// No number, no unit or an unknown one, or a number that is not above 0.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = limit(Op::Le, text.trim())?;
        match found.value > 0.0 {
            true => Ok(found),
            false => Err(format!("'{}' is no difference: it must be above 0", text.trim())),
        }
    }
}

fn limit(op: Op, text: &str) -> Result<Limit, String> {
    let (value, unit) = match text.strip_suffix("pp") {
        Some(number) => (parse_limit(&format!("{}%", number.trim()))?.0, "pp".to_owned()),
        None => parse_limit(text)?,
    };
    if unit.is_empty() {
        return Err(format!(
            "'{text}' has no unit: say 'pp' (percentage points), '%' of the baseline, or ms"
        ));
    }
    if value < 0.0 {
        return Err(format!("'{text}' is below 0"));
    }
    Ok(Limit { op, value, relative: unit == "%", unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_and_percentage_points_are_apart() {
        let pp = Regression::parse("accuracy{lang=ko} drop <= 2 pp").unwrap();
        let limit = pp.limit.unwrap();
        assert_eq!((limit.value, limit.relative, limit.unit.as_str()), (0.02, false, "pp"));
        assert_eq!((pp.turn, pp.metric.as_str()), (Some(Turn::Drop), "accuracy"));
        assert_eq!(pp.labels, [("lang".to_owned(), "ko".to_owned())]);
        let share = Regression::parse("e2e.p50 rise < 10 %").unwrap();
        assert_eq!(share.stat, Stat::P50);
        let limit = share.limit.unwrap();
        assert_eq!((limit.op, limit.value, limit.relative), (Op::Lt, 0.1, true));
        assert_eq!(Regression::parse("accuracy <= 2pp").unwrap().turn, None);
        assert_eq!(Regression::parse("ttft.mean rise <= 50 ms").unwrap().limit.unwrap().value, 0.05);
        assert_eq!(Regression::parse("accuracy not worse").unwrap().limit, None);
    }

    #[test]
    fn a_difference_stands_alone() {
        let found = Limit::parse(" 2 pp").unwrap();
        assert_eq!((found.value, found.relative, found.unit.as_str()), (0.02, false, "pp"));
        assert!(Limit::parse("5 %").unwrap().relative);
        for (text, words) in
            [("2", "no unit"), ("0 pp", "above 0"), ("-1 %", "below 0"), ("two pp", "number")]
        {
            assert!(Limit::parse(text).unwrap_err().contains(words), "{text}");
        }
    }

    #[test]
    fn wrong_ones_say_what_is_wrong() {
        for (text, words) in [
            ("accuracy drop <= 0.02", "has no unit"),
            ("accuracy drop <= 2", "has no unit"),
            ("accuracy drop >= 2 pp", "bounded from above"),
            ("accuracy drop", "no comparison"),
            ("accuracy drop <= -1 pp", "below 0"),
            ("accuracy drop <= two pp", "does not begin with a number"),
            ("accuracy drop <= 2 furlongs", "unknown unit"),
            ("accuracy.low drop <= 2 pp", "no place here"),
            ("accuracy slump <= 2 pp", "not a metric's name"),
            (" <= 2 pp", "not a metric's name"),
            ("not worse", "not a metric's name"),
        ] {
            let e = Regression::parse(text).unwrap_err();
            assert!(e.what.contains(words), "{text}: {}", e.what);
        }
    }
}
