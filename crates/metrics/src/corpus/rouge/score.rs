//! Precision, recall and F of every ROUGE type for one answer and its references.
//!
//! Main type: [`Rouge`]. Holds scratch memory; a score depends on the arguments alone.

use super::ngrams::Shared;
use super::subsequence::Subsequence;
use super::words::Words;
use super::{RougeKind, RougeOptions, RougeWords};
use crate::corpus::{Output, RowMetric};
use crate::stats::StatError;
use crate::text::{python_lower, tokens_unicode};

/// Largest table, reference words times answer words, that a longest common subsequence may need.
const MOST_CELLS: usize = 1 << 30;

/// One score. F = 2PR / (P + R), 0 where both are 0; all from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RougeScore {
    /// Shared over what the answer has.
    pub precision: f64,
    /// Shared over what the reference has.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f: f64,
}

impl RougeScore {
    fn of(shared: usize, answer: usize, reference: usize) -> RougeScore {
        let precision = shared as f64 / answer.max(1) as f64;
        let recall = shared as f64 / reference.max(1) as f64;
        let sum = precision + recall;
        let f = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        RougeScore { precision, recall, f }
    }
}

/// ROUGE of answers against references.
///
/// Of several references the one with the largest F counts, the first of equals, for each type on
/// its own. A text without words scores 0. The corpus score is the mean over segments of each of
/// F, precision and recall, so F is not the harmonic mean of the other two. Source: rouge-score
/// 0.1.2 (`RougeScorer.score`, `score_multi`); C.-Y. Lin, "ROUGE", 2004.
///
/// ```
/// use acidtest_metrics::corpus::rouge::{Rouge, RougeOptions};
/// let mut rouge = Rouge::new(&RougeOptions::default()).unwrap();
/// let scores = rouge.score("the cat sat", &["the cats sat down"]).unwrap();
/// assert_eq!(scores[0].precision, 1.0); // rouge1: cats has the stem of cat
/// assert_eq!(scores[0].recall, 0.75);
/// ```
pub struct Rouge {
    options: RougeOptions,
    outputs: Vec<Output>,
    /// The largest n of the n-grams wanted; 0 for none.
    longest: usize,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    words: Words,
    lowered: String,
    answer: Text,
    reference: Text,
    shared: Shared,
    subsequence: Subsequence,
    taken: Vec<bool>,
    /// How often each word of the answer and the reference may still be hit.
    left: Vec<[u32; 2]>,
    /// Whether a word stands in the line of the reference that is looked at.
    marked: Vec<bool>,
    scores: Vec<RougeScore>,
    best: Vec<RougeScore>,
}

/// Word numbers, and where each line that has words ends.
#[derive(Default)]
struct Text {
    ids: Vec<u32>,
    ends: Vec<usize>,
}

impl Text {
    fn lines(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(from, to)| &self.ids[from..*to])
    }
}

impl Rouge {
    /// Checks the options.
    ///
    /// # Errors
    /// No type at all, or n-grams outside 1 to 9.
    pub fn new(options: &RougeOptions) -> Result<Rouge, StatError> {
        let mut options = options.clone();
        let mut kept: Vec<RougeKind> = Vec::new();
        for kind in options.kinds {
            match kind {
                RougeKind::N(n) if !(1..=9).contains(&n) => {
                    let (what, expected) = ("n of rouge-n", "1 to 9");
                    return Err(StatError::OutOfRange { what, value: n.into(), expected });
                }
                _ if kept.contains(&kind) => {}
                _ => kept.push(kind),
            }
        }
        if kept.is_empty() {
            return Err(StatError::Empty { what: "ROUGE types" });
        }
        options.kinds = kept;
        Ok(Rouge::build(options))
    }

    /// Of options that are checked.
    fn build(options: RougeOptions) -> Rouge {
        let output = |id| Output { id, range: (0.0, 1.0), higher_is_better: true };
        let outputs = options.kinds.iter().flat_map(|k| k.ids(options.words).map(output)).collect();
        let n = |kind: &RougeKind| match kind {
            RougeKind::N(n) => usize::from(*n),
            _ => 0,
        };
        let longest = options.kinds.iter().map(n).max().unwrap_or(0);
        Rouge { options, outputs, longest, scratch: Scratch::default() }
    }

    /// The types, in the order of the scores.
    pub fn kinds(&self) -> &[RougeKind] {
        &self.options.kinds
    }

    /// One score per type, each against its best reference.
    ///
    /// # Errors
    /// No reference, or texts so long that more than 2³⁰ pairs of words would be compared for a
    /// longest common subsequence.
    pub fn score(&mut self, answer: &str, references: &[&str]) -> Result<Vec<RougeScore>, StatError> {
        self.best(answer, references)?;
        Ok(self.scratch.best.clone())
    }

