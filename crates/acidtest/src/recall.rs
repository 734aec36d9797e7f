//! Answers of stored runs, found by what was asked: for replays and for the response cache.
//!
//! Main type: [`Shelf`]. What may be answered is read once, before anything is sent;
//! whole records are read when they are needed.

use crate::exit::Failure;
use crate::open_store::trouble;
use acidtest_engine::{Recall, Recalled, Wanted};
use acidtest_record::{Blob, Digest, Key, Outcome, Part, Record, Role, RunId, RunSpec, Source, TargetSpec};
use acidtest_store::Store;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Records by what was asked of whom.
pub(crate) struct Shelf {
    /// Names of this run's targets, for replays, or who they are, for the cache.
    targets: Vec<Digest>,
    /// Names of this run's phases.
    phases: Vec<String>,
    by_ask: HashMap<Digest, Vec<Found>>,
    /// Attempts of a request, last number.
    attempts: HashMap<(RunId, u32, u16), u8>,
    store: Mutex<Store>,
}

/// A record that answers a request.
#[derive(Clone)]
struct Found {
    key: Key,
    role: Role,
    phase: String,
}

impl Shelf {
    /// Every request of a run, under its target's name.
    pub(crate) fn of_run(store: Store, run: RunId, plan: &RunSpec) -> Result<Self, Failure> {
        let spec = store.spec(run).map_err(trouble)?;
        let named = |t: &TargetSpec| Digest::of(t.name.as_bytes());
        let theirs: Vec<Digest> = spec.targets.iter().map(named).collect();
        let mut seen = Vec::new();
        store.records(run, &mut |r| seen.push(summary(&r))).map_err(trouble)?;
        let mut shelf = Self::empty(store, plan, named);
        for s in seen {
            let last = shelf.attempts.entry((run, s.key.slot, s.key.step)).or_default();
            *last = (*last).max(s.key.attempt);
            let (Some(target), Some(body)) = (theirs.get(usize::from(s.target)), s.body) else { continue };
            if s.key.attempt > 0 {
                continue;
            }
            let phase = spec.phases.get(usize::from(s.phase)).map_or(String::new(), |p| p.name.clone());
            let ask = ask(*target, &s.path, body, s.repeat, s.key.step);
            shelf.by_ask.entry(ask).or_default().push(Found { key: s.key, role: s.role, phase });
        }
        Ok(shelf)
    }

    /// Completed answers of all runs of a store but one, of targets that the plan asks too.
    /// Imported runs and fresh prompts are left out; the newest answer counts.
    pub(crate) fn of_cache(path: &Path, but: RunId, plan: &RunSpec) -> Result<Self, Failure> {
        let store = Store::open_read_only(path).map_err(trouble)?;
        let asked: Vec<Digest> = plan.targets.iter().map(identity).collect();
        let mut by_ask = HashMap::new();
        for run in store.runs().map_err(trouble)? {
            let Ok(spec) = store.spec(run.id) else { continue };
            let theirs: Vec<Digest> = spec.targets.iter().map(identity).collect();
            let known = theirs.iter().any(|t| asked.contains(t));
            if run.id == but || spec.fresh || !known || store.is_imported(run.id).map_err(trouble)? {
                continue;
            }
            let mut seen = Vec::new();
            let mut look = |r: Record| {
                let is_whole = matches!(r.outcome, Outcome::Completed { .. }) && r.role == Role::Subject;
                if is_whole {
                    seen.push(summary(&r));
                }
            };
            store.records(run.id, &mut look).map_err(trouble)?;
            for s in seen {
                let (Some(target), Some(body)) = (theirs.get(usize::from(s.target)), s.body) else {
                    continue;
                };
                let ask = ask(*target, &s.path, body, s.repeat, s.key.step);
                if let Entry::Vacant(free) = by_ask.entry(ask) {
                    free.insert(vec![Found { key: s.key, role: s.role, phase: String::new() }]);
                }
            }
        }
        Ok(Self { by_ask, ..Self::empty(store, plan, identity) })
    }

