//! How large a paired difference must be to be shown, and how many pairs would show one.
//!
//! Main type: [`Shown`], by which test at which level a difference is shown. Levels, exact tests
//! and few units are allowed for: what only a test without them could show is not promised.

use super::distribution::{normal_quantile, t_quantile};
use super::paired::PairedCounts;

/// What counts as shown: a two-sided test at level `alpha` that says so with chance `power`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Error that this one test may make: of a family, that of its step.
    pub alpha: f64,
    /// Chance to show what is there.
    pub power: f64,
}

/// A mean difference as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The difference.
    pub value: f64,
    /// Its standard error over units of sampling.
    pub standard_error: f64,
    /// Pairs behind it.
    pub pairs: u64,
    /// Units of sampling among them.
    pub units: u64,
}

impl Shown {
    /// Fewest units with which signs flipped by unit can reach the level at all: 2^(1 − n) ≤ α.
    ///
    /// ```
    /// use acidtest_metrics::stats::Shown;
    /// assert_eq!(Shown { alpha: 0.05, power: 0.8 }.fewest_units(), Some(6));
    /// ```
    #[must_use]
    pub fn fewest_units(self) -> Option<u64> {
        let n = 1.0 - self.alpha.log2();
        (0.0 < self.alpha && self.alpha < 1.0).then(|| (n - 1e-9).ceil() as u64)
    }

    /// The mean difference that so many units show: (t₁₋α/₂ + t_power)(C − 1) · se. `None` where
    /// no difference can be shown with so few units.
    #[must_use]
    pub fn detectable_mean(self, now: MeanDifference) -> Option<f64> {
        let found = self.tails(now.units as f64)? * now.standard_error;
        (now.units >= self.fewest_units()? && found.is_finite() && found > 0.0).then_some(found)
    }

    /// Pairs that show a mean difference if it holds; `None` when it cannot be said.
    #[must_use]
    pub fn pairs_for_mean(self, now: MeanDifference) -> Option<u64> {
        let units = now.units as f64;
        // The t quantiles shrink as the units grow: one number of units is the first that is enough.
        let enough = |c: f64| Some(c >= units * (self.tails(c)? * now.standard_error / now.value).powi(2));
        let mut low = self.fewest_units()?.max(2) as f64;
        let mut high = low;
        while !enough(high)? {
            (low, high) = (high, high * 2.0);
            if high > 1e15 {
                return None;
            }
        }
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if enough(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        whole(high * now.pairs as f64 / units)
    }

    /// The difference of shares that McNemar's exact test shows with that many pairs: the smallest
    /// d with N·d − 1 ≥ √N·(z₁₋α/₂·√ψ + z_power·√(ψ − d²)), ψ the share of discordant pairs, at
    /// least d. The 1 is what an exact test loses. `None` where even d = 1 is not shown.
    ///
    /// Source: Connor, Biometrics 43 (1987) 207–211, with a continuity correction.
    #[must_use]
    pub fn detectable_share(self, counts: PairedCounts) -> Option<f64> {
        let n = counts.n() as f64;
        let psi = discordant(counts)?;
        let shows = |d: f64| Some(n * d - 1.0 >= n.sqrt() * self.spread(psi.max(d), d)?);
        if !shows(1.0)? {
            return None;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if shows(middle)? { high = middle } else { low = middle }
        }
        Some(high)
    }

    /// Pairs with which McNemar's exact test shows the difference if it and the share of
    /// discordant pairs hold; `None` without a difference.
    ///
    /// ```
    /// use acidtest_metrics::stats::{PairedCounts, Shown};
    /// let now = PairedCounts { both: 40, only_first: 12, only_second: 6, neither: 42 };
    /// assert_eq!(Shown { alpha: 0.05, power: 0.8 }.pairs_for_share(now), Some(423));
    /// ```
    #[must_use]
    pub fn pairs_for_share(self, counts: PairedCounts) -> Option<u64> {
        self.pairs_for(counts.difference().abs(), discordant(counts)?)
    }

    /// Pairs with which McNemar's exact test shows a stated difference of shares, if the share of
    /// discordant pairs holds (it is at least the difference): the n of
    /// [`pairs_for_share`](Self::pairs_for_share) at ψ and |difference|. `None` without pairs, for
    /// 0, and beyond ±1.
    ///
    /// ```
    /// use acidtest_metrics::stats::{PairedCounts, Shown};
    /// let now = PairedCounts { both: 40, only_first: 12, only_second: 6, neither: 42 };
    /// let shown = Shown { alpha: 0.05, power: 0.8 };
    /// // The difference that is there, and a smaller one.
    /// assert_eq!(shown.pairs_for_stated_share(now, 0.06), Some(423));
    /// assert_eq!(shown.pairs_for_stated_share(now, 0.02), Some(3629));
    /// ```
    #[must_use]
    pub fn pairs_for_stated_share(self, counts: PairedCounts, difference: f64) -> Option<u64> {
        let d = difference.abs();
        if !(d > 0.0 && d <= 1.0) {
            return None;
        }
        self.pairs_for(d, discordant(counts)?.max(d))
    }

    fn pairs_for(self, d: f64, psi: f64) -> Option<u64> {
        let s = self.spread(psi, d)?;
        whole(((s + (s * s + 4.0 * d).sqrt()) / (2.0 * d)).powi(2))
    }

    /// z₁₋α/₂·√ψ + z_power·√(ψ − d²).
    fn spread(self, psi: f64, d: f64) -> Option<f64> {
        let (test, power) =
            (normal_quantile(1.0 - self.alpha / 2.0).ok()?, normal_quantile(self.power).ok()?);
        Some(test * psi.sqrt() + power * (psi - d * d).max(0.0).sqrt())
    }

    fn tails(self, units: f64) -> Option<f64> {
        let df = units - 1.0;
        Some(t_quantile(1.0 - self.alpha / 2.0, df).ok()? + t_quantile(self.power, df).ok()?)
    }
}

/// Share of pairs that differ; `None` without pairs.
fn discordant(counts: PairedCounts) -> Option<f64> {
    let n = counts.n();
    (n > 0).then(|| (counts.only_first + counts.only_second) as f64 / n as f64)
}

fn whole(needed: f64) -> Option<u64> {
    // A rounding crumb above a whole number must not ask for one more.
    let up = (needed - 1e-9 * needed).ceil();
    (needed.is_finite() && needed > 0.0 && up < u64::MAX as f64).then_some(up as u64)
}

#[cfg(test)]
mod tests {
    use super::super::{binomial_cdf, mcnemar_exact};
    use super::*;

