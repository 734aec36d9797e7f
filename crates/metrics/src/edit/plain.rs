//! Distances with transpositions or weights, cell by cell, in memory of a few rows.
//!
//! Main functions: [`osa`], [`damerau`], [`weighted`]. They must not check sizes: callers do.

use super::Weights;

/// Optimal string alignment: neighbours may be swapped, but no symbol is edited twice.
pub(crate) fn osa(a: &[u32], b: &[u32]) -> usize {
    let mut older = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    let mut new = old.clone();
    for i in 1..=a.len() {
        new[0] = i;
        for j in 1..=b.len() {
            let replace = old[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(old[j] + 1).min(new[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(older[j - 2] + 1);
            }
            new[j] = best;
        }
        std::mem::swap(&mut older, &mut old);
        std::mem::swap(&mut old, &mut new);
    }
    old[b.len()]
}

/// Damerau-Levenshtein distance without restriction, in linear memory (Zhao and Sahni 2019): a
/// swap is worth looking at only where its two ends are next to each other in one of the strings.
pub(crate) fn damerau(a: &[u32], b: &[u32], symbols: usize) -> usize {
    let far = a.len() + b.len() + 2;
    // Row (1-based) in which each symbol of `a` was last seen; 0 is never.
    let mut seen = vec![0usize; symbols];
    // Column j of the table is at j + 1, so that column -1 exists.
    let mut before_match = vec![far; b.len() + 2];
    let mut old = vec![far; b.len() + 2];
    let mut new: Vec<usize> = std::iter::once(far).chain(0..=b.len()).collect();
    for (i, x) in a.iter().enumerate().map(|(i, x)| (i + 1, x)) {
        std::mem::swap(&mut old, &mut new);
        // `new` still holds the row before `old`.
        let (mut matched, mut corner, mut two_back) = (0, far, new[1]);
        new[1] = i;
        for (j, y) in b.iter().enumerate().map(|(j, y)| (j + 1, y)) {
            let replace = old[j] + usize::from(x != y);
            let mut best = replace.min(new[j] + 1).min(old[j + 1] + 1);
            if x == y {
                matched = j;
                before_match[j + 1] = old[j - 1];
                corner = two_back;
            } else {
                let row = seen[*y as usize];
                if matched > 0 && row > 0 && j - matched == 1 {
                    best = best.min(before_match[j + 1] + (i - row));
                } else if matched > 0 && row > 0 && i - row == 1 {
                    best = best.min(corner + (j - matched));
                }
            }
            two_back = new[j + 1];
            new[j + 1] = best;
        }
        seen[*x as usize] = i;
    }
    new[b.len() + 1]
}

/// Levenshtein distance with a price for each operation.
pub(crate) fn weighted(a: &[u32], b: &[u32], prices: Weights) -> u64 {
    let (insert, delete) = (u64::from(prices.insert), u64::from(prices.delete));
    let substitute = u64::from(prices.substitute);
    let mut row: Vec<u64> = (0..=b.len() as u64).map(|j| j * insert).collect();
    for x in a {
        let mut corner = row[0];
        row[0] += delete;
        for (j, y) in b.iter().enumerate() {
            let replace = if x == y { corner } else { corner + substitute };
            corner = row[j + 1];
            row[j + 1] = replace.min(row[j] + insert).min(corner + delete);
        }
    }
    row[b.len()]
}
