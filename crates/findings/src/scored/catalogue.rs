//! The metrics of texts that can be asked for by name, and their options.
//!
//! Main function: [`Chosen::new`], from names and options to metrics that are ready to run. What
//! they mean stands in `definitions`. Computes nothing.

use crate::nearest::nearest;
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::answers::{AnswerKind, AnswerMetric};
use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions, Smoothing, Tokenizer};
use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
use acidtest_metrics::corpus::errors::{EditSimilarity, ErrorRate, ErrorUnit};
use acidtest_metrics::corpus::meteor::{Meteor, MeteorOptions};
use acidtest_metrics::corpus::rouge::{Rouge, RougeKind, RougeOptions, RougeWords};
use acidtest_metrics::corpus::ter::{Ter, TerOptions};
use acidtest_metrics::diversity::{Token, distinct_n, self_bleu};
use acidtest_metrics::text::Squad;
use serde::{Deserialize, Serialize};

/// A metric of texts: its unit, its range, and how it comes from segments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TextMetric {
    /// Its name.
    pub(super) id: &'static str,
    /// `points` (0 to 100) or `ratio`.
    pub(super) unit: &'static str,
    /// The range it cannot leave; without a largest value the second is absent.
    pub(super) range: (f64, Option<f64>),
    /// Whether more is better, where that can be said.
    pub(super) higher_is_better: Option<bool>,
    pub(super) summary: Summary,
}

/// How a corpus score comes from segments, which decides its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Summary {
    /// A share of segments that are right.
    Share,
    /// A mean over segments.
    Mean,
    /// Another function of sums: resampled.
    Sums,
    /// A function of all texts together, without an interval.
    Whole,
}

const RATIO: (&str, f64) = ("ratio", 1.0);
const POINTS: (&str, f64) = ("points", 100.0);

const fn points(id: &'static str, higher: bool) -> TextMetric {
    let range = (0.0, if higher { Some(POINTS.1) } else { None });
    TextMetric { id, unit: POINTS.0, range, higher_is_better: Some(higher), summary: Summary::Sums }
}

const fn mean(id: &'static str) -> TextMetric {
    let range = (0.0, Some(RATIO.1));
    TextMetric { id, unit: RATIO.0, range, higher_is_better: Some(true), summary: Summary::Mean }
}

const fn share(id: &'static str) -> TextMetric {
    TextMetric { summary: Summary::Share, ..mean(id) }
}

const fn rate(id: &'static str, higher: bool, most: Option<f64>) -> TextMetric {
    let (range, higher_is_better) = ((0.0, most), Some(higher));
    TextMetric { id, unit: RATIO.0, range, higher_is_better, summary: Summary::Sums }
}

const fn whole(id: &'static str, (unit, most): (&'static str, f64)) -> TextMetric {
    TextMetric { id, unit, range: (0.0, Some(most)), higher_is_better: None, summary: Summary::Whole }
}

const ALL: &[TextMetric] = &[
    points("bleu", true),
    points("chrf", true),
    points("chrf++", true),
    points("ter", false),
    mean("rouge1"),
    mean("rouge2"),
    mean("rouge3"),
    mean("rougeL"),
    mean("rougeLsum"),
    mean("rouge1_unicode"),
    mean("rouge2_unicode"),
    mean("rouge3_unicode"),
    mean("rougeL_unicode"),
    mean("rougeLsum_unicode"),
    mean("meteor"),
    share("exact_match"),
    mean("token_f1"),
    mean("char_f1"),
    share("exact_match_unicode"),
    mean("token_f1_unicode"),
    mean("char_f1_unicode"),
    rate("wer", false, None),
    rate("mer", false, Some(1.0)),
    rate("wil", false, Some(1.0)),
    rate("wip", true, Some(1.0)),
    rate("cer", false, None),
    mean("edit_similarity"),
    whole("distinct_1", RATIO),
    whole("distinct_2", RATIO),
    whole("distinct_3", RATIO),
    whole("self_bleu", POINTS),
];

