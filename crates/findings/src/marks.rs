//! A set of small numbers: rows, requests or cases of a view, a bit each.
//!
//! Main type: [`Marks`]. A run has many of them and counts them for every metric, which a hash
//! table would make dear.

/// A set of numbers below a limit.
pub(crate) struct Marks {
    words: Vec<u64>,
    limit: usize,
    count: u64,
}

impl Marks {
    /// An empty set of numbers below that.
    pub(crate) fn below(limit: usize) -> Self {
        Self { words: vec![0; limit.div_ceil(64)], limit, count: 0 }
    }

    /// Adds a number; one beyond the limit is never there.
    pub(crate) fn add(&mut self, number: usize) {
        if number < self.limit {
            let word = &mut self.words[number / 64];
            let bit = 1u64 << (number % 64);
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether it is there.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_counts_once() {
        let mut marks = Marks::below(130);
        [0, 63, 64, 129, 63, 130, 999].into_iter().for_each(|n| marks.add(n));
        assert_eq!(marks.count(), 4);
        assert!(marks.has(64) && marks.has(129) && !marks.has(1) && !marks.has(130));
    }
}
