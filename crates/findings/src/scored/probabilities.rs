//! Scores and probabilities against true labels: areas, losses, calibration.
//!
//! Main functions: [`score_binary`], [`score_classes`]. A score may be any finite number; losses
//! and calibration ask for probabilities.

use super::labels::Average;
use super::sheet::{LEVEL, Made, Scored, Sheet, SheetRow, Units, Unscored, brief, uncertainty};
use crate::estimate::{Estimate, Interval, Labels, Uncertainty};
use acidtest_metrics::classify::{
    self, Auc, AucScale, Bins, Calibration, DEFAULT_BINS, ProbabilityRows, Sums, Undefined, Weighing,
    ZeroDivision,
};
use acidtest_metrics::stats::{self, NoInterval, clustered_mean};

/// What a name on the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbabilityMetric {
    /// Area under the ROC curve.
    RocAuc,
    /// Area under the precision-recall curve, in steps.
    AveragePrecision,
    /// Mean surprise.
    LogLoss,
    /// Mean squared error.
    Brier,
    /// Expected calibration error with what belongs to it.
    Ece,
}

impl ProbabilityMetric {
    /// The metric of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<ProbabilityMetric> {
        Some(match name {
            "roc_auc" => ProbabilityMetric::RocAuc,
            "average_precision" => ProbabilityMetric::AveragePrecision,
            "log_loss" => ProbabilityMetric::LogLoss,
            "brier" => ProbabilityMetric::Brier,
            "ece" => ProbabilityMetric::Ece,
            _ => return None,
        })
    }

    fn needs_probabilities(self) -> bool {
        !matches!(self, ProbabilityMetric::RocAuc | ProbabilityMetric::AveragePrecision)
    }
}

/// Scores of "yes" against whether it was.
///
/// # Errors
/// No case, lists of different lengths, a score that is not finite, or no probability where a
/// metric needs one; `row` is its case.
pub fn score_binary(
    wanted: &[ProbabilityMetric],
    truth: &[bool],
    scores: &[f64],
    units: &Units,
) -> Result<Scored, Unscored> {
    check_rows(truth.len(), scores.len(), units)?;
    if let Some(row) = scores.iter().position(|s| !s.is_finite()) {
        let what = format!("the score is {}, expected a finite number", scores[row]);
        return Err(Unscored::new(Some(row), what, ""));
    }
    let outside = scores.iter().position(|s| !(0.0..=1.0).contains(s));
    if let (Some(row), true) = (outside, wanted.iter().any(|m| m.needs_probabilities())) {
        let what = format!("the probability is {}, expected a number from 0 to 1", scores[row]);
        let hint = "roc_auc and average_precision take any score; log_loss, brier and ece need probabilities";
        return Err(Unscored::new(Some(row), what, hint));
    }
    let mut all = Scored::default();
    for metric in wanted {
        match metric {
            ProbabilityMetric::RocAuc => {
                let made = begun("roc_auc", "ratio", units, "area under the ROC curve, ties half");
                all.estimates.push(area(made, auc(truth, scores, units), units).done());
            }
            ProbabilityMetric::AveragePrecision => all.estimates.push(precision(truth, scores, units)),
            ProbabilityMetric::LogLoss => {
                let p = |(t, p): (&bool, &f64)| if *t { *p } else { 1.0 - *p };
                let losses = truth.iter().zip(scores).map(|pair| surprise(p(pair)));
                all.estimates.push(loss(losses, units));
            }
            ProbabilityMetric::Brier => {
                let squares = truth.iter().zip(scores).map(|(t, p)| (f64::from(u8::from(*t)) - p).powi(2));
                all.estimates.push(brier(squares, (0.0, 1.0), "mean of (y - p)^2, binary", units));
            }
            ProbabilityMetric::Ece => {
                let top: Vec<f64> = scores.iter().map(|p| p.max(1.0 - p)).collect();
                let right: Vec<bool> = truth.iter().zip(scores).map(|(t, p)| *t == (*p > 0.5)).collect();
                calibrated(&mut all, &right, &top, units)?;
            }
        }
    }
    Ok(all)
}

/// Probabilities of several classes.
#[derive(Debug, Clone, Copy)]
pub struct ClassColumns<'a> {
    /// Name of each class, in the order of the columns.
    pub classes: &'a [String],
    /// The true class of each case, by its place in `classes`.
    pub truth: &'a [u32],
    /// Probabilities, case by case.
    pub values: &'a [f64],
    /// What is drawn at random.
    pub units: &'a Units,
}

