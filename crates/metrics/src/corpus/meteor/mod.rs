//! METEOR, exact and stem stages, as NLTK computes it without synonyms.
//!
//! Main type: [`Meteor`], built from [`MeteorOptions`]. The synonym stage needs WordNet, which is
//! not part of this program, so scores are labelled `exact+stem` and are at most NLTK's own.

use super::rouge::Words;
use super::{Output, RowMetric};
use crate::stats::StatError;
use crate::text::{python_lower, python_split};

/// Weights of METEOR; any finite numbers, as in NLTK.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeteorOptions {
    /// Weight of precision in the mean: near 1 makes recall count.
    pub alpha: f64,
    /// How steeply the penalty falls with fewer, longer chunks.
    pub beta: f64,
    /// The largest penalty.
    pub gamma: f64,
}

impl Default for MeteorOptions {
    /// 0.9, 3, 0.5.
    fn default() -> MeteorOptions {
        MeteorOptions { alpha: 0.9, beta: 3.0, gamma: 0.5 }
    }
}

/// METEOR of answers against references.
///
/// Words in lower case are matched from the last of the answer to the first, each with the last
/// free equal word of the reference, then those left by their [`porter`](super::rouge::porter)
/// stems. With P and R the matched shares, Fmean = PR / (alpha P + (1-alpha) R); a chunk is a run
/// of matches adjacent in both texts; score = (1 - gamma (chunks/matches)^beta) Fmean. Nothing
/// matched is 0. The best of several references counts; a corpus score is the mean over segments.
/// Source: nltk 3.10.4 `meteor_score` with a WordNet without synsets; A. Lavie, A. Agarwal,
/// "Meteor", 2007.
///
/// NLTK wants words, not text: [`Meteor::words`] takes them, [`Meteor::text`] and rows split at
/// whitespace, so that punctuation stays with its word.
///
/// ```
/// use acidtest_metrics::corpus::meteor::{Meteor, MeteorOptions};
/// let mut meteor = Meteor::new(MeteorOptions::default()).unwrap();
/// let score = meteor.text("The cats sat", &["the cat sat"]).unwrap();
/// assert!((score - (1.0 - 0.5 / 27.0)).abs() < 1e-12); // three matches in one chunk
/// ```
pub struct Meteor {
    options: MeteorOptions,
    outputs: [Output; 1],
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    words: Words,
    answer: Vec<Word>,
    reference: Vec<Word>,
    /// For each word of the answer, the place of its match in the reference.
    matched: Vec<Option<u32>>,
    /// For each word number the last place where the reference has it, and is free.
    last: Vec<u32>,
    /// For each place of the reference the place before it with the same word.
    before: Vec<u32>,
    free: Vec<bool>,
}

/// Numbers of a word and of its stem.
#[derive(Clone, Copy)]
struct Word {
    word: u32,
    stem: u32,
}

/// No place.
const NOWHERE: u32 = u32::MAX;

impl Meteor {
    /// Checks the weights.
    ///
    /// # Errors
    /// A weight that is not finite.
    pub fn new(options: MeteorOptions) -> Result<Meteor, StatError> {
        for (index, value) in [options.alpha, options.beta, options.gamma].into_iter().enumerate() {
            if !value.is_finite() {
                return Err(StatError::NotFinite { what: "METEOR weight", index, value });
            }
        }
        let usual = (0.0..=1.0).contains(&options.alpha) && options.beta >= 0.0 && options.gamma >= 0.0;
        let range =
            if usual { ((1.0 - options.gamma).min(0.0), 1.0) } else { (f64::NEG_INFINITY, f64::INFINITY) };
        let outputs = [Output { id: "meteor", range, higher_is_better: true }];
        Ok(Meteor { options, outputs, scratch: Scratch::default() })
    }

    /// The score of a text, split at (Python's) whitespace.
    ///
    /// # Errors
    /// No reference, or unusual weights that give no finite score.
    pub fn text(&mut self, answer: &str, references: &[&str]) -> Result<f64, StatError> {
        let references = references.iter().map(|reference| python_split(reference));
        self.best(python_split(answer), references)
    }

    /// The score of words, split by the caller.
    ///
    /// # Errors
    /// As [`text`](Meteor::text).
    pub fn words(&mut self, answer: &[&str], references: &[&[&str]]) -> Result<f64, StatError> {
        let references = references.iter().map(|reference| reference.iter().copied());
        self.best(answer.iter().copied(), references)
    }

    fn best<'a>(
        &mut self,
        answer: impl Iterator<Item = &'a str>,
        references: impl Iterator<Item = impl Iterator<Item = &'a str>>,
    ) -> Result<f64, StatError> {
        let scratch = &mut self.scratch;
        scratch.words.between_segments();
        read(&mut scratch.words, answer, &mut scratch.answer);
        let mut best: Option<f64> = None;
        for reference in references {
            read(&mut scratch.words, reference, &mut scratch.reference);
            let score = scratch.score(self.options);
            if !score.is_finite() {
                return Err(StatError::NotFinite { what: "METEOR score", index: 0, value: score });
            }
            best = Some(best.map_or(score, |best| best.max(score)));
        }
        best.ok_or(StatError::Empty { what: "references" })
    }
}

