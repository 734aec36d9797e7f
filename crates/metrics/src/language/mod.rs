//! Log-likelihoods: perplexity and multiple choice, with lm-evaluation-harness's arithmetic.
//!
//! ```text
//!   choice         a question with several continuations   acc acc_norm acc_bytes, mutual information
//!   perplexity     log-likelihoods of texts                perplexity, per word and byte, bits per byte
//!   stderr         spread as lm-evaluation-harness has it  bootstrap, pooled subtasks
//!   python_random  Python's `random.Random`                sample choices shuffle randrange
//!   tasks          published tasks                         requests and right choice of a document
//! ```
//!
//! Logarithms are natural. What does not exist is `None`, never NaN.

mod choice;
mod perplexity;
mod python_random;
mod stderr;
pub mod tasks;

pub use choice::{Chosen, mutual_information, true_mass};
pub use perplexity::{
    Scale, bits_per_byte, mean, median, perplexity, ratio_interval, weighted_mean, weighted_perplexity,
};
pub use python_random::PythonRandom;
pub use stderr::{bootstrap_stderr, mean_stderr, pooled_stderr, unweighted_mean_stderr};