/// Scores probabilities of several classes.
///
/// # Errors
/// As [`score_binary`], or a row of probabilities that does not sum to one.
pub fn score_classes(
    wanted: &[ProbabilityMetric],
    columns: ClassColumns<'_>,
    averages: &[Average],
) -> Result<Scored, Unscored> {
    let ClassColumns { classes, truth, values, units } = columns;
    check_rows(truth.len(), units.of.len(), units)?;
    let rows = ProbabilityRows::new(values, classes.len(), truth, Sums::One)
        .map_err(|why| of_row(&why, classes.len()))?;
    let averages = if averages.is_empty() { &[Average::Macro] } else { averages };
    let mut all = Scored::default();
    for metric in wanted {
        match metric {
            ProbabilityMetric::RocAuc => {
                let areas = Areas::new(&rows, classes, units);
                for average in averages {
                    all.estimates.extend(areas.averaged(*average)?);
                }
            }
            ProbabilityMetric::AveragePrecision => {
                for average in averages {
                    all.estimates.extend(precisions(&rows, classes, units, *average)?);
                }
            }
            ProbabilityMetric::LogLoss => all.estimates.push(loss(rows.log_losses(), units)),
            ProbabilityMetric::Brier => {
                // Two classes are the binary score, as scikit-learn has it: half of the sum.
                let (half, range, rule) = match classes.len() {
                    2 => (0.5, (0.0, 1.0), "mean of (y - p)^2, binary"),
                    _ => (1.0, (0.0, 2.0), "mean of the sum over classes of (y - p)^2, unscaled"),
                };
                let scores = rows.brier_scores().map(|x| half * x);
                all.estimates.push(brier(scores, range, rule, units));
            }
            ProbabilityMetric::Ece => {
                let (top, right): (Vec<f64>, Vec<bool>) =
                    rows.rows().zip(truth).map(|(r, t)| chosen(r, *t)).unzip();
                calibrated(&mut all, &right, &top, units)?;
            }
        }
    }
    Ok(all)
}

fn check_rows(truth: usize, other: usize, units: &Units) -> Result<(), Unscored> {
    if truth == 0 {
        return Err(Unscored::new(None, "there is no case", ""));
    }
    if truth != other || truth != units.of.len() {
        return Err(Unscored::new(None, format!("{other} scores for {truth} true labels"), ""));
    }
    Ok(())
}

fn of_row(why: &Undefined, classes: usize) -> Unscored {
    let row = match why {
        Undefined::NotProbability { index, .. } => Some(index / classes.max(1)),
        Undefined::Sum { case, .. } | Undefined::UnknownLabel { case } => Some(*case),
        _ => None,
    };
    let what = match why {
        Undefined::NotProbability { value, .. } => {
            format!("the probability is {value}, expected a number from 0 to 1")
        }
        Undefined::Sum { sum, .. } => format!("the probabilities sum to {sum}, expected 1"),
        other => other.to_string(),
    };
    Unscored::new(row, what, "")
}

/// The probability of the most probable class (the first of equals), and whether it is the true one.
fn chosen(row: &[f64], truth: u32) -> (f64, bool) {
    let mut best = 0;
    for (class, p) in row.iter().enumerate() {
        if *p > row[best] {
            best = class;
        }
    }
    (row[best], best == truth as usize)
}

fn begun(metric: &str, unit: &'static str, units: &Units, rule: &str) -> Made {
    let rule = format!("{rule}; unit of sampling: {}; as scikit-learn 1.9", units.name);
    Made::new(metric, unit, units.n(units.of.len()), rule)
}

fn auc(truth: &[bool], scores: &[f64], units: &Units) -> Result<Auc, Undefined> {
    match units.are_clusters {
        false => classify::delong(truth, scores, LEVEL, AucScale::Logit),
        true => classify::delong_clustered(truth, scores, &units.of, LEVEL, AucScale::Logit),
    }
}

fn area(mut made: Made, found: Result<Auc, Undefined>, units: &Units) -> Made {
    match found {
        Err(why) => made.valued(Err(why.to_string()), Uncertainty::None(String::new())),
        Ok(auc) => {
            made.standard_error = auc.standard_error;
            made.valued(Ok(auc.value), uncertainty(&auc.interval, units.name))
        }
    }
}

/// Average precision with Wilson's interval on as many outcomes as units have a positive.
fn precision(truth: &[bool], scores: &[f64], units: &Units) -> Estimate {
    let rule = "sum over thresholds of (change of recall) x precision; interval: Wilson with units that hold a positive as n";
    average_precision(begun("average_precision", "ratio", units, rule), truth, scores, units).done()
}

