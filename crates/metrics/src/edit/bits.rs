//! Distances and alignments of two sequences, 64 cells of the table at a time.
//!
//! Main type: [`Bits`], the scratch memory. The table of Levenshtein distances is held as
//! differences of neighbours (Myers 1999, Hyyrö 2003), block after block of 64 pattern symbols,
//! each over the whole text; differences that leave a block are carried to the next. Symbols are
//! small numbers. It must not know about texts.

/// How two sequences differ along one optimal alignment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EditCounts {
    /// Equal symbols.
    pub hits: u64,
    /// Symbols replaced.
    pub substitutions: u64,
    /// Symbols of the reference that are missing.
    pub deletions: u64,
    /// Symbols that the reference does not have.
    pub insertions: u64,
}

/// A byte or a number.
pub(crate) trait Symbol: Copy + PartialEq + Into<u32> {}

impl<S: Copy + PartialEq + Into<u32>> Symbol for S {}

/// Scratch memory of the bit-parallel algorithms.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    masks: Vec<u64>,
    carry: Vec<u8>,
    cells: Vec<(u64, u64)>,
    /// Per block: first row kept, and where its rows start in `cells`.
    starts: Vec<(usize, usize)>,
}

/// A difference of +1 that is carried on; 2 is −1.
const UP: u8 = 1;

/// Bytes of a whole table from which the alignment is split in two, as RapidFuzz does.
const SPLIT_BYTES: usize = 1 << 20;

impl Bits {
    fn set(&mut self, block: &[u32], symbols: usize) {
        if self.masks.len() < symbols {
            self.masks.resize(symbols, 0);
        }
        for (i, s) in block.iter().enumerate() {
            self.masks[*s as usize] |= 1 << i;
        }
    }

    fn unset(&mut self, block: &[u32]) {
        for s in block {
            self.masks[*s as usize] = 0;
        }
    }

    /// Runs one block over the text; `keep` sees the vertical differences after each row. Returns
    /// the sum of the horizontal differences that leave the block, and the last differences.
    fn sweep(
        &mut self,
        block: &[u32],
        text: impl Iterator<Item = u32>,
        symbols: usize,
        mut keep: impl FnMut(usize, u64, u64, &mut Vec<(u64, u64)>),
    ) -> (i64, u64, u64) {
        self.set(block, symbols);
        let top = block.len() - 1;
        let (mut up, mut down, mut sum) = (!0u64, 0u64, 0i64);
        for (row, (symbol, carry)) in text.zip(self.carry.iter_mut()).enumerate() {
            let (up_in, down_in) = (u64::from(*carry & UP), u64::from(*carry >> 1));
            let equal = self.masks[symbol as usize] | down_in;
            let diagonal = ((equal & up).wrapping_add(up) ^ up) | equal | down;
            let more = down | !(diagonal | up);
            let less = diagonal & up;
            let (up_out, down_out) = ((more >> top) & 1, (less >> top) & 1);
            sum += up_out as i64 - down_out as i64;
            *carry = up_out as u8 | (down_out as u8) << 1;
            let (more, less) = (more << 1 | up_in, less << 1 | down_in);
            up = less | !(diagonal | more);
            down = more & diagonal;
            keep(row, up, down, &mut self.cells);
        }
        self.unset(block);
        (sum, up, down)
    }

    fn start(&mut self, rows: usize) {
        self.carry.clear();
        self.carry.resize(rows, UP);
    }

    /// Levenshtein distance of symbols below `symbols`.
    pub(crate) fn distance<S: Symbol>(&mut self, a: &[S], b: &[S], symbols: usize) -> usize {
        let (a, b, _) = trimmed(a, b);
        let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let sum = match pattern.len() {
            0 => return text.len(),
            1..=64 => self.lanes::<S, 1, false>(pattern, text, symbols),
            65..=128 => self.lanes::<S, 2, false>(pattern, text, symbols),
            129..=192 => self.lanes::<S, 3, false>(pattern, text, symbols),
            193..=256 => self.lanes::<S, 4, false>(pattern, text, symbols),
            _ => self.strips(pattern, text, symbols),
        };
        (pattern.len() as i64 + sum) as usize
    }

