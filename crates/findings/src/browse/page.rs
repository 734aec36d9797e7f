//! One page of the table of requests, with counts by class.
//!
//! Main types: [`CasePage`], [`CaseRow`]; made by [`CaseIndex::page`]. Texts are asked for the rows
//! of the page alone.

use super::index::{CaseIndex, JUDGED};
use super::needle::Hits;
use super::query::{CaseQuery, Except, Filter, MOST_ROWS, sort};
use crate::estimate::Labels;
use crate::failures::{excerpt, input_of};
use acidtest_record::{Case, Key};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of an excerpt.
const EXCERPT: usize = 160;

/// One page of the requests of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CasePage {
    /// Requests that match.
    pub total: u64,
    /// Requests of the run.
    pub of: u64,
    /// Those of the page.
    pub rows: Vec<CaseRow>,
    /// What can be filtered by.
    pub facets: CaseFacets,
    /// What the search could not look at, for people; null when it saw everything.
    pub partial: Option<String>,
}

/// What the requests of a run can be filtered by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct CaseFacets {
    /// Targets in the order of the plan.
    pub targets: Vec<String>,
    /// Phases in the order of the plan.
    pub phases: Vec<String>,
    /// Prompts, where there are several.
    pub prompts: Vec<String>,
    /// Delivery classes, with the requests that pass all other filters.
    pub delivery: Vec<ClassCount>,
    /// Judgements, with the requests that pass all other filters.
    pub judgement: Vec<ClassCount>,
    /// Names of scores.
    pub scores: Vec<String>,
    /// Values by tag.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// A class and how many requests have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Requests.
    pub count: u64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CaseRow {
    /// Its slot.
    pub slot: u32,
    /// Step within the slot.
    pub step: u16,
    /// How many attempts it took.
    pub attempts: u64,
    /// The case's id; null for synthetic prompts.
    pub case: Option<String>,
    /// Which repeat of the case, from 0.
    pub repeat: u16,
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Delivery class: `complete`, `failed: 429`, `not_sent: cap` …
    pub delivery: String,
    /// `correct`, `wrong`, `judge_error`, `none`, `xfail` or `xpass`.
    pub judgement: String,
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
    /// Seconds from the zero of the first clock to its start; null when it was never sent.
    pub started_s: Option<f64>,
    /// Excerpt of what was asked: 160 characters.
    pub input: String,
    /// Excerpt of the answer; null without one.
    pub output: Option<String>,
}

/// Whose texts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowAsk {
    /// The last attempt.
    pub key: Key,
    /// The position of its case among the run's cases.
    pub case: Option<u32>,
    /// Whether it brought an answer.
    pub is_delivered: bool,
}

/// Texts of a row; only their beginning is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowTexts {
    /// Its case, where it has one.
    pub case: Option<Case>,
    /// What was asked, where there is no case.
    pub input: Option<String>,
    /// The answer.
    pub output: Option<String>,
}

impl CaseIndex {
    /// The page that a query asks for. `hits` narrows it to what a search found; `partial` says
    /// what that search did not see.
    pub fn page(
        &self,
        query: &CaseQuery,
        hits: Option<&Hits>,
        partial: Option<String>,
        texts: &mut dyn FnMut(RowAsk) -> RowTexts,
    ) -> CasePage {
        let filter = Filter::new(self, query, hits);
        let mut found = Vec::new();
        let mut delivery = vec![0u64; self.classes.len()];
        let mut judgement = [0u64; JUDGED.len()];
        for (at, line) in self.lines.iter().enumerate() {
            let (class, judged) = (usize::from(line.class), usize::from(line.judgement));
            if filter.passes(self, at, Except::Nothing) {
                found.push(at as u32);
                delivery[class] += 1;
                judgement[judged] += 1;
                continue;
            }
            delivery[class] += u64::from(filter.passes(self, at, Except::Delivery));
            judgement[judged] += u64::from(filter.passes(self, at, Except::Judgement));
        }
        let total = found.len() as u64;
        sort(self, query, &mut found);
        let from = usize::try_from(query.from).unwrap_or(usize::MAX).min(found.len());
        let shown = found[from..].iter().take(query.limit.min(MOST_ROWS) as usize);
        CasePage {
            total,
            of: self.len() as u64,
            rows: shown.map(|at| self.row(*at as usize, texts)).collect(),
            facets: self.facets(&delivery, &judgement),
            partial,
        }
    }

