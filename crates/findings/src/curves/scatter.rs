//! Latency over time: each failed attempt while they are not too many, and some of the others.
//!
//! Main function: [`all`]. What is left out is left out evenly in send order, never by chance.

use super::Scatter;
use super::axis::Axis;
use crate::cells::{Cells, seconds};
use crate::failures::excerpt;
use crate::measure::in_send_order;
use crate::view::{Asked, Slice};
use acidtest_record::OutcomeClass;

/// Most failed attempts of a place, and most of its others.
const MOST: usize = 2000;
/// The same of all places together.
const MOST_IN_ALL: usize = 24_000;
/// Most characters of a case's id.
const LONGEST_ID: usize = 200;

/// The points of each place.
pub(super) fn all(axis: &Axis, slices: &[Slice]) -> Vec<Scatter> {
    let most = MOST.min(MOST_IN_ALL / slices.len().max(1));
    slices.iter().map(|slice| of_slice(axis, slice, most)).filter(|s| s.n > 0).collect()
}

fn of_slice(axis: &Axis, slice: &Slice, most: usize) -> Scatter {
    let known = in_send_order(slice).filter(|(a, row)| !a.view.is_cached(a.view.row(*row)));
    let (failed, others): (Vec<_>, Vec<_>) = known.partition(|(a, row)| is_failed(a.view.row(*row)));
    let mut scatter = Scatter {
        labels: slice.labels.clone(),
        n: (failed.len() + others.len()) as u64,
        failed: failed.len() as u64,
        at_s: Vec::new(),
        ttft_s: Vec::new(),
        e2e_s: Vec::new(),
        slot: Vec::new(),
        step: Vec::new(),
        class: Vec::new(),
        classes: Vec::new(),
        case: Vec::new(),
    };
    for (a, row) in spread(&failed, most).chain(spread(&others, most)) {
        scatter.add(axis, a, *row);
    }
    scatter
}

/// At most so many, evenly over their order, the first and the last among them.
fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let shown = all.len().min(most);
    let last = all.len().saturating_sub(1);
    (0..shown).map(move |k| &all[if shown > 1 { k * last / (shown - 1) } else { 0 }])
}

impl Scatter {
    fn add(&mut self, axis: &Axis, a: &Asked, row: usize) {
        let c = a.view.row(row);
        let began = c.started().or(c.sent());
        self.at_s.push(axis.seconds(c.clock, began.unwrap_or(c.intended())));
        self.ttft_s.push(seconds(c.sent(), c.first()));
        self.e2e_s.push(took(c, began));
        self.slot.push(c.slot);
        self.step.push(c.step);
        let class = class(c);
        let no = self.classes.iter().position(|known| *known == class).unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        });
        self.class.push(no as u32);
        self.case.push(a.case().map(|case| excerpt(&case.id, LONGEST_ID)));
    }
}

/// Whether it failed; who left on purpose did not.
fn is_failed(c: &Cells) -> bool {
    matches!(c.class, OutcomeClass::Failed(cause) if cause.counts())
}

fn took(c: &Cells, began: Option<i64>) -> Option<f64> {
    match c.class {
        OutcomeClass::Failed(_) => seconds(began, c.ended()),
        OutcomeClass::NotSent(_) => None,
        _ => seconds(c.sent(), c.last_event()),
    }
}

/// Words for a class with its cause, as lists of requests have them.
pub(super) fn class(c: &Cells) -> String {
    match c.class.ids() {
        (class, "") => class.to_owned(),
        (class, cause) => format!("{class}: {cause}"),
    }
}
