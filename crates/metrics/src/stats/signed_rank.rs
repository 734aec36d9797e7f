//! Wilcoxon's signed ranks of paired differences.
//!
//! Main function: [`wilcoxon`].

use super::distribution::normal_cdf;
use super::interval::StatError;

/// What the signed ranks say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// The smaller of the rank sums above and below 0.
    pub w: f64,
    /// Two-sided p by the normal limit, ties allowed for, no continuity correction.
    pub p: f64,
}

/// Wilcoxon's signed-rank test; differences of 0 are left out, ties share their mean rank.
/// `None` when every difference is 0. Source: Wilcoxon, Biometrics Bulletin 1 (1945) 80–83.
///
/// # Errors
/// A difference that is not finite.
pub fn wilcoxon(differences: &[f64]) -> Result<Option<SignedRank>, StatError> {
    if let Some(index) = differences.iter().position(|d| !d.is_finite()) {
        return Err(StatError::NotFinite { what: "difference", index, value: differences[index] });
    }
    let mut kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = kept.len() as f64;
    let (mut above, mut ties, mut before) = (0.0, 0.0, 0.0);
    for group in kept.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = group.len() as f64;
        above += group.iter().filter(|d| **d > 0.0).count() as f64 * (before + (size + 1.0) / 2.0);
        ties += size * size * size - size;
        before += size;
    }
    let total = n * (n + 1.0) / 2.0;
    let w = above.min(total - above);
    let deviation = ((n * (n + 1.0) * (2.0 * n + 1.0) - ties / 2.0) / 24.0).sqrt();
    Ok(Some(SignedRank { w, p: (2.0 * normal_cdf((w - total / 2.0) / deviation)).min(1.0) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_and_signs_are_alike() {
        let one = wilcoxon(&[1.0, -2.0, 3.0, 0.0, 4.0]).unwrap().unwrap();
        assert_eq!(one.w, 2.0);
        assert_eq!(wilcoxon(&[-1.0, 2.0, -3.0, -4.0]).unwrap(), Some(one));
        assert_eq!(wilcoxon(&[0.0, 0.0]).unwrap(), None);
        assert!(wilcoxon(&[f64::NAN]).is_err());
    }
}
