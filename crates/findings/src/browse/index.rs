//! Every request of a run as numbers and short words: what filters and order need.
//!
//! Main type: [`CaseIndex`], made from a [`View`] once and kept. It owns what it holds; texts of
//! cases and answers are not part of it.

use crate::cells::seconds;
use crate::estimate::Labels;
use crate::families::quality::judgement;
use crate::view::{Asked, Opinion, View};
use acidtest_record::{ClockRow, Digest, Key, OutcomeClass, RunId};
use std::collections::{BTreeMap, HashMap};

/// Tags that can be filtered by, and values of one: more are ids, not labels.
const MOST_TAGS: usize = 20;
const MOST_VALUES: usize = 200;
/// Most scorers with a column of their own.
const MOST_SCORES: usize = 64;
/// No case.
const NO_CASE: u32 = u32::MAX;
/// No value of a tag.
const NO_VALUE: u16 = u16::MAX;

/// A target under a phase with a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
}

impl Place {
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) slot: u32,
    pub(super) step: u16,
    pub(super) attempt: u8,
    pub(super) attempts: u8,
    pub(super) case: u32,
    pub(super) repeat: u16,
    pub(super) place: u16,
    pub(super) class: u16,
    pub(super) judgement: u8,
    pub(super) delivered: bool,
    pub(super) input: Option<u32>,
    pub(super) output: Option<u32>,
    pub(super) ttft_s: Option<f64>,
    pub(super) e2e_s: Option<f64>,
    pub(super) started_s: Option<f64>,
}

/// What is kept of a case.
#[derive(Debug, Clone)]
struct Known {
    id: Box<str>,
    hash: Digest,
    unit: Option<Box<str>>,
    /// Its place among the ids in their order.
    rank: u32,
}

/// A tag and its value of each request.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) values: Vec<String>,
    of: Vec<u16>,
}

/// The words of judgements, by their number in a line.
pub(super) const JUDGED: [&str; 6] = ["correct", "wrong", "judge_error", "none", "xfail", "xpass"];

/// Every request of a run without its texts.
#[derive(Debug, Clone)]
pub struct CaseIndex {
    run: RunId,
    pub(super) lines: Vec<Line>,
    pub(super) places: Vec<Place>,
    pub(super) classes: Vec<String>,
    pub(super) scores: Vec<(String, Vec<f64>)>,
    pub(super) tags: Vec<Tag>,
    cases: Vec<Known>,
    by_case: HashMap<u32, Vec<u32>>,
    by_hash: HashMap<Digest, u32>,
}

impl CaseIndex {
    /// The index of a view; its details need not have been read.
    #[must_use]
    pub fn of(view: &View) -> Self {
        let mut index = Self {
            run: view.run,
            lines: Vec::with_capacity(view.requests()),
            places: Vec::new(),
            classes: Vec::new(),
            scores: Vec::new(),
            tags: Vec::new(),
            cases: known(view),
            by_case: HashMap::new(),
            by_hash: HashMap::new(),
        };
        index.by_hash = index.cases.iter().zip(0..).map(|(c, i)| (c.hash, i)).collect();
        let place_of = index.fill_places(view);
        for i in 0..view.requests() {
            let line = index.line(&view.asked(i), place_of[i], &view.clocks);
            if line.case != NO_CASE {
                index.by_case.entry(line.case).or_default().push(i as u32);
            }
            index.lines.push(line);
        }
        index.scores = scores(view);
        index.tags = tags(view);
        index
    }

    /// Notes the places; gives that of each request.
    fn fill_places(&mut self, view: &View) -> Vec<u16> {
        let mut place_of = vec![0; view.requests()];
        for slice in view.slices().into_iter().filter(|s| !s.requests.is_empty()) {
            let no = self.places.len() as u16;
            slice.requests.iter().for_each(|r| place_of[*r as usize] = no);
            self.places.push(Place { labels: slice.labels });
        }
        place_of
    }

    fn line(&mut self, a: &Asked, place: u16, clocks: &[ClockRow]) -> Line {
        let c = a.last();
        let judged = judgement(a);
        Line {
            slot: c.slot,
            step: c.step,
            attempt: c.attempt,
            attempts: u8::try_from(a.attempts().len()).unwrap_or(u8::MAX),
            case: c.case().map_or(NO_CASE, |case| case as u32),
            repeat: c.repeat,
            place,
            class: self.class_no(c.class),
            judgement: JUDGED.iter().position(|j| *j == judged).unwrap_or(3) as u8,
            delivered: c.class.delivered(),
            input: c.input(),
            output: c.output(),
            ttft_s: seconds(c.sent(), c.first()),
            e2e_s: seconds(c.sent(), c.last_event()),
            started_s: c.started().or(c.sent()).map(|at| on_axis(clocks, c.clock, at)),
        }
    }

