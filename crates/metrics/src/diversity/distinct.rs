//! The share of n-grams that are different.
//!
//! Main function: [`distinct_n`]. It depends on the size of the corpus: compare equal sizes only.

use crate::corpus::bleu::Tokenizer;
use crate::corpus::bleu::ngrams::{Names, Words};
use crate::stats::StatError;
use crate::text::tokens_unicode;

/// What n-grams are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// Tokens of one of BLEU's tokenizers; `none` is words between white space, `char` characters.
    Bleu(Tokenizer),
    /// Words of any language, in lower case ([`tokens_unicode`]).
    Unicode,
}

impl Token {
    /// Its name in `how`.
    pub fn name(self) -> &'static str {
        match self {
            Token::Bleu(tokenizer) => tokenizer.name(),
            Token::Unicode => "unicode",
        }
    }
}

/// Distinct-n with what went into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Distinct {
    /// Different n-grams / n-grams, above 0 to 1.
    pub share: f64,
    /// Different n-grams.
    pub types: usize,
    /// N-grams.
    pub total: usize,
    /// Jackknife standard error over texts, `None` for fewer than two texts with n-grams. It is
    /// that of a corpus of this size, and on the safe side: the jackknife's variance is too large
    /// in the mean (Efron and Stein, Annals of Statistics 9, 1981). There is no interval.
    pub standard_error: Option<f64>,
}

/// Distinct-n (Li et al., NAACL 2016): the share of n-grams of a corpus that are different. N-grams
/// do not cross from one text to the next.
///
/// # Errors
/// An order outside 1 to 32; no n-gram in any text.
///
/// ```
/// use acidtest_metrics::corpus::bleu::Tokenizer;
/// use acidtest_metrics::diversity::{Token, distinct_n};
/// let d = distinct_n(&["a b a b", "a b"], 2, Token::Bleu(Tokenizer::None))?;
/// assert_eq!((d.types, d.total, d.share), (2, 4, 0.5)); // "a b" three times, "b a" once
/// # Ok::<(), acidtest_metrics::stats::StatError>(())
/// ```
pub fn distinct_n(texts: &[&str], n: usize, token: Token) -> Result<Distinct, StatError> {
    if !(1..=32).contains(&n) {
        return Err(StatError::OutOfRange { what: "n", value: n as f64, expected: "1 to 32" });
    }
    let (tokens, ends) = numbered(texts, token);
    let mut names = Names::new(tokens.len());
    for _ in 1..n {
        names.next(&tokens, &ends, |_, _| {});
    }
    // For every n-gram the only text that has it, if there is only one.
    let mut only: Vec<Option<usize>> = Vec::new();
    let mut sizes = vec![0usize; texts.len()];
    names.next(&tokens, &ends, |text, number| {
        sizes[text] += 1;
        if number == only.len() {
            only.push(Some(text));
        } else if only[number] != Some(text) {
            only[number] = None;
        }
    });
    let (types, total) = (only.len(), sizes.iter().sum::<usize>());
    if total == 0 {
        return Err(StatError::Empty { what: "n-grams" });
    }
    let mut own = vec![0usize; texts.len()];
    for text in only.into_iter().flatten() {
        own[text] += 1;
    }
    let standard_error = jackknife(types, total, &own, &sizes);
    Ok(Distinct { share: types as f64 / total as f64, types, total, standard_error })
}

/// All texts as numbers, end to end, and where each ends.
fn numbered(texts: &[&str], token: Token) -> (Vec<u32>, Vec<usize>) {
    let (mut words, mut spaced) = (Words::new(), Vec::new());
    let (mut tokens, mut ends) = (Vec::new(), Vec::with_capacity(texts.len()));
    for text in texts {
        match token {
            Token::Bleu(tokenizer) => tokenizer.each(text, &mut spaced, |t| tokens.push(words.number(t))),
            Token::Unicode => tokens.extend(tokens_unicode(text).iter().map(|t| words.number(t.as_bytes()))),
        }
        ends.push(tokens.len());
    }
    (tokens, ends)
}

/// Standard error from leaving out one text at a time; texts without n-grams are no units.
fn jackknife(types: usize, total: usize, own: &[usize], sizes: &[usize]) -> Option<f64> {
    let units = || own.iter().zip(sizes).filter(|(_, size)| **size > 0);
    let count = units().count();
    if count < 2 {
        return None;
    }
    let without: Vec<f64> = units().map(|(own, size)| (types - own) as f64 / (total - size) as f64).collect();
    let mean = without.iter().sum::<f64>() / count as f64;
    let squares: f64 = without.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some((squares * (count - 1) as f64 / count as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const WORDS: Token = Token::Bleu(Tokenizer::None);

    #[test]
    fn edges() {
        assert!(distinct_n(&[], 1, WORDS).is_err());
        assert!(distinct_n(&["a", ""], 2, WORDS).is_err());
        assert!(distinct_n(&["a"], 0, WORDS).is_err());
        assert_eq!(distinct_n(&["a b", ""], 1, WORDS).unwrap().standard_error, None);
        assert_eq!(distinct_n(&["Ａ 한글, 한글!"], 1, Token::Unicode).unwrap().types, 2);
    }

    proptest::proptest! {
        #[test]
        fn as_counted_with_sets(texts in proptest::collection::vec("[ab ]{0,12}", 1..6), n in 1usize..4) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let slow = |texts: &[&str]| {
                let grams: Vec<Vec<&str>> = texts
                    .iter()
                    .flat_map(|t| {
                        let words: Vec<&str> = t.split_whitespace().collect();
                        words.windows(n).map(<[&str]>::to_vec).collect::<Vec<_>>()
                    })
                    .collect();
                (grams.iter().collect::<BTreeSet<_>>().len(), grams.len())
            };
            let (types, total) = slow(&texts);
            let Ok(got) = distinct_n(&texts, n, WORDS) else {
                assert_eq!(total, 0);
                return Ok(());
            };
            assert_eq!((got.types, got.total), (types, total));
            let full: Vec<&str> = texts.iter().copied().filter(|t| slow(&[t]).1 > 0).collect();
            let left_out: Vec<f64> = (0..full.len())
                .map(|i| {
                    let mut rest = full.clone();
                    rest.remove(i);
                    let (types, total) = slow(&rest);
                    types as f64 / total as f64
                })
                .collect();
            let k = full.len() as f64;
            let mean = left_out.iter().sum::<f64>() / k;
            let variance = left_out.iter().map(|x| (x - mean).powi(2)).sum::<f64>() * (k - 1.0) / k;
            match got.standard_error {
                Some(se) => assert!((se - variance.sqrt()).abs() < 1e-12),
                None => assert_eq!(full.len(), 1),
            }
        }
    }
}