    /// Chance of exactly k.
    fn point(k: u64, n: u64, p: f64) -> f64 {
        let below = if k == 0 { 0.0 } else { binomial_cdf(k - 1, n, p).unwrap() };
        binomial_cdf(k, n, p).unwrap() - below
    }

    /// The exact power of McNemar's exact test.
    fn power(n: u64, psi: f64, d: f64, alpha: f64) -> f64 {
        let first = f64::midpoint(1.0, d / psi);
        (0..=n)
            .map(|m| (m, point(m, n, psi)))
            .filter(|(_, chance)| *chance > 1e-6)
            .map(|(m, chance)| {
                let shown = (0..=m).filter(|b| mcnemar_exact(*b, m - b) <= alpha);
                chance * shown.map(|b| point(b, m, first)).sum::<f64>()
            })
            .sum()
    }

    #[test]
    fn so_many_pairs_show_it_in_four_of_five_runs() {
        for (first, second, alpha) in [(12, 6, 0.05), (12, 6, 0.05 / 8.0), (20, 10, 0.01), (6, 1, 0.05 / 5.0)]
        {
            let now = PairedCounts { both: 60, only_first: first, only_second: second, neither: 22 };
            let shown = Shown { alpha, power: 0.8 };
            let n = shown.pairs_for_share(now).unwrap();
            let psi = discordant(now).unwrap();
            let found = power(n, psi, now.difference(), alpha);
            assert!((0.76..=0.86).contains(&found), "{first}:{second} at {alpha}: {n} pairs, {found}");
            let scaled = PairedCounts { both: n - 18, only_first: 9, only_second: 9, neither: 0 };
            let d = shown.detectable_share(scaled).unwrap();
            let found = power(n, 18.0 / n as f64, d.min(18.0 / n as f64), alpha);
            assert!(found > 0.7 || d > 18.0 / n as f64, "{d} with {n}: {found}");
        }
    }

    #[test]
    fn a_stricter_level_asks_for_more() {
        let now = PairedCounts { both: 60, only_first: 12, only_second: 6, neither: 22 };
        let (loose, strict) = (Shown { alpha: 0.05, power: 0.8 }, Shown { alpha: 0.005, power: 0.8 });
        assert!(strict.pairs_for_share(now) > loose.pairs_for_share(now));
        assert!(strict.detectable_share(now) > loose.detectable_share(now));
        let mean = MeanDifference { value: 0.05, standard_error: 0.04, pairs: 100, units: 100 };
        assert!(strict.pairs_for_mean(mean) > loose.pairs_for_mean(mean));
        assert!(strict.detectable_mean(mean) > loose.detectable_mean(mean));
        assert_eq!((loose.fewest_units(), strict.fewest_units()), (Some(6), Some(9)));
    }

    #[test]
    fn few_units_promise_nothing_that_their_test_cannot_show() {
        let shown = Shown { alpha: 0.01, power: 0.8 };
        let few = MeanDifference { value: 1.0, standard_error: 0.1, pairs: 15, units: 5 };
        assert_eq!(shown.detectable_mean(few), None);
        // Ten standard errors, and still eight units are the fewest: of three pairs each.
        assert_eq!(shown.pairs_for_mean(few), Some(24));
        // 20 units: t on 19 degrees of freedom, more than z.
        let some = MeanDifference { value: 1.0, standard_error: 1.0, pairs: 20, units: 20 };
        let z = super::super::minimal_detectable(1.0, 0.01, 0.8).unwrap();
        assert!((1.05 * z..1.2 * z).contains(&shown.detectable_mean(some).unwrap()));
        let none = MeanDifference { value: 0.0, ..some };
        assert_eq!(shown.pairs_for_mean(none), None);
        let one = MeanDifference { units: 1, pairs: 1, ..some };
        assert_eq!((shown.detectable_mean(one), shown.pairs_for_mean(one).is_some()), (None, true));
    }

    #[test]
    fn without_pairs_or_difference_nothing_is_said() {
        let shown = Shown { alpha: 0.05, power: 0.8 };
        assert_eq!(shown.pairs_for_share(PairedCounts::default()), None);
        assert_eq!(shown.detectable_share(PairedCounts::default()), None);
        let equal = PairedCounts { both: 10, only_first: 3, only_second: 3, neither: 10 };
        assert_eq!(shown.pairs_for_share(equal), None);
        let few = shown.pairs_for_stated_share(equal, 0.3);
        assert!(few < shown.pairs_for_stated_share(equal, 0.1) && few.is_some());
        for odd in [0.0, 1.5, f64::NAN, f64::INFINITY] {
            assert_eq!(shown.pairs_for_stated_share(equal, odd), None);
        }
        assert_eq!(shown.pairs_for_stated_share(PairedCounts::default(), 0.1), None);
        let three = PairedCounts { both: 3, ..PairedCounts::default() };
        assert_eq!(shown.detectable_share(three), None, "three pairs show nothing");
    }
}
