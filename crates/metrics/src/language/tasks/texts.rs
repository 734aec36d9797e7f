//! Tasks of running text: LAMBADA's last word, WikiText whole.

use super::{BadDocument, Question, Request, text};
use crate::text::{is_python_space, word_split_count};
use serde_json::Value;

/// The last word after the last space, given what stands before.
pub(super) fn lambada(doc: &Value) -> Result<Question, BadDocument> {
    let (context, word) = text(doc, "text").map(|t| t.rsplit_once(' ').unwrap_or(("", t)))?;
    Ok(Question::Continuation(Request { context: context.to_owned(), continuation: format!(" {word}") }))
}

/// The page without WikiText's tokenization; words and bytes are those of the page as it is.
pub(super) fn wikitext(doc: &Value) -> Result<Question, BadDocument> {
    let page = text(doc, "page")?;
    let (words, bytes) = (word_split_count(page), page.len());
    Ok(Question::Text { text: plain(page), words, bytes })
}

/// What is replaced before brackets and quotes are closed up.
const BEFORE: [(&str, &str); 10] = [
    ("s '", "s'"),
    (" @-@ ", "-"),
    (" @,@ ", ","),
    (" @.@ ", "."),
    (" : ", ": "),
    (" ; ", "; "),
    (" . ", ". "),
    (" ! ", "! "),
    (" ? ", "? "),
    (" , ", ", "),
];

/// What is replaced after it.
const AFTER: [(&str, &str); 8] = [
    ("= = = =", "===="),
    ("= = =", "==="),
    ("= =", "=="),
    (" ° ", "°"),
    (" \n", "\n"),
    ("\n ", "\n"),
    (" N ", " 1 "),
    (" 's", "'s"),
];

fn plain(page: &str) -> String {
    let mut text = page.replace(BEFORE[0].0, BEFORE[0].1);
    // A slip of the published rule: it looks for slashes, and puts its own pattern there.
    for digit in '0'..='9' {
        text = text.replace(&format!("/' {digit}/"), "/'[0-9]/");
    }
    for (from, to) in &BEFORE[1..] {
        text = text.replace(from, to);
    }
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\'')] {
        text = closed_up(&text, open, close);
    }
    AFTER.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// White space just inside a pair of marks is taken out; an opening mark pairs with the next closing one.
fn closed_up(text: &str, open: char, close: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(open) {
        let Some((inner, after)) = behind.split_once(close) else { break };
        out.push_str(before);
        out.push(open);
        out.push_str(inner.trim_matches(is_python_space));
        out.push(close);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokenization_is_undone() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text), expect, "{text:?}");
        check("a ( b ) , c @,@ 1", "a (b), c,1");
        check("( a ( b ) c )", "(a ( b) c )");
        check("\" a \" \" b", "\"a\" \" b");
        check("= = = = x", "==== x");
        check("/' 3/", "/'[0-9]/");
        check("5 ° C (", "5°C (");
        check("", "");
    }
}
