//! What a stored request asked, as messages: the way back from a body.
//!
//! Main function: [`asked`]. Reads what the protocols of this room write, whichever it was; a body
//! that is none of theirs has no messages. Must not fail: bodies in a store may be anything.

use serde_json::{Map, Value};

/// Most messages that are read.
const MOST: usize = 1000;

/// Role and text of each message of a body, in order; none where it cannot be understood.
///
/// Chat messages (with `system` or `instructions` before them), a list or text of `input`, a
/// `prompt`, and lines of programs. Parts of a message that are no text are named by their type.
#[must_use]
pub fn asked(body: &[u8]) -> Vec<(String, String)> {
    let Ok(Value::Object(map)) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut found = Vec::new();
    for key in ["system", "instructions"] {
        found.extend(map.get(key).and_then(text).map(|t| ("system".to_owned(), t)));
    }
    for key in ["messages", "input", "prompt"] {
        let Some(value) = map.get(key) else { continue };
        match value {
            Value::Array(list) => found.extend(list.iter().take(MOST).filter_map(message)),
            other => found.extend(text(other).map(|t| ("user".to_owned(), t))),
        }
    }
    found
}

/// One entry of a list: an object with a role, or a text.
fn message(entry: &Value) -> Option<(String, String)> {
    let Value::Object(map) = entry else { return Some(("user".to_owned(), text(entry)?)) };
    let role = map.get("role").or_else(|| map.get("type")).and_then(Value::as_str).unwrap_or("user");
    let mut parts: Vec<String> = map.get("content").and_then(text).into_iter().collect();
    parts.extend(map.get("tool_calls").and_then(Value::as_array).into_iter().flatten().map(Value::to_string));
    if parts.is_empty() {
        parts.extend(["output", "arguments", "text"].iter().filter_map(|key| map.get(*key).and_then(text)));
    }
    Some((role.to_owned(), parts.join("\n")))
}

/// A text, or the texts of a list of parts.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().take(MOST).filter_map(part).collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        }
        _ => None,
    }
}

fn part(part: &Value) -> Option<String> {
    let own = |map: &Map<String, Value>| {
        let kind = map.get("type").and_then(Value::as_str).unwrap_or("part");
        map.get("text").and_then(Value::as_str).map_or_else(|| format!("[{kind}]"), str::to_owned)
    };
    match part {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => Some(own(map)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, want: &[(&str, &str)]) {
        let found = asked(body.as_bytes());
        let found: Vec<(&str, &str)> = found.iter().map(|(r, t)| (r.as_str(), t.as_str())).collect();
        assert_eq!(found, want, "{body}");
    }

    #[test]
    fn every_protocol_is_read_back() {
        check(
            r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}]}"#,
            &[("system", "s"), ("user", "a\n[image_url]")],
        );
        check(
            r#"{"system":"s","messages":[{"role":"user","content":"u"}]}"#,
            &[("system", "s"), ("user", "u")],
        );
        check(
            r#"{"instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"u"}]},{"type":"function_call_output","output":"42"}]}"#,
            &[("system", "i"), ("user", "u"), ("function_call_output", "42")],
        );
        check(r#"{"prompt":"p"}"#, &[("user", "p")]);
        check(r#"{"input":["a","b"]}"#, &[("user", "a"), ("user", "b")]);
    }

    #[test]
    fn what_is_no_body_of_ours_has_no_messages() {
        for body in ["", "[1]", "{", "{\"messages\": 3}", "{\"prompt\": [1, 2]}", "\u{feff}{}"] {
            check(body, &[]);
        }
        assert!(asked(b"\xff\xfe").is_empty());
        let deep = format!("{{\"messages\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(asked(deep.as_bytes()).is_empty());
    }
}
