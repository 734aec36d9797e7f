//! One request with its case, its repeats and its attempts.
//!
//! Main types: [`CaseView`], [`RequestView`]; made by [`CaseIndex::view`] from whole records and
//! verdicts that are given to it.

use super::attempt::{AttemptView, attempt};
use super::budget::Budget;
use super::index::CaseIndex;
use crate::estimate::Labels;
use acidtest_record::{Case, Maker, MakerKind, Record, Status, Value, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most requests of a case that are shown.
pub const MOST_REQUESTS: usize = 50;
/// Most verdicts, messages and attempts of a request that are shown.
const MOST_VERDICTS: usize = 200;
const MOST_MESSAGES: usize = 200;
const MOST_ATTEMPTS: usize = 20;
/// Most fields and references of a case that are shown.
const MOST_FIELDS: usize = 100;

/// One request with its case and the repeats of the case.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CaseView {
    /// Its case; null for synthetic prompts.
    pub case: Option<CaseText>,
    /// The one that was asked for first, then the others of the case, at most 50.
    pub requests: Vec<RequestView>,
    /// How many there are.
    pub requests_in_all: u64,
}

/// A case with its texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseText {
    /// Its id.
    pub id: String,
    /// The digest that pairs it across runs.
    pub digest: String,
    /// Its variables; those that are no texts as JSON.
    pub fields: BTreeMap<String, String>,
    /// Reference answers.
    pub reference: Vec<String>,
    /// Tags.
    pub tags: Labels,
    /// Cluster.
    pub cluster: Option<String>,
    /// Split.
    pub split: Option<String>,
    /// Whether the right answer is a refusal.
    pub refuse: bool,
    /// Bytes of text that were left out; 0 when whole.
    pub left_out: u64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RequestView {
    /// Its slot.
    pub slot: u32,
    /// Step within the slot.
    pub step: u16,
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Which repeat of the case, from 0.
    pub repeat: u16,
    /// Delivery class.
    pub delivery: String,
    /// Judgement.
    pub judgement: String,
    /// Messages as they were sent, where the body could be understood.
    pub messages: Vec<MessageView>,
    /// Opinions about it, in the order of their times.
    pub verdicts: Vec<VerdictView>,
    /// Its attempts, at most 20.
    pub attempts: Vec<AttemptView>,
}

/// A message of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MessageView {
    /// Who speaks.
    pub role: String,
    /// What is said.
    pub text: String,
    /// Bytes of it that were left out; 0 when whole.
    pub left_out: u64,
}

/// An opinion.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VerdictView {
    /// What it is an opinion of.
    pub name: String,
    /// `scorer`, `judge`, `person` or `import`.
    pub maker_kind: &'static str,
    /// Whose it is.
    pub maker: String,
    /// Version of the maker.
    pub version: String,
    /// `scored`, `abstained`, `unparsable`, `failed` or `withdrawn`.
    pub status: &'static str,
    /// What it says.
    pub value: Option<SaidValue>,
    /// Why.
    pub why: Option<String>,
    /// When, ISO 8601 in UTC.
    pub at: String,
    /// Whether a later one of the same name and maker takes its place.
    pub superseded: bool,
}

/// What an opinion says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SaidValue {
    /// Yes or no.
    Bool(bool),
    /// A score.
    Number(f64),
    /// A label, a preference, or a ranking as positions.
    Text(String),
}

impl SaidValue {
    /// The value of a verdict.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(x) => Self::Number(*x),
            Value::Label(text) | Value::Preference(text) => Self::Text(text.clone()),
            Value::Ranking(order) => {
                let places: Vec<String> = order.iter().map(u16::to_string).collect();
                Self::Text(places.join(", "))
            }
        }
    }
}

/// What a store holds of one request.
#[derive(Debug, Clone, Default)]
pub struct AskedParts {
    /// Its attempts, first to last.
    pub attempts: Vec<AttemptParts>,
    /// Opinions about any of its attempts.
    pub verdicts: Vec<Verdict>,
    /// Role and text of each message of its last attempt.
    pub messages: Vec<(String, String)>,
}

/// What a store holds of one attempt.
#[derive(Debug, Clone)]
pub struct AttemptParts {
    /// The record.
    pub record: Record,
    /// Bytes of the raw request, where they are stored.
    pub request_bytes: Option<u64>,
    /// Bytes of the raw response, where they are stored.
    pub response_bytes: Option<u64>,
}

