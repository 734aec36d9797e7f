//! The resampling of sacreBLEU 2.6.0, number for number, for those who must match it.
//!
//! Main functions: [`sacrebleu_interval`], [`sacrebleu_paired_bootstrap`],
//! [`sacrebleu_paired_randomisation`]; the texts are [`sacrebleu_signature`] and
//! [`sacrebleu_line`]. Compatibility alone: no gate and no report of ours may rest on these.
//! The paired bootstrap errs too often (about 11 % false alarms at a level of 5 % on segments
//! that are independent, more where they are not), it takes no units of sampling but segments,
//! and μ ± h is a half width about the mean of resamples and not about the score. Our own
//! intervals and tests are in [`stats`](crate::stats).
//!
//! sacreBLEU adds statistics in 32-bit floats; here they are added exactly. Scores, μ and h agree
//! to 2e-5 of their value; p is a count and agrees wherever no resample lies that near the edge.

use super::RowMetric;
use crate::stats::{Pcg64, Rows, StatError, randomise, resample_chunk};
use std::fmt;

/// sacreBLEU's `μ ± h`, in the scale of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanHalfWidth {
    /// μ: the mean of the resampled scores.
    pub mean: f64,
    /// h: half the distance between the values n/40 from both ends of the sorted n scores.
    pub half_width: f64,
}

impl MeanHalfWidth {
    /// Of resampled scores: sorted, n/40 (rounded down) are cut from each end.
    ///
    /// # Errors
    /// No score, or one that is not finite.
    ///
    /// ```
    /// use acidtest_metrics::corpus::compat::MeanHalfWidth;
    /// let scores: Vec<f64> = (0..41).map(f64::from).collect();
    /// let found = MeanHalfWidth::of(&scores).unwrap();
    /// assert_eq!((found.mean, found.half_width), (20.0, 19.0));
    /// ```
    pub fn of(scores: &[f64]) -> Result<MeanHalfWidth, StatError> {
        if scores.is_empty() {
            return Err(StatError::Empty { what: "resampled scores" });
        }
        if let Some(index) = scores.iter().position(|x| !x.is_finite()) {
            return Err(StatError::NotFinite { what: "resampled score", index, value: scores[index] });
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let cut = sorted.len() / 40;
        let half_width = 0.5 * (sorted[sorted.len() - cut - 1] - sorted[cut]);
        Ok(MeanHalfWidth { mean: sorted.iter().sum::<f64>() / sorted.len() as f64, half_width })
    }
}

impl fmt::Display for MeanHalfWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "μ = {:.digits$} ± {:.digits$}", self.mean, self.half_width)
    }
}

/// What sacreBLEU says of a system beside a baseline by the paired bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedBootstrap {
    /// μ of the system's own resamples.
    pub mean: f64,
    /// h of the system's own resamples.
    pub half_width: f64,
    /// (c + 1) / (resamples + 1), c the resamples with |dᵢ| − mean|d| > |d|.
    pub p: f64,
}

/// The headline scores of `resamples` resamples of segments, in order: numpy's
/// `default_rng(seed).choice(n, (resamples, n))`.
///
/// # Errors
/// No segment, a statistic that is not finite, rows of another metric, a score that does not exist.
pub fn sacrebleu_resamples(
    rows: &Rows,
    metric: &dyn RowMetric,
    resamples: u32,
    seed: u64,
) -> Result<Vec<f64>, StatError> {
    drawn(rows, metric, resamples, &mut Pcg64::seeded(seed))
}

/// μ ± h of one system, as `corpus_score(…, n_bootstrap=resamples)` and the command line's
/// `--confidence`.
///
/// Not a confidence interval of the score: see the head of this module.
///
/// # Errors
/// As [`sacrebleu_resamples`]; also 0 resamples.
pub fn sacrebleu_interval(
    rows: &Rows,
    metric: &dyn RowMetric,
    resamples: u32,
    seed: u64,
) -> Result<MeanHalfWidth, StatError> {
    MeanHalfWidth::of(&sacrebleu_resamples(rows, metric, resamples, seed)?)
}

