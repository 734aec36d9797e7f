//! HellaSwag: endings of a scene, cleaned of their brackets.

use super::{BadDocument, Question, place, text, texts};
use crate::text::is_python_space;
use serde_json::Value;

pub(super) fn question(doc: &Value) -> Result<Question, BadDocument> {
    let scene = format!("{} {}", text(doc, "ctx_a")?, capitalized(text(doc, "ctx_b")?));
    let context = cleaned(&format!("{}: {scene}", text(doc, "activity_label")?));
    let endings: Vec<String> = texts(&doc["endings"], "endings")?.iter().map(|e| cleaned(e)).collect();
    Ok(Question::choices(&context, endings, place(doc, "label")?))
}

/// Outer white space, `[title]`, brackets within a line and one of two spaces are taken out.
fn cleaned(text: &str) -> String {
    let text = text.trim_matches(is_python_space).replace(" [title]", ". ");
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('[') {
        kept.push_str(&rest[..open]);
        let inner = &rest[open + 1..];
        // A bracket that its line does not close stays, and so does a later one of that line.
        let Some(stop) = inner.find([']', '\n']) else {
            kept.push_str(&rest[open..]);
            rest = "";
            break;
        };
        if inner.as_bytes()[stop] == b'\n' {
            kept.push_str(&rest[open..open + 1 + stop]);
            rest = &inner[stop..];
        } else {
            rest = &inner[stop + 1..];
        }
    }
    kept.push_str(rest);
    kept.replace("  ", " ")
}

/// Python's `str.capitalize()`: the first character in title case, the rest in lower case.
fn capitalized(text: &str) -> String {
    let Some(first) = text.chars().next() else { return String::new() };
    // Lower case looks at neighbours (final sigma), so the whole is lowered before it is cut.
    let lower = text.to_lowercase();
    let skip: usize = first.to_lowercase().map(char::len_utf8).sum();
    format!("{}{}", title(first), &lower[skip..])
}

/// Title case, where it is not upper case by the Unicode data: digraphs, ligatures, iota below.
fn title(c: char) -> String {
    let upper: String = c.to_uppercase().collect();
    match c {
        'Ǆ'..='ǆ' => "ǅ".into(),
        'Ǉ'..='ǉ' => "ǈ".into(),
        'Ǌ'..='ǌ' => "ǋ".into(),
        'Ǳ'..='ǳ' => "ǲ".into(),
        // Georgian has capitals for whole texts only.
        '\u{10d0}'..='\u{10ff}' => c.into(),
        'ß' | 'և' | '\u{fb00}'..='\u{fb17}' => {
            let mut parts = upper.chars();
            parts.next().into_iter().chain(parts.flat_map(char::to_lowercase)).collect()
        }
        '\u{1f80}'..='\u{1faf}' => char::from_u32(c as u32 | 8).map_or(upper, String::from),
        'ᾳ' | 'ᾼ' => "ᾼ".into(),
        'ῃ' | 'ῌ' => "ῌ".into(),
        'ῳ' | 'ῼ' => "ῼ".into(),
        '\u{1fb2}'..='\u{1ff7}' => upper.replace('\u{399}', "\u{345}"),
        _ => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_blanks() {
        let check = |text: &str, expect: &str| assert_eq!(cleaned(text), expect, "{text:?}");
        check(" a [x] b ", "a b");
        check("[step] a", " a");
        check("a [title] b", "a.  b".replace("  ", " ").as_str());
        check("a [b\nc] d", "a [b\nc] d");
        check("a [b [c] d] e", "a d] e");
        check("a [b", "a [b");
        check("a[]b[c", "ab[c");
        check("[a\n[b]c", "[a\nc");
        check("\u{1c}a", "a");
        check("a   b", "a  b");
        check("", "");
    }

    #[test]
    fn capitals() {
        let check = |text: &str, expect: &str| assert_eq!(capitalized(text), expect, "{text:?}");
        check("", "");
        check("ßie", "Ssie");
        check("ŒUVRE", "Œuvre");
        check("ΣΑΣ", "Σας");
        check("ǆA", "ǅa");
        check("ﬁN", "Fin");
        check("İX", "İx");
        check("ŉA", "ʼNa");
        check("აბ", "აბ");
        check("ᾳΑ", "ᾼα");
        check("ᾲ", "Ὰ\u{345}");
    }
}