    /// Strips of up to four blocks, one after the other.
    fn strips<S: Symbol>(&mut self, pattern: &[S], text: &[S], symbols: usize) -> i64 {
        self.start(text.len());
        let mut sum = 0;
        for part in pattern.chunks(256) {
            sum = match part.len() {
                0..=64 => self.lanes::<S, 1, true>(part, text, symbols),
                65..=128 => self.lanes::<S, 2, true>(part, text, symbols),
                129..=192 => self.lanes::<S, 3, true>(part, text, symbols),
                _ => self.lanes::<S, 4, true>(part, text, symbols),
            };
        }
        sum
    }

    /// Runs `N` blocks side by side over the text: the next row of one need not wait for this row
    /// of the next. `LINKED`: differences come from and go to `carry`. Returns the sum of the
    /// horizontal differences that leave the last block.
    fn lanes<S: Symbol, const N: usize, const LINKED: bool>(
        &mut self,
        part: &[S],
        text: &[S],
        symbols: usize,
    ) -> i64 {
        if self.masks.len() < symbols * N {
            self.masks.resize(symbols * N, 0);
        }
        let masks = self.masks.as_chunks_mut::<N>().0;
        for (i, symbol) in part.iter().enumerate() {
            masks[(*symbol).into() as usize][i / 64] |= 1 << (i % 64);
        }
        let top = (part.len() - 1) % 64;
        let (mut ups, mut downs, mut sum) = ([!0u64; N], [0u64; N], 0i64);
        for (row, symbol) in text.iter().enumerate() {
            let mask = &masks[(*symbol).into() as usize];
            let carry = if LINKED { self.carry[row] } else { UP };
            let (mut up_in, mut down_in) = (u64::from(carry & UP), u64::from(carry >> 1));
            for lane in 0..N {
                let (up, down) = (ups[lane], downs[lane]);
                let equal = mask[lane] | down_in;
                let diagonal = ((equal & up).wrapping_add(up) ^ up) | equal | down;
                let more = down | !(diagonal | up);
                let less = diagonal & up;
                let end = if lane == N - 1 { top } else { 63 };
                let (up_out, down_out) = ((more >> end) & 1, (less >> end) & 1);
                let (more, less) = (more << 1 | up_in, less << 1 | down_in);
                ups[lane] = less | !(diagonal | more);
                downs[lane] = more & diagonal;
                (up_in, down_in) = (up_out, down_out);
            }
            sum += up_in as i64 - down_in as i64;
            if LINKED {
                self.carry[row] = up_in as u8 | (down_in as u8) << 1;
            }
        }
        for symbol in part {
            masks[(*symbol).into() as usize] = [0; N];
        }
        sum
    }

    /// Length of the longest common subsequence.
    pub(crate) fn common(&mut self, a: &[u32], b: &[u32], symbols: usize) -> usize {
        let (a, b, trimmed) = trimmed(a, b);
        let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        self.carry.clear();
        self.carry.resize(text.len(), 0);
        let mut found = trimmed;
        for block in pattern.chunks(64) {
            self.set(block, symbols);
            let mut open = !0u64;
            for (symbol, carry) in text.iter().zip(self.carry.iter_mut()) {
                let hit = open & self.masks[*symbol as usize];
                let (sum, over) = open.overflowing_add(hit);
                let (sum, again) = sum.overflowing_add(u64::from(*carry));
                *carry = u8::from(over || again);
                open = sum | (open & !hit);
            }
            self.unset(block);
            let used = if block.len() == 64 { !0 } else { (1u64 << block.len()) - 1 };
            found += (!open & used).count_ones() as usize;
        }
        found
    }

    /// Counts of the alignment that RapidFuzz gives: deletions as late as possible, then
    /// insertions; tables from 1 MiB on are split at the middle of `b`.
    pub(crate) fn counts(&mut self, a: &[u32], b: &[u32], symbols: usize) -> EditCounts {
        let mut counts = EditCounts::default();
        self.align(a, b, symbols, usize::MAX, &mut counts);
        counts
    }

