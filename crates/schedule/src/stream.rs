//! Seeded streams of chance: one for each purpose, independent of each other.
//!
//! Main type: [`Stream`]. The same seed and name give the same numbers on every
//! machine and in every version. Must not seed itself.

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
    fn moments_are_right() {
        let mut s = Stream::new(3, "moments", 0);
        let n = 100_000;
        let exp: f64 = (0..n).map(|_| s.exponential()).sum::<f64>() / f64::from(n);
        let var: f64 = (0..n).map(|_| s.normal().powi(2)).sum::<f64>() / f64::from(n);
        assert!((exp - 1.0).abs() < 0.02 && (var - 1.0).abs() < 0.03, "{exp} {var}");
    }
}
