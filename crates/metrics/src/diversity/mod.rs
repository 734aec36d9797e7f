//! How varied texts are: distinct-n, self-BLEU.
