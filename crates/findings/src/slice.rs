//! A selection of a run's requests: one target under one phase with one prompt, and tags.
//!
//! Main type: [`Slice`]. Must not compute a metric.

use crate::detail::Lane;
use crate::estimate::Labels;
use crate::marks::Marks;
use crate::view::{Asked, View, is_place};
use acidtest_record::{Load, PhaseEnd, PhaseEnded};
use std::cell::OnceCell;

/// A selection of requests: one target under one phase with one prompt, and tags.
#[derive(Clone)]
pub struct Slice<'v> {
    pub(crate) view: &'v View<'v>,
    pub(crate) requests: Vec<u32>,
    /// Request and row of its attempts in send order, found when it is first asked for.
    order: OnceCell<Vec<(u32, u32)>>,
    /// Names of the slice.
    pub labels: Labels,
    pub(crate) target: u16,
    pub(crate) phase: u16,
    pub(crate) prompt: u16,
}

impl<'v> Slice<'v> {
    /// Requests of a place (target, phase, prompt) under its names.
    pub(crate) fn new(
        view: &'v View<'v>,
        (target, phase, prompt): (u16, u16, u16),
        labels: Labels,
        requests: Vec<u32>,
    ) -> Self {
        Self { view, requests, order: OnceCell::new(), labels, target, phase, prompt }
    }

    /// Its requests.
    pub(crate) fn asked(&self) -> impl Iterator<Item = Asked<'v>> + Clone + '_ {
        self.requests.iter().map(|i| self.view.asked(*i as usize))
    }

    /// Request and row of its attempts in send order, clock after clock.
    pub(crate) fn order(&self) -> &[(u32, u32)] {
        self.order.get_or_init(|| {
            let rows = |a: Asked<'v>| a.range().map(move |row| (a.request as u32, row as u32));
            let mut order: Vec<(u32, u32)> = self.asked().flat_map(rows).collect();
            order.sort_by_key(|(_, row)| self.view.row(*row as usize).order());
            order
        })
    }

    /// The rows of its attempts.
    pub(crate) fn rows(&self) -> Marks {
        let mut rows = Marks::below(self.view.records());
        self.asked().flat_map(|a| a.range()).for_each(|row| rows.add(row));
        rows
    }

    /// How many of them the response cache answered.
    pub(crate) fn cached(&self) -> usize {
        self.asked().filter(|a| self.view.is_cached(a.last())).count()
    }

    /// The part whose cases carry that tag, or whose prompts that label.
    #[must_use]
    pub fn tagged(&self, key: &str, value: &str) -> Self {
        let has = |i: &u32| self.view.asked(*i as usize).label(key) == Some(value);
        let mut labels = self.labels.clone();
        labels.insert(key.to_owned(), value.to_owned());
        Self {
            view: self.view,
            requests: self.requests.iter().copied().filter(has).collect(),
            order: OnceCell::new(),
            labels,
            target: self.target,
            phase: self.phase,
            prompt: self.prompt,
        }
    }

    /// Whether it is narrowed by a tag.
    pub(crate) fn is_tagged(&self) -> bool {
        !is_place(&self.labels)
    }

    /// The sub-slices by the values of a tag, in their order.
    #[must_use]
    pub fn by_tag(&self, key: &str) -> Vec<Self> {
        let mut values: Vec<&str> = self.asked().filter_map(|a| a.label(key)).collect();
        values.sort_unstable();
        values.dedup();
        values.iter().map(|v| self.tagged(key, v)).collect()
    }

    /// Whether a look at its estimates ended it.
    pub(crate) fn is_sequential(&self) -> bool {
        let own = (self.phase, self.target, self.prompt);
        let is_own = |e: &PhaseEnded| (e.phase, e.target, e.prompt) == own && e.why == PhaseEnd::Narrow;
        self.view.ended.iter().any(is_own)
    }

    /// Its load.
    pub(crate) fn load(&self) -> Option<&Load> {
        self.view.spec.phases.get(usize::from(self.phase)).map(|p| &p.load)
    }

    /// Its stretches of time, one per clock.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &'v Lane> + '_ {
        let own = (self.target, self.phase, self.prompt);
        self.view.detail.lanes.iter().filter(move |l| (l.target, l.phase, l.prompt) == own)
    }
}
