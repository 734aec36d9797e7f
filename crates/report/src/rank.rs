//! A ranking from battles, with names: what all its forms show, and its JSON.
//!
//! Main types: [`RankReport`], made by [`rank_report`] from `acidtest_metrics::rating`. Puts names to
//! numbers and reasons to absences; computes nothing.

use acidtest_metrics::rating::{Claim, Component, Ends, NoRating, Ranking, Rated};
use acidtest_metrics::stats::FEW_CLUSTERS;
use schemars::JsonSchema;
use serde::Serialize;

/// Name and major version of the JSON of a ranking.
pub const RANK_SCHEMA: &str = "acidtest.rank/1";

/// What the caller knows of a ranking besides its numbers.
#[derive(Debug, Clone, Default)]
pub struct RankAbout {
    /// Names of models, as the ranking numbers them.
    pub models: Vec<String>,
    /// `Bradley-Terry, maximum likelihood`.
    pub method: String,
    /// What is drawn and summed whole: `voter`, `prompt`, `duel`, `battle`.
    pub unit: String,
    /// Level of intervals.
    pub level: f64,
    /// `sandwich` or `bootstrap`.
    pub interval: String,
    /// Everything that is needed to get the numbers again.
    pub how: String,
    /// Names of style columns.
    pub style: Vec<String>,
    /// Models left out for too few battles.
    pub left_out: Vec<String>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// A ranking of models from pairwise battles.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "acidtest ranking")]
pub struct RankReport {
    /// `acidtest.rank/1`.
    pub(crate) schema: &'static str,
    /// How ratings were estimated.
    pub(crate) method: String,
    /// How to get the same numbers again.
    pub(crate) how: String,
    /// Battles that count.
    pub(crate) battles: u64,
    /// What is sampled whole.
    pub(crate) unit_of_sampling: String,
    /// How many of them; 0 where no interval was computed.
    pub(crate) units: usize,
    /// Level of intervals and claims.
    pub(crate) level: f64,
    /// Which interval `low` and `high` are: `sandwich` or `bootstrap`.
    pub(crate) interval: String,
    /// Why there are no ratings; null when there are.
    pub(crate) rating_none: Option<String>,
    /// Models, the highest rating first; without ratings by average win rate.
    pub(crate) rows: Vec<RankRow>,
    /// Pairs of models; of more than 100 models neighbours in rank only.
    pub(crate) claims: Vec<ClaimRow>,
    /// Pairs that Holm's correction counts.
    pub(crate) claims_of: u64,
    /// Effects of style columns.
    pub(crate) style: Vec<StyleRow>,
    /// Which battles to ask for next, the best first.
    pub(crate) next: Vec<NextRow>,
    /// Models that beat each other round about; one group where all can be rated.
    pub(crate) groups: Vec<GroupRow>,
    /// Tables of pairs.
    pub(crate) matrices: Matrices,
    /// Log likelihood at its maximum; null without one.
    pub(crate) log_likelihood: Option<f64>,
    /// Share of battles that nobody won.
    pub(crate) tie_fraction: Option<f64>,
    /// Resamples of the bootstrap; null where none was asked for.
    pub(crate) resamples: Option<ResampleRow>,
    /// Models left out for too few battles.
    pub(crate) left_out: Vec<String>,
    /// What a reader must know besides.
    pub(crate) warnings: Vec<String>,
}

impl RankReport {
    /// Every English sentence of it.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = &str> {
        let reasons = self.rows.iter().filter_map(|r| r.interval_none.as_deref());
        let own = [self.method.as_str(), self.unit_of_sampling.as_str()];
        own.into_iter()
            .chain(self.rating_none.as_deref())
            .chain(reasons)
            .chain(self.warnings.iter().map(String::as_str))
    }
}

/// One model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RankRow {
    /// Place by rating, from 1; null without ratings.
    pub(crate) place: Option<u32>,
    /// Best rank that marginal intervals leave open: 1 + models wholly above. For display only.
    pub(crate) rank_best: Option<u32>,
    /// Worst such rank.
    pub(crate) rank_worst: Option<u32>,
    /// Its name.
    pub(crate) model: String,
    /// In points; null without one.
    pub(crate) rating: Option<f64>,
    /// Lower end of the interval; null when there is none.
    pub(crate) low: Option<f64>,
    /// Upper end.
    pub(crate) high: Option<f64>,
    /// Why there is no interval; null when there is one.
    pub(crate) interval_none: Option<String>,
    /// Half width by the sandwich covariance.
    pub(crate) half_width_sandwich: Option<f64>,
    /// Half width by Fisher's covariance: right only if battles are independent.
    pub(crate) half_width_fisher: Option<f64>,
    /// Lower end by the bootstrap; null where none was drawn, or too many resamples failed.
    pub(crate) bootstrap_low: Option<f64>,
    /// Upper end by the bootstrap.
    pub(crate) bootstrap_high: Option<f64>,
    /// Battles of the model.
    pub(crate) battles: u64,
    /// Battles that it won.
    pub(crate) wins: u64,
    /// Battles that nobody won.
    pub(crate) ties: u64,
    /// Battles that it lost.
    pub(crate) losses: u64,
    /// Unweighted mean of its shares of decided battles over its opponents; null without any.
    pub(crate) average_win_rate: Option<f64>,
}

