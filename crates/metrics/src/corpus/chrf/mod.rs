//! chrF and chrF++.
//!
//! Main type: [`Chrf`]. The number of sacreBLEU 2.6.0, whose name its signature carries.

use super::bleu::ngrams::{Matches, Words};
use super::bleu::{nrefs, sums};
use super::{Output, RowMetric};
use crate::stats::StatError;
use crate::text::{is_python_space, python_lower, python_split};

/// The longest n-gram that can be asked for.
const LONGEST: usize = 32;

/// How chrF is computed. The default is sacreBLEU's chrF2.
#[derive(Debug, Clone, PartialEq)]
pub struct ChrfOptions {
    /// The longest n-gram of characters, at most 32.
    pub char_order: usize,
    /// The longest n-gram of words, at most 32; 0 is chrF, 2 is chrF++.
    pub word_order: usize,
    /// How many times recall weighs as much as precision; 0 or more.
    pub beta: f64,
    /// Whether everything is put in lower case first.
    pub lowercase: bool,
    /// Whether white space counts as characters.
    pub whitespace: bool,
    /// Whether each order gets an F of its own and a missing order a tiny one (as chrF++.py,
    /// NLTK, Moses); else orders that both sides have are averaged first.
    pub eps_smoothing: bool,
}

impl Default for ChrfOptions {
    fn default() -> ChrfOptions {
        ChrfOptions {
            char_order: 6,
            word_order: 0,
            beta: 2.0,
            lowercase: false,
            whitespace: false,
            eps_smoothing: false,
        }
    }
}

impl ChrfOptions {
    /// chrF++: words and pairs of words too.
    pub fn plus_plus() -> ChrfOptions {
        ChrfOptions { word_order: 2, ..ChrfOptions::default() }
    }
}

/// chrF with what went into it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChrfScore {
    /// 0 to 100.
    pub score: f64,
    /// sacreBLEU's name: `chrF2`, `chrF2++`.
    pub name: String,
    /// For each order, of characters and then of words: n-grams of the answers, n-grams of the
    /// references, matches.
    pub stats: Vec<f64>,
}

/// chrF (Popović, WMT 2015) and chrF++ (WMT 2017), 0 to 100: F_β of the n-grams of characters (and
/// words), precision and recall averaged over the orders. Of several references the one with the
/// best F counts, the first of equals.
///
/// Rows: `answer n-grams, reference n-grams, matches` for each order.
///
/// ```
/// use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
/// let mut chrf = Chrf::new(ChrfOptions::default())?;
/// let score = chrf.corpus(&["고양이가 앉았다."], &[&["고양이가 앉았다!"]])?;
/// assert_eq!((&score.name[..], &score.stats[..3]), ("chrF2", &[8.0, 8.0, 7.0][..]));
/// # Ok::<(), acidtest_metrics::stats::StatError>(())
/// ```
pub struct Chrf {
    options: ChrfOptions,
    words: Words,
    matches: Matches,
    counts: Vec<f64>,
    stats: Vec<f64>,
    answer: Tokens,
    reference: Tokens,
}

/// A text as characters and words.
#[derive(Default)]
struct Tokens {
    characters: Vec<u32>,
    words: Vec<u32>,
}

const CHRF: [Output; 1] = [Output { id: "chrf", range: (0.0, 100.0), higher_is_better: true }];
const CHRF_PLUS: [Output; 1] = [Output { id: "chrf++", range: (0.0, 100.0), higher_is_better: true }];

impl Chrf {
    /// chrF with these options.
    ///
    /// # Errors
    /// No order at all, an order above 32, a β that is negative or not finite.
    pub fn new(options: ChrfOptions) -> Result<Chrf, StatError> {
        for (what, order) in [("char_order", options.char_order), ("word_order", options.word_order)] {
            if order > LONGEST {
                return Err(StatError::OutOfRange { what, value: order as f64, expected: "at most 32" });
            }
        }
        if options.char_order + options.word_order == 0 {
            return Err(StatError::Empty { what: "n-gram orders" });
        }
        let value = options.beta;
        if !(0.0..=1e6).contains(&value) {
            return Err(StatError::OutOfRange { what: "beta", value, expected: "0 to 1000000" });
        }
        Ok(Chrf::checked(options))
    }

    fn checked(options: ChrfOptions) -> Chrf {
        Chrf {
            options,
            words: Words::new(),
            matches: Matches::new(),
            counts: Vec::new(),
            stats: Vec::new(),
            answer: Tokens::default(),
            reference: Tokens::default(),
        }
    }

    /// The options it was made with.
    pub fn options(&self) -> &ChrfOptions {
        &self.options
    }

    /// chrF of a corpus; `references[i]` are those of `hypotheses[i]`, as many as there are.
    ///
    /// # Errors
    /// No segment, a segment without a reference, lists of different lengths.
    pub fn corpus(&mut self, hypotheses: &[&str], references: &[&[&str]]) -> Result<ChrfScore, StatError> {
        let sums = sums(self, hypotheses, references)?;
        Ok(self.score(&sums))
    }

    /// chrF of one sentence.
    ///
    /// # Errors
    /// No reference.
    pub fn sentence_score(&mut self, hypothesis: &str, references: &[&str]) -> Result<ChrfScore, StatError> {
        self.corpus(&[hypothesis], &[references])
    }

    /// The score of a row or of a sum of rows.
    pub fn score(&self, sums: &[f64]) -> ChrfScore {
        let o = &self.options;
        let name = format!("chrF{}{}", o.beta, "+".repeat(o.word_order));
        ChrfScore { score: f_score(o, sums), name, stats: sums.to_vec() }
    }