fn average_precision(made: Made, truth: &[bool], scores: &[f64], units: &Units) -> Made {
    match classify::average_precision(truth, scores, ZeroDivision::Absent) {
        Err(why) => made.valued(Err(why.to_string()), Uncertainty::None(String::new())),
        Ok(value) => {
            let n = units.with(|row| truth[row]) as f64;
            let interval = match value {
                v if v >= 1.0 => stats::all_events(n, LEVEL),
                v => stats::wilson(v, n, LEVEL),
            };
            made.valued(Ok(value.min(1.0)), uncertainty(&interval, units.name))
        }
    }
}

fn surprise(p: f64) -> f64 {
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

fn loss(losses: impl Iterator<Item = f64>, units: &Units) -> Estimate {
    let made = begun("log_loss", "nats", units, "mean of -ln p of the true label, p clipped at 2^-52");
    made.clustered(clustered_mean(&units.sums(losses), None, LEVEL), units.name).done()
}

fn brier(scores: impl Iterator<Item = f64>, range: (f64, f64), rule: &str, units: &Units) -> Estimate {
    let made = begun("brier", "ratio", units, rule);
    made.clustered(clustered_mean(&units.sums(scores), Some(range), LEVEL), units.name).done()
}

/// One area per class against the rest.
struct Areas<'a> {
    classes: &'a [String],
    units: &'a Units,
    support: Vec<usize>,
    of: Vec<Result<Auc, Undefined>>,
    pooled: (Vec<bool>, Vec<f64>),
}

impl<'a> Areas<'a> {
    fn new(rows: &ProbabilityRows<'_>, classes: &'a [String], units: &'a Units) -> Self {
        let column = |class: usize| -> (Vec<bool>, Vec<f64>) {
            let is = |t: &u32| *t as usize == class;
            (rows.truth().iter().map(is).collect(), rows.rows().map(|row| row[class]).collect())
        };
        let mut areas = Self { classes, units, support: vec![], of: vec![], pooled: (vec![], vec![]) };
        for class in 0..classes.len() {
            let (truth, scores) = column(class);
            areas.support.push(truth.iter().filter(|t| **t).count());
            areas.of.push(auc(&truth, &scores, units));
        }
        let hot = rows.truth().iter().flat_map(|t| (0..classes.len()).map(move |c| c == *t as usize));
        areas.pooled = (hot.collect(), rows.values().to_vec());
        areas
    }

    fn averaged(&self, average: Average) -> Result<Vec<Estimate>, Unscored> {
        let rule = "area under the ROC curve, each class against the rest, ties half";
        let made = |word: &str| begun("roc_auc", "ratio", self.units, rule).param("average", word);
        Ok(match average {
            Average::Binary => return Err(no_binary()),
            Average::Class => {
                let one = |(class, found): (&String, &Result<Auc, Undefined>)| {
                    area(made("class").param("class", class), found.clone(), self.units).done()
                };
                self.classes.iter().zip(&self.of).map(one).collect()
            }
            Average::Micro => {
                // Entries of one case are drawn together.
                let k = self.classes.len();
                let of: Vec<usize> = self.units.of.iter().flat_map(|u| std::iter::repeat_n(*u, k)).collect();
                let (truth, scores) = &self.pooled;
                let found = classify::delong_clustered(truth, scores, &of, LEVEL, AucScale::Logit);
                vec![area(made("micro"), found, self.units).done()]
            }
            Average::Macro => vec![self.mean(made("macro"), |_| 1.0).done()],
            Average::Weighted => vec![self.mean(made("weighted"), |class| self.support[class] as f64).done()],
        })
    }

    /// The mean of the areas. A mean of values spreads at most as the mean of their spreads, so
    /// the mean of the ends is an interval that is wide enough whatever the classes share.
    fn mean(&self, mut made: Made, weight: impl Fn(usize) -> f64) -> Made {
        let (mut sum, mut low, mut high, mut weights) = (0.0, Some(0.0), Some(0.0), 0.0);
        let mut lacks = None;
        for (class, found) in self.of.iter().enumerate().filter(|(class, _)| weight(*class) > 0.0) {
            let auc = match found {
                Ok(auc) => auc,
                Err(why) => {
                    let why = format!("class '{}': {why}", brief(&self.classes[class]));
                    return made.valued(Err(why), Uncertainty::None(String::new()));
                }
            };
            let w = weight(class);
            sum += w * auc.value;
            weights += w;
            let ends = auc.interval.as_ref().map_err(|why| lacks = Some(why.to_string())).ok();
            low = low.zip(ends.and_then(|i| i.low)).map(|(sum, end)| sum + w * end);
            high = high.zip(ends.and_then(|i| i.high)).map(|(sum, end)| sum + w * end);
        }
        let interval = match lacks {
            Some(why) => Uncertainty::None(why),
            None => Uncertainty::Interval(Interval {
                low: low.map(|x| x / weights),
                high: high.map(|x| x / weights),
                level: LEVEL,
                sides: "two",
                method: "DeLong, mean of the classes' ends",
                unit_of_sampling: self.units.name.to_owned(),
            }),
        };
        made.rule += "; interval: mean of the classes' DeLong ends, on the safe side";
        made.valued(Ok(sum / weights), interval)
    }
}