    fn align(&mut self, a: &[u32], b: &[u32], symbols: usize, most: usize, counts: &mut EditCounts) {
        let (a, b, same) = trimmed(a, b);
        counts.hits += same as u64;
        if a.is_empty() || b.is_empty() {
            counts.deletions += a.len() as u64;
            counts.insertions += b.len() as u64;
            return;
        }
        if a.len() <= 64 && 2 * a.len() * b.len() / 8 < SPLIT_BYTES {
            self.trace_short(a, b, symbols, counts);
            return;
        }
        let most = most.min(a.len().max(b.len()));
        let band = a.len().min(2 * most + 1);
        if 2 * band * b.len() / 8 < SPLIT_BYTES || a.len() < 65 || b.len() < 10 {
            self.trace(a, b, symbols, most, counts);
            return;
        }
        let half = b.len() / 2;
        let left = self.last_row(a.iter(), b[..half].iter(), symbols);
        let right = self.last_row(a.iter().rev(), b[half..].iter().rev(), symbols);
        let mut best = (usize::MAX, 0);
        for (i, (l, r)) in left.iter().zip(right.iter().rev()).enumerate() {
            best = best.min((l + r, i));
        }
        let at = best.1;
        self.align(&a[..at], &b[..half], symbols, left[at], counts);
        self.align(&a[at..], &b[half..], symbols, right[a.len() - at], counts);
    }

    /// Distances of all beginnings of `a` to the whole of `b`.
    fn last_row<'s>(
        &mut self,
        a: impl Iterator<Item = &'s u32>,
        b: impl Iterator<Item = &'s u32> + Clone,
        symbols: usize,
    ) -> Vec<usize> {
        let a: Vec<u32> = a.copied().collect();
        let rows = b.clone().count();
        self.start(rows);
        let mut row = Vec::with_capacity(a.len() + 1);
        let mut value = rows;
        row.push(value);
        for block in a.chunks(64) {
            let (_, up, down) = self.sweep(block, b.clone().copied(), symbols, |_, _, _, _| ());
            for i in 0..block.len() {
                value = value + (up >> i & 1) as usize - (down >> i & 1) as usize;
                row.push(value);
            }
        }
        row
    }

    fn trace(&mut self, a: &[u32], b: &[u32], symbols: usize, most: usize, counts: &mut EditCounts) {
        self.start(b.len());
        self.cells.clear();
        self.starts.clear();
        for (number, block) in a.chunks(64).enumerate() {
            // No optimal path is further than `most` from the diagonal.
            let first = (number * 64).saturating_sub(most + 2);
            let last = (number * 64 + 64).saturating_add(most + 2);
            self.starts.push((first, self.cells.len()));
            self.sweep(block, b.iter().copied(), symbols, |row, up, down, cells| {
                if (first..=last).contains(&row) {
                    cells.push((up, down));
                }
            });
        }
        self.walk(a, b, counts);
    }

    /// As `trace`, in one block.
    fn trace_short(&mut self, a: &[u32], b: &[u32], symbols: usize, counts: &mut EditCounts) {
        self.set(a, symbols);
        if self.cells.len() < b.len() {
            self.cells.resize(b.len(), (0, 0));
        }
        let (mut up, mut down) = (!0u64, 0u64);
        for (symbol, cell) in b.iter().zip(&mut self.cells) {
            let equal = self.masks[*symbol as usize];
            let diagonal = ((equal & up).wrapping_add(up) ^ up) | equal | down;
            let more = (down | !(diagonal | up)) << 1 | 1;
            let less = (diagonal & up) << 1;
            up = less | !(diagonal | more);
            down = more & diagonal;
            *cell = (up, down);
        }
        self.unset(a);
        let (mut column, mut row) = (a.len(), b.len());
        while column > 0 && row > 0 {
            let bit = 1 << (column - 1);
            if self.cells[row - 1].0 & bit != 0 {
                counts.deletions += 1;
                column -= 1;
            } else if row > 1 && self.cells[row - 2].1 & bit != 0 {
                counts.insertions += 1;
                row -= 1;
            } else {
                row -= 1;
                column -= 1;
                let same = a[column] == b[row];
                counts.hits += u64::from(same);
                counts.substitutions += u64::from(!same);
            }
        }
        counts.deletions += column as u64;
        counts.insertions += row as u64;
    }

    /// From the end of both back to the start.
    fn walk(&self, a: &[u32], b: &[u32], counts: &mut EditCounts) {
        let cell = |row: usize, column: usize| {
            let (first, start) = self.starts[column / 64];
            let (up, down) = self.cells[start + row - first];
            (up >> (column % 64) & 1 == 1, down >> (column % 64) & 1 == 1)
        };
        let (mut column, mut row) = (a.len(), b.len());
        while column > 0 && row > 0 {
            if cell(row - 1, column - 1).0 {
                counts.deletions += 1;
                column -= 1;
                continue;
            }
            row -= 1;
            if row > 0 && cell(row - 1, column - 1).1 {
                counts.insertions += 1;
                continue;
            }
            column -= 1;
            if a[column] == b[row] {
                counts.hits += 1;
            } else {
                counts.substitutions += 1;
            }
        }
        counts.deletions += column as u64;
        counts.insertions += row as u64;
    }
}

