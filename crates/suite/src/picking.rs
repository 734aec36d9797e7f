//! Which examples a case is shown.
//!
//! Main types: [`Pool`] and [`Candidates`]. The choice depends on the run's seed, the
//! case's id and the examples, and on nothing else: not on threads, order or time.

use crate::question::is_seeded;
use acidtest_record::{Case, Digest, Shot, ShotsSpec};

/// The examples with what a seeded choice needs.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    shots: Vec<Shot>,
    keys: Vec<u64>,
    seed: u64,
}

impl Pool {
    pub(crate) fn new(spec: Option<&ShotsSpec>, seed: u64) -> Self {
        let shots = spec.map_or(Vec::new(), |s| s.pool.clone());
        let keys = shots.iter().map(|s| number(&[&s.hash.0, s.id.as_bytes()])).collect();
        Self { shots, keys, seed }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shots.is_empty()
    }
}

/// Examples in the order in which they are taken; the case itself is left out.
pub(crate) struct Candidates<'p> {
    pool: &'p Pool,
    order: Vec<u32>,
    at: usize,
    /// So many of `order` are in their place.
    sorted: usize,
    places: Vec<u64>,
    case: Digest,
}

/// More than are asked for: some may turn out to be the case itself.
const SPARE: usize = 8;

impl<'p> Candidates<'p> {
    pub(crate) fn of(pool: &'p Pool, spec: &ShotsSpec, case: &Case, n: usize) -> Self {
        let mut order: Vec<u32> = (0..pool.shots.len() as u32).collect();
        let mut sorted = order.len();
        let mut places = Vec::new();
        if is_seeded(spec) {
            let salt = number(&[&pool.seed.to_le_bytes(), case.id.as_bytes()]);
            places = pool.keys.iter().map(|key| mixed(key ^ salt)).collect();
            let by = |i: &u32| (places[*i as usize], *i);
            sorted = sorted.min(n + SPARE);
            if sorted < order.len() {
                order.select_nth_unstable_by_key(sorted, by);
            }
            order[..sorted].sort_unstable_by_key(by);
        }
        Self { pool, order, at: 0, sorted, places, case: case.hash }
    }
}

impl<'p> Iterator for Candidates<'p> {
    type Item = &'p Shot;

    fn next(&mut self) -> Option<&'p Shot> {
        loop {
            if self.at == self.sorted && self.sorted < self.order.len() {
                let places = &self.places;
                self.order[self.at..].sort_unstable_by_key(|i| (places[*i as usize], *i));
                self.sorted = self.order.len();
            }
            let shot = &self.pool.shots[*self.order.get(self.at)? as usize];
            self.at += 1;
            if shot.hash != self.case {
                return Some(shot);
            }
        }
    }
}

/// A number of some bytes.
fn number(parts: &[&[u8]]) -> u64 {
    let digest = Digest::of_parts(parts);
    u64::from_le_bytes(digest.0[..8].try_into().expect("8 of 16 bytes"))
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
