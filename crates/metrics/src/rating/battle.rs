//! One battle, and the counts of many.
//!
//! Main types: [`Battle`], [`Tally`]. Models are numbers here; names are the caller's.

/// Most models of one tournament: matrices are dense.
pub const MAX_MODELS: usize = 2000;

/// How a battle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// The first model won.
    A,
    /// The second model won.
    B,
    /// Neither.
    Tie,
}

impl Outcome {
    /// Of the first model: 1, 0, or a half.
    pub fn score(self) -> f64 {
        match self {
            Outcome::A => 1.0,
            Outcome::B => 0.0,
            Outcome::Tie => 0.5,
        }
    }
}

/// Two models and who won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Battle {
    /// The first model.
    pub a: u32,
    /// The second model.
    pub b: u32,
    /// Who won.
    pub outcome: Outcome,
}

/// Why there is no rating at all from this input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RatingError {
    /// More models than dense matrices are made for.
    #[error("{have} models, at most {MAX_MODELS} can be rated at once")]
    TooManyModels {
        /// How many there are.
        have: usize,
    },
    /// Fewer than two models: nothing to compare.
    #[error("{have} models in battles, a rating needs two")]
    TooFewModels {
        /// How many there are.
        have: usize,
    },
    /// A battle names a model that does not exist, or one model twice.
    #[error("battle {index}: two different models below {models} were expected")]
    BadBattle {
        /// Position of the battle, from 0.
        index: usize,
        /// Number of models.
        models: usize,
    },
    /// An argument lies outside what the formula allows.
    #[error("{what} is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the argument.
        what: &'static str,
        /// The value given.
        value: f64,
        /// What would have been right.
        expected: &'static str,
    },
    /// A list does not belong to the battles.
    #[error("{have} {what} for {battles} battles")]
    Mismatch {
        /// What is listed.
        what: &'static str,
        /// How many were given.
        have: usize,
        /// How many battles there are.
        battles: usize,
    },
    /// The maximum is not unique or lies at infinity though every model is beaten and beats.
    #[error("the likelihood has no single maximum: {why}")]
    NoMaximum {
        /// What stands in the way.
        why: &'static str,
    },
    /// A style column cannot be used.
    #[error("style column {column}: {why}")]
    Style {
        /// Which one, from 0.
        column: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Counts of wins and ties for every pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    models: usize,
    /// `wins[i * models + j]`: battles in which i beat j.
    wins: Vec<u64>,
    /// `ties[i * models + j]` with i < j.
    ties: Vec<u64>,
    battles: u64,
}

impl Tally {
    /// Counts of nothing yet.
    ///
    /// # Errors
    /// More than [`MAX_MODELS`].
    pub fn new(models: usize) -> Result<Tally, RatingError> {
        if models > MAX_MODELS {
            return Err(RatingError::TooManyModels { have: models });
        }
        let empty = vec![0; models * models];
        Ok(Tally { models, wins: empty.clone(), ties: empty, battles: 0 })
    }

    /// Counts of all these battles.
    ///
    /// # Errors
    /// Too many models, or a battle that does not name two of them.
    pub fn of(models: usize, battles: &[Battle]) -> Result<Tally, RatingError> {
        let mut tally = Tally::new(models)?;
        for (index, battle) in battles.iter().enumerate() {
            if battle.a == battle.b || battle.a.max(battle.b) as usize >= models {
                return Err(RatingError::BadBattle { index, models });
            }
            tally.add(battle);
        }
        Ok(tally)
    }

    fn add(&mut self, battle: &Battle) {
        let (a, b) = (battle.a as usize, battle.b as usize);
        match battle.outcome {
            Outcome::A => self.wins[a * self.models + b] += 1,
            Outcome::B => self.wins[b * self.models + a] += 1,
            Outcome::Tie => self.ties[a.min(b) * self.models + a.max(b)] += 1,
        }
        self.battles += 1;
    }

    /// Number of models.
    pub fn models(&self) -> usize {
        self.models
    }

    /// Number of battles.
    pub fn battles(&self) -> u64 {
        self.battles
    }

    /// Battles in which `i` beat `j`.
    pub fn wins(&self, i: usize, j: usize) -> u64 {
        self.wins[i * self.models + j]
    }

    /// Battles of `i` and `j` that nobody won.
    pub fn ties(&self, i: usize, j: usize) -> u64 {
        self.ties[i.min(j) * self.models + i.max(j)]
    }

    /// Battles of `i` and `j`.
    pub fn meetings(&self, i: usize, j: usize) -> u64 {
        self.wins(i, j) + self.wins(j, i) + self.ties(i, j)
    }

    /// Wins, ties and losses of a model.
    pub fn record(&self, i: usize) -> [u64; 3] {
        (0..self.models)
            .fold([0; 3], |[w, t, l], j| [w + self.wins(i, j), t + self.ties(i, j), l + self.wins(j, i)])
    }

    /// Battles of a model.
    pub fn battles_of(&self, i: usize) -> u64 {
        self.record(i).iter().sum()
    }
}

/// Which models have at least `least` battles among each other: those with fewer are left out with
/// their battles, again and again until all that remain have enough.
pub fn with_enough(models: usize, battles: &[Battle], least: u64) -> Vec<bool> {
    let mut kept = vec![true; models];
    loop {
        let mut counts = vec![0u64; models];
        for battle in battles {
            let (a, b) = (battle.a as usize, battle.b as usize);
            if kept.get(a) == Some(&true) && kept.get(b) == Some(&true) {
                counts[a] += 1;
                counts[b] += 1;
            }
        }
        let mut is_same = true;
        for (kept, count) in kept.iter_mut().zip(&counts).filter(|(k, _)| **k) {
            *kept = *count >= least;
            is_same &= *kept;
        }
        if is_same {
            return kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_do_not_depend_on_the_side() {
        let battle = |a, b, outcome| Battle { a, b, outcome };
        let one = Tally::of(2, &[battle(0, 1, Outcome::A), battle(0, 1, Outcome::Tie)]).unwrap();
        let other = Tally::of(2, &[battle(1, 0, Outcome::B), battle(1, 0, Outcome::Tie)]).unwrap();
        assert_eq!(one, other);
        assert_eq!((one.record(0), one.record(1), one.meetings(1, 0)), ([1, 1, 0], [0, 1, 1], 2));
    }

    #[test]
    fn models_with_few_battles_go_until_all_have_enough() {
        let battle = |a, b| Battle { a, b, outcome: Outcome::A };
        // 3 met only 2, and 2 without it has one battle left.
        let battles = [battle(0, 1), battle(1, 0), battle(1, 2), battle(2, 3)];
        assert_eq!(with_enough(4, &battles, 2), [true, true, false, false]);
        assert_eq!(with_enough(4, &battles, 1), [true; 4]);
        assert_eq!(with_enough(4, &battles, 3), [false; 4]);
    }

    #[test]
    fn bad_battles_are_errors() {
        let bad = |a, b| Tally::of(2, &[Battle { a, b, outcome: Outcome::A }]).unwrap_err();
        assert_eq!(bad(0, 0), RatingError::BadBattle { index: 0, models: 2 });
        assert_eq!(bad(0, 2), RatingError::BadBattle { index: 0, models: 2 });
        assert!(Tally::new(MAX_MODELS + 1).is_err());
    }
}
