//! What a metric is: a definition for people and a row function for the engine.
//!
//! Main types: [`Metric`], an entry of a const slice, and [`Measure`], how one
//! request or attempt turns into statistics. A metric never writes its own
//! interval: the engine does, by the kind of its measure.

use crate::cells::Cells;
use crate::estimate::Family;
use crate::families;
use crate::nearest::nearest;
use crate::scored::definitions::DEFINITIONS;
use crate::view::Asked;
use acidtest_metrics::language::Scale;
use acidtest_record::{ScorerKind, ServerGauge, Stat};

/// A metric: its definition, and how it is measured.
pub struct Metric {
    /// Its name in gates, tables and JSON.
    pub id: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// Where it stands in a report.
    pub family: Family,
    /// Its unit.
    pub unit: Unit,
    /// Which direction is good.
    pub better: Better,
    /// The range it cannot leave.
    pub range: Option<(f64, f64)>,
    /// The numbers it offers; the first is meant when a gate names none.
    pub stats: &'static [Stat],
    /// Name of its parameter, where it takes one.
    pub param: Option<&'static str>,
    /// What a run must hold for it.
    pub needs: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// What happens at the edges.
    pub edges: &'static str,
    /// How its interval is made.
    pub interval: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// Which of our own faults would spoil it.
    pub(crate) guard: Guard,
    /// How it is measured.
    pub(crate) measure: Measure,
}

impl Metric {
    /// Whether a gate may ask for that number.
    #[must_use]
    pub fn offers(&self, stat: Stat) -> bool {
        let alias = matches!(stat, Stat::Mean | Stat::Share)
            && self.stats.iter().any(|s| matches!(s, Stat::Mean | Stat::Share))
            && self.unit == Unit::Ratio;
        alias || stat == Stat::Default || self.stats.contains(&stat)
    }

    /// The number that is meant by `stat`.
    #[must_use]
    pub fn resolve(&self, stat: Stat) -> Stat {
        if self.stats.contains(&stat) { stat } else { self.stats[0] }
    }

    /// Whether its numbers need a stat to be named: there is no own one among quantiles.
    #[must_use]
    pub fn must_name_stat(&self) -> bool {
        self.stats[0].quantile().is_some()
    }
}

/// Units of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, 0..1.
    Ratio,
    /// Tokens.
    Tokens,
    /// Tokens per second.
    TokensPerSecond,
    /// Requests per second.
    RequestsPerSecond,
    /// Requests.
    Requests,
    /// Tokens per content event.
    TokensPerEvent,
    /// The currency of the target's price.
    Currency,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Points of a scale from 0 to 100.
    Points,
    /// A number without a unit that is no share: it may be negative or above 1.
    Number,
}

impl Unit {
    /// Its word in JSON; `currency` stands for the target's own.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Ratio => "ratio",
            Unit::Tokens => "tokens",
            Unit::TokensPerSecond => "tok/s",
            Unit::RequestsPerSecond => "req/s",
            Unit::Requests => "requests",
            Unit::TokensPerEvent => "tokens/event",
            Unit::Currency => "currency",
            Unit::Bytes => "bytes",
            Unit::BytesPerSecond => "bytes/s",
            Unit::Points => "points",
            Unit::Number => "number",
        }
    }

    /// Whether a gate may write its limit in that unit. A bare number is in the base unit.
    #[must_use]
    pub fn accepts(self, written: &str) -> bool {
        match (self, written) {
            (_, "") | (Unit::Seconds, "s" | "ms" | "us" | "µs" | "min" | "h") => true,
            (Unit::Ratio, "%") | (Unit::RequestsPerSecond, "req/s" | "1/s") => true,
            (Unit::TokensPerSecond, "tok/s" | "tokens/s" | "1/s") => true,
            (Unit::Currency, code) => code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()),
            _ => false,
        }
    }
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More.
    Higher,
    /// Less.
    Lower,
    /// Neither.
    Neither,
}

impl Better {
    /// Stable word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Better::Higher => "higher",
            Better::Lower => "lower",
            Better::Neither => "neither",
        }
    }
}

/// Which of our own faults spoil a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// None: a busy client does not change answers.
    Nothing,
    /// Late sends, a late loop, a full hand-over.
    Waiting,
    /// A late loop, a full hand-over.
    Rhythm,
    /// Late sends and a full hand-over.
    Load,
}

/// What one request says about a quality metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Judged {
    /// It counts with this value.
    Value(f64),
    /// It should count, but an error hides its value.
    Excluded,
    /// The metric does not speak about it.
    Outside,
}

/// What one attempt says about a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen {
    /// This many.
    Value(f64),
    /// It would have had to wait for ever: counts in gates only.
    Never,
    /// Not observed.
    Absent,
}

/// What a request that failed or was never sent counts as in gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenFailed {
    /// +∞.
    Infinite,
    /// 0 (speeds).
    Zero,
    /// Nothing.
    Skipped,
}

/// Rates of a whole phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// Delivered requests.
    Requests,
    /// Output tokens.
    Tokens,
    /// Time-weighted number in flight.
    Held,
    /// Requests that kept the objective.
    Good,
    /// Those that were right, too.
    CorrectGood,
}

