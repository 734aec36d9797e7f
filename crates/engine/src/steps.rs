//! From a question to the requests of a slot: one for an answer, one for each choice
//! or window whose log-likelihood is asked for.
//!
//! Main types: [`Steps`] and [`Asked`]. Must not send or score anything.

use acidtest_metrics::text::{boundary, rolling_windows};
use acidtest_record::{Ask, Form, Kind, Likelihood, PromptSpec, WindowUnit};
use acidtest_suite::Question;
use serde_json::{Map, Value};
use std::ops::Range;
use std::sync::Arc;

/// Most requests of one slot.
const MAX_STEPS: usize = 10_000;

/// A text whose end is scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scored {
    /// The whole text that was sent.
    pub text: Arc<str>,
    /// The byte from which on it is scored.
    pub from: usize,
}

/// What a desk must know of a step beyond its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub step: u16,
    /// Whether it is the last one that this process sends of its slot.
    pub last: bool,
    pub kind: Kind,
    pub scored: Option<Scored>,
    pub choice: Option<Arc<Choice>>,
}

/// What decides whether a slot of several continuations is right.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice {
    /// Which continuations are right; empty: nobody knows.
    pub right: Vec<usize>,
    /// Whether the likeliest continuation is the answer; else each stands for itself.
    pub is_choice: bool,
    /// What an earlier process of the run found, by step.
    pub before: Vec<Option<Seen>>,
}

/// What was found for one continuation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Its log-likelihood.
    pub sum: f64,
    /// Whether greedy decoding gives it, where the server says enough.
    pub greedy: Option<bool>,
}

/// The requests of one question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps {
    pub question: Question,
    /// Texts to be scored; empty for an answer.
    texts: Vec<Scored>,
}

impl Steps {
    /// Cuts a question into its requests.
    pub(crate) fn of(question: Question, prompt: &PromptSpec) -> Result<Self, String> {
        let text = question.prompt.as_deref().unwrap_or_default();
        let texts: Vec<Scored> = match question.form {
            Form::Generate => Vec::new(),
            Form::LogLikelihood => {
                // As lm-evaluation-harness: blanks at the context's end belong to the continuation.
                let from = boundary(text).max(question.prefix);
                let whole = |c: &String| Scored { text: format!("{text}{c}").into(), from };
                question.continuations.iter().map(whole).collect()
            }
            Form::Rolling => windows(text, question.prefix, prompt.likelihood.as_ref())?,
        };
        if texts.len() > MAX_STEPS {
            return Err(format!("{} windows of one document: at most {MAX_STEPS}", texts.len()));
        }
        Ok(Self { question, texts })
    }

    /// How many requests there are.
    pub(crate) fn count(&self) -> u16 {
        self.texts.len().max(1) as u16
    }

    /// The right continuations, where there are continuations.
    pub(crate) fn choice(&self) -> Option<Choice> {
        (self.question.form == Form::LogLikelihood).then(|| Choice {
            right: self.question.right.clone(),
            is_choice: self.question.is_choice,
            before: Vec::new(),
        })
    }

    /// What is asked in one step, and how a text is scored.
    pub(crate) fn ask(
        &self,
        step: u16,
        prompt: &PromptSpec,
        params: &Map<String, Value>,
        stream: bool,
    ) -> Ask {
        let q = &self.question;
        let ask = Ask {
            messages: q.messages.clone(),
            prompt: q.prompt.clone(),
            tools: q.tools.clone(),
            params: params.clone(),
            stream,
            ..Ask::default()
        };
        let Some(scored) = self.texts.get(usize::from(step)) else {
            return ask;
        };
        let likelihood = prompt.likelihood.clone().unwrap_or_default();
        let mut params = ask.params;
        params.insert("max_tokens".to_owned(), likelihood.max_tokens.into());
        params.insert("logprobs".to_owned(), likelihood.top.into());
        params.insert("echo".to_owned(), true.into());
        Ask {
            messages: Vec::new(),
            prompt: Some(scored.text.to_string()),
            tools: Vec::new(),
            params,
            stream: false,
            ..Ask::default()
        }
    }