/// Options of metrics of texts, by the names of their command-line options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TextOptions {
    /// BLEU: `none 13a intl zh char ko-char`.
    pub tokenize: String,
    /// BLEU: `none floor add-k exp`.
    pub smooth_method: String,
    /// BLEU: value of `floor` (0.1) or `add-k` (1).
    pub smooth_value: Option<f64>,
    /// BLEU: lower case first.
    pub lowercase: bool,
    /// BLEU: leave out orders that a text is too short for.
    pub effective_order: bool,
    /// BLEU: the longest n-gram.
    pub max_ngram_order: usize,
    /// chrF: the longest character n-gram.
    pub chrf_char_order: usize,
    /// chrF: the longest word n-gram; null for 0 (`chrf`) and 2 (`chrf++`).
    pub chrf_word_order: Option<usize>,
    /// chrF: weight of recall.
    pub chrf_beta: f64,
    /// chrF: lower case first.
    pub chrf_lowercase: bool,
    /// chrF: white space counts.
    pub chrf_whitespace: bool,
    /// chrF: smoothing of chrF++.py, Moses and NLTK.
    pub chrf_eps_smoothing: bool,
    /// TER: resolve entities, set punctuation apart.
    pub ter_normalized: bool,
    /// TER: remove punctuation.
    pub ter_no_punct: bool,
    /// TER: East Asian characters too.
    pub ter_asian_support: bool,
    /// TER: keep upper case.
    pub ter_case_sensitive: bool,
    /// ROUGE: Porter stemmer.
    pub rouge_stemmer: bool,
    /// `v1` or `v2`.
    pub squad: String,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            tokenize: "13a".to_owned(),
            smooth_method: "exp".to_owned(),
            smooth_value: None,
            lowercase: false,
            effective_order: false,
            max_ngram_order: 4,
            chrf_char_order: 6,
            chrf_word_order: None,
            chrf_beta: 2.0,
            chrf_lowercase: false,
            chrf_whitespace: false,
            chrf_eps_smoothing: false,
            ter_normalized: false,
            ter_no_punct: false,
            ter_asian_support: false,
            ter_case_sensitive: false,
            rouge_stemmer: false,
            squad: "v1".to_owned(),
        }
    }
}

/// A name or an option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadChoice {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl BadChoice {
    fn new(what: impl ToString, hint: impl Into<String>) -> Self {
        Self { what: what.to_string(), hint: hint.into() }
    }
}

impl TextOptions {
    pub(super) fn bleu(&self) -> Result<BleuOptions, BadChoice> {
        let value = self.smooth_value;
        let smoothing = match self.smooth_method.as_str() {
            "none" => Smoothing::None,
            "exp" => Smoothing::Exp,
            "floor" => Smoothing::Floor(value.unwrap_or(0.1)),
            "add-k" => Smoothing::AddK(value.unwrap_or(1.0)),
            other => {
                let what = format!("unknown smoothing '{other}'");
                return Err(BadChoice::new(what, "known: none, floor, add-k, exp"));
            }
        };
        if value.is_some() && matches!(smoothing, Smoothing::None | Smoothing::Exp) {
            let what = format!("smoothing '{}' takes no value", self.smooth_method);
            return Err(BadChoice::new(what, "a smoothing value belongs to floor or add-k"));
        }
        let tokenizer = Tokenizer::from_name(&self.tokenize)
            .map_err(|e| BadChoice::new(e, "known: none, 13a, intl, zh, char, ko-char"))?;
        let (lowercase, max_order) = (self.lowercase, self.max_ngram_order);
        let effective_order = self.effective_order;
        Ok(BleuOptions { tokenizer, lowercase, smoothing, max_order, effective_order })
    }

    fn chrf(&self, word_order: usize) -> ChrfOptions {
        ChrfOptions {
            char_order: self.chrf_char_order,
            word_order: self.chrf_word_order.unwrap_or(word_order),
            beta: self.chrf_beta,
            lowercase: self.chrf_lowercase,
            whitespace: self.chrf_whitespace,
            eps_smoothing: self.chrf_eps_smoothing,
        }
    }

    fn ter(&self) -> TerOptions {
        TerOptions {
            normalized: self.ter_normalized,
            no_punct: self.ter_no_punct,
            asian_support: self.ter_asian_support,
            case_sensitive: self.ter_case_sensitive,
        }
    }

    fn squad(&self) -> Result<Squad, BadChoice> {
        match self.squad.as_str() {
            "v1" => Ok(Squad::V1),
            "v2" => Ok(Squad::V2),
            other => Err(BadChoice::new(format!("unknown SQuAD script '{other}'"), "known: v1, v2")),
        }
    }
}

/// One number that was asked for, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) metric: &'static TextMetric,
    /// Which of the row metrics, and which of its outputs.
    pub(super) row: usize,
    pub(super) output: usize,
}

