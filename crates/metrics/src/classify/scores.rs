//! Scores that are functions of counts: precision, recall, F, Jaccard, MCC, kappa.
//!
//! Main types: [`ClassCounts`], [`Averaging`], [`ZeroDivision`]. An average is always named, and
//! so is what stands where nothing defines a value.

use super::{Confusion, Undefined};

/// What stands for a quotient whose denominator is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroDivision {
    /// Nothing: averages leave the class out (scikit-learn's `zero_division=nan`).
    #[default]
    Absent,
    /// 0, scikit-learn's default.
    Zero,
    /// 1.
    One,
}

impl ZeroDivision {
    fn divide(self, numerator: f64, denominator: f64) -> Option<f64> {
        if denominator > 0.0 {
            return Some(numerator / denominator);
        }
        match self {
            ZeroDivision::Absent => None,
            ZeroDivision::Zero => Some(0.0),
            ZeroDivision::One => Some(1.0),
        }
    }

    /// The stand-in, or the reason for there being none.
    pub(crate) fn instead(self, why: Undefined) -> Result<f64, Undefined> {
        self.divide(0.0, 0.0).ok_or(why)
    }
}

/// How scores of classes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Averaging {
    /// No average: the score of one class, by its id.
    Binary(usize),
    /// Of the pooled counts.
    Micro,
    /// The plain mean over classes.
    Macro,
    /// The mean over classes, weighted by true cases; plain when no selected class has any.
    Weighted,
    /// The plain mean over cases; exists for sets of labels only.
    Samples,
}

impl Averaging {
    /// Stable short name.
    pub fn name(self) -> &'static str {
        match self {
            Averaging::Binary(_) => "binary",
            Averaging::Micro => "micro",
            Averaging::Macro => "macro",
            Averaging::Weighted => "weighted",
            Averaging::Samples => "samples",
        }
    }
}

/// A score of one class, in 0..1, more is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// hits / predicted.
    Precision,
    /// hits / actual.
    Recall,
    /// (1 + β²) · hits / (β² · actual + predicted); β finite and > 0.
    F(f64),
    /// hits / (actual + predicted − hits).
    Jaccard,
}

/// What is counted of one class (or of one case with a set of labels).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassCounts {
    /// Of the class and said to be: true positives.
    pub hits: f64,
    /// Said to be of the class.
    pub predicted: f64,
    /// Of the class.
    pub actual: f64,
}

impl ClassCounts {
    /// The score of these counts; `None` where it does not exist.
    pub fn score(&self, measure: Measure, zero: ZeroDivision) -> Option<f64> {
        match measure {
            Measure::Precision => zero.divide(self.hits, self.predicted),
            Measure::Recall => zero.divide(self.hits, self.actual),
            Measure::F(beta) => {
                let square = beta * beta;
                zero.divide((1.0 + square) * self.hits, square * self.actual + self.predicted)
            }
            Measure::Jaccard => zero.divide(self.hits, self.actual + self.predicted - self.hits),
        }
    }

    fn plus(self, other: &ClassCounts) -> ClassCounts {
        ClassCounts {
            hits: self.hits + other.hits,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
        }
    }
}

/// The score over classes, averaged as told. [`Averaging::Samples`] averages plainly over `counts`,
/// which then are those of cases.
///
/// # Errors
/// No class defines it, there is no class with that id, or β is not a number above 0.
pub fn score(
    counts: &[ClassCounts],
    measure: Measure,
    averaging: Averaging,
    zero: ZeroDivision,
) -> Result<f64, Undefined> {
    if let Measure::F(beta) = measure
        && !(beta > 0.0 && beta.is_finite())
    {
        return Err(Undefined::Argument { what: "beta", value: beta, expected: "a number above 0" });
    }
    let one = |c: &ClassCounts| c.score(measure, zero);
    let value = match averaging {
        Averaging::Binary(class) => match counts.get(class) {
            Some(c) => one(c),
            None => return Err(Undefined::UnknownLabel { case: class }),
        },
        Averaging::Micro => one(&counts.iter().fold(ClassCounts::default(), ClassCounts::plus)),
        Averaging::Macro | Averaging::Samples => mean(counts.iter().map(|c| (one(c), 1.0))),
        Averaging::Weighted => mean(counts.iter().map(|c| (one(c), c.actual)))
            .or_else(|| mean(counts.iter().map(|c| (one(c), 1.0)))),
    };
    value.ok_or(Undefined::ZeroDivision { what: "no class has a denominator above 0" })
}