    fn class_no(&mut self, class: OutcomeClass) -> u16 {
        let word = class_words(class);
        let at = self.classes.iter().position(|c| *c == word).unwrap_or_else(|| {
            self.classes.push(word);
            self.classes.len() - 1
        });
        at as u16
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Requests.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let cases: usize = self.cases.iter().map(|c| size_of::<Known>() + c.id.len() + 96).sum();
        let columns = 8 * self.scores.len() + 2 * self.tags.len() + 4;
        cases + self.lines.len() * (size_of::<Line>() + columns)
    }

    /// The position of a request.
    #[must_use]
    pub fn position(&self, slot: u32, step: u16) -> Option<usize> {
        self.lines.binary_search_by_key(&(slot, step), |l| (l.slot, l.step)).ok()
    }

    /// The last attempt of a request.
    #[must_use]
    pub fn key(&self, at: usize) -> Key {
        let l = &self.lines[at];
        Key { run: self.run, slot: l.slot, step: l.step, attempt: l.attempt }
    }

    /// Its case.
    #[must_use]
    pub fn case(&self, at: usize) -> Option<Digest> {
        self.known(at).map(|c| c.hash)
    }

    /// The id of its case.
    #[must_use]
    pub fn case_id(&self, at: usize) -> Option<&str> {
        self.known(at).map(|c| &*c.id)
    }

    /// What is drawn at random with it: its case's cluster, else the case; absent without a case.
    #[must_use]
    pub fn unit(&self, at: usize) -> Option<&str> {
        self.known(at).map(|c| c.unit.as_deref().unwrap_or(&c.id))
    }

    /// Where it was asked.
    #[must_use]
    pub fn place(&self, at: usize) -> &Place {
        &self.places[usize::from(self.lines[at].place)]
    }

    /// Whether its last attempt brought an answer.
    #[must_use]
    pub fn is_delivered(&self, at: usize) -> bool {
        self.lines[at].delivered
    }

    /// Which repeat of the case.
    #[must_use]
    pub fn repeat(&self, at: usize) -> u16 {
        self.lines[at].repeat
    }

    /// Its score by one scorer; 1 and 0 for right and wrong under the name `correct`.
    #[must_use]
    pub fn score(&self, name: &str, at: usize) -> Option<f64> {
        if name == acidtest_record::CORRECT {
            return match self.judged(at) {
                "correct" | "xpass" => Some(1.0),
                "wrong" | "xfail" => Some(0.0),
                _ => None,
            };
        }
        let (_, column) = self.scores.iter().find(|(n, _)| n == name)?;
        Some(column[at]).filter(|x| !x.is_nan())
    }

    /// Names of scores.
    pub fn score_names(&self) -> impl Iterator<Item = &str> {
        self.scores.iter().map(|(name, _)| name.as_str())
    }

    /// Whether somebody judged answers right or wrong.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.lines.iter().any(|l| !matches!(JUDGED[usize::from(l.judgement)], "none" | "judge_error"))
    }

    /// All requests of the same case: the one that is asked for first, then those of its own place.
    #[must_use]
    pub fn of_same_case(&self, at: usize) -> Vec<usize> {
        let own = self.lines[at];
        let mut all = vec![at];
        if let Some(others) = self.by_case.get(&own.case) {
            let others = others.iter().map(|i| *i as usize).filter(|i| *i != at);
            let (near, far): (Vec<usize>, Vec<usize>) =
                others.partition(|i| self.lines[*i].place == own.place);
            all.extend(near.into_iter().chain(far));
        }
        all
    }

    /// The requests of a case.
    pub(super) fn asked_of(&self, hash: Digest) -> &[u32] {
        let case = self.by_hash.get(&hash);
        case.and_then(|c| self.by_case.get(c)).map_or(&[], Vec::as_slice)
    }

    /// Cases with their ids.
    pub(super) fn cases(&self) -> impl Iterator<Item = (Digest, &str)> {
        self.cases.iter().map(|c| (c.hash, &*c.id))
    }

    fn known(&self, at: usize) -> Option<&Known> {
        self.cases.get(self.lines[at].case as usize)
    }

    /// The place of its case's id among all ids.
    pub(super) fn case_rank(&self, at: usize) -> Option<u32> {
        self.known(at).map(|c| c.rank)
    }

    /// Its delivery class.
    pub(super) fn class(&self, at: usize) -> &str {
        &self.classes[usize::from(self.lines[at].class)]
    }

    /// Its judgement.
    pub(super) fn judged(&self, at: usize) -> &'static str {
        JUDGED[usize::from(self.lines[at].judgement)]
    }
}

