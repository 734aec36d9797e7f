//! The file of the store, opened again when it was replaced or appears.
//!
//! Main type: [`Stores`]. One reader lies ready for short questions; who reads long opens their own
//! and drops it, so that no page cache outlives its use. Must not be asked on the async threads.

use crate::refusal::Refusal;
use acidtest_store::{Store, StoreError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How to come by the store.
pub(crate) struct Stores {
    path: PathBuf,
    /// A store that is waited for, not missed, until it was there once.
    awaited: AtomicBool,
    idle: Mutex<Option<Store>>,
    /// Set when another file was found under the name: what was computed is of the old one.
    replaced: AtomicBool,
}

impl Stores {
    /// The store at a path; an awaited one need not be there yet.
    pub(crate) fn new(path: PathBuf, is_awaited: bool) -> Self {
        Self { path, awaited: is_awaited.into(), idle: Mutex::new(None), replaced: false.into() }
    }

    /// A reader of one's own.
    pub(crate) fn open(&self) -> Result<Store, StoreError> {
        let store = Store::open_read_only(&self.path)?;
        self.awaited.store(false, Ordering::Relaxed);
        Ok(store)
    }

    /// A short question.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Store) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let store = self.take()?;
        let answer = ask(&store);
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(store);
        answer
    }

    fn take(&self) -> Result<Store, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        match idle {
            Some(store) if store.still_there().is_ok() => Ok(store),
            Some(_) => {
                self.replaced.store(true, Ordering::Relaxed);
                self.open()
            }
            None => self.open(),
        }
    }

    /// A change: of a store that is there, by its own connection.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Store) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        change(&mut Store::open(&self.path)?)
    }

    /// Notes that the file is another one now.
    pub(crate) fn note_replaced(&self) {
        self.replaced.store(true, Ordering::Relaxed);
    }

    /// Whether the file was replaced since this was asked last.
    pub(crate) fn was_replaced(&self) -> bool {
        self.replaced.swap(false, Ordering::Relaxed)
    }

    /// Whether the store was never there: its first run is yet to come.
    pub(crate) fn is_yet_to_come(&self) -> bool {
        self.awaited.load(Ordering::Relaxed) && !self.path.exists()
    }
}