fn read<'a>(words: &mut Words, text: impl Iterator<Item = &'a str>, into: &mut Vec<Word>) {
    into.clear();
    for word in text {
        let lowered = python_lower(word);
        let id = words.id(&lowered);
        into.push(Word { word: id, stem: words.stem(id, &lowered) });
    }
}

impl Scratch {
    fn score(&mut self, options: MeteorOptions) -> f64 {
        self.matched.clear();
        self.matched.resize(self.answer.len(), None);
        self.free.clear();
        self.free.resize(self.reference.len(), true);
        self.last.resize(self.words.len(), NOWHERE);
        self.match_by(|word| word.word);
        self.match_by(|word| word.stem);
        let matches = self.matched.iter().flatten().count();
        if matches == 0 {
            return 0.0;
        }
        let precision = matches as f64 / self.answer.len() as f64;
        let recall = matches as f64 / self.reference.len() as f64;
        let weighted = options.alpha * precision + (1.0 - options.alpha) * recall;
        if weighted == 0.0 {
            return 0.0;
        }
        let mean = precision * recall / weighted;
        let fragmentation = self.chunks() as f64 / matches as f64;
        (1.0 - options.gamma * fragmentation.powf(options.beta)) * mean
    }

    /// One stage: each free word of the answer, the last first, takes the last free word of the
    /// reference with the same number.
    fn match_by(&mut self, number: impl Fn(Word) -> u32) {
        self.before.clear();
        for (place, word) in self.reference.iter().enumerate() {
            let last = &mut self.last[number(*word) as usize];
            self.before.push(*last);
            if self.free[place] {
                *last = place as u32;
            }
        }
        for (word, matched) in self.answer.iter().zip(&mut self.matched).rev() {
            let last = &mut self.last[number(*word) as usize];
            if matched.is_none() && *last != NOWHERE {
                *matched = Some(*last);
                self.free[*last as usize] = false;
                *last = self.before[*last as usize];
            }
        }
        for word in &self.reference {
            self.last[number(*word) as usize] = NOWHERE;
        }
    }

    /// Runs of matches that are adjacent in both texts.
    fn chunks(&self) -> usize {
        let mut chunks = 0;
        let mut expected = None;
        for matched in &self.matched {
            if matched.is_some() && *matched != expected {
                chunks += 1;
            }
            expected = matched.map(|place| place + 1);
        }
        chunks
    }
}

impl RowMetric for Meteor {
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The score, and 1 for the segment.
    fn width(&self) -> usize {
        2
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        let score = self.text(hypothesis, references)?;
        row.copy_from_slice(&[score, 1.0]);
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        super::answers::means(sums, values);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        let MeteorOptions { alpha, beta, gamma } = self.options;
        format!(
            "nrefs:{references}|stages:exact+stem|case:lc|tok:whitespace|alpha:{alpha}|beta:{beta}|gamma:{gamma}|mean:segments|version:nltk-3.10.4"
        )
    }

    fn another(&self) -> Box<dyn RowMetric> {
        let outputs = self.outputs.clone();
        Box::new(Meteor { options: self.options, outputs, scratch: Scratch::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, references: &[&str], expect: f64) {
        let mut meteor = Meteor::new(MeteorOptions::default()).unwrap();
        let got = meteor.text(answer, references).unwrap();
        assert!((got - expect).abs() < 1e-12, "{answer:?}: {got}");
    }

    #[test]
    fn matches_and_chunks() {
        check("xa", &["xa"], 0.5);
        check("xa", &["xb"], 0.0);
        check("", &["xa"], 0.0);
        check("", &[""], 0.0);
        check("xb xa", &["xa xb"], 0.5);
        check("xa xb", &["nothing", "xa xb"], 1.0 - 0.5 / 8.0);
        // The last word takes the last equal one, so this is one chunk of one match.
        check("xa", &["xa xa"], 0.5 * 0.5 / (0.9 + 0.1 * 0.5));
    }

    #[test]
    fn what_cannot_be_scored_is_an_error() {
        let mut meteor = Meteor::new(MeteorOptions::default()).unwrap();
        assert_eq!(meteor.text("a", &[]), Err(StatError::Empty { what: "references" }));
        let odd = MeteorOptions { alpha: f64::NAN, ..MeteorOptions::default() };
        assert!(Meteor::new(odd).is_err());
        let steep = MeteorOptions { beta: -1e6, ..MeteorOptions::default() };
        let mut meteor = Meteor::new(steep).unwrap();
        assert!(meteor.text("a b c", &["a b c"]).is_err());
    }
}