/// Weighted mean of what exists; `None` when nothing with a weight does.
fn mean(values: impl Iterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (value, weight) in values {
        let Some(value) = value else { continue };
        sum += value * weight;
        weights += weight;
    }
    (weights > 0.0).then(|| sum / weights)
}

/// What a disagreement costs in kappa, by the distance of the two classes in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KappaWeights {
    /// 1 for any.
    None,
    /// The distance.
    Linear,
    /// The distance squared.
    Quadratic,
}

impl Confusion {
    /// A score of labels, averaged as told. One label per case has no samples averaging.
    pub fn score(
        &self,
        measure: Measure,
        averaging: Averaging,
        zero: ZeroDivision,
    ) -> Result<f64, Undefined> {
        if averaging == Averaging::Samples {
            return Err(Undefined::Averaging { averaging: "samples", data: "one label per case" });
        }
        score(&self.class_counts(), measure, averaging, zero)
    }

    /// The score of each selected class; `None` where it does not exist.
    pub fn per_class(&self, measure: Measure, zero: ZeroDivision) -> Vec<Option<f64>> {
        self.class_counts().iter().map(|c| c.score(measure, zero)).collect()
    }

    /// Share of cases whose label is right, every label counted. One minus it is the Hamming loss.
    pub fn accuracy(&self) -> Result<f64, Undefined> {
        let total: f64 = self.cells().iter().map(|c| c.2).sum();
        let right: f64 = self.cells().iter().filter(|c| c.0 == c.1).map(|c| c.2).sum();
        if total > 0.0 { Ok(right / total) } else { Err(Undefined::Empty) }
    }

    /// Mean recall of the classes that have true cases, every label counted, in 0..1.
    pub fn balanced_accuracy(&self) -> Result<f64, Undefined> {
        self.recalls().map(|(mean, _)| mean)
    }

    /// Balanced accuracy above chance: (b − 1/k) / (1 − 1/k) for k classes with true cases. Absent
    /// when there is one.
    pub fn balanced_accuracy_adjusted(&self) -> Result<f64, Undefined> {
        let (mean, classes) = self.recalls()?;
        if classes < 2 {
            return Err(Undefined::ZeroDivision { what: "only one class has true cases" });
        }
        let chance = 1.0 / classes as f64;
        Ok((mean - chance) / (1.0 - chance))
    }

    fn recalls(&self) -> Result<(f64, usize), Undefined> {
        let counts = self.all_counts();
        let recalls: Vec<f64> =
            counts.iter().filter_map(|c| c.score(Measure::Recall, ZeroDivision::Absent)).collect();
        if recalls.is_empty() {
            return Err(Undefined::Empty);
        }
        Ok((recalls.iter().sum::<f64>() / recalls.len() as f64, recalls.len()))
    }

    /// Matthews' correlation of any number of classes, every label counted, in −1..1:
    /// (c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)). With `Absent`, a side with one class has none;
    /// scikit-learn says 0. Source: Gorodkin, Comput. Biol. Chem. 28 (2004) 367–374.
    pub fn mcc(&self, zero: ZeroDivision) -> Result<f64, Undefined> {
        let counts = self.all_counts();
        let n: f64 = counts.iter().map(|c| c.actual).sum();
        let sum = |of: fn(&ClassCounts) -> f64| counts.iter().map(of).sum::<f64>();
        let covariance = sum(|c| c.hits) * n - sum(|c| c.actual * c.predicted);
        let predicted = n * n - sum(|c| c.predicted * c.predicted);
        let actual = n * n - sum(|c| c.actual * c.actual);
        if predicted <= 0.0 || actual <= 0.0 {
            return zero.instead(Undefined::ZeroDivision { what: "one side has a single class" });
        }
        Ok(covariance / (predicted * actual).sqrt())
    }

