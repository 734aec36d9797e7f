//! What the server is asked to do.
//!
//! Main type: [`Config`], read from a suite file or the command line. It only
//! says what is wanted; what is really done is in the truth file. Must not open files.

use crate::decide::{AnswerKind, Fault};
use acidtest_schedule::Dist;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How the server behaves. Every field has a default; unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The model's name in `/v1/models`; an answer echoes the name that was asked for.
    pub model: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Of every block of 100 requests in order of arrival exactly the stated shares.
    /// Shares must then be whole hundredths. Without it each request is decided by
    /// a hash of seed, body and how often that body came before, so that its fate
    /// does not depend on the order of arrival and shares come out only nearly.
    pub exact: bool,
    /// Serving threads (1 to 64).
    pub threads: u16,
    /// Milliseconds from the complete request to the first token.
    #[serde(deserialize_with = "dist_or_number")]
    pub ttft_ms: Dist,
    /// Milliseconds from one token to the next.
    #[serde(deserialize_with = "dist_or_number")]
    pub gap_ms: Dist,
    /// Tokens of a synthetic answer.
    #[serde(deserialize_with = "dist_or_number")]
    pub tokens: Dist,
    /// Tokens in one event; the event is due when its first token is.
    pub tokens_per_event: u32,
    /// Whether an empty chunk with the role is sent at once, long before the first token.
    pub role_chunk: bool,
    /// Whether every chunk carries the usage so far, asked for or not.
    pub per_event_usage: bool,
    /// Reasoning tokens sent before the answer, as `reasoning_content`.
    pub reasoning_tokens: u32,
    /// At most so many requests are answered at once, the others queue; 0 is no limit.
    pub slots: u32,
    /// What is answered.
    pub answers: Answers,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "sim".to_owned(),
            seed: 1,
            exact: false,
            threads: 1,
            ttft_ms: Dist::Fixed(50.0),
            gap_ms: Dist::Fixed(5.0),
            tokens: Dist::Fixed(64.0),
            tokens_per_event: 1,
            role_chunk: true,
            per_event_usage: false,
            reasoning_tokens: 0,
            slots: 0,
            answers: Answers::default(),
            faults: Faults::default(),
        }
    }
}

/// Where answers come from (a case file, a local source, or else synthetic words)
/// and which share of them is spoilt. Shares add up to 1 at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// JSON Lines with `question` (or `id`) and `answer`; `refuse: true` makes the
    /// right answer a refusal, other fields are ignored. The case is found by its
    /// question (or id) inside the last user message.
    pub file: Option<PathBuf>,
    /// A real, local source of answers.
    pub local: Option<LocalSource>,
    /// Whether the answer is the last user message itself.
    pub echo: bool,
    /// Share answered with another case's answer.
    pub wrong: f64,
    /// Share answered with no text.
    pub empty: f64,
    /// Share refused politely.
    pub refused: f64,
    /// Share cut in half with finish reason `length`.
    pub truncated: f64,
    /// Share cut in half with finish reason `content_filter`.
    pub filtered: f64,
}

/// A source of real answers that needs nothing but this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalSource {
    /// The extractive museum guide.
    #[serde(rename = "docent-search")]
    DocentSearch,
    /// The support bot by rules, which replies with a JSON object.
    #[serde(rename = "support-bot")]
    SupportBot,
    /// The same, writing its JSON as the example in the prompt does, mistakes included.
    #[serde(rename = "support-bot-copyist")]
    SupportBotCopyist,
}

/// Which share of requests goes wrong, and how. Shares add up to 1 at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// 429 with `Retry-After`, at once.
    pub rate_limited: f64,
    /// The seconds `Retry-After` names.
    pub retry_after_s: u32,
    /// 500 when the first token would have been due.
    pub server_error: f64,
    /// 529, at once.
    pub overloaded: f64,
    /// An error event after HTTP 200 and some tokens; not streaming: 200 with an error body.
    pub error_event: f64,
    /// The connection is closed in mid-stream.
    pub cut: f64,
    /// A pause in mid-stream.
    pub stall: Stall,
    /// One event (not streaming: the body) is broken JSON.
    pub malformed: f64,
    /// 200 with an HTML page.
    pub html: f64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            rate_limited: 0.0,
            retry_after_s: 1,
            server_error: 0.0,
            overloaded: 0.0,
            error_event: 0.0,
            cut: 0.0,
            stall: Stall::default(),
            malformed: 0.0,
            html: 0.0,
        }
    }
}