/// The paired bootstrap test of a system against a baseline (`--paired-bs`; Koehn, EMNLP 2004, as
/// Moses has it): both get the same draws.
///
/// A type I error of about 11 % at a level of 5 %: it shows differences that are not there. A
/// system against itself has the smallest p there is, as in sacreBLEU.
///
/// # Errors
/// As [`sacrebleu_interval`]; also systems of different numbers of segments.
pub fn sacrebleu_paired_bootstrap(
    (base, system): (&Rows, &Rows),
    metric: &dyn RowMetric,
    resamples: u32,
    seed: u64,
) -> Result<PairedBootstrap, StatError> {
    if base.len() != system.len() {
        return Err(StatError::OutOfRange {
            what: "number of segments of the system",
            value: system.len() as f64,
            expected: "as many as the baseline has",
        });
    }
    let own = sacrebleu_resamples(system, metric, resamples, seed)?;
    let theirs = sacrebleu_resamples(base, metric, resamples, seed)?;
    let MeanHalfWidth { mean, half_width } = MeanHalfWidth::of(&own)?;
    let apart: Vec<f64> = own.iter().zip(theirs).map(|(a, b)| (a - b).abs()).collect();
    let middle = apart.iter().sum::<f64>() / apart.len() as f64;
    let real = (headline(metric, &system.sums())? - headline(metric, &base.sums())?).abs();
    let beyond = apart.iter().filter(|d| *d - middle > real).count();
    Ok(PairedBootstrap { mean, half_width, p: (beyond as f64 + 1.0) / (f64::from(resamples) + 1.0) })
}

/// What sacreBLEU says of a system beside a baseline by approximate randomisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedRandomisation {
    /// (c + 1) / (trials + 1), c the trials whose |difference| is beyond the real one.
    pub p: f64,
    /// μ ± h of the system, where resamples were asked for; drawn from the stream behind the
    /// trials, as sacreBLEU does, so that it differs from [`sacrebleu_interval`].
    pub spread: Option<MeanHalfWidth>,
}

/// Approximate randomisation of a system against a baseline (`--paired-ar`; Riezler and Maxwell
/// 2005): `trials` swaps of segments, then `resamples` for μ ± h (0 for none).
///
/// Segments are swapped each by itself: where several belong to one document the p is too small.
///
/// # Errors
/// As [`sacrebleu_resamples`] and [`randomise`].
pub fn sacrebleu_paired_randomisation(
    (base, system): (&Rows, &Rows),
    metric: &dyn RowMetric,
    (trials, resamples): (u32, u32),
    seed: u64,
) -> Result<PairedRandomisation, StatError> {
    check(base, metric)?;
    let mut random = Pcg64::seeded(seed);
    let finish = |sums: &[f64], out: &mut [Option<f64>]| metric.finish(sums, out);
    let p = randomise((base, system), metric.outputs().len(), trials, &mut random, &finish)?;
    let p = p.first().copied().flatten().ok_or(MISSING)?;
    let spread = match resamples {
        0 => None,
        n => Some(MeanHalfWidth::of(&drawn(system, metric, n, &mut random)?)?),
    };
    Ok(PairedRandomisation { p, spread })
}

/// How scores were resampled, for the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SacrebleuDraws {
    /// Bootstrap resamples (`bs`).
    pub bootstrap: Option<u32>,
    /// Trials of approximate randomisation (`ar`).
    pub randomisation: Option<u32>,
    /// The seed.
    pub seed: u64,
}

/// sacreBLEU's signature with its draws: `nrefs:1|bs:1000|ar:10000|seed:12345|case:…`.
#[must_use]
pub fn sacrebleu_signature(
    metric: &dyn RowMetric,
    references: Option<usize>,
    draws: SacrebleuDraws,
) -> String {
    let plain = metric.signature(references);
    let mut added = String::from("|");
    for (name, n) in [("bs", draws.bootstrap), ("ar", draws.randomisation)] {
        if let Some(n) = n {
            added.push_str(&format!("{name}:{n}|"));
        }
    }
    added.push_str(&format!("seed:{}|", draws.seed));
    plain.replacen('|', &added, 1)
}

/// sacreBLEU's line of a score: `BLEU = 69.9537 (μ = 70.0409 ± 4.8206) 91.8/75.4/64.1/54.0 (BP …)`.
///
/// `name` is sacreBLEU's (`BLEU`, `chrF2++`, `TER`), `more` what stands behind the score
/// ([`BleuScore::verbose`](super::bleu::BleuScore::verbose); empty for the others). As there, μ is
/// left out where it is not above 0.
#[must_use]
pub fn sacrebleu_line(
    name: &str,
    score: f64,
    spread: Option<MeanHalfWidth>,
    more: &str,
    digits: usize,
) -> String {
    let mut line = format!("{name} = {score:.digits$}");
    if let Some(spread) = spread.filter(|s| s.mean > 0.0) {
        line.push_str(&format!(" ({spread:.digits$})"));
    }
    if !more.is_empty() {
        line.push(' ');
        line.push_str(more);
    }
    line
}

