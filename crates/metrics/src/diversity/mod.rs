//! How varied texts are: distinct-n, self-BLEU.
//!
//! ```text
//!   distinct     share of n-grams that are different     distinct_n
//!   self_bleu    each text against all the others        self_bleu
//! ```
//!
//! Neither has a plain bootstrap interval, on purpose: a resample holds texts twice, and a
//! repeated text is what both measure, so resampled values lie far to one side of the real one.

mod distinct;
mod self_bleu;

pub use distinct::{Distinct, Token, distinct_n};
pub use self_bleu::{SelfBleu, self_bleu};
