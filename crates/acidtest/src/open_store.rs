//! Finding and opening the store, with words for what goes wrong.

use crate::commands::StoreArg;
use crate::exit::{Exit, Failure};
use acidtest_readback::ReadBackError;
use acidtest_store::{Store, StoreError, default_path, find_store};
use std::path::PathBuf;

/// Store trouble as the user reads it. A run that is not there is a usage error.
pub(crate) fn trouble(e: StoreError) -> Failure {
    let exit = match e {
        StoreError::NotFound { .. }
        | StoreError::RunUnknown { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::NotAStore { .. }
        | StoreError::RunExists { .. }
        | StoreError::RunBusy { .. }
        | StoreError::Import { .. } => Exit::Usage,
        _ => Exit::Internal,
    };
    let hint = e.hint().unwrap_or_default();
    Failure::new(exit, e).hint(hint)
}

/// A run that cannot be read back.
pub(crate) fn unread(e: ReadBackError) -> Failure {
    match e {
        ReadBackError::Store(e) => trouble(e),
        ReadBackError::Extraction(e) => Failure::new(Exit::Usage, e),
    }
}

/// Where the store is, or would be.
pub(crate) fn path(arg: &StoreArg) -> Result<PathBuf, Failure> {
    if let Some(path) = &arg.store {
        return Ok(path.clone());
    }
    let here = std::env::current_dir().map_err(|e| {
        Failure::new(Exit::Usage, anyhow::Error::new(e).context("cannot find the working directory"))
    })?;
    Ok(find_store(&here).unwrap_or_else(|| default_path(&here)))
}

/// The store to write to; made when there is none.
pub(crate) fn to_write(arg: &StoreArg) -> Result<Store, Failure> {
    Store::create_or_open(&path(arg)?).map_err(trouble)
}

/// The store to read from; never made or changed.
pub(crate) fn to_read(arg: &StoreArg) -> Result<Store, Failure> {
    Store::open_read_only(&path(arg)?).map_err(trouble)
}

/// Whether there is a store at all.
pub(crate) fn exists(arg: &StoreArg) -> Result<bool, Failure> {
    Ok(path(arg)?.exists())
}
