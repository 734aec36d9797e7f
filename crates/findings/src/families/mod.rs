//! The metrics, one file per family. A new metric is an entry of a family's slice.

pub(crate) mod answers;
pub(crate) mod corpus;
pub(crate) mod cost;
pub(crate) mod goodput;
pub(crate) mod labels;
pub(crate) mod language;
pub(crate) mod quality;
pub(crate) mod reliability;
pub(crate) mod rhythm;
pub(crate) mod server;
pub(crate) mod surroundings;
pub(crate) mod throughput;
pub(crate) mod tokens;
pub(crate) mod waiting;

use crate::metric::Metric;

/// Every family's metrics.
pub(crate) const ALL: &[&[Metric]] = &[
    quality::METRICS,
    language::METRICS,
    language::PERPLEXITIES,
    answers::METRICS,
    corpus::METRICS,
    labels::METRICS,
    waiting::METRICS,
    rhythm::METRICS,
    server::METRICS,
    throughput::METRICS,
    goodput::METRICS,
    tokens::METRICS,
    reliability::METRICS,
    cost::METRICS,
    surroundings::METRICS,
];
