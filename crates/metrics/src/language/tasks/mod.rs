//! Published tasks: the requests, the choices and the right one that a document gives.
//!
//! Main types: [`Task`], one of the tasks by its name in lm-evaluation-harness 0.4.13, and
//! [`Question`], what a document asks. A prompt template is a part of its task's definition.
//! Documents are JSON as the data sets have them. Must not score: see [`Chosen`](super::Chosen).

mod hellaswag;
mod multiple;
mod texts;

use serde_json::Value;

/// A context and what should follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the model reads.
    pub context: String,
    /// What it is asked the log-likelihood of, delimiter in front.
    pub continuation: String,
}

/// What a document asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// One request per choice, and one choice is right.
    Choices {
        /// One per choice.
        requests: Vec<Request>,
        /// Their texts without delimiter, by whose length `acc_norm` divides.
        choices: Vec<String>,
        /// The right one; `None` where the document names none of them.
        gold: Option<usize>,
    },
    /// One request per choice, and several may be true: scored by [`true_mass`](super::true_mass).
    Truths {
        /// One per choice.
        requests: Vec<Request>,
        /// Which are true.
        is_true: Vec<bool>,
    },
    /// One continuation: scored by its log-likelihood and by whether it is greedy.
    Continuation(Request),
    /// A text, scored whole.
    Text {
        /// What the model reads.
        text: String,
        /// Words of the document.
        words: usize,
        /// UTF-8 bytes of the document.
        bytes: usize,
    },
}

/// Why a document cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document has no usable '{0}'")]
pub struct BadDocument(pub &'static str);

/// A published task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// `hellaswag`.
    Hellaswag,
    /// `arc_easy`, `arc_challenge`.
    Arc,
    /// `mmlu_SUBJECT`.
    Mmlu {
        /// Its name in words.
        subject: String,
    },
    /// `truthfulqa_mc1`.
    TruthfulOne,
    /// `truthfulqa_mc2`.
    TruthfulMany,
    /// `winogrande`.
    Winogrande,
    /// `piqa`.
    Piqa,
    /// `openbookqa`.
    OpenBook,
    /// `boolq`.
    BoolQ,
    /// `lambada_openai`.
    Lambada,
    /// `wikitext`.
    Wikitext,
}

impl Task {
    /// The task of that name.
    pub fn named(name: &str) -> Option<Task> {
        Some(match name {
            "hellaswag" => Task::Hellaswag,
            "arc_easy" | "arc_challenge" => Task::Arc,
            "truthfulqa_mc1" => Task::TruthfulOne,
            "truthfulqa_mc2" => Task::TruthfulMany,
            "winogrande" => Task::Winogrande,
            "piqa" => Task::Piqa,
            "openbookqa" => Task::OpenBook,
            "boolq" => Task::BoolQ,
            "lambada_openai" => Task::Lambada,
            "wikitext" => Task::Wikitext,
            _ => Task::Mmlu { subject: name.strip_prefix("mmlu_")?.replace('_', " ") },
        })
    }

    /// Whether lm-evaluation-harness reports `acc_norm` of it.
    pub fn has_acc_norm(&self) -> bool {
        matches!(self, Task::Hellaswag | Task::Arc | Task::Piqa | Task::OpenBook)
    }

    /// What a document asks, with solved documents in front (few-shot).
    ///
    /// # Errors
    /// A document lacks what the task reads.
    pub fn question(&self, doc: &Value, shots: &[Value]) -> Result<Question, BadDocument> {
        let mut question = self.bare(doc)?;
        let mut front = String::new();
        if let Task::Mmlu { subject } = self {
            front = multiple::mmlu_description(subject);
        }
        for shot in shots {
            front.push_str(&self.bare(shot)?.solved()?);
            front.push_str("\n\n");
        }
        question.put_in_front(&front);
        Ok(question)
    }

