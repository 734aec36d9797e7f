//! A run in memory: scalars of its records, opinions about them, and slices.
//!
//! Main types: [`View`], built by [`ViewBuilder`], and [`Slice`], a selection of
//! its requests. Records may arrive in any order. Only subjects are kept; warm-up
//! is counted apart. Must not compute a metric, and never compares times of
//! different clocks.

use crate::calibration::{CALIBRATE, MOST_FACTS};
use crate::cells::Cells;
use crate::detail::{Detail, Lane};
use crate::estimate::Labels;
use crate::failures::{EXCERPT, excerpt};
use crate::findings::{Calibrated, Stated};
use crate::held::Held;
use crate::surroundings::Surroundings;
use crate::timeline::Arrivals;
use acidtest_metrics::speed::{Span, Window, steady_window};
use acidtest_record::observe::SCRAPE_WHY;
use acidtest_record::{
    AboutRole, Case, ClockRow, Digest, Fact, IS_GREEDY, Key, LOGLIKELIHOOD, Load, MakerKind, Ns, PhaseEnded,
    PhaseSpec, Reading, Role, Row, RunId, RunSpec, RunState, Source, Status, TEXT_SIZES, TargetSpec, Timing,
    Value, Verdict,
};
use std::collections::{BTreeMap, HashMap};

pub use crate::slice::Slice;
pub use acidtest_record::CORRECT;
/// Name of the verdict that says whether an answer is a refusal.
pub const REFUSED: &str = "refused";

/// Label of the prompt, where there are several.
pub(crate) const PROMPT: &str = "prompt";

/// Labels that say where in the matrix a slice is; all others are tags.
pub(crate) const PLACE: [&str; 3] = ["target", "phase", PROMPT];

/// Whether labels name a place in the matrix and no tag.
pub(crate) fn is_place(labels: &Labels) -> bool {
    labels.keys().all(|k| PLACE.contains(&k.as_str()))
}

/// What one opinion says about a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Opinion {
    /// Nobody said anything.
    None,
    /// A score, or 1 for yes and 0 for no.
    Value(f64),
    /// The answer did not have the form that was asked for.
    Unparsable,
    /// The scorer or judge failed.
    Failed,
    /// A label, by its number in the view.
    Label(u16),
}

/// A few values by row index: connections are reused, so most rows have none.
#[derive(Debug, Default)]
struct Sparse(Vec<(u32, i64)>);

impl Sparse {
    fn get(&self, row: usize) -> Option<i64> {
        let at = self.0.binary_search_by_key(&(row as u32), |(r, _)| *r).ok()?;
        Some(self.0[at].1)
    }
}

/// Times that few attempts have, or all of a server that says so much.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rare {
    Connect,
    Tls,
    QueueWait,
    FirstTool,
    ServerTotal,
    ServerPrompt,
    ServerGeneration,
    /// Tokens, not a time.
    ServerGenerated,
}

/// How many of [`Rare`] there are.
const RARE: usize = 8;

/// A verdict reduced to what the view needs.
struct Heard {
    key: (u32, u16, u8),
    name: u16,
    opinion: Opinion,
    /// Its number among the reasons, of a judgement that says why it is against the answer.
    why: Option<u16>,
    /// Whether a person said it: several people's opinions are averaged.
    person: bool,
    order: (i64, u64),
}

/// Fact that says whether client and target share the machine: `true` or `false`.
pub const SAME_MACHINE: &str = "machine.shared_with_target";
/// Fact that says why the run was stopped before its end; empty when it was not.
pub const STOPPED: &str = "run.stopped";
/// Fact that says how many requests the plan holds, warm-ups aside.
pub const PLANNED_SLOTS: &str = "run.planned_slots";
/// Fact that says how many measuring threads ran at once at most.
pub const MEASURING_THREADS: &str = "client.measuring_threads";

/// Most different reasons for a wrong answer that are kept.
const MOST_REASONS: usize = 4096;

