//! How ratings were asked for, in words: the method and everything that is needed to get them again.
//!
//! Main type: [`RankSettings`]. One place for files of votes, stored votes and the page, so that the
//! same question has the same answer, word for word.

use crate::rank::RankAbout;
use acidtest_metrics::rating::Ranking;

/// How ratings are estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RankMethod {
    /// Bradley-Terry.
    BradleyTerry {
        /// Ties of each model with an average opponent; 0 for maximum likelihood.
        prior_ties: f64,
    },
    /// Online Elo.
    Elo {
        /// Points at stake.
        k: f64,
        /// Whether battles count in the order of their times.
        by_time: bool,
    },
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSettings {
    /// How ratings are estimated.
    pub method: RankMethod,
    /// The model whose rating is fixed, as it was written.
    pub anchor: Option<String>,
    /// Mean rating of all models.
    pub center: f64,
    /// Whether tied battles were left out.
    pub are_ties_dropped: bool,
    /// Whether the bootstrap's interval stands beside a rating.
    pub is_bootstrap_shown: bool,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Level of intervals.
    pub level: f64,
    /// Names of style columns.
    pub style: Vec<String>,
    /// The same as they were written.
    pub style_words: Vec<String>,
}

impl Default for RankSettings {
    fn default() -> Self {
        Self {
            method: RankMethod::BradleyTerry { prior_ties: 0.0 },
            anchor: None,
            center: 1000.0,
            are_ties_dropped: false,
            is_bootstrap_shown: false,
            seed: 0,
            level: 0.95,
            style: Vec::new(),
            style_words: Vec::new(),
        }
    }
}

/// What was ranked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranked {
    /// Names of models, as the ranking numbers them.
    pub models: Vec<String>,
    /// What is sampled whole.
    pub unit: String,
    /// Models left out for too few battles.
    pub left_out: Vec<String>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

impl RankSettings {
    /// What a report says of a ranking besides its numbers.
    #[must_use]
    pub fn about(&self, ranking: &Ranking, ranked: Ranked) -> RankAbout {
        let method = match self.method {
            RankMethod::Elo { k, .. } => format!("online Elo, K {k}"),
            RankMethod::BradleyTerry { prior_ties } if prior_ties > 0.0 => {
                format!("Bradley-Terry, regularised by {prior_ties} prior ties")
            }
            RankMethod::BradleyTerry { .. } => "Bradley-Terry, maximum likelihood".to_owned(),
        };
        let mut notes = ranked.notes;
        match self.method {
            RankMethod::BradleyTerry { prior_ties } if prior_ties > 0.0 => notes.push(
                "regularised: the ratings are pulled together and are not the maximum-likelihood estimate"
                    .into(),
            ),
            RankMethod::Elo { by_time, .. } => {
                let order = if by_time { "their times" } else { "the files" };
                notes.push(format!("battles count in the order of {order}"));
            }
            RankMethod::BradleyTerry { .. } => {}
        }
        RankAbout {
            how: self.how(ranking, &method, &ranked.unit),
            models: ranked.models,
            method,
            unit: ranked.unit,
            level: self.level,
            interval: if self.is_bootstrap_shown { "bootstrap" } else { "sandwich" }.to_owned(),
            style: self.style.clone(),
            left_out: ranked.left_out,
            notes,
        }
    }

    /// Everything that is needed to get the numbers again.
    fn how(&self, ranking: &Ranking, method: &str, unit: &str) -> String {
        let mut parts = vec![method.to_owned(), "scale 400, base 10".to_owned()];
        parts.push(match &self.anchor {
            Some(anchor) => format!("anchor {anchor}"),
            None => format!("mean {}", self.center),
        });
        parts.push(if self.are_ties_dropped { "ties dropped" } else { "ties 0.5" }.to_owned());
        if matches!(self.method, RankMethod::BradleyTerry { .. }) {
            parts.push(match ranking.is_clustered {
                true => format!("sandwich over units of one {unit}, factor C/(C-1), t on C-1 df"),
                false => "sandwich over battles, normal".to_owned(),
            });
            if let Some((_, drawn)) = ranking.resamples {
                let seed = self.seed;
                parts
                    .push(format!("bootstrap of {drawn} resamples of whole units, seed {seed}, percentiles"));
            }
            parts.push("pairs: covariance of the difference, Holm over all".to_owned());
        }
        if !self.style.is_empty() {
            let style = self.style_words.join(" ");
            parts.push(format!("style {style} as (a-b)/(|a|+|b|) over its root mean square"));
        }
        parts.push(format!("acidtest {}", env!("CARGO_PKG_VERSION")));
        parts.join("; ")
    }
}