    /// The text of a step that is scored.
    pub(crate) fn scored(&self, step: u16) -> Option<&Scored> {
        self.texts.get(usize::from(step))
    }

    /// What kind of record a step becomes.
    pub(crate) fn kind(&self) -> Kind {
        match (self.question.form.scores_text(), &self.question.prompt) {
            (true, _) => Kind::LogLikelihood,
            (false, Some(_)) => Kind::Completion,
            (false, None) => Kind::Chat,
        }
    }
}

/// The windows of a document. Units are words or characters, not the model's tokens,
/// which nobody here knows; the first window alone has the prefix in front.
fn windows(text: &str, prefix: usize, likelihood: Option<&Likelihood>) -> Result<Vec<Scored>, String> {
    let Some(window) = likelihood.and_then(|l| l.window) else {
        return Ok(vec![Scored { text: text.into(), from: prefix }]);
    };
    let (front, document) = text.split_at(prefix);
    let places = match window.unit {
        WindowUnit::Words => words(document),
        WindowUnit::Characters => document.char_indices().map(|(at, _)| at).collect(),
    };
    let at = |unit: usize| places.get(unit).copied().unwrap_or(document.len());
    let bytes = |units: &Range<usize>| at(units.start)..at(units.end);
    let cut = rolling_windows(places.len(), window.size as usize, window.context as usize);
    let cut = cut.ok_or_else(|| "a window's context is larger than the window".to_owned())?;
    let window = |w: &acidtest_metrics::text::RollingWindow| {
        let front = if w.prefix { front } else { "" };
        let context = &document[bytes(&w.context)];
        let text = format!("{front}{context}{}", &document[bytes(&w.predicted)]);
        Scored { text: text.into(), from: front.len() + context.len() }
    };
    Ok(cut.iter().map(window).collect())
}

/// Where words begin, each with the white space before it; white space at the end belongs to the last one.
fn words(text: &str) -> Vec<usize> {
    let mut begins = Vec::new();
    let (mut gap, mut inside) = (0, false);
    for (at, c) in text.char_indices() {
        match (c.is_whitespace(), inside) {
            (true, true) => (gap, inside) = (at, false),
            (false, false) => {
                begins.push(if begins.is_empty() { 0 } else { gap });
                inside = true;
            }
            _ => {}
        }
    }
    if begins.is_empty() && !text.is_empty() {
        begins.push(0);
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::WindowSpec;

    fn cut(text: &str, prefix: usize, unit: WindowUnit, size: u32, context: u32) -> Vec<(String, String)> {
        let window = Some(WindowSpec { unit, size, context });
        let found = windows(text, prefix, Some(&Likelihood { window, ..Likelihood::default() })).unwrap();
        found.iter().map(|s| (s.text[..s.from].to_owned(), s.text[s.from..].to_owned())).collect()
    }

    #[test]
    fn windows_cover_every_byte_once() {
        for text in ["one two  three\nfour five ", "탑은 왜 높아요 정말", "  x", "a", "   "] {
            for (size, context) in [(1, 1), (2, 1), (2, 2), (3, 2), (9, 1)] {
                for unit in [WindowUnit::Words, WindowUnit::Characters] {
                    let all: String = cut(text, 0, unit, size, context).into_iter().map(|w| w.1).collect();
                    assert_eq!(all, text, "{size} {context} {unit:?}");
                }
            }
        }
        let pairs = cut("<s>one two three four", 3, WindowUnit::Words, 2, 1);
        let shown: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(shown, [("<s>", "one two"), (" two", " three four")]);
        assert_eq!(windows("ab", 1, None).unwrap(), [Scored { text: "ab".into(), from: 1 }]);
    }
}