/// Most figures of other tools that a report lists.
const MOST_STATED: usize = 5_000;

/// Fact that names the run whose answers a replay gives again.
pub const REPLAYED_FROM: &str = "run.replayed_from";
/// Fact that says where a run looked for answers of earlier runs: its response cache.
pub const CACHE: &str = "run.cache";

/// Collects a run. Rows come before details; everything else in any order.
pub struct ViewBuilder<'a> {
    view: View<'a>,
    index: HashMap<Digest, u32>,
    /// Rows in the order they came, until they are sealed.
    pending: Vec<Cells>,
    /// Rare values by the place of their row there.
    rare: [Vec<(u32, i64)>; RARE],
    names: Vec<String>,
    reasons: HashMap<String, u16>,
    heard: Vec<Heard>,
}

impl<'a> ViewBuilder<'a> {
    /// Adds an attempt. Probes and judges' calls are ignored, warm-up and cool-down are counted.
    pub fn row(&mut self, row: Row) {
        match row.role {
            Role::Subject => {}
            Role::Warmup | Role::Cooldown => {
                self.view.warmup += 1;
                return;
            }
            Role::Judge | Role::Probe => return,
        }
        let case = row.case.and_then(|c| self.index.get(&c).copied());
        let ns = |t: Option<Ns>| t.map(|t| t.0);
        let rare = [
            ns(row.connect),
            ns(row.tls),
            ns(row.queue_wait),
            ns(row.first_tool),
            ns(row.server.total),
            ns(row.server.prompt),
            ns(row.server.generation),
            row.server.generated.map(i64::from),
        ];
        let at = self.pending.len() as u32;
        for (column, value) in self.rare.iter_mut().zip(rare) {
            column.extend(value.map(|v| (at, v)));
        }
        self.pending.push(Cells::of(&row, case));
    }

    /// Adds an opinion. Among those of one name about one record the latest
    /// counts; one that was withdrawn last counts as none.
    pub fn verdict(&mut self, v: &Verdict) {
        let [about] = v.about.as_slice() else { return };
        if about.role != AboutRole::Subject {
            return;
        }
        let opinion = match (v.status, &v.value) {
            (Status::Scored, Some(Value::Bool(b))) => Opinion::Value(f64::from(u8::from(*b))),
            (Status::Scored, Some(Value::Number(x))) if x.is_finite() => Opinion::Value(*x),
            (Status::Scored, Some(Value::Label(label))) => match self.view.label_no(label) {
                Some(no) => Opinion::Label(no),
                None => return,
            },
            (Status::Unparsable, _) => Opinion::Unparsable,
            (Status::Withdrawn | Status::Abstained, _) => Opinion::None,
            _ => Opinion::Failed,
        };
        let name = match self.names.iter().position(|n| *n == v.name) {
            Some(i) => i,
            // More names than this are not scorers of one suite.
            None if self.names.len() >= 1024 => return,
            None => {
                self.names.push(v.name.clone());
                self.names.len() - 1
            }
        };
        let is_against = v.name == CORRECT && opinion == Opinion::Value(0.0);
        let why = v.why.as_deref().filter(|w| is_against && !w.is_empty());
        let why = why.and_then(|w| self.reason_no(excerpt(w, EXCERPT)));
        let key = (about.key.slot, about.key.step, about.key.attempt);
        let maker = Digest::of_parts(&[v.maker.name.as_bytes(), v.maker.version.as_bytes()]);
        let tie = u64::from_le_bytes(maker.0[..8].try_into().expect("8 of 16 bytes"));
        let person = v.maker.kind == MakerKind::Person;
        self.heard.push(Heard { key, name: name as u16, opinion, why, person, order: (v.at_unix_ns, tie) });
    }

    /// The number of a reason, if there is room for it.
    fn reason_no(&mut self, why: String) -> Option<u16> {
        let reasons = &mut self.view.reasons;
        if let Some(no) = self.reasons.get(&why) {
            return Some(*no);
        }
        if reasons.len() >= MOST_REASONS {
            return None;
        }
        let no = reasons.len() as u16;
        reasons.push(why.clone());
        self.reasons.insert(why, no);
        Some(no)
    }

