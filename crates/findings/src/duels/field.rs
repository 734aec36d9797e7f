//! Who answered which case: the answers that can be set against each other.
//!
//! Main type: [`Field`]. A contestant is a target, with its model where the same name stands for
//! several, and with its prompt where a run has several.

use crate::browse::CaseIndex;
use acidtest_record::{Digest, Key, RunId, RunSpec};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A run that takes part.
#[derive(Clone, Copy)]
pub struct OfRun<'a> {
    /// Its requests.
    pub index: &'a CaseIndex,
    /// Its plan.
    pub spec: &'a RunSpec,
}

/// One side of duels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contestant {
    /// The name in rankings.
    pub name: String,
    /// The target.
    pub target: String,
    /// The model that was asked for.
    pub model: String,
}

/// A delivered answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The last attempt of its request.
    pub key: Key,
    /// Whose it is, by its number in the field.
    pub contestant: u32,
    /// The case, by its number in the field.
    pub case: u32,
    /// Which of the runs, and which request of it.
    pub(crate) at: (u32, u32),
}

/// The answers of runs that can be set against each other.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The contestants, by their names.
    pub contestants: Vec<Contestant>,
    entries: Vec<Entry>,
    by_request: HashMap<(RunId, u32, u16), u32>,
    cases: Vec<Digest>,
    by_case: Vec<Vec<u32>>,
}

/// Target, model and prompt before they have a name.
type Origin = (String, Option<String>, String);

impl Field {
    /// The delivered answers of runs to cases.
    #[must_use]
    pub fn of(runs: &[OfRun<'_>]) -> Self {
        let origins = origins(runs);
        let names = names(&origins);
        let mut field = Self { contestants: names.1, ..Self::default() };
        let mut numbers: HashMap<Digest, u32> = HashMap::new();
        for (r, run) in runs.iter().enumerate() {
            for at in (0..run.index.len()).filter(|at| run.index.is_delivered(*at)) {
                let Some(case) = run.index.case(at) else { continue };
                let case = *numbers.entry(case).or_insert_with(|| {
                    field.cases.push(case);
                    field.by_case.push(Vec::new());
                    field.cases.len() as u32 - 1
                });
                let key = run.index.key(at);
                let contestant = names.0[&origin(run, at)];
                let no = field.entries.len() as u32;
                field.by_request.insert((key.run, key.slot, key.step), no);
                field.by_case[case as usize].push(no);
                field.entries.push(Entry { key, contestant, case, at: (r as u32, at as u32) });
            }
        }
        field
    }

    /// Every answer.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The answer of a record, where it is that of a request's last attempt.
    #[must_use]
    pub fn entry(&self, key: Key) -> Option<&Entry> {
        let no = self.by_request.get(&(key.run, key.slot, key.step))?;
        Some(&self.entries[*no as usize]).filter(|e| e.key == key)
    }

    /// How many cases somebody answered.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.cases.len()
    }

    /// The answers to a case.
    pub(super) fn answers(&self, case: usize) -> impl Iterator<Item = &Entry> {
        self.by_case[case].iter().map(|no| &self.entries[*no as usize])
    }

    /// The digest of a case.
    pub(super) fn digest(&self, case: usize) -> Digest {
        self.cases[case]
    }
}

fn origin(run: &OfRun<'_>, at: usize) -> Origin {
    let labels = &run.index.place(at).labels;
    let target = labels.get("target").cloned().unwrap_or_default();
    let model = run.spec.targets.iter().find(|t| t.name == target).map(|t| t.model.clone());
    (target, labels.get("prompt").cloned(), model.unwrap_or_default())
}

fn origins(runs: &[OfRun<'_>]) -> BTreeSet<Origin> {
    let all = runs.iter().flat_map(|run| (0..run.index.len()).map(move |at| (run, at)));
    all.filter(|(run, at)| run.index.is_delivered(*at) && run.index.case(*at).is_some())
        .map(|(run, at)| origin(run, at))
        .collect()
}

/// A number for each origin, and the contestants by number: a target whose name stands for several
/// models is named with its model.
fn names(origins: &BTreeSet<Origin>) -> (BTreeMap<Origin, u32>, Vec<Contestant>) {
    let mut models: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (target, _, model) in origins {
        models.entry(target).or_default().insert(model);
    }
    let contestant = |(target, prompt, model): &Origin| {
        let mut name = target.clone();
        if models[target.as_str()].len() > 1 {
            name = format!("{name} ({model})");
        }
        if let Some(prompt) = prompt {
            name = format!("{name} · {prompt}");
        }
        Contestant { name, target: target.clone(), model: model.clone() }
    };
    let numbers = origins.iter().cloned().zip(0..).collect();
    (numbers, origins.iter().map(contestant).collect())
}