/// A pause in mid-stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stall {
    /// Share of requests that stall.
    pub share: f64,
    /// How long, in milliseconds.
    #[serde(deserialize_with = "dist_or_number")]
    pub ms: Dist,
}

impl Default for Stall {
    fn default() -> Self {
        Self { share: 0.0, ms: Dist::Fixed(1000.0) }
    }
}

/// A configuration that cannot be served.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A share outside 0 to 1.
    #[error("share '{name}' is {value}: expected a number from 0 to 1")]
    Share {
        /// The field.
        name: &'static str,
        /// What it holds.
        value: f64,
    },
    /// Shares of one group that exceed the whole.
    #[error("the shares of '{group}' add up to {sum}: expected 1 at most")]
    Sum {
        /// `answers` or `faults`.
        group: &'static str,
        /// Their sum.
        sum: f64,
    },
    /// `exact` with a share that no block of 100 can hold.
    #[error("share '{name}' is {value}: with 'exact' expected a multiple of 0.01")]
    NotExact {
        /// The field.
        name: &'static str,
        /// What it holds.
        value: f64,
    },
    /// A count outside its limits.
    #[error("'{name}' is {value}: expected {expected}")]
    Count {
        /// The field.
        name: &'static str,
        /// What it holds.
        value: u32,
        /// The limits.
        expected: &'static str,
    },
    /// Two sources of answers.
    #[error("'answers' names several of 'file', 'local' and 'echo': expected one of them")]
    TwoSources,
}

impl Config {
    /// The configuration behind `local:NAME`: a source with modest, real timing.
    #[must_use]
    pub fn local(source: LocalSource) -> Self {
        Self {
            model: source.name().to_owned(),
            ttft_ms: Dist::LogNormal(60.0, 0.3),
            answers: Answers { local: Some(source), ..Answers::default() },
            ..Self::default()
        }
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A share or count outside its limits.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_shares("answers", &self.answer_shares(), self.exact)?;
        check_shares("faults", &self.fault_shares(), self.exact)?;
        let sources = [self.answers.file.is_some(), self.answers.local.is_some(), self.answers.echo];
        if sources.into_iter().filter(|s| *s).count() > 1 {
            return Err(ConfigError::TwoSources);
        }
        let count = |name, value, low, high, expected| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError::Count { name, value, expected })
            }
        };
        count("threads", u32::from(self.threads), 1, 64, "1 to 64")?;
        let per_event = self.tokens_per_event;
        count("tokens_per_event", per_event, 1, 10_000, "1 to 10000")?;
        let reasoning = self.reasoning_tokens;
        count("reasoning_tokens", reasoning, 0, 100_000, "0 to 100000")
    }

    pub(crate) fn answer_shares(&self) -> [(AnswerKind, &'static str, f64); 5] {
        let a = &self.answers;
        [
            (AnswerKind::Wrong, "wrong", a.wrong),
            (AnswerKind::Empty, "empty", a.empty),
            (AnswerKind::Refused, "refused", a.refused),
            (AnswerKind::Truncated, "truncated", a.truncated),
            (AnswerKind::Filtered, "filtered", a.filtered),
        ]
    }

    pub(crate) fn fault_shares(&self) -> [(Fault, &'static str, f64); 8] {
        let f = &self.faults;
        [
            (Fault::RateLimited, "rate_limited", f.rate_limited),
            (Fault::ServerError, "server_error", f.server_error),
            (Fault::Overloaded, "overloaded", f.overloaded),
            (Fault::ErrorEvent, "error_event", f.error_event),
            (Fault::Cut, "cut", f.cut),
            (Fault::Stall, "stall.share", f.stall.share),
            (Fault::Malformed, "malformed", f.malformed),
            (Fault::Html, "html", f.html),
        ]
    }
}

impl LocalSource {
    /// All of them.
    pub const ALL: &'static [LocalSource] =
        &[LocalSource::DocentSearch, LocalSource::SupportBot, LocalSource::SupportBotCopyist];

    /// The name after `local:`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LocalSource::DocentSearch => "docent-search",
            LocalSource::SupportBot => "support-bot",
            LocalSource::SupportBotCopyist => "support-bot-copyist",
        }
    }

    /// The source of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }
}

