//! A run as one HTML file: what it needs beyond the findings, read from the store.
//!
//! Main type: [`Drawn`]. Texts are read when the file is made, for the requests that it holds.

use crate::exit::Failure;
use crate::open_store::trouble;
use acidtest_findings::browse::{CaseIndex, CasePage, CaseQuery, RowTexts};
use acidtest_findings::{Curves, Findings, FrontierAxes, PlanInfo, View, curves, frontier};
use acidtest_readback::{CaseViews, row_texts};
use acidtest_record::{RunId, RunSpec};
use acidtest_report::{MOST_CASES, MOST_OF_CASE, RunPage};
use acidtest_store::{Store, StoreError};

/// What the page of a run draws beside its findings.
pub(crate) struct Drawn {
    curves: Curves,
    index: CaseIndex,
}

impl Drawn {
    /// What a view says of it.
    pub(crate) fn of(view: &View) -> Self {
        Self { curves: curves(view), index: CaseIndex::of(view) }
    }
}

/// The page of a run as one file.
pub(crate) fn html(findings: &Findings, drawn: &Drawn, store: &Store) -> Result<String, Failure> {
    let index = &drawn.index;
    let plan = plan_info(store, index.run(), findings).map_err(trouble)?;
    let cases = cases(index, store);
    // A run has no axis that was asked for and is not there.
    let own = frontier(&[findings], &FrontierAxes::default()).ok();
    let requests: Vec<(u32, u16)> = cases.rows.iter().map(|row| (row.slot, row.step)).collect();
    let views = CaseViews::new(store, index, &requests, MOST_OF_CASE).map_err(trouble)?;
    let page = RunPage::of(findings, &drawn.curves, &plan);
    let mut failed = None;
    let html = acidtest_report::html(page, cases, own, &mut |row| match views.view(row.slot, row.step) {
        Ok(view) => view,
        Err(why) => {
            failed.get_or_insert(why);
            None
        }
    });
    failed.map_or(Ok(html), |why| Err(trouble(why)))
}

fn plan_info(store: &Store, run: RunId, findings: &Findings) -> Result<PlanInfo, StoreError> {
    let spec: RunSpec = store.spec(run)?;
    let clocks = store.clocks(run)?;
    let mut facts = Vec::new();
    store.facts(run, &mut |fact| facts.push(fact))?;
    Ok(PlanInfo::of(&spec, &clocks, &facts, findings.run.replayed_from.as_deref()))
}

/// The rows of the file, failing ones first.
fn cases(index: &CaseIndex, store: &Store) -> CasePage {
    let mut shown = index.failing_first();
    shown.truncate(MOST_CASES);
    let none = CaseQuery { limit: 0, ..CaseQuery::default() };
    let whole = index.page(&none, None, None, &mut |_| RowTexts::default());
    CasePage { rows: index.rows(&shown, &mut |ask| row_texts(store, ask)), ..whole }
}