    /// Cohen's kappa of the selected classes, at most 1: one minus the weighted disagreement over
    /// that of independent labels with the same margins. Pairs with other labels are dropped.
    /// Absent where that expectation is 0. Source: Cohen, Psychol. Bull. 70 (1968) 213–220.
    pub fn kappa(&self, weights: KappaWeights) -> Result<f64, Undefined> {
        let mut rows = vec![0.0; self.selected()];
        let mut columns = vec![0.0; self.selected()];
        let (mut n, mut seen) = (0.0, 0.0);
        for (t, p, count) in self.inside() {
            rows[t] += count;
            columns[p] += count;
            n += count;
            let distance = t.abs_diff(p) as f64;
            seen += count
                * match weights {
                    KappaWeights::None => distance.min(1.0),
                    KappaWeights::Linear => distance,
                    KappaWeights::Quadratic => distance * distance,
                };
        }
        let expected = chance_disagreement(&rows, &columns, n, weights);
        if expected <= 0.0 {
            return Err(Undefined::ZeroDivision { what: "both sides have one and the same class" });
        }
        Ok(1.0 - seen * n / expected)
    }
}

/// Σᵢⱼ wᵢⱼ · rᵢ · cⱼ in time linear in the classes.
fn chance_disagreement(rows: &[f64], columns: &[f64], n: f64, weights: KappaWeights) -> f64 {
    let dot = |of: fn(f64, f64, f64) -> f64| -> f64 {
        rows.iter().zip(columns).enumerate().map(|(i, (r, c))| of(i as f64, *r, *c)).sum()
    };
    match weights {
        KappaWeights::None => n * n - dot(|_, r, c| r * c),
        // |i − j| is the number of cuts between two classes that separate them.
        KappaWeights::Linear => {
            let (mut below_r, mut below_c, mut sum) = (0.0, 0.0, 0.0);
            for (r, c) in rows.iter().zip(columns) {
                below_r += r;
                below_c += c;
                sum += below_r * (n - below_c) + below_c * (n - below_r);
            }
            sum
        }
        KappaWeights::Quadratic => {
            n * dot(|i, r, c| i * i * (r + c)) - 2.0 * dot(|i, r, _| i * r) * dot(|i, _, c| i * c)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Cases;

    #[test]
    fn what_nothing_defines_is_absent() {
        let counts = Cases::new(vec![0, 0], vec![0, 0], 2).unwrap().confusion();
        assert_eq!(counts.per_class(Measure::Recall, ZeroDivision::Absent), [Some(1.0), None]);
        let one = |zero| counts.score(Measure::F(1.0), Averaging::Binary(1), zero);
        assert!(matches!(one(ZeroDivision::Absent), Err(Undefined::ZeroDivision { .. })));
        assert_eq!((one(ZeroDivision::Zero), one(ZeroDivision::One)), (Ok(0.0), Ok(1.0)));
        assert!(counts.mcc(ZeroDivision::Absent).is_err());
        assert_eq!(counts.mcc(ZeroDivision::Zero), Ok(0.0));
        assert!(counts.kappa(KappaWeights::Linear).is_err());
        assert!(counts.score(Measure::F(f64::NAN), Averaging::Macro, ZeroDivision::Zero).is_err());
        assert!(counts.score(Measure::Jaccard, Averaging::Samples, ZeroDivision::Zero).is_err());
        assert!(counts.balanced_accuracy_adjusted().is_err());
    }

    #[test]
    fn chance_by_hand() {
        let (rows, columns) = ([1.0, 2.0, 4.0], [3.0, 0.0, 4.0]);
        type Cost = fn(f64) -> f64;
        let none: Cost = |d| d.min(1.0);
        let costs =
            [(KappaWeights::None, none), (KappaWeights::Linear, |d| d), (KappaWeights::Quadratic, |d| d * d)];
        for (weights, of) in costs {
            let mut sum = 0.0;
            for (i, r) in rows.iter().enumerate() {
                for (j, c) in columns.iter().enumerate() {
                    sum += of(i.abs_diff(j) as f64) * r * c;
                }
            }
            assert_eq!(chance_disagreement(&rows, &columns, 7.0, weights), sum);
        }
    }
}
