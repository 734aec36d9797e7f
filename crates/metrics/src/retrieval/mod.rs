//! Ranked lists against judgements, as trec_eval computes them.
//!
//! Main types: [`RankedQuery`], [`mean_over_queries`]. A document is relevant when its judgement
//! is above 0; one without a judgement is not. Reading TREC files is not done here.

use std::collections::{HashMap, HashSet};

/// What is wrong with a ranking or its judgements.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RetrievalError {
    /// A document stands twice in the ranking.
    #[error("document {document} is ranked twice")]
    RankedTwice {
        /// Its id.
        document: String,
    },
    /// A document is judged twice.
    #[error("document {document} is judged twice")]
    JudgedTwice {
        /// Its id.
        document: String,
    },
    /// A score is NaN.
    #[error("the score of document {document} is {score}, expected a number")]
    Score {
        /// Its id.
        document: String,
        /// The score.
        score: f64,
    },
}

/// What a judgement is worth in nDCG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// The judgement itself, as in trec_eval: `ndcg`.
    Linear,
    /// 2^judgement − 1: `ndcg_exp`.
    Exponential,
}

impl Gain {
    fn of(self, judgement: u32) -> f64 {
        match self {
            Gain::Linear => f64::from(judgement),
            Gain::Exponential => f64::from(judgement).exp2() - 1.0,
        }
    }
}

/// One query: judgements in rank order, and those of all its relevant documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedQuery {
    /// Judgement of each ranked document, best rank first; 0 when not relevant.
    ranked: Vec<u32>,
    /// Judgements of all relevant documents, highest first.
    ideal: Vec<u32>,
}

impl RankedQuery {
    /// A ranking in its order, best first.
    ///
    /// ```
    /// use acidtest_metrics::retrieval::{Gain, RankedQuery};
    /// let q = RankedQuery::ranked(&["a", "b", "c"], &[("b", 2), ("c", 0), ("d", 1)]).unwrap();
    /// assert_eq!((q.hit(1), q.hit(2), q.reciprocal_rank()), (Some(0.0), Some(1.0), Some(0.5)));
    /// assert_eq!((q.recall(3), q.average_precision()), (Some(0.5), Some(0.25)));
    /// assert!(q.ndcg(None, Gain::Linear).unwrap() < 0.5);
    /// ```
    ///
    /// # Errors
    /// A document that is ranked or judged twice.
    pub fn ranked(ranking: &[&str], judgements: &[(&str, i32)]) -> Result<RankedQuery, RetrievalError> {
        let mut judged = HashMap::with_capacity(judgements.len());
        for (document, judgement) in judgements {
            if judged.insert(*document, u32::try_from(*judgement).unwrap_or(0)).is_some() {
                return Err(RetrievalError::JudgedTwice { document: (*document).to_owned() });
            }
        }
        let mut seen = HashSet::with_capacity(ranking.len());
        if let Some(document) = ranking.iter().find(|d| !seen.insert(**d)) {
            return Err(RetrievalError::RankedTwice { document: (*document).to_owned() });
        }
        let ranked = ranking.iter().map(|d| judged.get(d).copied().unwrap_or(0)).collect();
        let mut ideal: Vec<u32> = judged.into_values().filter(|j| *j > 0).collect();
        ideal.sort_unstable_by(|a, b| b.cmp(a));
        Ok(RankedQuery { ranked, ideal })
    }

