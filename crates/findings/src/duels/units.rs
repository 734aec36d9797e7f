//! What is sampled whole when battles are rated: voters, prompts, duels or single battles.
//!
//! Main function: [`units`], for files of votes and for stored ones alike.

use std::collections::HashMap;

/// What is sampled whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cluster {
    /// Voters where several are named, else prompts, else battles.
    Auto,
    /// Each voter.
    Voter,
    /// Each prompt.
    Prompt,
    /// Each battle; both orders of one duel about the same prompt are one.
    Battle,
}

/// The two that fought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// One.
    pub a: u32,
    /// The other.
    pub b: u32,
}

/// The unit of each battle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// By battle; none where every battle is one.
    pub unit: Option<Vec<u32>>,
    /// `voter`, `prompt`, `duel` or `battle`.
    pub words: &'static str,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

/// The battles do not name what was asked to be sampled whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the battles name no {what}")]
pub struct NotNamed {
    /// `voter` or `prompt`.
    pub what: &'static str,
}

/// Units of battles whose voters and prompts are numbered from 1; 0 where none is named.
///
/// # Errors
/// What `cluster` asks for is named nowhere.
pub fn units(pairs: &[Pair], voters: &[u32], prompts: &[u32], cluster: Cluster) -> Result<Units, NotNamed> {
    let has = |ids: &[u32]| ids.iter().any(|id| *id > 0);
    let several = |ids: &[u32]| {
        let first = ids.iter().find(|id| **id > 0);
        ids.iter().filter(|id| **id > 0).any(|id| Some(id) != first)
    };
    let mut notes = Vec::new();
    let cluster = match cluster {
        Cluster::Voter if !has(voters) => return Err(NotNamed { what: "voter" }),
        Cluster::Prompt if !has(prompts) => return Err(NotNamed { what: "prompt" }),
        Cluster::Auto if several(voters) => Cluster::Voter,
        Cluster::Auto => {
            if has(voters) && voters.iter().all(|v| *v > 0) {
                notes.push("all votes are of one voter: sampled by prompt or battle".to_owned());
            }
            if several(prompts) { Cluster::Prompt } else { Cluster::Battle }
        }
        asked => asked,
    };
    let (unit, words) = match cluster {
        Cluster::Voter => (Some(by(pairs.len(), &[voters, prompts])), "voter"),
        Cluster::Prompt => (Some(by(pairs.len(), &[prompts])), "prompt"),
        _ => duels(pairs, voters, prompts).map_or((None, "battle"), |unit| (Some(unit), "duel")),
    };
    Ok(Units { unit, words, notes })
}

/// Units by the first of the lists that names one; a battle that none names is its own.
fn by(battles: usize, lists: &[&[u32]]) -> Vec<u32> {
    let mut numbers: Vec<Vec<u32>> =
        lists.iter().map(|ids| vec![u32::MAX; ids.iter().max().map_or(1, |m| *m as usize + 1)]).collect();
    let mut next = 0u32;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    (0..battles)
        .map(|at| {
            let named = lists.iter().zip(&mut numbers).find_map(|(ids, numbers)| {
                let id = ids.get(at).copied().filter(|id| *id > 0)?;
                Some(&mut numbers[id as usize])
            });
            match named {
                Some(number) => {
                    if *number == u32::MAX {
                        *number = fresh();
                    }
                    *number
                }
                None => fresh(),
            }
        })
        .collect()
}

/// Battles of the same two models about the same prompt before the same voter are one duel,
/// whichever side they stood on. `None` where no two battles are.
fn duels(pairs: &[Pair], voters: &[u32], prompts: &[u32]) -> Option<Vec<u32>> {
    if prompts.is_empty() {
        return None;
    }
    let mut seen: HashMap<(u32, u32, u32, u32), u32> = HashMap::new();
    let mut next = 0u32;
    let mut unit = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let prompt = prompts[at];
        let voter = voters.get(at).copied().unwrap_or(0);
        let key = (prompt, voter, pair.a.min(pair.b), pair.a.max(pair.b));
        let number = match prompt {
            0 => next,
            _ => *seen.entry(key).or_insert(next),
        };
        next += u32::from(number == next);
        unit.push(number);
    }
    ((next as usize) < unit.len()).then_some(unit)
}
