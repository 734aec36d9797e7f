//! Gates: conditions on estimates that decide the exit code.
//!
//! Main type: [`Gate`], written `metric[params]{label=value}.stat op number unit`,
//! for instance `ttft.p95 <= 800 ms` or `accuracy{lang=ko}.low >= 80 %`. Must not
//! know which metrics exist: the findings check that.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A condition on an estimate, for each target and phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The metric's id.
    pub metric: String,
    /// Its parameters, as written between brackets.
    pub params: Vec<(String, String)>,
    /// Labels that narrow it: `target`, `phase`, or a tag of the cases.
    pub labels: Vec<(String, String)>,
    /// Which number of the estimate.
    pub stat: Stat,
    /// Which end of the interval, where the bound is asked for.
    pub bound: Option<Bound>,
    /// The comparison.
    pub op: Op,
    /// The limit in the metric's base unit (seconds, ratio, tokens per second …).
    pub limit: f64,
    /// The unit as written (`ms`, `s`, `%`, empty …).
    pub unit: String,
    /// Whether only completed requests count (latencies); else a request without first content counts as +∞.
    pub completed: bool,
    /// The text as written.
    pub text: String,
}

/// Which number of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stat {
    /// The metric's own (mean of a score, share of a rate).
    Default,
    /// Arithmetic mean.
    Mean,
    /// Share of units.
    Share,
    /// A number of all answers together.
    Value,
    /// Per second.
    Rate,
    /// Sum.
    Total,
    /// Largest.
    Max,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

/// Which end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The lower end.
    Low,
    /// The upper end.
    High,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `<=`
    Le,
    /// `<`
    Lt,
    /// `>=`
    Ge,
    /// `>`
    Gt,
}

impl Op {
    /// Whether `value op limit` holds.
    #[must_use]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Op::Le => value <= limit,
            Op::Lt => value < limit,
            Op::Ge => value >= limit,
            Op::Gt => value > limit,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Le => "≤",
            Op::Lt => "<",
            Op::Ge => "≥",
            Op::Gt => ">",
        })
    }
}

impl Stat {
    /// The word in gates and JSON; empty for the metric's own.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Stat::Default => "",
            Stat::Mean => "mean",
            Stat::Share => "share",
            Stat::Value => "value",
            Stat::Rate => "rate",
            Stat::Total => "total",
            Stat::Max => "max",
            Stat::P50 => "p50",
            Stat::P90 => "p90",
            Stat::P95 => "p95",
            Stat::P99 => "p99",
        }
    }

    /// The stat of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Stat> {
        use Stat::{Max, Mean, P50, P90, P95, P99, Rate, Share, Total, Value};
        [Mean, Share, Value, Rate, Total, Max, P50, P90, P95, P99].into_iter().find(|s| s.id() == id)
    }

    /// The quantile it asks for, if it is one.
    #[must_use]
    pub fn quantile(self) -> Option<f64> {
        match self {
            Stat::P50 => Some(0.5),
            Stat::P90 => Some(0.9),
            Stat::P95 => Some(0.95),
            Stat::P99 => Some(0.99),
            _ => None,
        }
    }
}

/// Why a text is not a gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} in gate '{gate}'")]
pub struct GateParseError {
    /// What is wrong and what was expected.
    pub what: String,
    /// The gate.
    pub gate: String,
    /// What to do.
    pub hint: String,
    /// Byte offset of the trouble in the gate's text.
    pub at: usize,
}

const FORM: &str =
    "write 'metric.stat op number unit', for instance 'ttft.p95 <= 800 ms' or 'accuracy.low >= 80 %'";

impl Gate {
    /// Reads a gate.
    ///
    /// # Errors
    /// The text has another form, an unknown stat or unit, or a number that is not finite.
    pub fn parse(text: &str) -> Result<Self, GateParseError> {
        let fail = |what: String, at: usize| GateParseError {
            what: what.chars().take(200).collect(),
            gate: text.chars().take(200).collect(),
            hint: FORM.to_owned(),
            at,
        };
        let (op_at, op_len, op) =
            find_op(text).ok_or_else(|| fail("no comparison (<=, <, >=, >)".into(), 0))?;
        let left = parse_left(text[..op_at].trim()).map_err(|what| fail(what, 0))?;
        let right_at = op_at + op_len;
        let (limit, unit) = parse_limit(text[right_at..].trim()).map_err(|what| fail(what, right_at))?;
        Ok(Self { op, limit, unit, text: text.trim().to_owned(), ..left })
    }
}

