//! How much text one view may hold: a part has a limit, and so has the whole.
//!
//! Main type: [`Budget`]. What is cut is counted in bytes, never hidden.

/// Most bytes of one text.
pub(super) const MOST_TEXT: usize = 64 << 10;
/// Most bytes of all texts of a view.
const MOST_ALL: usize = 4 << 20;

/// What is left for texts.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MOST_ALL)
    }

    /// The beginning of a text, and the bytes that were cut off.
    pub(super) fn cut(&mut self, text: &str) -> (String, u64) {
        let mut end = text.len().min(MOST_TEXT).min(self.0);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0 -= end;
        (text[..end].to_owned(), (text.len() - end) as u64)
    }

    /// The same, adding what was cut off to a sum.
    pub(super) fn take(&mut self, text: &str, left_out: &mut u64) -> String {
        let (text, cut) = self.cut(text);
        *left_out += cut;
        text
    }
}

/// The beginning of a text that stands alone, and the bytes that were cut off.
#[must_use]
pub fn cut(text: &str) -> (String, u64) {
    Budget::new().cut(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_counted() {
        let mut budget = Budget::new();
        let long = "가".repeat(MOST_TEXT);
        let (text, cut) = budget.cut(&long);
        assert_eq!((text.len(), text.len() + cut as usize), (MOST_TEXT - 1, long.len()));
        assert!(text.chars().all(|c| c == '가'));
        let mut left_out = 0;
        let kept: usize = (0..100).map(|_| budget.take(&long, &mut left_out).len()).sum();
        assert!(kept + MOST_TEXT <= MOST_ALL);
        assert_eq!(kept + left_out as usize, 100 * long.len());
    }
}
