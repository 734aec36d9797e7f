//! JSON that may stand inside of a script element.
//!
//! Main function: [`json`]. No text leaves its element: what could end it, open a comment or an
//! entity is written as an escape, and so is what would change the direction of the text around
//! it in an editor. Read as JSON it is the same text.

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io;

/// Compact JSON with more escapes than JSON asks for.
struct Guarded;

/// Whether a character is written as an escape.
fn is_escaped(c: char) -> bool {
    matches!(c,
        '<' | '>' | '&' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

impl Formatter for Guarded {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Plain ASCII needs no look at its characters.
        if !fragment.bytes().any(|b| matches!(b, b'<' | b'>' | b'&') || b >= 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_escaped(*c)) {
            writer.write_all(&fragment.as_bytes()[from..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            from = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[from..])
    }
}

/// A value as such JSON.
pub(super) fn json(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut out, Guarded));
    written.expect("maps with text keys and numbers always serialise");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_element_and_all_is_read_back() {
        for text in [
            "</script><script>alert(1)</script>",
            "<!-- <script>",
            "]]> &amp; &lt;",
            "a\u{2028}b\u{2029}c",
            "\u{202e}txt.exe\u{2066}",
            "nul \0 esc \u{1b}[2J bell \u{7} c1 \u{9b}",
            "한국어 \u{10ffff} \\ \" / '",
        ] {
            let json = json(&[text]);
            assert!(
                !json.contains(['<', '>', '&', '\u{2028}', '\u{202e}', '\0', '\u{1b}', '\u{9b}']),
                "{json}"
            );
            assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
        }
        let keys = std::collections::BTreeMap::from([("</script>", f64::NAN)]);
        assert_eq!(json(&keys), "{\"\\u003c/script\\u003e\":null}");
    }
}
