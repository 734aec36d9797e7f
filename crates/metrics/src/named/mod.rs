//! Metrics by their names and options as words: what suites, scorers and gates speak of.
//!
//! Main function: [`named`]. Options are words, so that a plan can store them and a gate repeat
//! them: `bleu` with `tokenize: char`. Must not know where the words came from.

mod labels;
mod texts;

pub use labels::LabelScore;
pub use texts::Text;

use std::collections::BTreeMap;

/// Options by their names, all as words: `tokenize` → `char`, `stemmer` → `true`.
pub type Options = BTreeMap<String, String>;

/// Metrics of texts against references.
pub const TEXTS: [&str; 14] = [
    "bleu",
    "chrf",
    "chrf++",
    "ter",
    "rouge1",
    "rouge2",
    "rouge3",
    "rougeL",
    "rougeLsum",
    "meteor",
    "wer",
    "cer",
    "edit_similarity",
    "exact_match",
];
/// Metrics of labels.
pub const LABELS: [&str; 6] = ["precision", "recall", "f1", "mcc", "kappa", "balanced_accuracy"];
/// Metrics of several answers to one case.
pub const SAMPLES: [&str; 3] = ["pass@k", "pass^k", "majority"];

/// A metric that was found by its name.
pub enum Named {
    /// Of texts.
    Text(Text),
    /// Of labels.
    Labels(LabelScore),
    /// The chance that one of k answers is right.
    PassAtK(u64),
    /// The chance that all of k answers are right.
    PassHatK(u64),
    /// The answer that most repeats gave.
    Majority,
}

/// Why words name no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNamed {
    /// No metric has that name.
    #[error("unknown metric '{0}'")]
    Metric(String),
    /// The metric has no such option.
    #[error("{metric} has no option '{option}'; it has: {known}")]
    Option {
        /// The metric.
        metric: String,
        /// The option.
        option: String,
        /// The options that it has.
        known: String,
    },
    /// The option cannot have that value.
    #[error("'{option}' of {metric} cannot be '{value}'; expected {expected}")]
    Value {
        /// The metric.
        metric: String,
        /// The option.
        option: String,
        /// What was given.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// The metric means nothing without this option.
    #[error("{metric} needs {needs}")]
    Needs {
        /// The metric.
        metric: String,
        /// What it needs, as it is written.
        needs: &'static str,
    },
}

/// The names of all metrics, in the order of the reference page.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.into_iter().chain(LABELS).chain(SAMPLES)
}

/// Options that a metric takes; none for a name that is not known.
pub fn option_names(metric: &str) -> &'static [&'static str] {
    match metric {
        "bleu" => &["tokenize", "lowercase", "smooth", "smooth_value", "max_order"],
        "chrf" => &["char_order", "word_order", "beta", "lowercase", "whitespace"],
        "chrf++" => &["char_order", "beta", "lowercase", "whitespace"],
        "ter" => &["normalized", "no_punct", "asian_support", "case_sensitive"],
        "rouge1" | "rouge2" | "rouge3" | "rougeL" | "rougeLsum" => &["stemmer", "unicode", "part"],
        "meteor" => &["alpha", "beta", "gamma"],
        "exact_match" => &["rule"],
        "precision" | "recall" => &["average", "positive"],
        "f1" => &["average", "positive", "beta"],
        "kappa" => &["weights"],
        "pass@k" | "pass^k" => &["k"],
        _ => &[],
    }
}

