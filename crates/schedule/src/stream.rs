//! Seeded streams of chance: one for each purpose, independent of each other.
//!
//! Main type: [`Stream`]. The same seed and name give the same numbers on every
//! machine and in every version. Must not seed itself.

use acidtest_record::Dist;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A named, seeded stream of random numbers (ChaCha8).
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of that name and number under a seed.
    #[must_use]
    pub fn new(seed: u64, name: &str, number: u64) -> Self {
        // FNV-1a of the name: stable, and names are ours, never hostile.
        let name = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut key = [0u8; 32];
        for (i, word) in [seed, name, number, 0xac1d_7e57].into_iter().enumerate() {
            key[8 * i..8 * i + 8].copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0..n without bias (Lemire's method); 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if wide as u64 >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Standard normal (Box–Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with that shape and mean 1, so that its rate does not depend on the shape
    /// (Marsaglia and Tsang, ACM TOMS 26 (2000) 363; below 1 by their power of a uniform).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let shape = shape.max(1e-3);
        if shape < 1.0 {
            let root = (1.0 - self.unit()).powf(1.0 / shape);
            return self.gamma_above_one(shape + 1.0) * root / shape;
        }
        self.gamma_above_one(shape) / shape
    }

    fn gamma_above_one(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d * v;
            }
        }
    }

    /// Draws one value of a distribution, never negative.
    pub fn draw(&mut self, dist: &Dist) -> f64 {
        let x = match *dist {
            Dist::Fixed(v) => v,
            Dist::Uniform(a, b) => a + (b - a) * self.unit(),
            Dist::Normal(mean, sd) => mean + sd * self.normal(),
            Dist::LogNormal(median, sigma) => median * (sigma * self.normal()).exp(),
            Dist::Exponential(mean) => mean * self.exponential(),
            Dist::Gamma(shape, scale) => shape * scale * self.gamma(shape),
        };
        x.max(0.0)
    }

    /// Puts a slice in random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_apart() {
        let draw = |seed, name, n| Stream::new(seed, name, n).bits();
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(2, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "b", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "a", 1));
    }

    #[test]
    fn below_is_uniform() {
        let mut s = Stream::new(7, "below", 0);
        let mut seen = [0u32; 6];
        for _ in 0..60_000 {
            seen[s.below(6) as usize] += 1;
        }
        let chi2: f64 = seen.iter().map(|n| (f64::from(*n) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 20.5, "chi-square {chi2} of 5 degrees of freedom"); // p = 0.001
    }

    #[test]
    fn means_of_distributions_are_as_asked() {
        let mut s = Stream::new(1, "dist", 0);
        for text in
            ["40", "uniform(20, 60)", "normal(40, 5)", "exponential(40)", "gamma(2, 20)", "gamma(0.5, 80)"]
        {
            let d: Dist = text.parse().unwrap();
            let got = (0..20_000).map(|_| s.draw(&d)).sum::<f64>() / 20_000.0;
            assert!((got - 40.0).abs() < 1.2, "{text}: {got}");
        }
    }

    #[test]
    fn a_gamma_has_mean_one_and_variance_of_one_by_its_shape() {
        for (i, shape) in [0.1, 0.5, 1.0, 4.0, 100.0].into_iter().enumerate() {
            let mut s = Stream::new(5, "gamma", i as u64);
            let values: Vec<f64> = (0..100_000).map(|_| s.gamma(shape)).collect();
            let mean = values.iter().sum::<f64>() / 1e5;
            let var = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
            // Five standard errors; a gamma's fourth moment is 3 + 6/shape times the variance squared.
            let (of_mean, of_var) = ((1e-5 / shape).sqrt(), ((2.0 + 6.0 / shape) * 1e-5).sqrt() / shape);
            assert!((mean - 1.0).abs() < 5.0 * of_mean, "{shape}: mean {mean}");
            assert!((var - 1.0 / shape).abs() < 5.0 * of_var, "{shape}: variance {var}");
        }
    }

    #[test]
    fn moments_are_right() {
        let mut s = Stream::new(3, "moments", 0);
        let n = 100_000;
        let exp: f64 = (0..n).map(|_| s.exponential()).sum::<f64>() / f64::from(n);
        let var: f64 = (0..n).map(|_| s.normal().powi(2)).sum::<f64>() / f64::from(n);
        assert!((exp - 1.0).abs() < 0.02 && (var - 1.0).abs() < 0.03, "{exp} {var}");
    }
}
