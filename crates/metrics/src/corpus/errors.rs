//! Word and character error rates.
