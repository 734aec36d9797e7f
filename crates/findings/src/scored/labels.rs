//! Labels against true labels: accuracy, F1 and their kin, with the confusion matrix.
//!
//! Main function: [`score`]. An averaging is always named, and so is what stands for 0/0.

use super::sheet::{LEVEL, Made, Scored, Sheet, SheetRow, Units, Unscored, brief, uncertainty};
use crate::estimate::{Estimate, Labels, Uncertainty};
use acidtest_metrics::classify::{
    self, Averaging, ClassCounts, Confusion, Encoded, KappaWeights, Measure, Undefined, ZeroDivision,
};
use acidtest_metrics::stats::{
    self, Interval, Method, NoInterval, Resampling, Sides, all_events, clustered_proportion,
};

/// Most classes of a table that is written out as a matrix.
const MOST_MATRIX: usize = 50;
/// Most pairs of a table that is too large for a matrix.
const MOST_PAIRS: usize = 100;

/// What a name on the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LabelMetric {
    /// Share of right labels.
    Accuracy,
    /// One minus accuracy.
    Hamming,
    /// Mean recall of classes that occur.
    BalancedAccuracy,
    /// Precision, recall, F or Jaccard: averaged.
    Averaged(Measure),
    /// Matthews' correlation.
    Mcc,
    /// Cohen's kappa.
    Kappa(KappaWeights),
}

impl LabelMetric {
    /// The metric of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<LabelMetric> {
        use LabelMetric::{Accuracy, Averaged, BalancedAccuracy, Hamming, Kappa, Mcc};
        Some(match name {
            "accuracy" => Accuracy,
            "hamming" => Hamming,
            "balanced_accuracy" => BalancedAccuracy,
            "precision" => Averaged(Measure::Precision),
            "recall" => Averaged(Measure::Recall),
            "f1" => Averaged(Measure::F(1.0)),
            "f0.5" => Averaged(Measure::F(0.5)),
            "f2" => Averaged(Measure::F(2.0)),
            "jaccard" => Averaged(Measure::Jaccard),
            "mcc" => Mcc,
            "kappa" => Kappa(KappaWeights::None),
            "kappa_linear" => Kappa(KappaWeights::Linear),
            "kappa_quadratic" => Kappa(KappaWeights::Quadratic),
            _ => return None,
        })
    }
}

/// How scores of classes become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// The score of the positive class.
    Binary,
    /// Of the pooled counts.
    Micro,
    /// The plain mean over classes.
    Macro,
    /// The mean weighted by true cases.
    Weighted,
    /// No average: each class by itself.
    Class,
}

/// Labels of cases.
#[derive(Debug, Clone, Copy)]
pub struct LabelColumns<'a> {
    /// The true label of each case.
    pub truth: &'a [String],
    /// The label that was said.
    pub predicted: &'a [String],
    /// What is drawn at random.
    pub units: &'a Units,
}

/// How labels are scored.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelOptions {
    /// Averages to give; none: that of the positive class if there is one, else macro.
    pub averages: Vec<Average>,
    /// The positive class.
    pub positive: Option<String>,
    /// The labels and their order; none: those that occur, sorted by code point.
    pub labels: Option<Vec<String>>,
    /// What 0/0 is. Not told: 0 in averages, as in scikit-learn; alone it is absent.
    pub zero: Option<ZeroDivision>,
    /// Draws of the bootstrap.
    pub resampling: Resampling,
}

/// Scores labels.
///
/// # Errors
/// No case, lists of different lengths, a label that is not one of those given, no such positive
/// label, or `binary` without one.
pub fn score(
    wanted: &[(String, LabelMetric)],
    columns: LabelColumns<'_>,
    options: &LabelOptions,
) -> Result<Scored, Unscored> {
    let scorer = Scorer::new(columns, options)?;
    let averages = scorer.averages()?;
    let mut parts = Vec::new();
    for (name, metric) in wanted {
        match metric {
            LabelMetric::Averaged(measure) => {
                for average in &averages {
                    parts.extend(scorer.averaged(name, *measure, *average));
                }
            }
            _ => parts.push(Part { metric: *metric, average: None, ..Part::new(name, *metric) }),
        }
    }
    let estimates = scorer.estimates(&parts);
    Ok(Scored { estimates, tables: vec![scorer.table()] })
}

