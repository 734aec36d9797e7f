//! Log-likelihoods: perplexity and multiple choice.
