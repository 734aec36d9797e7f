//! That a phase ended before its plan was sent, and why.
//!
//! Main type: [`PhaseEnded`], kept with the run as a fact. Must not decide that.

use crate::beside::Fact;

/// Name of the fact.
const NAME: &str = "phase.ended_early";

/// Why a phase sends no more though its plan holds more. The run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseEnd {
    /// Its time is over.
    Time,
    /// Its money is spent.
    Cost,
    /// Its estimates are known well enough.
    Narrow,
}

impl PhaseEnd {
    const ALL: [PhaseEnd; 3] = [PhaseEnd::Time, PhaseEnd::Cost, PhaseEnd::Narrow];

    /// The key of a suite that ended it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            PhaseEnd::Time => "max_time",
            PhaseEnd::Cost => "max_cost",
            PhaseEnd::Narrow => "stop_when",
        }
    }
}

/// A phase of one target and prompt that ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseEnded {
    /// Why.
    pub why: PhaseEnd,
    /// Index of the phase.
    pub phase: u16,
    /// Index of the target.
    pub target: u16,
    /// Index of the prompt.
    pub prompt: u16,
}

impl PhaseEnded {
    /// As a fact: why, then phase, target and prompt.
    #[must_use]
    pub fn fact(self) -> Fact {
        Fact {
            name: NAME.into(),
            value: format!("{} {} {} {}", self.why.id(), self.phase, self.target, self.prompt),
            source: "the engine".into(),
            hash: None,
        }
    }

    /// What a fact says, where it is one of these.
    #[must_use]
    pub fn of(fact: &Fact) -> Option<Self> {
        let mut words = fact.value.split(' ').filter(|_| fact.name == NAME);
        let why = words.next()?;
        let why = PhaseEnd::ALL.into_iter().find(|e| e.id() == why)?;
        let mut number = || words.next()?.parse().ok();
        Some(Self { why, phase: number()?, target: number()?, prompt: number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_says_what_ended() {
        for why in PhaseEnd::ALL {
            let ended = PhaseEnded { why, phase: 2, target: 1, prompt: 0 };
            assert_eq!(PhaseEnded::of(&ended.fact()), Some(ended));
        }
        let fact = |name: &str, value: &str| Fact {
            name: name.into(),
            value: value.into(),
            source: String::new(),
            hash: None,
        };
        assert_eq!(PhaseEnded::of(&fact(NAME, "max_time 1")), None);
        assert_eq!(PhaseEnded::of(&fact("other", "max_time 1 1 1")), None);
    }
}
