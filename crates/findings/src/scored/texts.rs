//! Rows of segments, and estimates of the whole and of slices.
//!
//! Main types: [`TextTable`], what was scored; [`ScoreReport`], what is said of it. Shares and means
//! have the intervals of every other share and mean; other functions of sums are resampled by
//! unit of sampling. Texts are not kept.

use super::catalogue::{Chosen, Summary, TextMetric, Wanted};
use super::contrast::ChangedCase;
use super::sheet::{Scored, Sheet};
use crate::compare::Test;
use crate::estimate::{Estimate, Family, Interval, Labels, N, Quantity, Uncertainty};
use acidtest_metrics::corpus::compat::{MeanHalfWidth, sacrebleu_line};
use acidtest_metrics::stats::{
    self, Clustered, FEW_CLUSTERS, Resampled, Resampling, Rows, Unit, clustered_proportion, clustered_score,
};
use acidtest_record::{Digest, Stat};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is known of a segment besides its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoredCase {
    /// Its name; its place in the file, from 1, where it has none.
    pub id: String,
    /// The cluster that it is drawn with; itself where there is none.
    pub cluster: Option<String>,
    /// Its value of each field of `by`, in that order.
    pub tags: Vec<String>,
    /// Digest of its references.
    pub reference: Digest,
    /// Digest of the prediction.
    pub prediction: Digest,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Resamples, level, seed.
    pub resampling: Resampling,
    /// Whether there are intervals at all.
    pub intervals: bool,
    /// Trials of approximate randomisation.
    pub trials: u32,
    /// Whether sacreBLEU's mean and half width are given too.
    pub compat: bool,
}

/// What was scored.
pub struct TextTable {
    /// The metrics.
    pub chosen: Chosen,
    /// A row for each segment: those of all metrics one behind the other.
    pub rows: Rows,
    /// One for each row.
    pub cases: Vec<ScoredCase>,
    /// Fields that make slices.
    pub by: Vec<String>,
    /// Number of references, where every segment has the same.
    pub references: Option<usize>,
    /// Values of metrics of all texts together, in the order of `Chosen`.
    pub wholes: Vec<Result<f64, String>>,
}

/// Signature of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Signature {
    /// Its name.
    pub metric: String,
    /// How to get the number again.
    pub signature: String,
}

/// Where the numbers come from.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ScoreAbout {
    /// The file of predictions.
    pub predictions: String,
    /// The second file of predictions, where two are compared.
    pub against: Option<String>,
    /// Files of references; none where predictions hold them.
    pub references: Vec<String>,
    /// Segments.
    pub cases: u64,
    /// Units of sampling.
    pub units: u64,
    /// What is drawn at random: `case` or `cluster`.
    pub unit_of_sampling: String,
    /// Signature of each metric.
    pub signatures: Vec<Signature>,
    /// The version that computed it.
    pub acidtest: String,
}

/// sacreBLEU's mean and half width of a resampled score.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Spread {
    /// The metric.
    pub metric: String,
    /// Mean of the resampled scores.
    pub mean: f64,
    /// Half the distance of the scores n/40 from both ends.
    pub half_width: f64,
    /// As sacreBLEU writes it.
    pub formatted: String,
}

/// The slice with the worst value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Worst {
    /// The metric.
    pub metric: String,
    /// The slice.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// Scores of one segment.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CaseScore {
    /// Its name.
    pub id: String,
    /// By metric; null where there is none.
    pub values: BTreeMap<String, Option<f64>>,
}

/// What is said of files of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreReport {
    /// Where it comes from.
    pub about: ScoreAbout,
    /// The numbers.
    pub estimates: Vec<Estimate>,
    /// Confusion matrices and calibration tables.
    pub tables: Vec<Sheet>,
    /// The worst slice of each metric and field.
    pub worst: Vec<Worst>,
    /// Differences to the second file.
    pub tests: Vec<Test>,
    /// Cases that changed most.
    pub changed: Vec<ChangedCase>,
    /// Scores of each segment, where they were asked for.
    pub cases: Option<Vec<CaseScore>>,
    /// sacreBLEU's own intervals, where they were asked for.
    pub compat: Vec<Spread>,
    /// What a reader must know besides.
    pub warnings: Vec<String>,
}

