//! Ranked lists against judgements.
