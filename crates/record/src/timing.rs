//! When things happened, as seen, not as concluded.
//!
//! Main type: [`Timing`]. It keeps every read of the socket and which events
//! ended in which read; arrival times are derived from these by [`Timing::arrival`] and, with
//! what is not known of them, by [`Timing::bounds`], never stored. Must not interpret: rules that improve later live in methods.

use crate::ids::Ns;
use serde::{Deserialize, Serialize};

/// The moments of one attempt, all on one clock of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Which of the run's clocks (resume and import open new ones).
    pub clock: u16,
    /// When the schedule wanted it. Closed loop: end of the slot's previous answer + think time.
    pub intended: Ns,
    /// When the attempt began. Absent when it was never sent.
    pub started: Option<Ns>,
    /// Just before the first write of the request.
    pub sent: Option<Ns>,
    /// When the last byte of the request was handed over.
    pub sent_end: Option<Ns>,
    /// The last byte of the HTTP body.
    pub body_end: Option<Ns>,
    /// When the attempt was over for us, whatever its outcome.
    pub ended: Option<Ns>,
    /// Single moments: name resolution, connect, TLS, response head.
    pub marks: Vec<Mark>,
    /// Every read of the socket that carried part of the answer.
    pub reads: Vec<Read>,
    /// Every event of the answer, in order.
    pub events: Vec<Event>,
}

/// One named moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which moment.
    pub name: MarkName,
    /// When.
    pub at: Ns,
}

/// Names of single moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkName {
    /// Waiting for a pooled connection or stream began.
    QueueStart,
    /// … ended.
    QueueEnd,
    /// Name resolution began.
    DnsStart,
    /// … ended.
    DnsEnd,
    /// TCP connect began.
    ConnectStart,
    /// … ended.
    ConnectEnd,
    /// TLS handshake began.
    TlsStart,
    /// … ended.
    TlsEnd,
    /// The response head was complete.
    Head,
    /// An asynchronous job was accepted.
    JobAccepted,
    /// An asynchronous job began to run.
    JobRunning,
    /// An asynchronous job was done.
    JobDone,
    /// Making a session began.
    SessionStart,
    /// … ended.
    SessionEnd,
    /// The server said that the session is over: the request is sent again on a new one.
    SessionExpired,
}

/// One read of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The kernel's stamp of the last segment in this read, where it gave one.
    pub kernel: Option<Ns>,
    /// Program time just before the read.
    pub before: Ns,
    /// Program time right after it, before any parsing.
    pub after: Ns,
    /// Bytes read from the socket (under TLS: of ciphertext).
    pub bytes: u32,
    /// Whether the read emptied the socket's queue (a short read).
    pub drained: bool,
}

/// One event of an answer (a server-sent event, or a whole body).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Index in [`Timing::reads`] of the read that brought the byte that ends its last `data:` line.
    pub read: u32,
    /// What it carried.
    pub kind: EventKind,
    /// Output tokens in it, where the server says so.
    pub tokens: Option<u32>,
    /// Whether nothing followed it in its read, not even the beginning of something.
    pub last_in_read: bool,
}

/// When an event arrived, as far as that is known: a point where the two are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Not before.
    pub earliest: Ns,
    /// Not after.
    pub latest: Ns,
}

impl Arrival {
    /// How much is not known.
    #[must_use]
    pub fn width(&self) -> Ns {
        self.latest - self.earliest
    }
}

/// What an event carried; with several things in one event, the first of this list that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An error reported inside the stream.
    Error,
    /// Visible text.
    Visible,
    /// Tool-call text.
    Tool,
    /// Reasoning text.
    Reasoning,
    /// A finish reason and no content.
    Finish,
    /// Token counts and no content.
    Usage,
    /// The empty opening chunk that names the role: not content.
    Role,
    /// The end mark (`[DONE]`).
    Done,
    /// A comment line (keep-alive).
    Comment,
    /// Something we do not know.
    Other,
}

impl EventKind {
    /// Whether the event carries content of any kind (visible, reasoning, tool).
    #[must_use]
    pub fn is_content(self) -> bool {
        matches!(self, EventKind::Visible | EventKind::Reasoning | EventKind::Tool)
    }
}

impl Timing {
    /// When a read's last byte reached this machine, as well as we know: the
    /// kernel's stamp, else the program's right after the read.
    #[must_use]
    pub fn read_arrival(&self, read: u32) -> Option<Ns> {
        self.reads.get(read as usize).map(|r| r.kernel.unwrap_or(r.after))
    }

    /// When an event arrived.
    #[must_use]
    pub fn arrival(&self, event: &Event) -> Option<Ns> {
        self.read_arrival(event.read)
    }

    /// Whether the kernel stamped any of the reads.
    #[must_use]
    pub fn has_kernel_stamps(&self) -> bool {
        self.reads.iter().any(|r| r.kernel.is_some())
    }

