//! Where answers come from, and how they are spoilt.
//!
//! Main type: [`Source`]: synthetic words, a case file, the museum guide, or the support bot.

use crate::config::{Config, LocalSource};
use crate::decide::AnswerKind;
use crate::local::docent::{Guide, refusal};
use crate::local::support;
use crate::openai::Finish;
use crate::pieces::Pieces;
use crate::sim::SimError;
use acidtest_schedule::{Dist, Stream};
use serde::Deserialize;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A line of a case file may have so many bytes, a case file so many cases.
const LONGEST_LINE: u64 = 16 << 20;
const MOST_CASES: usize = 2_000_000;
/// Tokens of one synthetic answer.
const MOST_TOKENS: f64 = 100_000.0;
const UNMATCHED: &str = "This question is not in the case file.";
const NO_OTHER: &str = "That is a wrong answer on purpose.";

/// A source of answers.
pub(crate) enum Source {
    Synthetic(Dist),
    Cases(Cases),
    Docent(Box<Guide>),
    /// Says what was asked.
    Echo,
    Support(support::Style),
}

/// An answer, ready to be sent.
pub(crate) struct Answer {
    pub(crate) pieces: Pieces,
    pub(crate) kind: AnswerKind,
    pub(crate) case: Option<String>,
    pub(crate) finish: Finish,
    pub(crate) tool_calls: Vec<ToolCall>,
}

/// What a source says before it is spoilt.
struct Given {
    text: Pieces,
    case: Option<String>,
    unmatched: bool,
    tool_calls: Vec<ToolCall>,
}

impl Source {
    pub(crate) fn open(config: &Config) -> Result<Self, SimError> {
        match (&config.answers.file, config.answers.local) {
            (Some(path), _) => Ok(Source::Cases(Cases::read(path)?)),
            (None, Some(LocalSource::DocentSearch)) => Ok(Source::Docent(Box::new(Guide::load()))),
            (None, None) if config.answers.echo => Ok(Source::Echo),
            (None, Some(LocalSource::SupportBot)) => Ok(Source::Support(support::Style::Careful)),
            (None, Some(LocalSource::SupportBotCopyist)) => Ok(Source::Support(support::Style::Copyist)),
            (None, None) => Ok(Source::Synthetic(config.tokens)),
        }
    }

    pub(crate) fn answer(&self, question: &str, kind: AnswerKind, chance: &mut Stream) -> Answer {
        let given = self.given(question, kind, chance);
        let kind = if given.unmatched { AnswerKind::Unmatched } else { kind };
        let mut pieces = given.text;
        let half = (pieces.len() / 2).max(1);
        let mut finish = Finish::Stop;
        match kind {
            AnswerKind::Given | AnswerKind::Wrong | AnswerKind::Unmatched => {}
            AnswerKind::Empty => pieces = Pieces::default(),
            AnswerKind::Refused => pieces = Pieces::of(refusal(question).to_owned()),
            AnswerKind::Truncated => {
                pieces.truncate(half);
                finish = Finish::Length;
            }
            AnswerKind::Filtered => {
                pieces.truncate(half);
                finish = Finish::ContentFilter;
            }
        }
        let mut tool_calls = given.tool_calls;
        if kind != AnswerKind::Given {
            tool_calls.clear();
        } else if !tool_calls.is_empty() {
            finish = Finish::ToolCalls;
        }
        Answer { pieces, kind, case: given.case, finish, tool_calls }
    }

    fn given(&self, question: &str, kind: AnswerKind, chance: &mut Stream) -> Given {
        let wrong = kind == AnswerKind::Wrong;
        match self {
            Source::Synthetic(tokens) => {
                let n = chance.draw(tokens).round().clamp(1.0, MOST_TOKENS);
                Given {
                    text: Pieces::synthetic(n as usize, chance),
                    case: None,
                    unmatched: false,
                    tool_calls: Vec::new(),
                }
            }
            Source::Cases(cases) => cases.given(question, wrong, chance),
            Source::Echo => {
                let text = if wrong { NO_OTHER } else { question };
                Given {
                    text: Pieces::of(text.to_owned()),
                    case: None,
                    unmatched: false,
                    tool_calls: Vec::new(),
                }
            }
            Source::Support(style) => {
                // A wrong reply is the right one to another conversation.
                let text = if wrong {
                    support::reply("user: …", *style)
                } else {
                    support::reply(question, *style)
                };
                Given { text: Pieces::of(text), case: None, unmatched: false, tool_calls: Vec::new() }
            }
            Source::Docent(guide) => {
                let reply = if wrong { guide.unrelated(question, chance) } else { guide.reply(question) };
                Given {
                    text: Pieces::of(reply.text),
                    case: reply.exhibit,
                    unmatched: false,
                    tool_calls: Vec::new(),
                }
            }
        }
    }
}

