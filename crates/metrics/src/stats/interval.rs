//! What an interval is, how it was made, and why there sometimes is none.
//!
//! Main types: [`Interval`], [`Method`], [`NoInterval`], [`StatError`]. Nothing here computes;
//! the neighbours do. An end that the data cannot bound is `None`, never an infinity.

use std::fmt;

/// Which ends an interval claims, at its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sides {
    /// Both ends together hold at the level.
    Two,
    /// Only the lower end is a bound; the upper end is the end of the range, if it has one.
    Lower,
    /// Only the upper end is a bound; the lower end is the end of the range, if it has one.
    Upper,
}

impl Sides {
    /// Stable short name: `two`, `lower`, `upper`.
    pub fn name(self) -> &'static str {
        match self {
            Sides::Two => "two",
            Sides::Lower => "lower",
            Sides::Upper => "upper",
        }
    }

    /// The sides with this [`name`](Sides::name), if there are any.
    pub fn from_name(name: &str) -> Option<Sides> {
        [Sides::Two, Sides::Lower, Sides::Upper].into_iter().find(|s| s.name() == name)
    }
}

/// How an interval was made. The names are stable: reports and stored findings show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Wilson score interval of independent binary outcomes.
    Wilson,
    /// Wilson score interval with the number of independent outcomes that carry the same
    /// information as the clustered ones.
    WilsonEffectiveN,
    /// Clopper–Pearson, exact for a binomial count.
    ClopperPearson,
    /// Upper bound when no event was seen: about 3/n.
    ExactUpper,
    /// Lower bound when every unit succeeded: about 1 − 3/n.
    ExactLower,
    /// Bound when every unit gave the same value inside the range.
    ExactConstant,
    /// Student's t on (clusters − 1) degrees of freedom, linearised clustered variance.
    ClusteredT,
    /// Order statistics with binomial ranks, for independent samples.
    OrderStatistics,
    /// Order statistics whose ranks come from batches in send order.
    BatchQuantile,
    /// Student's t over batch means in send order.
    BatchMean,
    /// Percentiles of a bootstrap that draws whole units.
    BootstrapPercentile,
    /// Bias-corrected and accelerated (BCa) bootstrap that draws whole units.
    BootstrapBca,
    /// Chi-square bounds of a Poisson process (MTBF).
    ChiSquare,
    /// Tango's score interval of a difference of paired shares.
    Tango,
    /// Newcombe's method 10 for a difference of paired shares.
    NewcombePaired,
    /// DeLong's variance of an area under the ROC curve, symmetric.
    DeLong,
    /// DeLong's variance, symmetric on the logit of the area.
    DeLongLogit,
    /// Wilson's interval of hits among the cases of either side, mapped to F1.
    WilsonF1,
    /// Newcombe's hybrid score interval for a difference of independent shares.
    NewcombeIndependent,
    /// Jeffreys: beta quantiles with half a success and half a failure added.
    Jeffreys,
    /// Agresti–Coull: Wald about Wilson's centre.
    AgrestiCoull,
    /// Wald: normal about the share itself. Too short at the edges; for comparison only.
    Wald,
    /// Wilson score interval with continuity correction.
    WilsonCorrected,
    /// Welch's t of two independent groups.
    WelchT,
    /// Student's t of two independent groups of equal variance.
    StudentT,
    /// Empirical-Bernstein confidence sequence: holds at every sample size at once.
    EmpiricalBernstein,
}

