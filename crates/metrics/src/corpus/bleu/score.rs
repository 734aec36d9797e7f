//! From n-gram counts to BLEU.
//!
//! Main types: [`BleuScore`], [`Smoothing`]. No texts here.

use super::BleuOptions;
use std::fmt;

/// What stands in for an n-gram order without a match (Chen and Cherry, WMT 2014).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Smoothing {
    /// Nothing: BLEU is 0.
    None,
    /// This many matches; sacreBLEU's default is 0.1.
    Floor(f64),
    /// This much is added to matches and totals of order 2 and above; sacreBLEU's default is 1.
    AddK(f64),
    /// 1/2, 1/4, 1/8 … of a match for the first, second, third such order (mteval).
    Exp,
}

impl fmt::Display for Smoothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Smoothing::None => f.write_str("none"),
            Smoothing::Floor(value) => write!(f, "floor[{value:.2}]"),
            Smoothing::AddK(value) => write!(f, "add-k[{value:.2}]"),
            Smoothing::Exp => f.write_str("exp"),
        }
    }
}

/// BLEU with all that went into it. As text: sacreBLEU's line.
#[derive(Debug, Clone, PartialEq)]
pub struct BleuScore {
    /// 0 to 100.
    pub score: f64,
    /// Matched n-grams by order, with what add-k put on top, as sacreBLEU gives them.
    pub counts: Vec<f64>,
    /// N-grams of the answers by order, likewise.
    pub totals: Vec<f64>,
    /// Smoothed precision in per cent by order.
    pub precisions: Vec<f64>,
    /// Brevity penalty, 0 to 1.
    pub bp: f64,
    /// Tokens of the answers.
    pub sys_len: f64,
    /// Tokens of the closest references.
    pub ref_len: f64,
}

impl BleuScore {
    pub(super) fn from_counts(
        options: &BleuOptions,
        sys_len: f64,
        ref_len: f64,
        counts: &[f64],
        totals: &[f64],
    ) -> BleuScore {
        let bp = match sys_len {
            _ if sys_len >= ref_len => 1.0,
            0.0 => 0.0,
            _ => (1.0 - ref_len / sys_len).exp(),
        };
        let mut result = BleuScore {
            score: 0.0,
            counts: counts.to_vec(),
            totals: totals.to_vec(),
            precisions: vec![0.0; counts.len()],
            bp,
            sys_len,
            ref_len,
        };
        if counts.iter().any(|c| *c != 0.0) {
            let orders = result.smooth(options);
            let logs: f64 = result.precisions[..orders].iter().map(|p| log(*p)).sum();
            result.score = bp * (logs / orders as f64).exp();
        }
        result
    }

    /// Fills the precisions; the number of orders that count.
    fn smooth(&mut self, options: &BleuOptions) -> usize {
        let mut orders = self.precisions.len();
        let mut halves = 1.0;
        for n in 0..self.precisions.len() {
            if let Smoothing::AddK(k) = options.smoothing
                && n > 0
            {
                self.counts[n] += k;
                self.totals[n] += k;
            }
            let (count, total) = (self.counts[n], self.totals[n]);
            if total == 0.0 {
                break;
            }
            if options.effective_order {
                orders = n + 1;
            }
            self.precisions[n] = match options.smoothing {
                _ if count != 0.0 => 100.0 * count / total,
                Smoothing::Exp => {
                    halves *= 2.0;
                    100.0 / (halves * total)
                }
                Smoothing::Floor(value) => 100.0 * value / total,
                Smoothing::None | Smoothing::AddK(_) => 0.0,
            };
        }
        orders
    }
}

/// The logarithm, and for 0 the reference's stand-in for minus infinity.
fn log(x: f64) -> f64 {
    if x == 0.0 { -9_999_999_999.0 } else { x.ln() }
}

impl BleuScore {
    /// What sacreBLEU puts behind the score: `91.8/75.4/64.1/54.0 (BP = 1.000 ratio = …)`.
    #[must_use]
    pub fn verbose(&self) -> String {
        let precisions: Vec<String> = self.precisions.iter().map(|p| format!("{p:.1}")).collect();
        let ratio = if self.ref_len > 0.0 { self.sys_len / self.ref_len } else { 0.0 };
        format!(
            "{} (BP = {:.3} ratio = {ratio:.3} hyp_len = {} ref_len = {})",
            precisions.join("/"),
            self.bp,
            self.sys_len,
            self.ref_len
        )
    }
}

impl fmt::Display for BleuScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BLEU = {:.2} {}", self.score, self.verbose())
    }
}
