//! Labels and probabilities against the truth.
