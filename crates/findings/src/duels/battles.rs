//! Battles ready to be rated: from votes, and from scores.
//!
//! Main type: [`Duels`].

use super::ballots::{Ballots, Choice};
use super::field::{Field, OfRun};
use super::units::{Cluster, NotNamed, Pair, Units, units};
use acidtest_metrics::rating::{Battle, MAX_MODELS, Outcome, RatingError};
use std::collections::{BTreeMap, HashMap};

/// Most battles that are made of scores.
pub const MOST_DUELS: usize = 2_000_000;

/// Two contestants and who won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duel {
    /// One contestant, by its number in [`Duels::models`].
    pub a: u32,
    /// The other.
    pub b: u32,
    /// Who won.
    pub choice: Choice,
}

/// Battles with what is known about each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Duels {
    /// Names of those that fought, in the order of the field.
    pub models: Vec<String>,
    /// The battles.
    pub duels: Vec<Duel>,
    /// Who voted, from 1; empty where scores decided.
    pub voters: Vec<u32>,
    /// The case of each battle, from 1.
    pub cases: Vec<u32>,
    /// Unix time of each vote in seconds; empty where scores decided.
    pub times: Vec<f64>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// More battles or contestants than are rated at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {have}, at most {most} are rated at once")]
pub struct TooMany {
    /// What there is too much of.
    pub what: &'static str,
    /// How many there are.
    pub have: usize,
    /// How many there may be.
    pub most: usize,
}

impl Duels {
    /// Battles of the votes that count about answers of the field to one and the same case.
    ///
    /// # Errors
    /// More contestants than are rated at once.
    pub fn of_votes(field: &Field, ballots: &Ballots) -> Result<Self, TooMany> {
        let mut voters: HashMap<(u8, String), u32> = HashMap::new();
        let mut found = Self::default();
        for vote in ballots.votes() {
            let (Some(a), Some(b)) = (field.entry(vote.a), field.entry(vote.b)) else { continue };
            if a.case != b.case || a.contestant == b.contestant {
                continue;
            }
            let next = voters.len() as u32 + 1;
            found.voters.push(*voters.entry((vote.kind as u8, vote.maker)).or_insert(next));
            found.cases.push(a.case + 1);
            found.times.push(vote.at_unix_ns as f64 / 1e9);
            found.duels.push(Duel { a: a.contestant, b: b.contestant, choice: vote.choice });
        }
        found.named(field)
    }

    /// Battles of scores: of two contestants' answers to a case the higher score wins. Who answered
    /// a case more often does not meet others more often with it: the first answers of both fight,
    /// then the second, as long as both have one. Means of unequal numbers of repeats would not be
    /// alike: that of more repeats ties and wins less often at equal strength. Answers without that
    /// score are left out.
    ///
    /// # Errors
    /// More contestants or battles than are rated at once.
    pub fn of_scores(field: &Field, runs: &[OfRun<'_>], name: &str) -> Result<Self, TooMany> {
        let mut found = Self::default();
        for case in 0..field.cases() {
            let mut scores: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for entry in field.answers(case) {
                let (run, at) = entry.at;
                if let Some(score) = runs[run as usize].index.score(name, at as usize) {
                    scores.entry(entry.contestant).or_default().push(score);
                }
            }
            let scores: Vec<(u32, Vec<f64>)> = scores.into_iter().collect();
            for (i, (a, of_a)) in scores.iter().enumerate() {
                for (b, of_b) in &scores[i + 1..] {
                    let rounds = of_a.iter().zip(of_b);
                    found.duels.extend(rounds.map(|(x, y)| Duel { a: *a, b: *b, choice: higher(*x, *y) }));
                    found.cases.resize(found.duels.len(), case as u32 + 1);
                }
            }
            if found.duels.len() > MOST_DUELS {
                return Err(TooMany { what: "battles of scores", have: found.duels.len(), most: MOST_DUELS });
            }
        }
        found.notes.push(format!(
            "battles are made of the score '{name}': of two answers to one case the higher wins, the first answers of both, then the second"
        ));
        found.named(field)
    }

    /// Names those that fought; the others have no battle and no number.
    fn named(mut self, field: &Field) -> Result<Self, TooMany> {
        let mut numbers: BTreeMap<u32, u32> =
            self.duels.iter().flat_map(|d| [d.a, d.b]).map(|c| (c, 0)).collect();
        if numbers.len() > MAX_MODELS {
            return Err(TooMany { what: "contestants", have: numbers.len(), most: MAX_MODELS });
        }
        numbers.values_mut().zip(0..).for_each(|(no, i)| *no = i);
        for duel in &mut self.duels {
            (duel.a, duel.b) = (numbers[&duel.a], numbers[&duel.b]);
        }
        self.models = numbers.keys().map(|c| field.contestants[*c as usize].name.clone()).collect();
        Ok(self)
    }

    /// Different people and judges that voted.
    #[must_use]
    pub fn voter_count(&self) -> u64 {
        u64::from(self.voters.iter().copied().max().unwrap_or(0))
    }

    /// The battles as ratings take them.
    #[must_use]
    pub fn battles(&self) -> Vec<Battle> {
        let outcome = |choice| match choice {
            Choice::A => Outcome::A,
            Choice::B => Outcome::B,
            Choice::Tie | Choice::BothBad => Outcome::Tie,
        };
        self.duels.iter().map(|d| Battle { a: d.a, b: d.b, outcome: outcome(d.choice) }).collect()
    }

    /// What is sampled whole.
    ///
    /// # Errors
    /// The battles do not name what `cluster` asks for.
    pub fn units(&self, cluster: Cluster) -> Result<Units, NotNamed> {
        let pairs: Vec<Pair> = self.duels.iter().map(|d| Pair { a: d.a, b: d.b }).collect();
        units(&pairs, &self.voters, &self.cases, cluster)
    }

    /// All numbers of the tournament as `acidtest rank` gives them without further options, with
    /// what was sampled whole.
    ///
    /// # Errors
    /// Fewer than two contestants.
    pub fn rated(&self) -> Result<(acidtest_metrics::rating::Ranking, Units), RatingError> {
        let (battles, units) = (self.battles(), self.units(Cluster::Auto).unwrap_or_default());
        let data = acidtest_metrics::rating::Data {
            models: self.models.len(),
            battles: &battles,
            unit: units.unit.as_deref(),
            style: None,
        };
        let ranking = acidtest_metrics::rating::rank(data, acidtest_metrics::rating::Asked::default())?;
        Ok((ranking, units))
    }
}

fn higher(x: f64, y: f64) -> Choice {
    match x.total_cmp(&y) {
        _ if (x - y).abs() < 1e-12 => Choice::Tie,
        std::cmp::Ordering::Greater => Choice::A,
        _ => Choice::B,
    }
}