/// Metrics that were asked for, ready to run.
pub struct Chosen {
    pub(super) names: Vec<String>,
    pub(super) options: TextOptions,
    pub(super) rows: Vec<Box<dyn RowMetric>>,
    /// In the order in which they were asked for.
    pub(super) wanted: Vec<Wanted>,
    /// Metrics of all texts together.
    pub(super) wholes: Vec<&'static TextMetric>,
    /// Those of a single sentence: BLEU has the effective order there.
    pub(super) sentences: Vec<Box<dyn RowMetric>>,
}

/// Row metrics by what they share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Rouge(RougeWords),
    Words,
    Own(&'static str),
}

fn group(id: &'static str) -> Group {
    match id {
        "wer" | "mer" | "wil" | "wip" => Group::Words,
        _ if id.starts_with("rouge") && id.ends_with("_unicode") => Group::Rouge(RougeWords::Unicode),
        _ if id.starts_with("rouge") => Group::Rouge(RougeWords::Ascii),
        _ => Group::Own(id),
    }
}

impl Chosen {
    /// The metrics of these names with these options; a name given twice counts once.
    ///
    /// # Errors
    /// An unknown name (with the nearest one), an option that cannot be.
    pub fn new(names: &[String], options: &TextOptions) -> Result<Self, BadChoice> {
        let mut asked: Vec<&'static TextMetric> = Vec::new();
        for name in names {
            let metric = find(name)?;
            if !asked.iter().any(|m| m.id == metric.id) {
                asked.push(metric);
            }
        }
        if asked.is_empty() {
            return Err(BadChoice::new("no metric is asked for", "such as: --metrics bleu,chrf"));
        }
        let (wholes, of_rows): (Vec<&'static TextMetric>, Vec<_>) =
            asked.iter().copied().partition(|m| m.summary == Summary::Whole);
        let mut groups: Vec<Group> = Vec::new();
        for metric in &of_rows {
            if !groups.contains(&group(metric.id)) {
                groups.push(group(metric.id));
            }
        }
        let mut rows = Vec::new();
        let mut sentences = Vec::new();
        for own in &groups {
            let members: Vec<&str> = of_rows.iter().map(|m| m.id).filter(|id| group(id) == *own).collect();
            rows.push(row_metric(*own, &members, options)?);
            let alone = TextOptions { effective_order: true, ..options.clone() };
            sentences.push(row_metric(*own, &members, &alone)?);
        }
        let place = |metric: &&'static TextMetric| {
            let row = groups.iter().position(|g| *g == group(metric.id))?;
            let outputs = rows[row].outputs();
            let output = outputs.iter().position(|o| o.id == metric.id).unwrap_or(0);
            Some(Wanted { metric, row, output })
        };
        let wanted = of_rows.iter().filter_map(place).collect();
        // Options of diversity are checked too, before any text is read.
        options.bleu()?;
        let names = asked.iter().map(|m| m.id.to_owned()).collect();
        Ok(Self { names, options: options.clone(), rows, wanted, wholes, sentences })
    }

    /// The same metrics with scratch memory of their own, for another thread.
    #[must_use]
    pub fn another(&self) -> Vec<Box<dyn RowMetric>> {
        self.rows.iter().map(|m| m.another()).collect()
    }

    /// Numbers of a whole row: those of all metrics one behind the other.
    #[must_use]
    pub fn width(&self) -> usize {
        self.rows.iter().map(|m| m.width()).sum()
    }

    /// Whether some metric needs all texts together.
    #[must_use]
    pub fn needs_texts(&self) -> bool {
        !self.wholes.is_empty()
    }

    /// Whether some metric compares with references.
    #[must_use]
    pub fn needs_references(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Values of the metrics of all texts together, or why there is none.
    #[must_use]
    pub fn wholes(&self, texts: &[&str]) -> Vec<Result<f64, String>> {
        let one = |metric: &&'static TextMetric| {
            let bleu = self.options.bleu().map_err(|e| e.what)?;
            let order = metric.id.strip_prefix("distinct_").and_then(|n| n.parse().ok());
            match order {
                Some(n) => distinct_n(texts, n, Token::Bleu(bleu.tokenizer)).map(|d| d.share),
                None => self_bleu(texts, &bleu).map(|s| s.mean),
            }
            .map_err(|e| e.to_string())
        };
        self.wholes.iter().map(one).collect()
    }

    /// The names that were asked for, each once.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &TextOptions {
        &self.options
    }

    /// The signature of each number of rows, where every segment has so many references.
    #[must_use]
    pub fn signatures(&self, references: Option<usize>) -> Vec<(&'static str, String)> {
        self.wanted.iter().map(|w| (w.metric.id, self.rows[w.row].signature(references))).collect()
    }
}

