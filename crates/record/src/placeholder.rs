//! Placeholders in the templates of targets: `{{ name }}`, `{{ a.b.0 }}`, `{{ x | json }}`.
//!
//! Main type: [`Template`]. A placeholder names a value and at most says how it
//! is written: no code, no loops, so that filling one in is bounded work. Values
//! are put into texts of a structure; escaping is the business of whoever writes
//! the structure (JSON, form, URL), never of the template.

use serde_json::{Map, Value};
use std::fmt;

/// Longest template in bytes.
const MAX_TEMPLATE: usize = 1 << 20;
/// Most bytes that one template may become.
const MAX_FILLED: usize = 64 << 20;

/// A parsed text with placeholders.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Hole(Hole),
}

#[derive(Debug, Clone, PartialEq)]
struct Hole {
    path: Vec<String>,
    /// Written as JSON text.
    json: bool,
    /// What stands for a value that is not there.
    default: Option<String>,
}

/// What is wrong with a template, or with filling it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTemplate(pub String);

impl fmt::Display for BadTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadTemplate {}

fn bad<T>(what: impl Into<String>) -> Result<T, BadTemplate> {
    Err(BadTemplate(what.into()))
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// A placeholder that is not closed or not of the known form.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if text.len() > MAX_TEMPLATE {
            return bad(format!("the template has {} bytes, expected at most {MAX_TEMPLATE}", text.len()));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inside, tail)) = after.split_once("}}") else {
                return bad("'{{' is never closed, expected {{ NAME }}");
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Hole(hole(inside)?));
            rest = tail;
        }
        if rest.contains("{%") {
            return bad("'{%' is not known here, expected placeholders such as {{ NAME }} only");
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The names that must have a value: the first word of every placeholder without a default.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|p| match p {
            Piece::Hole(hole) if hole.default.is_none() => Some(hole.path[0].as_str()),
            _ => None,
        })
    }

    /// Whether it names that value.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.0.iter().any(|p| matches!(p, Piece::Hole(hole) if hole.path[0] == name))
    }

    /// The text with values in place of placeholders.
    ///
    /// # Errors
    /// A value is not there, or the text becomes larger than 64 MiB.
    pub fn text(&self, values: &Map<String, Value>) -> Result<String, BadTemplate> {
        self.text_as(values, &|text| text.into())
    }

    /// The same with every value written by `escape`, for texts that are no values of a
    /// structure, such as a path.
    ///
    /// # Errors
    /// As [`Template::text`].
    pub fn text_as(
        &self,
        values: &Map<String, Value>,
        escape: &dyn Fn(&str) -> String,
    ) -> Result<String, BadTemplate> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(hole) => match hole.find(values)? {
                    Found::Value(Value::String(text)) if !hole.json => out.push_str(&escape(text)),
                    Found::Value(Value::Null) if !hole.json => {}
                    Found::Value(value) => out.push_str(&escape(&value.to_string())),
                    Found::Default(text) => out.push_str(&escape(text)),
                },
            }
            if out.len() > MAX_FILLED {
                return bad(format!("the filled template is larger than {MAX_FILLED} bytes"));
            }
        }
        Ok(out)
    }

    /// The value of a text inside a JSON structure: a single placeholder alone
    /// gives the value with its type, everything else a text.
    ///
    /// # Errors
    /// As [`Template::text`].
    pub fn value(&self, values: &Map<String, Value>) -> Result<Value, BadTemplate> {
        if let [Piece::Hole(hole)] = self.0.as_slice()
            && !hole.json
        {
            return Ok(match hole.find(values)? {
                Found::Value(value) => value.clone(),
                Found::Default(text) => Value::String(text.to_owned()),
            });
        }
        Ok(Value::String(self.text(values)?))
    }
}

