//! Windows over a document that is longer than a model can read.
//!
//! Main function: [`rolling_windows`]. Counts units, whatever they are (tokens,
//! words, characters). Must not cut text.

use std::ops::Range;

/// One window: what is read, and what of it is predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingWindow {
    /// Whether the prefix (a beginning-of-text token) stands in front of the context.
    pub prefix: bool,
    /// Units that are context only.
    pub context: Range<usize>,
    /// Units that are predicted; they follow the context.
    pub predicted: Range<usize>,
}

/// The windows that predict `n` units, each once and in order, as
/// lm-evaluation-harness cuts them (`get_rolling_token_windows` made disjoint).
///
/// A window predicts at most `size` units. The first one has the prefix alone as
/// context; later ones predict at most `size - context + 1` units, and their context
/// is what still fits into `size` units when the last predicted one is left out.
/// None when `context` is 0 or larger than `size`.
#[must_use]
pub fn rolling_windows(n: usize, size: usize, context: usize) -> Option<Vec<RollingWindow>> {
    if context == 0 || context > size {
        return None;
    }
    let mut windows = Vec::new();
    let first = size.min(n);
    if n > 0 {
        windows.push(RollingWindow { prefix: true, context: 0..0, predicted: 0..first });
    }
    let step = size - context + 1;
    let mut done = first;
    while done < n {
        let end = done + step.min(n - done);
        // The input ends before the last predicted unit and is `size` long; the first window was.
        let begin = end - 1 - size;
        windows.push(RollingWindow { prefix: false, context: begin..done, predicted: done..end });
        done = end;
    }
    Some(windows)
}

/// Words as lm-evaluation-harness counts them for perplexity per word: the
/// pieces of the text between runs of white space, empty pieces at the ends included.
#[must_use]
pub fn word_split_count(text: &str) -> usize {
    let mut count = 1;
    let mut inside = false;
    for c in text.chars() {
        let blank = super::is_python_space(c);
        count += usize::from(blank && !inside);
        inside = blank;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_predicted_once_and_no_window_is_too_long() {
        for n in 0..40 {
            for size in 1..12 {
                for context in 1..=size {
                    let windows = rolling_windows(n, size, context).unwrap();
                    let mut next = 0;
                    for w in &windows {
                        assert_eq!(w.predicted.start, next);
                        assert!(w.predicted.end > next && w.context.end == next, "{w:?}");
                        assert!(w.context.len() + w.predicted.len() <= size + 1);
                        next = w.predicted.end;
                    }
                    assert_eq!(next, n);
                }
            }
        }
        assert_eq!(rolling_windows(9, 3, 0), None);
        assert_eq!(rolling_windows(9, 3, 4), None);
    }
}
