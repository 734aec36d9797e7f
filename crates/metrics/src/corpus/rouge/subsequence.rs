//! Longest common subsequences of word numbers, 64 cells of the table at a time.
//!
//! Main type: [`Subsequence`], scratch memory for [`length`](Subsequence::length) and
//! [`path`](Subsequence::path). The bit vectors are those of H. Hyyrö, "Bit-parallel LCS-length
//! computation revisited", 2004. Callers bound the size of the table.

/// Scratch memory; every mask is 0 between two calls.
#[derive(Default)]
pub(super) struct Subsequence {
    /// For each word number the places where it stands in the current block of columns.
    masks: Vec<u64>,
    /// One addition carry per row, from the block before.
    carries: Vec<bool>,
    /// The vectors of all rows, block by block: bit j is 0 where column j+1 is one more than j.
    cells: Vec<u64>,
}

impl Subsequence {
    /// Length of the longest common subsequence; `words` is above every word number.
    pub(super) fn length(&mut self, a: &[u32], b: &[u32], words: usize) -> usize {
        let (rows, columns) = if a.len() < b.len() { (b, a) } else { (a, b) };
        self.begin(rows, words);
        let mut length = 0;
        for block in columns.chunks(64) {
            self.set_masks(block);
            let mut vector = u64::MAX;
            for (row, carry) in rows.iter().zip(&mut self.carries) {
                (vector, *carry) = step(vector, self.masks[*row as usize], *carry);
            }
            length += zeros(vector, block.len());
            self.clear_masks(block);
        }
        length
    }

    /// Marks the places of `rows` that stand in the common subsequence that rouge-score reads out:
    /// from the end, equal words are taken, else the column is left if that keeps more, else the row.
    pub(super) fn path(&mut self, rows: &[u32], columns: &[u32], words: usize, taken: &mut [bool]) {
        self.begin(rows, words);
        self.cells.clear();
        for block in columns.chunks(64) {
            self.set_masks(block);
            let mut vector = u64::MAX;
            for (row, carry) in rows.iter().zip(&mut self.carries) {
                (vector, *carry) = step(vector, self.masks[*row as usize], *carry);
                self.cells.push(vector);
            }
            self.clear_masks(block);
        }
        self.read_out(rows, columns, taken);
    }

    fn read_out(&self, rows: &[u32], columns: &[u32], taken: &mut [bool]) {
        let (mut i, mut j) = (rows.len(), columns.len());
        let mut here = self.value(rows.len(), i, j);
        let mut above = self.value(rows.len(), i.saturating_sub(1), j);
        while i > 0 && j > 0 {
            if rows[i - 1] == columns[j - 1] {
                taken[i - 1] = true;
                // The cell up left is one less.
                here -= 1;
                (i, j) = (i - 1, j - 1);
                above = self.value(rows.len(), i.saturating_sub(1), j);
                continue;
            }
            let left = here - self.rise(rows.len(), i, j);
            if left > above {
                above -= self.rise(rows.len(), i - 1, j);
                (here, j) = (left, j - 1);
            } else {
                (here, i) = (above, i - 1);
                above = self.value(rows.len(), i.saturating_sub(1), j);
            }
        }
    }

    /// The table at row i and column j: the zeros of the row's vector in front of j.
    fn value(&self, rows: usize, i: usize, j: usize) -> usize {
        if i == 0 {
            return 0;
        }
        let whole = (0..j / 64).map(|block| self.cells[block * rows + i - 1].count_zeros() as usize);
        let rest = j % 64;
        let last = if rest == 0 { 0 } else { zeros(self.cells[j / 64 * rows + i - 1], rest) };
        whole.sum::<usize>() + last
    }

    /// By how much the table rises from column j-1 to j in row i: 0 or 1.
    fn rise(&self, rows: usize, i: usize, j: usize) -> usize {
        if i == 0 {
            return 0;
        }
        let vector = self.cells[(j - 1) / 64 * rows + i - 1];
        usize::from(vector >> ((j - 1) % 64) & 1 == 0)
    }

    fn begin(&mut self, rows: &[u32], words: usize) {
        self.carries.clear();
        self.carries.resize(rows.len(), false);
        if self.masks.len() < words {
            self.masks.resize(words, 0);
        }
    }

    fn set_masks(&mut self, block: &[u32]) {
        for (place, word) in block.iter().enumerate() {
            self.masks[*word as usize] |= 1 << place;
        }
    }

    fn clear_masks(&mut self, block: &[u32]) {
        for word in block {
            self.masks[*word as usize] = 0;
        }
    }
}

/// The vector of the next row, and what it carries into the next block.
fn step(vector: u64, mask: u64, carry: bool) -> (u64, bool) {
    let both = vector & mask;
    let (sum, over) = vector.overflowing_add(both);
    let (sum, over_again) = sum.overflowing_add(u64::from(carry));
    (sum | (vector & !mask), over || over_again)
}

/// Zeros among the lowest `n` bits, 1 to 64.
fn zeros(vector: u64, n: usize) -> usize {
    (!vector << (64 - n)).count_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, as in a textbook.
    fn table(a: &[u32], b: &[u32]) -> Vec<Vec<usize>> {
        let mut t = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                t[i][j] =
                    if a[i - 1] == b[j - 1] { t[i - 1][j - 1] + 1 } else { t[i - 1][j].max(t[i][j - 1]) };
            }
        }
        t
    }

    fn table_path(a: &[u32], b: &[u32]) -> Vec<bool> {
        let t = table(a, b);
        let (mut i, mut j) = (a.len(), b.len());
        let mut taken = vec![false; a.len()];
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                taken[i - 1] = true;
                (i, j) = (i - 1, j - 1);
            } else if t[i][j - 1] > t[i - 1][j] {
                j -= 1;
            } else {
                i -= 1;
            }
        }
        taken
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
        #[test]
        fn as_the_whole_table(
            a in proptest::collection::vec(0u32..6, 0..200),
            b in proptest::collection::vec(0u32..6, 0..200),
        ) {
            let mut scratch = Subsequence::default();
            assert_eq!(scratch.length(&a, &b, 6), table(&a, &b)[a.len()][b.len()]);
            let mut taken = vec![false; a.len()];
            scratch.path(&a, &b, 6, &mut taken);
            assert_eq!(taken, table_path(&a, &b));
            assert!(scratch.masks.iter().all(|m| *m == 0));
        }
    }
}