impl ScoreReport {
    /// A report of columns alone, still without their numbers.
    #[must_use]
    pub fn of_columns(predictions: String, columns: &Scored) -> Self {
        let first = columns.estimates.first();
        let unit = first.and_then(Estimate::ends).map_or("case", |i| i.unit_of_sampling.as_str());
        let about = ScoreAbout {
            predictions,
            against: None,
            references: Vec::new(),
            cases: first.map_or(0, |e| e.n.cases),
            units: first.map_or(0, |e| e.n.clusters),
            unit_of_sampling: unit.to_owned(),
            signatures: Vec::new(),
            acidtest: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Self {
            about,
            estimates: Vec::new(),
            tables: Vec::new(),
            worst: Vec::new(),
            tests: Vec::new(),
            changed: Vec::new(),
            cases: None,
            compat: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Segments that are looked at together, by unit of sampling.
pub(super) struct Grouped {
    pub(super) rows: Rows,
    /// Segments in each unit.
    pub(super) sizes: Vec<u32>,
    pub(super) cases: u64,
}

impl TextTable {
    /// Whether units of sampling are clusters.
    #[must_use]
    pub fn is_clustered(&self) -> bool {
        self.cases.iter().any(|c| c.cluster.is_some())
    }

    pub(super) fn unit_name(&self) -> &'static str {
        if self.is_clustered() { "cluster" } else { "case" }
    }

    /// The unit of each of these segments, and how many units there are.
    pub(super) fn units(&self, of: impl Iterator<Item = usize>) -> (Vec<usize>, usize) {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut next = 0;
        let mut unit = |case: &'_ usize| -> Option<usize> {
            let name = self.cases.get(*case)?.cluster.as_deref();
            let fresh = next;
            let found = match name {
                Some(name) => *known.entry(name).or_insert(fresh),
                None => fresh,
            };
            next += usize::from(found == fresh);
            Some(found)
        };
        let units: Vec<usize> = of.filter_map(|case| unit(&case)).collect();
        (units, next)
    }

    fn grouped(&self, of: &[usize]) -> Grouped {
        let (units, n) = self.units(of.iter().copied());
        let mut rows = Rows::new(self.rows.width());
        let mut sizes = vec![0; n];
        for (case, unit) in of.iter().zip(units) {
            while rows.len() <= unit {
                rows.push();
            }
            rows.add(unit, self.rows.row(*case));
            sizes[unit] += 1;
        }
        Grouped { rows, sizes, cases: of.len() as u64 }
    }

    /// Writes the numbers that were asked for from sums of whole rows.
    pub(super) fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        self.finished(&Finishing::Corpus, sums, values);
    }

    fn finished(&self, how: &Finishing, sums: &[f64], values: &mut [Option<f64>]) {
        let mut at = 0;
        let mut out = [None; 40];
        for (row, (metric, alone)) in self.chosen.rows.iter().zip(&self.chosen.sentences).enumerate() {
            let own = &sums[at..at + metric.width()];
            at += metric.width();
            let out = &mut out[..metric.outputs().len()];
            out.fill(None);
            match how {
                Finishing::Corpus => metric.finish(own, out),
                Finishing::Sentence => alone.sentence(own, out),
            }
            for (value, wanted) in values.iter_mut().zip(&self.chosen.wanted) {
                if wanted.row == row {
                    *value = out[wanted.output];
                }
            }
        }
    }

    /// Scores of one segment, as the reference packages' sentence scores.
    #[must_use]
    pub fn sentence(&self, case: usize) -> Vec<Option<f64>> {
        let mut values = vec![None; self.chosen.wanted.len()];
        self.finished(&Finishing::Sentence, self.rows.row(case), &mut values);
        values
    }

    /// Scores of every segment.
    #[must_use]
    pub fn sentences(&self) -> Vec<CaseScore> {
        let one = |(i, case): (usize, &ScoredCase)| {
            let names = self.chosen.wanted.iter().map(|w| w.metric.id.to_owned());
            CaseScore { id: case.id.clone(), values: names.zip(self.sentence(i)).collect() }
        };
        self.cases.iter().enumerate().map(one).collect()
    }

    /// Signatures of all metrics, those of all texts together last.
    #[must_use]
    pub fn signatures(&self) -> Vec<Signature> {
        let of_rows = self.chosen.signatures(self.references);
        let plain = |m: &&'static TextMetric| {
            let options = &self.chosen.options;
            let signature = match m.id {
                "self_bleu" => {
                    format!("tok:{}|smooth:{}|refs:others", options.tokenize, options.smooth_method)
                }
                _ => format!("tok:{}", options.tokenize),
            };
            (m.id, signature)
        };
        let all = of_rows.into_iter().chain(self.chosen.wholes.iter().map(&plain));
        all.map(|(metric, signature)| Signature { metric: metric.to_owned(), signature }).collect()
    }

