//! Texts, labels and numbers in, numbers out: the metrics and statistics of acidtest.
//!
//! ```text
//!   text/         answers against references       exact_match token_f1 char_f1 (+ _unicode)
//!   corpus/       texts against references       BLEU chrF TER ROUGE METEOR WER CER
//!   edit/         distances of two strings       levenshtein indel jaro_winkler
//!   diversity/    texts against each other       distinct_n self_bleu
//!   classify/     labels and probabilities       precision recall f1 mcc roc_auc brier ece
//!   language/     log-likelihoods                perplexity, multiple choice
//!   sampling/     several answers to one task    pass@k pass^k majority
//!   retrieval/    ranked lists                   ndcg map mrr hit@k
//!   rating/       pairwise battles               Elo, Bradley-Terry
//!   named/        any of these by its name and options   bleu[tokenize=char]
//!   json/         JSON in answers: strict, repaired    read_json compare
//!   speed/        time stamps to speeds            gaps tpot max_stall SpeedCard steady_window
//!   reliability/  incidents over time              Mtbf
//!   stats/        estimates and their intervals    quantile proportion clustered_* batch_* bootstrap_*
//! ```
//!
//! Everything is a pure function of its arguments: no files, sockets, clocks, threads or
//! environment, and random draws come from a seed that the caller gives. A value that does not
//! exist is `None` or an error with its reason, never NaN and never a silent 0.
//!
//! ```
//! use acidtest_metrics::stats::{Unit, clustered_proportion};
//! use acidtest_metrics::text::{Squad, token_f1};
//!
//! // Two questions about each of three exhibits; right when F1 reaches a half.
//! let answers = [
//!     [("about 1400 years", "1400 years"), ("bronze", "gilt bronze")],
//!     [("in Seoul", "Seoul"), ("a crown", "gold crown")],
//!     [("no idea", "celadon"), ("celadon", "celadon")],
//! ];
//! let units = answers.map(|exhibit| Unit {
//!     cases: 2,
//!     sum: exhibit
//!         .iter()
//!         .filter(|(said, due)| token_f1(said, &[due], Squad::V1).is_some_and(|f1| f1 >= 0.5))
//!         .count() as f64,
//! });
//! let accuracy = clustered_proportion(&units, 0.95).unwrap();
//! assert_eq!((accuracy.cases, accuracy.clusters), (6, 3));
//! assert!((accuracy.value - 5.0 / 6.0).abs() < 1e-12);
//! assert!(accuracy.few_clusters && accuracy.interval.unwrap().low.unwrap() < 0.5);
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod classify;
pub mod corpus;
pub mod diversity;
pub mod edit;
pub mod json;
pub mod language;
pub mod named;
pub mod rating;
pub mod reliability;
pub mod retrieval;
pub mod sampling;
pub mod speed;
pub mod stats;
pub mod text;
