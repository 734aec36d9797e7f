//! Service level objectives: what each request must keep, and in which share of them.
//!
//! Main type: [`Slo`], written `ttft.p95<=800ms,tpot.p95<=50ms,error_rate<=1%`. Must not judge
//! a request: the findings do.

use crate::gate::{Op, find_op, parse_limit};
use serde::{Deserialize, Serialize};

/// Most terms of one objective.
const MAX_TERMS: usize = 16;
/// Longest text of one objective.
const MAX_TEXT: usize = 1000;
/// The share of requests that must keep a limit which names no quantile.
pub const PLAIN_SHARE: f64 = 0.95;

/// A list of conditions; all of them must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// The conditions.
    pub terms: Vec<SloTerm>,
    /// The text as written.
    pub text: String,
}

/// One condition: that share of the intended requests keeps this limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SloTerm {
    /// What is limited.
    pub what: SloWhat,
    /// The limit of one request in seconds; of `error_rate` it is not used.
    pub limit_s: f64,
    /// Whether a wait of exactly the limit keeps it (`<=`).
    pub or_equal: bool,
    /// The share of requests that must keep the limit.
    pub share: f64,
    /// The text as written.
    pub text: String,
}

/// What a condition limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SloWhat {
    /// From when the request was wanted to the first content of any kind.
    Ttft,
    /// From when it was wanted to the first visible text.
    TtftVisible,
    /// From when it was wanted to the whole answer.
    E2e,
    /// Time per output token after the first event.
    Tpot,
    /// The largest gap between events.
    MaxStall,
    /// Whether it was served at all.
    ErrorRate,
}

impl SloWhat {
    const ALL: [SloWhat; 6] = [
        SloWhat::Ttft,
        SloWhat::TtftVisible,
        SloWhat::E2e,
        SloWhat::Tpot,
        SloWhat::MaxStall,
        SloWhat::ErrorRate,
    ];

    /// Its word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            SloWhat::Ttft => "ttft",
            SloWhat::TtftVisible => "ttft_visible",
            SloWhat::E2e => "e2e",
            SloWhat::Tpot => "tpot",
            SloWhat::MaxStall => "max_stall",
            SloWhat::ErrorRate => "error_rate",
        }
    }

    /// What a word means. Waits are from the intended time whichever way they are written.
    fn from_word(word: &str) -> Option<Self> {
        let plain = word.strip_suffix("_from_intended").unwrap_or(word);
        let found = Self::ALL.into_iter().find(|w| w.id() == plain)?;
        let is_wait = matches!(found, SloWhat::Ttft | SloWhat::E2e);
        (plain == word || is_wait).then_some(found)
    }
}

/// Why a text is not an objective.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} in '{term}'")]
pub struct SloParseError {
    /// What is wrong and what was expected.
    pub what: String,
    /// The term.
    pub term: String,
    /// What to do.
    pub hint: String,
    /// Byte offset of the term in the text.
    pub at: usize,
}

const FORM: &str = "write 'metric.p95<=limit' with a unit, separated by commas: \
     'ttft.p95<=800ms,tpot.p95<=50ms,error_rate<=1%'";

impl Slo {
    /// Reads an objective.
    ///
    /// # Errors
    /// An empty text, another form, a metric that is not per request, a missing or wrong unit, or
    /// two conditions on the same thing.
    pub fn parse(text: &str) -> Result<Self, SloParseError> {
        let fail = |what: String, term: &str, at: usize| SloParseError {
            what: what.chars().take(200).collect(),
            term: term.chars().take(200).collect(),
            hint: FORM.to_owned(),
            at,
        };
        if text.len() > MAX_TEXT {
            return Err(fail(format!("{} bytes where at most {MAX_TEXT} are read", text.len()), text, 0));
        }
        let mut terms: Vec<SloTerm> = Vec::new();
        let mut at = 0;
        for part in text.split(',') {
            let term = part.trim();
            let found = parse_term(term).map_err(|what| fail(what, term, at))?;
            if terms.iter().any(|t| t.what == found.what && t.share == found.share) {
                let what = format!("a second limit of {}", found.what.id());
                return Err(fail(what, term, at));
            }
            terms.push(found);
            at += part.len() + 1;
        }
        if terms.len() > MAX_TERMS {
            return Err(fail(format!("{} terms where at most {MAX_TERMS} are read", terms.len()), text, 0));
        }
        Ok(Self { terms, text: text.trim().to_owned() })
    }
}

