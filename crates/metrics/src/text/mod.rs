//! From texts to scores: answers against references.
//!
//! ```text
//!   compatible with a published script      our own, for any language
//!   exact_match, token_f1   (SQuAD)         exact_match_unicode, token_f1_unicode
//!   char_f1                 (KorQuAD)       char_f1_unicode
//!   LmExactMatch            (lm-evaluation-harness)
//!   continuation, rolling_windows: log-likelihoods of given texts
//! ```
//!
//! Compatible variants do exactly what their script does, faults included, and never normalise
//! Unicode. `_unicode` variants work on [`tokens_unicode`]. All take the maximum over references.

mod answer;
mod facts;
mod ignored;
mod korean;
mod likelihood;
mod python;
mod script;
mod unicode;
mod windows;

pub use answer::{
    LmExactMatch, Squad, char_f1, char_f1_unicode, exact_match, exact_match_unicode, normalize_korquad,
    normalize_squad, token_f1, token_f1_unicode,
};
pub use facts::facts;
pub use ignored::{IgnoredPatterns, PatternError};
pub use korean::korean_match;
pub use likelihood::{Likelihood, NoLikelihood, PromptToken, boundary, continuation};
pub use python::{is_python_space, python_lower, python_split};
pub use script::{Language, MIXED, has_word, language, sentences};
pub use unicode::{UNICODE_VERSION, tokens_unicode};
pub use windows::{RollingWindow, rolling_windows, word_split_count};