    /// The whole, then every slice of every field of `by`; the worst slices; warnings.
    #[must_use]
    pub fn estimates(&self, how: &Settings) -> (Vec<Estimate>, Vec<Worst>, Vec<String>) {
        let all: Vec<usize> = (0..self.cases.len()).collect();
        let mut warnings = Vec::new();
        let mut found = self.of_slice(&all, Labels::new(), how, &mut warnings);
        found.extend(self.of_all_texts());
        let mut worst = Vec::new();
        for (place, field) in self.by.iter().enumerate() {
            let mut slices: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (i, case) in self.cases.iter().enumerate() {
                slices.entry(case.tags.get(place).map_or("", String::as_str)).or_default().push(i);
            }
            let from = found.len();
            for (value, cases) in slices {
                let labels = Labels::from([(field.clone(), value.to_owned())]);
                found.extend(self.of_slice(&cases, labels, how, &mut warnings));
            }
            worst.extend(self.chosen.wanted.iter().filter_map(|w| worst_of(w.metric, &found[from..])));
        }
        (found, worst, warnings)
    }

    fn of_slice(
        &self,
        cases: &[usize],
        labels: Labels,
        how: &Settings,
        warnings: &mut Vec<String>,
    ) -> Vec<Estimate> {
        let wanted = &self.chosen.wanted;
        let group = self.grouped(cases);
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut values = vec![None; wanted.len()];
        self.finish(&group.rows.sums(), &mut values);
        let resampled = match wanted.iter().any(|w| w.metric.summary == Summary::Sums) && how.intervals {
            true => stats::resample(&group.rows, wanted.len(), how.resampling, &|sums, out| {
                self.finish(sums, out);
            }),
            false => Vec::new(),
        };
        if group.rows.len() < FEW_CLUSTERS && how.intervals {
            warnings.push(few(&labels, group.rows.len(), self.unit_name()));
        }
        let signatures = self.chosen.signatures(self.references);
        let one = |(k, w): (usize, &Wanted)| {
            let mut e = self.bare(w.metric, labels.clone(), &group, values[k]);
            e.how = self.how(w.metric, &signatures[k].1, how);
            match w.metric.summary {
                _ if !how.intervals => {}
                Summary::Sums | Summary::Whole => set_resampled(&mut e, w.metric, resampled.get(k)),
                summary => set_clustered(&mut e, self.clustered(&group, w, summary, how)),
            }
            if let Uncertainty::Interval(i) = &mut e.interval {
                self.unit_name().clone_into(&mut i.unit_of_sampling);
            }
            e
        };
        wanted.iter().enumerate().map(one).collect()
    }

    /// Column of a mean's sums within whole rows.
    pub(super) fn column(&self, wanted: &Wanted) -> usize {
        let before: usize = self.chosen.rows[..wanted.row].iter().map(|m| m.width()).sum();
        before + wanted.output
    }

    fn clustered(
        &self,
        group: &Grouped,
        wanted: &Wanted,
        summary: Summary,
        how: &Settings,
    ) -> Result<Clustered, stats::StatError> {
        let column = self.column(wanted);
        let unit = |(i, cases): (usize, &u32)| Unit { cases: *cases, sum: group.rows.row(i)[column] };
        let units: Vec<Unit> = group.sizes.iter().enumerate().map(unit).collect();
        let level = how.resampling.level;
        match summary {
            Summary::Share => clustered_proportion(&units, level),
            _ => clustered_score(&units, level),
        }
    }

    fn bare(&self, metric: &TextMetric, labels: Labels, group: &Grouped, value: Option<f64>) -> Estimate {
        let clusters = group.rows.len() as u64;
        let n = group.cases;
        Estimate {
            metric: metric.id.to_owned(),
            params: Labels::new(),
            stat: stat(metric),
            labels,
            family: Family::Quality,
            unit: metric.unit.to_owned(),
            value: value.map_or_else(|| Quantity::Absent("no value".to_owned()), Quantity::Value),
            value_low: None,
            n: N { cases: n, requests: n, records: n, clusters, of: n, values: None },
            interval: Uncertainty::None("no interval".to_owned()),
            missing: None,
            how: String::new(),
            invalid: None,
            standard_error: None,
            effective_n: None,
        }
    }

    fn how(&self, metric: &TextMetric, signature: &str, how: &Settings) -> String {
        let draws = match metric.summary {
            Summary::Sums if how.intervals => {
                let Resampling { resamples, level, seed } = how.resampling;
                format!("|bs:{resamples}|seed:{seed}|level:{level}")
            }
            _ if how.intervals => format!("|level:{}", how.resampling.level),
            _ => String::new(),
        };
        format!("{signature}{draws}|unit:{}|acidtest:{}", self.unit_name(), env!("CARGO_PKG_VERSION"))
    }

