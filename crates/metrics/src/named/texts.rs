//! Metrics of texts by their names.
//!
//! Main type: [`Text`], a row metric and which of its numbers is meant.

use super::{Given, NotNamed};
use crate::corpus::RowMetric;
use crate::corpus::answers::{AnswerKind, AnswerMetric};
use crate::corpus::bleu::{Bleu, BleuOptions, Smoothing, Tokenizer};
use crate::corpus::chrf::{Chrf, ChrfOptions};
use crate::corpus::errors::{EditSimilarity, ErrorRate, ErrorUnit};
use crate::corpus::meteor::{Meteor, MeteorOptions};
use crate::corpus::rouge::{Rouge, RougeKind, RougeOptions, RougeWords};
use crate::corpus::ter::{Ter, TerOptions};
use crate::stats::StatError;
use crate::text::Squad;

/// A metric of texts, and which of its numbers is meant.
pub struct Text {
    /// The metric of whole corpora.
    pub corpus: Box<dyn RowMetric>,
    /// The same as single sentences are scored by it: BLEU leaves out orders that a sentence is
    /// too short for.
    single: Box<dyn RowMetric>,
    /// Which of its outputs is meant.
    pub output: usize,
    /// The largest value that its scale knows: 100 for percent, else 1.
    scale: f64,
}

impl Text {
    fn new(corpus: Box<dyn RowMetric>, output: usize, scale: f64) -> Text {
        let single = corpus.another();
        Text { corpus, single, output, scale }
    }

    /// The number meant, from sums of rows; `None` where it does not exist.
    pub fn finish(&self, sums: &[f64]) -> Option<f64> {
        let mut values = vec![None; self.corpus.outputs().len()];
        self.corpus.finish(sums, &mut values);
        values[self.output].filter(|v| v.is_finite())
    }

    /// Whether more is better.
    pub fn higher_is_better(&self) -> bool {
        self.corpus.outputs()[self.output].higher_is_better
    }

    /// The score of one answer in 0..1, more is better: a percentage is divided by 100, and of an
    /// error rate it is max(0, 1 − rate). `None` where the metric has no number for it.
    ///
    /// # Errors
    /// No reference, or texts that the metric cannot use (too long).
    pub fn sentence(&mut self, answer: &str, references: &[&str]) -> Result<Option<f64>, StatError> {
        let mut row = vec![0.0; self.single.width()];
        self.single.row(answer, references, &mut row)?;
        let mut values = vec![None; self.single.outputs().len()];
        self.single.sentence(&row, &mut values);
        let share = values[self.output].map(|v| v / self.scale);
        let better = self.higher_is_better();
        Ok(share.map(|v| if better { v } else { 1.0 - v }.clamp(0.0, 1.0)).filter(|v| v.is_finite()))
    }

    /// The same with scratch memory of its own.
    pub fn another(&self) -> Text {
        Text {
            corpus: self.corpus.another(),
            single: self.single.another(),
            output: self.output,
            scale: self.scale,
        }
    }
}

pub(super) fn read(given: &Given<'_>) -> Result<Text, NotNamed> {
    let of_rate = |unit| Text::new(Box::new(ErrorRate::new(unit)), 0, 1.0);
    Ok(match given.metric {
        "bleu" => return bleu(given),
        "chrf" | "chrf++" => return chrf(given),
        "ter" => {
            let like = TerOptions::default();
            let options = TerOptions {
                normalized: given.flag("normalized", like.normalized)?,
                no_punct: given.flag("no_punct", like.no_punct)?,
                asian_support: given.flag("asian_support", like.asian_support)?,
                case_sensitive: given.flag("case_sensitive", like.case_sensitive)?,
            };
            Text::new(Box::new(Ter::new(options)), 0, 100.0)
        }
        "wer" => of_rate(ErrorUnit::Word),
        "cer" => of_rate(ErrorUnit::Char),
        "edit_similarity" => Text::new(Box::new(EditSimilarity::default()), 0, 1.0),
        "meteor" => return meteor(given),
        "exact_match" => Text::new(Box::new(AnswerMetric::new(exact_match(given)?)), 0, 1.0),
        _ => return rouge(given),
    })
}

fn bleu(given: &Given<'_>) -> Result<Text, NotNamed> {
    let like = BleuOptions::default();
    let tokenizer = match given.get("tokenize") {
        None => like.tokenizer,
        Some(name) => Tokenizer::from_name(name)
            .map_err(|_| given.wrong("tokenize", Tokenizer::ALL.map(Tokenizer::name).join(", ")))?,
    };
    let smoothing = match given.get("smooth") {
        None | Some("exp") => Smoothing::Exp,
        Some("none") => Smoothing::None,
        Some("floor") => Smoothing::Floor(given.number("smooth_value", 0.1)?),
        Some("add-k") => Smoothing::AddK(given.number("smooth_value", 1.0)?),
        Some(_) => return Err(given.wrong("smooth", "exp, none, floor or add-k")),
    };
    if given.get("smooth_value").is_some() && matches!(smoothing, Smoothing::Exp | Smoothing::None) {
        return Err(given.wrong("smooth_value", "smooth: floor or smooth: add-k beside it"));
    }
    let options = BleuOptions {
        tokenizer,
        smoothing,
        lowercase: given.flag("lowercase", like.lowercase)?,
        max_order: given.count("max_order", like.max_order)?,
        effective_order: false,
    };
    let wrong = |_| given.wrong("max_order", "1 to 32");
    let single = BleuOptions { effective_order: true, ..options.clone() };
    let single = Box::new(Bleu::new(single).map_err(wrong)?);
    Ok(Text { corpus: Box::new(Bleu::new(options).map_err(wrong)?), single, output: 0, scale: 100.0 })
}