/// A pair and what is shown of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ClaimRow {
    /// The model with the higher rating.
    pub(crate) higher: String,
    /// The other.
    pub(crate) lower: String,
    /// Points between them.
    pub(crate) difference: f64,
    /// Lower end of its interval, with the covariance of the two; null without variance.
    pub(crate) low: Option<f64>,
    /// Upper end.
    pub(crate) high: Option<f64>,
    /// Lower end after Holm's correction over all pairs.
    pub(crate) corrected_low: Option<f64>,
    /// Upper end after it.
    pub(crate) corrected_high: Option<f64>,
    /// Two-sided p.
    pub(crate) p: f64,
    /// The same after Holm's correction.
    pub(crate) p_holm: f64,
    /// Whether the higher one is shown to be better.
    pub(crate) shown: bool,
}

/// What a style column does.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct StyleRow {
    /// Its name.
    pub(crate) column: String,
    /// Points for a relative difference of one standard deviation.
    pub(crate) points: f64,
    /// Lower end.
    pub(crate) low: Option<f64>,
    /// Upper end.
    pub(crate) high: Option<f64>,
    /// That standard deviation (root mean square of (a − b) / (|a| + |b|)).
    pub(crate) spread: f64,
}

/// A battle to ask for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct NextRow {
    /// One model.
    pub(crate) a: String,
    /// The other.
    pub(crate) b: String,
    /// Battles of the two so far.
    pub(crate) battles: u64,
    /// Expected information of one more about all ratings, in nats; null where it is to bring groups together.
    pub(crate) gain_nats: Option<f64>,
}

/// Models that beat or tied each other round about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct GroupRow {
    /// Their names.
    pub(crate) models: Vec<String>,
    /// Nobody outside beat or tied one of them.
    pub(crate) unbeaten: bool,
    /// None of them beat or tied anybody outside.
    pub(crate) winless: bool,
}

/// Tables of pairs; rows and columns in this order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Matrices {
    /// Names of rows and columns.
    pub(crate) order: Vec<String>,
    /// Battles that the row won.
    pub(crate) wins: Vec<Vec<u64>>,
    /// Battles of the pair.
    pub(crate) battles: Vec<Vec<u64>>,
    /// Battles of the pair that somebody won.
    pub(crate) decided: Vec<Vec<u64>>,
    /// Wins of the row / decided battles; null without one.
    pub(crate) win_fraction: Vec<Vec<Option<f64>>>,
    /// P(row beats column), ties as halves; null without ratings.
    pub(crate) predicted: Option<Vec<Vec<Option<f64>>>>,
}

/// Resamples of the bootstrap.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ResampleRow {
    /// Drawn.
    pub(crate) drawn: usize,
    /// Without ratings; over 1 % there is no interval.
    pub(crate) failed: usize,
}

/// Names and reasons put to a ranking.
#[must_use]
pub fn rank_report(ranking: &Ranking, about: RankAbout) -> RankReport {
    let name = |m: u32| about.models[m as usize].clone();
    let rating_none = ranking.rated.as_ref().err().map(|why| reason(why, &ranking.groups, &about.models));
    let n = ranking.order.len() as u64;
    let group = |g: &Component| GroupRow {
        models: g.models.iter().map(|m| name(*m)).collect(),
        unbeaten: g.unbeaten,
        winless: g.winless,
    };
    let mut warnings = about.notes.clone();
    if ranking.is_clustered && ranking.rated.is_ok() && (2..FEW_CLUSTERS).contains(&ranking.units) {
        warnings.push(format!("only {} units of sampling: intervals may be too narrow", ranking.units));
    }
    if let Some((failed, of)) = ranking.resamples.filter(|(failed, _)| *failed > 0) {
        warnings.push(format!("{failed} of {of} resamples have no ratings and are left out"));
    }
    let style = ranking.style.iter().zip(&about.style);
    RankReport {
        schema: RANK_SCHEMA,
        battles: ranking.records.iter().map(|r| r.iter().sum::<u64>()).sum::<u64>() / 2,
        units: ranking.units,
        rating_none,
        rows: ranking
            .order
            .iter()
            .zip(1..)
            .map(|(m, place)| row(ranking, *m, place, &about.models))
            .collect(),
        claims: ranking.claims.iter().map(|c| claim(c, &about.models)).collect(),
        claims_of: if ranking.claims.is_empty() { 0 } else { n * (n - 1) / 2 },
        style: style
            .map(|(s, column)| StyleRow {
                column: column.clone(),
                points: s.points,
                low: s.ends.map(|e| e.low),
                high: s.ends.map(|e| e.high),
                spread: s.spread,
            })
            .collect(),
        next: ranking
            .advice
            .iter()
            .map(|a| NextRow { a: name(a.a), b: name(a.b), battles: a.meetings, gain_nats: a.gain })
            .collect(),
        groups: ranking.groups.iter().map(group).collect(),
        matrices: matrices(ranking, &about.models),
        log_likelihood: ranking.log_likelihood,
        tie_fraction: ranking.tables.tie_fraction,
        resamples: ranking.resamples.map(|(failed, drawn)| ResampleRow { drawn, failed }),
        warnings,
        method: about.method,
        how: about.how,
        unit_of_sampling: about.unit,
        level: about.level,
        interval: about.interval,
        left_out: about.left_out,
    }
}

