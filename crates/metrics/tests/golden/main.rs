//! Golden numbers: every `*.jsonl` line is a case that a reference package answered.
//!
//! Reads the directory in `ACIDTEST_GOLDEN`, else `fixtures/golden` at the repository root. Prints
//! every failing case (id, expected, got) and ends with a table per file. A kind or case that this
//! crate does not implement is counted as such, never as passed. Fails when a case fails, when a
//! line cannot be read, when there is no case, and when our own fixtures miss an implemented kind.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test program: it reads its fixtures, prints its table, and a bad case may panic"
)]

mod bleu;
mod chrf;
mod classes;
mod compare;
mod edits;
mod kinds;
mod language;
mod paired;
mod rating;
mod resampling;
mod rouge;
mod sampling;
mod ter;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Every kind that the crate implements, file by file.
const KINDS: &[&[(&str, compare::Check)]] = &[
    kinds::KINDS,
    bleu::KINDS,
    chrf::KINDS,
    classes::KINDS,
    edits::KINDS,
    language::KINDS,
    rating::KINDS,
    resampling::KINDS,
    rouge::KINDS,
    sampling::KINDS,
    ter::KINDS,
];

fn kinds() -> impl Iterator<Item = &'static (&'static str, compare::Check)> {
    KINDS.iter().copied().flatten()
}

/// What became of one case.
pub enum Verdict {
    /// Compared; the list of differences, empty when it passed, and the fields not looked at.
    Compared(Vec<String>, Vec<String>),
    /// Needs something that this crate does not have.
    NotImplemented,
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    missing: usize,
    missing_kinds: BTreeMap<String, usize>,
    unseen_fields: BTreeSet<String>,
}

fn main() -> ExitCode {
    // Test runners that ask for a list of tests get an empty one.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let result = match std::env::var_os("ACIDTEST_GOLDEN") {
        Some(given) => check_directory(Path::new(&given), Expect::Any),
        None => {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden");
            check_directory(&own, Expect::EveryKind)
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Which kinds a directory must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// At least one case of an implemented kind.
    Any,
    /// Every implemented kind.
    EveryKind,
}

fn check_directory(directory: &Path, expect: Expect) -> Result<bool, String> {
    let listing =
        std::fs::read_dir(directory).map_err(|e| format!("cannot read {}: {e}", directory.display()))?;
    let mut files: Vec<PathBuf> = listing
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    let mut seen = BTreeSet::new();
    let mut counts = Vec::new();
    for file in &files {
        let name = file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        counts.push((name, check_file(file, &mut seen)?));
    }
    print_table(&counts);
    let unused: Vec<&str> = kinds().map(|(kind, _)| *kind).filter(|kind| !seen.contains(*kind)).collect();
    if !unused.is_empty() {
        println!("no case at all for: {}", unused.join(", "));
    }
    let complete = match expect {
        Expect::Any => !seen.is_empty(),
        Expect::EveryKind => unused.is_empty(),
    };
    Ok(complete && counts.iter().all(|(_, c)| c.failed == 0))
}

fn check_file(path: &Path, seen: &mut BTreeSet<String>) -> Result<Count, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let mut count = Count::default();
    for (number, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let case: Value =
            serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", path.display(), number + 1))?;
        let kind = case["metric"].as_str().unwrap_or("(no metric)").to_owned();
        let check = kinds().find(|(name, _)| *name == kind);
        let verdict = check.map_or(Verdict::NotImplemented, |(_, check)| {
            std::panic::catch_unwind(|| check(&case)).unwrap_or_else(|_| {
                let difference = "a panic, see above".to_owned();
                Verdict::Compared(vec![difference], Vec::new())
            })
        });
        match verdict {
            Verdict::NotImplemented => {
                count.missing += 1;
                *count.missing_kinds.entry(kind).or_default() += 1;
            }
            Verdict::Compared(differences, unseen) => {
                count.unseen_fields.extend(unseen);
                seen.insert(kind);
                if differences.is_empty() {
                    count.passed += 1;
                    continue;
                }
                count.failed += 1;
                let id = case["id"].as_str().unwrap_or("(no id)");
                for difference in differences {
                    println!("failed {id}: {difference}");
                }
            }
        }
    }
    Ok(count)
}

fn print_table(counts: &[(String, Count)]) {
    println!("\n{:<22} {:>7} {:>7} {:>16}", "golden", "passed", "failed", "not implemented");
    let mut total = (0, 0, 0);
    for (name, c) in counts {
        println!("{name:<22} {:>7} {:>7} {:>16}", c.passed, c.failed, c.missing);
        total = (total.0 + c.passed, total.1 + c.failed, total.2 + c.missing);
    }
    println!("{:<22} {:>7} {:>7} {:>16}", "total", total.0, total.1, total.2);
    for (name, c) in counts {
        if !c.missing_kinds.is_empty() {
            let kinds: Vec<String> = c.missing_kinds.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
            println!("not implemented in {name}: {}", kinds.join(", "));
        }
        if !c.unseen_fields.is_empty() {
            let fields: Vec<&str> = c.unseen_fields.iter().map(String::as_str).collect();
            println!("not compared in {name}: {}", fields.join(", "));
        }
    }
}