    /// Fills `stats` with the answer's against the reference's.
    fn compare(&mut self) {
        self.stats.clear();
        let sides = [
            (&self.answer.characters, &self.reference.characters, self.options.char_order),
            (&self.answer.words, &self.reference.words, self.options.word_order),
        ];
        for (answer, reference, order) in sides {
            self.counts.resize(order, 0.0);
            self.matches.count(answer, reference, &[reference.len()], &mut self.counts);
            for (n, matched) in (1..).zip(&self.counts) {
                let grams = |tokens: &[u32]| (tokens.len() + 1).saturating_sub(n) as f64;
                let in_reference = grams(reference);
                let in_answer = if in_reference > 0.0 { grams(answer) } else { 0.0 };
                self.stats.extend([in_answer, in_reference, *matched]);
            }
        }
    }
}

/// Cuts a text into the characters and, if asked, words that count.
fn read(options: &ChrfOptions, text: &str, words: &mut Words, tokens: &mut Tokens) {
    let lower = options.lowercase.then(|| python_lower(text));
    let text = lower.as_deref().unwrap_or(text);
    tokens.characters.clear();
    tokens.words.clear();
    if options.whitespace {
        tokens.characters.extend(text.chars().map(u32::from));
    } else {
        tokens.characters.extend(text.chars().filter(|c| !is_python_space(*c)).map(u32::from));
    }
    if options.word_order == 0 {
        return;
    }
    for word in python_split(text) {
        let (first, last) = punctuation_apart(word);
        tokens
            .words
            .extend([first, last].iter().filter(|w| !w.is_empty()).map(|w| words.number(w.as_bytes())));
    }
}

/// The reference's split of one ASCII punctuation mark: the last character, else the first.
fn punctuation_apart(word: &str) -> (&str, &str) {
    let (first, last) = (word.chars().next(), word.chars().next_back());
    if word.len() == first.map_or(0, char::len_utf8) {
        (word, "")
    } else if last.is_some_and(|c| c.is_ascii_punctuation()) {
        word.split_at(word.len() - 1)
    } else if first.is_some_and(|c| c.is_ascii_punctuation()) {
        word.split_at(1)
    } else {
        (word, "")
    }
}

/// F_β in per cent from the counts of each order.
fn f_score(options: &ChrfOptions, stats: &[f64]) -> f64 {
    let tiny = 1e-16;
    let factor = options.beta * options.beta;
    let (mut score, mut precisions, mut recalls, mut orders) = (0.0, 0.0, 0.0, 0.0);
    for counts in stats.chunks_exact(3) {
        let (answer, reference, matched) = (counts[0], counts[1], counts[2]);
        let precision = if answer > 0.0 { matched / answer } else { tiny };
        let recall = if reference > 0.0 { matched / reference } else { tiny };
        let below = factor * precision + recall;
        score += if below > 0.0 { (1.0 + factor) * precision * recall / below } else { tiny };
        if answer > 0.0 && reference > 0.0 {
            precisions += precision;
            recalls += recall;
            orders += 1.0;
        }
    }
    if options.eps_smoothing {
        return 100.0 * score / (options.char_order + options.word_order) as f64;
    }
    if orders == 0.0 || precisions + recalls == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (precisions / orders, recalls / orders);
    let f = (1.0 + factor) * precision * recall;
    100.0 * (f / (factor * precision + recall))
}

impl RowMetric for Chrf {
    fn outputs(&self) -> &[Output] {
        if self.options.word_order == 0 { &CHRF } else { &CHRF_PLUS }
    }

    fn width(&self) -> usize {
        3 * (self.options.char_order + self.options.word_order)
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        if references.is_empty() {
            return Err(StatError::Empty { what: "references" });
        }
        self.words.clear();
        read(&self.options, hypothesis, &mut self.words, &mut self.answer);
        let mut best = -1.0;
        for reference in references {
            read(&self.options, reference, &mut self.words, &mut self.reference);
            self.compare();
            let f = if references.len() == 1 { 0.0 } else { f_score(&self.options, &self.stats) };
            if f > best {
                best = f;
                row.copy_from_slice(&self.stats);
            }
        }
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        values[0] = Some(f_score(&self.options, sums));
    }

    fn signature(&self, references: Option<usize>) -> String {
        let o = &self.options;
        format!(
            "nrefs:{}|case:{}|eff:{}|nc:{}|nw:{}|space:{}|version:2.6.0",
            nrefs(references),
            if o.lowercase { "lc" } else { "mixed" },
            if o.eps_smoothing { "no" } else { "yes" },
            o.char_order,
            o.word_order,
            if o.whitespace { "yes" } else { "no" }
        )
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(Chrf::checked(self.options.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_is_split_off() {
        for (word, expect) in [
            ("(hi)", ("(hi", ")")),
            ("(hi", ("(", "hi")),
            ("hi", ("hi", "")),
            ("?", ("?", "")),
            ("’tis", ("’tis", "")),
            ("..", (".", ".")),
        ] {
            assert_eq!(punctuation_apart(word), expect, "{word}");
        }
    }

    #[test]
    fn bad_input_is_an_error() {
        let mut chrf = Chrf::new(ChrfOptions::plus_plus()).unwrap();
        assert!(chrf.corpus(&[], &[]).is_err() && chrf.sentence_score("a", &[]).is_err());
        assert_eq!(chrf.sentence_score("", &[""]).unwrap().score, 0.0);
        assert!(Chrf::new(ChrfOptions { char_order: 0, ..ChrfOptions::default() }).is_err());
        assert!(Chrf::new(ChrfOptions { beta: f64::NAN, ..ChrfOptions::default() }).is_err());
    }
}
