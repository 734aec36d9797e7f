//! The leaderboard of stored runs: what `acidtest rank` says of votes or of a score, for the page.
//!
//! Main type: [`Leaderboard`], made by [`leaderboard`]. Puts words to what was found; computes nothing.

use crate::rank::{RankReport, rank_report};
use crate::rank_settings::{RankSettings, Ranked};
use crate::words::Lang;
use acidtest_findings::duels::Duels;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Ratings of the targets of stored runs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Leaderboard {
    /// `votes`, or `score:NAME`.
    pub source: String,
    /// What battles can be made of.
    pub sources: Vec<BattleSource>,
    /// What `acidtest rank --format json` says; null where there are no battles.
    pub rank: Option<RankReport>,
    /// Why there is none.
    pub none: Option<String>,
    /// People and judges that voted.
    pub voters: u64,
    /// The runs that take part.
    pub runs: Vec<BattleRun>,
    /// Korean of every English sentence that has one.
    pub words: BTreeMap<String, String>,
}

/// Something that battles can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BattleSource {
    /// `votes`, or `score:NAME`.
    pub id: String,
    /// How many battles there are.
    pub battles: u64,
}

/// A run that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BattleRun {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Battles and their ranking put to words, as the command line does without further options.
#[must_use]
pub fn leaderboard(
    source: &str,
    sources: Vec<BattleSource>,
    duels: &Duels,
    runs: Vec<BattleRun>,
) -> Leaderboard {
    let (rank, none) = match duels.rated() {
        Ok((ranking, units)) => {
            let notes = duels.notes.iter().chain(&units.notes).cloned().collect();
            let ranked = Ranked {
                models: duels.models.clone(),
                unit: units.words.to_owned(),
                left_out: Vec::new(),
                notes,
            };
            (Some(rank_report(&ranking, RankSettings::default().about(&ranking, ranked))), None)
        }
        Err(_) if source == "votes" => (None, Some("nobody has voted yet".to_owned())),
        Err(_) => (None, Some("no two targets have this score on the same case".to_owned())),
    };
    let mut said: Vec<&str> = none.as_deref().into_iter().collect();
    if let Some(rank) = &rank {
        said.extend(rank.sentences());
    }
    let words = said.into_iter().map(|s| (s.to_owned(), Lang::Ko.tell(s)));
    let words = words.filter(|(en, ko)| en != ko).collect();
    Leaderboard { source: source.to_owned(), sources, rank, none, voters: duels.voter_count(), runs, words }
}
