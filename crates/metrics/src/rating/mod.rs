//! Ratings from pairwise battles: who beats whom, by how much, and how sure that is.
//!
//! ```text
//!  Battle ─► Tally ─┬─► tables()         battles, wins, shares of decided battles
//!         │         ├─► components()     does a maximum of the likelihood exist at all?
//!         │         └─► fit()            Bradley–Terry by Newton ─► Fit
//!         └─► elo()                      online, in the order given
//!  Fit ─► fisher(), sandwich()           covariance of the ratings, units of sampling kept whole
//!      ─► bootstrap()                    percentiles of refits on drawn units
//!      ─► claims(), advice()             which differences are shown; which battle to ask for next
//!  rank()                                all of it, from one list of battles
//! ```
//!
//! Ratings are `centre + scale / ln base × θ`: 400, 10 and a mean of 1000 by default. A tie is half
//! a win for both. Must not guess: models that cannot be put on one scale get no rating.

mod advice;
mod battle;
mod binomial;
mod bootstrap;
mod cholesky;
mod claims;
mod covariance;
mod elo;
mod fit;
mod graph;
mod rank;
mod style;
mod tables;

pub use advice::{Advice, advice};
pub use battle::{Battle, MAX_MODELS, Outcome, RatingError, Tally, with_enough};
pub use bootstrap::{Resamples, bootstrap};
pub use claims::{Claim, claims};
pub use covariance::Covariance;
pub use elo::{Elo, elo};
pub use fit::{Fit, fit};
pub use graph::{Component, components};
pub use rank::{Asked, Data, Ends, Estimator, NoEnds, NoRating, Ranking, Rated, Shown, rank, ranks};
pub use style::{MAX_STYLE, Style, StyleEffect};
pub use tables::{Tables, tables};

/// What ratings are measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The mean of all models.
    Mean,
    /// One model; its own rating is then exact, and intervals are of differences to it.
    Model(u32),
}

/// How log odds become ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Points for which the odds of winning grow by the factor `base`; 400 by default.
    pub scale: f64,
    /// 10 by default.
    pub base: f64,
    /// The rating of the origin; 1000 by default.
    pub centre: f64,
    /// Where that rating lies.
    pub origin: Origin,
}

impl Default for Scale {
    fn default() -> Self {
        Scale { scale: 400.0, base: 10.0, centre: 1000.0, origin: Origin::Mean }
    }
}

impl Scale {
    /// Points for each unit of log odds.
    pub fn points(&self) -> f64 {
        self.scale / self.base.ln()
    }
}