fn row(ranking: &Ranking, m: u32, place: u32, models: &[String]) -> RankRow {
    let at = m as usize;
    let [wins, ties, losses] = ranking.records[at];
    let rated: Option<&Rated> = ranking.rated.as_ref().ok().map(|all| &all[at]);
    let ends: Option<Ends> = rated.and_then(|r| r.ends.as_ref().ok().copied());
    let drawn = rated.and_then(|r| r.bootstrap.as_ref()?.as_ref().ok().copied());
    let ranks = rated.filter(|_| ends.is_some()).map(|r| r.ranks);
    RankRow {
        place: rated.map(|_| place),
        rank_best: ranks.map(|r| r.0),
        rank_worst: ranks.map(|r| r.1),
        model: models[at].clone(),
        rating: rated.map(|r| r.rating),
        low: ends.map(|e| e.low),
        high: ends.map(|e| e.high),
        interval_none: rated.and_then(|r| r.ends.as_ref().err().map(ToString::to_string)),
        half_width_sandwich: rated.and_then(|r| r.sandwich),
        half_width_fisher: rated.and_then(|r| r.fisher),
        bootstrap_low: drawn.map(|e| e.low),
        bootstrap_high: drawn.map(|e| e.high),
        battles: wins + ties + losses,
        wins,
        ties,
        losses,
        average_win_rate: ranking.tables.average_win_rate[at],
    }
}

fn claim(c: &Claim, models: &[String]) -> ClaimRow {
    ClaimRow {
        higher: models[c.higher as usize].clone(),
        lower: models[c.lower as usize].clone(),
        difference: c.difference,
        low: c.ends.map(|e| e.low),
        high: c.ends.map(|e| e.high),
        corrected_low: c.corrected.map(|e| e.low),
        corrected_high: c.corrected.map(|e| e.high),
        p: c.p,
        p_holm: c.p_holm,
        shown: c.is_shown,
    }
}

fn matrices(ranking: &Ranking, models: &[String]) -> Matrices {
    let order = || ranking.order.iter().map(|m| *m as usize);
    fn sorted<T: Copy>(grid: &[Vec<T>], order: &[u32]) -> Vec<Vec<T>> {
        let place = |m: &u32| *m as usize;
        order.iter().map(|i| order.iter().map(|j| grid[place(i)][place(j)]).collect()).collect()
    }
    let predicted = ranking
        .predicted
        .as_ref()
        .map(|p| order().map(|i| order().map(|j| (i != j).then(|| p[i][j])).collect()).collect());
    Matrices {
        order: order().map(|m| models[m].clone()).collect(),
        wins: sorted(&ranking.tables.wins, &ranking.order),
        battles: sorted(&ranking.tables.battles, &ranking.order),
        decided: sorted(&ranking.tables.decided, &ranking.order),
        win_fraction: sorted(&ranking.tables.win_fraction, &ranking.order),
        predicted,
    }
}

/// Names in a sentence at most.
const NAMED: usize = 5;

fn reason(why: &NoRating, groups: &[Component], models: &[String]) -> String {
    if let NoRating::Failed(why) = why {
        return why.to_string();
    }
    let names = |wanted: &dyn Fn(&&Component) -> bool| -> String {
        let all: Vec<u32> = groups.iter().filter(wanted).flat_map(|g| g.models.iter().copied()).collect();
        let some: Vec<&str> = all.iter().take(NAMED).map(|m| models[*m as usize].as_str()).collect();
        let more = if all.len() > NAMED { ", …" } else { "" };
        some.join(", ") + more
    };
    let apart = names(&|g| g.unbeaten && g.winless);
    let unbeaten = names(&|g| g.unbeaten && !g.winless);
    let winless = names(&|g| g.winless && !g.unbeaten);
    let mut parts = vec!["models cannot be put on one scale".to_owned()];
    for (what, names) in [
        ("never lost to the others or tied them", unbeaten),
        ("never beat the others or tied them", winless),
        ("never met the others", apart),
    ] {
        if !names.is_empty() {
            parts.push(format!("{what}: {names}"));
        }
    }
    parts.join("; ")
}

/// A ranking as JSON.
#[must_use]
pub fn rank_json(report: &RankReport) -> serde_json::Value {
    serde_json::to_value(report).expect("text keys and numbers always serialise")
}

/// The JSON Schema of [`rank_json`].
#[must_use]
pub fn rank_schema() -> serde_json::Value {
    schemars::schema_for!(RankReport).to_value()
}
