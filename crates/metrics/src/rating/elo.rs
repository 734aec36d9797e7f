//! Online Elo: one update for each battle, in the order given.
//!
//! Main function: [`elo`]. The order of battles changes the result; a maximum-likelihood fit
//! (`fit`) does not have that fault and has an interval.

use super::battle::{Battle, RatingError};

/// Constants of online Elo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elo {
    /// Points at stake in each battle; 4 keeps old battles in memory, 32 forgets them quickly.
    pub k: f64,
    /// Points for which the odds grow by `base`; 400.
    pub scale: f64,
    /// 10.
    pub base: f64,
    /// Rating of a model before its first battle; 1000.
    pub start: f64,
}

impl Default for Elo {
    fn default() -> Self {
        Elo { k: 4.0, scale: 400.0, base: 10.0, start: 1000.0 }
    }
}

/// Ratings after all battles: `r_a += k (s - e)`, `r_b -= k (s - e)`, where s is 1, ½ or 0 and
/// `e = 1 / (1 + base^((r_b - r_a) / scale))`.
///
/// # Errors
/// A battle that does not name two of the models, or constants that are not positive numbers.
pub fn elo(models: usize, battles: &[Battle], how: Elo) -> Result<Vec<f64>, RatingError> {
    for (what, value) in [("k", how.k), ("scale", how.scale), ("base", how.base - 1.0)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(RatingError::OutOfRange { what, value, expected: "a positive number" });
        }
    }
    let mut ratings = vec![how.start; models];
    let factor = how.base.ln() / how.scale;
    for (index, battle) in battles.iter().enumerate() {
        let (a, b) = (battle.a as usize, battle.b as usize);
        if a == b || a.max(b) >= models {
            return Err(RatingError::BadBattle { index, models });
        }
        let expected = 1.0 / (1.0 + ((ratings[b] - ratings[a]) * factor).exp());
        let change = how.k * (battle.outcome.score() - expected);
        ratings[a] += change;
        ratings[b] -= change;
    }
    Ok(ratings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::Outcome;

    #[test]
    fn equal_models_share_the_stake() {
        let won = Battle { a: 0, b: 1, outcome: Outcome::A };
        assert_eq!(elo(2, &[won], Elo::default()).unwrap(), [1002.0, 998.0]);
        let tied = Battle { outcome: Outcome::Tie, ..won };
        assert_eq!(elo(2, &[tied], Elo::default()).unwrap(), [1000.0, 1000.0]);
    }

    #[test]
    fn the_order_matters() {
        let won = Battle { a: 0, b: 1, outcome: Outcome::A };
        let lost = Battle { outcome: Outcome::B, ..won };
        let how = Elo { k: 32.0, ..Elo::default() };
        assert_ne!(elo(2, &[won, lost], how), elo(2, &[lost, won], how));
        assert!(elo(2, &[won], Elo { k: f64::NAN, ..how }).is_err());
        assert!(elo(1, &[won], how).is_err());
    }
}
