//! Scores of more than two classes: areas averaged over classes or pairs, and top-k accuracy.
//!
//! Rows are those of [`ProbabilityRows`]; truth is a class id per row.

use super::probability::ProbabilityRows;
use super::scores::ZeroDivision;
use super::{Undefined, average_precision, roc_auc};

/// Which binary questions a multi-class area is the average of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Each class against all others.
    OneVsRest,
    /// Each pair of classes, the mean of both directions (Hand and Till, 2001).
    OneVsOne,
}

/// How the binary areas are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighing {
    /// Each counts the same.
    Macro,
    /// By the share of cases: of the class, or of the pair.
    Weighted,
    /// All entries of the one-hot matrix are pooled.
    Micro,
}

fn column(rows: &ProbabilityRows<'_>, class: usize) -> Vec<f64> {
    rows.rows().map(|row| row[class]).collect()
}

fn is_class(rows: &ProbabilityRows<'_>, class: usize) -> Vec<bool> {
    rows.truth().iter().map(|t| *t as usize == class).collect()
}

/// All entries of the one-hot matrix, beside those of the rows.
fn pooled<'r>(rows: &ProbabilityRows<'r>) -> (Vec<bool>, &'r [f64]) {
    let classes = rows.classes();
    let hot = rows.truth().iter().flat_map(|t| (0..classes).map(move |c| c == *t as usize));
    (hot.collect(), rows.values())
}

/// Area under the ROC curve of several classes, in 0..1.
///
/// # Errors
/// A class without a case (scikit-learn refuses or gives NaN), or micro averaging over pairs.
pub fn roc_auc_multiclass(
    rows: &ProbabilityRows<'_>,
    pairing: Pairing,
    weighing: Weighing,
) -> Result<f64, Undefined> {
    match (pairing, weighing) {
        (Pairing::OneVsOne, Weighing::Micro) => {
            Err(Undefined::Averaging { averaging: "micro", data: "pairs of classes" })
        }
        (Pairing::OneVsRest, Weighing::Micro) => {
            let (hot, values) = pooled(rows);
            roc_auc(&hot, values)
        }
        (Pairing::OneVsRest, _) => one_vs_rest(rows, weighing),
        (Pairing::OneVsOne, _) => one_vs_one(rows, weighing),
    }
}

fn one_vs_rest(rows: &ProbabilityRows<'_>, weighing: Weighing) -> Result<f64, Undefined> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for class in 0..rows.classes() {
        let truth = is_class(rows, class);
        let cases = truth.iter().filter(|t| **t).count() as f64;
        let weight = if weighing == Weighing::Weighted { cases } else { 1.0 };
        // A class of no weight takes no part in the average, as in scikit-learn.
        if weight > 0.0 {
            sum += weight * roc_auc(&truth, &column(rows, class))?;
            weights += weight;
        }
    }
    Ok(sum / weights)
}

fn one_vs_one(rows: &ProbabilityRows<'_>, weighing: Weighing) -> Result<f64, Undefined> {
    let mut members = vec![Vec::new(); rows.classes()];
    for (case, class) in rows.truth().iter().enumerate() {
        members[*class as usize].push(case);
    }
    let area = |positive: usize, negative: usize| {
        let both = || members[positive].iter().chain(&members[negative]);
        let scores: Vec<f64> = both().map(|case| rows.row(*case)[positive]).collect();
        let truth: Vec<bool> = (0..scores.len()).map(|i| i < members[positive].len()).collect();
        if truth.is_empty() {
            return Err(Undefined::OneClass { positives: 0, negatives: 0 });
        }
        roc_auc(&truth, &scores)
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for a in 0..rows.classes() {
        for b in a + 1..rows.classes() {
            let size = (members[a].len() + members[b].len()) as f64;
            let weight = if weighing == Weighing::Weighted { size } else { 1.0 };
            sum += weight * (area(a, b)? + area(b, a)?) / 2.0;
            weights += weight;
        }
    }
    if weights > 0.0 {
        Ok(sum / weights)
    } else {
        Err(Undefined::ZeroDivision { what: "no pair of classes" })
    }
}

/// Average precision of the one-hot matrix, in 0..1. A class without a case is left out, or counts
/// as `zero` says (scikit-learn: 0).
pub fn average_precision_multiclass(
    rows: &ProbabilityRows<'_>,
    weighing: Weighing,
    zero: ZeroDivision,
) -> Result<f64, Undefined> {
    if weighing == Weighing::Micro {
        let (hot, values) = pooled(rows);
        return average_precision(&hot, values, zero);
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for class in 0..rows.classes() {
        let truth = is_class(rows, class);
        let cases = truth.iter().filter(|t| **t).count() as f64;
        let weight = if weighing == Weighing::Weighted { cases } else { 1.0 };
        match average_precision(&truth, &column(rows, class), zero) {
            Err(Undefined::OneClass { .. }) => {}
            other => {
                sum += weight * other?;
                weights += weight;
            }
        }
    }
    if weights > 0.0 {
        Ok(sum / weights)
    } else {
        Err(Undefined::ZeroDivision { what: "no class has a case" })
    }
}

/// Share of cases whose class is among the `k` most probable; of equal probabilities the class with
/// the higher id comes first, as in scikit-learn.
///
/// # Errors
/// `k` = 0.
pub fn top_k_accuracy(rows: &ProbabilityRows<'_>, k: usize) -> Result<f64, Undefined> {
    if k == 0 {
        return Err(Undefined::Argument { what: "k", value: 0.0, expected: "at least 1" });
    }
    let right = rows.rows().zip(rows.truth()).filter(|(row, truth)| {
        let (class, own) = (**truth as usize, row[**truth as usize]);
        let before = |(c, p): (usize, &f64)| *p > own || (*p == own && c > class);
        row.iter().enumerate().filter(|entry| before(*entry)).count() < k
    });
    Ok(right.count() as f64 / rows.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Sums;

    #[test]
    fn a_class_without_cases() {
        let values = [0.5, 0.3, 0.2, 0.1, 0.6, 0.3];
        let rows = ProbabilityRows::new(&values, 3, &[0, 1], Sums::One).unwrap();
        for pairing in [Pairing::OneVsRest, Pairing::OneVsOne] {
            let auc = roc_auc_multiclass(&rows, pairing, Weighing::Macro);
            assert!(matches!(auc, Err(Undefined::OneClass { .. })));
        }
        assert_eq!(roc_auc_multiclass(&rows, Pairing::OneVsRest, Weighing::Weighted), Ok(1.0));
        let ap = |zero| average_precision_multiclass(&rows, Weighing::Macro, zero).unwrap();
        assert_eq!((ap(ZeroDivision::Absent), ap(ZeroDivision::Zero)), (1.0, 2.0 / 3.0));
        assert!(top_k_accuracy(&rows, 0).is_err());
    }
}
