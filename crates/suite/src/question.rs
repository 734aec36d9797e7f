//! From a prompt and a case to what is asked: messages, raw text, continuations.
//!
//! Main types: [`Asker`], a compiled [`PromptSpec`], and the [`Question`] it makes
//! of a case. The same spec, seed and case always give the same question, to any
//! number of threads and to a resumed run. Must not send anything.

use crate::chat_template::Renderer;
use crate::picking::{Candidates, Pool};
use crate::template::{Prompt, RenderError};
use acidtest_record::{Case, Form, Likelihood, Message, Pick, PromptSpec, RunSpec, Shot, ShotsSpec, Show};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most choices of one case.
pub const MAX_CHOICES: usize = 1000;

/// What is asked about one case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    /// What is asked for.
    pub form: Form,
    /// The conversation; empty where raw text is sent.
    pub messages: Vec<Message>,
    /// Raw text in place of messages: the context of a log-likelihood, the document of a rolling one.
    pub prompt: Option<String>,
    /// Bytes of `prompt` that are a prefix and never scored.
    pub prefix: usize,
    /// Definitions of tools.
    pub tools: Vec<Value>,
    /// Continuations whose log-likelihoods are asked for.
    pub continuations: Vec<String>,
    /// Which continuations are right.
    pub right: Vec<usize>,
    /// Whether the continuations are choices of which the likeliest is the answer.
    pub is_choice: bool,
}

/// A prompt ready to be asked about any case.
#[derive(Debug)]
pub struct Asker {
    spec: PromptSpec,
    templates: Prompt,
    places: Places,
    chat: Option<Renderer>,
    pool: Pool,
    tools: Vec<Value>,
}

/// Which template is which: numbers in [`Prompt`].
#[derive(Debug, Default)]
struct Places {
    messages: usize,
    raw: Option<usize>,
    continuation: Option<usize>,
    shot_question: Option<usize>,
    shot_answer: Option<usize>,
    shot_template: Option<usize>,
}

/// Number of the chat template in errors: it comes after all other templates.
pub(crate) const CHAT: usize = usize::MAX;

impl Asker {
    /// Compiles a prompt of a run.
    ///
    /// # Errors
    /// A template has a syntax error.
    pub fn new(prompt: &PromptSpec, run: &RunSpec) -> Result<Asker, RenderError> {
        Self::with(prompt, run.seed, &run.tools)
    }

    /// Compiles a prompt.
    pub(crate) fn with(prompt: &PromptSpec, seed: u64, tools: &[Value]) -> Result<Asker, RenderError> {
        let mut all = prompt.messages.clone();
        let mut places = Places { messages: all.len(), ..Places::default() };
        let mut add = |text: Option<&String>| {
            let text = text?;
            all.push(Message { role: "user".to_owned(), content: text.clone() });
            Some(all.len() - 1)
        };
        places.raw = add(prompt.raw.as_ref());
        let likelihood = (prompt.form == Form::LogLikelihood).then(|| likelihood(prompt));
        places.continuation = add(likelihood.as_ref().map(|l| &l.continuation));
        let shots = prompt.shots.as_ref();
        places.shot_question = add(shots.and_then(|s| s.question.as_ref()));
        places.shot_answer = add(shots.map(|s| &s.answer));
        places.shot_template = add(shots.and_then(|s| s.template.as_ref()));
        let (name, vars) = (prompt.name.clone(), prompt.vars.clone());
        let whole = PromptSpec { name, messages: all, vars, ..PromptSpec::default() };
        let chat = prompt.chat_template.as_ref().map(Renderer::new).transpose().map_err(of_chat)?;
        Ok(Asker {
            spec: prompt.clone(),
            templates: Prompt::compile(&whole)?,
            places,
            chat,
            pool: Pool::new(shots, seed),
            tools: tools.to_vec(),
        })
    }

    /// The prompt's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// What the prompt asks for.
    #[must_use]
    pub fn form(&self) -> Form {
        self.spec.form
    }

