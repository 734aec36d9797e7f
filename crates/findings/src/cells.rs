//! The scalars of one attempt as the view keeps them.
//!
//! Main type: [`Cells`], at most 150 bytes so that a million records fit into a
//! small machine. Must not hold anything that [`Row`] does not say.

use acidtest_record::{Kind, Ns, OutcomeClass, Row};

/// The scalars of one attempt. Absent times and counts are sentinels inside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells {
    intended: i64,
    started: i64,
    sent: i64,
    first_byte: i64,
    first: i64,
    first_visible: i64,
    last: i64,
    last_event: i64,
    ended: i64,
    max_gap: i64,
    pub(crate) slot: u32,
    case: u32,
    pub(crate) pieces: u32,
    first_tokens: u32,
    input: u32,
    output: u32,
    cached: u32,
    reasoning: u32,
    pub(crate) step: u16,
    pub(crate) target: u16,
    pub(crate) phase: u16,
    pub(crate) prompt: u16,
    pub(crate) clock: u16,
    pub(crate) repeat: u16,
    pub(crate) class: OutcomeClass,
    pub(crate) kind: Kind,
    pub(crate) attempt: u8,
    pub(crate) stream: bool,
    pub(crate) reasoning_seen: bool,
}

const _: () = assert!(size_of::<Cells>() <= 150, "the view promises at most 150 bytes a record");

const NO_TIME: i64 = i64::MIN;
const NO_COUNT: u32 = u32::MAX;

fn time(t: Option<Ns>) -> i64 {
    t.map_or(NO_TIME, |t| t.0)
}

fn count(c: Option<u32>) -> u32 {
    c.unwrap_or(NO_COUNT)
}

impl Cells {
    /// The scalars of a row; `case` is its index among the cases.
    pub(crate) fn of(r: &Row, case: Option<u32>) -> Self {
        Self {
            intended: r.intended.0,
            started: time(r.started),
            sent: time(r.sent),
            first_byte: time(r.first_byte),
            first: time(r.first),
            first_visible: time(r.first_visible),
            last: time(r.last),
            last_event: time(r.last_event),
            ended: time(r.ended),
            max_gap: time(r.max_gap),
            slot: r.key.slot,
            case: count(case),
            pieces: r.pieces,
            first_tokens: count(r.first_tokens),
            input: count(r.input),
            output: count(r.output),
            cached: count(r.cached),
            reasoning: count(r.reasoning),
            step: r.key.step,
            target: r.target,
            phase: r.phase,
            prompt: r.prompt,
            clock: r.clock,
            repeat: r.repeat,
            class: r.class,
            kind: r.kind,
            attempt: r.key.attempt,
            stream: r.stream,
            reasoning_seen: r.reasoning_seen,
        }
    }

    /// Identity within the run.
    pub(crate) fn key(&self) -> (u32, u16, u8) {
        (self.slot, self.step, self.attempt)
    }

    /// Index of the case.
    pub(crate) fn case(&self) -> Option<usize> {
        (self.case != NO_COUNT).then_some(self.case as usize)
    }

    /// When the schedule wanted it.
    pub(crate) fn intended(&self) -> i64 {
        self.intended
    }

    /// Its place in send order on its clock: when it was sent, else wanted.
    pub(crate) fn order(&self) -> (u16, i64, u32, u16, u8) {
        let at = self.sent().or(self.started()).unwrap_or(self.intended);
        (self.clock, at, self.slot, self.step, self.attempt)
    }
}

impl Cells {
    /// When the attempt began.
    pub(crate) fn started(&self) -> Option<i64> {
        seen(self.started)
    }

    /// Just before its first write.
    pub(crate) fn sent(&self) -> Option<i64> {
        seen(self.sent)
    }

    /// First response byte.
    pub(crate) fn first_byte(&self) -> Option<i64> {
        seen(self.first_byte)
    }

    /// First content of any kind.
    pub(crate) fn first(&self) -> Option<i64> {
        seen(self.first)
    }

    /// First visible text.
    pub(crate) fn first_visible(&self) -> Option<i64> {
        seen(self.first_visible)
    }

    /// Last content event.
    pub(crate) fn last(&self) -> Option<i64> {
        seen(self.last)
    }

    /// Last event with content or finish reason.
    pub(crate) fn last_event(&self) -> Option<i64> {
        seen(self.last_event)
    }

    /// When it was over.
    pub(crate) fn ended(&self) -> Option<i64> {
        seen(self.ended)
    }

    /// Largest gap between content events.
    pub(crate) fn max_gap(&self) -> Option<i64> {
        seen(self.max_gap)
    }

    /// Output tokens in the first event.
    pub(crate) fn first_tokens(&self) -> Option<u32> {
        told(self.first_tokens)
    }

    /// Input tokens.
    pub(crate) fn input(&self) -> Option<u32> {
        told(self.input)
    }

    /// Output tokens.
    pub(crate) fn output(&self) -> Option<u32> {
        told(self.output)
    }

    /// Cached input tokens.
    pub(crate) fn cached(&self) -> Option<u32> {
        told(self.cached)
    }

    /// Reasoning tokens.
    pub(crate) fn reasoning(&self) -> Option<u32> {
        told(self.reasoning)
    }
}

fn seen(t: i64) -> Option<i64> {
    (t != NO_TIME).then_some(t)
}

fn told(c: u32) -> Option<u32> {
    (c != NO_COUNT).then_some(c)
}

/// Nanoseconds from one moment to another in seconds, when both were seen.
pub(crate) fn seconds(from: Option<i64>, to: Option<i64>) -> Option<f64> {
    Some(to?.saturating_sub(from?) as f64 / 1e9)
}
