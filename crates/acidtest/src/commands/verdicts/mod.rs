//! `acidtest verdicts`: opinions that were formed elsewhere, such as by people.
//!
//! Main function: [`run`]. What lines mean is read in `parse`; here they find their records.

mod parse;

use super::StoreArg;
use crate::exit::{Exit, Failure, print};
use crate::lang::{counted, told};
use crate::open_store::{to_write, trouble};
use acidtest_record::{
    About, AboutRole, Case, Digest, Item, Key, Maker, MakerKind, Role, Row, RunId, RunSpec, Status, Value,
    Verdict, is_our_own, note_of,
};
use acidtest_store::Store;
use parse::{Line, Said, short};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file, in bytes.
const MAX_FILE: u64 = 256 << 20;
/// Bad lines that are listed.
const LISTED: usize = 20;

/// Add opinions to a stored run
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Import(Import),
}

/// Read opinions of people from JSON Lines or CSV
///
/// Each line has a `value` (true/false, a number from 0 to 1, or a label) and says what it
/// is about: `case` (with `target`, `prompt`, `phase` or `repeat` where a case was asked more than
/// once), or `slot` (with `step` and `attempt`). Optional: `name`, `person` (a pseudonym), `note`,
/// `time` (ISO 8601, or seconds since 1970). Importing the same person's opinion again
/// supersedes it. With one bad line nothing is imported, unless --partial.
#[derive(clap::Args)]
struct Import {
    /// The file; - for standard input
    file: PathBuf,
    /// The run: its id, a unique prefix, or `latest`
    #[arg(long, value_name = "RUN")]
    run: String,
    /// What is judged, where lines have no `name`; the score's name in reports
    #[arg(long, value_name = "NAME", default_value = "helpful")]
    name: String,
    /// Column with the person's pseudonym
    #[arg(long, value_name = "COLUMN", default_value = "person")]
    person_column: String,
    /// Scale of numbers, such as 1..5; they are stored as 0..1
    #[arg(long, value_name = "LOW..HIGH", value_parser = scale)]
    scale: Option<(f64, f64)>,
    /// Import the good lines even if others are bad
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    store: StoreArg,
}

fn scale(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    ends.filter(|(a, b): &(f64, f64)| a < b && a.is_finite() && b.is_finite())
        .ok_or_else(|| "expected two numbers such as 1..5".to_owned())
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let What::Import(args) = args.what;
    let text = read(&args.file)?;
    let mut store = to_write(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    let (lines, mut wrong) = parse::parse(&text).map_err(|why| {
        Failure::usage(format!("'{}': {why}", args.file.display()))
            .hint("JSON Lines, or CSV with a head line: see `acidtest verdicts import --help`")
    })?;
    let book = Book::read(&store, run)?;
    let now = jiff::Timestamp::now().as_nanosecond() as i64;
    let mut verdicts = Vec::new();
    for line in &lines {
        match book.find(line).and_then(|key| verdict(line, key, &args, now)) {
            Ok(verdict) => verdicts.push(Item::Verdict(verdict)),
            Err(why) => wrong.push((line.no, why)),
        }
    }
    wrong.sort();
    if !wrong.is_empty() && (!args.partial || verdicts.is_empty()) {
        return Err(refused(&args.file, &wrong, verdicts.len()));
    }
    let claim = store.claim(run).map_err(trouble)?;
    store.append(run, &verdicts).map_err(trouble)?;
    drop(claim);
    for (line, why) in wrong.iter().take(LISTED) {
        eprintln!("{}", told(&format!("line {line} left out: {why}")));
    }
    let left =
        if wrong.is_empty() { String::new() } else { format!("; {} left out", counted(wrong.len(), "line")) };
    print(&told(&format!("imported {} into {run}{left}\n", counted(verdicts.len(), "verdict"))))?;
    Ok(Exit::Ok)
}

fn read(path: &Path) -> Result<String, Failure> {
    let fail = |e: std::io::Error| {
        Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{}'", path.display())))
    };
    let mut bytes = Vec::new();
    let input: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(path).map_err(fail)?),
    };
    input.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Failure::usage(format!("'{}' is larger than 256 MiB", path.display()))
            .hint("split it into several files"));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let line = 1 + e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count();
        Failure::usage(format!("'{}': line {line} is not UTF-8", path.display()))
            .hint("is it the right file? Convert it to UTF-8 if it is")
    })
}

fn refused(file: &Path, wrong: &[(usize, String)], good: usize) -> Failure {
    let mut text =
        format!("'{}': {}, nothing was imported", file.display(), counted(wrong.len(), "bad line"));
    for (line, why) in wrong.iter().take(LISTED) {
        text.push_str(&format!("\n  line {line}: {why}"));
    }
    if wrong.len() > LISTED {
        text.push_str(&format!("\n  … and {} more", wrong.len() - LISTED));
    }
    Failure::usage(text).hint(format!("mend them, or import the other {good} with --partial"))
}

/// The answers of a run, by what people call them.
struct Book {
    spec: RunSpec,
    cases: HashMap<String, Digest>,
    /// The last attempt of each slot and step.
    last: BTreeMap<(u32, u16), Row>,
    by_case: HashMap<Digest, Vec<(u32, u16)>>,
    run: RunId,
}

