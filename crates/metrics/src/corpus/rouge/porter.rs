//! The Porter stemmer with the extensions that NLTK adds, word for word.
//!
//! Main function: [`porter`]. English rules on any Unicode word: every character but a, e, i, o, u
//! (and y after a consonant) is a consonant. Keeps nothing between calls.

use crate::text::python_lower;

/// The stem of a word, in lower case, as NLTK's `PorterStemmer().stem(word)` gives it.
///
/// A word of at most two characters is only put in lower case. The stem is often no word
/// (`happy` gives `happi`). Source: M. F. Porter, "An algorithm for suffix stripping", 1980, with
/// the additions of NLTK 3.10.4 in its mode `NLTK_EXTENSIONS`.
///
/// ```
/// use acidtest_metrics::corpus::rouge::porter;
/// assert_eq!(porter("Relational"), "relat");
/// assert_eq!(porter("dying"), "die");
/// ```
pub fn porter(word: &str) -> String {
    stem(word, &python_lower(word))
}

/// [`porter`] without lower case first: NLTK's `stem(word, to_lowercase=False)`.
pub fn porter_cased(word: &str) -> String {
    stem(word, word)
}

/// The stem of what `word` became in lower case; its own length decides whether it is too short.
fn stem(word: &str, lowered: &str) -> String {
    if let Some(irregular) = irregular(lowered.as_bytes()) {
        return irregular.to_owned();
    }
    if word.chars().nth(2).is_none() {
        return lowered.to_owned();
    }
    if lowered.is_ascii() {
        let mut letters = Letters(lowered.as_bytes().to_vec());
        letters.steps();
        return letters.0.into_iter().map(char::from).collect();
    }
    let mut letters = Letters(lowered.chars().collect::<Vec<char>>());
    letters.steps();
    letters.0.into_iter().collect()
}

/// Words that the rules would spoil.
fn irregular(word: &[u8]) -> Option<&'static str> {
    Some(match word {
        b"sky" | b"skies" => "sky",
        b"dying" => "die",
        b"lying" => "lie",
        b"tying" => "tie",
        b"news" => "news",
        b"innings" | b"inning" => "inning",
        b"outings" | b"outing" => "outing",
        b"cannings" | b"canning" => "canning",
        b"howe" => "howe",
        b"proceed" => "proceed",
        b"exceed" => "exceed",
        b"succeed" => "succeed",
        _ => return None,
    })
}

/// Suffix, what replaces it; all need a stem of measure above 0.
const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// Suffix, what replaces it; all need a stem of measure above 0.
const STEP_3: &[(&str, &str)] = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes that go where the stem has a measure above 1; `ion` only after s or t.
const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
];

/// A word being stemmed: bytes where it is ASCII, else characters.
struct Letters<T>(Vec<T>);

impl<T: Copy + Eq + From<u8>> Letters<T> {
    fn steps(&mut self) {
        self.step_1a();
        self.step_1b();
        self.step_1c();
        self.step_2();
        self.replace_first(STEP_3);
        self.step_4();
        self.step_5();
    }

    fn is(&self, at: usize, letters: &[u8]) -> bool {
        letters.iter().any(|l| self.0[at] == T::from(*l))
    }

    fn ends(&self, suffix: &str) -> bool {
        let from = self.0.len().checked_sub(suffix.len());
        from.is_some_and(|from| self.0[from..].iter().zip(suffix.bytes()).all(|(a, b)| *a == T::from(b)))
    }

    fn cut(&mut self, letters: usize) {
        self.0.truncate(self.0.len() - letters);
    }

    fn push(&mut self, text: &str) {
        self.0.extend(text.bytes().map(T::from));
    }

    /// Whether the letter at `at` is a consonant: a y is one at the start and after a vowel.
    fn consonant(&self, at: usize) -> bool {
        let mut from = at;
        while from > 0 && self.is(from, b"y") {
            from -= 1;
        }
        // An even number of y after it leaves the kind of the first letter as it is.
        (at - from).is_multiple_of(2) != self.is(from, b"aeiou")
    }

    /// Number of vowel-consonant changes among the first `n` letters, counted up to `most`.
    fn measure(&self, n: usize, most: usize) -> usize {
        let (mut count, mut vowel) = (0, false);
        for at in 0..n {
            let now = self.is(at, b"aeiou") || (at > 0 && !vowel && self.is(at, b"y"));
            count += usize::from(vowel && !now);
            if count == most {
                break;
            }
            vowel = now;
        }
        count
    }

    fn has_vowel(&self, n: usize) -> bool {
        (0..n).any(|at| self.is(at, b"aeiou") || (at > 0 && self.is(at, b"y")))
    }

    fn ends_double_consonant(&self) -> bool {
        let n = self.0.len();
        n >= 2 && self.0[n - 1] == self.0[n - 2] && self.consonant(n - 1)
    }

