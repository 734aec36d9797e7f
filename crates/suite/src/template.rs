//! From a case to chat messages.
//!
//! Main type: [`Prompt`], a compiled [`PromptSpec`]. Text is sent byte for byte
//! as written: nothing is escaped, trimmed or normalised. A template reaches no
//! file and no environment; its work and its output are bounded.

use crate::kept;
use acidtest_record::{Case, Message, PromptSpec};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::io;

/// Most bytes that one message may become.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// Most template instructions for one message.
const FUEL: u64 = 200_000;

/// Most bytes of template code in one message, its texts in quotes left out. The
/// template library follows a chain (`a.b.c`, `elif`) as deep as it is long.
const MAX_CODE: usize = 4 << 10;

/// Names that templates have without any case.
const GLOBALS: [&str; 5] = ["range", "dict", "namespace", "loop", "debug"];

/// Why a prompt cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RenderError {
    /// Which message of the prompt, from 0.
    pub message: usize,
    /// Which line of its template, from 1.
    pub line: usize,
    /// The undefined variable, if that is the trouble.
    pub variable: Option<String>,
    /// What is wrong.
    pub what: String,
}

/// A prompt whose templates are parsed once and rendered for every case.
#[derive(Debug)]
pub struct Prompt {
    name: String,
    messages: Vec<Part>,
    templates: Environment<'static>,
    /// Variables of the prompt itself, over those of the case.
    vars: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug)]
struct Part {
    role: String,
    /// The text itself where it has no template syntax, else the template's name.
    content: Content,
}

#[derive(Debug)]
enum Content {
    Plain(String),
    Template(String),
}

impl Prompt {
    /// Parses the templates.
    ///
    /// # Errors
    /// A template has a syntax error.
    pub fn compile(spec: &PromptSpec) -> Result<Prompt, RenderError> {
        let mut templates = environment();
        let mut messages = Vec::with_capacity(spec.messages.len());
        for (i, message) in spec.messages.iter().enumerate() {
            let text = &message.content;
            let plain = !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark));
            let content = if plain {
                Content::Plain(text.clone())
            } else {
                check_code(text, i)?;
                let name = i.to_string();
                let guarded = kept::guarded(text).map_err(|(what, line)| RenderError {
                    message: i,
                    line,
                    variable: None,
                    what,
                })?;
                templates.add_template_owned(name.clone(), guarded).map_err(|e| explain(&e, i))?;
                Content::Template(name)
            };
            messages.push(Part { role: message.role.clone(), content });
        }
        Ok(Prompt { name: spec.name.clone(), messages, templates, vars: spec.vars.clone() })
    }

    /// The prompt's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The variables that the templates name, whether or not they need them.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for (_, template) in self.templates.templates() {
            out.extend(template.undeclared_variables(false));
        }
        out.retain(|name| !GLOBALS.contains(&name.as_str()));
        out
    }

    /// The messages of a case.
    ///
    /// # Errors
    /// A variable is not defined, or the template fails, works too long or writes too much.
    pub fn render(&self, case: &Case) -> Result<Vec<Message>, RenderError> {
        let part = |(i, part): (usize, &Part)| {
            Ok(Message { role: part.role.clone(), content: self.text(i, &case.vars)? })
        };
        self.messages.iter().enumerate().map(part).collect()
    }

    /// The text of one message with these variables.
    pub(crate) fn text(&self, message: usize, vars: &Map<String, Json>) -> Result<String, RenderError> {
        match &self.messages[message].content {
            Content::Plain(text) => Ok(text.clone()),
            Content::Template(name) => {
                let merged;
                let vars = match self.vars.is_empty() {
                    true => vars,
                    false => {
                        let own = self.vars.iter().map(|(k, v)| (k.clone(), v.clone()));
                        merged = vars.clone().into_iter().chain(own).collect();
                        &merged
                    }
                };
                let variables = Value::from(minijinja::value::Serde(vars));
                self.render_one(message, name, &variables, vars)
            }
        }
    }

    /// The variables that one message's template names.
    pub(crate) fn named(&self, message: usize) -> BTreeSet<String> {
        match &self.messages[message].content {
            Content::Plain(_) => BTreeSet::new(),
            Content::Template(name) => {
                let template = self.templates.get_template(name);
                template
                    .map_or_else(|_| BTreeSet::new(), |t| t.undeclared_variables(false).into_iter().collect())
            }
        }
    }

    fn render_one(
        &self,
        message: usize,
        name: &str,
        variables: &Value,
        vars: &Map<String, Json>,
    ) -> Result<String, RenderError> {
        let template =
            self.templates.get_template(name).expect("every template was added when the prompt was compiled");
        let mut out = Bounded(Vec::new());
        kept::begin();
        let result = template.render_captured_to(variables, &mut out);
        if let Err(error) = result {
            let mut error = explain(&error, message);
            if error.variable.is_some() {
                error.variable = template
                    .undeclared_variables(false)
                    .into_iter()
                    .filter(|v| !GLOBALS.contains(&v.as_str()) && !vars.contains_key(v))
                    .min();
            }
            return Err(error);
        }
        Ok(String::from_utf8(out.0).expect("a template writes whole strings"))
    }
}

