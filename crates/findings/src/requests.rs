//! Every request of a run on one line: for continuous integration and for spreadsheets.
//!
//! Main function: [`requests`]. Texts are asked for only of the first requests that
//! failed. Must not compute a metric: what stands here is of one request.

use crate::cells::seconds;
use crate::estimate::Labels;
use crate::failures::{Texts, failures, list, reason};
use crate::families::quality::judgement;
use crate::find::is_judged;
use crate::findings::Failure;
use crate::view::{Asked, Opinion, View};
use acidtest_record::Key;
use std::collections::{BTreeMap, BTreeSet};

/// Failing requests whose texts are read.
const MOST_TEXTS: usize = 500;
/// Characters of an excerpt: longer than on a terminal, bounded nevertheless.
const EXCERPT: usize = 4000;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestLine {
    /// Target, phase.
    pub labels: Labels,
    /// Its slot.
    pub slot: u32,
    /// Step within the slot.
    pub step: u16,
    /// The case's id; absent for synthetic prompts.
    pub case: Option<String>,
    /// The prompt's name, where there are several.
    pub prompt: Option<String>,
    /// Which repeat of the case, from 0.
    pub repeat: u16,
    /// How many attempts it took.
    pub attempts: u64,
    /// Delivery class: `complete`, `failed: 429`, `not_sent: cap` …
    pub delivery: String,
    /// `correct`, `wrong`, `judge_error` or `none`.
    pub judgement: &'static str,
    /// Each scorer's score.
    pub scores: BTreeMap<String, f64>,
    /// Seconds to the first token.
    pub ttft_s: Option<f64>,
    /// Seconds to the end of the answer.
    pub e2e_s: Option<f64>,
    /// Input tokens, as the server says.
    pub input_tokens: Option<u32>,
    /// Output tokens, as the server says.
    pub output_tokens: Option<u32>,
    /// Whether the response cache answered it.
    pub cached: bool,
    /// Why it counts as failing, with its texts; absent when it does not.
    pub failure: Option<Failure>,
}

/// Every request, target by target and phase by phase, in the order of its slot.
pub fn requests(view: &View, texts: &mut dyn FnMut(Key) -> Texts) -> Vec<RequestLine> {
    let mut lines = Vec::with_capacity(view.requests());
    let mut read = 0;
    let judged = is_judged(view);
    for slice in view.slices() {
        for a in slice.asked() {
            let failure = reason(&a, judged).map(|reason| {
                read += 1;
                match read <= MOST_TEXTS {
                    true => list(&a, reason, slice.labels.clone(), EXCERPT, texts),
                    false => list(&a, reason, slice.labels.clone(), EXCERPT, &mut |_| Texts::default()),
                }
            });
            lines.push(line(&a, &slice.labels, failure));
        }
    }
    lines
}

/// The records whose texts [`crate::find`] and [`requests`] ask for: whoever holds what was
/// said of a whole run needs to keep it of these only.
#[must_use]
pub fn listed(view: &View) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    failures(view, &mut |key| {
        keys.insert(key);
        Texts::default()
    });
    let judged = is_judged(view);
    let slices = view.slices();
    let failing = slices.iter().flat_map(|s| s.asked()).filter(|a| reason(a, judged).is_some());
    keys.extend(failing.take(MOST_TEXTS).map(|a| {
        let c = a.last();
        Key { run: view.run, slot: c.slot, step: c.step, attempt: c.attempt }
    }));
    keys
}

fn line(a: &Asked, labels: &Labels, failure: Option<Failure>) -> RequestLine {
    let view = a.view;
    let c = a.last();
    let prompts = &view.spec.prompts;
    let prompt = prompts.get(usize::from(c.prompt)).filter(|_| prompts.len() > 1);
    let scores = view.score_names().filter_map(|name| match a.opinion(name) {
        Opinion::Value(v) => Some((name.to_owned(), v)),
        _ => None,
    });
    RequestLine {
        labels: labels.clone(),
        slot: c.slot,
        step: c.step,
        case: a.case().map(|case| case.id.clone()),
        prompt: prompt.map(|p| p.name.clone()),
        repeat: c.repeat,
        attempts: a.attempts().len() as u64,
        delivery: match c.class.ids() {
            (class, "") => class.to_owned(),
            (class, cause) => format!("{class}: {cause}"),
        },
        judgement: judgement(a),
        scores: scores.collect(),
        ttft_s: seconds(c.sent(), c.first()),
        e2e_s: seconds(c.sent(), c.last_event()),
        input_tokens: c.input(),
        output_tokens: c.output(),
        cached: view.is_cached(c),
        failure,
    }
}