    /// Arrivals of the content events, in order, with what is not known of them.
    ///
    /// The kernel merges segments that wait in its queue and keeps the last one's stamp. So the
    /// stamp of a read is exactly that of its last event where the read emptied the queue and
    /// nothing followed the event. Every other event of the read came at the latest then, and at
    /// the earliest just before the latest earlier read that emptied the queue: what that read did
    /// not bring had not come. A read without a stamp has the program's time after it as upper
    /// bound alone.
    ///
    /// Where no read has a stamp the program's times are all there is: the last event of a read
    /// then counts as exact on that clock, whose own lateness is not known.
    pub fn bounds(&self) -> impl Iterator<Item = Arrival> + '_ {
        self.bounds_of(EventKind::is_content)
    }

    /// The same of the last event with content or a finish reason.
    #[must_use]
    pub fn end_bounds(&self) -> Option<Arrival> {
        self.bounds_of(|k| k.is_content() || k == EventKind::Finish).last()
    }

    fn bounds_of(&self, wanted: fn(EventKind) -> bool) -> impl Iterator<Item = Arrival> + '_ {
        self.event_bounds().filter(move |(e, _)| wanted(e.kind)).map(|(_, arrival)| arrival)
    }

    /// Every event with when it arrived, by the rule of [`Timing::bounds`]; an event whose read is
    /// not there is left out.
    pub fn event_bounds(&self) -> impl Iterator<Item = (&Event, Arrival)> + '_ {
        let by_kernel = self.has_kernel_stamps();
        let mut since = Vec::with_capacity(self.reads.len());
        let mut empty_at = self.sent.unwrap_or(Ns(i64::MIN / 2));
        for read in &self.reads {
            since.push(empty_at);
            if read.drained {
                empty_at = read.before;
            }
        }
        self.events.iter().filter_map(move |e| {
            let read = self.reads.get(e.read as usize)?;
            let latest = read.kernel.unwrap_or(read.after);
            let is_exact = e.last_in_read && read.drained && (!by_kernel || read.kernel.is_some());
            let earliest = if is_exact { latest } else { since[e.read as usize].min(latest) };
            Some((e, Arrival { earliest, latest }))
        })
    }

    /// Arrivals of the content events, in order.
    pub fn content_arrivals(&self) -> impl Iterator<Item = Ns> + '_ {
        self.events.iter().filter(|e| e.kind.is_content()).filter_map(|e| self.arrival(e))
    }

    /// The moment of that name.
    #[must_use]
    pub fn mark(&self, name: MarkName) -> Option<Ns> {
        self.marks.iter().find(|m| m.name == name).map(|m| m.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kernel: Option<i64>, before: i64, after: i64, drained: bool) -> Read {
        Read { kernel: kernel.map(Ns), before: Ns(before), after: Ns(after), bytes: 100, drained }
    }

    fn event(read: u32, last_in_read: bool) -> Event {
        Event { read, kind: EventKind::Visible, tokens: None, last_in_read }
    }

    fn check(reads: &[Read], events: &[Event], want: &[(i64, i64)]) {
        let timing =
            Timing { sent: Some(Ns(5)), reads: reads.into(), events: events.into(), ..Timing::default() };
        let got: Vec<(i64, i64)> = timing.bounds().map(|a| (a.earliest.0, a.latest.0)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn the_last_event_of_a_read_that_emptied_the_queue_is_exact() {
        check(&[read(Some(10), 12, 13, true)], &[event(0, true)], &[(10, 10)]);
    }

    #[test]
    fn others_came_since_the_queue_was_last_known_empty() {
        let reads = [read(Some(10), 12, 13, true), read(Some(40), 44, 45, true)];
        let events = [event(0, true), event(1, false), event(1, true)];
        check(&reads, &events, &[(10, 10), (12, 40), (40, 40)]);
        check(&reads[..1], &[event(0, false)], &[(5, 10)]);
    }

    #[test]
    fn a_full_read_proves_nothing_about_its_last_event() {
        let reads =
            [read(Some(10), 12, 13, true), read(Some(40), 44, 45, false), read(Some(41), 46, 47, true)];
        check(&reads, &[event(1, true), event(2, true)], &[(12, 40), (41, 41)]);
        check(&reads, &[event(2, false)], &[(12, 41)]);
    }

    #[test]
    fn a_missing_stamp_is_the_programs_time_as_upper_bound() {
        let reads = [read(Some(10), 12, 13, true), read(None, 44, 45, true)];
        check(&reads, &[event(0, true), event(1, true)], &[(10, 10), (12, 45)]);
    }

    #[test]
    fn without_any_stamp_the_programs_clock_is_all_there_is() {
        let reads = [read(None, 12, 13, true), read(None, 44, 45, true), read(None, 50, 51, false)];
        let events = [event(0, true), event(1, false), event(1, true), event(2, true)];
        check(&reads, &events, &[(13, 13), (12, 45), (45, 45), (44, 51)]);
    }
}
