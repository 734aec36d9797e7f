//! A stored run judged again: new verdicts beside the old ones, records untouched.
//!
//! Main function: [`rescore`]. Must not call anything: answers are the stored ones.

use crate::exit::{Exit, Failure};
use crate::open_store::trouble;
use acidtest_engine::score::Judge;
use acidtest_record::{
    About, AboutRole, Case, Digest, Item, Key, Maker, MakerKind, OutcomeClass, Record, Role, RunId, RunSpec,
    Status, Verdict,
};
use acidtest_store::Store;
use std::collections::{BTreeSet, HashMap};

/// Verdicts of one commit.
const GROUP: usize = 4096;

/// How a record's case is found in the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    /// Same variables, expected answers and refusal
    Digest,
    /// Same id: the suite's expected answers take the place of the run's
    Id,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Answers judged.
    pub judged: u64,
    /// Verdicts added.
    pub verdicts: u64,
    /// Answers whose case the suite does not have.
    pub unknown: u64,
    /// Cases paired by id whose digest differs.
    pub changed: u64,
}

/// Judges every delivered subject of a run by a suite's scorers.
pub(crate) fn rescore(
    store: &mut Store,
    run: RunId,
    suite: (&RunSpec, &[Case]),
    by: By,
    now_unix_ns: i64,
) -> Result<Done, Failure> {
    let (spec, cases) = suite;
    let judge = Judge::new(spec, cases).map_err(|e| Failure::new(Exit::Usage, e))?;
    let pairs = pairs(store, run, cases, by)?;
    let (given, latest) = given(store, run)?;
    // A clock that was set back must not bury what is said now.
    let at = now_unix_ns.max(latest.saturating_add(1));
    let mut done =
        Done { changed: pairs.values().filter(|(_, changed)| *changed).count() as u64, ..Done::default() };
    let mut items = Vec::new();
    let mut look = |record: Record| {
        let class = OutcomeClass::of_record(&record);
        if record.role != Role::Subject || !class.delivered() {
            return;
        }
        let Some((case, _)) = record.case.and_then(|hash| pairs.get(&hash)) else {
            done.unknown += u64::from(record.case.is_some());
            return;
        };
        done.judged += 1;
        let new = judge.record(&record, case, at);
        let old = given.get(&record.key).into_iter().flatten();
        let names: BTreeSet<&str> = new.iter().map(|v| v.name.as_str()).collect();
        let gone = old.filter(|name| !names.contains(name.as_str()));
        let taken_back: Vec<Verdict> = gone.map(|name| withdrawn(record.key, name, at)).collect();
        done.verdicts += new.len() as u64;
        items.extend(new.into_iter().chain(taken_back).map(Item::Verdict));
    };
    store.records(run, &mut look).map_err(trouble)?;
    for group in items.chunks(GROUP) {
        store.append(run, group).map_err(trouble)?;
    }
    Ok(done)
}

/// The suite's case for each case of the run, and whether it differs.
fn pairs<'c>(
    store: &Store,
    run: RunId,
    cases: &'c [Case],
    by: By,
) -> Result<HashMap<Digest, (&'c Case, bool)>, Failure> {
    if by == By::Digest {
        return Ok(cases.iter().map(|c| (c.hash, (c, false))).collect());
    }
    let of_id: HashMap<&str, &Case> = cases.iter().map(|c| (c.id.as_str(), c)).collect();
    let stored = store.cases(run).map_err(trouble)?;
    let pair = |old: &Case| {
        let new = *of_id.get(old.id.as_str())?;
        // Another question under the same id is another case.
        (new.vars == old.vars).then_some((old.hash, (new, new.hash != old.hash)))
    };
    Ok(stored.iter().filter_map(pair).collect())
}

/// Names that scorers gave of each record, and when the latest opinion was given.
fn given(store: &Store, run: RunId) -> Result<(HashMap<Key, BTreeSet<String>>, i64), Failure> {
    let mut names: HashMap<Key, BTreeSet<String>> = HashMap::new();
    let mut latest = 0;
    let mut look = |v: Verdict| {
        latest = latest.max(v.at_unix_ns);
        if let ([about], MakerKind::Scorer) = (v.about.as_slice(), v.maker.kind) {
            names.entry(about.key).or_default().insert(v.name);
        }
    };
    store.verdicts(run, &mut look).map_err(trouble)?;
    Ok((names, latest))
}

/// A scorer that the suite no longer has says nothing any more.
fn withdrawn(key: Key, name: &str, at_unix_ns: i64) -> Verdict {
    Verdict {
        name: name.to_owned(),
        maker: Maker {
            kind: MakerKind::Scorer,
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: None,
        },
        about: vec![About { role: AboutRole::Subject, key }],
        status: Status::Withdrawn,
        value: None,
        why: Some("scored again by a suite without it".to_owned()),
        evidence: None,
        at_unix_ns,
    }
}