fn find(name: &str) -> Result<&'static TextMetric, BadChoice> {
    let same = |m: &&TextMetric| m.id == name || m.id.eq_ignore_ascii_case(name);
    ALL.iter().find(same).ok_or_else(|| {
        let known = super::definitions::DEFINITIONS.iter().map(|d| d.id);
        let near = nearest(&name.to_lowercase(), known.chain(ALL.iter().map(|m| m.id)));
        let meant = near.map_or(String::new(), |near| format!("did you mean '{near}'? "));
        let shown: String = name.chars().take(60).collect();
        BadChoice::new(format!("no metric '{shown}'"), format!("{meant}`acidtest metrics` lists them all"))
    })
}

fn row_metric(own: Group, members: &[&str], options: &TextOptions) -> Result<Box<dyn RowMetric>, BadChoice> {
    let refused = |e: acidtest_metrics::stats::StatError| BadChoice::new(e, "see `acidtest score --help`");
    let answers = |kind| -> Box<dyn RowMetric> { Box::new(AnswerMetric::new(kind)) };
    Ok(match own {
        Group::Words => Box::new(ErrorRate::new(ErrorUnit::Word)),
        Group::Rouge(words) => {
            let plain = members.iter().map(|id| id.trim_end_matches("_unicode"));
            let kinds: Result<Vec<RougeKind>, _> = plain.map(str::parse).collect();
            let kinds = kinds.map_err(|e| BadChoice::new(e, "rouge1 to rouge3, rougeL, rougeLsum"))?;
            let stemmer = options.rouge_stemmer;
            Box::new(Rouge::new(&RougeOptions { kinds, stemmer, words }).map_err(refused)?)
        }
        Group::Own(id) => match id {
            "bleu" => Box::new(Bleu::new(options.bleu()?).map_err(refused)?),
            "chrf" => Box::new(Chrf::new(options.chrf(0)).map_err(refused)?),
            "chrf++" => Box::new(Chrf::new(options.chrf(2)).map_err(refused)?),
            "ter" => Box::new(Ter::new(options.ter())),
            "meteor" => Box::new(Meteor::new(MeteorOptions::default()).map_err(refused)?),
            "exact_match" => answers(AnswerKind::ExactMatch(options.squad()?)),
            "token_f1" => answers(AnswerKind::TokenF1(options.squad()?)),
            "char_f1" => answers(AnswerKind::CharF1),
            "exact_match_unicode" => answers(AnswerKind::ExactMatchUnicode),
            "token_f1_unicode" => answers(AnswerKind::TokenF1Unicode),
            "char_f1_unicode" => answers(AnswerKind::CharF1Unicode),
            "cer" => Box::new(ErrorRate::new(ErrorUnit::Char)),
            _ => Box::new(EditSimilarity::default()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_built_and_is_its_own_output() {
        let names: Vec<String> = ALL.iter().map(|m| m.id.to_owned()).collect();
        let chosen = Chosen::new(&names, &TextOptions::default()).unwrap();
        assert_eq!(chosen.wanted.len() + chosen.wholes.len(), ALL.len());
        for wanted in &chosen.wanted {
            let output = &chosen.rows[wanted.row].outputs()[wanted.output];
            assert_eq!(output.id, wanted.metric.id);
            assert_eq!(Some(output.higher_is_better), wanted.metric.higher_is_better, "{}", output.id);
            assert_eq!(output.range.0, wanted.metric.range.0);
            let most = Some(output.range.1).filter(|m| m.is_finite());
            assert!(wanted.metric.range.1 == most || output.id == "meteor", "{}", output.id);
        }
    }

    #[test]
    fn every_name_is_defined_in_its_unit() {
        for metric in ALL {
            let said = super::super::definitions::definition(metric.id).expect(metric.id);
            assert_eq!(said.unit, metric.unit, "{}", metric.id);
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        let bad = |name: &str, options: &TextOptions| Chosen::new(&[name.to_owned()], options).err().unwrap();
        let plain = TextOptions::default();
        assert!(bad("bleuu", &plain).hint.starts_with("did you mean 'bleu'?"));
        assert!(bad("bleu", &TextOptions { tokenize: "13b".into(), ..plain.clone() }).what.contains("13b"));
        assert!(
            bad("bleu", &TextOptions { smooth_value: Some(1.0), ..plain.clone() }).hint.contains("add-k")
        );
        assert!(bad("bleu", &TextOptions { max_ngram_order: 0, ..plain.clone() }).what.contains("1 to 32"));
        assert!(bad("exact_match", &TextOptions { squad: "v3".into(), ..plain }).hint.contains("v2"));
    }
}
