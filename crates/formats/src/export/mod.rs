//! A run of ours in the forms of other tools.
//!
//! Main types: [`RunView`] and the functions over it. A form that holds one
//! target and one load level refuses a run that has several.

mod lm_eval;
mod parquet;
mod vllm;

pub use lm_eval::lm_eval_samples;
pub use parquet::parquet_rows;
pub use vllm::vllm_bench;

use acidtest_record::{Case, Digest, Key, Record, Role, RunId, RunSpec, Status, Value, Verdict};
use std::collections::{BTreeSet, HashMap};

/// Why a run cannot be written in a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ExportError {
    /// What is in the way.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// What a run holds, as exports need it.
#[derive(Debug)]
pub struct RunView<'a> {
    /// The run.
    pub run: RunId,
    /// Unix time of its beginning, in nanoseconds.
    pub created_unix_ns: i64,
    /// Its plan.
    pub spec: &'a RunSpec,
    /// Its cases, in order.
    pub cases: &'a [Case],
    /// Its records, in order.
    pub records: &'a [Record],
    /// Its verdicts, in order.
    pub verdicts: &'a [Verdict],
    /// Bytes that records point at.
    pub blobs: &'a HashMap<Digest, Vec<u8>>,
}

impl RunView<'_> {
    /// The last attempt of each request that the run measures, in order.
    fn last_attempts(&self) -> Vec<&Record> {
        let mut last: HashMap<(u32, u16), &Record> = HashMap::new();
        for record in self.records.iter().filter(|r| r.role == Role::Subject) {
            let slot = last.entry((record.key.slot, record.key.step)).or_insert(record);
            if record.key.attempt >= slot.key.attempt {
                *slot = record;
            }
        }
        let mut all: Vec<&Record> = last.into_values().collect();
        all.sort_by_key(|r| r.key);
        all
    }

    /// The newest opinion of each name about each record.
    fn opinions(&self) -> HashMap<(Key, &str), &Verdict> {
        let mut out: HashMap<(Key, &str), &Verdict> = HashMap::new();
        for verdict in self.verdicts.iter().filter(|v| v.status == Status::Scored && v.about.len() == 1) {
            out.insert((verdict.about[0].key, verdict.name.as_str()), verdict);
        }
        out
    }

    /// Forms for one target, prompt and phase cannot hold several.
    fn one_cell(&self, form: &str) -> Result<(), ExportError> {
        let subjects = self.records.iter().filter(|r| r.role == Role::Subject);
        let cells: BTreeSet<(u16, u16, u16)> = subjects.map(|r| (r.target, r.prompt, r.phase)).collect();
        match cells.len() {
            0 => Err(ExportError {
                what: format!("the run has no requests to write as {form}"),
                hint: "export it as jsonl: facts and notes are in it".into(),
            }),
            1 => Ok(()),
            n => Err(ExportError {
                what: format!("{form} holds one target, prompt and phase, this run has {n} of them"),
                hint: "export it as jsonl or parquet, or run the targets and phases apart".into(),
            }),
        }
    }
}

/// A verdict as a number.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Number(n) => Some(*n),
        Value::Label(_) | Value::Ranking(_) | Value::Preference(_) => None,
    }
}

/// A date and time of the day in UTC, `20261126-014130`.
fn stamp(unix_ns: i64) -> String {
    let seconds = unix_ns.div_euclid(1_000_000_000);
    let (days, day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days of the proleptic Gregorian calendar, years beginning in March.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let date = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (day / 3600, day / 60 % 60, day % 60);
    format!("{year:04}{month:02}{date:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn stamps_are_dates() {
        assert_eq!(super::stamp(0), "19700101-000000");
        assert_eq!(super::stamp(1_795_656_777_521_536_000), "20261126-013257");
        assert_eq!(super::stamp(1_709_208_000_000_000_000), "20240229-120000");
    }
}