/// One number to give.
#[derive(Debug, Clone)]
struct Part<'n> {
    name: &'n str,
    metric: LabelMetric,
    average: Option<Averaging>,
    params: Labels,
}

impl<'n> Part<'n> {
    fn new(name: &'n str, metric: LabelMetric) -> Self {
        Self { name, metric, average: None, params: Labels::new() }
    }
}

struct Scorer<'a> {
    encoded: Encoded<String>,
    counts: Confusion,
    classes: Vec<ClassCounts>,
    columns: LabelColumns<'a>,
    options: &'a LabelOptions,
    positive: Option<usize>,
}

impl<'a> Scorer<'a> {
    fn new(columns: LabelColumns<'a>, options: &'a LabelOptions) -> Result<Self, Unscored> {
        let given = options.labels.as_deref();
        let encoded = classify::encode_labels(columns.truth, columns.predicted, given)
            .map_err(|why| Unscored::new(None, why.to_string(), ""))?;
        if let Err(Undefined::UnknownLabel { case }) = encoded.cases.check_selected() {
            let known = given.unwrap_or_default();
            let (truth, said) = (&columns.truth[case], &columns.predicted[case]);
            let label = if known.contains(truth) { said } else { truth };
            let what = format!("the label '{}' is not among the given labels", brief(label));
            return Err(Unscored::new(Some(case), what, listed(known)));
        }
        let place = |label: &String| encoded.labels.iter().position(|l| l == label);
        let positive = match &options.positive {
            None => None,
            Some(label) => Some(place(label).ok_or_else(|| {
                let what = format!("no case has the positive label '{}'", brief(label));
                Unscored::new(None, what, listed(&encoded.labels))
            })?),
        };
        let counts = encoded.cases.confusion();
        Ok(Self { classes: counts.class_counts(), encoded, counts, columns, options, positive })
    }

    fn averages(&self) -> Result<Vec<Average>, Unscored> {
        let asked = &self.options.averages;
        if asked.is_empty() {
            return Ok(vec![if self.positive.is_some() { Average::Binary } else { Average::Macro }]);
        }
        if asked.contains(&Average::Binary) && self.positive.is_none() {
            let what = "the average 'binary' needs a positive label";
            let known = listed(&self.encoded.labels);
            return Err(Unscored::new(None, what, format!("--positive LABEL; {known}")));
        }
        Ok(asked.clone())
    }