    fn empty(store: Store, plan: &RunSpec, of: fn(&TargetSpec) -> Digest) -> Self {
        Self {
            targets: plan.targets.iter().map(of).collect(),
            phases: plan.phases.iter().map(|p| p.name.clone()).collect(),
            by_ask: HashMap::new(),
            attempts: HashMap::new(),
            store: Mutex::new(store),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record that answers: of the same role, and of the phase of that name if there is one.
    fn find(&self, wanted: &Wanted<'_>) -> Option<Key> {
        let target = self.targets.get(usize::from(wanted.target))?;
        let ask = ask(*target, wanted.path, wanted.body, wanted.repeat, wanted.step);
        let fits: Vec<&Found> = self.by_ask.get(&ask)?.iter().filter(|f| f.role == wanted.role).collect();
        let phase = self.phases.get(usize::from(wanted.phase));
        let same = fits.iter().find(|f| Some(&f.phase) == phase);
        same.or(fits.first()).map(|f| f.key)
    }

    /// The request's records, first to last, with what their answers point at.
    fn load(&self, key: Key) -> Option<Recalled> {
        let store = self.lock();
        let last = self.attempts.get(&(key.run, key.slot, key.step)).copied().unwrap_or(key.attempt);
        let mut found = Recalled::default();
        for attempt in key.attempt..=last {
            let Ok(Some(record)) = store.record(Key { attempt, ..key }) else { continue };
            for hash in blobs(&record) {
                let body = store.blob(hash).ok().flatten()?;
                found.blobs.push(Blob { hash, body });
            }
            found.attempts.push(record);
        }
        Some(found)
    }

    /// The shelf as the engine asks it.
    pub(crate) fn recall(self) -> Recall {
        let shelf = Arc::new(self);
        let finder = shelf.clone();
        Recall { find: Arc::new(move |w| finder.find(w)), load: Arc::new(move |key| shelf.load(key)) }
    }
}

/// What is kept of a record while the shelf is filled.
struct Summary {
    key: Key,
    role: Role,
    target: u16,
    phase: u16,
    repeat: u16,
    path: String,
    body: Option<Digest>,
}

fn summary(r: &Record) -> Summary {
    Summary {
        key: r.key,
        role: r.role,
        target: r.target,
        phase: r.phase,
        repeat: r.repeat,
        path: r.request.path.clone(),
        body: r.request.body,
    }
}

/// The digests that an answer points at.
fn blobs(r: &Record) -> Vec<Digest> {
    let parts = r.answer.parts.iter().filter_map(|p| match p {
        Part::Blob { hash, .. } => Some(*hash),
        _ => None,
    });
    r.answer.raw.into_iter().chain(parts).collect()
}

/// What was asked of whom; repeats stay apart.
fn ask(target: Digest, path: &str, body: Digest, repeat: u16, step: u16) -> Digest {
    Digest::of_parts(&[&target.0, path.as_bytes(), &body.0, &repeat.to_le_bytes(), &step.to_le_bytes()])
}

/// Who a target is, secrets aside: protocol, address and model. Its name does not count.
fn identity(t: &TargetSpec) -> Digest {
    let kind = serde_json::to_vec(&t.kind).unwrap_or_default();
    let source = match &t.source {
        Source::Url(url) => url.trim_end_matches('/').as_bytes().to_vec(),
        Source::Sim { name, config } => format!("{name} {config}").into_bytes(),
    };
    Digest::of_parts(&[&kind, &source, t.model.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_and_which_repeat_are_part_of_the_question() {
        let target = |url: &str, model: &str| TargetSpec {
            source: Source::Url(url.into()),
            model: model.into(),
            key_env: Some("KEY".into()),
            ..TargetSpec::default()
        };
        let one = identity(&target("http://h/v1", "m"));
        assert_eq!(
            one,
            identity(&TargetSpec { key_env: None, name: "x".into(), ..target("http://h/v1/", "m") })
        );
        assert_ne!(one, identity(&target("http://h/v1", "m2")));
        assert_ne!(one, identity(&target("http://i/v1", "m")));
        let body = Digest::of(b"b");
        assert_ne!(ask(one, "/v1", body, 0, 0), ask(one, "/v1", body, 1, 0));
        assert_ne!(ask(one, "/v1", body, 0, 0), ask(one, "/v1", body, 0, 1));
    }
}
