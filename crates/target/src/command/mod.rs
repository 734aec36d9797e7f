//! A program that answers: JSON lines in and out, without a shell.
//!
//! Main type: [`CommandTarget`]. Processes belong to one measuring thread and
//! never outlive it: the whole process group is killed when an attempt fails,
//! when a limit passes and when the target is dropped. Must not give a program
//! more of our environment than the suite names.

mod answer;
mod process;
mod scan;
#[cfg(test)]
mod tests;

use crate::custom::files::Files;
use crate::exchange::Times;
use crate::failure::Failure;
use crate::framing::{Framing, Shape};
use crate::http::TargetError;
use crate::parser::Parser;
use crate::seam::{Attempt, BuildError, Built, End, LocalBoxFuture, Tap, Target};
use crate::secrets::{Mask, Secrets};
use acidtest_clock::Zero;
use acidtest_record::{Ask, Cause, CommandSpec, Limits, Mark, MarkName, Ns, Stage, TargetSpec};
use answer::Lines;
use process::{Graveyard, Process, Start};
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// What a program gets of our environment beside what the suite names.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A target that is a program.
pub struct CommandTarget {
    spec: CommandSpec,
    model: String,
    start: Start,
    times: Times,
    mask: Mask,
    zero: Zero,
    /// How many processes may be at work.
    places: Semaphore,
    idle: RefCell<Vec<Process>>,
    graveyard: Graveyard,
    started: Cell<u32>,
    asked: Cell<u64>,
}

impl CommandTarget {
    /// The target of a plan.
    ///
    /// # Errors
    /// There is no program, or a named environment variable has no value.
    pub fn new(
        spec: &TargetSpec,
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
    ) -> Result<Self, TargetError> {
        let command = spec.command.clone().unwrap_or_default();
        if command.command.first().is_none_or(String::is_empty) {
            let what = "it has no program to start".to_owned();
            return Err(TargetError::Template { target: spec.name.clone(), what });
        }
        let mut env: Vec<(String, String)> =
            ENVIRONMENT.iter().filter_map(|n| Some(((*n).to_owned(), secrets.get(n)?))).collect();
        let mut found = Vec::new();
        for name in &command.env {
            let value = secrets.get(name).ok_or_else(|| TargetError::MissingSecret {
                target: spec.name.clone(),
                variable: name.clone(),
                place: "env".into(),
            })?;
            found.push(value.clone());
            env.push((name.clone(), value));
        }
        let start = Start {
            command: command.command.clone(),
            env,
            folder: PathBuf::new(),
            memory: command.memory_bytes,
        };
        Ok(Self {
            places: Semaphore::new(usize::from(command.processes.max(1))),
            spec: command,
            model: spec.model.clone(),
            start,
            times: Times::of(limits),
            mask: Mask::new(&found),
            zero,
            idle: RefCell::default(),
            graveyard: Graveyard::default(),
            started: Cell::new(0),
            asked: Cell::new(0),
        })
    }

    /// The same with the folder in which its program is started.
    #[must_use]
    pub fn with_files(mut self, files: &Files) -> Self {
        self.start.folder = files.folder().to_owned();
        self
    }

    /// Makes parsers for this target's answers on any thread.
    #[must_use]
    pub fn parser_factory(&self) -> Box<dyn Fn(bool) -> Parser + Send> {
        let mask = self.mask.clone();
        Box::new(move |stream| {
            Parser::with(Box::new(Lines::default()), Shape::Stream(Framing::Lines), stream, mask.clone())
        })
    }

    fn now(&self) -> Ns {
        Ns(self.zero.now())
    }

    fn instant(&self, at: Ns) -> Instant {
        Instant::from_std(self.zero.instant(at.0))
    }

