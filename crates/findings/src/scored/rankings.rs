//! Ranked lists against judgements: hits, recall, reciprocal ranks, nDCG, MAP.
//!
//! Main function: [`score`]. Queries without a relevant document are excluded and counted.

use super::samples::missing;
use super::sheet::{LEVEL, Made, Units, Unscored};
use crate::estimate::{Estimate, Uncertainty};
pub use acidtest_metrics::retrieval::Gain;
use acidtest_metrics::retrieval::RankedQuery;
use acidtest_metrics::stats::{clustered_proportion, clustered_score};

/// What a name on the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankMetric {
    /// A relevant document is among the first k.
    Hit(usize),
    /// Share of relevant documents among the first k.
    Recall(usize),
    /// Share of the first k that is relevant.
    Precision(usize),
    /// One over the first relevant rank.
    Mrr,
    /// Discounted gain over the best, cut or whole.
    Ndcg(Option<usize>, Gain),
    /// Mean precision at relevant documents.
    Map,
    /// Precision at as many ranks as there are relevant documents.
    RPrecision,
}

/// One query: what was ranked with its scores, and what was judged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// Its name.
    pub name: String,
    /// Documents and scores; equal scores go by document, the later in byte order first.
    pub run: Vec<(String, f64)>,
    /// Documents and judgements; above 0 is relevant.
    pub judged: Vec<(String, i32)>,
}

/// Mean over queries; `units` has one entry per query. A query whose relevant documents nothing
/// was ranked for counts 0.
///
/// # Errors
/// No query, a document ranked or judged twice, or a score that is NaN; `row` is the query.
pub fn score(
    wanted: &[(String, RankMetric)],
    queries: &[Query],
    units: &Units,
) -> Result<Vec<Estimate>, Unscored> {
    if queries.is_empty() || units.of.len() != queries.len() {
        return Err(Unscored::new(None, "there is no query", ""));
    }
    let ranked = queries.iter().enumerate().map(|(row, q)| {
        let run: Vec<(&str, f64)> = q.run.iter().map(|(d, s)| (d.as_str(), *s)).collect();
        let judged: Vec<(&str, i32)> = q.judged.iter().map(|(d, j)| (d.as_str(), *j)).collect();
        RankedQuery::scored(&run, &judged).map_err(|why| Unscored::new(Some(row), why.to_string(), ""))
    });
    let ranked: Vec<RankedQuery> = ranked.collect::<Result<_, _>>()?;
    Ok(wanted.iter().map(|(name, metric)| one(name, *metric, &ranked, queries, units)).collect())
}

fn one(name: &str, metric: RankMetric, ranked: &[RankedQuery], queries: &[Query], units: &Units) -> Estimate {
    let values: Vec<Option<f64>> = ranked.iter().map(|q| value(metric, q)).collect();
    let kept = units.only(|row| values[row].is_some());
    let excluded = values.iter().filter(|v| v.is_none()).count() as u64;
    let unranked = queries.iter().zip(&values).filter(|(q, v)| q.run.is_empty() && v.is_some()).count();
    let gain = match metric {
        RankMetric::Ndcg(_, Gain::Linear) => "; linear gain",
        RankMetric::Ndcg(_, Gain::Exponential) => "; gain 2^judgement - 1",
        _ => "",
    };
    let rule = format!(
        "{name} as trec_eval{gain}; equal scores: later document first; mean over queries; {excluded} without \
         a relevant document excluded; {unranked} without a ranking count 0; unit of sampling: {}",
        units.name
    );
    let mut made = Made::new(name, "ratio", kept.n(ranked.len()), rule);
    if kept.of.is_empty() {
        let why = "no query has a relevant document".to_owned();
        return made.valued(Err(why), Uncertainty::None(String::new())).done();
    }
    let sums = kept.sums(values.into_iter().flatten());
    let found = match metric {
        RankMetric::Hit(_) => clustered_proportion(&sums, LEVEL),
        _ => clustered_score(&sums, LEVEL),
    };
    made.missing = missing(&sums, excluded);
    made.clustered(found, units.name).done()
}

fn value(metric: RankMetric, q: &RankedQuery) -> Option<f64> {
    match metric {
        RankMetric::Hit(k) => q.hit(k),
        RankMetric::Recall(k) => q.recall(k),
        RankMetric::Precision(k) => q.precision(k),
        RankMetric::Mrr => q.reciprocal_rank(),
        RankMetric::Ndcg(k, gain) => q.ndcg(k, gain),
        RankMetric::Map => q.average_precision(),
        RankMetric::RPrecision => q.r_precision(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(run: &[(&str, f64)], judged: &[(&str, i32)]) -> Query {
        Query {
            name: "q".into(),
            run: run.iter().map(|(d, s)| ((*d).to_owned(), *s)).collect(),
            judged: judged.iter().map(|(d, j)| ((*d).to_owned(), *j)).collect(),
        }
    }

    #[test]
    fn unjudged_queries_are_excluded_and_unranked_ones_count() {
        let queries = [
            query(&[("a", 2.0), ("b", 1.0)], &[("b", 1)]),
            query(&[("a", 2.0)], &[]),
            query(&[], &[("x", 1)]),
        ];
        let units = Units::single(3, "query");
        let wanted = [("mrr".to_owned(), RankMetric::Mrr), ("hit@2".to_owned(), RankMetric::Hit(2))];
        let found = score(&wanted, &queries, &units).unwrap();
        assert_eq!((found[0].number(), found[1].number()), (Some(0.25), Some(0.5)));
        assert_eq!((found[0].n.cases, found[0].n.of, found[0].missing.unwrap().excluded), (2, 3, 1));
        assert!(found[0].how.contains("1 without a ranking count 0"));
        let none = score(&wanted, &queries[1..2], &Units::single(1, "query")).unwrap();
        assert_eq!(none[0].number(), None);
    }

    #[test]
    fn what_is_wrong_names_its_query() {
        let twice = [query(&[("a", 1.0)], &[("a", 1)]), query(&[("a", 1.0), ("a", 0.5)], &[("a", 1)])];
        let error =
            score(&[("map".into(), RankMetric::Map)], &twice, &Units::single(2, "query")).unwrap_err();
        assert_eq!(error.row, Some(1));
    }
}