/// Renders a prompt once. For many cases, compile a [`Prompt`].
///
/// # Errors
/// As [`Prompt::compile`] and [`Prompt::render`].
pub fn render(prompt: &PromptSpec, case: &Case) -> Result<Vec<Message>, RenderError> {
    Prompt::compile(prompt)?.render(case)
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(50);
    kept::install(&mut env);
    env.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()
            .expect("the default delimiters are valid"),
    );
    env
}

/// Refuses more code than the template library can follow on any thread's stack.
fn check_code(text: &str, message: usize) -> Result<(), RenderError> {
    let bytes = text.as_bytes();
    let (mut code, mut at, mut line) = (0, 0, 1);
    let (mut inside, mut quote) = (false, None);
    while at < bytes.len() {
        let two = bytes.get(at..at + 2).unwrap_or_default();
        line += usize::from(bytes[at] == b'\n');
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), b) => quote = (b != open).then_some(open),
            (None, b @ (b'"' | b'\'')) if inside => quote = Some(b),
            _ if inside && matches!(two, b"}}" | b"%}") => inside = false,
            _ if inside => code += 1,
            _ if two == b"{#" => {
                let end = text[at + 2..].find("#}").map_or(bytes.len(), |end| at + 2 + end);
                line += text[at..end].matches('\n').count();
                at = end;
            }
            _ => inside = matches!(two, b"{{" | b"{%"),
        }
        at += 1;
        if code > MAX_CODE {
            let what = format!("the template holds more than {MAX_CODE} bytes of code");
            return Err(RenderError { message, line, variable: None, what });
        }
    }
    Ok(())
}

/// A template's error in the words of a suite.
fn explain(error: &minijinja::Error, message: usize) -> RenderError {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "the template works too long: more than 200000 steps".to_owned(),
        ErrorKind::WriteFailure => "the template writes more than 4 MiB".to_owned(),
        ErrorKind::UndefinedError => "the template uses a value that is not defined".to_owned(),
        kind => match error.detail() {
            Some(detail) => format!("{kind} in the template: {detail}"),
            None => format!("{kind} in the template"),
        },
    };
    RenderError {
        message,
        line: error.line().unwrap_or(1),
        variable: (error.kind() == ErrorKind::UndefinedError).then(String::new),
        what,
    }
}