    /// Documents with scores. As trec_eval, scores are compared in single precision, and of equal
    /// ones the document whose id is later in byte order comes first.
    ///
    /// # Errors
    /// As [`RankedQuery::ranked`], or a score that is NaN.
    pub fn scored(run: &[(&str, f64)], judgements: &[(&str, i32)]) -> Result<RankedQuery, RetrievalError> {
        if let Some((document, score)) = run.iter().find(|(_, s)| s.is_nan()) {
            return Err(RetrievalError::Score { document: (*document).to_owned(), score: *score });
        }
        // + 0 makes −0 equal to 0.
        let mut order: Vec<(f32, &str)> = run.iter().map(|(d, s)| (*s as f32 + 0.0, *d)).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(a.1)));
        let ranking: Vec<&str> = order.into_iter().map(|(_, d)| d).collect();
        RankedQuery::ranked(&ranking, judgements)
    }

    /// How many documents are relevant, ranked or not. Without any, no number of the query exists.
    pub fn relevant(&self) -> usize {
        self.ideal.len()
    }

    fn hits(&self, k: usize) -> usize {
        self.ranked.iter().take(k).filter(|j| **j > 0).count()
    }

    fn when(&self, exists: bool, value: impl FnOnce() -> f64) -> Option<f64> {
        (exists && !self.ideal.is_empty()).then(value)
    }

    /// `hit@k`: 1 when a relevant document is among the first k, else 0 (`success_k`).
    pub fn hit(&self, k: usize) -> Option<f64> {
        self.when(k > 0, || f64::from(u8::from(self.hits(k) > 0)))
    }

    /// `precision@k`: share of relevant ones among the first k; missing ranks are not relevant.
    pub fn precision(&self, k: usize) -> Option<f64> {
        self.when(k > 0, || self.hits(k) as f64 / k as f64)
    }

    /// `recall@k`: share of the relevant documents that are among the first k.
    pub fn recall(&self, k: usize) -> Option<f64> {
        self.when(k > 0, || self.hits(k) as f64 / self.relevant() as f64)
    }

    /// One over the rank of the first relevant document, 0 when none is ranked; its mean is `mrr`.
    pub fn reciprocal_rank(&self) -> Option<f64> {
        let first = self.ranked.iter().position(|j| *j > 0);
        self.when(true, || first.map_or(0.0, |at| 1.0 / (at + 1) as f64))
    }

    /// Mean over all relevant documents of the precision at their rank, 0 for those not ranked; its
    /// mean is `map`.
    pub fn average_precision(&self) -> Option<f64> {
        let mut hits = 0.0;
        let mut sum = 0.0;
        for (at, _) in self.ranked.iter().enumerate().filter(|(_, j)| **j > 0) {
            hits += 1.0;
            sum += hits / (at + 1) as f64;
        }
        self.when(true, || sum / self.relevant() as f64)
    }

    /// `r_precision`: precision at as many ranks as there are relevant documents.
    pub fn r_precision(&self) -> Option<f64> {
        self.precision(self.relevant())
    }

    /// `ndcg`, or `ndcg@k` with a cut: Σ gain / log₂(rank + 1), over that of the best ranking of all
    /// relevant documents (cut alike). Negative judgements gain 0. Source: Järvelin and Kekäläinen,
    /// ACM TOIS 20 (2002) 422–446, with the discount of trec_eval.
    pub fn ndcg(&self, k: Option<usize>, gain: Gain) -> Option<f64> {
        let k = k.unwrap_or(usize::MAX);
        // Divided by the highest judgement's gain, so that 2^judgement cannot overflow.
        let top = self.ideal.first().copied().unwrap_or(0);
        let scaled = |judgement: u32| match gain {
            Gain::Exponential if top > 1000 => {
                (f64::from(judgement) - f64::from(top)).exp2() * f64::from(u8::from(judgement > 0))
            }
            _ => gain.of(judgement),
        };
        let sum = |judgements: &[u32]| -> f64 {
            let ranks = judgements.iter().take(k).enumerate();
            ranks.map(|(at, j)| scaled(*j) / (at as f64 + 2.0).log2()).sum()
        };
        self.when(k > 0, || sum(&self.ranked) / sum(&self.ideal))
    }
}

/// A mean over queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryMean {
    /// The mean; `None` when no query has a value.
    pub value: Option<f64>,
    /// Queries in the mean.
    pub queries: usize,
    /// Queries left out because no document is relevant to them.
    pub excluded: usize,
}

/// The mean of a number over queries; those without a relevant document are excluded and counted.
/// (trec_eval itself averages over what it finds judged, with 0 for them.)
///
/// ```
/// use acidtest_metrics::retrieval::{RankedQuery, mean_over_queries};
/// let queries = [
///     RankedQuery::ranked(&["a"], &[("a", 1)]).unwrap(),
///     RankedQuery::ranked(&["a"], &[("a", 0)]).unwrap(),
/// ];
/// let mrr = mean_over_queries(&queries, RankedQuery::reciprocal_rank);
/// assert_eq!((mrr.value, mrr.queries, mrr.excluded), (Some(1.0), 1, 1));
/// ```
pub fn mean_over_queries(queries: &[RankedQuery], of: impl Fn(&RankedQuery) -> Option<f64>) -> QueryMean {
    let values: Vec<f64> = queries.iter().filter_map(of).collect();
    let value = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let excluded = queries.iter().filter(|q| q.relevant() == 0).count();
    QueryMean { value, queries: values.len(), excluded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_later_id() {
        let run = [("a", 1.0), ("b", 1.0 + 1e-12), ("c", 1.0), ("d", 0.5)];
        let q = RankedQuery::scored(&run, &[("c", 1)]).unwrap();
        assert_eq!(q.reciprocal_rank(), Some(1.0));
        let q = RankedQuery::scored(&run, &[("a", 1)]).unwrap();
        assert_eq!(q.reciprocal_rank(), Some(1.0 / 3.0));
    }

    #[test]
    fn unusable_input() {
        let twice = RankedQuery::ranked(&["a", "a"], &[]);
        assert_eq!(twice, Err(RetrievalError::RankedTwice { document: "a".to_owned() }));
        assert!(RankedQuery::ranked(&[], &[("a", 1), ("a", 1)]).is_err());
        assert!(RankedQuery::scored(&[("a", f64::NAN)], &[]).is_err());
        let none = RankedQuery::ranked(&["a"], &[("a", -1)]).unwrap();
        assert_eq!((none.hit(1), none.ndcg(None, Gain::Linear), none.r_precision()), (None, None, None));
        let some = RankedQuery::ranked(&[], &[("a", 1)]).unwrap();
        assert_eq!(
            (some.precision(0), some.precision(2), some.average_precision()),
            (None, Some(0.0), Some(0.0))
        );
    }

    #[test]
    fn gains() {
        let q = RankedQuery::ranked(&["x", "a"], &[("a", 3), ("b", 1)]).unwrap();
        let discount = 1.0 / 3f64.log2();
        let linear = q.ndcg(None, Gain::Linear).unwrap();
        assert!((linear - 3.0 * discount / (3.0 + discount)).abs() < 1e-12);
        let exponential = q.ndcg(Some(2), Gain::Exponential).unwrap();
        assert!((exponential - 7.0 * discount / (7.0 + discount)).abs() < 1e-12);
        let huge = RankedQuery::ranked(&["a"], &[("a", i32::MAX)]).unwrap();
        assert_eq!(huge.ndcg(None, Gain::Exponential), Some(1.0));
    }
}
