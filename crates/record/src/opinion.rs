//! What people may write into a verdict: names, labels and notes, bounded in length and characters.
//!
//! Main functions: [`name_of`], [`note_of`], [`is_our_own`]. One rule for files that are imported
//! and for what is sent to the server.

/// Longest name of a person, an opinion or a label, in characters.
pub const NAME_CHARS: usize = 200;
/// Longest note, in characters; more is cut off.
pub const NOTE_CHARS: usize = 2000;

/// Names of opinions that acidtest forms itself: nobody else may give them.
pub const ONLY_OURS: [&str; 5] = ["correct", "refused", "funnel", "funnel:repaired", "repairs"];

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// Too long, or with characters that would change how its surroundings are shown.
    #[error("is longer than {NAME_CHARS} characters or has control characters")]
    Unfit,
}

/// A short name without control characters, white space around it cut off.
///
/// # Errors
/// It is empty, longer than [`NAME_CHARS`], or has control characters; marks that turn the
/// direction of the text around them are such.
pub fn name_of(text: &str) -> Result<String, BadName> {
    let text = text.trim();
    if text.is_empty() {
        return Err(BadName::Empty);
    }
    match text.chars().count() > NAME_CHARS || text.chars().any(is_control) {
        true => Err(BadName::Unfit),
        false => Ok(text.to_owned()),
    }
}

/// Control characters, and marks of direction that reach beyond the name.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A note: its first [`NOTE_CHARS`] characters; absent when it is blank.
#[must_use]
pub fn note_of(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(NOTE_CHARS).collect())
}

/// Whether an opinion of that name is formed by acidtest itself.
#[must_use]
pub fn is_our_own(name: &str) -> bool {
    ONLY_OURS.contains(&name) || name.starts_with("field:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_change_nothing_around_them() {
        assert_eq!(name_of("  김 선생 "), Ok("김 선생".into()));
        assert_eq!(name_of(" \t"), Err(BadName::Empty));
        for bad in ["a\nb", "a\u{1b}[31m", "a\u{202E}b", "\u{2066}x"] {
            assert_eq!(name_of(bad), Err(BadName::Unfit), "{bad:?}");
        }
        assert_eq!(name_of(&"x".repeat(200)).map(|n| n.len()), Ok(200));
        assert_eq!(name_of(&"x".repeat(201)), Err(BadName::Unfit));
    }

    #[test]
    fn notes_are_cut_and_blank_ones_are_none() {
        assert_eq!(note_of(" \n "), None);
        assert_eq!(note_of(&"가".repeat(3000)).map(|n| n.chars().count()), Some(NOTE_CHARS));
    }

    #[test]
    fn our_own_names_are_ours_alone() {
        assert!(is_our_own("correct") && is_our_own("field:price") && !is_our_own("helpful"));
    }
}
