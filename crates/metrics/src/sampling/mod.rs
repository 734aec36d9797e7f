//! Several samples of one task: pass@k, pass^k, majority.
