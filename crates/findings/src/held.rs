//! What is kept of the answers' texts: numbers for the metrics over all answers, and no text.
//!
//! Main type: [`Held`], one column for each metric that the plan asks for. Memory is the number of
//! requests times the width of the metrics' rows.

use acidtest_metrics::named::{LabelScore, Named, Text, named};
use acidtest_metrics::stats::StatError;
use acidtest_record::{Case, Digest, RunSpec};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The label of an answer that is no case's label.
pub(crate) const OTHER: u32 = u32::MAX;

/// Where a request's row is.
const NOWHERE: u32 = u32::MAX;
const TOO_LONG: u32 = u32::MAX - 1;

/// What one request's answer became.
#[derive(Debug, PartialEq)]
pub(crate) enum RowOf<'c> {
    /// The metric does not speak about it.
    Outside,
    /// The texts are beyond the metric's limits.
    Excluded,
    /// Its row.
    Row(&'c [f64]),
}

/// Rows of a metric of texts.
pub(crate) struct TextColumn {
    /// Its scratch memory is shared by all who measure: the view is not `Sync` by it.
    metric: RefCell<Text>,
    width: usize,
    at: Vec<u32>,
    data: Vec<f64>,
}

impl TextColumn {
    fn new(metric: Text, requests: usize) -> Self {
        let width = metric.corpus.width();
        Self { metric: RefCell::new(metric), width, at: vec![NOWHERE; requests], data: Vec::new() }
    }

    fn add(&mut self, request: usize, answer: &str, references: &[&str]) {
        let next = self.data.len() / self.width.max(1);
        if next >= TOO_LONG as usize {
            return;
        }
        let begin = self.data.len();
        self.data.resize(begin + self.width, 0.0);
        let made = self.metric.get_mut().corpus.row(answer, references, &mut self.data[begin..]);
        self.at[request] = match made {
            Ok(()) => next as u32,
            Err(StatError::Empty { .. }) => NOWHERE,
            Err(_) => TOO_LONG,
        };
        if self.at[request] >= TOO_LONG {
            self.data.truncate(begin);
        }
    }

    /// The row of a delivered request.
    pub(crate) fn row(&self, request: usize) -> RowOf<'_> {
        match self.at[request] {
            NOWHERE => RowOf::Outside,
            TOO_LONG => RowOf::Excluded,
            at => RowOf::Row(&self.data[at as usize * self.width..(at as usize + 1) * self.width]),
        }
    }

    /// The row that an answer would have had; `None` where the metric does not speak about it.
    pub(crate) fn supposed(&self, answer: &str, references: &[&str]) -> Option<Vec<f64>> {
        let mut row = vec![0.0; self.width];
        self.metric.borrow_mut().corpus.row(answer, references, &mut row).ok().map(|()| row)
    }

    /// The number of sums of rows.
    pub(crate) fn finish(&self, sums: &[f64]) -> Option<f64> {
        self.metric.borrow().finish(sums)
    }

    /// Numbers of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether more is better.
    pub(crate) fn higher_is_better(&self) -> bool {
        self.metric.borrow().higher_is_better()
    }

    /// Everything needed to get the number again.
    pub(crate) fn signature(&self, references: Option<usize>) -> String {
        self.metric.borrow().corpus.signature(references)
    }
}

/// How one metric of the plan is computed.
pub(crate) enum Column {
    /// From rows of texts.
    Text(Box<TextColumn>),
    /// From labels.
    Labels(LabelScore),
    /// From right and wrong repeats.
    PassAtK(u64),
    /// From right and wrong repeats.
    PassHatK(u64),
    /// From votes.
    Majority,
    /// The plan was written by a version that knows more.
    Unknown(String),
}

/// What is kept of all answers.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) columns: Vec<Column>,
    /// The cases' labels, in order.
    pub(crate) labels: Vec<String>,
    /// The label that each request's answer is; absent without labels.
    said: Vec<u32>,
    /// A digest of each request's answer, 0 where there is none; absent without votes.
    votes: Vec<u64>,
}

/// The true label of a case.
fn truth(case: &Case) -> Option<&str> {
    case.expected.first().map(|t| t.trim())
}

impl Held {
    /// Room for the metrics that a plan asks for.
    pub(crate) fn new(spec: &RunSpec, cases: &[Case], requests: usize) -> Self {
        let column = |m: &acidtest_record::MetricSpec| match named(&m.metric, &m.options) {
            Ok(Named::Text(text)) => Column::Text(Box::new(TextColumn::new(text, requests))),
            Ok(Named::Labels(score)) => Column::Labels(score),
            Ok(Named::PassAtK(k)) => Column::PassAtK(k),
            Ok(Named::PassHatK(k)) => Column::PassHatK(k),
            Ok(Named::Majority) => Column::Majority,
            Err(why) => Column::Unknown(why.to_string()),
        };
        let mut held = Self { columns: spec.metrics.iter().map(column).collect(), ..Self::default() };
        if held.columns.iter().any(|c| matches!(c, Column::Labels(_))) {
            held.labels = cases.iter().filter_map(truth).map(str::to_owned).collect();
            held.labels.sort_unstable();
            held.labels.dedup();
            held.said = vec![OTHER; requests];
        }
        if held.columns.iter().any(|c| matches!(c, Column::Majority)) {
            held.votes = vec![0; requests];
        }
        held
    }

    /// Whether anything is made of texts.
    pub(crate) fn is_wanted(spec: &RunSpec) -> bool {
        spec.metrics.iter().any(|m| !["pass@k", "pass^k"].contains(&m.metric.as_str()))
    }

    /// Takes in what the extraction found in a request's answer.
    pub(crate) fn add(&mut self, request: usize, case: &Case, answer: Option<&str>) {
        let references: Vec<&str> = case.expected.iter().map(String::as_str).collect();
        for column in &mut self.columns {
            if let Column::Text(text) = column {
                text.add(request, answer.unwrap_or_default(), &references);
            }
        }
        if let Some(said) = self.said.get_mut(request) {
            let label = answer.map(str::trim).unwrap_or_default();
            *said = self.labels.binary_search_by(|l| l.as_str().cmp(label)).map_or(OTHER, |at| at as u32);
        }
        if let (Some(vote), Some(answer)) = (self.votes.get_mut(request), answer) {
            let digest = Digest::of(answer.trim().as_bytes());
            let half = u64::from_le_bytes(digest.0[..8].try_into().expect("8 of 16 bytes"));
            *vote = half.max(1);
        }
    }

    /// The true label of a case, by its number.
    pub(crate) fn truth(&self, case: &Case) -> Option<u32> {
        let label = truth(case)?;
        self.labels.binary_search_by(|l| l.as_str().cmp(label)).ok().map(|at| at as u32)
    }

    /// The label that a request's answer is.
    pub(crate) fn said(&self, request: usize) -> u32 {
        self.said.get(request).copied().unwrap_or(OTHER)
    }

    /// The vote of a request's answer, if it has one.
    pub(crate) fn vote(&self, request: usize) -> Option<u64> {
        self.votes.get(request).copied().filter(|vote| *vote != 0)
    }
}

/// How many references every case has, where all have as many.
pub(crate) fn references<'c>(cases: impl Iterator<Item = &'c Case>) -> Option<usize> {
    let mut counts: BTreeMap<usize, ()> = cases.map(|c| (c.expected.len(), ())).collect();
    let (first, ()) = counts.pop_first()?;
    counts.is_empty().then_some(first)
}
