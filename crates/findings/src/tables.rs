//! Counts by class: delivery, judgement, errors, requests never sent.
//!
//! Main function: [`tables`]. Exact counts, no estimates.

use crate::families::answers;
use crate::families::quality::{DELIVERY, JUDGEMENT, is_part, judgement};
use crate::findings::{Count, Table};
use crate::view::{CORRECT, Opinion, Slice};
use acidtest_metrics::json::Repair;
use acidtest_record::{Cause, NotSent, OutcomeClass};

/// What the plan wanted: no failure.
const PLANNED: OutcomeClass = OutcomeClass::Failed(Cause::ClientCancel);

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
        count: count(&|c| c.ids().0 == class && c != PLANNED),
    });
    let mut delivery = Vec::from(delivery);
    delivery.push(Count {
        class: Cause::ClientCancel.id().into(),
        words: Cause::ClientCancel.words().into(),
        count: count(&|c| c == PLANNED),
    });
    let view = slice.view;
    let asked = slice.asked().flat_map(|a| a.attempts()).filter(|c| !view.is_cached(c));
    let attempts: Vec<OutcomeClass> = asked.map(|c| c.class).collect();
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
    let mut all = vec![table("delivery", "requests", of, delivery)];
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
    let stages = answers::stages(slice.view.spec, slice.view.cases);
    if !stages.is_empty() && slice.view.has_opinion(answers::FUNNEL) {
        all.push(funnel(slice, &stages));
        all.push(table("repairs", "answers", of, repairs(slice)));
    }
    all.push(table("not_sent", "requests", of, not_sent.into()));
    all
}

/// How many requests reached each stage; stages that none reached are told too.
fn funnel(slice: &Slice, stages: &[&answers::Stage]) -> Table {
    let sent = |a: &crate::view::Asked| !matches!(a.last().class, OutcomeClass::NotSent(_));
    let rows = stages.iter().map(|stage| Count {
        class: stage.0.into(),
        words: stage.1.into(),
        count: slice.asked().filter(|a| answers::reached(a, stage.0)).count() as u64,
    });
    Table {
        name: "funnel",
        labels: slice.labels.clone(),
        unit: "requests",
        of: slice.asked().filter(sent).count() as u64,
        rows: rows.collect(),
    }
}

/// How many answers needed each repair; one answer may need several.
fn repairs(slice: &Slice) -> Vec<Count> {
    let mut counts = [0u64; Repair::ALL.len()];
    for a in slice.asked() {
        let Opinion::Label(label) = a.opinion(answers::REPAIRS) else { continue };
        for id in slice.view.label(label).split('+') {
            if let Some(at) = Repair::ALL.iter().position(|r| r.id() == id) {
                counts[at] += 1;
            }
        }
    }
    Repair::ALL
        .iter()
        .zip(counts)
        .map(|(r, count)| Count { class: r.id().into(), words: r.words().into(), count })
        .collect()
}

fn words(why: NotSent) -> &'static str {
    match why {
        NotSent::Cap => "cap of requests in flight",
        NotSent::Backlog => "our own backlog",
        NotSent::TimeUp => "time was up",
        NotSent::CostCap => "cost cap",
        NotSent::Stopped => "stopped",
        NotSent::Unbuildable => "could not be built",
        NotSent::NotRecorded => "not in the replayed run",
    }
}
