//! Python's `random.Random`: the Mersenne Twister and the draws that Python 3.11 makes from it.
//!
//! Main type: [`PythonRandom`]. Only for numbers that must equal another tool's: acidtest's own
//! draws use [`Pcg64`](crate::stats::Pcg64). Source: Matsumoto and Nishimura 1998 (MT19937).

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// A generator in the state of `random.Random(seed)`.
#[derive(Debug, Clone)]
pub struct PythonRandom {
    state: Vec<u32>,
    at: usize,
}

impl PythonRandom {
    /// `random.Random(seed)` of an integer that is not negative.
    pub fn seeded(seed: u64) -> PythonRandom {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let key = [low, high];
        PythonRandom::by_key(if high == 0 { &key[..1] } else { &key })
    }

    fn by_key(key: &[u32]) -> PythonRandom {
        let mut state = vec![19_650_218_u32; SIZE];
        for i in 1..SIZE {
            state[i] = mixed(state[i - 1]).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..SIZE.max(key.len()) {
            let last = mixed(state[i - 1]).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ last).wrapping_add(key[j]).wrapping_add(j as u32);
            (i, j) = (next(&mut state, i), (j + 1) % key.len());
        }
        for _ in 0..SIZE - 1 {
            let last = mixed(state[i - 1]).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ last).wrapping_sub(i as u32);
            i = next(&mut state, i);
        }
        state[0] = 0x8000_0000;
        PythonRandom { state, at: SIZE }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.at >= SIZE {
            self.twist();
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..SIZE {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (y >> 1) ^ odd;
        }
        self.at = 0;
    }

    /// `random()`: in [0, 1), 53 bits.
    pub fn random(&mut self) -> f64 {
        let (a, b) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// `getrandbits(bits)` for at most 64 bits; more count as 64.
    fn bits(&mut self, bits: u32) -> u64 {
        match bits {
            0 => 0,
            1..=32 => u64::from(self.next_u32() >> (32 - bits)),
            _ => {
                let low = u64::from(self.next_u32());
                low | u64::from(self.next_u32() >> (64 - bits.min(64))) << 32
            }
        }
    }

    /// `randrange(n)`: uniform in 0..n; 0 where n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let bits = u64::BITS - n.leading_zeros();
        loop {
            let drawn = self.bits(bits);
            if drawn < n {
                return drawn;
            }
        }
    }

    /// One index of `choices(range(n))`: ⌊random() · n⌋.
    pub fn choice_index(&mut self, n: usize) -> usize {
        ((self.random() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// `sample(range(n), k)`: k different indices in the order drawn. `None` where k > n.
    pub fn sample(&mut self, n: usize, k: usize) -> Option<Vec<usize>> {
        if k > n {
            return None;
        }
        // Python takes a pool where that is smaller than a set of k would be.
        let mut set_size = 21.0;
        if k > 5 {
            set_size += 4f64.powf(((k as f64 * 3.0).ln() / 4f64.ln()).ceil());
        }
        if n as f64 <= set_size {
            let mut pool: Vec<usize> = (0..n).collect();
            let draw = |i| {
                let j = self.below((n - i) as u64) as usize;
                let taken = pool[j];
                pool[j] = pool[n - i - 1];
                taken
            };
            return Some((0..k).map(draw).collect());
        }
        let mut taken = std::collections::HashSet::with_capacity(k);
        let mut drawn = Vec::with_capacity(k);
        while drawn.len() < k {
            let j = self.below(n as u64) as usize;
            if taken.insert(j) {
                drawn.push(j);
            }
        }
        Some(drawn)
    }

    /// `shuffle(items)`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

fn mixed(x: u32) -> u32 {
    x ^ (x >> 30)
}

/// The place after `i`; at the end the state begins anew with its last word in front.
fn next(state: &mut [u32], i: usize) -> usize {
    if i + 1 < SIZE {
        return i + 1;
    }
    state[0] = state[SIZE - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python() {
        assert_eq!(PythonRandom::seeded(0).random(), 0.844_421_851_525_048_1);
        assert_eq!(PythonRandom::seeded(1234).sample(1000, 5), Some(vec![989, 796, 451, 119, 7]));
        assert_eq!(PythonRandom::seeded(1).sample(3, 4), None);
        assert_eq!(PythonRandom::seeded(1).below(0), 0);
        let mut none: [u8; 0] = [];
        PythonRandom::seeded(1).shuffle(&mut none);
    }
}
