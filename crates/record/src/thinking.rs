//! Thinking that a model wrote into its visible text.
//!
//! Main function: [`without_thinking`]. What stands between thinking tags is never
//! an answer, and a text that ends while still thinking has none: it was cut.
//! Must not look at anything but the text.

use std::borrow::Cow;

/// Names of the tags between which models think.
pub const THINKING_TAGS: [&str; 3] = ["think", "thinking", "reasoning"];

/// The text ends before its thinking does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text ends before the thinking does")]
pub struct Unfinished;

/// The text without its thinking, by the usual tags.
///
/// # Errors
/// Thinking that is never closed.
pub fn without_thinking(text: &str) -> Result<Cow<'_, str>, Unfinished> {
    without_tags(text, &THINKING_TAGS)
}

/// The text without what stands between `<tag>` and `</tag>` of any of the names.
/// Everything before a closing tag that was never opened is thinking too: some
/// chat templates open it in the prompt. Tags of another name inside a block are
/// part of it.
///
/// # Errors
/// Thinking that is never closed.
pub fn without_tags<'t, S: AsRef<str>>(text: &'t str, names: &[S]) -> Result<Cow<'t, str>, Unfinished> {
    let Some(first) = next_tag(text, names) else {
        return Ok(Cow::Borrowed(text));
    };
    let (mut out, mut rest, mut found) = (String::new(), text, Some(first));
    while let Some(tag) = found {
        if tag.opens {
            out.push_str(&rest[..tag.begin]);
            let close = format!("</{}>", names[tag.name].as_ref());
            let inside = &rest[tag.end..];
            let at = inside.find(&close).ok_or(Unfinished)?;
            rest = &inside[at + close.len()..];
        } else {
            out.clear();
            rest = &rest[tag.end..];
        }
        found = next_tag(rest, names);
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

struct Tag {
    begin: usize,
    end: usize,
    name: usize,
    opens: bool,
}

/// The first tag of a text.
fn next_tag<S: AsRef<str>>(text: &str, names: &[S]) -> Option<Tag> {
    text.match_indices('<').find_map(|(begin, _)| {
        let inside = &text[begin + 1..];
        let (opens, inside) = match inside.strip_prefix('/') {
            Some(rest) => (false, rest),
            None => (true, inside),
        };
        let name = names
            .iter()
            .position(|n| inside.strip_prefix(n.as_ref()).is_some_and(|after| after.starts_with('>')))?;
        let end = begin + 2 + usize::from(!opens) + names[name].as_ref().len();
        Some(Tag { begin, end, name, opens })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_go_and_unfinished_ones_are_no_answer() {
        for (text, expect) in [
            ("plain < b > a", Ok("plain < b > a")),
            ("<think>it is 5</think> 7 ", Ok(" 7 ")),
            ("in the prompt</think>\n7", Ok("\n7")),
            ("<think>a</think>one <reasoning>b</reasoning>two", Ok("one two")),
            ("<thinking>a <think> b</thinking>7", Ok("7")),
            ("<think>a</think>x</think>7", Ok("7")),
            ("<think></think>", Ok("")),
            ("<think>it is 5", Err(Unfinished)),
            ("7 <reasoning>or is it", Err(Unfinished)),
            ("<think>a</thinking>7", Err(Unfinished)),
            ("<Think>x", Ok("<Think>x")),
        ] {
            assert_eq!(without_thinking(text).as_deref(), expect.as_deref(), "{text}");
        }
        assert_eq!(without_tags("<plan>x</plan>7", &["plan"]).unwrap(), "7");
        assert_eq!(without_tags("<think>x</think>7", &["plan"]).unwrap(), "<think>x</think>7");
    }

    #[test]
    fn many_tags_take_linear_time() {
        let text = "<think>a</think>b".repeat(100_000);
        assert_eq!(without_thinking(&text).unwrap().len(), 100_000);
        let text = "</think>b".repeat(100_000);
        assert_eq!(without_thinking(&text).unwrap(), "b");
    }
}