impl Book {
    fn read(store: &Store, run: RunId) -> Result<Self, Failure> {
        let spec = store.spec(run).map_err(trouble)?;
        let cases: Vec<Case> = store.cases(run).map_err(trouble)?;
        let mut last: BTreeMap<(u32, u16), Row> = BTreeMap::new();
        store
            .rows(run, &mut |row| {
                let key = (row.key.slot, row.key.step);
                let newer = last.get(&key).is_none_or(|other| other.key.attempt < row.key.attempt);
                if row.role == Role::Subject && newer {
                    last.insert(key, row);
                }
            })
            .map_err(trouble)?;
        let mut by_case: HashMap<Digest, Vec<(u32, u16)>> = HashMap::new();
        for (key, row) in &last {
            if let Some(case) = row.case {
                by_case.entry(case).or_default().push(*key);
            }
        }
        let cases = cases.into_iter().map(|c| (c.id, c.hash)).collect();
        Ok(Self { spec, cases, last, by_case, run })
    }

    /// The record that a line is about.
    fn find(&self, line: &Line) -> Result<Key, String> {
        if let Some(slot) = line.number("slot")? {
            let step = u16::try_from(line.number("step")?.unwrap_or(0)).map_err(|_| "no such 'step'")?;
            let row = self.last.get(&(slot, step)).ok_or(format!("the run has no answer at slot {slot}"))?;
            return match line.number("attempt")? {
                Some(attempt) if attempt != u32::from(row.key.attempt) => {
                    Err(format!("attempt {attempt} of slot {slot} is not its last ({})", row.key.attempt))
                }
                _ => Ok(row.key),
            };
        }
        let id = line.text("case").ok_or("there is neither 'case' nor 'slot'")?;
        let hash = self.cases.get(&id).ok_or_else(|| format!("the run has no case '{}'", short(&id)))?;
        let repeat = line.number("repeat")?;
        let named = |key: &str, names: Vec<&str>| -> Result<Option<u16>, String> {
            let Some(name) = line.text(key) else { return Ok(None) };
            let at = names.iter().position(|n| *n == name);
            at.map(|i| Some(i as u16)).ok_or_else(|| format!("the run has no {key} '{}'", short(&name)))
        };
        let target = named("target", self.spec.targets.iter().map(|t| t.name.as_str()).collect())?;
        let prompt = named("prompt", self.spec.prompts.iter().map(|p| p.name.as_str()).collect())?;
        let phase = named("phase", self.spec.phases.iter().map(|p| p.name.as_str()).collect())?;
        let fits = |row: &&Row| {
            target.is_none_or(|t| row.target == t)
                && prompt.is_none_or(|p| row.prompt == p)
                && phase.is_none_or(|p| row.phase == p)
                && repeat.is_none_or(|r| u32::from(row.repeat) == r)
        };
        let asked = self.by_case.get(hash).map_or(&[][..], Vec::as_slice);
        let found: Vec<&Row> = asked.iter().filter_map(|k| self.last.get(k)).filter(fits).collect();
        match found.as_slice() {
            [one] => Ok(Key { run: self.run, ..one.key }),
            [] => Err(format!("case '{}' was not asked like that", short(&id))),
            more => Err(format!(
                "case '{}' has {} answers: say which by target, prompt, phase, repeat or slot",
                short(&id),
                more.len()
            )),
        }
    }
}

fn verdict(line: &Line, key: Key, args: &Import, now: i64) -> Result<Verdict, String> {
    let name = line.name("name")?.unwrap_or_else(|| args.name.clone());
    if is_our_own(&name) {
        return Err(format!("'{name}' is a name that acidtest gives itself"));
    }
    let value = match parse::value(line, args.scale)? {
        Said::Bool(b) => Value::Bool(b),
        Said::Number(x) => Value::Number(x),
        Said::Label(label) => Value::Label(label),
    };
    Ok(Verdict {
        name,
        maker: Maker {
            kind: MakerKind::Person,
            name: line.name(&args.person_column)?.unwrap_or_else(|| "unknown".to_owned()),
            version: String::new(),
            digest: None,
        },
        about: vec![About { role: AboutRole::Subject, key }],
        status: Status::Scored,
        value: Some(value),
        why: line.text("note").and_then(|n| note_of(&n)),
        evidence: None,
        at_unix_ns: time(line)?.unwrap_or(now),
    })
}

/// ISO 8601 with its zone, or seconds since 1970.
fn time(line: &Line) -> Result<Option<i64>, String> {
    let Some(text) = line.text("time") else { return Ok(None) };
    let wrong = || format!("'time' must be like 2026-03-05T10:00:00Z, not '{}'", short(&text));
    if let Ok(seconds) = text.parse::<f64>() {
        return if (0.0..9e9).contains(&seconds) { Ok(Some((seconds * 1e9) as i64)) } else { Err(wrong()) };
    }
    let at: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    i64::try_from(at.as_nanosecond()).map(Some).map_err(|_| wrong())
}