fn check_shares<T>(
    group: &'static str,
    shares: &[(T, &'static str, f64)],
    exact: bool,
) -> Result<(), ConfigError> {
    for &(_, name, value) in shares {
        if !(0.0..=1.0).contains(&value) {
            return Err(ConfigError::Share { name, value });
        }
        if exact && (value * 100.0 - (value * 100.0).round()).abs() > 1e-6 {
            return Err(ConfigError::NotExact { name, value });
        }
    }
    let sum: f64 = shares.iter().map(|s| s.2).sum();
    if sum > 1.0 + 1e-9 {
        return Err(ConfigError::Sum { group, sum });
    }
    Ok(())
}

/// `50` and `"50"` both: a person writes the number without quotes.
fn dist_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Dist, D::Error> {
    struct Text;
    impl serde::de::Visitor<'_> for Text {
        type Value = Dist;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number or a distribution such as lognormal(50, 0.3)")
        }
        fn visit_str<E: serde::de::Error>(self, s: &str) -> Result<Dist, E> {
            s.parse().map_err(E::custom)
        }
        fn visit_f64<E: serde::de::Error>(self, x: f64) -> Result<Dist, E> {
            self.visit_str(&x.to_string())
        }
        fn visit_u64<E: serde::de::Error>(self, x: u64) -> Result<Dist, E> {
            self.visit_str(&x.to_string())
        }
        fn visit_i64<E: serde::de::Error>(self, x: i64) -> Result<Dist, E> {
            self.visit_str(&x.to_string())
        }
    }
    from.deserialize_any(Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &str) {
        let got = match serde_json::from_str::<Config>(json) {
            Err(e) => e.to_string(),
            Ok(c) => c.check().map_or_else(|e| e.to_string(), |()| "ok".into()),
        };
        assert!(got.contains(expect), "{json}: {got}");
    }

    #[test]
    fn good_and_bad_texts() {
        check("{}", "ok");
        check(r#"{"ttft_ms": 50, "gap_ms": 2.5, "tokens": "uniform(2, 9)"}"#, "ok");
        check(r#"{"ttft_ms": -1}"#, "'-1' is not a distribution");
        check(r#"{"faults": {"cutt": 0.1}}"#, "unknown field `cutt`");
        check(r#"{"faults": {"cut": 1.1}}"#, "share 'cut' is 1.1");
        check(r#"{"faults": {"cut": 0.6, "html": 0.6}}"#, "add up to 1.2");
        check(r#"{"exact": true, "faults": {"cut": 0.005}}"#, "multiple of 0.01");
        check(r#"{"exact": true, "faults": {"cut": 0.07, "stall": {"share": 0.29}}}"#, "ok");
        check(r#"{"threads": 0}"#, "'threads' is 0");
        check(r#"{"tokens_per_event": 0}"#, "expected 1 to 10000");
        check(r#"{"answers": {"file": "a", "local": "docent-search"}}"#, "several");
        check(r#"{"answers": {"echo": true, "local": "docent-search"}}"#, "several");
        check(r#"{"answers": {"local": "docent"}}"#, "docent-search");
    }

    #[test]
    fn the_stored_form_reads_back() {
        let config = Config::local(LocalSource::DocentSearch);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
        assert_eq!(LocalSource::named("docent-search"), config.answers.local);
    }
}