    fn averaged<'n>(&self, name: &'n str, measure: Measure, average: Average) -> Vec<Part<'n>> {
        let part = |averaging: Averaging, word: &str, class: Option<&str>| {
            let mut params = Labels::from([("average".to_owned(), word.to_owned())]);
            params.extend(class.map(|c| ("class".to_owned(), c.to_owned())));
            Part { name, metric: LabelMetric::Averaged(measure), average: Some(averaging), params }
        };
        let alone = |id: usize, word| part(Averaging::Binary(id), word, Some(&self.encoded.labels[id]));
        match average {
            Average::Binary => self.positive.map(|id| alone(id, "binary")).into_iter().collect(),
            Average::Class => (0..self.counts.selected()).map(|id| alone(id, "class")).collect(),
            Average::Micro => vec![part(Averaging::Micro, "micro", None)],
            Average::Macro => vec![part(Averaging::Macro, "macro", None)],
            Average::Weighted => vec![part(Averaging::Weighted, "weighted", None)],
        }
    }

    fn zero(&self, part: &Part<'_>) -> ZeroDivision {
        let alone = matches!(part.average, Some(Averaging::Binary(_)) | None);
        let unsaid = if alone { ZeroDivision::Absent } else { ZeroDivision::Zero };
        self.options.zero.unwrap_or(unsaid)
    }

    fn value(&self, part: &Part<'_>, counts: &Confusion) -> Result<f64, Undefined> {
        match part.metric {
            LabelMetric::Accuracy => counts.accuracy(),
            LabelMetric::Hamming => counts.accuracy().map(|a| 1.0 - a),
            LabelMetric::BalancedAccuracy => counts.balanced_accuracy(),
            LabelMetric::Mcc => counts.mcc(self.zero(part)),
            LabelMetric::Kappa(weights) => counts.kappa(weights),
            LabelMetric::Averaged(measure) => {
                counts.score(measure, part.average.unwrap_or(Averaging::Macro), self.zero(part))
            }
        }
    }

    /// The value of a resample. A class of the data that was not drawn at all says nothing there:
    /// it is left out, where the estimate itself would count 0/0 as told.
    fn drawn_value(&self, part: &Part<'_>, counts: &Confusion) -> Result<f64, Undefined> {
        let (LabelMetric::Averaged(measure), Some(averaging @ (Averaging::Macro | Averaging::Weighted))) =
            (part.metric, part.average)
        else {
            return self.value(part, counts);
        };
        let occurs = |c: &ClassCounts| c.actual + c.predicted > 0.0;
        let pairs = counts.class_counts().into_iter().zip(&self.classes);
        let kept: Vec<ClassCounts> =
            pairs.filter(|(c, all)| occurs(c) || !occurs(all)).map(|(c, _)| c).collect();
        classify::score(&kept, measure, averaging, self.zero(part))
    }

    fn estimates(&self, parts: &[Part<'_>]) -> Vec<Estimate> {
        let drawn = self.drawn(parts);
        parts.iter().zip(drawn).map(|(part, drawn)| self.estimate(part, drawn)).collect()
    }

    fn estimate(&self, part: &Part<'_>, drawn: Option<stats::Resampled>) -> Estimate {
        let units = self.columns.units;
        let mut made =
            Made::new(id(part), "ratio", units.n(units.of.len()), self.rule(part, drawn.is_some()));
        made.params = part.params.clone();
        if let LabelMetric::Kappa(weights) = part.metric {
            made = made.param("weights", weights_word(weights));
        }
        let value = match self.value(part, &self.counts) {
            Ok(value) => value,
            Err(why) => {
                return made.valued(Err(self.absent(part, &why)), Uncertainty::None(String::new())).done();
            }
        };
        if let LabelMetric::Accuracy = part.metric {
            made.stat = acidtest_record::Stat::Share;
            let share = clustered_proportion(&self.right(), LEVEL);
            return made.clustered(share, units.name).done();
        }
        let found = match &drawn {
            Some(drawn) => {
                made.standard_error = drawn.standard_error;
                self.unless_edge(part, value, drawn.interval.clone())
            }
            None => self.direct(part, value),
        };
        made.valued(Ok(value), uncertainty(&found, units.name)).done()
    }

    /// Whether each case is right, summed over units.
    fn right(&self) -> Vec<stats::Unit> {
        let pairs = self.columns.truth.iter().zip(self.columns.predicted);
        self.columns.units.sums(pairs.map(|(t, p)| f64::from(u8::from(t == p))))
    }

    /// Resampled values of those parts that have no method of their own; all share the draws.
    fn drawn(&self, parts: &[Part<'_>]) -> Vec<Option<stats::Resampled>> {
        let at: Vec<usize> = (0..parts.len()).filter(|i| !self.is_direct(&parts[*i])).collect();
        let mut all = vec![None; parts.len()];
        if at.is_empty() {
            return all;
        }
        match self.encoded.cases.rows(&self.columns.units.of, 1.0) {
            Err(why) => {
                let none =
                    |_: &usize| stats::Resampled { interval: Err(too_large(&why)), standard_error: None };
                at.iter().for_each(|i| all[*i] = Some(none(i)));
            }
            Ok(rows) => {
                let finish = |sums: &[f64], values: &mut [Option<f64>]| {
                    let counts = rows.confusion(sums);
                    for (value, i) in values.iter_mut().zip(&at) {
                        *value = self.drawn_value(&parts[*i], &counts).ok();
                    }
                };
                let found = stats::resample(&rows.rows, at.len(), self.options.resampling, &finish);
                at.iter().zip(found).for_each(|(i, one)| all[*i] = Some(one));
            }
        }
        all
    }

    /// Whether the interval comes from a formula.
    fn is_direct(&self, part: &Part<'_>) -> bool {
        let single = !self.columns.units.are_clusters;
        match (part.metric, part.average) {
            (LabelMetric::Accuracy | LabelMetric::Hamming, _) | (_, Some(Averaging::Micro)) => true,
            (LabelMetric::Averaged(Measure::F(beta)), Some(Averaging::Binary(_))) => single && beta == 1.0,
            (LabelMetric::Averaged(_), Some(Averaging::Binary(_))) => single,
            _ => false,
        }
    }

    fn direct(&self, part: &Part<'_>, value: f64) -> Result<Interval, NoInterval> {
        if let (LabelMetric::Averaged(measure), Some(Averaging::Binary(class))) = (part.metric, part.average)
        {
            let counts = self.counts.class_counts().get(class).copied().unwrap_or_default();
            return of_class(measure, &counts);
        }
        let share = clustered_proportion(&self.right(), LEVEL)?.interval?;
        let mapped = match part.metric {
            LabelMetric::Hamming => mirrored(share),
            // Pooled over all classes, hits / either side = a / (2 - a).
            LabelMetric::Averaged(Measure::Jaccard) => {
                let jaccard = |a: f64| a / (2.0 - a);
                Interval { low: share.low.map(jaccard), high: share.high.map(jaccard), ..share }
            }
            _ => share,
        };
        debug_assert!(mapped.holds(value));
        Ok(mapped)
    }

    /// Where no resample differs and every class is perfect, an exact bound takes the place of
    /// the bootstrap: each class gets its share of the error, so that all bounds hold together.
    fn unless_edge(
        &self,
        part: &Part<'_>,
        value: f64,
        found: Result<Interval, NoInterval>,
    ) -> Result<Interval, NoInterval> {
        let measure = match part.metric {
            LabelMetric::BalancedAccuracy => Measure::Recall,
            LabelMetric::Averaged(measure) => measure,
            _ => return found,
        };
        if value != 1.0 || !matches!(found, Err(NoInterval::NoVariance { .. } | NoInterval::Resamples { .. }))
        {
            return found;
        }
        let counts = self.counts.class_counts();
        let classes: Vec<usize> = match part.average {
            Some(Averaging::Binary(class)) => vec![class],
            _ => (0..counts.len()).filter(|c| counts[*c].actual > 0.0).collect(),
        };
        let level = 1.0 - (1.0 - LEVEL) / classes.len().max(1) as f64;
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in classes {
            let label = &self.encoded.labels[class];
            let units = self.columns.units.with(|row| self.columns.truth[row] == *label);
            let bound = all_events(units as f64, level)?.low.unwrap_or(0.0);
            let weight = if part.average == Some(Averaging::Weighted) { counts[class].actual } else { 1.0 };
            sum += weight * worst(measure, bound);
            weights += weight;
        }
        let low = if weights > 0.0 { Some(sum / weights) } else { None };
        Ok(Interval { low, high: Some(1.0), level: LEVEL, sides: Sides::Lower, method: Method::ExactLower })
    }

    fn rule(&self, part: &Part<'_>, drawn: bool) -> String {
        let mut rule = format!("{} of labels", part.name);
        if let Some(average) = part.average {
            rule += &format!(", average {}", part.params.get("average").map_or(average.name(), |w| w));
        }
        if let Some(class) = part.params.get("class") {
            rule += &format!(", class '{}'", brief(class));
        }
        let zero = match self.zero(part) {
            ZeroDivision::Absent => "absent",
            ZeroDivision::Zero => "0",
            ZeroDivision::One => "1",
        };
        if !matches!(
            part.metric,
            LabelMetric::Accuracy | LabelMetric::Hamming | LabelMetric::BalancedAccuracy
        ) {
            rule += &format!(", zero division {zero}");
        }
        let order = if self.options.labels.is_some() { "as given" } else { "sorted by code point" };
        rule += &format!(
            "; {} labels {order}; unit of sampling: {}",
            self.encoded.labels.len(),
            self.columns.units.name
        );
        if drawn {
            let r = self.options.resampling;
            rule += &format!("; bootstrap of {} resamples, seed {}", r.resamples, r.seed);
        }
        rule + "; as scikit-learn 1.9"
    }

    fn absent(&self, part: &Part<'_>, why: &Undefined) -> String {
        match (part.average, why) {
            (Some(Averaging::Binary(_)), Undefined::ZeroDivision { .. }) => {
                let class = part.params.get("class").map_or("", |c| c);
                format!("0/0: no case of the class '{}' that this score divides by", brief(class))
            }
            _ => why.to_string(),
        }
    }

    /// The confusion matrix, or of very many classes the most frequent pairs.
    fn table(&self) -> Sheet {
        let labels = &self.encoded.labels;
        if labels.len() <= MOST_MATRIX
            && let Some(matrix) = self.counts.matrix()
        {
            let columns = std::iter::once("true \\ said".to_owned()).chain(labels.iter().cloned());
            let row = |(name, cells): (&String, Vec<f64>)| SheetRow {
                name: name.clone(),
                cells: cells.into_iter().map(Some).collect(),
            };
            let rows = labels.iter().zip(matrix).map(row).collect();
            return Sheet { name: "confusion", params: Labels::new(), columns: columns.collect(), rows };
        }
        let mut cells: Vec<_> = self.counts.cells().iter().filter(|c| c.0 != c.1).collect();
        cells.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        let rows = cells.iter().take(MOST_PAIRS).map(|(t, p, n)| SheetRow {
            name: format!("{} -> {}", labels[*t as usize], labels[*p as usize]),
            cells: vec![Some(*n)],
        });
        Sheet {
            name: "confusion_pairs",
            params: Labels::new(),
            columns: vec!["true -> said".into(), "cases".into()],
            rows: rows.collect(),
        }
    }
}

fn id<'p>(part: &Part<'p>) -> &'p str {
    if let LabelMetric::Kappa(_) = part.metric { "kappa" } else { part.name }
}

