//! How much texts repeat each other.
//!
//! Main function: [`self_bleu`]. For every n-gram the two largest counts are kept, so each text
//! meets the best of all the others in one pass: the cost is linear and no sample is drawn.

use crate::corpus::RowMetric;
use crate::corpus::bleu::ngrams::{Names, Words};
use crate::corpus::bleu::{Bleu, BleuOptions};
use crate::stats::StatError;
use crate::text::python_lower;

/// Self-BLEU with its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfBleu {
    /// Mean of `scores`, 0 to 100: 100 when texts repeat each other, low when they differ.
    pub mean: f64,
    /// Sentence BLEU of each text against all the others.
    pub scores: Vec<f64>,
}

/// Self-BLEU (Zhu et al., SIGIR 2018): sentence BLEU of each text with all the others as its
/// references, and the mean. It grows with the number of texts: compare equal numbers only. There
/// is no interval, for every score depends on every text.
///
/// # Errors
/// Fewer than two texts; options that [`Bleu::new`] refuses.
///
/// ```
/// use acidtest_metrics::corpus::bleu::BleuOptions;
/// use acidtest_metrics::diversity::self_bleu;
/// let texts = ["the cat sat on the mat", "the cat sat on the mat", "dogs bark loudly at night"];
/// let repeated = self_bleu(&texts, &BleuOptions::default())?;
/// assert!((repeated.scores[0] - 100.0).abs() < 1e-9 && repeated.scores[2] == 0.0);
/// # Ok::<(), acidtest_metrics::stats::StatError>(())
/// ```
pub fn self_bleu(texts: &[&str], options: &BleuOptions) -> Result<SelfBleu, StatError> {
    let bleu = Bleu::new(options.clone())?;
    if texts.len() < 2 {
        let value = texts.len() as f64;
        return Err(StatError::OutOfRange { what: "number of texts", value, expected: "2 or more" });
    }
    let (tokens, ends) = numbered(texts, options);
    let starts = std::iter::once(&0).chain(&ends);
    let lengths: Vec<usize> = ends.iter().zip(starts).map(|(end, start)| end - start).collect();
    let width = bleu.width();
    let mut rows = vec![0.0; width * texts.len()];
    let mut sorted = lengths.clone();
    sorted.sort_unstable();
    for (row, length) in rows.chunks_exact_mut(width).zip(&lengths) {
        row[0] = *length as f64;
        row[1] = closest_other(*length, &sorted) as f64;
        for n in 1..=options.max_order {
            row[1 + options.max_order + n] = (length + 1).saturating_sub(n) as f64;
        }
    }
    let mut names = Names::new(tokens.len());
    for n in 1..=options.max_order {
        let mut grams = Vec::new();
        names.next(&tokens, &ends, |text, number| grams.push((text, number)));
        count_matches(&grams, |text| rows[text * width + 1 + n] += 1.0);
    }
    let scores: Vec<f64> = rows.chunks_exact(width).map(|row| bleu.score(row).score).collect();
    Ok(SelfBleu { mean: scores.iter().sum::<f64>() / scores.len() as f64, scores })
}

fn numbered(texts: &[&str], options: &BleuOptions) -> (Vec<u32>, Vec<usize>) {
    let (mut words, mut spaced) = (Words::new(), Vec::new());
    let (mut tokens, mut ends) = (Vec::new(), Vec::with_capacity(texts.len()));
    for text in texts {
        let lower = options.lowercase.then(|| python_lower(text));
        let line = lower.as_deref().unwrap_or(text);
        options.tokenizer.each(line, &mut spaced, |token| tokens.push(words.number(token)));
        ends.push(tokens.len());
    }
    (tokens, ends)
}

/// The length closest to one of the sorted lengths, among the others; the shorter of two as close.
fn closest_other(length: usize, sorted: &[usize]) -> usize {
    let first = sorted.partition_point(|l| *l < length);
    let others = [first.checked_sub(1), Some(first + 1)];
    let lengths = others.into_iter().flatten().filter_map(|i| sorted.get(i).copied());
    lengths.min_by_key(|l| (l.abs_diff(length), *l)).unwrap_or(0)
}

/// What is known of one n-gram: the text that has most of it, how many, and the most that any
/// other text has.
#[derive(Clone, Default)]
struct Most {
    text: usize,
    count: u32,
    other: u32,
}

/// Calls `matched(text)` for every n-gram of a text that the others hold, clipped to the most that
/// one of them has. Grams come text by text.
fn count_matches(grams: &[(usize, usize)], mut matched: impl FnMut(usize)) {
    let types = grams.iter().map(|(_, number)| number + 1).max().unwrap_or(0);
    let mut most = vec![Most::default(); types];
    // Per n-gram, the text that it was last met in and how often.
    let mut met = vec![(usize::MAX, 0u32); types];
    for &(text, number) in grams {
        let count = meet(&mut met[number], text);
        let most = &mut most[number];
        if most.count == 0 || most.text == text {
            (most.text, most.count) = (text, count);
        } else if count > most.count {
            *most = Most { text, count, other: most.count };
        } else {
            most.other = most.other.max(count);
        }
    }
    met.fill((usize::MAX, 0));
    for &(text, number) in grams {
        let most = &most[number];
        let limit = if most.text == text { most.other } else { most.count };
        if meet(&mut met[number], text) <= limit {
            matched(text);
        }
    }
}

fn meet(met: &mut (usize, u32), text: usize) -> u32 {
    *met = (text, if met.0 == text { met.1 + 1 } else { 1 });
    met.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_no_other() {
        assert!(self_bleu(&["a"], &BleuOptions::default()).is_err());
        assert_eq!(self_bleu(&["", ""], &BleuOptions::default()).unwrap().mean, 0.0);
    }

    proptest::proptest! {
        #[test]
        fn as_bleu_against_all_others(texts in proptest::collection::vec("[abc ]{0,16}", 2..6)) {
            let options = BleuOptions { effective_order: true, ..BleuOptions::default() };
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let got = self_bleu(&texts, &options).unwrap();
            let mut bleu = Bleu::new(options).unwrap();
            for i in 0..texts.len() {
                let mut others = texts.clone();
                let text = others.remove(i);
                assert_eq!(got.scores[i], bleu.sentence_score(text, &others).unwrap().score);
            }
        }
    }
}
