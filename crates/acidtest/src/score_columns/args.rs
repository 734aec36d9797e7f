//! Flags of columns, and what the names of metrics ask for.
//!
//! Main types: [`ColumnArgs`], [`Named`].

use crate::exit::Failure;
use acidtest_findings::scored::labels::{Average, LabelMetric, LabelOptions};
use acidtest_findings::scored::probabilities::ProbabilityMetric;
use acidtest_findings::scored::rankings::{Gain, RankMetric};
use acidtest_findings::scored::samples::SampleMetric;
use acidtest_findings::scored::sheet::{Resampling, ZeroDivision};

/// Where columns are found, and how labels, samples and rankings are scored
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Labels, probabilities, samples, rankings")]
pub(crate) struct ColumnArgs {
    /// Field of the predicted label (default: label)
    #[arg(long, value_name = "NAME")]
    pub label_field: Option<String>,
    /// Field of the true label (default: truth)
    #[arg(long, value_name = "NAME")]
    pub truth_field: Option<String>,
    /// Field of the score of the positive label (default: score)
    #[arg(long, value_name = "NAME")]
    pub score_field: Option<String>,
    /// Field with one probability per label (a list, or an object by label), or one field for each
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub probs_field: Vec<String>,
    /// Field of the task that a sample belongs to (default: task)
    #[arg(long, value_name = "NAME")]
    pub task_field: Option<String>,
    /// Field that says whether a sample is right: true, false, 1, 0 (default: correct)
    #[arg(long, value_name = "NAME")]
    pub correct_field: Option<String>,
    /// Fields of the samples of a task and the right ones, where a row is a task: n,c
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub counts_fields: Vec<String>,
    /// Field of the cluster that is drawn at random as a whole; the command's own flag says it
    #[arg(skip)]
    pub cluster_field: Option<String>,
    /// The positive label
    #[arg(long, value_name = "LABEL")]
    pub positive: Option<String>,
    /// The labels and their order; another label in the data is an error
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub labels: Vec<String>,
    /// How scores of labels become one [binary with --positive, else macro]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub average: Vec<AverageArg>,
    /// What 0/0 is [0 in averages, as scikit-learn; alone absent]
    #[arg(long, value_enum)]
    pub zero_division: Option<ZeroArg>,
    /// Cuts of metrics whose name has none: hit, recall@k, ndcg@k, pass@k
    #[arg(long, value_name = "K", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    pub k: Vec<u64>,
    /// Draws of the bootstrap of labels
    #[arg(skip = Resampling::default())]
    pub resampling: Resampling,
}

/// Averages as the command line names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AverageArg {
    /// The score of the positive label
    Binary,
    /// Of the pooled counts
    Micro,
    /// The plain mean over labels
    Macro,
    /// The mean over labels, weighted by true cases
    Weighted,
    /// Each label by itself
    Class,
}

/// What 0/0 is, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ZeroArg {
    /// Left out of averages; alone it has no value
    Absent,
    /// 0
    #[value(name = "0")]
    Zero,
    /// 1
    #[value(name = "1")]
    One,
}

/// What a name asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Named {
    Label(String, LabelMetric),
    Probability(ProbabilityMetric),
    Sample(String, SampleMetric),
    Rank(String, RankMetric),
}

/// Names of metrics with a cut, without it.
const CUT: [&str; 7] = ["pass", "hit", "recall", "precision", "ndcg", "ndcg_exp", "pass^"];

/// Whether a name is a metric of columns; `pass@k` and `hit@10` are.
pub(crate) fn is_column_metric(name: &str) -> bool {
    one(name, &[1]).is_some_and(|found| !found.is_empty())
}

