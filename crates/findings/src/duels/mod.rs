//! Battles between targets: from people's and judges' votes, and from scores of the same cases.
//!
//! ```text
//!  CaseIndex of each run ─► Field: who answered which case     verdicts `preference` ─► Ballots
//!            │                        └───────┬────────────────────────┘
//!            └─► Duels::of_scores()      Duels::of_votes()     next(): whom to ask about next
//!                          └──────► units() ─► acidtest_metrics::rating
//! ```
//!
//! Command line and page take the same way, so that they cannot disagree. Deliberately absent:
//! reading a store, rating formulas.

mod ballots;
mod battles;
mod field;
mod next;
mod units;

pub use ballots::{Ballots, Choice, PREFERENCE, Vote};
pub use battles::{Duel, Duels, MOST_DUELS, TooMany};
pub use field::{Contestant, Entry, Field, OfRun};
pub use next::{Next, next};
pub use units::{Cluster, NotNamed, Pair, Units, units};