fn no_binary() -> Unscored {
    let hint = "--average macro, weighted, micro or class; for one class give its scores by --score-field and --positive";
    Unscored::new(None, "the average 'binary' does not exist for probabilities of several classes", hint)
}

fn precisions(
    rows: &ProbabilityRows<'_>,
    classes: &[String],
    units: &Units,
    average: Average,
) -> Result<Vec<Estimate>, Unscored> {
    let rule = "average precision, each class against the rest; a class without a case counts 0";
    let made = |word: &str| begun("average_precision", "ratio", units, rule).param("average", word);
    let (word, weighing) = match average {
        Average::Binary => return Err(no_binary()),
        Average::Class => {
            let one = |(class, name): (usize, &String)| {
                let truth: Vec<bool> = rows.truth().iter().map(|t| *t as usize == class).collect();
                let scores: Vec<f64> = rows.rows().map(|row| row[class]).collect();
                average_precision(made("class").param("class", name), &truth, &scores, units).done()
            };
            return Ok(classes.iter().enumerate().map(one).collect());
        }
        Average::Macro => ("macro", Weighing::Macro),
        Average::Weighted => ("weighted", Weighing::Weighted),
        Average::Micro => ("micro", Weighing::Micro),
    };
    let value = classify::average_precision_multiclass(rows, weighing, ZeroDivision::Zero);
    let none = "an average of average precisions has no formula for its interval: see --average class";
    let made = made(word).valued(value.map_err(|why| why.to_string()), Uncertainty::None(none.into()));
    Ok(vec![made.done()])
}

/// Calibration by both kinds of bins, with the table and the test that needs no bins.
fn calibrated(all: &mut Scored, right: &[bool], top: &[f64], units: &Units) -> Result<(), Unscored> {
    for (bins, word) in [(Bins::EqualWidth, "equal_width"), (Bins::EqualMass, "equal_mass")] {
        let c = classify::calibration(right, top, bins, DEFAULT_BINS, LEVEL)
            .map_err(|why| Unscored::new(None, why.to_string(), ""))?;
        let made = |metric: &str, rule: &str| {
            let rule = format!(
                "{rule}; top label, {DEFAULT_BINS} right-closed bins; unit of sampling: {}",
                units.name
            );
            Made::new(metric, "ratio", units.n(units.of.len()), rule).param("bins", word)
        };
        let biased = "a plug-in value is too high by chance, and resampling adds the same again: see ece_by_chance and calibration_z";
        let rule = "sum over bins of share x |accuracy - mean confidence|, plug-in";
        all.estimates.push(made("ece", rule).valued(Ok(c.ece), Uncertainty::None(biased.into())).done());
        let expected = "expected by the probabilities themselves, not measured";
        let rule = "what ece would be about if the probabilities were perfect";
        all.estimates.push(
            made("ece_by_chance", rule)
                .valued(Ok(c.ece_by_chance), Uncertainty::None(expected.into()))
                .done(),
        );
        let alone = "a case stands alone in its bin";
        let rule = "squared calibration error without the plug-in bias; may be below 0 by chance";
        let value = c.squared_error_debiased.ok_or_else(|| alone.to_owned());
        let none = "its bins are chosen from the same cases: see calibration_z";
        all.estimates
            .push(made("ece_squared_debiased", rule).valued(value, Uncertainty::None(none.into())).done());
        all.tables.push(table(&c, word));
    }
    all.estimates.extend(test(right, top, units));
    Ok(())
}