/// What one name asks for, once for each of `ks` where it has `@k`. `None`: no such metric.
fn one(name: &str, ks: &[u64]) -> Option<Vec<Named>> {
    if let Some(metric) = LabelMetric::of(name) {
        return Some(vec![Named::Label(name.to_owned(), metric)]);
    }
    if let Some(metric) = ProbabilityMetric::of(name) {
        return Some(vec![Named::Probability(metric)]);
    }
    let rank = |metric| Some(vec![Named::Rank(name.to_owned(), metric)]);
    match name {
        "majority" => return Some(vec![Named::Sample(name.to_owned(), SampleMetric::Majority)]),
        "mrr" => return rank(RankMetric::Mrr),
        "map" => return rank(RankMetric::Map),
        "r_precision" => return rank(RankMetric::RPrecision),
        "ndcg" => return rank(RankMetric::Ndcg(None, Gain::Linear)),
        "ndcg_exp" => return rank(RankMetric::Ndcg(None, Gain::Exponential)),
        _ => {}
    }
    let (base, cut) = match name.split_once('^') {
        Some(("pass", cut)) => ("pass^", cut),
        _ => name.split_once('@')?,
    };
    let base = *CUT.iter().find(|c| **c == base)?;
    let ks: Vec<u64> = match cut {
        "k" => ks.to_vec(),
        digits => vec![digits.parse().ok().filter(|k| *k > 0)?],
    };
    Some(ks.into_iter().map(|k| cut_at(base, k)).collect())
}

fn cut_at(base: &str, k: u64) -> Named {
    let at = usize::try_from(k).unwrap_or(usize::MAX);
    let name = if base == "pass^" { format!("pass^{k}") } else { format!("{base}@{k}") };
    match base {
        "pass" => Named::Sample(name, SampleMetric::PassAt(k)),
        "pass^" => Named::Sample(name, SampleMetric::PassHat(k)),
        "hit" => Named::Rank(name, RankMetric::Hit(at)),
        "recall" => Named::Rank(name, RankMetric::Recall(at)),
        "precision" => Named::Rank(name, RankMetric::Precision(at)),
        "ndcg" => Named::Rank(name, RankMetric::Ndcg(Some(at), Gain::Linear)),
        _ => Named::Rank(name, RankMetric::Ndcg(Some(at), Gain::Exponential)),
    }
}

impl ColumnArgs {
    /// What the names ask for, each once.
    pub(super) fn named(&self, names: &[String]) -> Result<Vec<Named>, Failure> {
        let mut all: Vec<Named> = Vec::new();
        for name in names {
            let Some(found) = one(name, &self.k) else {
                return Err(Failure::usage(format!("no metric '{}'", super::table::brief(name)))
                    .hint("`acidtest metrics` lists them; a cut is a whole number from 1: hit@10"));
            };
            if found.is_empty() {
                return Err(Failure::usage(format!("'{name}' needs a cut"))
                    .hint(format!("--k 1,5,10, or {}", name.replace('k', "5"))));
            }
            for metric in found {
                if !all.contains(&metric) {
                    all.push(metric);
                }
            }
        }
        Ok(all)
    }

    pub(super) fn averages(&self) -> Vec<Average> {
        let one = |a: &AverageArg| match a {
            AverageArg::Binary => Average::Binary,
            AverageArg::Micro => Average::Micro,
            AverageArg::Macro => Average::Macro,
            AverageArg::Weighted => Average::Weighted,
            AverageArg::Class => Average::Class,
        };
        self.average.iter().map(one).collect()
    }

    pub(super) fn label_options(&self) -> LabelOptions {
        LabelOptions {
            averages: self.averages(),
            positive: self.positive.clone(),
            labels: Some(self.labels.clone()).filter(|l| !l.is_empty()),
            zero: self.zero_division.map(|z| match z {
                ZeroArg::Absent => ZeroDivision::Absent,
                ZeroArg::Zero => ZeroDivision::Zero,
                ZeroArg::One => ZeroDivision::One,
            }),
            resampling: self.resampling,
        }
    }
}

pub(super) fn labels(named: &[Named]) -> Vec<(String, LabelMetric)> {
    let one = |n: &Named| if let Named::Label(name, m) = n { Some((name.clone(), *m)) } else { None };
    named.iter().filter_map(one).collect()
}

pub(super) fn probabilities(named: &[Named]) -> Vec<ProbabilityMetric> {
    named.iter().filter_map(|n| if let Named::Probability(m) = n { Some(*m) } else { None }).collect()
}

pub(super) fn samples(named: &[Named]) -> Vec<(String, SampleMetric)> {
    let one = |n: &Named| if let Named::Sample(name, m) = n { Some((name.clone(), *m)) } else { None };
    named.iter().filter_map(one).collect()
}

pub(super) fn rankings(named: &[Named]) -> Vec<(String, RankMetric)> {
    let one = |n: &Named| if let Named::Rank(name, m) = n { Some((name.clone(), *m)) } else { None };
    named.iter().filter_map(one).collect()
}
