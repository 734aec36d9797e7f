//! Perplexity of texts: per document, per word, per byte, and bits per byte.
//!
//! A log-likelihood summed over documents is divided by their summed units; [`ratio_interval`]
//! gives the interval. Must not know where log-likelihoods come from.

use crate::stats::{Clustered, Interval, StatError, ratio};

/// Mean of values. `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The value at place ⌊n/2⌋ in order: lm-evaluation-harness's median, the upper one of an even number.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// e^(−mean) of log-likelihoods, one per document: at least 1 for probabilities.
///
/// `None` without values or where it is too large for a number.
pub fn perplexity(loglikelihoods: &[f64]) -> Option<f64> {
    mean(loglikelihoods).map(|m| (-m).exp()).filter(|p| p.is_finite())
}

/// Σ log-likelihood / Σ weight of (log-likelihood, weight) pairs; `None` where Σ weight is 0.
pub fn weighted_mean(items: &[(f64, f64)]) -> Option<f64> {
    let (sum, weight) = items.iter().fold((0.0, 0.0), |(s, w), item| (s + item.0, w + item.1));
    Some(sum / weight).filter(|m| m.is_finite())
}

/// e^(−Σ log-likelihood / Σ weight): word perplexity where weights are words, byte perplexity
/// where they are bytes.
pub fn weighted_perplexity(items: &[(f64, f64)]) -> Option<f64> {
    weighted_mean(items).map(|m| (-m).exp()).filter(|p| p.is_finite())
}

/// −Σ log-likelihood / Σ bytes / ln 2.
pub fn bits_per_byte(items: &[(f64, f64)]) -> Option<f64> {
    weighted_mean(items).map(|m| -m / std::f64::consts::LN_2)
}

/// How −Σ log-likelihood / Σ weight is told. Both ways are increasing, so ends of an interval
/// turn into ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// e^x: a perplexity.
    Perplexity,
    /// x / ln 2: bits.
    Bits,
}

impl Scale {
    /// A value on this scale from nats per unit.
    pub fn of(self, nats: f64) -> f64 {
        match self {
            Scale::Perplexity => nats.exp(),
            Scale::Bits => nats / std::f64::consts::LN_2,
        }
    }

    fn slope(self, nats: f64) -> f64 {
        match self {
            Scale::Perplexity => nats.exp(),
            Scale::Bits => std::f64::consts::LN_2.recip(),
        }
    }
}

/// Perplexity or bits of units of sampling, each (log-likelihood, weight), with an interval.
///
/// The interval is that of [`ratio`] in nats, its ends put on the scale; the standard error is by
/// the delta method. The lower end in nats is at least 0, as no probability is above 1.
///
/// # Errors
/// No units, no weight, a value that is not finite, or a perplexity too large for a number.
pub fn ratio_interval(units: &[(f64, f64)], scale: Scale, level: f64) -> Result<Clustered, StatError> {
    let nats: Vec<(f64, f64)> = units.iter().map(|(l, w)| (-l, *w)).collect();
    let found = ratio(&nats, level)?;
    let value = scale.of(found.value);
    if !value.is_finite() {
        let expected = "nats per unit that a perplexity can be made of";
        return Err(StatError::OutOfRange { what: "nats per unit", value: found.value, expected });
    }
    let end = |x: f64| Some(scale.of(x)).filter(|x| x.is_finite());
    let interval = found.interval.map(|i| Interval {
        low: i.low.and_then(|x| end(x.max(0.0))),
        high: i.high.and_then(end),
        ..i
    });
    let standard_error = found.standard_error.map(|se| se * scale.slope(found.value));
    Ok(Clustered { value, standard_error, interval, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let close = |got: Option<f64>, expect: f64| assert!((got.unwrap() - expect).abs() < 1e-12, "{got:?}");
        close(perplexity(&[-1.0, -3.0]), 2f64.exp());
        close(median(&[4.0, 1.0, 3.0, 2.0]), 3.0);
        close(weighted_perplexity(&[(-1.0, 1.0), (-5.0, 2.0)]), 2f64.exp());
        close(bits_per_byte(&[(-2.0 * std::f64::consts::LN_2, 1.0)]), 2.0);
        assert_eq!(perplexity(&[]), None);
        assert_eq!(median(&[]), None);
        assert_eq!(perplexity(&[-1e6]), None);
        assert_eq!(weighted_perplexity(&[(-1.0, 0.0)]), None);
    }

    #[test]
    fn ends_are_transformed() {
        let units = [(-10.0, 5.0), (-9.0, 6.0), (-14.0, 5.0)];
        let nats = ratio(&units.map(|(l, w)| (-l, w)), 0.95).unwrap();
        let (p, bits) = (Scale::Perplexity, Scale::Bits);
        for scale in [p, bits] {
            let found = ratio_interval(&units, scale, 0.95).unwrap();
            assert!((found.value - scale.of(nats.value)).abs() < 1e-12);
            let (got, from) = (found.interval.unwrap(), nats.interval.as_ref().unwrap());
            assert_eq!(got.low, from.low.map(|x| scale.of(x.max(0.0))));
            assert_eq!(got.high, from.high.map(|x| scale.of(x)));
        }
        assert!(ratio_interval(&[(-1e6, 1.0)], p, 0.95).is_err());
        assert!(ratio_interval(&[(f64::NAN, 1.0)], bits, 0.95).is_err());
        assert!(ratio_interval(&[(-1.0, 1.0)], bits, 0.95).unwrap().interval.is_err());
    }
}
