//! Votes from verdicts: which of two answers somebody prefers.
//!
//! Main type: [`Ballots`]. Of one maker's votes about one pair of answers the latest counts; one
//! that was taken back counts as none.

use acidtest_record::{AboutRole, Key, MakerKind, Status, Value, Verdict};
use std::collections::HashMap;

/// Name of the verdict that prefers one of two answers.
pub const PREFERENCE: &str = "preference";

/// What a vote says of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// The first is better.
    A,
    /// The second is better.
    B,
    /// Both are as good.
    Tie,
    /// Both are bad.
    BothBad,
}

impl Choice {
    /// Its word in verdicts.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Choice::A => "a",
            Choice::B => "b",
            Choice::Tie => "tie",
            Choice::BothBad => "both_bad",
        }
    }

    /// The choice of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Choice::A, Choice::B, Choice::Tie, Choice::BothBad].into_iter().find(|c| c.id() == word)
    }

    /// The same with the sides changed.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Choice::A => Choice::B,
            Choice::B => Choice::A,
            other => other,
        }
    }
}

/// A vote that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// A person or a judge.
    pub kind: MakerKind,
    /// Pseudonym of a person, name of a judge.
    pub maker: String,
    /// One answer: the smaller key.
    pub a: Key,
    /// The other.
    pub b: Key,
    /// What is said of the two.
    pub choice: Choice,
    /// Unix time in nanoseconds.
    pub at_unix_ns: i64,
}

/// Whose vote about which pair.
type Asked = (bool, String, Key, Key);

/// The latest vote of each maker about each pair.
#[derive(Debug, Clone, Default)]
pub struct Ballots(HashMap<Asked, (i64, Option<Choice>)>);

impl Ballots {
    /// Adds a verdict, in the order of arrival; what is no vote is left out.
    pub fn add(&mut self, v: &Verdict) {
        let is_judge = match v.maker.kind {
            MakerKind::Person => false,
            MakerKind::Judge => true,
            MakerKind::Scorer | MakerKind::Import => return,
        };
        let side = |role| {
            let mut found = v.about.iter().filter(|a| a.role == role).map(|a| a.key);
            found.next().filter(|_| found.next().is_none())
        };
        let (Some(a), Some(b)) = (side(AboutRole::A), side(AboutRole::B)) else { return };
        if v.name != PREFERENCE || v.about.len() != 2 || a == b {
            return;
        }
        let said = match (v.status, &v.value) {
            (Status::Scored, Some(Value::Preference(word))) => match Choice::of(word) {
                Some(choice) => Some(choice),
                None => return,
            },
            (Status::Scored, _) => return,
            _ => None,
        };
        let (low, high, said) = if a < b { (a, b, said) } else { (b, a, said.map(Choice::turned)) };
        let latest = self.0.entry((is_judge, v.maker.name.clone(), low, high)).or_insert((i64::MIN, None));
        if v.at_unix_ns >= latest.0 {
            *latest = (v.at_unix_ns, said);
        }
    }

    /// Votes that count, in the order of their times.
    #[must_use]
    pub fn votes(&self) -> Vec<Vote> {
        let vote = |((is_judge, maker, a, b), (at, choice)): (&Asked, &(i64, Option<Choice>))| {
            let kind = if *is_judge { MakerKind::Judge } else { MakerKind::Person };
            Some(Vote { kind, maker: maker.clone(), a: *a, b: *b, choice: (*choice)?, at_unix_ns: *at })
        };
        let mut votes: Vec<Vote> = self.0.iter().filter_map(vote).collect();
        votes.sort_by(|x, y| {
            let key = |v: &Vote| (v.at_unix_ns, v.a, v.b, v.kind as u8);
            key(x).cmp(&key(y)).then_with(|| x.maker.cmp(&y.maker))
        });
        votes
    }

    /// What a person's vote about a pair says, seen from `a`; absent where there is none that counts.
    #[must_use]
    pub fn of_person(&self, person: &str, a: Key, b: Key) -> Option<Choice> {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let (_, choice) = self.0.get(&(false, person.to_owned(), low, high))?;
        choice.map(|c| if a < b { c } else { c.turned() })
    }
}