    fn bare(&self, doc: &Value) -> Result<Question, BadDocument> {
        match self {
            Task::Hellaswag => hellaswag::question(doc),
            Task::Arc => multiple::arc(doc),
            Task::Mmlu { .. } => multiple::mmlu(doc),
            Task::TruthfulOne => multiple::truthful_one(doc),
            Task::TruthfulMany => multiple::truthful_many(doc),
            Task::Winogrande => multiple::winogrande(doc),
            Task::Piqa => multiple::piqa(doc),
            Task::OpenBook => multiple::open_book(doc),
            Task::BoolQ => multiple::bool_q(doc),
            Task::Lambada => texts::lambada(doc),
            Task::Wikitext => texts::wikitext(doc),
        }
    }
}

impl Question {
    /// A question whose choices follow one context.
    fn choices(context: &str, choices: Vec<String>, gold: Option<usize>) -> Question {
        let requests = after(context, &choices);
        let gold = gold.filter(|g| *g < choices.len());
        Question::Choices { requests, choices, gold }
    }

    /// The requests; of a text none.
    pub fn requests(&self) -> &[Request] {
        match self {
            Question::Choices { requests, .. } | Question::Truths { requests, .. } => requests,
            Question::Continuation(request) => std::slice::from_ref(request),
            Question::Text { .. } => &[],
        }
    }

    fn put_in_front(&mut self, front: &str) {
        let requests = match self {
            Question::Choices { requests, .. } | Question::Truths { requests, .. } => requests,
            Question::Continuation(request) => std::slice::from_mut(request),
            Question::Text { .. } => return,
        };
        for request in requests {
            request.context.insert_str(0, front);
        }
    }

    /// The question with its right answer.
    fn solved(&self) -> Result<String, BadDocument> {
        let right = match self {
            Question::Choices { requests, gold, .. } => gold.and_then(|g| requests.get(g)),
            Question::Truths { requests, .. } => requests.first(),
            Question::Continuation(request) => Some(request),
            Question::Text { .. } => None,
        };
        right.map(|r| format!("{}{}", r.context, r.continuation)).ok_or(BadDocument("answer"))
    }
}

/// Requests of choices behind one context, a space between.
fn after(context: &str, choices: &[String]) -> Vec<Request> {
    let one = |c: &String| Request { context: context.to_owned(), continuation: format!(" {c}") };
    choices.iter().map(one).collect()
}

fn text<'d>(doc: &'d Value, field: &'static str) -> Result<&'d str, BadDocument> {
    doc[field].as_str().ok_or(BadDocument(field))
}

fn texts(list: &Value, field: &'static str) -> Result<Vec<String>, BadDocument> {
    let all = list.as_array().ok_or(BadDocument(field))?;
    all.iter().map(|t| t.as_str().map(str::to_owned).ok_or(BadDocument(field))).collect()
}

/// A place that a document gives as a number, a truth value or digits.
fn place(doc: &Value, field: &'static str) -> Result<Option<usize>, BadDocument> {
    match &doc[field] {
        Value::Number(n) => Ok(n.as_u64().and_then(|n| usize::try_from(n).ok())),
        Value::Bool(b) => Ok(Some(usize::from(*b))),
        Value::String(s) => s.parse().map(Some).map_err(|_| BadDocument(field)),
        _ => Err(BadDocument(field)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_document_says_what_it_lacks() {
        let names = [
            ("hellaswag", "ctx_a"),
            ("arc_easy", "question"),
            ("mmlu_anatomy", "question"),
            ("truthfulqa_mc1", "question"),
            ("winogrande", "sentence"),
            ("piqa", "goal"),
            ("openbookqa", "question_stem"),
            ("boolq", "passage"),
            ("lambada_openai", "text"),
            ("wikitext", "page"),
        ];
        for (name, lacks) in names {
            let found = Task::named(name).unwrap().question(&serde_json::json!({}), &[]);
            assert_eq!(found, Err(BadDocument(lacks)), "{name}");
        }
        assert_eq!(Task::named("nothing"), None);
    }
}
