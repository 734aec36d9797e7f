//! What becomes of a request: which fault, which kind of answer.
//!
//! Main types: [`Decider`] and the two words it decides, [`Fault`] and
//! [`AnswerKind`]. The two are drawn apart from each other: a fault does not
//! change which answer would have been given. Must not know the wire.

use crate::config::Config;
use acidtest_schedule::Stream;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;

/// A request that went wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429.
    RateLimited,
    /// 500.
    ServerError,
    /// 529.
    Overloaded,
    /// An error event after 200.
    ErrorEvent,
    /// Connection closed in mid-stream.
    Cut,
    /// A pause in mid-stream.
    Stall,
    /// Broken JSON.
    Malformed,
    /// An HTML page with status 200.
    Html,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// The source's own answer: the right one when it is a case file.
    Given,
    /// Another case's answer.
    Wrong,
    /// No text.
    Empty,
    /// A polite refusal.
    Refused,
    /// The first half, finish reason `length`.
    Truncated,
    /// The first half, finish reason `content_filter`.
    Filtered,
    /// The case file has no such question; a sentence says so.
    Unmatched,
}

/// One request's fate.
pub(crate) struct Decision {
    pub(crate) fault: Option<Fault>,
    pub(crate) answer: AnswerKind,
    /// Chance for this request's times, lengths and places.
    pub(crate) chance: Stream,
}

/// Bodies whose repetitions are counted; when so many were seen, counting starts anew.
const REMEMBERED: usize = 1 << 18;
/// Requests of which `exact` holds the shares.
const BLOCK: u64 = 100;

/// Decides requests; shared by all serving threads.
pub(crate) struct Decider {
    seed: u64,
    exact: bool,
    faults: Vec<(Fault, f64)>,
    answers: Vec<(AnswerKind, f64)>,
    seen: Mutex<HashMap<u64, u32>>,
}

impl Decider {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            seed: config.seed,
            exact: config.exact,
            faults: config.fault_shares().map(|(f, _, p)| (f, p)).to_vec(),
            answers: config.answer_shares().map(|(a, _, p)| (a, p)).to_vec(),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn decide(&self, arrival: u64, body: &[u8]) -> Decision {
        let hash = fnv(body);
        let before = {
            let mut seen = self.seen.lock().expect("no thread panics while counting");
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
            let n = seen.entry(hash).or_insert(0);
            *n += 1;
            u64::from(*n - 1)
        };
        let number = hash.wrapping_add(before.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut chance = Stream::new(self.seed, "sim request", number);
        let (drawn_fault, drawn_answer) =
            (pick(&self.faults, chance.unit()), pick(&self.answers, chance.unit()));
        let (fault, answer) = if self.exact {
            (
                deal(self.seed, "sim faults", arrival, &self.faults),
                deal(self.seed, "sim answers", arrival, &self.answers),
            )
        } else {
            (drawn_fault, drawn_answer)
        };
        Decision { fault, answer: answer.unwrap_or(AnswerKind::Given), chance }
    }
}

fn pick<T: Copy>(shares: &[(T, f64)], at: f64) -> Option<T> {
    let mut upto = 0.0;
    for &(what, share) in shares {
        upto += share;
        if at < upto {
            return Some(what);
        }
    }
    None
}

/// The card of this arrival in its block's deck, which holds exactly the shares.
fn deal<T: Copy>(seed: u64, name: &str, arrival: u64, shares: &[(T, f64)]) -> Option<T> {
    let mut deck: Vec<Option<T>> = Vec::with_capacity(BLOCK as usize);
    for &(what, share) in shares {
        let cards = (share * BLOCK as f64).round() as usize;
        deck.extend(std::iter::repeat_n(Some(what), cards));
    }
    deck.resize(BLOCK as usize, None);
    Stream::new(seed, name, arrival / BLOCK).shuffle(&mut deck);
    deck[(arrival % BLOCK) as usize]
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Faults;

    fn config(exact: bool) -> Config {
        Config {
            exact,
            faults: Faults { rate_limited: 0.10, cut: 0.02, ..Faults::default() },
            ..Config::default()
        }
    }

    fn count(decider: &Decider, n: u64, fault: Fault) -> usize {
        (0..n).filter(|i| decider.decide(*i, format!("body {i}").as_bytes()).fault == Some(fault)).count()
    }

    #[test]
    fn exact_shares_are_exact_in_every_block() {
        let decider = Decider::new(&config(true));
        for _ in 0..5 {
            assert_eq!(count(&decider, 100, Fault::RateLimited), 10);
            assert_eq!(count(&decider, 100, Fault::Cut), 2);
        }
    }

    #[test]
    fn drawn_shares_are_near_and_do_not_depend_on_the_order() {
        let n = count(&Decider::new(&config(false)), 10_000, Fault::RateLimited);
        assert!((880..=1120).contains(&n), "{n} of 10000 at 10 %"); // 4 sigma
        let (a, b) = (Decider::new(&config(false)), Decider::new(&config(false)));
        let bodies: Vec<String> = (0..500).map(|i| format!("body {}", i % 250)).collect();
        let forward: Vec<_> = bodies.iter().map(|s| a.decide(0, s.as_bytes()).fault).collect();
        // The second half repeats the first, so going through the halves in
        // another order within each must give each body the same two fates.
        let mut order: Vec<usize> = (0..250).rev().collect();
        order.extend((250..500).rev());
        let mut other = vec![None; 500];
        for i in order {
            other[i] = b.decide(9, bodies[i].as_bytes()).fault;
        }
        assert_eq!(forward, other);
        assert_ne!(forward[..250], forward[250..], "a repetition is decided anew");
    }
}
