//! Seen-like against held-out cases: how much of a score is lost on what is new.
//!
//! Main function: [`measure`]. Repeats are averaged within the case; the interval is
//! `acidtest_metrics`'.

use crate::estimate::{Estimate, N};
use crate::measure::{Sheet, case_of, distinct, unit_name, unit_of};
use crate::metric::Judged;
use crate::view::Asked;
use acidtest_metrics::stats::{Split, Unit, generalization_gap};
use acidtest_record::Stat;
use std::collections::BTreeMap;

const LEVEL: f64 = 0.95;
/// The split that is held out where no parameter names one.
pub(crate) const HELD_OUT: &str = "held_out";

/// The gap in a slice; a case of the named split is held out, one of any other split or of none
/// is like what the system was made with.
pub(crate) fn measure(sheet: &Sheet, stat: Stat, row: fn(&Asked, &str) -> Judged) -> Estimate {
    let held_out = if sheet.wanted.param.is_empty() { HELD_OUT } else { sheet.wanted.param.as_str() };
    // Of each case: its unit, whether it is held out, the sum of its repeats and their number.
    let mut cases: BTreeMap<(bool, usize), (String, bool, f64, u32)> = BTreeMap::new();
    let mut n = N::default();
    for a in sheet.slice.asked() {
        let (Some(case), Judged::Value(value)) = (a.case(), row(&a, "")) else { continue };
        let is_held = case.split.as_deref() == Some(held_out);
        let entry = cases.entry(case_of(&a)).or_insert_with(|| (unit_of(&a).1, is_held, 0.0, 0));
        entry.2 += value;
        entry.3 += 1;
        n.requests += 1;
        n.records += a.attempts().len() as u64;
    }
    let none = Split { seen: Unit { cases: 0, sum: 0.0 }, held: Unit { cases: 0, sum: 0.0 } };
    let mut units: BTreeMap<&str, Split> = BTreeMap::new();
    for (unit, is_held, sum, repeats) in cases.values() {
        let split = units.entry(unit).or_insert(none);
        let side = if *is_held { &mut split.held } else { &mut split.seen };
        side.cases += 1;
        side.sum += sum / f64::from(*repeats);
    }
    n.cases = distinct(cases.keys());
    n.clusters = units.len() as u64;
    let splits: Vec<Split> = units.into_values().collect();
    match generalization_gap(&splits, LEVEL) {
        Ok(found) => sheet.clustered(stat, &found, n, unit_name(sheet.slice)),
        Err(why) => sheet.absent(stat, &why.to_string(), n),
    }
}
