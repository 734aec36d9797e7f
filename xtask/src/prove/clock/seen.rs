//! What one run of `acidtest calibrate` said, and which goals it keeps.
//!
//! Main type: [`Seen`], read from its JSON. It judges and measures nothing itself.

use anyhow::{Context, Result};
use serde_json::Value;

const GAP_GOAL_S: f64 = 0.1e-3;
const FIRST_GOAL_S: f64 = 0.2e-3;
const FLOOR_S: f64 = 0.5e-3;
const SHARE: f64 = 0.05;

/// Errors of one family of times, and the run's verdict on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    pub(super) valid: Option<bool>,
    limit_s: Option<f64>,
    /// p99 of the error that reports have.
    printed_s: Option<f64>,
    pub(super) kernel_s: Option<f64>,
    pub(super) program_s: Option<f64>,
}

/// A printed quantile of gaps beside the true one.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    low_s: f64,
    high_s: f64,
    off_s: f64,
    pub(super) covers: bool,
}

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) events_per_s: f64,
    pub(super) events_per_read: Option<f64>,
    pub(super) exact: Option<f64>,
    pub(super) wide: u64,
    pub(super) brackets: u64,
    pub(super) waiting: Family,
    pub(super) gaps: Family,
    pub(super) quantiles: Vec<Pair>,
}

impl Seen {
    pub(super) fn of(json: &Value) -> Result<Seen> {
        let number = |value: &Value, what: &str| {
            value.as_f64().with_context(|| format!("calibrate's JSON has no number `{what}`"))
        };
        let count = |value: &Value, what: &str| number(value, what).map(|n| n as u64);
        let (exact, of) = (&json["exact_gaps"]["n"], &json["exact_gaps"]["of"]);
        let (exact, of) = (number(exact, "exact_gaps.n")?, number(of, "exact_gaps.of")?);
        let pairs = json["quantiles"].as_array().context("calibrate's JSON has no `quantiles`")?;
        let pair = |q: &Value| {
            Ok(Pair {
                low_s: number(&q["low_s"], "low_s")?,
                high_s: number(&q["high_s"], "high_s")?,
                off_s: number(&q["off_s"], "off_s")?,
                covers: q["covers"].as_bool().context("a quantile without `covers`")?,
            })
        };
        Ok(Seen {
            events_per_s: number(&json["events_per_s"], "events_per_s")?,
            events_per_read: json["events_per_read"].as_f64(),
            exact: (of > 0.0).then(|| exact / of),
            wide: count(&json["brackets"]["wide"], "brackets.wide")?,
            brackets: count(&json["brackets"]["n"], "brackets.n")?,
            waiting: family(json, "waiting", "ttft"),
            gaps: family(json, "rhythm", "gap"),
            quantiles: pairs.iter().map(pair).collect::<Result<_>>()?,
        })
    }

    /// The widest printed pair.
    pub(super) fn widest_s(&self) -> Option<f64> {
        self.quantiles.iter().map(|q| q.high_s - q.low_s).max_by(f64::total_cmp)
    }

    /// (a) Exact gaps and first tokens are as near to the truth as promised.
    pub(super) fn is_true(&self) -> Option<bool> {
        Some(self.gaps.printed_s? <= GAP_GOAL_S && self.waiting.printed_s? <= FIRST_GOAL_S)
    }

    /// (b) Every printed quantile covers the truth.
    pub(super) fn covers(&self) -> Option<bool> {
        (!self.quantiles.is_empty()).then(|| self.quantiles.iter().all(|q| q.covers))
    }

    /// (c) Where the verdict is `valid`, no printed pair is wide. Nothing to say elsewhere.
    pub(super) fn is_narrow_where_valid(&self) -> Option<bool> {
        self.gaps.valid.filter(|is_valid| *is_valid)?;
        let is_narrow = |q: &Pair| q.high_s - q.low_s <= FLOOR_S.max(SHARE * q.high_s);
        Some(self.quantiles.iter().all(is_narrow))
    }

    /// Whether first tokens are further from the truth than their verdict allows.
    pub(super) fn is_waiting_wrong(&self) -> Option<bool> {
        Some(self.waiting.printed_s? > self.waiting.limit_s?)
    }

    /// The same of gaps: of exact ones, and of every printed quantile.
    pub(super) fn is_gaps_wrong(&self) -> Option<bool> {
        let off = self.quantiles.iter().map(|q| q.off_s).fold(self.gaps.printed_s?, f64::max);
        Some(off > self.gaps.limit_s?)
    }
}

fn family(json: &Value, name: &str, errors: &str) -> Family {
    let find = |list: &Value, fits: &dyn Fn(&Value) -> bool| {
        list.as_array().and_then(|all| all.iter().find(|entry| fits(entry)).cloned()).unwrap_or_default()
    };
    let verdict = find(&json["validity"], &|v| v["family"] == name);
    let p99 = |stamps: &str| {
        let row = find(&json["errors"], &|row| row["what"] == errors && row["stamps"] == stamps);
        row["p99_s"].as_f64()
    };
    Family {
        valid: verdict["valid"].as_bool(),
        limit_s: verdict["limit_s"].as_f64(),
        printed_s: p99("printed"),
        kernel_s: p99("kernel"),
        program_s: p99("program"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(gap_p99: f64, valid: bool, pair: (f64, f64, f64)) -> Seen {
        let (low, high, off) = pair;
        let told = json!({
            "events_per_s": 12_800.0,
            "events_per_read": 1.01,
            "exact_gaps": {"n": 99, "of": 100},
            "brackets": {"n": 100, "wide": 2},
            "errors": [
                {"what": "ttft", "stamps": "printed", "p99_s": 0.000_15},
                {"what": "gap", "stamps": "printed", "p99_s": gap_p99},
                {"what": "gap", "stamps": "program", "p99_s": 0.002},
                {"what": "gap", "stamps": "kernel", "p99_s": null},
            ],
            "quantiles": [{"low_s": low, "high_s": high, "off_s": off, "covers": off == 0.0}],
            "validity": [
                {"family": "waiting", "valid": true, "limit_s": 0.0025},
                {"family": "rhythm", "valid": valid, "limit_s": 0.0005},
            ],
        });
        Seen::of(&told).unwrap()
    }

    #[test]
    fn goals_are_judged_one_by_one() {
        let good = seen(0.000_05, true, (0.005, 0.0051, 0.0));
        assert_eq!(
            (good.is_true(), good.covers(), good.is_narrow_where_valid()),
            (Some(true), Some(true), Some(true))
        );
        assert_eq!((good.exact, good.gaps.program_s, good.gaps.kernel_s), (Some(0.99), Some(0.002), None));
        assert_eq!(good.is_gaps_wrong(), Some(false));
        let wide = seen(0.000_2, true, (0.005, 0.006, 0.0));
        assert_eq!((wide.is_true(), wide.is_narrow_where_valid()), (Some(false), Some(false)));
        let told = seen(0.000_05, false, (0.005, 0.006, 0.001));
        assert_eq!((told.covers(), told.is_narrow_where_valid()), (Some(false), None));
        assert_eq!((told.is_gaps_wrong(), told.is_waiting_wrong()), (Some(true), Some(false)));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        assert!(Seen::of(&json!({})).is_err());
    }
}