    fn of_all_texts(&self) -> Vec<Estimate> {
        let all: Vec<usize> = (0..self.cases.len()).collect();
        let (units, n) = self.units(all.into_iter());
        let mut rows = Rows::new(1);
        (0..n).for_each(|_| rows.push()[0] = 1.0);
        let group = Grouped { rows, sizes: Vec::new(), cases: units.len() as u64 };
        let signatures = self.signatures();
        let one = |(metric, value): (&&'static TextMetric, &Result<f64, String>)| {
            let mut e = self.bare(metric, Labels::new(), &group, value.as_ref().ok().copied());
            if let Err(why) = value {
                e.value = Quantity::Absent(why.clone());
            }
            e.interval = Uncertainty::None("every value depends on all texts".to_owned());
            let signature = signatures.iter().find(|s| s.metric == metric.id);
            let signature = signature.map_or("", |s| s.signature.as_str());
            e.how = format!("{signature}|acidtest:{}", env!("CARGO_PKG_VERSION"));
            e
        };
        self.chosen.wholes.iter().zip(&self.wholes).map(one).collect()
    }

    /// sacreBLEU's `μ ± h` of its own metrics. It draws segments, whatever their clusters.
    #[must_use]
    pub fn compat(&self, how: &Settings) -> Vec<Spread> {
        let wanted = &self.chosen.wanted;
        let is_sacrebleus = |w: &Wanted| w.metric.unit == "points";
        if self.rows.is_empty() || !wanted.iter().any(is_sacrebleus) {
            return Vec::new();
        }
        let Resampling { resamples, seed, .. } = how.resampling;
        let finish = |sums: &[f64], out: &mut [Option<f64>]| self.finish(sums, out);
        let mut random = stats::Pcg64::seeded(seed);
        let drawn = stats::resample_chunk(&self.rows, wanted.len(), resamples, &mut random, &finish);
        let mut values = vec![None; wanted.len()];
        self.finish(&self.rows.sums(), &mut values);
        let spread = |(k, w): (usize, &Wanted)| {
            let own: Vec<f64> = drawn.iter().skip(k).step_by(wanted.len()).flatten().copied().collect();
            let found = MeanHalfWidth::of(&own).ok()?;
            let formatted = sacrebleu_line(w.metric.id, values[k]?, Some(found), "", 4);
            let MeanHalfWidth { mean, half_width } = found;
            Some(Spread { metric: w.metric.id.to_owned(), mean, half_width, formatted })
        };
        wanted.iter().enumerate().filter(|(_, w)| is_sacrebleus(w)).filter_map(spread).collect()
    }

    /// Names that more than one case has.
    #[must_use]
    pub fn repeated_id(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.cases.iter().map(|c| c.id.as_str()).find(|id| !seen.insert(*id))
    }
}

enum Finishing {
    Corpus,
    Sentence,
}

pub(super) fn stat(metric: &TextMetric) -> Stat {
    match metric.summary {
        Summary::Share => Stat::Share,
        Summary::Mean => Stat::Mean,
        Summary::Sums | Summary::Whole => Stat::Total,
    }
}

fn few(labels: &Labels, units: usize, name: &str) -> String {
    let few = format!("few units of sampling ({units} of kind {name}): intervals may be too narrow");
    match labels.iter().next() {
        Some((field, value)) => format!("{field}={value}: {few}"),
        None => few,
    }
}

fn set_resampled(e: &mut Estimate, metric: &TextMetric, found: Option<&Resampled>) {
    let Some(found) = found else { return };
    let range = (metric.range.0, metric.range.1.unwrap_or(f64::INFINITY));
    e.standard_error = found.standard_error;
    e.interval = match &found.interval {
        Ok(i) => Uncertainty::Interval(Interval::of(&i.clipped(range), "")),
        Err(why) => Uncertainty::None(why.to_string()),
    };
}

fn set_clustered(e: &mut Estimate, found: Result<Clustered, stats::StatError>) {
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            e.interval = Uncertainty::None(why.to_string());
            return;
        }
    };
    (e.standard_error, e.effective_n) = (found.standard_error, found.effective_n);
    e.interval = match &found.interval {
        Ok(i) => Uncertainty::Interval(Interval::of(i, "")),
        Err(why) => Uncertainty::None(why.to_string()),
    };
}

fn worst_of(metric: &TextMetric, found: &[Estimate]) -> Option<Worst> {
    let own = found.iter().filter(|e| e.metric == metric.id);
    let numbers = own.filter_map(|e| Some((e.number()?, &e.labels)));
    let sign = if metric.higher_is_better? { 1.0 } else { -1.0 };
    let (value, labels) = numbers.min_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)))?;
    Some(Worst { metric: metric.id.to_owned(), labels: labels.clone(), value })
}