    /// Leaves the best scores in the scratch memory.
    fn best(&mut self, answer: &str, references: &[&str]) -> Result<(), StatError> {
        if references.is_empty() {
            return Err(StatError::Empty { what: "references" });
        }
        let scratch = &mut self.scratch;
        scratch.words.between_segments();
        let mut text = std::mem::take(&mut scratch.answer);
        scratch.read(answer, &self.options, &mut text);
        scratch.answer = text;
        scratch.best.clear();
        for reference in references {
            let mut text = std::mem::take(&mut scratch.reference);
            scratch.read(reference, &self.options, &mut text);
            scratch.reference = text;
            scratch.compare(&self.options.kinds, self.longest)?;
            if scratch.best.is_empty() {
                scratch.best.clone_from(&scratch.scores);
            }
            for (best, score) in scratch.best.iter_mut().zip(&scratch.scores) {
                if score.f > best.f {
                    *best = *score;
                }
            }
        }
        Ok(())
    }
}

impl Scratch {
    /// The words of a text by line.
    fn read(&mut self, text: &str, options: &RougeOptions, into: &mut Text) {
        into.ids.clear();
        into.ends.clear();
        for line in text.split('\n') {
            let before = into.ids.len();
            match options.words {
                RougeWords::Ascii => self.read_ascii(line, options.stemmer, &mut into.ids),
                RougeWords::Unicode => {
                    for word in tokens_unicode(line) {
                        into.ids.push(word_id(&mut self.words, &word, options.stemmer));
                    }
                }
            }
            if into.ids.len() > before {
                into.ends.push(into.ids.len());
            }
        }
    }

    fn read_ascii(&mut self, line: &str, stemmer: bool, ids: &mut Vec<u32>) {
        self.lowered.clear();
        if line.is_ascii() {
            self.lowered.push_str(line);
            self.lowered.make_ascii_lowercase();
        } else {
            // Some letters beyond ASCII have a lower case within it, such as the Kelvin sign.
            self.lowered.push_str(&python_lower(line));
        }
        for word in self.lowered.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
            ids.push(word_id(&mut self.words, word, stemmer));
        }
    }

    /// Scores of the answer against one reference, type by type.
    fn compare(&mut self, kinds: &[RougeKind], longest: usize) -> Result<(), StatError> {
        let (answer, reference) = (self.answer.ids.len(), self.reference.ids.len());
        let mut shared = [0; 9];
        let ngrams = &mut shared[..longest.min(9)];
        self.shared.count(&self.answer.ids, &self.reference.ids, ngrams);
        let mut length = None;
        self.scores.clear();
        for kind in kinds {
            let score = match kind {
                RougeKind::N(n) => {
                    let n = usize::from(*n);
                    let grams = |words: usize| (words + 1).saturating_sub(n);
                    RougeScore::of(shared[n - 1], grams(answer), grams(reference))
                }
                RougeKind::L => RougeScore::of(self.length(&mut length)?, answer, reference),
                // With a line each, words of the common subsequence are never hit too often.
                RougeKind::Lsum if self.answer.ends.len() <= 1 && self.reference.ends.len() <= 1 => {
                    RougeScore::of(self.length(&mut length)?, answer, reference)
                }
                RougeKind::Lsum => RougeScore::of(self.union_hits()?, answer, reference),
            };
            self.scores.push(score);
        }
        Ok(())
    }

    fn length(&mut self, known: &mut Option<usize>) -> Result<usize, StatError> {
        if let Some(length) = known {
            return Ok(*length);
        }
        self.check_size()?;
        let (a, b) = (&self.answer.ids, &self.reference.ids);
        let length = self.subsequence.length(a, b, self.words.len());
        *known = Some(length);
        Ok(length)
    }

    fn check_size(&self) -> Result<(), StatError> {
        let cells = self.answer.ids.len().saturating_mul(self.reference.ids.len());
        if cells > MOST_CELLS {
            let (what, expected) = ("words of the answer times words of the reference", "at most 2^30");
            return Err(StatError::OutOfRange { what, value: cells as f64, expected });
        }
        Ok(())
    }

    /// Words of the reference, line by line, in the union of its longest common subsequences with
    /// the lines of the answer; a word hits at most as often as each text has it.
    fn union_hits(&mut self) -> Result<usize, StatError> {
        self.check_size()?;
        let words = self.words.len();
        if self.left.len() < words {
            self.left.resize(words, [0; 2]);
            self.marked.resize(words, false);
        }
        for (side, text) in [&self.answer, &self.reference].into_iter().enumerate() {
            for id in &text.ids {
                self.left[*id as usize][side] += 1;
            }
        }
        let mut hits = 0;
        for line in self.reference.lines() {
            self.taken.clear();
            self.taken.resize(line.len(), false);
            line.iter().for_each(|id| self.marked[*id as usize] = true);
            for said in self.answer.lines().filter(|said| said.iter().any(|id| self.marked[*id as usize])) {
                self.subsequence.path(line, said, words, &mut self.taken);
            }
            line.iter().for_each(|id| self.marked[*id as usize] = false);
            for (id, _) in line.iter().zip(&self.taken).filter(|(_, taken)| **taken) {
                let [answer, reference] = &mut self.left[*id as usize];
                if *answer > 0 && *reference > 0 {
                    (*answer, *reference) = (*answer - 1, *reference - 1);
                    hits += 1;
                }
            }
        }
        for id in self.answer.ids.iter().chain(&self.reference.ids) {
            self.left[*id as usize] = [0; 2];
        }
        Ok(hits)
    }
}

