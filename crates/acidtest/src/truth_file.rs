//! Reading what a built-in server wrote down, on our own clock.
//!
//! Main function: [`read`]. A line at a time, each of bounded length; what is no truth names
//! its line. Must not compute: brackets go to `findings`.

use crate::exit::{Exit, Failure};
use acidtest_clock::Zero;
use acidtest_findings::{Bracket, Calibrator, TrueAnswer};
use acidtest_sim::{EventKind, TRUTH_SCHEMA, TruthHead, TruthLine};
use anyhow::anyhow;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line: an answer of a million events.
const LONGEST: u64 = 256 << 20;
/// Monotonic clocks of one machine cannot differ from its wall clock by more.
const SAME_MACHINE_NS: i64 = 2_000_000_000;

/// Whether a server writes its truth there, before anything is sent.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    open(path).map(drop)
}

/// Reads the file into a calibrator.
pub(crate) fn read(path: &Path, zero: &Zero) -> Result<Calibrator, Failure> {
    let (mut lines, head) = open(path)?;
    let (shift, is_wall) = shift(&head, zero);
    let mut calibrator = Calibrator::new(is_wall);
    let mut number = 1;
    while let Some(line) = lines.next(path)? {
        number += 1;
        let line: Result<TruthLine, _> = serde_json::from_slice(line);
        let line = line.map_err(|e| not_a_truth(path, number, &e.to_string()))?;
        if line.events.iter().any(|e| !is_bracket(e.before_ns, e.after_ns)) {
            return Err(not_a_truth(path, number, "a write ends before it begins, or lasts for years"));
        }
        calibrator.truth(answer(line, shift));
    }
    Ok(calibrator)
}

/// Whether two moments can be before and after a write.
fn is_bracket(before: i64, after: i64) -> bool {
    const YEARS: u64 = 1 << 60;
    before <= after && before.unsigned_abs() < YEARS && after.unsigned_abs() < YEARS
}

fn open(path: &Path) -> Result<(Lines, TruthHead), Failure> {
    // A pipe would never end, and opening it would wait.
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(not_a_truth(path, 1, "it is no plain file"));
    }
    let file = std::fs::File::open(path).map_err(|e| cannot_read(path, e))?;
    let mut lines = Lines { from: BufReader::with_capacity(1 << 18, file), line: Vec::new(), number: 0 };
    let Some(head) = lines.next(path)? else {
        return Err(not_a_truth(path, 1, "it has no line"));
    };
    let head: Result<TruthHead, _> = serde_json::from_slice(head);
    let head = head.map_err(|e| not_a_truth(path, 1, &e.to_string()))?;
    if head.schema != TRUTH_SCHEMA {
        return Err(not_a_truth(path, 1, &format!("schema '{}', expected {TRUTH_SCHEMA}", head.schema)));
    }
    Ok((lines, head))
}

/// What is added to the server's times to have them on our clock, and whether only the wall
/// clock says so.
fn shift(head: &TruthHead, zero: &Zero) -> (i64, bool) {
    let wall = head.zero_unix_ns.saturating_sub(zero.unix_ns());
    let ours = Some(zero.monotonic_ns()).filter(|ns| *ns != 0);
    let monotonic = head.zero_monotonic_ns.zip(ours).map(|(theirs, ours)| theirs.saturating_sub(ours));
    match monotonic {
        Some(shift) if shift.abs_diff(wall) <= SAME_MACHINE_NS.unsigned_abs() => (shift, false),
        _ => (wall, true),
    }
}

fn answer(line: TruthLine, shift: i64) -> TrueAnswer {
    let is_content = |kind| matches!(kind, EventKind::Content | EventKind::Reasoning | EventKind::Tool);
    let on_ours = |at: i64| at.saturating_add(shift);
    let content = line.events.iter().filter(|e| is_content(e.kind));
    TrueAnswer {
        content: content
            .map(|e| Bracket { before: on_ours(e.before_ns), after: on_ours(e.after_ns) })
            .collect(),
        id: line.id,
    }
}

struct Lines {
    from: BufReader<std::fs::File>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// The next line; a last one without its end was cut short by a kill and is left out.
    fn next(&mut self, path: &Path) -> Result<Option<&[u8]>, Failure> {
        self.line.clear();
        let got = self.from.by_ref().take(LONGEST).read_until(b'\n', &mut self.line);
        got.map_err(|e| cannot_read(path, e))?;
        self.number += 1;
        match self.line.last() {
            Some(b'\n') => Ok(Some(&self.line)),
            _ if self.line.len() as u64 >= LONGEST => {
                Err(not_a_truth(path, self.number, "the line is too long"))
            }
            _ => Ok(None),
        }
    }
}

fn cannot_read(path: &Path, e: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{}'", path.display())))
}

fn not_a_truth(path: &Path, line: u64, why: &str) -> Failure {
    Failure::new(Exit::Usage, anyhow!("{}:{line}: not a truth file of acidtest sim: {why}", path.display()))
        .hint("write one with: acidtest sim --truth FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(monotonic: Option<i64>, unix: i64) -> TruthHead {
        TruthHead {
            schema: TRUTH_SCHEMA.into(),
            zero_unix_ns: unix,
            zero_error_ns: 1,
            zero_monotonic_ns: monotonic,
            config: acidtest_sim::Config::default(),
        }
    }

    #[test]
    fn times_are_joined_by_the_monotonic_clock_of_one_machine_only() {
        let zero = Zero::start();
        let later = zero.unix_ns() + 5_000_000_000;
        let ours = zero.monotonic_ns();
        if ours != 0 {
            assert_eq!(shift(&head(Some(ours + 5_000_000_123), later), &zero), (5_000_000_123, false));
            // Another machine counts from another start.
            assert_eq!(shift(&head(Some(ours + 77_000_000_000), later), &zero), (5_000_000_000, true));
        }
        assert_eq!(shift(&head(None, later), &zero), (5_000_000_000, true));
    }

    #[test]
    fn what_is_no_truth_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let words = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path, &Zero::start()).err().map(|e| e.words())
        };
        let good = serde_json::to_string(&head(None, 0)).unwrap() + "\n";
        assert_eq!(words(&good), None);
        assert_eq!(words(&format!("{good}{{\"cut")), None, "a line that a kill cut short");
        assert!(words("").unwrap().contains("t.jsonl:1: not a truth file"));
        assert!(words(&format!("{good}{{}}\n")).unwrap().contains("t.jsonl:2: not a truth file"));
        assert!(words(&good.replace("truth/1", "truth/9")).unwrap().contains("expected acidtest.truth/1"));
    }
}
