//! Runs on disk: append, read, list, prune, migrate