    /// Whether the first `n` letters end consonant, vowel, consonant (not w, x, y), or are a vowel
    /// and a consonant alone.
    fn ends_cvc(&self, n: usize) -> bool {
        if n == 2 {
            return !self.consonant(0) && self.consonant(1);
        }
        n >= 3
            && self.consonant(n - 3)
            && !self.consonant(n - 2)
            && self.consonant(n - 1)
            && !self.is(n - 1, b"wxy")
    }

    /// Applies the first rule whose suffix is there, if its stem has a measure above 0.
    fn replace_first(&mut self, rules: &[(&str, &str)]) -> bool {
        let Some((suffix, replacement)) = rules.iter().find(|(suffix, _)| self.ends(suffix)) else {
            return false;
        };
        if self.measure(self.0.len() - suffix.len(), 1) > 0 {
            self.cut(suffix.len());
            self.push(replacement);
        }
        true
    }

    fn step_1a(&mut self) {
        if self.ends("sses") {
            self.cut(2);
        } else if self.ends("ies") {
            self.cut(if self.0.len() == 4 { 1 } else { 2 });
        } else if self.ends("s") && !self.ends("ss") {
            self.cut(1);
        }
    }

    fn step_1b(&mut self) {
        let n = self.0.len();
        if self.ends("ied") {
            self.cut(if n == 4 { 1 } else { 2 });
        } else if self.ends("eed") {
            if self.measure(n - 3, 1) > 0 {
                self.cut(1);
            }
        } else if self.ends("ed") && self.has_vowel(n - 2) {
            self.cut(2);
            self.mend();
        } else if self.ends("ing") && self.has_vowel(n - 3) {
            self.cut(3);
            self.mend();
        }
    }

    /// What follows the loss of -ed and -ing.
    fn mend(&mut self) {
        let n = self.0.len();
        if self.ends("at") || self.ends("bl") || self.ends("iz") {
            self.push("e");
        } else if self.ends_double_consonant() {
            if !self.is(n - 1, b"lsz") {
                self.cut(1);
            }
        } else if self.ends("*d") {
            // NLTK's name for the rule above is also tried as a suffix.
            self.cut(2);
            self.push("d");
        } else if self.measure(n, 2) == 1 && self.ends_cvc(n) {
            self.push("e");
        }
    }

    fn step_1c(&mut self) {
        let n = self.0.len();
        if n > 2 && self.ends("y") && self.consonant(n - 2) {
            self.cut(1);
            self.push("i");
        }
    }

    fn step_2(&mut self) {
        if self.ends("alli") && self.measure(self.0.len() - 4, 1) > 0 {
            self.cut(2);
        }
        // The l of -logi belongs to the stem here.
        if !self.replace_first(STEP_2) && self.ends("logi") && self.measure(self.0.len() - 3, 1) > 0 {
            self.cut(1);
        }
    }

    fn step_4(&mut self) {
        let Some(suffix) = STEP_4.iter().find(|suffix| self.ends(suffix)) else {
            return;
        };
        let n = self.0.len() - suffix.len();
        if self.measure(n, 2) > 1 && (*suffix != "ion" || self.is(n - 1, b"st")) {
            self.cut(suffix.len());
        }
    }

    fn step_5(&mut self) {
        if self.ends("e") {
            let n = self.0.len() - 1;
            let measure = self.measure(n, 2);
            if measure > 1 || (measure == 1 && !self.ends_cvc(n)) {
                self.cut(1);
            }
        }
        if self.ends("ll") && self.measure(self.0.len() - 1, 2) > 1 {
            self.cut(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expect: &str) {
        assert_eq!(porter(word), expect, "{word:?}");
    }

    #[test]
    fn rules_of_the_paper_and_their_extensions() {
        for (word, expect) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("ties", "tie"),
            ("agreed", "agre"),
            ("hopping", "hop"),
            ("filing", "file"),
            ("enjoy", "enjoy"),
            ("happy", "happi"),
            ("radically", "radic"),
            ("geologies", "geolog"),
            ("controlling", "control"),
            ("adoption", "adopt"),
            ("innings", "inning"),
        ] {
            check(word, expect);
        }
    }

    #[test]
    fn words_beyond_ascii_and_short_ones() {
        check("", "");
        check("IS", "is");
        check("\u{130}s", "i\u{307}s"); // two characters before lower case
        check("cafés", "café");
        check("한국ing", "한국ing"); // no vowel in front
        check("naïvely", "naïv");
        check("xa*ding", "xad"); // NLTK's rule name taken as letters
        assert_eq!(porter_cased("RUNNING"), "RUNNING");
    }

    #[test]
    fn a_run_of_y_changes_kind_letter_by_letter() {
        for (word, vowels) in [("yyyy", [false, true, false, true]), ("ayyy", [true, false, true, false])] {
            let letters = Letters(word.as_bytes().to_vec());
            let got: Vec<bool> = (0..4).map(|at| !letters.consonant(at)).collect();
            assert_eq!(got, vowels, "{word}");
        }
    }
}