/// The number of a word, or of its stem where it has more than 3 characters, all ASCII.
fn word_id(words: &mut Words, word: &str, stemmer: bool) -> u32 {
    let id = words.id(word);
    if stemmer && word.len() > 3 && word.is_ascii() { words.stem(id, word) } else { id }
}

impl RowMetric for Rouge {
    /// F, precision and recall of each type.
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// F, precision and recall of each type, and 1 for the segment.
    fn width(&self) -> usize {
        self.outputs.len() + 1
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        self.best(hypothesis, references)?;
        let numbers = self.scratch.best.iter().flat_map(|s| [s.f, s.precision, s.recall]).chain([1.0]);
        for (place, number) in row.iter_mut().zip(numbers) {
            *place = number;
        }
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        crate::corpus::answers::means(sums, values);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        let names: Vec<&str> = self.options.kinds.iter().map(|k| k.ids(self.options.words)[0]).collect();
        let stem = if self.options.stemmer { "porter-nltk" } else { "no" };
        let (words, like) = match self.options.words {
            RougeWords::Ascii => ("ascii", "|version:rouge-score-0.1.2"),
            RougeWords::Unicode => ("unicode", ""),
        };
        let names = names.join("+");
        format!(
            "nrefs:{references}|types:{names}|case:lc|stem:{stem}|tok:{words}|multi:best-f|mean:segments{like}"
        )
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(Rouge::build(self.options.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(options: &RougeOptions, answer: &str, references: &[&str]) -> Vec<f64> {
        let mut rouge = Rouge::new(options).unwrap();
        rouge.score(answer, references).unwrap().iter().map(|s| s.f).collect()
    }

    #[test]
    fn korean_has_a_score_on_unicode_words_alone() {
        let mut options = RougeOptions::default();
        assert_eq!(scores(&options, "금동 대향로", &["금동 대향로"]), [0.0; 4]);
        options.words = RougeWords::Unicode;
        assert_eq!(scores(&options, "금동 대향로.", &["금동 대향로"]), [1.0; 4]);
        assert_eq!(scores(&options, "lamps", &["lamp"])[0], 1.0);
        assert_eq!(scores(&options, "lampés", &["lampé"])[0], 0.0);
    }

    #[test]
    fn lines_in_another_order_cost_nothing_in_lsum() {
        let options = RougeOptions { stemmer: false, ..RougeOptions::default() };
        let got = scores(&options, "a b c\nd e f", &["d e f\na b c"]);
        assert_eq!((got[2], got[3]), (0.5, 1.0));
    }

    #[test]
    fn what_cannot_be_scored_is_an_error() {
        let mut rouge = Rouge::new(&RougeOptions::default()).unwrap();
        assert_eq!(rouge.score("a", &[]), Err(StatError::Empty { what: "references" }));
        let long = "a ".repeat(40_000);
        assert!(matches!(rouge.score(&long, &[&long]), Err(StatError::OutOfRange { .. })));
        assert_eq!(rouge.score("", &[""]).unwrap(), [RougeScore::default(); 4]);
        for kinds in [vec![], vec![RougeKind::N(0)], vec![RougeKind::N(10)]] {
            assert!(Rouge::new(&RougeOptions { kinds, ..RougeOptions::default() }).is_err());
        }
    }

    #[test]
    fn scratch_memory_leaves_no_trace() {
        let mut used = Rouge::new(&RougeOptions::default()).unwrap();
        for text in ["a b\nc d\na", "b a", "", "d d d\nc"] {
            for reference in ["a b c d", "c\nb\na", "d\n\nd", ""] {
                let mut fresh = Rouge::new(&RougeOptions::default()).unwrap();
                assert_eq!(used.score(text, &[reference]), fresh.score(text, &[reference]));
            }
        }
    }

    #[test]
    fn a_corpus_is_the_mean_of_its_segments() {
        let mut rouge = Rouge::new(&RougeOptions::default()).unwrap();
        let mut sums = vec![0.0; rouge.width()];
        let mut row = sums.clone();
        for answer in ["a b", "c"] {
            rouge.row(answer, &["a b"], &mut row).unwrap();
            sums.iter_mut().zip(&row).for_each(|(sum, x)| *sum += x);
        }
        let mut values = vec![None; rouge.outputs().len()];
        rouge.finish(&sums, &mut values);
        assert_eq!(values[..3], [Some(0.5); 3]);
        rouge.finish(&vec![0.0; sums.len()], &mut values);
        assert_eq!(values[0], None);
    }
}