/// Longest name of a metric or scorer in a gate.
const MAX_NAME: usize = 200;

/// The comparison outside of brackets and braces: offset, length, operator.
pub(crate) fn find_op(text: &str) -> Option<(usize, usize, Op)> {
    let mut depth = 0usize;
    for (i, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '≤' if depth == 0 => return Some((i, c.len_utf8(), Op::Le)),
            '≥' if depth == 0 => return Some((i, c.len_utf8(), Op::Ge)),
            '<' | '>' if depth == 0 => {
                let or_equal = text[i + 1..].starts_with('=');
                let op = match (c, or_equal) {
                    ('<', true) => Op::Le,
                    ('<', false) => Op::Lt,
                    (_, true) => Op::Ge,
                    (_, false) => Op::Gt,
                };
                return Some((i, 1 + usize::from(or_equal), op));
            }
            _ => {}
        }
    }
    None
}

/// `metric[params]{labels}.stat.bound.completed` with the rest left blank.
pub(crate) fn parse_left(text: &str) -> Result<Gate, String> {
    let mut rest = text;
    let end = rest.find(['[', '{']).unwrap_or(rest.len());
    let head = &rest[..end];
    rest = &rest[end..];
    let params = take_pairs(&mut rest, '[', ']')?;
    let labels = take_pairs(&mut rest, '{', '}')?;
    let mut gate = Gate {
        metric: String::new(),
        params,
        labels,
        stat: Stat::Default,
        bound: None,
        op: Op::Le,
        limit: 0.0,
        unit: String::new(),
        completed: false,
        text: String::new(),
    };
    // Words after the metric: `f0.5` is a metric's name, so only known words are taken off the end.
    let mut words: Vec<&str> = rest.split('.').skip(1).collect();
    if !rest.is_empty() && !rest.starts_with('.') {
        return Err(format!("'{rest}' where '.stat' or a comparison was expected"));
    }
    let mut name = head;
    if rest.is_empty() {
        while let Some((before, word)) = name.rsplit_once('.') {
            if !is_suffix(word) {
                break;
            }
            words.insert(0, word);
            name = before;
        }
    }
    for word in words {
        apply_suffix(&mut gate, word)?;
    }
    if name.len() > MAX_NAME {
        return Err(format!("a name of {} bytes where a metric was expected", name.len()));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_@^.+-".contains(c)) {
        return Err(format!("'{name}' is not a metric's name"));
    }
    name.clone_into(&mut gate.metric);
    Ok(gate)
}

fn is_suffix(word: &str) -> bool {
    matches!(word, "low" | "high" | "completed")
        || Stat::from_id(word).is_some()
        || (word.starts_with('p') && word[1..].parse::<f64>().is_ok())
}

fn apply_suffix(gate: &mut Gate, word: &str) -> Result<(), String> {
    let twice = match word {
        "low" | "high" => gate.bound.is_some(),
        "completed" => gate.completed,
        _ => gate.stat != Stat::Default,
    };
    if twice {
        return Err(format!("'{word}' after another word of its kind"));
    }
    match word {
        "low" => gate.bound = Some(Bound::Low),
        "high" => gate.bound = Some(Bound::High),
        "completed" => gate.completed = true,
        _ => {
            gate.stat = Stat::from_id(word).ok_or_else(|| {
                format!("unknown stat '{word}' (known: mean share value rate total max p50 p90 p95 p99, low, high, completed)")
            })?;
        }
    }
    Ok(())
}