    /// The variables of a case that the templates name, whether or not they need them.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let mut out = self.templates.variables();
        let asks = |name: &str| {
            let own = (0..self.places.messages).chain(self.places.raw);
            own.into_iter().any(|place| self.templates.named(place).contains(name))
        };
        // These are given to templates beside the case's own.
        for given in ["shots", "choice", "expected"] {
            if given == "shots" || !asks(given) {
                out.remove(given);
            }
        }
        out
    }

    /// What is asked about a case.
    ///
    /// # Errors
    /// A variable is not defined, a template fails, works too long or writes too
    /// much, there are too few examples, or a case has no choices.
    pub fn ask(&self, case: &Case) -> Result<Question, RenderError> {
        let shots = self.examples(case)?;
        let mut question = Question {
            form: self.spec.form,
            tools: case.tools.clone().unwrap_or_else(|| self.tools.clone()),
            ..Question::default()
        };
        match self.places.raw {
            Some(raw) => question.prompt = Some(self.with_text(raw, case, &shots)?),
            None => question.messages = self.conversation(case, &shots)?,
        }
        if let Some(chat) = &self.chat {
            let messages = std::mem::take(&mut question.messages);
            question.prompt = Some(chat.render(&messages, &question.tools).map_err(of_chat)?);
        }
        if self.spec.form.scores_text() {
            self.scored(case, &mut question)?;
        }
        Ok(question)
    }

    /// What the question of a log-likelihood has beyond its text.
    fn scored(&self, case: &Case, question: &mut Question) -> Result<(), RenderError> {
        let likelihood = likelihood(&self.spec);
        let text = question.prompt.take().unwrap_or_default();
        question.prefix = likelihood.prefix.len();
        question.prompt = Some(format!("{}{text}", likelihood.prefix));
        if self.spec.form == Form::Rolling {
            if text.is_empty() {
                return Err(self.lack("the document is empty".to_owned()));
            }
            return Ok(());
        }
        let choices = choices(case, &likelihood.choices).map_err(|what| self.lack(what))?;
        question.is_choice = choices.is_some();
        let list = choices.unwrap_or_else(|| case.expected.clone());
        if list.is_empty() {
            let what = format!("no '{}' and no expected answer to continue with", likelihood.choices);
            return Err(self.lack(what));
        }
        question.right =
            if question.is_choice { case.right_choices(&list) } else { (0..list.len()).collect() };
        let place = self.places.continuation.expect("a log-likelihood has a template of continuations");
        for choice in list {
            let vars = also(&case.vars, &[("choice", &choice)]);
            let text = self.templates.text(place, &vars)?;
            if text.is_empty() {
                return Err(self.lack("an empty continuation".to_owned()));
            }
            question.continuations.push(text);
        }
        Ok(())
    }

    /// An error that no template is to blame for.
    fn lack(&self, what: String) -> RenderError {
        RenderError { message: self.places.raw.unwrap_or(0), line: 1, variable: None, what }
    }

    /// The messages, with examples as turns or as text.
    fn conversation(&self, case: &Case, shots: &[(String, String)]) -> Result<Vec<Message>, RenderError> {
        let asked = self.asked_by();
        let show = self.spec.shots.as_ref().map_or(Show::Turns, |s| s.show);
        let mut out = Vec::with_capacity(self.places.messages + 2 * shots.len());
        for (i, message) in self.spec.messages.iter().enumerate() {
            let role = message.role.clone();
            if i != asked || shots.is_empty() {
                out.push(Message { role, content: self.templates.text(i, &case.vars)? });
                continue;
            }
            if show == Show::Text {
                out.push(Message { role, content: self.with_text(i, case, shots)? });
                continue;
            }
            for (question, answer) in shots {
                out.push(Message { role: role.clone(), content: question.clone() });
                out.push(Message { role: "assistant".to_owned(), content: answer.clone() });
            }
            out.push(Message { role, content: self.templates.text(i, &case.vars)? });
        }
        Ok(out)
    }

    /// The template that asks the question: the raw text, else the last message of a user.
    fn asked_by(&self) -> usize {
        let last = || self.spec.messages.iter().rposition(|m| m.role == "user");
        self.places.raw.or_else(last).unwrap_or(self.places.messages.saturating_sub(1))
    }

    /// A template's text with examples where it says `{{ shots }}`, else in front.
    fn with_text(
        &self,
        place: usize,
        case: &Case,
        shots: &[(String, String)],
    ) -> Result<String, RenderError> {
        let Some(spec) = self.spec.shots.as_ref() else {
            return self.templates.text(place, &case.vars);
        };
        let examples: Vec<String> = shots.iter().map(|(q, a)| self.whole(q, a)).collect();
        let mut text = examples.join(&spec.separator);
        text.push_str(if examples.is_empty() { "" } else { &spec.separator });
        if self.templates.named(place).contains("shots") {
            return self.templates.text(place, &also(&case.vars, &[("shots", &text)]));
        }
        Ok(text + &self.templates.text(place, &case.vars)?)
    }

    /// One example as text.
    fn whole(&self, question: &str, answer: &str) -> String {
        if self.places.shot_template.is_some() {
            return question.to_owned();
        }
        let gap = if question.ends_with(char::is_whitespace) || answer.starts_with(char::is_whitespace) {
            ""
        } else {
            " "
        };
        format!("{question}{gap}{answer}")
    }

    /// The examples for a case: question and answer of each.
    fn examples(&self, case: &Case) -> Result<Vec<(String, String)>, RenderError> {
        let Some(spec) = self.spec.shots.as_ref().filter(|s| s.n > 0 && !self.pool.is_empty()) else {
            return Ok(Vec::new());
        };
        let n = usize::from(spec.n);
        let own = self.asks(&case.vars);
        let mut out = Vec::with_capacity(n);
        for shot in Candidates::of(&self.pool, spec, case, n) {
            // However it got into the examples: a question is never shown with its answer.
            if own.is_some() && self.asks(&shot.vars) == own {
                continue;
            }
            out.push(self.example(shot)?);
            if out.len() == n {
                return Ok(out);
            }
        }
        let what =
            format!("only {} examples are left without the case itself, and {n} are asked for", out.len());
        Err(RenderError { message: self.asked_by(), line: 1, variable: None, what })
    }

    /// Question and answer of an example; with a template of the whole both are in the question.
    pub(crate) fn example(&self, shot: &Shot) -> Result<(String, String), RenderError> {
        let expected = shot.expected.first();
        let question = self.shot_question(&shot.vars, expected)?;
        let vars = with_expected(&shot.vars, expected);
        match (self.places.shot_template, self.places.shot_answer) {
            (Some(_), _) | (_, None) => Ok((question, String::new())),
            (None, Some(answer)) => Ok((question, self.templates.text(answer, &vars)?)),
        }
    }

    /// What the prompt asks with these variables; absent where it asks the same of all.
    fn asks(&self, vars: &Map<String, Value>) -> Option<String> {
        let place = self.asked_by();
        let mut named = self.templates.named(place);
        named.remove("shots");
        // A name of the template itself (`range`, a loop's variable) is no variable of a case.
        if !named.iter().any(|name| vars.contains_key(name)) {
            return None;
        }
        self.templates.text(place, &also(vars, &[("shots", "")])).ok()
    }

    fn shot_question(
        &self,
        vars: &Map<String, Value>,
        expected: Option<&String>,
    ) -> Result<String, RenderError> {
        let place = self.places.shot_template.or(self.places.shot_question);
        let vars = with_expected(vars, expected);
        // The prompt itself asks the example's question, without examples.
        let vars = if place.is_none() { also(&vars, &[("shots", "")]) } else { vars };
        self.templates.text(place.unwrap_or_else(|| self.asked_by()), &vars)
    }
}

