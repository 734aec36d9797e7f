//! Distributions of times and lengths, as users write them.
//!
//! Main type: [`Dist`]: `50`, `uniform(20, 80)`, `normal(50, 10)`,
//! `lognormal(50, 0.5)` (median, sigma of the logarithm), `exponential(50)`,
//! `gamma(2, 25)` (shape, scale). Must not draw: the schedule's streams do.

use serde::{Deserialize, Serialize};

/// A distribution of non-negative numbers; the unit is the user's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Dist {
    /// Always the same.
    Fixed(f64),
    /// Evenly between two ends.
    Uniform(f64, f64),
    /// Mean and standard deviation, cut at 0.
    Normal(f64, f64),
    /// Median, and sigma of the logarithm.
    LogNormal(f64, f64),
    /// Mean.
    Exponential(f64),
    /// Shape and scale.
    Gamma(f64, f64),
}

/// A text that is no distribution.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "'{0}' is not a distribution: expected a number, uniform(a, b), normal(mean, sd), lognormal(median, sigma), exponential(mean) or gamma(shape, scale), none negative"
)]
pub struct BadDist(String);

impl TryFrom<String> for Dist {
    type Error = BadDist;
    fn try_from(s: String) -> Result<Self, BadDist> {
        s.parse()
    }
}

impl std::str::FromStr for Dist {
    type Err = BadDist;
    fn from_str(s: &str) -> Result<Self, BadDist> {
        let bad = || BadDist(s.chars().take(80).collect());
        let number =
            |t: &str| t.trim().parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0).ok_or_else(bad);
        let Some((name, rest)) = s.trim().split_once('(') else {
            return Ok(Dist::Fixed(number(s)?));
        };
        let inner = rest.strip_suffix(')').ok_or_else(bad)?;
        let args = inner.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
        match (name.trim(), args.as_slice()) {
            ("uniform", [a, b]) if a <= b => Ok(Dist::Uniform(*a, *b)),
            ("normal", [mean, sd]) => Ok(Dist::Normal(*mean, *sd)),
            ("lognormal", [median, sigma]) => Ok(Dist::LogNormal(*median, *sigma)),
            ("exponential", [mean]) => Ok(Dist::Exponential(*mean)),
            ("gamma", [shape, scale]) if *shape >= 0.01 => Ok(Dist::Gamma(*shape, *scale)),
            _ => Err(bad()),
        }
    }
}

impl From<Dist> for String {
    fn from(d: Dist) -> String {
        d.to_string()
    }
}

impl std::fmt::Display for Dist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dist::Fixed(v) => write!(f, "{v}"),
            Dist::Uniform(a, b) => write!(f, "uniform({a}, {b})"),
            Dist::Normal(m, s) => write!(f, "normal({m}, {s})"),
            Dist::LogNormal(m, s) => write!(f, "lognormal({m}, {s})"),
            Dist::Exponential(m) => write!(f, "exponential({m})"),
            Dist::Gamma(shape, scale) => write!(f, "gamma({shape}, {scale})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip_and_nonsense_is_refused() {
        for text in
            ["50", "uniform(1, 2)", "normal(50, 10)", "lognormal(50, 0.5)", "exponential(3)", "gamma(2, 25)"]
        {
            assert_eq!(text.parse::<Dist>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "-1",
            "nan",
            "uniform(2, 1)",
            "uniform(1)",
            "normal(1, 2",
            "poisson(3)",
            "inf",
            "gamma(0, 1)",
        ] {
            assert!(bad.parse::<Dist>().is_err(), "{bad}");
        }
    }
}
