//! What the measuring thread must know of an answer's line: whose it is, and whether it is the last.
//!
//! Main function: [`look`]. It walks over the outermost object of a line without
//! taking it apart; JSON is read later and elsewhere.

/// What one line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    /// The id as it is written, quotes aside.
    pub(crate) id: Option<&'a [u8]>,
    /// Whether nothing follows for this request.
    pub(crate) last: bool,
}

/// Looks at a line; none when it is no JSON object at first sight.
pub(crate) fn look(line: &[u8]) -> Option<Seen<'_>> {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
        return None;
    }
    let mut seen = Seen { id: None, last: false };
    let mut at = 1;
    loop {
        at = skip(line, at, |b| b.is_ascii_whitespace() || b == b',');
        match line.get(at)? {
            b'}' => return (at + 1 == line.len()).then_some(seen),
            b'"' => {}
            _ => return None,
        }
        let key_end = string(line, at)?;
        let key = &line[at + 1..key_end - 1];
        at = skip(line, key_end, |b| b.is_ascii_whitespace());
        if line.get(at) != Some(&b':') {
            return None;
        }
        at = skip(line, at + 1, |b| b.is_ascii_whitespace());
        let end = value(line, at)?;
        let text = line[at..end].trim_ascii();
        match key {
            b"id" => {
                seen.id = Some(text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text))
            }
            b"text" | b"error" => seen.last |= text != b"null",
            b"done" => seen.last |= text == b"true",
            _ => {}
        }
        at = end;
    }
}

fn skip(line: &[u8], from: usize, over: impl Fn(u8) -> bool) -> usize {
    line[from..].iter().position(|b| !over(*b)).map_or(line.len(), |n| from + n)
}

/// Where the text that begins at `at` ends, its quote included.
fn string(line: &[u8], at: usize) -> Option<usize> {
    let mut i = at + 1;
    loop {
        match line.get(i)? {
            b'\\' => i += 2,
            b'"' => return Some(i + 1),
            _ => i += 1,
        }
    }
}

/// Where the value that begins at `at` ends.
fn value(line: &[u8], at: usize) -> Option<usize> {
    let (mut i, mut depth) = (at, 0usize);
    loop {
        match line.get(i)? {
            b'"' => i = string(line, i)?,
            b'{' | b'[' => {
                depth += 1;
                i += 1;
            }
            b'}' | b']' if depth == 0 => return (i > at).then_some(i),
            b'}' | b']' => {
                depth -= 1;
                i += 1;
            }
            b',' if depth == 0 => return (i > at).then_some(i),
            _ => i += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: Option<(Option<&str>, bool)>) {
        let got =
            look(line.as_bytes()).map(|s| (s.id.map(|i| String::from_utf8_lossy(i).into_owned()), s.last));
        let want = want.map(|(id, last)| (id.map(str::to_owned), last));
        assert_eq!(got, want, "{line}");
    }

    #[test]
    fn only_the_outermost_keys_count() {
        check(r#"{"id":"7","delta":"text"}"#, Some((Some("7"), false)));
        check(r#" {"id": 7, "text": "a\"}"} "#, Some((Some("7"), true)));
        check(r#"{"id":"7","usage":{"done":true,"text":"x"},"done":false}"#, Some((Some("7"), false)));
        check(r#"{"done":true}"#, Some((None, true)));
        check(r#"{"id":"7","error":null,"delta":"}"}"#, Some((Some("7"), false)));
        check(r#"{"id":"7","error":{"message":"no"}}"#, Some((Some("7"), true)));
        check("{}", Some((None, false)));
    }

    #[test]
    fn what_is_no_object_is_nothing() {
        for line in
            ["", "hello", "[1]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":\"}", "{a:1}", "{\"a\":1}}"]
        {
            check(line, None);
        }
    }
}
