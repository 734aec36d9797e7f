//! A seeded random stream, bit for bit the one of numpy's `default_rng`.
//!
//! Main types: [`Pcg64`], [`SeedSequence`]. A resample can therefore be repeated in Python. Not
//! for secrets. Only what resampling needs; normal deviates and the like are deliberately absent.
//!
//! Sources: O'Neill, HMC-CS-2014-0905 (PCG XSL-RR 128/64); Lemire, ACM TOMACS 29 (2019) 3
//! (bounded integers); O'Neill, "Developing a seed_seq alternative" (seed mixing).

const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

/// Mixes a seed of any size into as many words as wanted (numpy's `SeedSequence`, no spawn key).
#[derive(Debug, Clone)]
pub struct SeedSequence {
    pool: [u32; 4],
}

impl SeedSequence {
    /// From the 32-bit words of the seed, least significant first. A seed 0 is one word 0.
    pub fn new(entropy: &[u32]) -> SeedSequence {
        let mut hash = 0x43b0_d7e5u32;
        let mut pool = [0u32; 4];
        for (i, slot) in pool.iter_mut().enumerate() {
            *slot = hash_mix(entropy.get(i).copied().unwrap_or(0), &mut hash);
        }
        for from in 0..4 {
            for to in 0..4 {
                if from != to {
                    pool[to] = mix(pool[to], hash_mix(pool[from], &mut hash));
                }
            }
        }
        for word in entropy.iter().skip(4) {
            for slot in &mut pool {
                *slot = mix(*slot, hash_mix(*word, &mut hash));
            }
        }
        SeedSequence { pool }
    }

    /// The first `n` words of state.
    pub fn words(&self, n: usize) -> Vec<u32> {
        let mut hash = 0x8b51_f9ddu32;
        (0..n)
            .map(|i| {
                let mut value = self.pool[i % 4] ^ hash;
                hash = hash.wrapping_mul(0x58f3_8ded);
                value = value.wrapping_mul(hash);
                value ^ (value >> 16)
            })
            .collect()
    }
}

fn hash_mix(word: u32, hash: &mut u32) -> u32 {
    let mut value = word ^ *hash;
    *hash = hash.wrapping_mul(0x931e_8875);
    value = value.wrapping_mul(*hash);
    value ^ (value >> 16)
}

fn mix(x: u32, y: u32) -> u32 {
    let value = 0xca01_f9ddu32.wrapping_mul(x).wrapping_sub(0x4973_f715u32.wrapping_mul(y));
    value ^ (value >> 16)
}

/// PCG64 (XSL-RR 128/64) with numpy's seeding and numpy's bounded integers.
///
/// ```
/// use acidtest_metrics::stats::Pcg64;
/// let mut random = Pcg64::seeded(0);
/// assert_eq!(random.double(), 0.6369616873214543); // numpy.random.default_rng(0).random()
/// ```
#[derive(Debug, Clone)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of the last word when only its lower half was used.
    spare: Option<u32>,
}

impl Pcg64 {
    /// `numpy.random.default_rng(seed)`.
    pub fn seeded(seed: u64) -> Pcg64 {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        if high == 0 { Pcg64::from_words(&[low]) } else { Pcg64::from_words(&[low, high]) }
    }

    /// From the 32-bit words of a longer seed, least significant first.
    pub fn from_words(entropy: &[u32]) -> Pcg64 {
        let words = SeedSequence::new(entropy).words(8);
        let wide = |i: usize| u128::from(words[i]) | u128::from(words[i + 1]) << 32;
        let (seed, stream) = (wide(0) << 64 | wide(2), wide(4) << 64 | wide(6));
        let increment = stream << 1 | 1;
        let state = increment.wrapping_add(seed).wrapping_mul(MULTIPLIER).wrapping_add(increment);
        Pcg64 { state, increment, spare: None }
    }

    /// State and increment, as numpy shows them.
    pub fn state(&self) -> (u128, u128) {
        (self.state, self.increment)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    /// The next 32 random bits; two come from one 64-bit word, lower half first.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let word = self.next_u64();
        self.spare = Some((word >> 32) as u32);
        word as u32
    }

    /// Uniform in [0, 1) with 53 bits.
    pub fn double(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform integer below `n` (numpy's `integers(0, n)`); 0 when `n` is 0 or 1, drawing nothing.
    pub fn below(&mut self, n: u64) -> u64 {
        match n {
            0 | 1 => 0,
            0x1_0000_0000 => u64::from(self.next_u32()),
            n if n < 0x1_0000_0000 => u64::from(self.below_32(n as u32)),
            n => self.below_64(n),
        }
    }

    /// Fair bits as numpy's `integers(2, size, dtype=bool)`: 32 from one [`next_u32`](Self::next_u32),
    /// lowest first. Each call begins with a fresh word, as each call of numpy does.
    pub fn bits(&mut self) -> Bits<'_> {
        Bits { random: self, word: 0, left: 0 }
    }

    /// The numbers below `n` in random order (numpy's `permutation(n)`): from the last place down,
    /// each changes places with one not after it, drawn by masking. `n` is at most 2³².
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let mask = u32::MAX >> (i as u32).leading_zeros();
            let place = loop {
                let place = (self.next_u32() & mask) as usize;
                if place <= i {
                    break place;
                }
            };
            order.swap(i, place);
        }
        order
    }

    fn below_32(&mut self, n: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    fn below_64(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }
}

/// Fair bits from a stream; see [`Pcg64::bits`].
#[derive(Debug)]
pub struct Bits<'r> {
    random: &'r mut Pcg64,
    word: u32,
    left: u32,
}

impl Bits<'_> {
    /// The next bit.
    pub fn next_bit(&mut self) -> bool {
        if self.left == 0 {
            (self.word, self.left) = (self.random.next_u32(), 32);
        } else {
            self.word >>= 1;
        }
        self.left -= 1;
        self.word & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_of_numpy() {
        let mut random = Pcg64::seeded(0);
        assert_eq!(random.next_u64(), 0xa30f_ebcf_d9c2_825f);
        assert_eq!(random.next_u64(), 0x4510_bdf8_82d9_d721);
    }

    #[test]
    fn bounded_integers_stay_below() {
        let mut random = Pcg64::seeded(3);
        for n in [2u64, 3, 1000, 1 << 32, (1 << 32) + 1, u64::MAX] {
            assert!((0..100).all(|_| random.below(n) < n), "{n}");
        }
        assert_eq!(random.below(0), 0);
    }
}