impl Tag {
    pub(super) fn value(&self, at: usize) -> Option<&str> {
        self.values.get(usize::from(self.of[at])).map(String::as_str)
    }
}

/// `complete`, `failed: 429`, `not_sent: cap` …
pub(super) fn class_words(class: OutcomeClass) -> String {
    match class.ids() {
        (class, "") => class.to_owned(),
        (class, cause) => format!("{class}: {cause}"),
    }
}

/// Seconds since the zero of the first clock.
fn on_axis(clocks: &[ClockRow], clock: u16, at: i64) -> f64 {
    let zero =
        |no: Option<u16>| clocks.iter().find(|c| no.is_none_or(|no| c.no == no)).map(|c| c.zero_unix_ns);
    let shift = zero(Some(clock)).zip(zero(None)).map_or(0, |(own, first)| own.saturating_sub(first));
    at.saturating_add(shift) as f64 / 1e9
}

fn known(view: &View) -> Vec<Known> {
    let mut all: Vec<Known> = view
        .cases
        .iter()
        .map(|c| Known {
            id: c.id.as_str().into(),
            hash: c.hash,
            unit: c.cluster.as_deref().map(Into::into),
            rank: 0,
        })
        .collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| by_numbers(&all[*a].id, &all[*b].id));
    for (rank, at) in order.into_iter().enumerate() {
        all[at].rank = rank as u32;
    }
    all
}

/// Ids in the order in which people count: `c2` before `c10`.
fn by_numbers(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
        let (m, n) = (digits(a), digits(b));
        if m > 0 && n > 0 {
            let (x, y) = (a[..m].trim_start_matches('0'), b[..n].trim_start_matches('0'));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| m.cmp(&n));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[m..], &b[n..]);
            continue;
        }
        let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else { return a.len().cmp(&b.len()) };
        if x != y {
            return x.cmp(&y);
        }
        (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
    }
}

fn scores(view: &View) -> Vec<(String, Vec<f64>)> {
    let column = |name: &str| {
        let score = |i| match view.asked(i).opinion(name) {
            Opinion::Value(v) => v,
            _ => f64::NAN,
        };
        (0..view.requests()).map(score).collect::<Vec<f64>>()
    };
    let all = view.score_names().map(|name| (name.to_owned(), column(name)));
    all.filter(|(_, column)| column.iter().any(|x| !x.is_nan())).take(MOST_SCORES).collect()
}

/// Tags of cases, and what distinguishes prompts, as columns.
fn tags(view: &View) -> Vec<Tag> {
    let of_prompts = view.spec.prompts.iter().flat_map(|p| p.labels.keys());
    let of_cases = view.cases.iter().flat_map(|c| c.tags.keys());
    let mut keys: Vec<&str> = of_cases.chain(of_prompts).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().filter_map(|key| tag(view, key)).take(MOST_TAGS).collect()
}

fn tag(view: &View, key: &str) -> Option<Tag> {
    let mut values: BTreeMap<&str, u16> = BTreeMap::new();
    for i in 0..view.requests() {
        if let Some(value) = view.asked(i).label(key) {
            values.insert(value, 0);
            if values.len() > MOST_VALUES {
                return None;
            }
        }
    }
    values.values_mut().zip(0..).for_each(|(no, i)| *no = i);
    let of = (0..view.requests()).map(|i| view.asked(i).label(key).map_or(NO_VALUE, |v| values[v])).collect();
    let values: Vec<String> = values.into_keys().map(str::to_owned).collect();
    (!values.is_empty()).then(|| Tag { key: key.to_owned(), values, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_in_which_people_count() {
        let mut ids =
            ["c10", "c2", "가2", "c1", "c02", "", "c", "c2b", "가10", "99999999999999999999999", "7"];
        ids.sort_by(|a, b| by_numbers(a, b));
        assert_eq!(
            ids,
            ["", "7", "99999999999999999999999", "c", "c1", "c2", "c2b", "c02", "c10", "가2", "가10"]
        );
    }
}
