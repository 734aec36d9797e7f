//! Counts by class: delivery, judgement, errors, requests never sent.
//!
//! Main function: [`tables`]. Exact counts, no estimates.

use crate::families::quality::{DELIVERY, JUDGEMENT, is_part, judgement};
use crate::findings::{Count, Table};
use crate::view::{CORRECT, Slice};
use acidtest_record::{Cause, NotSent, OutcomeClass};

/// The tables of one target and phase.
pub(crate) fn tables(slice: &Slice) -> Vec<Table> {
    let of = slice.requests.len() as u64;
    let count =
        |is: &dyn Fn(OutcomeClass) -> bool| slice.asked().filter(|a| is(a.last().class)).count() as u64;
    let table = |name, unit, of, rows: Vec<Count>| Table {
        name,
        labels: slice.labels.clone(),
        unit,
        of,
        rows: rows.into_iter().filter(|r| r.count > 0).collect(),
    };
    let delivery = DELIVERY.map(|(class, words)| Count {
        class: class.into(),
        words: words.into(),
        count: count(&|c| c.ids().0 == class),
    });
    let attempts: Vec<OutcomeClass> = slice.asked().flat_map(|a| a.attempts()).map(|c| c.class).collect();
    let errors = Cause::ALL.map(|cause| Count {
        class: cause.id().into(),
        words: cause.words().into(),
        count: attempts.iter().filter(|c| **c == OutcomeClass::Failed(cause)).count() as u64,
    });
    let sent = attempts.iter().filter(|c| !matches!(c, OutcomeClass::NotSent(_))).count() as u64;
    let not_sent = NotSent::ALL.map(|why| Count {
        class: why.id().into(),
        words: words(why).into(),
        count: count(&|c| c == OutcomeClass::NotSent(why)),
    });
    let mut all = vec![table("delivery", "requests", of, delivery.into())];
    if slice.view.has_opinion(CORRECT) {
        let judged = JUDGEMENT.map(|(class, words)| Count {
            class: class.into(),
            words: words.into(),
            count: slice.asked().filter(|a| !is_part(a) && judgement(a) == class).count() as u64,
        });
        let whole = slice.asked().filter(|a| !is_part(a)).count() as u64;
        all.push(table("judgement", "requests", whole, judged.into()));
    }
    all.push(table("errors", "attempts", sent, errors.into()));
    all.push(table("not_sent", "requests", of, not_sent.into()));
    all
}

fn words(why: NotSent) -> &'static str {
    match why {
        NotSent::Cap => "cap of requests in flight",
        NotSent::Backlog => "our own backlog",
        NotSent::TimeUp => "time was up",
        NotSent::CostCap => "cost cap",
        NotSent::Stopped => "stopped",
        NotSent::Unbuildable => "could not be built",
    }
}
