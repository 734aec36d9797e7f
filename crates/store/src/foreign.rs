//! Storing a run that another tool made.
//!
//! Main type: [`Foreign`]. Either the whole run is stored or nothing; it counts as
//! imported from then on and is never sent again. Must not know foreign forms.

use crate::append::{Appended, RunHead, insert_clock, set_state};
use crate::error::Result;
use crate::open::Store;
use acidtest_record::{Case, ClockRow, Item, RunId, RunSpec, RunState};

/// A whole run, to be stored at once.
#[derive(Debug)]
pub struct Foreign<'a> {
    /// Its id.
    pub id: RunId,
    /// Its plan, as far as it is known.
    pub spec: &'a RunSpec,
    /// Its cases, in order.
    pub cases: &'a [Case],
    /// The clock that its times are on.
    pub clock: &'a ClockRow,
    /// Records and what lies beside them.
    pub items: &'a [Item],
    /// When it began.
    pub created_unix_ns: i64,
    /// When it ended.
    pub ended_unix_ns: i64,
}

impl Store {
    /// Stores a run that another tool made.
    ///
    /// # Errors
    /// The run is in the store already, an item is too large, or the store cannot
    /// be written. Nothing is stored then.
    pub fn import_foreign(&mut self, run: &Foreign<'_>) -> Result<Appended> {
        self.write("import a run", |conn| {
            let head = RunHead {
                id: run.id,
                name: &run.spec.name,
                created_unix_ns: run.created_unix_ns,
                imported: true,
            };
            let no = self.insert_run(conn, &head, run.spec)?;
            insert_clock(conn, no, run.clock)?;
            let mut at = self.inserter(conn, run.id, no);
            for (pos, case) in run.cases.iter().enumerate() {
                at.case(pos as u64, case)?;
            }
            for item in run.items {
                at.item(item)?;
            }
            let stored = at.finish()?;
            set_state(conn, no, RunState::Done, Some(run.ended_unix_ns))?;
            Ok(stored)
        })
    }
}