/// What is read beside a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sensed {
    /// A reading of the machine or of a process, by its name.
    Named(&'static str),
    /// A gauge of the server's own, whatever it is called there.
    Gauge(ServerGauge),
}

/// How one request or attempt turns into statistics. The second argument of the
/// functions is the metric's parameter, or the row of the attempt.
pub(crate) enum Measure {
    /// Yes or no per request; averaged within the case, then over units.
    Share(fn(&Asked, &str) -> Judged),
    /// A number in a known range per request; averaged the same way.
    Score(fn(&Asked, &str) -> Judged),
    /// Yes or no per attempt in send order; `None` is not valid for it.
    Event(fn(&Asked, &Cells, &str) -> Option<bool>),
    /// A number per attempt in send order.
    Sample(fn(&Asked, usize) -> Seen, WhenFailed),
    /// An amount per request: mean over units, and an exact total.
    Amount(fn(&Asked) -> Option<f64>),
    /// Sums over units and their quotient.
    Ratio(fn(&Asked) -> Option<(f64, f64)>),
    /// Log-likelihoods and sizes over units of sampling, their quotient put on a scale.
    Scaled(fn(&Asked) -> Option<(f64, f64)>, Scale),
    /// Seen-like against held-out cases; the parameter names the split that is held out.
    Generalization(fn(&Asked, &str) -> Judged),
    /// Gaps between content events, pooled over records; the flag is the largest
    /// number of tokens per event at which they are gaps between tokens.
    Gaps(Option<f64>),
    /// A rate over a stretch of time.
    Rate(Rate),
    /// Readings beside the run; the parameter names their source.
    Sensed(Sensed),
    /// Whether the request's case passes by the plan's rule for repeats.
    CasePass,
    /// A number of all answers together, which the plan asks for by name and options.
    Corpus,
}

/// Every metric, in the order of a report.
#[must_use]
pub fn metrics() -> Vec<&'static Metric> {
    families::ALL.iter().flat_map(|family| family.iter()).collect()
}

/// The metric of that id.
#[must_use]
pub fn metric(id: &str) -> Option<&'static Metric> {
    metrics().into_iter().find(|m| m.id == id)
}

/// The metric that a name from a report or a gate means: `ttft.p95`,
/// `error_rate[class=429]`, `char_f1`.
///
/// # Errors
/// No metric has that name; then the nearest name, if one is near.
pub fn explain(name: &str) -> Result<&'static Metric, Option<String>> {
    let plain = name.split(['[', '{']).next().unwrap_or(name);
    let scorer = plain.trim_end_matches("_unicode");
    let without_stat = plain.rsplit_once('.').map_or(plain, |(before, _)| before);
    // A scorer's mean is the metric `score`; `cost` is a metric of its own too.
    let of_scorer = || ScorerKind::WORDS.contains(&scorer).then(|| metric("score")).flatten();
    metric(plain).or_else(of_scorer).or_else(|| metric(without_stat)).ok_or_else(|| {
        let ids = metrics()
            .into_iter()
            .map(|m| m.id)
            .chain(ScorerKind::WORDS)
            .chain(DEFINITIONS.iter().map(|d| d.id));
        nearest(plain, ids).map(str::to_owned)
    })
}

/// The reference page of all metrics, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from the code by `cargo xtask gen`; do not edit. \
         `acidtest metrics` prints the same list.\n",
    );
    for family in Family::ALL {
        page.push_str(&format!("\n## {}\n", family.id()));
        for m in metrics().into_iter().filter(|m| m.family == family) {
            let stats: Vec<&str> = m.stats.iter().map(|s| s.id()).collect();
            let param = m.param.map_or(String::new(), |p| format!("[{p}=…]"));
            page.push_str(&format!(
                "\n### `{}{param}`\n{}.\n\n- unit: {}; better: {}; stats: {}\n- formula: {}\n\
                 - edge cases: {}\n- interval: {}\n- needs: {}\n- source: {}\n",
                m.id,
                m.title,
                m.unit.id(),
                m.better.id(),
                stats.join(" "),
                m.formula,
                m.edges,
                m.interval,
                m.needs,
                m.source
            ));
        }
    }
    page + &crate::scored::definitions::reference()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_definitions_whole() {
        let mut seen = std::collections::HashSet::new();
        for m in metrics() {
            assert!(seen.insert(m.id), "{} twice", m.id);
            assert!(!m.stats.is_empty(), "{}", m.id);
            for text in [m.title, m.needs, m.formula, m.edges, m.interval, m.source] {
                assert!(text.len() > 3 && !text.ends_with('.'), "{}: '{text}'", m.id);
            }
        }
        assert!(seen.len() > 30, "{}", seen.len());
    }

    #[test]
    fn the_page_names_every_metric() {
        let page = reference();
        for m in metrics() {
            assert!(page.contains(&format!("### `{}", m.id)), "{}", m.id);
        }
    }

    #[test]
    fn a_share_is_also_the_mean_of_yes_and_no() {
        let accuracy = metric("accuracy").unwrap();
        assert!(accuracy.offers(Stat::Mean) && accuracy.offers(Stat::Default));
        assert_eq!(accuracy.resolve(Stat::Mean), Stat::Share);
        assert!(!accuracy.offers(Stat::P95));
        assert!(metric("ttft").unwrap().must_name_stat());
    }
}
