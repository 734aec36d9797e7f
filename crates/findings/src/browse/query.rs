//! Which requests are wanted, in which order, and which page of them.
//!
//! Main type: [`CaseQuery`]. Several values of one field are alternatives; fields narrow each other.

use super::index::CaseIndex;
use super::needle::Hits;
use std::collections::BTreeMap;

/// Most rows of one page.
pub const MOST_ROWS: u64 = 500;

/// Ends of a range; absent ones are open.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Range {
    /// Not below.
    pub min: Option<f64>,
    /// Not above.
    pub max: Option<f64>,
}

impl Range {
    fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Whether a value lies within; what has none only lies in an open range.
    fn holds(&self, value: Option<f64>) -> bool {
        match value {
            Some(v) => self.min.is_none_or(|m| v >= m) && self.max.is_none_or(|m| v <= m),
            None => self.is_open(),
        }
    }
}

/// What rows are ordered by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// By slot and step.
    #[default]
    Slot,
    /// By the case's id.
    Case,
    /// By seconds to the first token.
    Ttft,
    /// By seconds to the end of the answer.
    E2e,
    /// By output tokens.
    OutputTokens,
    /// By one scorer's score.
    Score(String),
}

impl CaseOrder {
    /// The order of a word: `slot`, `case`, `ttft`, `e2e`, `output_tokens`, `score:NAME`.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "slot" => Self::Slot,
            "case" => Self::Case,
            "ttft" => Self::Ttft,
            "e2e" => Self::E2e,
            "output_tokens" => Self::OutputTokens,
            _ => Self::Score(word.strip_prefix("score:")?.to_owned()),
        })
    }
}

/// Which requests, in which order, which page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseQuery {
    /// Targets; none: all.
    pub targets: Vec<String>,
    /// Phases; none: all.
    pub phases: Vec<String>,
    /// Prompts; none: all.
    pub prompts: Vec<String>,
    /// Delivery classes, `failed` and `not_sent` standing for all of theirs; none: all.
    pub delivery: Vec<String>,
    /// Judgements; none: all.
    pub judgement: Vec<String>,
    /// Tags and values.
    pub tags: Vec<(String, String)>,
    /// Whose score must lie within `scored`.
    pub score: Option<String>,
    /// Range of that score.
    pub scored: Range,
    /// Range of seconds to the first token.
    pub ttft: Range,
    /// Range of seconds to the end of the answer.
    pub e2e: Range,
    /// What rows are ordered by.
    pub order: CaseOrder,
    /// Largest first.
    pub is_descending: bool,
    /// Rows that are left out before the first.
    pub from: u64,
    /// Rows of the page, at most [`MOST_ROWS`].
    pub limit: u64,
}

/// Which of the filters by class are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Except {
    Nothing,
    Delivery,
    Judgement,
}

/// A query with its words looked up.
pub(super) struct Filter<'q> {
    query: &'q CaseQuery,
    hits: Option<&'q Hits>,
    places: Vec<bool>,
    classes: Vec<bool>,
    /// Positions of tags with the values wanted; an unknown tag wants what nobody has.
    tags: Vec<(Option<usize>, Vec<&'q str>)>,
}

fn wants(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l == v))
}

impl<'q> Filter<'q> {
    pub(super) fn new(index: &CaseIndex, query: &'q CaseQuery, hits: Option<&'q Hits>) -> Self {
        let place = |p: &super::index::Place| {
            wants(&query.targets, p.label("target"))
                && wants(&query.phases, p.label("phase"))
                && wants(&query.prompts, p.label("prompt"))
        };
        let class = |c: &String| {
            let group = c.split(':').next().unwrap_or(c);
            wants(&query.delivery, Some(c)) || query.delivery.iter().any(|d| d == group)
        };
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &query.tags {
            wanted.entry(key).or_default().push(value);
        }
        let at = |key: &str| index.tags.iter().position(|t| t.key == key);
        Self {
            query,
            hits,
            places: index.places.iter().map(place).collect(),
            classes: index.classes.iter().map(class).collect(),
            tags: wanted.into_iter().map(|(key, values)| (at(key), values)).collect(),
        }
    }

    /// Whether a request passes all filters but one.
    pub(super) fn passes(&self, index: &CaseIndex, at: usize, except: Except) -> bool {
        let (line, query) = (&index.lines[at], self.query);
        let score = || query.score.as_deref().is_none_or(|name| query.scored.holds(index.score(name, at)));
        self.places[usize::from(line.place)]
            && (except == Except::Delivery || self.classes[usize::from(line.class)])
            && (except == Except::Judgement || wants(&query.judgement, Some(index.judged(at))))
            && query.ttft.holds(line.ttft_s())
            && query.e2e.holds(line.e2e_s())
            && self.tags.iter().all(|(tag, values)| {
                let value = tag.and_then(|t| index.tags[t].value(at));
                value.is_some_and(|v| values.contains(&v))
            })
            && score()
            && self.hits.is_none_or(|hits| hits.has(at))
    }
}

/// Positions in the order of a query; what has no value comes last either way.
pub(super) fn sort(index: &CaseIndex, query: &CaseQuery, found: &mut [u32]) {
    let value = |at: u32| -> Option<f64> {
        let (at, line) = (at as usize, &index.lines[at as usize]);
        match &query.order {
            CaseOrder::Slot => Some(at as f64),
            CaseOrder::Case => index.case_rank(at).map(f64::from),
            CaseOrder::Ttft => line.ttft_s(),
            CaseOrder::E2e => line.e2e_s(),
            CaseOrder::OutputTokens => line.output().map(f64::from),
            CaseOrder::Score(name) => index.score(name, at),
        }
    };
    let turn = if query.is_descending { -1.0 } else { 1.0 };
    found.sort_by_cached_key(|at| {
        let value = value(*at);
        (value.is_none(), Ordered(value.unwrap_or(0.0) * turn), *at)
    });
}

/// A number with a total order.
#[derive(PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
