//! Jaro and Jaro-Winkler similarity, as RapidFuzz computes them.
//!
//! Main functions: [`jaro`], [`winkler`]. They must not check sizes: callers do.

/// (m/|a| + m/|b| + (m − t)/m) / 3 with m matches within half the longer length and t half the
/// matches out of order (rounded down). Both empty: 1; one empty, or no match: 0.
pub(crate) fn jaro(a: &[u32], b: &[u32]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let reach = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut matched = Vec::new();
    for (i, x) in a.iter().enumerate() {
        let low = i.saturating_sub(reach).min(b.len());
        let high = (i + reach + 1).min(b.len());
        let found = (low..high).find(|j| !taken[*j] && b[*j] == *x);
        if let Some(j) = found {
            taken[j] = true;
            matched.push(*x);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let other = b.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(y, _)| y);
    let swapped = matched.iter().zip(other).filter(|(x, y)| x != y).count() / 2;
    let m = matched.len() as f64;
    (m / a.len() as f64 + m / b.len() as f64 + (m - swapped as f64) / m) / 3.0
}

/// Jaro raised for a common beginning of up to 4 symbols, where it is over 0.7.
pub(crate) fn winkler(a: &[u32], b: &[u32]) -> f64 {
    let plain = jaro(a, b);
    if plain <= 0.7 {
        return plain;
    }
    let head = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    plain + head as f64 * 0.1 * (1.0 - plain)
}