impl CaseIndex {
    /// The view of requests, the one that was asked for first: their positions with what the store
    /// holds of each. `in_all` is how many requests the case has.
    #[must_use]
    pub fn view(&self, case: Option<&Case>, asked: &[(usize, AskedParts)], in_all: u64) -> CaseView {
        let mut budget = Budget::new();
        let asked = asked.iter().take(MOST_REQUESTS);
        CaseView {
            case: case.map(|c| case_text(c, &mut budget)),
            requests: asked.map(|(at, parts)| self.request(*at, parts, &mut budget)).collect(),
            requests_in_all: in_all,
        }
    }

    fn request(&self, at: usize, parts: &AskedParts, budget: &mut Budget) -> RequestView {
        let line = &self.lines[at];
        let message = |(role, text): &(String, String), budget: &mut Budget| {
            let (text, left_out) = budget.cut(text);
            MessageView { role: role.chars().take(200).collect(), text, left_out }
        };
        let attempts = parts.attempts.iter().take(MOST_ATTEMPTS);
        RequestView {
            slot: line.slot,
            step: line.step,
            labels: self.place(at).labels.clone(),
            repeat: line.repeat,
            delivery: self.class(at).to_owned(),
            judgement: self.judged(at).to_owned(),
            messages: parts.messages.iter().take(MOST_MESSAGES).map(|m| message(m, budget)).collect(),
            attempts: attempts
                .map(|a| attempt(&a.record, (a.request_bytes, a.response_bytes), budget))
                .collect(),
            verdicts: verdicts(&parts.verdicts, budget),
        }
    }
}

fn case_text(c: &Case, budget: &mut Budget) -> CaseText {
    let mut left_out = 0;
    let mut fields = BTreeMap::new();
    for (name, value) in c.vars.iter().take(MOST_FIELDS) {
        let text = match value.as_str() {
            Some(text) => budget.take(text, &mut left_out),
            None => budget.take(&value.to_string(), &mut left_out),
        };
        fields.insert(name.clone(), text);
    }
    let reference = c.expected.iter().take(MOST_FIELDS).map(|t| budget.take(t, &mut left_out)).collect();
    let unseen = c.expected.iter().skip(MOST_FIELDS).map(|t| t.len() as u64);
    CaseText {
        id: c.id.clone(),
        digest: c.hash.to_string(),
        fields,
        reference,
        tags: c.tags.clone(),
        cluster: c.cluster.clone(),
        split: c.split.clone(),
        refuse: c.refuse,
        left_out: left_out + unseen.sum::<u64>(),
    }
}

/// Opinions in the order of their times; of too many the latest.
fn verdicts(all: &[Verdict], budget: &mut Budget) -> Vec<VerdictView> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|i| (all[*i].at_unix_ns, *i));
    let mut latest: BTreeMap<(&str, u8, &str), usize> = BTreeMap::new();
    for i in &order {
        latest.insert((&all[*i].name, all[*i].maker.kind as u8, &all[*i].maker.name), *i);
    }
    let shown = order.iter().skip(order.len().saturating_sub(MOST_VERDICTS));
    let mut view = |i: &usize| {
        let v = &all[*i];
        let value = v.value.as_ref().map(SaidValue::of);
        VerdictView {
            name: v.name.clone(),
            maker_kind: maker_word(&v.maker),
            maker: v.maker.name.clone(),
            version: v.maker.version.clone(),
            status: status_word(v.status),
            value: value.map(|v| match v {
                SaidValue::Text(text) => SaidValue::Text(budget.cut(&text).0),
                other => other,
            }),
            why: v.why.as_deref().map(|why| budget.cut(why).0),
            at: iso(v.at_unix_ns),
            superseded: latest[&(v.name.as_str(), v.maker.kind as u8, v.maker.name.as_str())] != *i,
        }
    };
    shown.map(&mut view).collect()
}

fn maker_word(maker: &Maker) -> &'static str {
    match maker.kind {
        MakerKind::Scorer => "scorer",
        MakerKind::Judge => "judge",
        MakerKind::Person => "person",
        MakerKind::Import => "import",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Scored => "scored",
        Status::Abstained => "abstained",
        Status::Unparsable => "unparsable",
        Status::Failed => "failed",
        Status::Withdrawn => "withdrawn",
    }
}

/// Unix time in nanoseconds as ISO 8601 in UTC, to the millisecond.
#[must_use]
pub fn iso(unix_ns: i64) -> String {
    let at = jiff::Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or_default();
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(iso(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert!(iso(i64::MIN).starts_with("1677-"));
    }
}
