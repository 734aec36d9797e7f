//! Every request of a run as numbers and short words: what filters and order need.
//!
//! Main type: [`CaseIndex`], made from a [`View`] once and kept. It owns what it holds; texts of
//! cases and answers are not part of it.

use crate::cells::seconds;
use crate::estimate::Labels;
use crate::families::quality::judgement;
use crate::view::{Asked, Opinion, View};
use acidtest_record::{ClockRow, Digest, Key, OutcomeClass, RunId};
use std::collections::BTreeMap;

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
    input: u32,
    output: u32,
    ttft_s: f64,
    e2e_s: f64,
    started_s: f64,
}

/// No count; a time that was not seen is not a number.
const NO_COUNT: u32 = u32::MAX;

impl Line {
    pub(super) fn input(&self) -> Option<u32> {
        Some(self.input).filter(|n| *n != NO_COUNT)
    }

    pub(super) fn output(&self) -> Option<u32> {
        Some(self.output).filter(|n| *n != NO_COUNT)
    }

    pub(super) fn ttft_s(&self) -> Option<f64> {
        Some(self.ttft_s).filter(|t| !t.is_nan())
    }

    pub(super) fn e2e_s(&self) -> Option<f64> {
        Some(self.e2e_s).filter(|t| !t.is_nan())
    }

    pub(super) fn started_s(&self) -> Option<f64> {
        Some(self.started_s).filter(|t| !t.is_nan())
    }
}

// A hundred thousand requests are a few megabytes.
const _: () = assert!(size_of::<Line>() <= 64);

/// What is kept of a case: where its words stand in [`Cases::text`].
#[derive(Debug, Clone)]
struct Known {
    hash: Digest,
    /// Where the id begins; the unit of sampling follows it where it is another one.
    start: u32,
    id_len: u32,
    unit_len: u32,
    /// Its place among the ids in their order.
    rank: u32,
    /// Where its requests begin in [`Cases::asked`].
    asked: u32,
}

/// Cases with their ids, and the requests of each.
#[derive(Debug, Clone, Default)]
struct Cases {
    all: Vec<Known>,
    text: String,
    asked: Vec<u32>,
}

impl Cases {
    fn of(view: &View) -> Self {
        let mut cases = Self::default();
        for c in view.cases {
            let start = cases.text.len();
            // Beyond four billion bytes of ids there are none.
            if start + c.id.len() + c.unit().len() > u32::MAX as usize {
                break;
            }
            cases.text.push_str(&c.id);
            let unit = c.cluster.as_deref().unwrap_or_default();
            cases.text.push_str(unit);
            let (id_len, unit_len) = (c.id.len() as u32, unit.len() as u32);
            cases.all.push(Known { hash: c.hash, start: start as u32, id_len, unit_len, rank: 0, asked: 0 });
        }
        let mut order: Vec<usize> = (0..cases.all.len()).collect();
        order.sort_by(|a, b| by_numbers(cases.id(*a), cases.id(*b)));
        for (rank, at) in order.into_iter().enumerate() {
            cases.all[at].rank = rank as u32;
        }
        cases
    }

    /// Notes which requests each case has.
    fn fill(&mut self, lines: &[Line]) {
        let of = |l: &Line| usize::try_from(l.case).ok().filter(|c| *c < self.all.len());
        let mut order: Vec<u32> =
            (0..lines.len() as u32).filter(|i| of(&lines[*i as usize]).is_some()).collect();
        order.sort_by_key(|i| (lines[*i as usize].case, *i));
        let mut next = 0;
        for (no, known) in self.all.iter_mut().enumerate() {
            known.asked = next as u32;
            next += order[next..].iter().take_while(|i| lines[**i as usize].case as usize == no).count();
        }
        self.asked = order;
    }

    fn id(&self, no: usize) -> &str {
        let k = &self.all[no];
        &self.text[k.start as usize..(k.start + k.id_len) as usize]
    }

    fn unit(&self, no: usize) -> &str {
        let k = &self.all[no];
        let from = (k.start + k.id_len) as usize;
        if k.unit_len == 0 { self.id(no) } else { &self.text[from..from + k.unit_len as usize] }
    }

    fn asked(&self, no: usize) -> &[u32] {
        let Some(known) = self.all.get(no) else { return &[] };
        let end = self.all.get(no + 1).map_or(self.asked.len(), |next| next.asked as usize);
        &self.asked[known.asked as usize..end]
    }

    fn bytes(&self) -> usize {
        self.all.len() * size_of::<Known>() + self.text.len() + self.asked.len() * 4
    }
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
    cases: Cases,
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
            cases: Cases::of(view),
        };
        let place_of = index.fill_places(view);
        for (i, place) in place_of.into_iter().enumerate() {
            let line = index.line(&view.asked(i), place, &view.clocks);
            index.lines.push(line);
        }
        index.cases.fill(&index.lines);
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
            input: c.input().unwrap_or(NO_COUNT),
            output: c.output().unwrap_or(NO_COUNT),
            ttft_s: seconds(c.sent(), c.first()).unwrap_or(f64::NAN),
            e2e_s: seconds(c.sent(), c.last_event()).unwrap_or(f64::NAN),
            started_s: c.started().or(c.sent()).map_or(f64::NAN, |at| on_axis(clocks, c.clock, at)),
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
        let columns = 8 * self.scores.len() + 2 * self.tags.len();
        self.cases.bytes() + self.lines.len() * (size_of::<Line>() + columns)
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
        self.known(at).map(|no| self.cases.all[no].hash)
    }

    /// The position of its case among the run's cases.
    #[must_use]
    pub fn case_no(&self, at: usize) -> Option<u32> {
        self.known(at).map(|no| no as u32)
    }

    /// The id of its case.
    #[must_use]
    pub fn case_id(&self, at: usize) -> Option<&str> {
        self.known(at).map(|no| self.cases.id(no))
    }

    /// What is drawn at random with it: its case's cluster, else the case; absent without a case.
    #[must_use]
    pub fn unit(&self, at: usize) -> Option<&str> {
        self.known(at).map(|no| self.cases.unit(no))
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
        let others = self.asked_of(own.case).iter().map(|i| *i as usize).filter(|i| *i != at);
        let (near, far): (Vec<usize>, Vec<usize>) = others.partition(|i| self.lines[*i].place == own.place);
        all.extend(near.into_iter().chain(far));
        all
    }

    /// The requests of a case, by its position among the run's cases.
    pub(super) fn asked_of(&self, no: u32) -> &[u32] {
        self.cases.asked(no as usize)
    }

    /// The ids of all cases, in order.
    pub(super) fn case_ids(&self) -> impl Iterator<Item = &str> {
        (0..self.cases.all.len()).map(|no| self.cases.id(no))
    }

    fn known(&self, at: usize) -> Option<usize> {
        let no = self.lines[at].case as usize;
        (no < self.cases.all.len()).then_some(no)
    }

    /// The place of its case's id among all ids.
    pub(super) fn case_rank(&self, at: usize) -> Option<u32> {
        self.known(at).map(|no| self.cases.all[no].rank)
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