fn weights_word(weights: KappaWeights) -> &'static str {
    match weights {
        KappaWeights::None => "none",
        KappaWeights::Linear => "linear",
        KappaWeights::Quadratic => "quadratic",
    }
}

/// Score methods for one class and independent cases.
fn of_class(measure: Measure, counts: &ClassCounts) -> Result<Interval, NoInterval> {
    let share = |of: f64| stats::proportion(counts.hits as u64, of as u64, LEVEL);
    match measure {
        Measure::Precision => share(counts.predicted),
        Measure::Recall => share(counts.actual),
        Measure::Jaccard => classify::jaccard_interval(counts, LEVEL),
        Measure::F(_) => classify::f1_interval(counts, LEVEL),
    }
}

/// The least a perfect score can be when at least `share` of the units are right.
fn worst(measure: Measure, share: f64) -> f64 {
    match measure {
        Measure::F(beta) if share > 0.0 => {
            let square = beta * beta;
            (1.0 + square) / (1.0 + square + square.max(1.0) * (1.0 - share) / share)
        }
        _ => share,
    }
}

fn mirrored(i: Interval) -> Interval {
    let sides = match i.sides {
        Sides::Two => Sides::Two,
        Sides::Lower => Sides::Upper,
        Sides::Upper => Sides::Lower,
    };
    let method = match i.method {
        Method::ExactLower => Method::ExactUpper,
        Method::ExactUpper => Method::ExactLower,
        other => other,
    };
    let turned = |x: Option<f64>| x.map(|x| 1.0 - x);
    Interval { low: turned(i.high), high: turned(i.low), sides, method, ..i }
}