/// Takes `open k=v,k=v close` off the front of `rest`, if it is there.
fn take_pairs(rest: &mut &str, open: char, close: char) -> Result<Vec<(String, String)>, String> {
    let Some(inner) = rest.strip_prefix(open) else {
        return Ok(Vec::new());
    };
    let end = inner.find(close).ok_or_else(|| format!("'{open}' is never closed"))?;
    let mut pairs = Vec::new();
    for pair in inner[..end].split(',') {
        let (k, v) = pair.split_once('=').ok_or_else(|| format!("'{pair}' where name=value was expected"))?;
        pairs.push((k.trim().to_owned(), v.trim().trim_matches(['"', '\'']).to_owned()));
    }
    *rest = &inner[end + close.len_utf8()..];
    Ok(pairs)
}

/// A number and its unit, turned into the base unit.
pub(crate) fn parse_limit(text: &str) -> Result<(f64, String), String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-._eE".contains(c))).unwrap_or(text.len());
    let number: f64 =
        text[..end].replace('_', "").parse().map_err(|_| format!("'{text}' does not begin with a number"))?;
    let unit = text[end..].trim();
    let factor = match unit {
        "" | "s" | "req/s" | "tok/s" | "tokens/s" | "1/s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "min" => 60.0,
        "h" => 3600.0,
        "%" => 1e-2,
        "USD" | "EUR" | "KRW" | "JPY" | "GBP" | "CNY" => 1.0,
        other => {
            return Err(format!(
                "unknown unit '{other}' (known: s ms us min h % req/s tok/s and currency codes)"
            ));
        }
    };
    let limit = number * factor;
    if !limit.is_finite() {
        return Err(format!("'{text}' is not a finite number"));
    }
    // 80 % must mean 0.8 exactly, not 0.8000000000000000x.
    let limit = if unit == "%" {
        number / 100.0
    } else if unit == "ms" {
        number / 1000.0
    } else {
        limit
    };
    Ok((limit, unit.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, metric: &str, stat: Stat, bound: Option<Bound>, op: Op, limit: f64) {
        let g = Gate::parse(text).unwrap();
        assert_eq!(
            (g.metric.as_str(), g.stat, g.bound, g.op, g.limit),
            (metric, stat, bound, op, limit),
            "{text}"
        );
    }

    #[test]
    fn gates_of_the_reference_parse() {
        check("ttft.p95 <= 800 ms", "ttft", Stat::P95, None, Op::Le, 0.8);
        check("ttft.p95<=800ms", "ttft", Stat::P95, None, Op::Le, 0.8);
        check("accuracy.low >= 0.8", "accuracy", Stat::Default, Some(Bound::Low), Op::Ge, 0.8);
        check("accuracy >= 80 %", "accuracy", Stat::Default, None, Op::Ge, 0.8);
        check("f0.5.low > 0.5", "f0.5", Stat::Default, Some(Bound::Low), Op::Gt, 0.5);
        check("error_rate < 1%", "error_rate", Stat::Default, None, Op::Lt, 0.01);
        check("tpot.p99.high ≤ 50 ms", "tpot", Stat::P99, Some(Bound::High), Op::Le, 0.05);
        let g = Gate::parse("accuracy{lang=ko,target=a}.low >= 0.7").unwrap();
        assert_eq!(g.labels, [("lang".into(), "ko".into()), ("target".into(), "a".into())]);
        let g = Gate::parse("ttft[visible=yes].p50.completed < 1 s").unwrap();
        assert!(g.completed);
        assert_eq!(g.params, [("visible".into(), "yes".into())]);
    }

    #[test]
    fn wrong_gates_say_what_is_wrong() {
        for (text, words) in [
            ("accuracy", "no comparison"),
            ("accuracy.low.low >= 1", "'low' after another"),
            ("ttft.p95.p50 <= 1 s", "'p50' after another"),
            ("ttft.p42 <= 1 s", "unknown stat 'p42'"),
            ("ttft.p95 <= fast", "does not begin with a number"),
            ("ttft.p95 <= 1 parsec", "unknown unit 'parsec'"),
            ("accuracy{lang <= 1", "no comparison"),
            ("accuracy{lang} >= 1", "name=value"),
            (" >= 1", "not a metric's name"),
            ("a >= 1e999", "not a finite number"),
        ] {
            let err = Gate::parse(text).unwrap_err();
            assert!(err.what.contains(words), "{text}: {}", err.what);
        }
    }
}
