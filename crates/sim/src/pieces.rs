//! The server's own tokens.
//!
//! Main type: [`Pieces`]. A token is up to six characters of a word together with
//! the white space before it; white space at the very end belongs to the last
//! token. That is no model's tokenizer, but it is exact and it is the truth here.

use acidtest_schedule::Stream;

const LONGEST: usize = 6;

/// A text and where its tokens end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    text: String,
    ends: Vec<usize>,
}

impl Pieces {
    pub(crate) fn of(text: String) -> Self {
        let mut ends = Vec::new();
        let mut letters = 0;
        for (at, c) in text.char_indices() {
            if letters > 0 && (c.is_whitespace() || letters == LONGEST) {
                ends.push(at);
                letters = 0;
            }
            letters += usize::from(!c.is_whitespace());
        }
        if letters > 0 {
            ends.push(text.len());
        } else if let Some(last) = ends.last_mut() {
            *last = text.len();
        } else if !text.is_empty() {
            ends.push(text.len());
        }
        Self { text, ends }
    }

    /// Seeded words, one token each.
    pub(crate) fn synthetic(tokens: usize, chance: &mut Stream) -> Self {
        const WORDS: &[&str] = &[
            "amber", "bronze", "clay", "dust", "east", "fire", "gold", "hall", "iron", "jade", "kiln",
            "lamp", "moon", "night", "ocean", "paper", "quiet", "river", "stone", "tower", "under", "vase",
            "white", "year", "silk", "glass", "ivory", "linen", "maple", "north", "olive", "pearl",
        ];
        let mut text = String::with_capacity(tokens * 7);
        for i in 0..tokens {
            if i > 0 {
                text.push(' ');
            }
            text.push_str(WORDS[chance.below(WORDS.len() as u64) as usize]);
        }
        Self::of(text)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Keeps the first tokens only.
    pub(crate) fn truncate(&mut self, tokens: usize) {
        if tokens < self.ends.len() {
            self.ends.truncate(tokens);
            self.text.truncate(self.ends.last().copied().unwrap_or(0));
        }
    }

    /// The text of tokens `from..to`.
    pub(crate) fn get(&self, from: usize, to: usize) -> &str {
        let start = from.checked_sub(1).map_or(0, |i| self.ends[i]);
        let end = to.checked_sub(1).map_or(0, |i| self.ends[i]);
        &self.text[start..end]
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// How many tokens a text has.
pub(crate) fn count(text: &str) -> usize {
    let (mut n, mut letters) = (0, 0);
    for c in text.chars() {
        if c.is_whitespace() {
            letters = 0;
            continue;
        }
        n += usize::from(letters % LONGEST == 0);
        letters += 1;
    }
    n.max(usize::from(!text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let p = Pieces::of(text.to_owned());
        let got: Vec<_> = (0..p.len()).map(|i| p.get(i, i + 1)).collect();
        assert_eq!(got, expect);
        assert_eq!(got.concat(), text);
        assert_eq!(count(text), p.len(), "{text:?}");
    }

    #[test]
    fn tokens_put_together_are_the_text() {
        check("", &[]);
        check("  ", &["  "]);
        check("one two", &["one", " two"]);
        check(" one  two \n", &[" one", "  two \n"]);
        check("pagodas stand", &["pagoda", "s", " stand"]);
        check("국립중앙박물관 소장", &["국립중앙박물", "관", " 소장"]);
    }

    #[test]
    fn truncation_keeps_whole_tokens() {
        let mut p = Pieces::synthetic(10, &mut Stream::new(1, "t", 0));
        assert_eq!(p.len(), 10);
        let whole = p.text().to_owned();
        p.truncate(4);
        assert_eq!((p.len(), p.get(0, 4)), (4, p.text()));
        assert!(whole.starts_with(p.text()));
        p.truncate(0);
        assert_eq!((p.len(), p.text()), (0, ""));
    }
}
