//! A model's chat template: from messages to the raw text that the model reads.
//!
//! Main type: [`Renderer`]. The dialect is that of Hugging Face's tokenizers: block
//! tags take their line with them, values of strings have Python's methods. A
//! template reaches no file, no clock and no environment; code, work and output are
//! bounded, because such templates come from strangers.

use crate::kept;
use crate::python;
use crate::template::{Bounded, MAX_MESSAGE_BYTES};
use acidtest_record::{ChatTemplate, Message};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, context};
use serde_json::Value;

/// Longest template.
pub(crate) const MAX_TEMPLATE: usize = 256 << 10;
/// Most bytes between one pair of delimiters: the library follows a chain as deep as it is long.
const MAX_TAG: usize = 4 << 10;
/// Most `elif`, which the library nests.
const MAX_ELIF: usize = 200;
/// Most template instructions and allocated units for one prompt.
const FUEL: u64 = 5_000_000;
/// What `strftime_now` says unless the suite does.
pub(crate) const DATE: &str = "2024-07-26";

/// A chat template, parsed once.
#[derive(Debug)]
pub(crate) struct Renderer {
    env: Environment<'static>,
    spec: ChatTemplate,
}

impl Renderer {
    /// Parses a template.
    ///
    /// # Errors
    /// Words for people and the line of the template.
    pub(crate) fn new(spec: &ChatTemplate) -> Result<Self, (String, usize)> {
        check(&spec.template)?;
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Lenient);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(50);
        kept::install(&mut env);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        env.set_syntax(syntax.expect("the default delimiters are valid"));
        env.set_unknown_method_callback(|_, value, method, args| python::method(value, method, args));
        env.add_function("raise_exception", |message: String| -> Result<String, Error> {
            let short: String = message.chars().take(300).collect();
            Err(Error::new(ErrorKind::InvalidOperation, format!("{RAISED}{short}")))
        });
        let date = if spec.date.is_empty() { DATE.to_owned() } else { spec.date.clone() };
        env.add_function("strftime_now", move |format: String| python::strftime(&date, &format));
        env.add_filter("tojson", python::to_json);
        env.add_template_owned("chat", kept::guarded(&spec.template)?).map_err(|e| explain(&e))?;
        Ok(Self { env, spec: spec.clone() })
    }

    /// The text of a conversation.
    ///
    /// # Errors
    /// The template refuses the messages, fails, works too long or writes too much.
    pub(crate) fn render(&self, messages: &[Message], tools: &[Value]) -> Result<String, (String, usize)> {
        let template = self.env.get_template("chat").expect("it was added when the renderer was made");
        // Templates ask `if tools`, and some `if tools is not none`.
        let tools = (!tools.is_empty()).then(|| minijinja::Value::from(Serde(tools)));
        let variables = context! {
            messages => minijinja::Value::from(Serde(messages)),
            tools => tools,
            documents => None::<()>,
            add_generation_prompt => self.spec.generation_prompt,
            bos_token => self.spec.bos_token.as_str(),
            eos_token => self.spec.eos_token.as_str(),
        };
        let mut out = Bounded(Vec::new());
        kept::begin();
        template.render_captured_to(variables, &mut out).map_err(|e| explain(&e))?;
        Ok(String::from_utf8(out.0).expect("a template writes whole strings"))
    }
}

/// Marks what a template itself complains about.
const RAISED: &str = "raised: ";

/// Refuses what the library cannot follow on any thread's stack.
fn check(text: &str) -> Result<(), (String, usize)> {
    if text.len() > MAX_TEMPLATE {
        return Err((format!("the chat template is longer than {} KiB", MAX_TEMPLATE >> 10), 1));
    }
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let mut elifs = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let begin = at + found;
        let (close, code) = match text.as_bytes().get(begin + 1) {
            Some(b'{') => ("}}", true),
            Some(b'%') => ("%}", true),
            Some(b'#') => ("#}", false),
            _ => {
                at = begin + 1;
                continue;
            }
        };
        let end = text[begin + 2..].find(close).map_or(text.len(), |end| begin + 2 + end);
        let inside = &text[begin + 2..end];
        if code && inside.len() > MAX_TAG {
            return Err((format!("more than {MAX_TAG} bytes in one tag of the chat template"), line(begin)));
        }
        let word = inside.trim_start_matches(['-', '+']).trim_start();
        elifs += usize::from(code && word.starts_with("elif"));
        if elifs > MAX_ELIF {
            return Err((format!("more than {MAX_ELIF} 'elif' in the chat template"), line(begin)));
        }
        at = (end + 2).min(text.len());
    }
    Ok(())
}

fn explain(error: &Error) -> (String, usize) {
    let detail = error.detail().unwrap_or_default();
    let what = match (error.kind(), detail.strip_prefix(RAISED)) {
        (_, Some(words)) => format!("the chat template refuses the messages: {words}"),
        (ErrorKind::OutOfFuel, _) => format!("the chat template works too long: more than {FUEL} steps"),
        (ErrorKind::WriteFailure, _) => {
            format!("the chat template writes more than {} MiB", MAX_MESSAGE_BYTES >> 20)
        }
        (kind, _) if detail.is_empty() => format!("{kind} in the chat template"),
        (kind, _) => format!("{kind} in the chat template: {detail}"),
    };
    (what, error.line().unwrap_or(1))
}

#[cfg(test)]
#[path = "chat_template_tests.rs"]
mod tests;
