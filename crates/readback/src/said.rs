//! What was said in and about the records that a report lists: texts and reasons.
//!
//! Main type: [`Said`]. Reads a record when it is asked for and keeps none.

use crate::browse::output;
use acidtest_findings::{Texts, View};
use acidtest_record::{Digest, Key, Outcome, RunId};
use acidtest_store::Store;
use std::collections::{BTreeMap, HashMap};

/// What was said of the requests that a report lists as failing; of no other.
pub struct Said(HashMap<Key, BTreeMap<String, (i64, Option<String>)>>);

impl Said {
    /// Reads it in one pass over the run's verdicts. A store that cannot be read any more has
    /// said so before: the report is whole without reasons.
    #[must_use]
    pub fn of(store: &Store, run: RunId, view: &View) -> Self {
        let mut said: HashMap<Key, BTreeMap<String, (i64, Option<String>)>> =
            acidtest_findings::listed(view).into_iter().map(|key| (key, BTreeMap::new())).collect();
        if said.is_empty() {
            return Self(said);
        }
        let _ = store.reasons(run, &mut |reason| {
            let Some(of_key) = said.get_mut(&reason.key) else { return };
            // The latest opinion of a name counts, with or without words.
            if of_key.get(reason.name).is_none_or(|(before, _)| *before <= reason.at_unix_ns) {
                let why = reason.why.map(str::to_owned);
                of_key.insert(reason.name.to_owned(), (reason.at_unix_ns, why));
            }
        });
        Self(said)
    }

    /// The texts of one record with what was said of it.
    #[must_use]
    pub fn texts(&self, store: &Store, key: Key) -> Texts {
        let of_key = self.0.get(&key).into_iter().flatten();
        let reasons = of_key.filter_map(|(name, (_, why))| Some((name.clone(), why.clone()?))).collect();
        Texts { reasons, ..texts(store, key) }
    }
}

/// The texts of one record, for the list of failures.
#[must_use]
pub fn texts(store: &Store, key: Key) -> Texts {
    let Ok(Some(record)) = store.record(key) else { return Texts::default() };
    let request = record.request.body.and_then(|hash: Digest| store.blob(hash).ok().flatten());
    Texts {
        output: Some(output(&record.answer)),
        request: request.map(|body| String::from_utf8_lossy(&body).into_owned()),
        detail: match record.outcome {
            Outcome::Failed { detail, .. } => Some(detail),
            _ => None,
        },
        ..Texts::default()
    }
}
