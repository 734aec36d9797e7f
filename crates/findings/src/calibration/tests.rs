//! Joins of small truths and records, with errors that are known.

use super::*;
use crate::view::View;
use acidtest_record::{
    Answer, Event, EventKind, Finish, Key, Kind, Ns, Outcome, Place, Read, Record, Request, Role, RunId,
    RunSpec, ServerSaid, Timing,
};

const MS: i64 = 1_000_000;

/// Reads of one event each: (kernel stamp, program stamp).
fn record(slot: u32, id: &str, reads: &[(Option<i64>, i64)]) -> Record {
    let read = |(kernel, after): &(Option<i64>, i64)| Read {
        kernel: kernel.map(Ns),
        before: Ns(after - 1_000),
        after: Ns(*after),
        bytes: 100,
        drained: true,
    };
    let event = |i| Event { read: i, kind: EventKind::Visible, tokens: None, last_in_read: true };
    Record {
        key: Key { run: RunId(1), slot, step: 0, attempt: 0 },
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case: None,
        repeat: 0,
        request: Request { path: String::new(), body: None, bytes: 0, stream: true, nonce: None },
        timing: Timing {
            sent: Some(Ns(0)),
            sent_end: Some(Ns(10)),
            ended: Some(Ns(1_000 * MS)),
            reads: reads.iter().map(read).collect(),
            events: (0..reads.len() as u32).map(event).collect(),
            ..Timing::default()
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: None,
        answer: Answer::default(),
        said: Some(ServerSaid { id: Some(id.to_owned()), ..ServerSaid::default() }),
        fault: None,
        place: Place::default(),
        copied_from: None,
    }
}

/// Writes that take 10 µs.
fn truth(id: &str, at: &[i64]) -> TrueAnswer {
    let write = |at: &i64| Bracket { before: *at, after: at + 10_000 };
    TrueAnswer { id: id.to_owned(), content: at.iter().map(write).collect() }
}

fn finish(calibrator: Calibrator) -> Calibration {
    let spec = RunSpec::default();
    let view = View::new(RunId(1), &spec, &[]).finish();
    calibrator.finish(&crate::find::find(&view, &mut |_| crate::failures::Texts::default()))
}

#[track_caller]
fn close(found: Option<f64>, expect: f64) {
    let found = found.expect("there is an error");
    assert!((found - expect).abs() < 1e-9, "{found} s, expected {expect} s");
}

#[test]
fn errors_are_those_that_were_put_in() {
    let mut c = Calibrator::new(false);
    c.truth(truth("a", &[50 * MS, 55 * MS, 60 * MS]));
    // The kernel is 1 µs after the middle of each write; the program 200, 300, 600 µs after it.
    let at = |write: i64, late: i64| write * MS + 5_000 + late;
    let read = |write, late| (Some(at(write, 1_000)), at(write, late));
    c.record(&record(0, "a", &[read(50, 200_000), read(55, 300_000), read(60, 600_000)]));
    let found = finish(c);
    assert_eq!(found.joined, Joined { records: 1, joined: 1, events: 3, ..Joined::default() });
    assert_eq!((found.exact_gaps, found.unstamped_reads), (Share { n: 2, of: 2 }, Share { n: 0, of: 3 }));
    close(found.error("ttft", "kernel").unwrap().p99_s, 1e-6);
    close(found.error("ttft", "printed").unwrap().p99_s, 1e-6);
    close(found.error("ttft", "program").unwrap().p50_s, 200e-6);
    close(found.error("arrival", "program").unwrap().max_s, 600e-6);
    close(found.error("gap", "kernel").unwrap().max_s, 0.0);
    close(found.error("gap", "program").unwrap().p50_s, 200e-6);
    close(found.error("gap", "program").unwrap().max_s, 300e-6);
    assert!(found.quantiles.iter().all(|q| q.covers && q.not_printed.is_some()));
    let facts = found.facts();
    let ttft = facts.iter().find(|f| f.name == "calibrate.ttft.kernel.p99_s").unwrap();
    assert_eq!((ttft.value.as_str(), ttft.source.as_str()), ("0.000001000", CALIBRATE));
}

#[test]
fn a_late_program_without_stamps_does_not_cover_the_truth() {
    let mut c = Calibrator::new(false);
    c.truth(truth("a", &[50 * MS, 55 * MS, 60 * MS]));
    c.record(&record(0, "a", &[(None, 51 * MS), (None, 57 * MS), (None, 60 * MS + 7_000)]));
    let found = finish(c);
    let p50 = &found.quantiles[0];
    assert_eq!((p50.stat, p50.covers), ("p50", false));
    assert!((p50.off_s - 0.0005).abs() < 2e-4, "{p50:?}");
    assert_eq!(found.error("ttft", "kernel").unwrap().n, 0);
    assert_eq!(found.unstamped_reads, Share { n: 3, of: 3 });
}

#[test]
fn wide_brackets_are_left_out_of_errors_and_counted() {
    let mut c = Calibrator::new(false);
    let mut wide = truth("a", &[50 * MS, 55 * MS, 60 * MS]);
    wide.content[1].after += WIDEST_BRACKET_NS;
    c.truth(wide);
    let exact = |at: i64| (Some(at * MS + 5_000), at * MS + 5_000);
    c.record(&record(0, "a", &[exact(50), exact(55), exact(60)]));
    let found = finish(c);
    assert_eq!((found.brackets.n, found.brackets.wide), (3, 1));
    assert_eq!(found.error("arrival", "kernel").unwrap().n, 2);
    // Each gap has the wide end.
    assert_eq!(found.error("gap", "kernel").unwrap().n, 0);
    assert_eq!(found.error("ttft", "kernel").unwrap().n, 1);
}

#[test]
fn events_that_share_a_read_have_bounds_that_hold_the_truth_or_not() {
    let merged = |second: i64| {
        let mut c = Calibrator::new(false);
        c.truth(truth("a", &[50 * MS, second]));
        let stamp = 55 * MS + 5_000;
        let mut record = record(0, "a", &[(Some(50 * MS + 5_000), 50 * MS), (Some(stamp), stamp)]);
        // Both events came with the second read: only the last is exact.
        record.timing.events[0] =
            Event { read: 1, kind: EventKind::Visible, tokens: None, last_in_read: false };
        c.record(&record);
        finish(c)
    };
    let inside = merged(55 * MS);
    assert_eq!((inside.exact_gaps.n, inside.bounded_gaps), (0, Share { n: 1, of: 1 }));
    assert_eq!(inside.events_per_read, Some(2.0));
    // A gap of 100 ms cannot lie between a read before 50 ms and a stamp at 55 ms.
    assert_eq!(merged(150 * MS).bounded_gaps, Share { n: 0, of: 1 });
}

#[test]
fn what_cannot_be_joined_is_counted() {
    let mut c = Calibrator::new(true);
    c.truth(truth("a", &[50 * MS]));
    c.truth(truth("b", &[50 * MS, 60 * MS]));
    c.record(&record(0, "a", &[(None, 51 * MS), (None, 52 * MS)]));
    c.record(&record(1, "unknown", &[(None, 51 * MS)]));
    let mut failed = record(2, "b", &[(None, 51 * MS), (None, 61 * MS)]);
    failed.role = Role::Warmup;
    c.record(&failed);
    let found = finish(c);
    let expect = Joined { records: 2, without_truth: 1, other_events: 1, ..Joined::default() };
    assert_eq!(found.joined, expect);
    assert_eq!((found.clocks, found.streams), ("wall", 2));
    assert!(found.quantiles.is_empty());
    assert!(found.errors.iter().all(|e| e.n == 0 && e.p99_s.is_none()));
}