/// The cases of a file, found by their question.
pub(crate) struct Cases {
    all: Vec<Case>,
    /// By the text that is looked for: the question, or the id of a case without one.
    exact: HashMap<String, usize>,
    /// Longest text first, so that a question that contains another one wins.
    by_length: Vec<usize>,
}

struct Case {
    name: String,
    asked: String,
    answer: String,
    tool_calls: Vec<ToolCall>,
}

/// A call of a tool that an answer makes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// Arguments as text: JSON, unless the case file wants it broken.
    pub(crate) arguments: String,
}

/// A tool call as a case file has it; arguments are an object, or text taken as it is.
#[derive(Deserialize)]
struct ToolCallLine {
    name: String,
    #[serde(default)]
    arguments: serde_json::Value,
}

/// Most tool calls of one answer.
const MOST_CALLS: usize = 64;

#[derive(Deserialize)]
struct CaseLine {
    id: Option<serde_json::Value>,
    question: Option<String>,
    answer: Option<serde_json::Value>,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    tool_calls: Vec<ToolCallLine>,
}

impl Cases {
    fn read(path: &Path) -> Result<Self, SimError> {
        let unreadable = |source| SimError::CasesUnreadable { path: path.to_owned(), source };
        let mut file = BufReader::new(std::fs::File::open(path).map_err(unreadable)?);
        let mut all = Vec::new();
        for number in 1.. {
            let mut line = Vec::new();
            let limited = &mut (&mut file).take(LONGEST_LINE);
            if limited.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            let bad = |reason: String| SimError::BadCase { path: path.to_owned(), line: number, reason };
            if line.len() as u64 == LONGEST_LINE || all.len() == MOST_CASES {
                return Err(bad(format!(
                    "expected lines under {LONGEST_LINE} bytes and {MOST_CASES} cases at most"
                )));
            }
            if !line.trim_ascii().is_empty() {
                all.push(Case::parse(&line).map_err(bad)?);
            }
        }
        if all.is_empty() {
            return Err(SimError::NoCases(path.to_owned()));
        }
        Ok(Self::index(all))
    }

    fn index(all: Vec<Case>) -> Self {
        let mut exact = HashMap::new();
        for (i, case) in all.iter().enumerate() {
            exact.entry(case.asked.clone()).or_insert(i);
        }
        let mut by_length: Vec<usize> = (0..all.len()).collect();
        by_length.sort_by_key(|i| std::cmp::Reverse(all[*i].asked.len()));
        Self { all, exact, by_length }
    }

    /// The whole message, else one of its lines, else the longest question inside it.
    fn find(&self, message: &str) -> Option<usize> {
        let at = |text: &str| self.exact.get(text.trim()).copied();
        at(message).or_else(|| message.lines().rev().find_map(at)).or_else(|| {
            let within = |i: &&usize| message.contains(&self.all[**i].asked);
            self.by_length.iter().find(within).copied()
        })
    }

    fn given(&self, message: &str, wrong: bool, chance: &mut Stream) -> Given {
        let Some(at) = self.find(message) else {
            return Given {
                text: Pieces::of(UNMATCHED.to_owned()),
                case: None,
                unmatched: true,
                tool_calls: Vec::new(),
            };
        };
        let text = if wrong { self.other_answer(at, chance) } else { &self.all[at].answer };
        Given {
            text: Pieces::of(text.to_owned()),
            case: Some(self.all[at].name.clone()),
            unmatched: false,
            tool_calls: if wrong { Vec::new() } else { self.all[at].tool_calls.clone() },
        }
    }