    /// Adds a sample; only those that findings know are kept.
    pub fn reading(&mut self, reading: &Reading) {
        self.view.surroundings.add(reading);
        let wanted = ["scheduler_lag_s", "handover_full"].contains(&reading.name.as_str());
        if wanted && reading.source == "client" && reading.value.is_finite() {
            self.view.readings.push(reading.clone());
        }
    }

    /// Adds a clock.
    pub fn clock(&mut self, clock: &ClockRow) {
        self.view.clocks.push(clock.clone());
    }

    /// Says where the run stands.
    pub fn state(&mut self, state: RunState) {
        self.view.state = Some(state);
    }

    /// Notes a fact; those that findings know are used: [`SAME_MACHINE`],
    /// [`MEASURING_THREADS`], [`STOPPED`], [`PLANNED_SLOTS`]. What another tool
    /// stated is only listed, whatever it is called.
    pub fn fact(&mut self, fact: &Fact) {
        if let Some(tool) = fact.stated_by() {
            if self.view.stated.len() < MOST_STATED {
                let (tool, name, value) = (tool.to_owned(), fact.name.clone(), fact.value.clone());
                self.view.stated.push(Stated { tool, name, value });
            }
            return;
        }
        let calibrated = fact.name.strip_prefix("calibrate.").filter(|_| fact.source == CALIBRATE);
        if let Some(name) = calibrated.filter(|_| self.view.calibrated.len() < MOST_FACTS) {
            let (name, value) = (name.to_owned(), fact.value.clone());
            self.view.calibrated.push(Calibrated { name, value });
        }
        match fact.name.as_str() {
            SAME_MACHINE => self.view.same_machine |= fact.value == "true",
            // The latest counts: a resumed run is no longer stopped when it ended.
            STOPPED => self.view.stopped = Some(fact.value.clone()).filter(|why| !why.is_empty()),
            REPLAYED_FROM => self.view.replayed_from = Some(fact.value.clone()),
            CACHE => self.view.has_cache = true,
            _ if PhaseEnded::of(fact).is_some() => self.view.ended.extend(PhaseEnded::of(fact)),
            SCRAPE_WHY => self.view.surroundings.failed(&fact.source, &fact.value),
            PLANNED_SLOTS => self.view.planned = fact.value.parse().ok(),
            MEASURING_THREADS => {
                let threads = fact.value.parse().ok();
                self.view.measuring_threads = self.view.measuring_threads.max(threads);
            }
            _ => {}
        }
    }

    /// Whether a metric asks for reads and events: some answer was streamed. Then
    /// call [`ViewBuilder::detail`] for every record, in any order, after all rows.
    #[must_use]
    pub fn wants_details(&mut self) -> bool {
        self.seal();
        self.view.rows.iter().any(|c| c.pieces > 0)
    }

    /// Adds reads and events of a record: one shared scan for all metrics.
    pub fn detail(&mut self, key: &Key, timing: &Timing) {
        self.seal();
        let view = &mut self.view;
        let wanted = (key.slot, key.step, key.attempt);
        if let Ok(row) = view.rows.binary_search_by_key(&wanted, Cells::key) {
            view.detail.add(row as u32, &view.rows[row], timing, &mut view.arrivals);
        }
    }

    /// Whether a metric asks for answers' texts. Then call [`ViewBuilder::answer`] for every
    /// delivered answer, in any order, after all rows.
    #[must_use]
    pub fn wants_answers(&mut self) -> bool {
        self.seal();
        Held::is_wanted(self.view.spec)
    }

