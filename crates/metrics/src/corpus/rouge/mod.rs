//! ROUGE and the Porter stemmer.
