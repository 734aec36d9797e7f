//! What was computed and may be asked for again, within a bound.
//!
//! Main types: [`Kept`], [`Weighed`]. What was used longest ago goes first. Each value stands under
//! a name with the marks of the runs that it was made of; must not decide whether it is too old.

use acidtest_record::RunId;
use acidtest_store::RunMark;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What all that is kept may weigh.
const MOST_BYTES: usize = 24 << 20;
/// What a value weighs beside itself: its name, its marks, its place in the table.
const BESIDE: usize = 512;

/// A value that says how much memory it holds, about.
pub(crate) trait Weighed: Send + Sync + 'static {
    /// Bytes, those it points at included.
    fn weight(&self) -> usize;
}

/// A value with what it was made of and what it cost.
pub(crate) struct Held<T: ?Sized> {
    pub(crate) value: Arc<T>,
    /// How far its runs had come.
    pub(crate) marks: Vec<RunMark>,
    /// When it was ready.
    pub(crate) made: Instant,
    /// How long it took.
    pub(crate) cost: Duration,
}

struct Entry {
    held: Held<dyn Any + Send + Sync>,
    weight: usize,
    used: u64,
}

/// The table.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Table>);

#[derive(Default)]
struct Table {
    entries: HashMap<String, Entry>,
    bytes: usize,
    uses: u64,
}

impl Kept {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change of the table is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands under a name, if it is of that type.
    pub(crate) fn get<T: Weighed>(&self, name: &str) -> Option<Held<T>> {
        let mut table = self.table();
        table.uses += 1;
        let uses = table.uses;
        let entry = table.entries.get_mut(name)?;
        entry.used = uses;
        let held = &entry.held;
        let value = held.value.clone().downcast::<T>().ok()?;
        Some(Held { value, marks: held.marks.clone(), made: held.made, cost: held.cost })
    }

    /// Puts a value in the place of the one before. One that is too heavy by itself is not kept.
    pub(crate) fn put<T: Weighed>(&self, name: String, held: Held<T>) {
        let weight = held.value.weight() + BESIDE;
        let mut table = self.table();
        table.remove(&name);
        if weight > MOST_BYTES {
            return;
        }
        while table.bytes + weight > MOST_BYTES {
            let oldest = table.entries.iter().min_by_key(|(_, e)| e.used).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            table.remove(&oldest);
        }
        table.uses += 1;
        table.bytes += weight;
        let used = table.uses;
        let held = Held { value: held.value as _, marks: held.marks, made: held.made, cost: held.cost };
        table.entries.insert(name, Entry { held, weight, used });
    }

    /// Forgets whatever was made of a run.
    pub(crate) fn forget(&self, run: RunId) {
        let mut table = self.table();
        let of_run = |e: &Entry| e.held.marks.iter().any(|m| m.summary.id == run);
        let names: Vec<String> =
            table.entries.iter().filter(|(_, e)| of_run(e)).map(|(name, _)| name.clone()).collect();
        for name in names {
            table.remove(&name);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.table() = Table::default();
    }
}

impl Table {
    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.bytes -= entry.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weighed for Vec<u8> {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    fn put(kept: &Kept, name: &str, bytes: usize) {
        let held = Held {
            value: Arc::new(vec![0u8; bytes]),
            marks: Vec::new(),
            made: Instant::now(),
            cost: Duration::ZERO,
        };
        kept.put(name.to_owned(), held);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let kept = Kept::default();
        for name in ["a", "b", "c"] {
            put(&kept, name, 7 << 20);
        }
        assert!(kept.get::<Vec<u8>>("a").is_some());
        put(&kept, "d", 7 << 20);
        let there = |name| kept.get::<Vec<u8>>(name).is_some();
        assert_eq!(["a", "b", "c", "d"].map(there), [true, false, true, true]);
        assert!(kept.table().bytes <= MOST_BYTES);
    }

    #[test]
    fn the_bound_holds_and_is_given_back() {
        let kept = Kept::default();
        put(&kept, "a", 25 << 20);
        assert!(kept.get::<Vec<u8>>("a").is_none(), "too heavy by itself");
        for _ in 0..100 {
            put(&kept, "b", 1 << 20);
        }
        assert_eq!(kept.table().bytes, (1 << 20) + BESIDE);
        kept.clear();
        assert_eq!(kept.table().bytes, 0);
    }
}