    /// What the extraction found in a record's text, if it found anything. The text is turned
    /// into numbers at once and not kept; only that of a request's last attempt counts.
    pub fn answer(&mut self, key: &Key, answer: Option<&str>) {
        self.seal();
        let view = &mut self.view;
        let requests = &view.requests;
        let at = requests.partition_point(|(start, _)| {
            let first = &view.rows[*start as usize];
            (first.slot, first.step) < (key.slot, key.step)
        });
        let Some((start, len)) = requests.get(at) else { return };
        let last = &view.rows[(start + len - 1) as usize];
        let is_last = last.key() == (key.slot, key.step, key.attempt);
        let cases = view.cases;
        if let (true, Some(case)) = (is_last && last.class.delivered(), last.case()) {
            view.held.add(at, &cases[case], answer);
        }
    }

    /// Sorts the rows that came, groups them into requests, finds the phases' windows.
    fn seal(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        debug_assert!(self.view.rows.is_empty(), "rows come before details");
        let places = sorted_places(&self.pending);
        let view = &mut self.view;
        view.rows = std::mem::take(&mut self.pending);
        if places.is_some() {
            view.rows.sort_by_key(Cells::key);
            view.rows.dedup_by_key(|c| c.key());
        }
        view.rows.shrink_to_fit();
        for (column, values) in view.rare.iter_mut().zip(&mut self.rare) {
            column.0 = std::mem::take(values);
            if let Some(places) = &places {
                column.0.retain_mut(|(row, _)| {
                    *row = places[*row as usize];
                    *row != NOWHERE
                });
                column.0.sort_by_key(|(row, _)| *row);
            }
        }
        view.requests = requests(&view.rows);
        view.held = Held::new(view.spec, view.cases, view.requests.len());
        view.detail = Detail::new(lanes(view.spec, &view.rows));
    }

    /// The view of what was collected.
    #[must_use]
    pub fn finish(mut self) -> View<'a> {
        self.seal();
        let mut view = self.view;
        view.clocks.sort_by_key(|c| c.no);
        view.readings.sort_by_key(|r| (r.clock, r.at, r.value.to_bits()));
        view.surroundings.sort();
        view.detail.gaps.shrink();
        (view.opinions, view.why_wrong) = settle(&view.rows, &view.requests, &self.names, self.heard);
        view
    }
}

/// No place.
const NOWHERE: u32 = u32::MAX;

/// Where each row comes when they are sorted by key, of equal ones the first only; absent where
/// they are sorted.
fn sorted_places(rows: &[Cells]) -> Option<Vec<u32>> {
    if rows.is_sorted_by(|a, b| a.key() < b.key()) {
        return None;
    }
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|row| rows[*row as usize].key());
    let mut places = vec![NOWHERE; rows.len()];
    let (mut next, mut before) = (0, None);
    for row in order {
        let key = rows[row as usize].key();
        if before != Some(key) {
            places[row as usize] = next;
            next += 1;
        }
        before = Some(key);
    }
    Some(places)
}

/// Start and length of each request among rows sorted by key.
fn requests(rows: &[Cells]) -> Vec<(u32, u32)> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for (i, c) in rows.iter().enumerate() {
        let before = found.last_mut().filter(|(start, _)| {
            let first = &rows[*start as usize];
            (first.slot, first.step) == (c.slot, c.step)
        });
        match before {
            Some((_, len)) => *len += 1,
            None => found.push((i as u32, 1)),
        }
    }
    found
}