fn chrf(given: &Given<'_>) -> Result<Text, NotNamed> {
    let like = if given.metric == "chrf" { ChrfOptions::default() } else { ChrfOptions::plus_plus() };
    let options = ChrfOptions {
        char_order: given.count("char_order", like.char_order)?,
        word_order: given.count("word_order", like.word_order)?,
        beta: given.number("beta", like.beta)?,
        lowercase: given.flag("lowercase", like.lowercase)?,
        whitespace: given.flag("whitespace", like.whitespace)?,
        eps_smoothing: like.eps_smoothing,
    };
    let metric = Chrf::new(options).map_err(|why| given.wrong("char_order", why.to_string()))?;
    Ok(Text::new(Box::new(metric), 0, 100.0))
}

fn meteor(given: &Given<'_>) -> Result<Text, NotNamed> {
    let like = MeteorOptions::default();
    let options = MeteorOptions {
        alpha: given.number("alpha", like.alpha)?,
        beta: given.number("beta", like.beta)?,
        gamma: given.number("gamma", like.gamma)?,
    };
    let metric = Meteor::new(options).map_err(|why| given.wrong("alpha", why.to_string()))?;
    Ok(Text::new(Box::new(metric), 0, 1.0))
}

fn exact_match(given: &Given<'_>) -> Result<AnswerKind, NotNamed> {
    Ok(match given.get("rule") {
        None | Some("squad1") => AnswerKind::ExactMatch(Squad::V1),
        Some("squad2") => AnswerKind::ExactMatch(Squad::V2),
        Some("unicode") => AnswerKind::ExactMatchUnicode,
        Some(_) => return Err(given.wrong("rule", "squad1, squad2 or unicode")),
    })
}

fn rouge(given: &Given<'_>) -> Result<Text, NotNamed> {
    let kind: RougeKind = given.metric.parse().map_err(|_| NotNamed::Metric(given.metric.to_owned()))?;
    let output = match given.get("part") {
        None | Some("f") => 0,
        Some("precision") => 1,
        Some("recall") => 2,
        Some(_) => return Err(given.wrong("part", "f, precision or recall")),
    };
    let words = if given.flag("unicode", false)? { RougeWords::Unicode } else { RougeWords::Ascii };
    let options = RougeOptions { kinds: vec![kind], stemmer: given.flag("stemmer", false)?, words };
    let metric = Rouge::new(&options).map_err(|_| NotNamed::Metric(given.metric.to_owned()))?;
    Ok(Text::new(Box::new(metric), output, 1.0))
}

#[cfg(test)]
mod tests {
    use crate::named::{Named, Options, named};

    fn check(metric: &str, pairs: &[(&str, &str)], answer: &str, references: &[&str], expect: f64) {
        let options: Options = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let Ok(Named::Text(mut text)) = named(metric, &options) else { panic!("{metric}") };
        let got = text.sentence(answer, references).unwrap().unwrap();
        assert!((got - expect).abs() < 1e-12, "{metric}: {got}");
        assert_eq!(text.another().sentence(answer, references).unwrap(), Some(got));
    }

    #[test]
    fn sentences_score_between_0_and_1() {
        // Effective order: three equal words are a whole match.
        check("bleu", &[], "a gilt crown", &["a gilt crown"], 1.0);
        check("chrf++", &[], "a gilt crown", &["bronze", "a gilt crown"], 1.0);
        check("rougeL", &[], "a b", &["a c", "x"], 0.5);
        check("rouge1", &[("part", "recall")], "a b", &["a b c d"], 0.5);
        check("rouge1", &[("unicode", "true")], "금관", &["금관"], 1.0);
        check("edit_similarity", &[], "abcd", &["abxd"], 0.75);
        check("exact_match", &[], "The crown!", &["crown"], 1.0);
        check("exact_match", &[("rule", "unicode")], "The crown!", &["crown"], 0.0);
    }

    #[test]
    fn rates_are_turned_over_and_end_at_0() {
        check("wer", &[], "a b x d", &["a b c d"], 0.75);
        check("cer", &[], "abxd", &["abcd", "zzzz"], 0.75);
        check("ter", &[], "a b x d", &["a b c d"], 0.75);
        check("wer", &[], "x y z", &["a"], 0.0);
    }
}
