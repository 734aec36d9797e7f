//! Rules that end a phase when an estimate is known well enough.
//!
//! Main type: [`StopRule`], written `ttft.p95 within 5 %`. Must not decide anything: the engine does.

use crate::gate::Stat;
use serde::{Deserialize, Serialize};

const FORM: &str = "write for instance 'ttft.p95 within 5 %': one of ttft, e2e and tpot, its p50, p90, p95, p99 \
                    or mean, and half the width of its interval as a share of it";

/// A rule that ends a phase when the interval of an estimate is narrow enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopRule {
    /// What is watched.
    pub metric: StopMetric,
    /// Which number of it.
    pub stat: Stat,
    /// Half the width of its interval, as a share of its value, at most.
    pub within: f64,
    /// The text as written.
    pub text: String,
}

/// What such a rule may watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMetric {
    /// Time to the first content.
    Ttft,
    /// Time to the whole answer.
    E2e,
    /// Time per output token after the first event.
    Tpot,
}

impl StopMetric {
    /// All of them.
    pub const ALL: [StopMetric; 3] = [StopMetric::Ttft, StopMetric::E2e, StopMetric::Tpot];

    /// The metric's id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            StopMetric::Ttft => "ttft",
            StopMetric::E2e => "e2e",
            StopMetric::Tpot => "tpot",
        }
    }
}

/// A text that is no such rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadStopRule {
    /// What is wrong.
    pub what: String,
    /// What to write.
    pub hint: &'static str,
}

impl StopRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is not of the form `METRIC.STAT within SHARE %`.
    pub fn parse(text: &str) -> Result<Self, BadStopRule> {
        let whole = text.trim();
        let bad = |what: String| BadStopRule { what, hint: FORM };
        let brief = |t: &str| t.chars().take(60).collect::<String>();
        let (name, share) = whole
            .split_once(" within ")
            .ok_or_else(|| bad(format!("'{}' has no ' within '", brief(whole))))?;
        let (metric, stat) = name
            .trim()
            .split_once('.')
            .ok_or_else(|| bad(format!("'{}' does not say which number: p95, mean …", brief(name))))?;
        let metric = StopMetric::ALL
            .into_iter()
            .find(|m| m.id() == metric)
            .ok_or_else(|| bad(format!("'{}' cannot be watched: ttft, e2e and tpot can", brief(metric))))?;
        let stat = [Stat::Mean, Stat::P50, Stat::P90, Stat::P95, Stat::P99]
            .into_iter()
            .find(|s| s.id() == stat)
            .ok_or_else(|| bad(format!("'{}' is none of mean, p50, p90, p95, p99", brief(stat))))?;
        let number = share
            .trim()
            .strip_suffix('%')
            .and_then(|n| n.trim().parse::<f64>().ok())
            .filter(|n| *n >= 0.1 && *n <= 100.0)
            .ok_or_else(|| bad(format!("'{}' is no share from 0.1 % to 100 %", brief(share))))?;
        Ok(Self { metric, stat, within: number / 100.0, text: whole.to_owned() })
    }

    /// The quantile that is watched; absent for a mean.
    #[must_use]
    pub fn quantile(&self) -> Option<f64> {
        match self.stat {
            Stat::P50 => Some(0.5),
            Stat::P90 => Some(0.9),
            Stat::P95 => Some(0.95),
            Stat::P99 => Some(0.99),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_written() {
        let rule = StopRule::parse(" ttft.p95 within 5 % ").unwrap();
        assert_eq!((rule.metric, rule.stat, rule.within), (StopMetric::Ttft, Stat::P95, 0.05));
        assert_eq!((rule.quantile(), rule.text.as_str()), (Some(0.95), "ttft.p95 within 5 %"));
        assert_eq!(StopRule::parse("e2e.mean within 0.5%").unwrap().quantile(), None);
        for bad in [
            "",
            "ttft within 5 %",
            "ttft.p95 < 5 %",
            "ttft.p95 within 5",
            "ttft.p95 within 0 %",
            "ttft.p95 within nan %",
            "ttft.max within 5 %",
            "icl.p95 within 5 %",
            "ttft.p95 within 500 %",
        ] {
            assert!(StopRule::parse(bad).is_err(), "{bad}");
        }
    }
}