/// The latest opinion of each name about each request's last attempt, and why it is wrong.
fn settle(
    rows: &[Cells],
    requests: &[(u32, u32)],
    names: &[String],
    mut heard: Vec<Heard>,
) -> (BTreeMap<String, Vec<Opinion>>, BTreeMap<u32, u16>) {
    heard.sort_by_key(|h| h.order);
    let mut columns = vec![vec![Opinion::None; requests.len()]; names.len()];
    let mut why_wrong = BTreeMap::new();
    let mut people: BTreeMap<(u16, usize), BTreeMap<u64, Opinion>> = BTreeMap::new();
    for h in heard {
        let at = requests.binary_search_by_key(&(h.key.0, h.key.1), |(start, _)| {
            let r = &rows[*start as usize];
            (r.slot, r.step)
        });
        let Ok(at) = at else { continue };
        let (start, len) = requests[at];
        if rows[(start + len - 1) as usize].attempt == h.key.2 {
            columns[usize::from(h.name)][at] = h.opinion;
            if names[usize::from(h.name)] == CORRECT {
                why_wrong.remove(&(at as u32));
                why_wrong.extend(h.why.map(|why| (at as u32, why)));
            }
            if h.person {
                people.entry((h.name, at)).or_default().insert(h.order.1, h.opinion);
            }
        }
    }
    // Of each person the latest counts, and all persons alike.
    for ((name, at), said) in people {
        let values: Vec<f64> =
            said.values().filter_map(|o| if let Opinion::Value(v) = o { Some(*v) } else { None }).collect();
        if values.len() > 1 {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            columns[usize::from(name)][at] = Opinion::Value(mean);
        }
    }
    (names.iter().cloned().zip(columns).collect(), why_wrong)
}

/// The stretches of time of each target and phase, one per clock.
fn lanes(spec: &RunSpec, rows: &[Cells]) -> Vec<Lane> {
    let mut groups: BTreeMap<(u16, u16, u16, u16), Vec<&Cells>> = BTreeMap::new();
    for c in rows {
        groups.entry((c.target, c.phase, c.prompt, c.clock)).or_default().push(c);
    }
    groups
        .into_iter()
        .filter_map(|((target, phase, prompt, clock), rows)| {
            let first = rows.iter().map(|c| c.intended()).min()?;
            let last = rows.iter().map(|c| c.intended()).max()?;
            let end = rows.iter().filter_map(|c| c.ended()).max()?;
            let spans: Vec<Span> = rows.iter().filter_map(|c| flight(c)).collect();
            let spec = spec.phases.get(usize::from(phase));
            let steady = match (spec.map(|p| &p.load), spec.is_some_and(PhaseSpec::has_pauses)) {
                (Some(Load::Closed { concurrency }), false) => steady_window(&spans, *concurrency, last),
                // A load that changes on purpose, and users who pause, are as they should be at once;
                // answers to what was sent before the first that counts are not seen here, so that
                // what ends is complete only when those have ended.
                _ => Window::new(first.saturating_add(answered_in(&rows)), last),
            };
            Some(Lane::new((target, phase, prompt, clock), Window::new(first, end.max(last))?, steady))
        })
        .collect()
}

/// 95th percentile of how long delivered answers took, in nanoseconds.
fn answered_in(rows: &[&Cells]) -> i64 {
    let mut took: Vec<f64> = rows
        .iter()
        .filter(|c| c.class.delivered())
        .filter_map(|c| Some((c.ended()? - c.started().or(c.sent())?) as f64))
        .collect();
    took.sort_by(f64::total_cmp);
    acidtest_metrics::stats::quantile(&took, 0.95).unwrap_or(0.0) as i64
}

/// When an attempt was in flight.
pub(crate) fn flight(c: &Cells) -> Option<Span> {
    Some(Span { start: c.started().or(c.sent())?, end: c.ended()? })
}

/// A run in memory.
pub struct View<'a> {
    pub(crate) spec: &'a RunSpec,
    pub(crate) cases: &'a [Case],
    rows: Vec<Cells>,
    requests: Vec<(u32, u32)>,
    rare: [Sparse; RARE],
    opinions: BTreeMap<String, Vec<Opinion>>,
    labels: Vec<String>,
    reasons: Vec<String>,
    why_wrong: BTreeMap<u32, u16>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) clocks: Vec<ClockRow>,
    pub(crate) warmup: u64,
    pub(crate) run: RunId,
    pub(crate) state: Option<RunState>,
    pub(crate) same_machine: bool,
    pub(crate) measuring_threads: Option<u32>,
    pub(crate) stopped: Option<String>,
    pub(crate) planned: Option<u64>,
    /// Phases that ended before their plan was sent.
    pub(crate) ended: Vec<PhaseEnded>,
    pub(crate) replayed_from: Option<String>,
    pub(crate) has_cache: bool,
    pub(crate) stated: Vec<Stated>,
    pub(crate) calibrated: Vec<Calibrated>,
    pub(crate) detail: Detail,
    pub(crate) held: Held,
    pub(crate) surroundings: Surroundings,
    pub(crate) arrivals: Arrivals,
}

