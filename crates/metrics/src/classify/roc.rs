//! Scores of two classes: areas and curves. More score means more likely positive.
//!
//! Main type: [`Curve`]. Ties are one step, so the order of cases changes nothing.

use super::scores::ZeroDivision;
use super::{Undefined, check_lengths};

/// Points of a curve with the threshold of each: a case is called positive from there on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// False positive rate (ROC), or recall.
    pub x: Vec<f64>,
    /// True positive rate (ROC), or precision.
    pub y: Vec<f64>,
    /// The threshold; `None` where nothing is called positive.
    pub thresholds: Vec<Option<f64>>,
}

/// Scores of the positives and of the negatives as integers in the same order as the numbers.
pub(crate) struct Split {
    pub positives: Vec<u64>,
    pub negatives: Vec<u64>,
}

/// Maps a finite number to an integer so that order and equality are kept; −0 equals 0.
pub(crate) fn key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn score_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

pub(crate) fn check_scores(truth: &[bool], scores: &[f64]) -> Result<(), Undefined> {
    check_lengths("scores", scores.len(), truth.len())?;
    match scores.iter().position(|s| !s.is_finite()) {
        Some(index) => Err(Undefined::NotFinite { index, value: scores[index] }),
        None => Ok(()),
    }
}

/// Splits checked scores by class, unsorted. One class alone is an error.
pub(crate) fn split(truth: &[bool], scores: &[f64]) -> Result<Split, Undefined> {
    check_scores(truth, scores)?;
    let count = truth.iter().filter(|t| **t).count();
    if count == 0 || count == truth.len() {
        return Err(Undefined::OneClass { positives: count, negatives: truth.len() - count });
    }
    let mut positives = Vec::with_capacity(count);
    let mut negatives = Vec::with_capacity(truth.len() - count);
    for (t, s) in truth.iter().zip(scores) {
        let side = if *t { &mut positives } else { &mut negatives };
        side.push(key(*s));
    }
    Ok(Split { positives, negatives })
}

/// Area under the ROC curve, in 0..1: the share of (positive, negative) pairs in the right order,
/// a tie counting half. Source: Hanley and McNeil, Radiology 143 (1982) 29–36.
///
/// ```
/// use acidtest_metrics::classify::roc_auc;
/// let auc = roc_auc(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]);
/// assert_eq!(auc, Ok(0.75));
/// assert!(roc_auc(&[true, true], &[0.5, 0.6]).is_err());
/// ```
///
/// # Errors
/// Lengths that differ, a score that is not finite, or one class alone.
pub fn roc_auc(truth: &[bool], scores: &[f64]) -> Result<f64, Undefined> {
    let Split { mut positives, mut negatives } = split(truth, scores)?;
    positives.sort_unstable();
    negatives.sort_unstable();
    let (mut below, mut upto, mut doubled) = (0, 0, 0u128);
    for p in &positives {
        while below < negatives.len() && negatives[below] < *p {
            below += 1;
        }
        upto = upto.max(below);
        while upto < negatives.len() && negatives[upto] <= *p {
            upto += 1;
        }
        doubled += (below + upto) as u128;
    }
    Ok(doubled as f64 / 2.0 / positives.len() as f64 / negatives.len() as f64)
}

/// (score, positives, negatives) of each distinct score, highest first.
fn steps(truth: &[bool], scores: &[f64]) -> Vec<(f64, u64, u64)> {
    let mut keys: Vec<(u64, bool)> = scores.iter().map(|s| key(*s)).zip(truth.iter().copied()).collect();
    keys.sort_unstable_by(|a, b| b.cmp(a));
    keys.chunk_by(|a, b| a.0 == b.0)
        .map(|run| {
            let positives = run.iter().filter(|(_, t)| *t).count() as u64;
            (score_of(run[0].0), positives, run.len() as u64 - positives)
        })
        .collect()
}

/// The ROC curve with every distinct score as a threshold, from (0, 0) to (1, 1).
///
/// # Errors
/// As [`roc_auc`].
pub fn roc_curve(truth: &[bool], scores: &[f64]) -> Result<Curve, Undefined> {
    let sizes = split(truth, scores)?;
    let (p, n) = (sizes.positives.len() as f64, sizes.negatives.len() as f64);
    let mut curve = Curve { x: vec![0.0], y: vec![0.0], thresholds: vec![None] };
    let (mut hits, mut alarms) = (0, 0);
    for (score, positives, negatives) in steps(truth, scores) {
        hits += positives;
        alarms += negatives;
        curve.x.push(alarms as f64 / n);
        curve.y.push(hits as f64 / p);
        curve.thresholds.push(Some(score));
    }
    Ok(curve)
}