impl Method {
    /// Every method, in the order of the reference page.
    pub const ALL: &'static [Method] = &[
        Method::Wilson,
        Method::WilsonEffectiveN,
        Method::ClopperPearson,
        Method::ExactUpper,
        Method::ExactLower,
        Method::ExactConstant,
        Method::ClusteredT,
        Method::OrderStatistics,
        Method::BatchQuantile,
        Method::BatchMean,
        Method::BootstrapPercentile,
        Method::BootstrapBca,
        Method::ChiSquare,
        Method::Tango,
        Method::NewcombePaired,
        Method::DeLong,
        Method::DeLongLogit,
        Method::WilsonF1,
        Method::NewcombeIndependent,
        Method::Jeffreys,
        Method::AgrestiCoull,
        Method::Wald,
        Method::WilsonCorrected,
        Method::WelchT,
        Method::StudentT,
        Method::EmpiricalBernstein,
    ];

    /// Stable short name, as printed in reports.
    pub fn name(self) -> &'static str {
        match self {
            Method::Wilson => "Wilson",
            Method::WilsonEffectiveN => "Wilson, effective n",
            Method::ClopperPearson => "Clopper-Pearson",
            Method::ExactUpper => "exact upper bound",
            Method::ExactLower => "exact lower bound",
            Method::ExactConstant => "exact bound, no variance",
            Method::ClusteredT => "t, C-1 df",
            Method::OrderStatistics => "order statistics",
            Method::BatchQuantile => "batch quantile",
            Method::BatchMean => "batch mean",
            Method::BootstrapPercentile => "bootstrap percentile",
            Method::BootstrapBca => "bootstrap BCa",
            Method::ChiSquare => "chi-square",
            Method::Tango => "Tango, paired",
            Method::NewcombePaired => "Newcombe, paired",
            Method::DeLong => "DeLong",
            Method::DeLongLogit => "DeLong, logit",
            Method::WilsonF1 => "Wilson, F1",
            Method::NewcombeIndependent => "Newcombe, independent",
            Method::Jeffreys => "Jeffreys",
            Method::AgrestiCoull => "Agresti-Coull",
            Method::Wald => "Wald",
            Method::WilsonCorrected => "Wilson, corrected",
            Method::WelchT => "Welch's t",
            Method::StudentT => "Student's t",
            Method::EmpiricalBernstein => "empirical Bernstein, sequential",
        }
    }

    /// The method with this [`name`](Method::name), if there is one.
    pub fn from_name(name: &str) -> Option<Method> {
        Method::ALL.iter().copied().find(|m| m.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A confidence interval. `None` at an end means that the data do not bound it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, or `None` when unbounded.
    pub low: Option<f64>,
    /// Upper end, or `None` when unbounded.
    pub high: Option<f64>,
    /// Confidence level in (0, 1), for example 0.95.
    pub level: f64,
    /// Which ends the level speaks about.
    pub sides: Sides,
    /// How it was made.
    pub method: Method,
}

impl Interval {
    /// A two-sided interval with both ends known. Ends that are not finite become unbounded.
    pub fn two_sided(low: f64, high: f64, level: f64, method: Method) -> Interval {
        Interval { low: finite(low), high: finite(high), level, sides: Sides::Two, method }
    }

    /// Does the interval hold `x`? An unbounded end holds everything on its side.
    ///
    /// ```
    /// use acidtest_metrics::stats::{Interval, Method};
    /// let i = Interval::two_sided(0.71, f64::INFINITY, 0.95, Method::OrderStatistics);
    /// assert!(i.holds(9.0) && !i.holds(0.7));
    /// ```
    pub fn holds(&self, x: f64) -> bool {
        self.low.is_none_or(|l| l <= x) && self.high.is_none_or(|h| x <= h)
    }

    /// Cuts the ends to a range that the quantity cannot leave, for example 0..1 for a score.
    pub fn clipped(mut self, range: (f64, f64)) -> Interval {
        self.low = self.low.map(|l| l.max(range.0));
        self.high = self.high.map(|h| h.min(range.1));
        self
    }
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Why numbers cannot be computed at all from this input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatError {
    /// There is nothing to compute from.
    #[error("no {what} to compute from")]
    Empty {
        /// What was missing, in the plural.
        what: &'static str,
    },
    /// A value is NaN, or infinite where that has no meaning.
    #[error("{what} {index} is {value}, expected a finite number")]
    NotFinite {
        /// What kind of value.
        what: &'static str,
        /// Its position in the input.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// An argument lies outside what the formula allows.
    #[error("{what} is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the argument.
        what: &'static str,
        /// The value given.
        value: f64,
        /// What would have been right.
        expected: &'static str,
    },
}

/// Why an estimate has no interval. The text is meant for the reader of a report.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoInterval {
    /// An exact count has no sampling error.
    #[error("count")]
    Count,
    /// Fewer units than the method needs.
    #[error("n too small: {have} {what}, needs {need}")]
    TooFew {
        /// What is counted, in the plural: `cases`, `clusters`, `requests`.
        what: &'static str,
        /// How many there are.
        have: usize,
        /// How many the method needs.
        need: usize,
    },
    /// The series is so strongly correlated that too few independent batches remain.
    #[error(
        "too few effective batches: {have} of {length} requests in send order, needs {need} \
         (neighbours are correlated)"
    )]
    TooFewBatches {
        /// Batches that fit.
        have: usize,
        /// Batches needed.
        need: usize,
        /// Length of a batch that is long enough.
        length: usize,
    },
    /// All values are equal and the quantity has no known range, so that nothing bounds it.
    #[error("no variance: all {n} values are equal")]
    NoVariance {
        /// Number of units.
        n: usize,
    },
    /// Even the lower end is +∞: too many requests never got what is measured.
    #[error("+∞ at both ends: too many without a value")]
    Endless,
    /// All failures belong to one incident: there is one observation, not a rate.
    #[error("one incident")]
    OneIncident,
    /// The statistic does not exist in too many bootstrap resamples.
    #[error("{failed} of {of} resamples have no value, more than 1 % allowed")]
    Resamples {
        /// Resamples without a value.
        failed: usize,
        /// Resamples drawn.
        of: usize,
    },
    /// The input is unusable.
    #[error(transparent)]
    Invalid(#[from] StatError),
}

/// Checks a confidence level.
pub(crate) fn check_level(level: f64) -> Result<(), StatError> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(StatError::OutOfRange {
        what: "confidence level",
        value: level,
        expected: "a number between 0 and 1",
    })
}

/// Checks a probability where 0 and 1 have no meaning.
pub(crate) fn check_inner(what: &'static str, p: f64) -> Result<(), StatError> {
    if p > 0.0 && p < 1.0 {
        return Ok(());
    }
    Err(StatError::OutOfRange { what, value: p, expected: "a number between 0 and 1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for m in Method::ALL {
            assert_eq!(Method::from_name(m.name()), Some(*m));
        }
        assert_eq!(Method::from_name("guess"), None);
        assert_eq!(Sides::from_name("lower"), Some(Sides::Lower));
    }

    #[test]
    fn reasons_read_well() {
        let reason = NoInterval::TooFew { what: "requests", have: 122, need: 500 };
        assert_eq!(reason.to_string(), "n too small: 122 requests, needs 500");
        assert_eq!(NoInterval::Count.to_string(), "count");
    }

    #[test]
    fn infinite_ends_are_unbounded() {
        let i = Interval::two_sided(1.0, f64::INFINITY, 0.95, Method::OrderStatistics);
        assert_eq!((i.low, i.high), (Some(1.0), None));
    }
}