impl<'a> View<'a> {
    /// Begins to collect a run.
    #[expect(clippy::new_ret_no_self, reason = "a view is only made by its builder")]
    #[must_use]
    pub fn new(run: RunId, spec: &'a RunSpec, cases: &'a [Case]) -> ViewBuilder<'a> {
        let mut index = HashMap::with_capacity(cases.len());
        for (i, case) in cases.iter().enumerate() {
            index.entry(case.hash).or_insert(i as u32);
        }
        let same_machine =
            spec.targets.iter().any(|t| t.command.is_some() || matches!(t.source, Source::Sim { .. }));
        ViewBuilder {
            index,
            pending: Vec::new(),
            rare: Default::default(),
            names: Vec::new(),
            reasons: HashMap::new(),
            heard: Vec::new(),
            view: View {
                spec,
                cases,
                rows: Vec::new(),
                requests: Vec::new(),
                rare: Default::default(),
                opinions: BTreeMap::new(),
                labels: Vec::new(),
                reasons: Vec::new(),
                why_wrong: BTreeMap::new(),
                readings: Vec::new(),
                clocks: Vec::new(),
                warmup: 0,
                run,
                state: None,
                same_machine,
                measuring_threads: None,
                stopped: None,
                planned: None,
                ended: Vec::new(),
                replayed_from: None,
                has_cache: false,
                stated: Vec::new(),
                calibrated: Vec::new(),
                detail: Detail::new(Vec::new()),
                held: Held::default(),
                surroundings: Surroundings::default(),
                arrivals: Arrivals::default(),
            },
        }
    }

    /// Requests measured.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Records measured (attempts).
    #[must_use]
    pub fn records(&self) -> usize {
        self.rows.len()
    }

    /// Requests that were delivered (complete, truncated, filtered or empty).
    #[must_use]
    pub fn delivered(&self) -> usize {
        (0..self.requests.len()).filter(|i| self.asked(*i).last().class.delivered()).count()
    }

    /// One request.
    pub(crate) fn asked(&self, request: usize) -> Asked<'_> {
        Asked { view: self, request }
    }

    /// One attempt.
    pub(crate) fn row(&self, row: usize) -> &Cells {
        &self.rows[row]
    }

    /// Whether an answer came from the response cache: it is there and was never asked for.
    pub(crate) fn is_cached(&self, c: &Cells) -> bool {
        self.has_cache && c.class.delivered() && c.started().is_none()
    }

    /// The number of a label, if there is room for it.
    fn label_no(&mut self, label: &str) -> Option<u16> {
        if let Some(at) = self.labels.iter().position(|l| l == label) {
            return Some(at as u16);
        }
        // More labels than this are texts.
        if self.labels.len() >= 1024 {
            return None;
        }
        self.labels.push(label.to_owned());
        Some((self.labels.len() - 1) as u16)
    }

    /// A label by its number.
    pub(crate) fn label(&self, no: u16) -> &str {
        self.labels.get(usize::from(no)).map_or("", String::as_str)
    }

    /// Names of scores that somebody gave, without `correct` and `refused` and
    /// without log-likelihoods, which are no scores of 0..1.
    pub(crate) fn score_names(&self) -> impl Iterator<Item = &str> {
        let other = [CORRECT, REFUSED, LOGLIKELIHOOD, IS_GREEDY];
        self.opinions
            .keys()
            .map(String::as_str)
            .filter(|n| !TEXT_SIZES.contains(n))
            .filter(move |n| !other.contains(n) && !crate::families::answers::is_own(n))
    }

    /// Whether anybody gave an opinion of that name.
    pub(crate) fn has_opinion(&self, name: &str) -> bool {
        self.opinions.contains_key(name)
    }

    /// A target as the plan has it.
    pub(crate) fn target(&self, target: u16) -> Option<&TargetSpec> {
        self.spec.targets.get(usize::from(target))
    }

    /// Each target under each phase with each prompt, in the order of the plan.
    #[must_use]
    pub fn slices(&self) -> Vec<Slice<'_>> {
        let mut groups: BTreeMap<(u16, u16, u16), Vec<u32>> = BTreeMap::new();
        let prompts = self.spec.prompts.len().max(1) as u16;
        for target in 0..self.spec.targets.len() {
            for phase in 0..self.spec.phases.len() {
                for prompt in 0..prompts {
                    groups.insert((target as u16, phase as u16, prompt), Vec::new());
                }
            }
        }
        for i in 0..self.requests.len() {
            let c = self.asked(i).last();
            groups.entry((c.target, c.phase, c.prompt)).or_default().push(i as u32);
        }
        groups
            .into_iter()
            .map(|(place, requests)| {
                let (target, phase, prompt) = place;
                Slice::new(self, place, self.labels(target, phase, prompt), requests)
            })
            .collect()
    }

    /// Names of a target and a phase; of the prompt only where there are several.
    fn labels(&self, target: u16, phase: u16, prompt: u16) -> Labels {
        let target = self.target(target).map_or("?", |t| t.name.as_str());
        let phase = self.spec.phases.get(usize::from(phase)).map_or("?", |p| p.name.as_str());
        let mut labels = Labels::from([("phase".into(), phase.into()), ("target".into(), target.into())]);
        if self.spec.prompts.len() > 1 {
            let name = self.spec.prompts.get(usize::from(prompt)).map_or("?", |p| p.name.as_str());
            labels.insert(PROMPT.into(), name.into());
        }
        labels
    }
}

