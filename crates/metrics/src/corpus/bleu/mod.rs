//! BLEU and its tokenizers.