fn too_large(why: &Undefined) -> NoInterval {
    match why {
        Undefined::Argument { what, value, expected } => {
            stats::StatError::OutOfRange { what, value: *value, expected }.into()
        }
        _ => stats::StatError::Empty { what: "units" }.into(),
    }
}

/// The known labels, for a hint.
fn listed(labels: &[String]) -> String {
    let mut all: Vec<String> = labels.iter().take(12).map(|l| format!("'{}'", brief(l))).collect();
    if labels.len() > 12 {
        all.push("…".into());
    }
    format!("known: {}", all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn options() -> LabelOptions {
        LabelOptions {
            averages: vec![],
            positive: None,
            labels: None,
            zero: None,
            resampling: Resampling::default(),
        }
    }

    fn scored(names: &str, truth: &str, said: &str, options: &LabelOptions) -> Result<Scored, Unscored> {
        let (truth, predicted) = (words(truth), words(said));
        let units = Units::single(truth.len(), "case");
        let wanted: Vec<_> =
            words(names).into_iter().map(|n| (n.clone(), LabelMetric::of(&n).unwrap())).collect();
        score(&wanted, LabelColumns { truth: &truth, predicted: &predicted, units: &units }, options)
    }

    const TRUTH: &str = "a b c a b c a b c a";
    const SAID: &str = "a b b a b c a a c c";

    /// Numbers of scikit-learn 1.9.1.
    #[test]
    fn as_scikit_learn() {
        let names = "accuracy hamming balanced_accuracy f1 f0.5 f2 jaccard precision recall mcc kappa kappa_linear kappa_quadratic";
        let found = scored(names, TRUTH, SAID, &options()).unwrap();
        let values: Vec<f64> = found.estimates.iter().map(|e| e.number().unwrap()).collect();
        let due = [
            0.7,
            0.3,
            25.0 / 36.0,
            25.0 / 36.0,
            25.0 / 36.0,
            25.0 / 36.0,
            8.0 / 15.0,
            25.0 / 36.0,
            25.0 / 36.0,
            0.545_454_545_454_545_4,
            0.545_454_545_454_545_5,
            0.555_555_555_555_555_6,
            0.565_217_391_304_347_2,
        ];
        for ((e, value), due) in found.estimates.iter().zip(&values).zip(due) {
            assert!((value - due).abs() < 1e-9, "{} {value} {due}", e.name());
            let i = e.ends().unwrap_or_else(|| panic!("{}: {:?}", e.name(), e.interval));
            assert!(i.low.unwrap() <= *value && *value <= i.high.unwrap(), "{}", e.name());
        }
        assert_eq!(found.tables[0].rows[0].cells, [Some(3.0), Some(0.0), Some(1.0)]);
        assert_eq!(found.estimates[0].ends().unwrap().method, "Wilson");
    }

    #[test]
    fn averages_are_named_and_need_a_positive() {
        let all = LabelOptions {
            averages: vec![Average::Binary, Average::Micro, Average::Weighted, Average::Class],
            positive: Some("a".into()),
            ..options()
        };
        let found = scored("f1 jaccard", TRUTH, SAID, &all).unwrap();
        let names: Vec<String> = found.estimates.iter().map(Estimate::name).collect();
        assert_eq!(names[0], "f1[average=binary,class=a]");
        assert_eq!(names[1], "f1[average=micro]");
        assert_eq!(names.len(), 12);
        assert_eq!(found.estimates[0].ends().unwrap().method, "Wilson, F1");
        assert_eq!(found.estimates[1].number(), Some(0.7));
        let error = scored("f1", TRUTH, SAID, &LabelOptions { averages: vec![Average::Binary], ..options() });
        assert!(error.unwrap_err().hint.contains("--positive"));
        let error = scored("f1", TRUTH, SAID, &LabelOptions { positive: Some("z".into()), ..options() });
        assert!(error.unwrap_err().what.contains("'z'"));
    }

    #[test]
    fn edges_are_bounds_or_absent() {
        let perfect =
            scored("accuracy f1 f2 balanced_accuracy hamming mcc", "a b a b", "a b a b", &options()).unwrap();
        for e in &perfect.estimates[1..4] {
            let i = e.ends().unwrap_or_else(|| panic!("{}: {:?}", e.name(), e.interval));
            assert!(i.low.unwrap() < 0.5 && i.sides == "lower", "{}", e.name());
        }
        let i = perfect.estimates[4].ends().unwrap();
        assert_eq!((perfect.estimates[4].number(), i.low, i.sides), (Some(0.0), Some(0.0), "upper"));
        let one =
            scored("mcc kappa f1", "a a", "a a", &LabelOptions { positive: Some("a".into()), ..options() });
        let one = one.unwrap();
        assert_eq!((one.estimates[0].number(), one.estimates[1].number()), (None, None));
        assert_eq!(one.estimates[2].number(), Some(1.0));
        let never = LabelOptions { averages: vec![Average::Class, Average::Macro], ..options() };
        let never = scored("precision", "a b", "a a", &never).unwrap();
        assert_eq!(never.estimates[1].number(), None, "b is never said");
        assert_eq!(never.estimates[2].number(), Some(0.25));
        assert!(never.estimates[2].how.contains("zero division 0"));
        let given = LabelOptions { labels: Some(words("a b")), ..options() };
        let error = scored("f1", "a b", "a c", &given).unwrap_err();
        assert_eq!(error.row, Some(1));
    }
}
