//! The nearest known word to a mistyped one.
//!
//! Main function: [`nearest`]. Must not decide what is an error.

/// The known word that `typed` was probably meant to be, if one is near enough.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = fold(typed);
    if typed.len() > 64 {
        return None;
    }
    let allowed = 1 + typed.len() / 4;
    known
        .into_iter()
        .map(|word| (distance(&typed, &fold(word)), word))
        .filter(|(d, word)| *d <= allowed && *d < word.chars().count())
        .min_by_key(|(d, _)| *d)
        .map(|(_, word)| word)
}

/// Case, hyphens and blanks are the commonest slips and count nothing.
fn fold(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '-' || c == ' ' { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

/// Edits between two words: insert, delete, replace, swap neighbours.
pub(crate) fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["repeats", "targets", "scorers", "gates", "starts_with", "url"];
        for (typed, expect) in [
            ("repeat", Some("repeats")),
            ("tragets", Some("targets")),
            ("Scorer", Some("scorers")),
            ("starts-with", Some("starts_with")),
            ("uri", Some("url")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expect, "{typed}");
        }
    }
}