/// Without the common beginning and end, and how long these were together.
pub(crate) fn trimmed<'s, S: Symbol>(a: &'s [S], b: &'s [S]) -> (&'s [S], &'s [S], usize) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - tail], &b[..b.len() - tail], head + tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The whole table, cell by cell: distance and length of the longest common subsequence.
    fn table(a: &[u32], b: &[u32]) -> (usize, usize) {
        let mut row: Vec<(usize, usize)> = (0..=b.len()).map(|j| (j, 0)).collect();
        for x in a {
            let mut corner = row[0];
            row[0].0 += 1;
            for (j, y) in b.iter().enumerate() {
                let same = usize::from(x == y);
                let distance = (corner.0 + 1 - same).min(row[j].0 + 1).min(row[j + 1].0 + 1);
                let common = (corner.1 + same).max(row[j].1).max(row[j + 1].1);
                corner = row[j + 1];
                row[j + 1] = (distance, common);
            }
        }
        row[b.len()]
    }

    fn check(a: &[u32], b: &[u32]) {
        let mut bits = Bits::default();
        let (distance, common) = table(a, b);
        // Twice, as the scratch memory must be left clean.
        for _ in 0..2 {
            assert_eq!(bits.distance(a, b, 4), distance);
            assert_eq!(bits.common(a, b, 4), common);
            let counts = bits.counts(a, b, 4);
            let EditCounts { hits, substitutions, deletions, insertions } = counts;
            assert_eq!(hits + substitutions + deletions, a.len() as u64);
            assert_eq!(hits + substitutions + insertions, b.len() as u64);
            assert_eq!(substitutions + deletions + insertions, distance as u64);
        }
        let bytes = |symbols: &[u32]| symbols.iter().map(|s| *s as u8).collect::<Vec<u8>>();
        assert_eq!(bits.distance(&bytes(a), &bytes(b), 4), distance);
    }

    /// Numbers that follow no short cycle.
    fn sequence(length: usize, seed: u32, symbols: u32) -> Vec<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % symbols
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn lengths_at_the_edges_of_blocks() {
        for length in [1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 320, 321, 449, 513] {
            check(&sequence(length, 1, 4), &sequence(length + 7, 2, 4));
            check(&sequence(length + 300, 3, 2), &sequence(length, 4, 2));
        }
    }

    #[test]
    fn split_alignments_are_as_good() {
        check(&sequence(3000, 5, 4), &sequence(2900, 6, 4));
        check(&sequence(70, 5, 4), &sequence(70_000, 6, 4));
    }

    fn short() -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(0u32..4, 0..90)
    }

    proptest! {
        #[test]
        fn as_the_whole_table(a in short(), b in short()) {
            check(&a, &b);
        }

        #[test]
        fn as_the_whole_table_after_edits(mut a in proptest::collection::vec(0u32..4, 200..400),
                                          at in 0usize..200, gone in 0usize..40, other in 0u32..4) {
            let before = a.clone();
            a.drain(at..(at + gone).min(a.len()));
            a.insert(at, other);
            check(&before, &a);
        }

        #[test]
        fn a_metric(a in short(), b in short(), c in short()) {
            let mut bits = Bits::default();
            let ab = bits.distance(&a, &b, 4);
            prop_assert_eq!(ab, bits.distance(&b, &a, 4));
            prop_assert_eq!(ab == 0, a == b);
            prop_assert!(bits.distance(&a, &c, 4) <= ab + bits.distance(&b, &c, 4));
        }
    }
}
