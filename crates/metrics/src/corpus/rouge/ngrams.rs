//! How many n-grams two sequences share, for n = 1, 2, 3 …, by sorting.
//!
//! Main type: [`Shared`]. No hashing, so no input is slow.

/// Scratch memory.
#[derive(Default)]
pub(super) struct Shared {
    /// The number of the n-gram that starts at each place of the first, then of the second.
    ids: Vec<u32>,
    order: Vec<(u64, u32)>,
}

impl Shared {
    /// Writes for n = 1 to `shared.len()` the size of the intersection of the two multisets of
    /// n-grams.
    pub(super) fn count(&mut self, a: &[u32], b: &[u32], shared: &mut [usize]) {
        self.ids.clear();
        self.ids.extend(a.iter().chain(b));
        for n in 1..=shared.len() {
            self.order.clear();
            self.collect(a, 0, n);
            self.collect(b, a.len(), n);
            self.order.sort_unstable();
            shared[n - 1] = self.meet(a.len());
        }
    }

    /// The n-grams of one text, each as the (n-1)-gram that it begins with and its last word.
    fn collect(&mut self, text: &[u32], offset: usize, n: usize) {
        for at in 0..(text.len() + 1).saturating_sub(n) {
            let place = offset + at;
            let key = match n {
                1 => u64::from(text[at]),
                _ => u64::from(self.ids[place]) << 32 | u64::from(text[at + n - 1]),
            };
            self.order.push((key, place as u32));
        }
    }

    /// Walks the groups of equal n-grams, and numbers them for the next n.
    fn meet(&mut self, first: usize) -> usize {
        let mut shared = 0;
        for (group, equal) in self.order.chunk_by(|x, y| x.0 == y.0).enumerate() {
            let mine = equal.iter().filter(|(_, place)| (*place as usize) < first).count();
            shared += mine.min(equal.len() - mine);
            for (_, place) in equal {
                self.ids[*place as usize] = group as u32;
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &[u32], b: &[u32], expect: &[usize]) {
        let mut got = vec![9; expect.len()];
        Shared::default().count(a, b, &mut got);
        assert_eq!(got, expect, "{a:?} {b:?}");
    }

    #[test]
    fn counts_are_clipped() {
        check(&[1, 1, 1, 2], &[1, 1, 3], &[2, 1, 0]);
        check(&[1, 2, 3], &[1, 2, 3], &[3, 2, 1, 0]);
        check(&[], &[1], &[0, 0]);
        check(&[1, 2, 1, 2, 1], &[2, 1, 2], &[3, 2, 1]);
    }
}
