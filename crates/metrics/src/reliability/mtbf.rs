//! Mean time between failures with chi-square bounds.
//!
//! Main type: [`Mtbf`]. Assumes incidents at a constant rate (Poisson); it does not test that.

use crate::stats::{Interval, Method, NoInterval, Sides, StatError, chi2_quantile};

/// What ended the observation; it decides the degrees of freedom of the upper tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// A time set beforehand, the usual case.
    Time,
    /// The last incident itself.
    Failure,
}

/// Mean time between failures, in the unit of the operating time given.
#[derive(Debug, Clone, PartialEq)]
pub struct Mtbf {
    /// T / r; absent without incidents.
    pub point: Option<f64>,
    /// Two-sided interval; the upper end is unbounded without incidents. When the observation was
    /// stopped by an incident there must be one.
    pub interval: Result<Interval, NoInterval>,
    /// One-sided lower bound at the same level: 2T/χ²(level; 2r+2).
    pub lower: Interval,
}

impl Mtbf {
    /// From the operating (observed) time T > 0 and the number r of incidents in it.
    ///
    /// Two-sided, α = 1 − level: 2T/χ²(1−α/2; d) to 2T/χ²(α/2; 2r), d = 2r + 2 when stopped by
    /// time and 2r when stopped by an incident. The one-sided lower bound is always the time-
    /// stopped one; for r = 0 at 95 % it is T/2.996. T ≤ 0 or NaN is an error.
    /// Source: IEC 60605-4; Meeker and Escobar, Statistical Methods for Reliability Data, 7.
    ///
    /// ```
    /// use acidtest_metrics::reliability::{Mtbf, Stop};
    /// let quiet = Mtbf::of(299.6, 0, 0.95, Stop::Time).unwrap();
    /// assert!((quiet.lower.low.unwrap() - 100.0).abs() < 0.1);
    /// assert_eq!(quiet.point, None);
    /// ```
    pub fn of(time: f64, incidents: u64, level: f64, stop: Stop) -> Result<Mtbf, StatError> {
        if !(time > 0.0 && time.is_finite()) {
            return Err(StatError::OutOfRange {
                what: "operating time",
                value: time,
                expected: "a positive number",
            });
        }
        let freedom = 2.0 * incidents as f64;
        let bound = |p: f64, df: f64| Ok::<f64, StatError>(2.0 * time / chi2_quantile(p, df)?);
        let tail = (1.0 - level) / 2.0;
        let lower = Interval {
            low: Some(bound(level, freedom + 2.0)?),
            high: None,
            level,
            sides: Sides::Lower,
            method: Method::ChiSquare,
        };
        let high = match incidents {
            0 => None,
            _ => Some(bound(tail, freedom)?),
        };
        let interval = match (stop, incidents) {
            (Stop::Failure, 0) => Err(NoInterval::TooFew { what: "incidents", have: 0, need: 1 }),
            (Stop::Failure, _) => Ok(bound(1.0 - tail, freedom)?),
            (Stop::Time, _) => Ok(bound(1.0 - tail, freedom + 2.0)?),
        };
        Ok(Mtbf {
            point: (incidents > 0).then(|| time / incidents as f64),
            interval: interval.map(|low| Interval {
                low: Some(low),
                high,
                level,
                sides: Sides::Two,
                method: Method::ChiSquare,
            }),
            lower,
        })
    }

    /// The same interval as a rate of incidents per unit of time: 1/upper to 1/lower.
    pub fn rate(&self) -> Result<Interval, NoInterval> {
        let i = self.interval.clone()?;
        Ok(Interval { low: Some(i.high.map_or(0.0, |h| 1.0 / h)), high: i.low.map(|l| 1.0 / l), ..i })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_an_error() {
        assert!(Mtbf::of(0.0, 1, 0.95, Stop::Time).is_err());
        assert!(Mtbf::of(f64::NAN, 1, 0.95, Stop::Time).is_err());
        assert!(Mtbf::of(1.0, 1, 1.0, Stop::Time).is_err());
    }

    #[test]
    fn stopped_by_an_incident_needs_one() {
        let none = Mtbf::of(10.0, 0, 0.95, Stop::Failure).unwrap();
        assert!(none.interval.is_err() && none.rate().is_err());
        assert!(none.lower.low.unwrap() > 3.0);
        let quiet = Mtbf::of(10.0, 0, 0.95, Stop::Time).unwrap();
        assert_eq!(quiet.rate().unwrap().low, Some(0.0));
    }
}