    /// A process that waits for a request, or a new one.
    fn process(&self, marks: &mut Vec<Mark>) -> Result<Process, Failure> {
        self.graveyard.tidy();
        while let Some(process) = self.idle.borrow_mut().pop() {
            match process.is_quiet() {
                true => return Ok(process),
                false => self.graveyard.bury(process),
            }
        }
        marks.push(Mark { name: MarkName::ConnectStart, at: self.now() });
        let number = self.started.get() + 1;
        let process = Process::start(&self.start, number, self.zero)?;
        self.started.set(number);
        marks.push(Mark { name: MarkName::ConnectEnd, at: self.now() });
        Ok(process)
    }

    async fn go(&self, built: &Built, tap: &mut dyn Tap) -> Attempt {
        let started = self.now();
        let mut marks = Vec::new();
        let total_due = started + self.times.total;
        if self.places.available_permits() == 0 {
            marks.push(Mark { name: MarkName::QueueStart, at: started });
        }
        let place = timeout_at(self.instant(total_due), self.places.acquire()).await;
        if !marks.is_empty() {
            marks.push(Mark { name: MarkName::QueueEnd, at: self.now() });
        }
        let process = match &place {
            Ok(Ok(_)) => self.process(&mut marks),
            _ => Err(Failure::new(
                Stage::Connect,
                Cause::Timeout,
                "no process became free within the total limit",
            )),
        };
        let mut process = match process {
            Ok(process) => process,
            Err(failure) => return self.over(started, marks, None, Err(failure)),
        };
        let id = self.asked.get() + 1;
        self.asked.set(id);
        let line = line(id, &built.body);
        let mut held = process::Held::new(process, &self.graveyard);
        let result = held.ask(&line, id, self.spec.per_request, &self.times, total_due, tap).await;
        process = held.release();
        let attempt = self.over(started, marks, Some(&process), result);
        match attempt.end {
            End::Complete if !self.spec.per_request => self.idle.borrow_mut().push(process),
            _ => self.graveyard.bury(process),
        }
        attempt
    }

    fn over(
        &self,
        started: Ns,
        marks: Vec<Mark>,
        process: Option<&Process>,
        result: Result<Ns, Failure>,
    ) -> Attempt {
        let log = process.map(|p| &*p.log);
        let (body_end, end) = match result {
            Ok(at) => (Some(at), End::Complete),
            Err(mut failure) => {
                if let Some(words) = process.and_then(Process::last_words) {
                    failure.detail = format!("{}; stderr: {words}", failure.detail);
                }
                (None, failure.into_end(&self.mask))
            }
        };
        Attempt {
            started,
            sent: log.and_then(|l| l.first_write()),
            sent_end: log.and_then(|l| l.request_end()),
            body_end,
            ended: self.now(),
            marks,
            head: None,
            connection: process.map_or(0, |p| p.number),
            reused: process.is_some_and(|p| p.served > 1),
            address: 0,
            end,
        }
    }
}

impl Target for CommandTarget {
    fn build(&self, ask: &Ask) -> Result<Built, BuildError> {
        let Some(last) = ask.messages.iter().rev().find(|m| m.role == "user").or(ask.messages.last()) else {
            return Err(BuildError::NoMessages);
        };
        let mut map = Map::new();
        map.insert("prompt".into(), last.content.clone().into());
        map.insert("messages".into(), json!(ask.messages));
        map.insert("vars".into(), Value::Object(ask.vars.clone()));
        map.insert("params".into(), Value::Object(ask.params.clone()));
        map.insert("model".into(), self.model.clone().into());
        let body = crate::protocol::bounded(Value::Object(map).to_string().into_bytes())?;
        Ok(Built { path: self.spec.command[0].clone(), body, stream: ask.stream, ..Built::default() })
    }

    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt> {
        Box::pin(self.go(built, tap))
    }
}

/// A request's line: what was built, with a number in front by which answers are known.
fn line(id: u64, body: &[u8]) -> Vec<u8> {
    let mut out = format!("{{\"id\":\"{id}\",").into_bytes();
    out.extend_from_slice(body.get(1..).unwrap_or_default());
    out.push(b'\n');
    out
}