/// The metric of that name with these options; those that are absent are the reference package's.
///
/// ```
/// use acidtest_metrics::named::{Named, named};
/// let options = [("tokenize".to_owned(), "char".to_owned())].into();
/// let Ok(Named::Text(mut bleu)) = named("bleu", &options) else { panic!() };
/// assert_eq!(bleu.sentence("금관", &["금관입니다"]).unwrap(), bleu.sentence("금관", &["금관입니다"]).unwrap());
/// assert!(named("bleu", &[("tokens".to_owned(), "char".to_owned())].into()).is_err());
/// ```
///
/// # Errors
/// The name, an option or its value is not known.
pub fn named(metric: &str, options: &Options) -> Result<Named, NotNamed> {
    if !names().any(|name| name == metric) {
        return Err(NotNamed::Metric(metric.to_owned()));
    }
    let known = option_names(metric);
    if let Some(option) = options.keys().find(|key| !known.contains(&key.as_str())) {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(NotNamed::Option { metric: metric.to_owned(), option: option.clone(), known });
    }
    let given = Given { metric, options };
    match metric {
        "pass@k" => given.k().map(Named::PassAtK),
        "pass^k" => given.k().map(Named::PassHatK),
        "majority" => Ok(Named::Majority),
        _ if LABELS.contains(&metric) => labels::read(&given).map(Named::Labels),
        _ => texts::read(&given).map(Named::Text),
    }
}

/// The options of one metric, read by their kinds.
struct Given<'a> {
    metric: &'a str,
    options: &'a Options,
}

impl Given<'_> {
    fn get(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    fn wrong(&self, option: &str, expected: impl Into<String>) -> NotNamed {
        NotNamed::Value {
            metric: self.metric.to_owned(),
            option: option.to_owned(),
            value: self.get(option).unwrap_or_default().to_owned(),
            expected: expected.into(),
        }
    }

    fn flag(&self, option: &str, otherwise: bool) -> Result<bool, NotNamed> {
        match self.get(option) {
            None => Ok(otherwise),
            Some("true" | "yes") => Ok(true),
            Some("false" | "no") => Ok(false),
            Some(_) => Err(self.wrong(option, "true or false")),
        }
    }

    fn number(&self, option: &str, otherwise: f64) -> Result<f64, NotNamed> {
        match self.get(option).map(str::parse::<f64>) {
            None => Ok(otherwise),
            Some(Ok(value)) if value.is_finite() && value >= 0.0 => Ok(value),
            Some(_) => Err(self.wrong(option, "a number, 0 or more")),
        }
    }

    fn count(&self, option: &str, otherwise: usize) -> Result<usize, NotNamed> {
        match self.get(option).map(str::parse::<usize>) {
            None => Ok(otherwise),
            Some(Ok(value)) if value <= 32 => Ok(value),
            Some(_) => Err(self.wrong(option, "a whole number up to 32")),
        }
    }

    fn k(&self) -> Result<u64, NotNamed> {
        match self.get("k").map(str::parse::<u64>) {
            None => Err(NotNamed::Needs { metric: self.metric.to_owned(), needs: "k, such as k: 3" }),
            Some(Ok(k)) if (1..=65_535).contains(&k) => Ok(k),
            Some(_) => Err(self.wrong("k", "a whole number from 1 to 65535")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn refused(metric: &str, pairs: &[(&str, &str)], words: &str) {
        let said = named(metric, &options(pairs)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said.contains(words), "{metric}: {said}");
    }

    #[test]
    fn every_name_is_a_metric() {
        for name in names() {
            let needed = match name {
                "pass@k" | "pass^k" => options(&[("k", "2")]),
                "precision" | "recall" | "f1" => options(&[("average", "macro")]),
                _ => Options::new(),
            };
            assert!(named(name, &needed).is_ok(), "{name}");
        }
    }

    #[test]
    fn wrong_words_say_what_is_known() {
        refused("blue", &[], "unknown metric 'blue'");
        refused("bleu", &[("token", "13a")], "it has: tokenize");
        refused("bleu", &[("tokenize", "moses")], "13a");
        refused("bleu", &[("max_order", "33")], "up to 32");
        refused("bleu", &[("smooth", "much")], "exp");
        refused("meteor", &[("alpha", "NaN")], "0 or more");
        refused("rouge1", &[("part", "half")], "precision");
        refused("f1", &[], "average");
        refused("f1", &[("average", "macro"), ("positive", "yes")], "one of");
        refused("pass@k", &[], "k: 3");
        refused("pass@k", &[("k", "0")], "from 1");
        refused("majority", &[("k", "0")], "it has: none");
    }
}
