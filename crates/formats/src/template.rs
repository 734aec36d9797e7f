//! Foreign templates: which variables they name, and the plain ones filled in.
//!
//! Main functions: [`fill`] and [`variables`]. Only `{{ name }}` and
//! `{{ name.field }}` are filled in here; whatever needs a template language is
//! refused, since a value that was filled in wrongly would change pass and fail.

use crate::error::brief;
use crate::json::spelled;
use serde_json::Value;
use std::collections::BTreeSet;

/// Largest text that a template may become.
const MAX_TEXT: usize = 4 << 20;

/// A template with its variables filled in by `look`; a missing one is empty, as in Nunjucks.
pub(crate) fn fill(text: &str, look: &dyn Fn(&str) -> Option<Value>) -> Result<String, String> {
    if text.contains("{%") || text.contains("{#") {
        return Err("a template with statements ('{%') is not filled in".into());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let Some(end) = inner.find("}}") else {
            return Err("a '{{' without its '}}'".into());
        };
        let name = inner[..end].trim_matches(|c: char| c == '-' || c.is_whitespace());
        if !is_path(name) {
            return Err(format!("the expression '{{{{ {} }}}}' is more than a variable's name", brief(name)));
        }
        if name == "env" || name.starts_with("env.") {
            return Err(format!("'{{{{ {} }}}}' reads the environment", brief(name)));
        }
        out.push_str(&look(name).map(|v| spelled(&v)).unwrap_or_default());
        rest = &inner[end + 2..];
        if out.len() > MAX_TEXT {
            return Err("the template writes more than 4 MiB".into());
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A value found by a dotted path.
pub(crate) fn at_path(root: &Value, path: &str) -> Option<Value> {
    let mut at = root;
    for part in path.split('.') {
        at = match at {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    Some(at.clone())
}

fn is_path(name: &str) -> bool {
    !name.is_empty()
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-'))
}

/// Names that begin an expression `{{ name …`.
pub(crate) fn variables(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for part in text.split("{{").skip(1) {
        let inner = part.split("}}").next().unwrap_or_default().trim_start_matches(['-', ' ', '\t', '\n']);
        let name: String = inner.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
            out.insert(name);
        }
    }
    out
}

/// A text as a template that says just that text.
pub(crate) fn literal(text: &str) -> String {
    if !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    text.replace('{', "{{ '{' }}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, expect: Result<&str, &str>) {
        let vars = json!({"a": "x", "n": 3, "o": {"p": [true]}});
        let got = fill(text, &|name| at_path(&vars, name));
        match expect {
            Ok(want) => assert_eq!(got.as_deref(), Ok(want)),
            Err(part) => assert!(got.as_ref().is_err_and(|e| e.contains(part)), "{text}: {got:?}"),
        }
    }

    #[test]
    fn plain_variables_are_filled_in_and_nothing_else() {
        check("{{a}} {{ n }} {{o.p.0}} {{ none }}.", Ok("x 3 true ."));
        check("{{ a | upper }}", Err("more than a variable"));
        check("{% if a %}", Err("statements"));
        check("{{ env.HOME }}", Err("environment"));
        check("{{ a", Err("without"));
    }

    #[test]
    fn literals_stay_what_they_are() {
        assert_eq!(literal("plain"), "plain");
        assert_eq!(literal("a {{ b"), "a {{ '{' }}{{ '{' }} b");
        assert_eq!(variables("{{ a.b }} {{c|x}} {{ 'q' }}").into_iter().collect::<Vec<_>>(), ["a", "c"]);
    }
}