fn parse_term(term: &str) -> Result<SloTerm, String> {
    if term.is_empty() {
        return Err("nothing where a term was expected".into());
    }
    let (at, len, op) = find_op(term).ok_or("no comparison (<= or <)")?;
    let or_equal = match op {
        Op::Le => true,
        Op::Lt => false,
        Op::Ge | Op::Gt => return Err("a lower limit where '<=' or '<' was expected".into()),
    };
    let left = term[..at].trim();
    let (word, stat) = left.split_once('.').map_or((left, None), |(w, s)| (w.trim(), Some(s.trim())));
    let what = SloWhat::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = SloWhat::ALL.iter().map(|w| w.id()).collect();
        format!("'{word}' where one of {} was expected", known.join(", "))
    })?;
    let (limit, unit) = parse_limit(term[at + len..].trim())?;
    let share = match stat {
        None => PLAIN_SHARE,
        Some(_) if what == SloWhat::ErrorRate => {
            return Err(format!("'.{}' of a share", stat.unwrap_or_default()));
        }
        Some(stat) => quantile(stat)?,
    };
    let text = term.to_owned();
    if what == SloWhat::ErrorRate {
        if !(unit.is_empty() || unit == "%") {
            return Err(format!("the unit '{unit}' of a share: expected %"));
        }
        if !(limit > 0.0 && limit < 1.0) {
            // No number of requests shows that none will ever fail.
            return Err("an error rate that is not between 0 and 100 %, ends apart".into());
        }
        return Ok(SloTerm { what, limit_s: 0.0, or_equal, share: 1.0 - limit, text });
    }
    if !["s", "ms", "us", "µs", "min", "h"].contains(&unit.as_str()) {
        return Err(match unit.as_str() {
            "" => "a time without a unit: expected ms or s".to_owned(),
            unit => format!("the unit '{unit}' of a time: expected ms or s"),
        });
    }
    if limit <= 0.0 {
        return Err("a limit of no time".into());
    }
    Ok(SloTerm { what, limit_s: limit, or_equal, share, text })
}

/// The share that a quantile asks for: any whole or decimal percentile from p1 to p99.99.
fn quantile(stat: &str) -> Result<f64, String> {
    let unknown = || {
        format!("'.{stat}' where a percentile such as .p95 was expected: a mean says nothing of a request")
    };
    let percent: f64 = stat.strip_prefix('p').ok_or_else(unknown)?.parse().map_err(|_| unknown())?;
    if (1.0..=99.99).contains(&percent) { Ok(percent / 100.0) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, what: SloWhat, limit_s: f64, share: f64) {
        let slo = Slo::parse(text).unwrap();
        let [t] = slo.terms.as_slice() else { panic!("{text}: {slo:?}") };
        assert_eq!((t.what, t.limit_s), (what, limit_s), "{text}");
        assert!((t.share - share).abs() < 1e-12, "{text}: {}", t.share);
    }

    #[test]
    fn terms_of_the_reference_parse() {
        check("ttft.p95<=800ms", SloWhat::Ttft, 0.8, 0.95);
        check(" ttft_from_intended.p99 < 1.5 s ", SloWhat::Ttft, 1.5, 0.99);
        check("tpot.p50 ≤ 50 ms", SloWhat::Tpot, 0.05, 0.5);
        check("e2e<=2s", SloWhat::E2e, 2.0, PLAIN_SHARE);
        check("error_rate<=1%", SloWhat::ErrorRate, 0.0, 0.99);
        check("error_rate<0.05", SloWhat::ErrorRate, 0.0, 0.95);
        let slo = Slo::parse("ttft.p95<=800ms,tpot.p95<=50ms,error_rate<=1%").unwrap();
        assert_eq!(slo.terms.len(), 3);
        assert_eq!(slo.terms[1].text, "tpot.p95<=50ms");
        assert!(slo.terms[0].or_equal && !Slo::parse("ttft<1s").unwrap().terms[0].or_equal);
    }

    #[test]
    fn wrong_terms_say_what_is_wrong() {
        for (text, words) in [
            ("", "nothing where a term"),
            ("ttft.p95<=800ms,", "nothing where a term"),
            ("ttft.p95", "no comparison"),
            ("ttft.p95>=800ms", "a lower limit"),
            ("accuracy>=0.9", "a lower limit"),
            ("icl.p95<=10ms", "'icl' where one of ttft"),
            ("tpot_from_intended<=1ms", "'tpot_from_intended' where one of"),
            ("ttft.mean<=1s", "a mean says nothing"),
            ("ttft.p100<=1s", "'.p100'"),
            ("ttft.p95<=800", "without a unit"),
            ("ttft.p95<=800%", "the unit '%' of a time"),
            ("ttft.p95<=-1s", "a limit of no time"),
            ("ttft.p95<=nan", "does not begin with a number"),
            ("error_rate.p95<=1%", "of a share"),
            ("error_rate<=1ms", "the unit 'ms' of a share"),
            ("error_rate<=100%", "not between 0 and 100 %"),
            ("error_rate<=0%", "not between 0 and 100 %"),
            ("ttft.p95<=1s,ttft.p95<=2s", "a second limit of ttft"),
        ] {
            let err = Slo::parse(text).unwrap_err();
            assert!(err.what.contains(words), "{text}: {}", err.what);
        }
        let err = Slo::parse("ttft.p95<=1s, tpot<=1").unwrap_err();
        assert_eq!(&"ttft.p95<=1s, tpot<=1"[err.at..], " tpot<=1");
    }
}