enum Found<'a> {
    Value(&'a Value),
    Default(&'a str),
}

impl Hole {
    fn find<'a>(&'a self, values: &'a Map<String, Value>) -> Result<Found<'a>, BadTemplate> {
        let mut at = values.get(&self.path[0]);
        for step in &self.path[1..] {
            at = match at {
                Some(Value::Object(map)) => map.get(step),
                Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => None,
            };
        }
        match (at, &self.default) {
            (Some(value), None) => Ok(Found::Value(value)),
            (Some(value), Some(_)) if !value.is_null() => Ok(Found::Value(value)),
            (_, Some(text)) => Ok(Found::Default(text)),
            (None, None) => bad(format!("'{}' has no value", self.path.join("."))),
        }
    }
}

/// What stands between the braces: a path, then filters.
fn hole(inside: &str) -> Result<Hole, BadTemplate> {
    let mut parts = inside.split('|').map(str::trim);
    let path = parts.next().unwrap_or_default();
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let steps: Vec<String> = path.split('.').map(|s| s.trim().to_owned()).collect();
    if !steps.iter().all(|s| word(s)) {
        return bad(format!(
            "'{{{{ {path} }}}}' is not known, expected {{{{ NAME }}}} or {{{{ NAME.FIELD }}}}"
        ));
    }
    let mut hole = Hole { path: steps, json: false, default: None };
    for filter in parts {
        let argument = filter.strip_prefix("default(").and_then(|f| f.strip_suffix(')')).map(str::trim);
        let quoted = |a: &str| {
            let inner = a.strip_prefix('"').and_then(|a| a.strip_suffix('"'));
            inner.or_else(|| a.strip_prefix('\'').and_then(|a| a.strip_suffix('\''))).map(str::to_owned)
        };
        match (filter, argument.and_then(quoted)) {
            ("json" | "tojson", _) => hole.json = true,
            (_, Some(text)) => hole.default = Some(text),
            _ => return bad(format!("filter '{filter}' is not known, expected json or default(\"TEXT\")")),
        }
    }
    Ok(hole)
}

/// Fills in every text of a JSON structure; keys stay as they are.
///
/// # Errors
/// As [`Template::parse`] and [`Template::text`].
pub fn fill(structure: &Value, values: &Map<String, Value>) -> Result<Value, BadTemplate> {
    Ok(match structure {
        Value::String(text) => Template::parse(text)?.value(values)?,
        Value::Array(items) => Value::Array(items.iter().map(|v| fill(v, values)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let pair = |(k, v): (&String, &Value)| Ok((k.clone(), fill(v, values)?));
            Value::Object(map.iter().map(pair).collect::<Result<_, BadTemplate>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Map<String, Value> {
        let all = json!({"q": "say \"hi\"\n", "n": 3, "list": [{"a": "x"}], "none": null, "evil": "{{ q }}"});
        all.as_object().unwrap().clone()
    }

    #[test]
    fn texts_are_filled_in_once() {
        for (template, want) in [
            ("{{ q }}", "say \"hi\"\n"),
            ("a {{n}} b {{ list.0.a }}", "a 3 b x"),
            ("{{ evil }}", "{{ q }}"),
            ("{{ none }}|{{ gone | default(\"d\") }}|{{ none | default('e') }}", "|d|e"),
            ("{{ list | json }}", "[{\"a\":\"x\"}]"),
            ("{{ q | tojson }}", "\"say \\\"hi\\\"\\n\""),
            ("no holes } {", "no holes } {"),
        ] {
            let got = Template::parse(template).unwrap().text(&values()).unwrap();
            assert_eq!(got, want, "{template}");
        }
    }

    #[test]
    fn structures_keep_types_and_cannot_be_broken_out_of() {
        let structure =
            json!({"text": "{{ q }}", "n": "{{ n }}", "s": "n={{ n }}", "l": ["{{ list }}"], "k": 1});
        let filled = fill(&structure, &values()).unwrap();
        let want = json!({"text": "say \"hi\"\n", "n": 3, "s": "n=3", "l": [[{"a": "x"}]], "k": 1});
        assert_eq!(filled, want);
        let text = filled.to_string();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), want);
    }

    #[test]
    fn troubles_are_named() {
        let check = |text: &str, words: &str| {
            let err = Template::parse(text).and_then(|t| t.text(&values())).unwrap_err();
            assert!(err.0.contains(words), "{text}: {err}");
        };
        check("{{ q", "never closed");
        check("{{ q() }}", "is not known");
        check("{{ q | upper }}", "filter 'upper'");
        check("{{ list.9 }}", "'list.9' has no value");
        check("{{ gone }}", "'gone' has no value");
        check("{% for x in y %}", "'{%' is not known");
        check("{{}}", "is not known");
        check(&"x".repeat(MAX_TEMPLATE + 1), "at most");
    }

    #[test]
    fn output_is_bounded() {
        let mut values = values();
        values.insert("big".into(), "x".repeat(1 << 20).into());
        let template = Template::parse(&"{{big}}".repeat(100)).unwrap();
        assert!(template.text(&values).unwrap_err().0.contains("larger"));
    }
}