/// Standardised partial area over false positive rates 0..=`max_fpr`: chance is 0.5, perfect 1.
/// Source: McClish, Med. Decis. Making 9 (1989) 190–195.
///
/// # Errors
/// As [`roc_auc`], or `max_fpr` outside (0, 1].
pub fn roc_auc_partial(truth: &[bool], scores: &[f64], max_fpr: f64) -> Result<f64, Undefined> {
    if !(max_fpr > 0.0 && max_fpr <= 1.0) {
        return Err(Undefined::Argument {
            what: "max_fpr",
            value: max_fpr,
            expected: "more than 0, at most 1",
        });
    }
    if max_fpr == 1.0 {
        return roc_auc(truth, scores);
    }
    let curve = roc_curve(truth, scores)?;
    let mut area = 0.0;
    for i in 1..curve.x.len() {
        let (x0, x1, y0, y1) = (curve.x[i - 1], curve.x[i], curve.y[i - 1], curve.y[i]);
        if x1 > max_fpr {
            let cut = y0 + (y1 - y0) * (max_fpr - x0) / (x1 - x0);
            area += (max_fpr - x0) * (y0 + cut) / 2.0;
            break;
        }
        area += (x1 - x0) * (y0 + y1) / 2.0;
    }
    let chance = 0.5 * max_fpr * max_fpr;
    Ok(0.5 * (1.0 + (area - chance) / (max_fpr - chance)))
}

/// Precision (y) against recall (x), thresholds rising, ending in the point (0, 1) without one.
///
/// # Errors
/// Lengths that differ, a score that is not finite, or no positive case.
pub fn precision_recall_curve(truth: &[bool], scores: &[f64]) -> Result<Curve, Undefined> {
    let total = check_positives(truth, scores)? as f64;
    let mut curve = Curve { x: vec![0.0], y: vec![1.0], thresholds: vec![None] };
    let (mut hits, mut called) = (0, 0);
    for (score, positives, negatives) in steps(truth, scores) {
        hits += positives;
        called += positives + negatives;
        curve.x.push(hits as f64 / total);
        curve.y.push(hits as f64 / called as f64);
        curve.thresholds.push(Some(score));
    }
    curve.x.reverse();
    curve.y.reverse();
    curve.thresholds.reverse();
    Ok(curve)
}

fn check_positives(truth: &[bool], scores: &[f64]) -> Result<usize, Undefined> {
    check_scores(truth, scores)?;
    match truth.iter().filter(|t| **t).count() {
        0 => Err(Undefined::OneClass { positives: 0, negatives: truth.len() }),
        positives => Ok(positives),
    }
}

/// Average precision, in 0..1: Σ (recall step) · precision, without interpolation. Without a
/// positive case it does not exist; scikit-learn says 0, which `zero` gives too.
///
/// # Errors
/// As [`precision_recall_curve`].
pub fn average_precision(truth: &[bool], scores: &[f64], zero: ZeroDivision) -> Result<f64, Undefined> {
    let total = match check_positives(truth, scores) {
        Err(why @ Undefined::OneClass { .. }) => return zero.instead(why),
        other => other?,
    };
    let (mut hits, mut called, mut sum) = (0, 0, 0.0);
    for (_, positives, negatives) in steps(truth, scores) {
        hits += positives;
        called += positives + negatives;
        sum += positives as f64 * (hits as f64 / called as f64);
    }
    Ok(sum / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order() {
        let rising = [f64::MIN, -1.5, -1e-300, 0.0, 5e-324, 1.0, f64::MAX];
        for pair in rising.windows(2) {
            assert!(key(pair[0]) < key(pair[1]));
            assert_eq!(score_of(key(pair[0])), pair[0]);
        }
        assert_eq!(key(-0.0), key(0.0));
    }

    #[test]
    fn unusable_scores() {
        let not = roc_auc(&[true, false], &[f64::NAN, 0.0]);
        assert!(matches!(not, Err(Undefined::NotFinite { index: 0, .. })));
        assert!(roc_curve(&[true, false], &[0.0, f64::INFINITY]).is_err());
        assert_eq!(roc_auc(&[], &[]), Err(Undefined::Empty));
        let none = average_precision(&[false], &[0.5], ZeroDivision::Absent);
        assert_eq!(none, Err(Undefined::OneClass { positives: 0, negatives: 1 }));
        assert!(roc_auc_partial(&[true, false], &[0.0, 1.0], f64::NAN).is_err());
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(roc_auc(&[true, false, true, false], &[0.5; 4]), Ok(0.5));
        assert_eq!(roc_auc(&[true, false], &[0.0, -0.0]), Ok(0.5));
    }
}
