//! What lies beside the records: clocks, readings, facts, notes, blobs.
//!
//! Main type: [`Item`], the unit that is handed to a store. Must not hold
//! anything that a record could be changed by.

use crate::ids::{Digest, Key, Ns};
use crate::record::Record;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// One of the run's clocks. Each process that adds to a run opens one; no
/// interval is ever taken across clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRow {
    /// Its number within the run.
    pub no: u16,
    /// The machine.
    pub host: String,
    /// Unix time of its zero, in nanoseconds.
    pub zero_unix_ns: i64,
    /// How far that may be off, where known.
    pub error_ns: Option<i64>,
}

/// A time-stamped sample of the surroundings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Which clock.
    pub clock: u16,
    /// When.
    pub at: Ns,
    /// Where from: `client`, `server`, `fault`, `gpu` …
    pub source: String,
    /// What: `scheduler_lag_s`, `cpu_s`, `in_flight` …, the unit last.
    pub name: String,
    /// How much.
    pub value: f64,
}

/// A statement with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it states: `price.input_per_1m`, `machine.cores` …
    pub name: String,
    /// The statement.
    pub value: String,
    /// Where it comes from.
    pub source: String,
    /// Digest of that source.
    pub hash: Option<Digest>,
}

impl Fact {
    /// How the source begins of a fact that another tool stated about a run of its own.
    pub const STATED_BY: &'static str = "stated by ";

    /// The tool that stated it, where one did: nothing of ours stands behind it.
    #[must_use]
    pub fn stated_by(&self) -> Option<&str> {
        self.source.strip_prefix(Self::STATED_BY).filter(|tool| !tool.is_empty())
    }
}

/// Something recomputable about a record; may be dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// About which record.
    pub key: Key,
    /// Who made it (`tokenizer:NAME`).
    pub maker: String,
    /// What it says.
    pub name: String,
    /// How much.
    pub value: f64,
}

/// Bytes by content address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Their digest.
    pub hash: Digest,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Blob {
    /// Wraps bytes with their digest.
    #[must_use]
    pub fn new(body: Vec<u8>) -> Self {
        Self { hash: Digest::of(&body), body }
    }
}

/// What may be added to a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An attempt.
    Record(Box<Record>),
    /// An opinion; the records it is about come before it.
    Verdict(Verdict),
    /// A sample.
    Reading(Reading),
    /// A statement.
    Fact(Fact),
    /// A remark.
    Note(Note),
    /// Bytes that a record points at; they come before it.
    Blob(Blob),
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Being written, or its writer died.
    Running,
    /// Every slot has its final outcome.
    Done,
    /// Stopped before the end, by a person or a cap; may be resumed.
    Stopped,
}

impl RunState {
    /// Stable word used in JSON and the store.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Stopped => "stopped",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [RunState::Running, RunState::Done, RunState::Stopped].into_iter().find(|s| s.id() == id)
    }
}