    /// Rows of given requests, in that order.
    pub fn rows(&self, at: &[usize], texts: &mut dyn FnMut(RowAsk) -> RowTexts) -> Vec<CaseRow> {
        at.iter().map(|at| self.row(*at, texts)).collect()
    }

    /// Positions of requests that failed or were judged wrong, then of the others, in their order.
    #[must_use]
    pub fn failing_first(&self) -> Vec<usize> {
        let is_fine = |at: &usize| {
            let line = &self.lines[*at];
            self.class(*at) == "complete" && !matches!(self.judged(*at), "wrong" | "judge_error" | "xpass")
                || line.delivered && matches!(self.judged(*at), "correct" | "xfail")
        };
        let (fine, failing): (Vec<usize>, Vec<usize>) = (0..self.len()).partition(is_fine);
        failing.into_iter().chain(fine).collect()
    }

    fn row(&self, at: usize, texts: &mut dyn FnMut(RowAsk) -> RowTexts) -> CaseRow {
        let line = &self.lines[at];
        let said = texts(RowAsk { key: self.key(at), case: self.case_no(at), is_delivered: line.delivered });
        let input = said.case.as_ref().map(input_of).or(said.input).unwrap_or_default();
        let score = |(name, column): &(String, Vec<f64>)| {
            let x = column[at];
            (!x.is_nan()).then(|| (name.clone(), x))
        };
        CaseRow {
            slot: line.slot,
            step: line.step,
            attempts: u64::from(line.attempts),
            case: self.case_id(at).map(str::to_owned),
            repeat: line.repeat,
            labels: self.place(at).labels.clone(),
            delivery: self.class(at).to_owned(),
            judgement: self.judged(at).to_owned(),
            scores: self.scores.iter().filter_map(score).collect(),
            ttft_s: line.ttft_s(),
            e2e_s: line.e2e_s(),
            input_tokens: line.input(),
            output_tokens: line.output(),
            started_s: line.started_s(),
            input: excerpt(&input, EXCERPT),
            output: said.output.map(|text| excerpt(&text, EXCERPT)),
        }
    }

    fn facets(&self, delivery: &[u64], judgement: &[u64]) -> CaseFacets {
        let places = |key: &str| {
            let mut seen = BTreeSet::new();
            let all = self.places.iter().filter_map(|p| p.label(key));
            all.filter(|l| seen.insert(*l)).map(str::to_owned).collect::<Vec<_>>()
        };
        let count = |(class, count): (&str, &u64)| ClassCount { class: class.to_owned(), count: *count };
        let all = self.lines.iter().fold([false; JUDGED.len()], |mut all, l| {
            all[usize::from(l.judgement)] = true;
            all
        });
        let mut delivery: Vec<ClassCount> =
            self.classes.iter().map(String::as_str).zip(delivery).map(count).collect();
        delivery.sort_by_key(|c| class_order(&c.class));
        CaseFacets {
            targets: places("target"),
            phases: places("phase"),
            prompts: places("prompt"),
            delivery,
            judgement: JUDGED
                .into_iter()
                .zip(judgement)
                .zip(all)
                .filter(|(_, any)| *any)
                .map(|(c, _)| count(c))
                .collect(),
            scores: self.score_names().map(str::to_owned).collect(),
            tags: self.tags.iter().map(|t| (t.key.clone(), t.values.clone())).collect(),
        }
    }
}

/// Complete answers first, then others, failures, and what was never sent.
fn class_order(class: &str) -> (usize, String) {
    let groups = ["complete", "truncated", "filtered", "empty", "failed", "not_sent"];
    let group = class.split(':').next().unwrap_or(class);
    (groups.iter().position(|g| *g == group).unwrap_or(groups.len()), class.to_owned())
}