fn of_chat((what, line): (String, usize)) -> RenderError {
    RenderError { message: CHAT, line, variable: None, what }
}

/// How log-likelihoods are asked for, by default where the prompt does not say.
fn likelihood(prompt: &PromptSpec) -> Likelihood {
    prompt.likelihood.clone().unwrap_or_default()
}

/// Variables with some more that are texts.
fn also(vars: &Map<String, Value>, more: &[(&str, &str)]) -> Map<String, Value> {
    let mut out = vars.clone();
    for (name, text) in more {
        out.insert((*name).to_owned(), Value::from(*text));
    }
    out
}

/// Variables with the first expected answer, unless the case has a variable of that name.
fn with_expected(vars: &Map<String, Value>, expected: Option<&String>) -> Map<String, Value> {
    match expected {
        Some(text) if !vars.contains_key("expected") => also(vars, &[("expected", text)]),
        _ => vars.clone(),
    }
}

/// The choices of a case, where it has some.
fn choices(case: &Case, name: &str) -> Result<Option<Vec<String>>, String> {
    let list = match case.vars.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(format!("'{name}' is not a list of choices")),
    };
    if list.is_empty() || list.len() > MAX_CHOICES {
        return Err(format!("'{name}' holds {} choices: expected 1 to {MAX_CHOICES}", list.len()));
    }
    let text = |v: &Value| match v {
        Value::String(s) => Ok(s.clone()),
        Value::Number(n) => Ok(n.to_string()),
        _ => Err(format!("'{name}' holds something that is not text")),
    };
    list.iter().map(text).collect::<Result<_, _>>().map(Some)
}

/// Whether a spec picks by the seed.
pub(crate) fn is_seeded(shots: &ShotsSpec) -> bool {
    shots.pick == Pick::Seeded
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
