//! Ratings from pairwise battles.