/// Where a message is written; full at [`MAX_MESSAGE_BYTES`].
pub(crate) struct Bounded(pub(crate) Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_MESSAGE_BYTES {
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::Digest;

    fn case(vars: &serde_json::Value) -> Case {
        let vars = vars.as_object().unwrap().clone();
        Case {
            id: "a".into(),
            hash: Digest::of(b""),
            vars,
            expected: Vec::new(),
            refuse: false,
            cluster: None,
            split: None,
            tags: std::collections::BTreeMap::default(),
            scorers: None,
            extraction: None,
            ..Case::default()
        }
    }

    fn prompt(text: &str) -> PromptSpec {
        PromptSpec {
            name: "p".into(),
            messages: vec![Message { role: "user".into(), content: text.into() }],
            ..PromptSpec::default()
        }
    }

    fn check(template: &str, vars: &serde_json::Value, expect: &str) {
        let out = render(&prompt(template), &case(vars)).unwrap();
        assert_eq!(out[0].content, expect, "{template}");
    }

    #[test]
    fn text_is_sent_byte_for_byte() {
        let q = "탑은 <b>\"왜\"</b>\u{0}  \r\n e\u{301} é \n";
        check("{{ q }}", &serde_json::json!({ "q": q }), q);
        check("no template: { } <&>\n", &serde_json::json!({}), "no template: { } <&>\n");
        check("{{ q }}\n", &serde_json::json!({ "q": "x" }), "x\n");
        check("{{ q }}", &serde_json::json!({ "q": "{{ x }}" }), "{{ x }}");
    }

    #[test]
    fn templates_loop_and_branch() {
        check(
            "{% for o in options %}{{ loop.index }}) {{ o }}\n{% endfor %}",
            &serde_json::json!({ "options": ["a", "b"] }),
            "1) a\n2) b\n",
        );
        check("{{ n }} {{ f }} {{ b }}", &serde_json::json!({ "n": 3, "f": 1.5, "b": true }), "3 1.5 True");
        check("{% if x is defined %}{{ x }}{% else %}none{% endif %}", &serde_json::json!({}), "none");
        check(
            "{% set y = x %}{% set z = 1 if 0 %}{{ y is defined }}{{ z is defined }}",
            &serde_json::json!({}),
            "FalseFalse",
        );
    }

    fn fails(template: &str, vars: &serde_json::Value) -> RenderError {
        render(&prompt(template), &case(vars)).unwrap_err()
    }

    #[test]
    fn troubles_are_named_and_bounded() {
        let err = fails("a\n{{ quesion }}", &serde_json::json!({ "question": "q" }));
        assert_eq!((err.line, err.variable.as_deref()), (2, Some("quesion")));
        let err = fails(
            "{% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}",
            &serde_json::json!({}),
        );
        assert!(err.what.contains("too long"), "{err}");
        let err = fails(
            "{% for i in range(9000) %}{{ q }}{% endfor %}",
            &serde_json::json!({ "q": "x".repeat(1000) }),
        );
        assert!(err.what.contains("4 MiB"), "{err}");
        let err = fails("{% include 'x' %}", &serde_json::json!({}));
        assert!(err.what.contains("template"), "{err}");
        let err = fails("{{ q", &serde_json::json!({}));
        assert!(err.what.contains("syntax error"), "{err}");
    }

    #[test]
    fn long_chains_are_refused_before_they_are_followed() {
        for (begin, link, end) in [
            ("{{ q", ".a", " }}"),
            ("{{ ", "not ", "q }}"),
            ("{{ ", "-", "1 }}"),
            ("{{ q", "|upper", " }}"),
            ("{{ 1", "+1", " }}"),
            ("{{ q", "()", " }}"),
            ("{{ q", "[0]", " }}"),
            ("{{ ", "1 if 1 else ", "1 }}"),
            ("{% if 1 %}", "{% elif 1 %}", "{% endif %}"),
        ] {
            let text = |links: usize| prompt(&format!("{begin}{}{end}", link.repeat(links)));
            let err = render(&text(300_000), &case(&serde_json::json!({ "q": "x" }))).unwrap_err();
            assert!(err.what.contains("bytes of code"), "{link}: {err}");
        }
        let long = format!("{{{{ q or \"{} }}}}\" }}}} {}", "x".repeat(MAX_CODE), "y".repeat(MAX_CODE));
        check(&long, &serde_json::json!({ "q": "x" }), &format!("x {}", "y".repeat(MAX_CODE)));
    }

    #[test]
    fn variables_are_listed() {
        let prompt =
            Prompt::compile(&prompt("{{ a }}{% for i in range(3) %}{{ b.c[i] }}{% endfor %}")).unwrap();
        assert_eq!(prompt.variables().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