    /// Another case's answer that neither holds the right one nor lies within it.
    fn other_answer(&self, at: usize, chance: &mut Stream) -> &str {
        let right = self.all[at].answer.to_lowercase();
        for _ in 0..32 {
            let other = &self.all[chance.below(self.all.len() as u64) as usize].answer;
            let lower = other.to_lowercase();
            if !lower.is_empty() && !lower.contains(&right) && !right.contains(&lower) {
                return other;
            }
        }
        NO_OTHER
    }
}

impl Case {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let line: CaseLine = serde_json::from_slice(line).map_err(|e| e.to_string())?;
        let text = |v: serde_json::Value| match v {
            serde_json::Value::String(s) => s,
            other => other.to_string(),
        };
        let id = line.id.map(text);
        let asked = line.question.clone().or_else(|| id.clone());
        let asked = asked.unwrap_or_default().trim().to_owned();
        if asked.is_empty() {
            return Err("expected a 'question' or an 'id' that is not empty".to_owned());
        }
        if line.answer.is_none() && line.tool_calls.is_empty() {
            return Err("missing field `answer`: expected one, or 'tool_calls'".to_owned());
        }
        if line.tool_calls.len() > MOST_CALLS {
            return Err(format!("more than {MOST_CALLS} tool calls"));
        }
        let answer =
            if line.refuse { refusal(&asked).to_owned() } else { line.answer.map_or(String::new(), text) };
        let call = |c: ToolCallLine| {
            let arguments = if c.arguments.is_null() { "{}".to_owned() } else { text(c.arguments) };
            ToolCall { name: c.name, arguments }
        };
        let tool_calls = line.tool_calls.into_iter().map(call).collect();
        Ok(Self { name: id.unwrap_or_else(|| asked.clone()), asked, answer, tool_calls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Source {
        let lines = [
            r#"{"id": "a", "question": "What is it?", "answer": "a tall vase"}"#,
            r#"{"id": "b", "question": "What is it? Say more.", "answer": "four"}"#,
            r#"{"id": "c", "question": "Will it rain?", "answer": "", "refuse": true}"#,
            r#"{"id": "only-id", "answer": 17}"#,
        ];
        let all = lines.map(|l| Case::parse(l.as_bytes()).unwrap());
        Source::Cases(Cases::index(all.into()))
    }

    fn check(question: &str, kind: AnswerKind, expect: (&str, Option<&str>, AnswerKind)) {
        let a = cases().answer(question, kind, &mut Stream::new(1, "t", 0));
        let got = (a.pieces.text(), a.case.as_deref(), a.kind);
        assert_eq!(got, expect, "{question}");
    }

    #[test]
    fn cases_are_found_inside_prompts() {
        use AnswerKind::{Empty, Given, Refused, Truncated, Unmatched};
        check("What is it?", Given, ("a tall vase", Some("a"), Given));
        let prompt = "Answer briefly.\nQ: What is it? Say more.\nA:";
        check(prompt, Given, ("four", Some("b"), Given));
        check("Answer only-id please", Given, ("17", Some("only-id"), Given));
        check("What is it?", Truncated, ("a", Some("a"), Truncated));
        check("What is it?", Empty, ("", Some("a"), Empty));
        check("Who?", Empty, (UNMATCHED, None, Unmatched));
        let no = refusal("Will it rain?");
        check("Will it rain?", Given, (no, Some("c"), Given));
        check("What is it?", Refused, (no, Some("a"), Refused));
    }

    #[test]
    fn a_wrong_answer_is_wrong() {
        let source = cases();
        for i in 0..50 {
            let mut chance = Stream::new(1, "wrong", i);
            let a = source.answer("What is it?", AnswerKind::Wrong, &mut chance);
            assert!(!a.pieces.text().is_empty() && !a.pieces.text().contains("vase"));
        }
    }

    #[test]
    fn broken_lines_are_named() {
        assert!(Case::parse(b"{").is_err());
        let e = Case::parse(br#"{"answer": "x"}"#).err().unwrap();
        assert!(e.contains("'question' or an 'id'"));
        assert!(Case::parse(br#"{"id": "x"}"#).is_err());
    }
}