/// Spiegelhalter's z and p; they are for independent cases.
fn test(right: &[bool], top: &[f64], units: &Units) -> Vec<Estimate> {
    let found = match units.are_clusters {
        true => Err("the test is for independent cases, and these are in clusters".to_owned()),
        false => classify::spiegelhalter(right, top).map_err(|why| why.to_string()),
    };
    let made = |metric: &str, rule: &str, value: Result<f64, String>| {
        let none = Uncertainty::None("a test statistic".into());
        let rule = format!("{rule}; top label");
        Made::new(metric, "ratio", units.n(units.of.len()), rule).valued(value, none).done()
    };
    let (z, p) = (found.clone().map(|t| t.z), found.map(|t| t.p));
    vec![
        made("calibration_z", "Spiegelhalter's z: above 0 the Brier score is worse than promised", z),
        made("calibration_p", "two-sided p of Spiegelhalter's z", p),
    ]
}

fn table(c: &Calibration, bins: &str) -> Sheet {
    let end = |i: &Result<stats::Interval, NoInterval>, of: fn(&stats::Interval) -> Option<f64>| {
        i.as_ref().ok().and_then(of)
    };
    let row = |b: &classify::CalibrationBin| SheetRow {
        name: (b.bin + 1).to_string(),
        cells: vec![
            Some(b.n as f64),
            Some(b.mean_confidence),
            Some(b.accuracy),
            end(&b.interval, |i| i.low),
            end(&b.interval, |i| i.high),
        ],
    };
    Sheet {
        name: "calibration",
        params: Labels::from([("bins".to_owned(), bins.to_owned())]),
        columns: ["bin", "cases", "confidence", "accuracy", "low", "high"].map(str::to_owned).into(),
        rows: c.table.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProbabilityMetric::{AveragePrecision, Brier, Ece, LogLoss, RocAuc};

    const ALL: [ProbabilityMetric; 5] = [RocAuc, AveragePrecision, LogLoss, Brier, Ece];

    fn value(found: &Scored, name: &str) -> f64 {
        let e = found.estimates.iter().find(|e| e.name() == name);
        e.unwrap_or_else(|| panic!("no {name}")).number().unwrap()
    }

    /// Numbers of scikit-learn 1.9.1.
    #[test]
    fn two_classes() {
        let truth = [false, false, true, true];
        let found = score_binary(&ALL, &truth, &[0.1, 0.4, 0.35, 0.8], &Units::single(4, "case")).unwrap();
        assert_eq!(value(&found, "roc_auc"), 0.75);
        assert!((value(&found, "average_precision") - 5.0 / 6.0).abs() < 1e-12);
        assert!((value(&found, "log_loss") - 0.472_287_953_809_176_15).abs() < 1e-12);
        assert!((value(&found, "brier") - 0.158_125).abs() < 1e-12);
        assert!(
            found
                .estimates
                .iter()
                .all(|e| e.metric != "roc_auc" || e.ends().unwrap().method == "DeLong, logit")
        );
        assert_eq!(found.tables.len(), 2);
    }

    #[test]
    fn what_is_no_probability_names_its_row() {
        let units = Units::single(2, "case");
        for bad in [f64::NAN, f64::INFINITY] {
            assert_eq!(
                score_binary(&[RocAuc], &[true, false], &[0.5, bad], &units).unwrap_err().row,
                Some(1)
            );
        }
        assert!(score_binary(&[RocAuc], &[true, false], &[3.0, -2.0], &units).is_ok());
        assert_eq!(score_binary(&[Brier], &[true, false], &[3.0, 0.0], &units).unwrap_err().row, Some(0));
        let one = score_binary(&ALL, &[true, true], &[0.5, 0.7], &units).unwrap();
        assert_eq!(one.estimates[0].number(), None, "one class alone has no area");
        assert!(one.estimates[2].number().is_some());
    }

    #[test]
    fn three_classes() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        let values = [0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.2, 0.2, 0.6, 0.3, 0.4, 0.3];
        let units = Units::single(4, "case");
        let columns =
            ClassColumns { classes: &classes, truth: &[0, 1, 2, 0], values: &values, units: &units };
        let averages = [Average::Macro, Average::Weighted, Average::Micro, Average::Class];
        let found = score_classes(&ALL, columns, &averages).unwrap();
        assert_eq!(value(&found, "roc_auc[average=macro]"), 1.0);
        assert!((value(&found, "brier") - (0.06 + 0.14 + 0.24 + 0.74) / 4.0).abs() < 1e-12);
        assert_eq!(found.estimates.iter().filter(|e| e.metric == "roc_auc").count(), 6);
        let bad = ClassColumns { values: &[0.5; 12], ..columns };
        assert_eq!(score_classes(&[Brier], bad, &[]).unwrap_err().row, Some(0));
        assert!(score_classes(&[RocAuc], columns, &[Average::Binary]).is_err());
    }
}