const MISSING: StatError = StatError::Empty { what: "scores of the sums" };

fn check(rows: &Rows, metric: &dyn RowMetric) -> Result<(), StatError> {
    if rows.is_empty() {
        return Err(StatError::Empty { what: "segments" });
    }
    if rows.width() != metric.width() {
        return Err(StatError::OutOfRange {
            what: "width of the rows",
            value: rows.width() as f64,
            expected: "the metric's own",
        });
    }
    for unit in 0..rows.len() {
        if let Some(value) = rows.row(unit).iter().find(|x| !x.is_finite()) {
            return Err(StatError::NotFinite { what: "statistic of segment", index: unit, value: *value });
        }
    }
    Ok(())
}

fn drawn(
    rows: &Rows,
    metric: &dyn RowMetric,
    resamples: u32,
    random: &mut Pcg64,
) -> Result<Vec<f64>, StatError> {
    check(rows, metric)?;
    let outputs = metric.outputs().len();
    let all = resample_chunk(rows, outputs, resamples, random, &|sums, out| metric.finish(sums, out));
    all.into_iter().step_by(outputs).collect::<Option<_>>().ok_or(MISSING)
}

fn headline(metric: &dyn RowMetric, sums: &[f64]) -> Result<f64, StatError> {
    let mut out = vec![None; metric.outputs().len()];
    metric.finish(sums, &mut out);
    out.first().copied().flatten().ok_or(MISSING)
}

#[cfg(test)]
mod tests {
    use super::super::bleu::{Bleu, BleuOptions};
    use super::super::ter::{Ter, TerOptions};
    use super::*;

    fn rows(metric: &mut dyn RowMetric, texts: &[(&str, &str)]) -> Rows {
        let mut rows = Rows::new(metric.width());
        for (hypothesis, reference) in texts {
            metric.row(hypothesis, &[reference], rows.push()).unwrap();
        }
        rows
    }

    fn bleu() -> Bleu {
        Bleu::new(BleuOptions::default()).unwrap()
    }

    #[test]
    fn a_system_against_itself_has_the_smallest_p() {
        let mut metric = bleu();
        let own = rows(&mut metric, &[("a b c d", "a b c e"), ("f g h i j", "f g h i k")]);
        let found = sacrebleu_paired_bootstrap((&own, &own), &metric, 99, 1).unwrap();
        assert_eq!(found.p, 0.01);
        let alone = sacrebleu_interval(&own, &metric, 99, 1).unwrap();
        assert_eq!((found.mean, found.half_width), (alone.mean, alone.half_width));
        let swaps = sacrebleu_paired_randomisation((&own, &own), &metric, (99, 0), 1).unwrap();
        assert_eq!(swaps, PairedRandomisation { p: 0.01, spread: None });
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        let mut metric = bleu();
        let one = rows(&mut metric, &[("a", "a")]);
        let two = rows(&mut metric, &[("a", "a"), ("b", "b")]);
        assert!(sacrebleu_interval(&Rows::new(metric.width()), &metric, 10, 1).is_err());
        assert!(sacrebleu_interval(&one, &metric, 0, 1).is_err());
        assert!(sacrebleu_interval(&one, &Ter::new(TerOptions::default()), 10, 1).is_err());
        assert!(sacrebleu_paired_bootstrap((&one, &two), &metric, 10, 1).is_err());
        assert!(sacrebleu_paired_randomisation((&one, &two), &metric, (10, 10), 1).is_err());
        let mut odd = one.clone();
        odd.push()[0] = f64::NAN;
        assert!(sacrebleu_interval(&odd, &metric, 10, 1).is_err());
        assert!(sacrebleu_paired_randomisation((&odd, &odd), &metric, (10, 0), 1).is_err());
    }

    #[test]
    fn lines_and_signatures_are_in_sacrebleus_form() {
        let spread = MeanHalfWidth { mean: 1.26, half_width: 0.5 };
        assert_eq!(sacrebleu_line("TER", 1.0, Some(spread), "", 1), "TER = 1.0 (μ = 1.3 ± 0.5)");
        let none = MeanHalfWidth { mean: 0.0, half_width: 0.0 };
        assert_eq!(sacrebleu_line("BLEU", 0.0, Some(none), "x", 2), "BLEU = 0.00 x");
        let draws = SacrebleuDraws { bootstrap: Some(5), randomisation: Some(7), seed: 3 };
        let said = sacrebleu_signature(&bleu(), None, draws);
        assert!(said.starts_with("nrefs:var|bs:5|ar:7|seed:3|case:mixed|"), "{said}");
    }
}
