//! Who met whom how often, and who won: dense tables in the order of the models.
//!
//! Main function: [`tables`].

use super::battle::Tally;

/// Tables over all pairs of models; rows are the first, columns the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// Battles, ties among them.
    pub battles: Vec<Vec<u64>>,
    /// Battles that somebody won.
    pub decided: Vec<Vec<u64>>,
    /// Battles that the row won.
    pub wins: Vec<Vec<u64>>,
    /// Wins of the row / decided battles of the pair; `None` without one.
    pub win_fraction: Vec<Vec<Option<f64>>>,
    /// Unweighted mean of a row's fractions over the opponents that there is one for; `None`
    /// without any. Of two models with different opponents it says little.
    pub average_win_rate: Vec<Option<f64>>,
    /// Share of battles that nobody won; `None` without battles.
    pub tie_fraction: Option<f64>,
}

/// All tables from counts.
///
/// ```
/// use acidtest_metrics::rating::{Battle, Outcome, Tally, tables};
/// let won = Battle { a: 0, b: 1, outcome: Outcome::A };
/// let t = tables(&Tally::of(3, &[won, won, Battle { outcome: Outcome::B, ..won }]).unwrap());
/// assert_eq!(t.win_fraction[0], [None, Some(2.0 / 3.0), None]);
/// assert_eq!(t.average_win_rate[2], None);
/// ```
pub fn tables(tally: &Tally) -> Tables {
    let n = tally.models();
    let grid = |cell: &dyn Fn(usize, usize) -> u64| -> Vec<Vec<u64>> {
        (0..n).map(|i| (0..n).map(|j| cell(i, j)).collect()).collect()
    };
    let wins = grid(&|i, j| tally.wins(i, j));
    let decided = grid(&|i, j| tally.wins(i, j) + tally.wins(j, i));
    let fraction = |i: usize, j: usize| (decided[i][j] > 0).then(|| wins[i][j] as f64 / decided[i][j] as f64);
    let win_fraction: Vec<Vec<Option<f64>>> =
        (0..n).map(|i| (0..n).map(|j| fraction(i, j)).collect()).collect();
    let average_win_rate = win_fraction.iter().map(|row| mean(row)).collect();
    let ties: u64 = (0..n).map(|i| (i + 1..n).map(|j| tally.ties(i, j)).sum::<u64>()).sum();
    Tables {
        battles: grid(&|i, j| if i == j { 0 } else { tally.meetings(i, j) }),
        decided,
        wins,
        win_fraction,
        average_win_rate,
        tie_fraction: (tally.battles() > 0).then(|| ties as f64 / tally.battles() as f64),
    }
}

fn mean(row: &[Option<f64>]) -> Option<f64> {
    let (sum, n) = row.iter().flatten().fold((0.0, 0u32), |(sum, n), x| (sum + x, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}
