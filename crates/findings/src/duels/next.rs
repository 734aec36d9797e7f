//! Which two answers a person is asked about next.
//!
//! Main function: [`next`]. The contestants are those whose next battle tells most about all
//! ratings (`acidtest_metrics::rating::advice`); among their common cases the one that was voted on
//! least; which answer stands left follows from the seed.

use super::ballots::{Ballots, Vote};
use super::field::{Entry, Field};
use acidtest_metrics::rating::{Battle, MAX_MODELS, Outcome, Tally, advice, components, fit};
use acidtest_record::{Digest, Key, MakerKind};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a person can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The left and the right answer; absent where nothing is open.
    pub pair: Option<(Key, Key)>,
    /// Votes of this person that count.
    pub done: u64,
    /// Pairs that this person was not asked about yet.
    pub open: u64,
}

/// Two contestants, the smaller number first.
type Two = (u32, u32);

/// The next pair for a person.
#[must_use]
pub fn next(field: &Field, ballots: &Ballots, person: &str, seed: u64) -> Next {
    let votes: Vec<Counted> = ballots.votes().into_iter().filter_map(|v| Counted::of(field, v)).collect();
    let own: HashSet<(u32, Two)> =
        votes.iter().filter(|v| v.is_of(person)).map(|v| (v.case, v.two)).collect();
    let open = open(field, &own);
    let found = Next {
        pair: None,
        done: votes.iter().filter(|v| v.is_of(person)).count() as u64,
        open: open.values().map(|cases| cases.len() as u64).sum(),
    };
    let Some(two) = whom(field, &votes, &open) else { return found };
    let draw = Draw { seed, person };
    let case = which(&open[&two], two, &votes, &draw, field);
    let digest = field.digest(case as usize);
    let answer = |contestant: u32| {
        let all: Vec<&Entry> = field.answers(case as usize).filter(|e| e.contestant == contestant).collect();
        all[(draw.number(digest, contestant) % all.len() as u64) as usize].key
    };
    let (a, b) = (answer(two.0), answer(two.1));
    let is_turned = draw.number(digest, u32::MAX) & 1 == 1;
    Next { pair: Some(if is_turned { (b, a) } else { (a, b) }), ..found }
}

/// A vote about answers of the field.
struct Counted {
    vote: Vote,
    case: u32,
    two: Two,
    battle: Battle,
}

impl Counted {
    fn of(field: &Field, vote: Vote) -> Option<Self> {
        let (a, b) = (field.entry(vote.a)?, field.entry(vote.b)?);
        if a.case != b.case || a.contestant == b.contestant {
            return None;
        }
        let outcome = match vote.choice {
            super::Choice::A => Outcome::A,
            super::Choice::B => Outcome::B,
            super::Choice::Tie | super::Choice::BothBad => Outcome::Tie,
        };
        let battle = Battle { a: a.contestant, b: b.contestant, outcome };
        let two = (battle.a.min(battle.b), battle.a.max(battle.b));
        Some(Self { case: a.case, two, battle, vote })
    }

    fn is_of(&self, person: &str) -> bool {
        self.vote.kind == MakerKind::Person && self.vote.maker == person
    }
}

/// Cases that two contestants answered and that this person did not vote on, by the two.
fn open(field: &Field, own: &HashSet<(u32, Two)>) -> BTreeMap<Two, Vec<u32>> {
    let mut open: BTreeMap<Two, Vec<u32>> = BTreeMap::new();
    for case in 0..field.cases() {
        let mut there: Vec<u32> = field.answers(case).map(|e| e.contestant).collect();
        there.sort_unstable();
        there.dedup();
        for (i, a) in there.iter().enumerate() {
            for b in &there[i + 1..] {
                if !own.contains(&(case as u32, (*a, *b))) {
                    open.entry((*a, *b)).or_default().push(case as u32);
                }
            }
        }
    }
    open
}

/// The two whose next battle tells most among those with open cases; else those that met least.
fn whom(field: &Field, votes: &[Counted], open: &BTreeMap<Two, Vec<u32>>) -> Option<Two> {
    let models = field.contestants.len();
    let battles: Vec<Battle> = votes.iter().map(|v| v.battle).collect();
    let tally = Tally::of(models.min(MAX_MODELS), &battles).ok();
    let advised = tally.as_ref().and_then(|tally| {
        let groups = components(tally);
        let fitted = (groups.len() == 1).then(|| fit(tally, None, 0.0).ok()).flatten();
        let all = models * models.saturating_sub(1) / 2;
        let best = advice(tally, fitted.as_ref(), &groups, all);
        best.into_iter().map(|a| (a.a.min(a.b), a.a.max(a.b))).find(|two| open.contains_key(two))
    });
    let met = |two: &Two| tally.as_ref().map_or(0, |t| t.meetings(two.0 as usize, two.1 as usize));
    advised.or_else(|| open.keys().copied().min_by_key(|two| (met(two), *two)))
}

/// The case with the fewest votes about these two, drawn by lot among those.
fn which(open: &[u32], two: Two, votes: &[Counted], draw: &Draw<'_>, field: &Field) -> u32 {
    let mut asked: HashMap<u32, u32> = HashMap::new();
    for vote in votes.iter().filter(|v| v.two == two) {
        *asked.entry(vote.case).or_default() += 1;
    }
    let rank = |case: &&u32| {
        (
            asked.get(*case).copied().unwrap_or(0),
            draw.number(field.digest(**case as usize), two.0 ^ (two.1 << 16)),
        )
    };
    *open.iter().min_by_key(rank).expect("an entry of the map holds a case")
}

/// Chance that follows from a seed, a person and what is drawn for.
struct Draw<'p> {
    seed: u64,
    person: &'p str,
}

impl Draw<'_> {
    fn number(&self, case: Digest, what: u32) -> u64 {
        let drawn = Digest::of_parts(&[
            &self.seed.to_le_bytes(),
            self.person.as_bytes(),
            &case.0,
            &what.to_le_bytes(),
        ]);
        u64::from_le_bytes(drawn.0[..8].try_into().expect("8 of 16 bytes"))
    }
}
