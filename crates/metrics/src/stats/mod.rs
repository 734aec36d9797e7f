//! Numbers about numbers: quantiles, intervals, resampling.
//!
//! ```text
//!   what is the unit?            what is estimated?        function
//!   one yes/no per case          a share                   proportion (wilson, clopper_pearson)
//!   clusters of cases            a share, a mean, a ratio  clustered_proportion, clustered_mean, ratio
//!   clusters of cases            a mean score in 0..1      clustered_score
//!   independent values           a quantile                quantile_interval
//!   values in send order (load)  a quantile, a mean        batch_quantile, batch_mean
//!   values at even times         whether they go up        upward_trend
//!   pairs of yes/no outcomes     a difference of shares    tango, newcombe_paired, mcnemar_exact
//!   units with differences       whether they are about 0  sign_flip, holm
//!   units with any statistics    any function of sums      bootstrap_percentile
//!   units with many values       a quantile of the pool    bootstrap_pooled_quantile
//!   records in send order        a quantile of their gaps  batch_pooled_quantile
//! ```
//!
//! Beside them: [`confidence_sequence`] may be looked at after every value, [`generalization_gap`]
//! holds seen-like against held-out cases, [`worst_slices`] orders slices and draws them back.
//!
//! Every interval is an [`Interval`], every lack of one a [`NoInterval`] with a reason to print.

mod autocorrelation;
mod batch;
#[cfg(test)]
mod batch_tests;
mod bootstrap;
mod cluster;
mod distribution;
mod gap;
mod groups;
mod interval;
mod multiple;
mod paired;
mod pooled;
mod power;
mod proportion;
mod quantile;
mod random;
mod required;
mod rows;
mod sequence;
mod settle;
mod signed_rank;
mod significance;
mod trend;

pub use autocorrelation::autocorrelation_time;
pub use batch::{Batched, Batches, FEWEST_BATCHES, FEWEST_BEYOND, SendOrder, batch_mean, batch_quantile};
pub use bootstrap::{Bootstrap, Resampling, bootstrap_percentile, bootstrap_pooled_quantile};
pub use cluster::{
    Clustered, FEW_CLUSTERS, Unit, clustered_mean, clustered_proportion, clustered_score, constant_bound,
    ratio,
};
pub use distribution::{
    beta_quantile, binomial_cdf, binomial_quantile, binomial_upper_quantile, chi2_quantile, normal_cdf,
    normal_quantile, t_quantile, t_two_sided,
};
pub use gap::{SliceValue, Split, WorstSlice, generalization_gap, worst_slices};
pub use groups::{MannWhitney, TTest, mann_whitney, newcombe_independent, student, welch};
pub use interval::{Interval, Method, NoInterval, Sides, StatError};
pub use multiple::{benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg};
pub use paired::{PairedCounts, mcnemar_chi2, mcnemar_exact, mcnemar_mid_p, newcombe_paired, tango};
pub use pooled::{PooledOrder, batch_pooled_quantile};
pub use power::{cohen_h, group_size_for_means, group_size_for_shares, power_z};
pub use proportion::{
    SETTLING_POWER, Undecided, agresti_coull, all_events, cases_to_settle, cases_to_settle_mean,
    clopper_pearson, jeffreys, proportion, wald, wilson, wilson_corrected, zero_events,
};
pub use quantile::{QuantileType, quantile, quantile_interval, quantile_of_type, quantile_ranks, quantiles};
pub use random::{Bits, Pcg64, SeedSequence};
pub use required::{
    Bounded, effective_clusters, fewest_for_quantile, fewest_for_share, fewest_in_send_order,
    sequential_share,
};
pub use rows::{
    Finish, Resampled, Rows, randomise, resample, resample_bca, resample_chunk, resample_difference, starts,
    summarise_resamples,
};
pub use sequence::confidence_sequence;
pub use settle::{MeanDifference, Shown};
pub use signed_rank::{SignedRank, wilcoxon};
pub use significance::{SignFlip, holm, holm_level, minimal_detectable, pairs_to_detect, sign_flip};
pub use trend::{Trend, upward_trend};