/// One request with its attempts.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'v> {
    pub(crate) view: &'v View<'v>,
    pub(crate) request: usize,
}

impl<'v> Asked<'v> {
    /// Row indices of its attempts.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        let (start, len) = self.view.requests[self.request];
        start as usize..(start + len) as usize
    }

    /// Its attempts, first to last.
    pub(crate) fn attempts(&self) -> &'v [Cells] {
        &self.view.rows[self.range()]
    }

    /// Its last attempt, whose outcome is the request's.
    pub(crate) fn last(&self) -> &'v Cells {
        &self.view.rows[self.range().end - 1]
    }

    /// A time of the attempt at that row which few attempts have.
    pub(crate) fn rare(&self, row: usize, which: Rare) -> Option<i64> {
        self.view.rare[which as usize].get(row)
    }

    /// Its case.
    pub(crate) fn case(&self) -> Option<&'v Case> {
        self.last().case().map(|c| &self.view.cases[c])
    }

    /// Its value of a label: a tag of its case, else what distinguishes its prompt.
    pub(crate) fn label(&self, key: &str) -> Option<&'v str> {
        if let Some(value) = self.case().and_then(|c| c.tags.get(key)) {
            return Some(value);
        }
        let prompts = &self.view.spec.prompts;
        let prompt = prompts.get(usize::from(self.last().prompt))?;
        match key {
            "prompt" if prompts.len() > 1 => Some(&prompt.name),
            _ => prompt.labels.get(key).map(String::as_str),
        }
    }

    /// Why the judgement on it is that it is wrong, where that was said.
    pub(crate) fn why_wrong(&self) -> Option<&'v str> {
        let no = self.view.why_wrong.get(&(self.request as u32))?;
        self.view.reasons.get(usize::from(*no)).map(String::as_str)
    }

    /// What was said of it under that name.
    pub(crate) fn opinion(&self, name: &str) -> Opinion {
        self.view.opinions.get(name).map_or(Opinion::None, |column| column[self.request])
    }
}
