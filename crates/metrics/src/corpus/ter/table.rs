//! Edit distance to a reference, near the diagonal only.
//!
//! Main type: [`Table`]. Holds the rows of one hypothesis; the distance of a shifted one is
//! computed from the first changed row to where the rows agree again. It must not know of shifts.

/// Distance from the diagonal that is looked at, at least.
const BEAM: usize = 25;

const FAR: u32 = u32::MAX / 2;

/// Edit operation that ends in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// One word each, equal or not.
    Both,
    /// A word of the hypothesis alone.
    Hypothesis,
    /// A word of the reference alone.
    Reference,
}

/// Rows of the table of distances between beginnings of hypothesis and reference.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Columns looked at in each row, from and to (excluded), and where the row starts.
    windows: Vec<(usize, usize, usize)>,
    costs: Vec<u32>,
    rows: [Vec<u32>; 2],
}

impl Table {
    /// Sets the columns that each row looks at, for given lengths.
    pub(super) fn shape(&mut self, hypothesis: usize, reference: usize) {
        let ratio = if hypothesis == 0 { 1.0 } else { reference as f64 / hypothesis as f64 };
        let half = ratio / 2.0;
        let beam = if (BEAM as f64) < half { (half + BEAM as f64).ceil() as usize } else { BEAM };
        self.windows.clear();
        self.windows.push((0, reference + 1, 0));
        let mut start = reference + 1;
        for row in 1..=hypothesis {
            let middle = (row as f64 * ratio).floor() as usize;
            let from = middle.saturating_sub(beam);
            let to = if row == hypothesis { reference + 1 } else { (reference + 1).min(middle + beam) };
            self.windows.push((from, to, start));
            start += to - from;
        }
        self.costs.clear();
        self.costs.extend(0..=reference as u32);
        self.costs.resize(start, FAR);
    }

    /// Fills all rows; returns the distance.
    pub(super) fn fill(&mut self, hypothesis: &[u32], reference: &[u32]) -> u32 {
        for row in 1..=hypothesis.len() {
            let (before, new) = self.costs.split_at_mut(self.windows[row].2);
            let old = (&before[self.windows[row - 1].2..], self.windows[row - 1]);
            next_row(old, self.windows[row], hypothesis[row - 1], reference, new);
        }
        self.costs.last().copied().unwrap_or(0)
    }

    /// The distance of another order of the hypothesis, the same before row `from` (0-based word)
    /// and from word `to` on.
    pub(super) fn changed(&mut self, words: &[u32], reference: &[u32], from: usize, to: usize) -> u32 {
        let [mut old, mut new] = std::mem::take(&mut self.rows);
        let window = self.windows[from];
        old.clear();
        old.extend_from_slice(&self.costs[window.2..window.2 + window.1 - window.0]);
        let mut found = None;
        for row in from + 1..=words.len() {
            let window = self.windows[row];
            let width = window.1 - window.0;
            new.resize(width, FAR);
            next_row((&old, self.windows[row - 1]), window, words[row - 1], reference, &mut new);
            std::mem::swap(&mut old, &mut new);
            if row >= to {
                // The same row up to a constant: so is all that follows.
                let known = &self.costs[window.2..window.2 + width];
                let less = known[0].wrapping_sub(old[0]);
                if known.iter().zip(&old).all(|(k, n)| k.wrapping_sub(*n) == less) {
                    found = self.costs.last().map(|last| last.wrapping_sub(less));
                    break;
                }
            }
        }
        let distance = found.or(old.last().copied()).unwrap_or(0);
        self.rows = [old, new];
        distance
    }

    /// Steps from the end back to the start.
    pub(super) fn steps(&self, hypothesis: &[u32], reference: &[u32], mut each: impl FnMut(Step)) {
        let (mut i, mut j) = (hypothesis.len(), reference.len());
        while i > 0 || j > 0 {
            let step = if i == 0 {
                Step::Reference
            } else if j == 0 {
                Step::Hypothesis
            } else {
                let differ = u32::from(hypothesis[i - 1] != reference[j - 1]);
                let here = self.cost(i, j);
                if here == self.cost(i - 1, j - 1) + differ {
                    Step::Both
                } else if here == self.cost(i - 1, j) + 1 {
                    Step::Hypothesis
                } else {
                    Step::Reference
                }
            };
            i -= usize::from(step != Step::Reference);
            j -= usize::from(step != Step::Hypothesis);
            each(step);
        }
    }

    fn cost(&self, row: usize, column: usize) -> u32 {
        let (from, to, start) = self.windows[row];
        if (from..to).contains(&column) { self.costs[start + column - from] } else { FAR }
    }
}

/// One row from the row before; what lies outside a window is far.
fn next_row(
    old: (&[u32], (usize, usize, usize)),
    window: (usize, usize, usize),
    word: u32,
    reference: &[u32],
    new: &mut [u32],
) {
    let (old, (old_from, old_to, _)) = old;
    let (from, to, _) = window;
    let at = |column: usize| if (old_from..old_to).contains(&column) { old[column - old_from] } else { FAR };
    let mut corner = if from == 0 { FAR } else { at(from - 1) };
    let mut left = FAR;
    let inside = to.min(old_to).max(from);
    let olds = &old[(from - old_from).min(old.len())..];
    for (column, (cell, up)) in (from..inside).zip(new.iter_mut().zip(olds)) {
        let differ = if column == 0 { 0 } else { u32::from(reference[column - 1] != word) };
        left = (corner + differ).min(*up + 1).min(left + 1);
        corner = *up;
        *cell = left;
    }
    for column in inside..to {
        let differ = if column == 0 { 0 } else { u32::from(reference[column - 1] != word) };
        left = (corner + differ).min(left + 1).min(FAR);
        corner = FAR;
        new[column - from] = left;
    }
}
