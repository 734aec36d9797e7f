//! The slots of one phase and target: which case, which repeat, when.
//!
//! Main type: [`Plan`]. Everything in it follows from the spec and its seed, so a
//! resumed run and any number of threads see the same slots. Must not look at a
//! clock: times are offsets from the phase's start.

use crate::extent::Extent;
use crate::moments::Moments;
use crate::stream::Stream;
use acidtest_record::{Amount, PhaseSpec, Role, RunSpec, Warmup};

/// One intended send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its number, counted over the whole run.
    pub no: u32,
    /// Index of its case; absent when prompts are synthetic.
    pub case: Option<u32>,
    /// Which repeat of that case.
    pub repeat: u16,
    /// Warm-up, subject or cool-down.
    pub role: Role,
}

/// One cell of a run's matrix of phases, targets and prompts.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Index of the phase.
    pub phase: u16,
    /// Index of the target.
    pub target: u16,
    /// Index of the prompt.
    pub prompt: u16,
    /// Its slots.
    pub plan: Plan,
}

/// The slots of one phase, target and prompt: those of the warm-up, then those that count, then
/// those of the cool-down. Where time decides how many there are, numbers are set aside.
#[derive(Debug, Clone)]
pub struct Plan {
    base: u32,
    extent: Extent,
    phase: PhaseSpec,
    cases: u32,
    seed: u64,
    part: u64,
}

impl Plan {
    /// The plans of a run in the order in which they are run: for each phase, each
    /// target, each prompt.
    #[must_use]
    pub fn all(spec: &RunSpec) -> Vec<Cell> {
        let mut base = 0u32;
        let mut cells = Vec::new();
        let prompts = spec.prompts.len().max(1);
        for (p, phase) in spec.phases.iter().enumerate() {
            // The same arrivals and order for every target and prompt of a phase: they answer the same load.
            let asked = match phase.amount {
                Amount::Cases => Some(spec.cases.saturating_mul(u32::from(spec.repeats.max(1)))),
                Amount::Count(n) => Some(n),
                Amount::Seconds(_) => None,
            };
            let extent = Extent::of(phase, asked, Moments::new(&phase.load, spec.seed, p as u64));
            for (t, prompt) in (0..spec.targets.len()).flat_map(|t| (0..prompts).map(move |m| (t, m))) {
                let (phase, part) = (phase.clone(), p as u64);
                let plan = Plan { base, extent, phase, cases: spec.cases, seed: spec.seed, part };
                base = base.saturating_add(plan.capacity());
                cells.push(Cell { phase: p as u16, target: t as u16, prompt: prompt as u16, plan });
            }
        }
        cells
    }

    /// Whether the numbers of all slots fit.
    #[must_use]
    pub fn fits(spec: &RunSpec) -> bool {
        let cells = Self::all(spec);
        let last = cells.last().map(|c| c.plan.base.checked_add(c.plan.capacity()));
        last.is_none_or(|end| end.is_some_and(|end| end < u32::MAX))
    }

    /// Number of slots, those that do not count included; absent where time decides.
    #[must_use]
    pub fn len(&self) -> Option<u32> {
        self.extent.is_exact.then(|| self.extent.total())
    }

    /// Slots that count; absent for a closed loop that ends by time.
    #[must_use]
    pub fn measured(&self) -> Option<u32> {
        self.extent.main_is_exact.then_some(self.extent.main)
    }

    /// Slots that the plan may use: its length, or what is set aside where that is not known.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.extent.total()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Indices of the warm-up, which come first.
    #[must_use]
    pub fn warmup(&self) -> u32 {
        self.extent.warm
    }

    /// Indices of what counts.
    #[must_use]
    pub fn counted(&self) -> std::ops::Range<u32> {
        self.extent.warm..self.extent.warm.saturating_add(self.extent.main)
    }

    /// The first index of the part that comes after that of an index.
    #[must_use]
    pub fn part_after(&self, index: u32) -> u32 {
        let counted = self.counted();
        match index {
            i if i < counted.start => counted.start,
            i if i < counted.end => counted.end,
            _ => self.capacity(),
        }
    }

    /// Whether something else than its amount may end it.
    #[must_use]
    pub fn may_end_early(&self) -> bool {
        let caps = &self.phase.caps;
        caps.time_s.is_some() || caps.cost.is_some() || !self.phase.stop_when.is_empty()
    }

    /// Seconds for which a closed loop warms up, where time decides that.
    #[must_use]
    pub fn warmup_seconds(&self) -> Option<f64> {
        match self.phase.warmup {
            Warmup::Seconds(s) if self.phase.load.is_closed() => Some(s),
            _ => None,
        }
    }

    /// When a closed loop sends no more that counts, in seconds from its start; `measured_from`
    /// is when its first slot that counts was taken. Absent where time does not decide.
    #[must_use]
    pub fn closed_end(&self, measured_from: Option<f64>) -> Option<f64> {
        if !self.phase.load.is_closed() {
            return None;
        }
        if let Some(stages) = self.phase.load.stages() {
            return Some(stages.seconds() - self.phase.cooldown_s);
        }
        match self.phase.amount {
            Amount::Seconds(s) => measured_from.map(|from| from + s),
            Amount::Cases | Amount::Count(_) => None,
        }
    }

    /// The run-wide number of the slot at that index.
    #[must_use]
    pub fn slot_no(&self, index: u32) -> u32 {
        self.base.saturating_add(index)
    }

    /// A walker that tells the slot at any index; keeps one order of cases in memory.
    #[must_use]
    pub fn walker(&self) -> Walker {
        Walker { plan: self.clone(), round: None, order: Vec::new() }
    }

    /// Arrivals of an open loop in nanoseconds from the phase's start, warm-up first.
    /// A closed loop has none.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        let moments = Moments::new(&self.phase.load, self.seed, self.part);
        Arrivals { moments, index: 0, last: self.extent.total() }
    }
}

/// Tells slots by index. Each pass over the cases (a repeat) has its own seeded order.
#[derive(Debug, Clone)]
pub struct Walker {
    plan: Plan,
    round: Option<(Role, u32)>,
    order: Vec<u32>,
}

impl Walker {
    /// The slot at that index.
    pub fn slot(&mut self, index: u32) -> Slot {
        let no = self.plan.slot_no(index);
        let counted = self.plan.counted();
        let (role, i) = match index {
            i if i < counted.start => (Role::Warmup, i),
            i if i < counted.end => (Role::Subject, i - counted.start),
            i => (Role::Cooldown, i - counted.end),
        };
        if self.plan.cases == 0 {
            return Slot { no, case: None, repeat: 0, role };
        }
        let round = i / self.plan.cases;
        if self.round != Some((role, round)) {
            self.reorder(role, round);
        }
        let case = self.order[(i % self.plan.cases) as usize];
        Slot { no, case: Some(case), repeat: u16::try_from(round).unwrap_or(u16::MAX), role }
    }

    fn reorder(&mut self, role: Role, round: u32) {
        let purpose = match role {
            Role::Warmup => "order of warm-up",
            Role::Cooldown => "order of cool-down",
            _ => "order of cases",
        };
        let number = self.plan.part << 32 | u64::from(round);
        self.order = (0..self.plan.cases).collect();
        Stream::new(self.plan.seed, purpose, number).shuffle(&mut self.order);
        self.round = Some((role, round));
    }
}

/// The arrivals of an open loop: (index, nanoseconds from the phase's start).
#[derive(Debug, Clone)]
pub struct Arrivals {
    moments: Moments,
    index: u32,
    last: u32,
}

impl Iterator for Arrivals {
    type Item = (u32, i64);

    fn next(&mut self) -> Option<(u32, i64)> {
        if self.index >= self.last {
            return None;
        }
        let at_s = self.moments.next()?;
        let index = self.index;
        self.index += 1;
        Some((index, (at_s * 1e9).round() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::{Load, LoadStage, Spacing, Stages};
    use std::collections::HashSet;

    fn plan(phase: PhaseSpec, cases: u32, repeats: u16) -> Plan {
        let target = acidtest_record::TargetSpec::default();
        let spec = RunSpec {
            phases: vec![phase],
            cases,
            repeats,
            seed: 11,
            targets: vec![target],
            ..RunSpec::default()
        };
        Plan::all(&spec).remove(0).plan
    }

    fn phase(load: Load, amount: Amount, warmup: Warmup) -> PhaseSpec {
        PhaseSpec { load, amount, warmup, ..PhaseSpec::default() }
    }

    const TWO: Load = Load::Closed { concurrency: 2 };

    #[test]
    fn each_case_comes_once_a_repeat_in_another_order() {
        let p = plan(phase(TWO, Amount::Cases, Warmup::Count(3)), 20, 3);
        assert_eq!(p.len(), Some(63));
        let mut w = p.walker();
        assert!((0..3).all(|i| w.slot(i).role == Role::Warmup));
        let mut orders = HashSet::new();
        for round in 0..3u32 {
            let cases: Vec<u32> = (0..20)
                .map(|i| w.slot(3 + round * 20 + i))
                .map(|s| {
                    assert_eq!((s.repeat, s.role), (round as u16, Role::Subject));
                    s.case.unwrap()
                })
                .collect();
            assert_eq!(cases.iter().collect::<HashSet<_>>().len(), 20);
            orders.insert(cases);
        }
        assert_eq!(orders.len(), 3);
    }

    #[test]
    fn a_walker_gives_the_same_slot_in_any_order_of_asking() {
        let p = plan(phase(TWO, Amount::Count(100), Warmup::None), 7, 1);
        let (mut a, mut b) = (p.walker(), p.walker());
        let forward: Vec<Slot> = (0..100).map(|i| a.slot(i)).collect();
        let mut backward: Vec<Slot> = (0..100).rev().map(|i| b.slot(i)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    /// Slots of each role and when the first and the last of each is wanted, in seconds.
    fn parts(p: &Plan) -> Vec<(Role, u32, f64, f64)> {
        let mut walker = p.walker();
        let mut found: Vec<(Role, u32, f64, f64)> = Vec::new();
        for (index, at) in p.arrivals() {
            let (role, at) = (walker.slot(index).role, at as f64 / 1e9);
            match found.last_mut() {
                Some(last) if last.0 == role => (last.1, last.3) = (last.1 + 1, at),
                _ => found.push((role, 1, at, at)),
            }
        }
        found
    }

    #[test]
    fn warm_up_comes_before_the_measured_time_and_cool_down_after_it() {
        let even = Load::Constant { rate: 10.0 };
        let (warm, main, cool) = (Role::Warmup, Role::Subject, Role::Cooldown);
        let mut p = phase(even, Amount::Seconds(2.0), Warmup::Count(5));
        assert_eq!(parts(&plan(p.clone(), 3, 1)), [(warm, 5, 0.0, 0.4), (main, 20, 0.5, 2.4)]);
        p.warmup = Warmup::Seconds(1.0);
        p.cooldown_s = 0.5;
        let by_time = [(warm, 10, 0.0, 0.9), (main, 20, 1.0, 2.9), (cool, 5, 3.0, 3.4)];
        assert_eq!(parts(&plan(p.clone(), 3, 1)), by_time);
        assert_eq!(plan(p.clone(), 3, 1).measured(), Some(20));
        p.caps.requests = Some(7);
        let capped = [(warm, 10, 0.0, 0.9), (main, 7, 1.0, 1.6), (cool, 4, 1.7, 2.0)];
        assert_eq!(parts(&plan(p.clone(), 3, 1)), capped);
        p.amount = Amount::Count(12);
        p.caps.requests = None;
        assert_eq!(plan(p, 3, 1).measured(), Some(12));
    }

    #[test]
    fn stages_have_their_warm_up_and_cool_down_in_them() {
        let ten = LoadStage::flat(10.0, 10.0);
        let stages = Stages::new(vec![ten, LoadStage { seconds: 4.0, from: 10.0, to: 0.0 }]).unwrap();
        let load = Load::Varying { arrivals: Spacing::Constant, stages };
        let mut p = phase(load, Amount::Seconds(14.0), Warmup::Seconds(2.0));
        p.cooldown_s = 4.0;
        let found = parts(&plan(p, 3, 1));
        let counts: Vec<(Role, u32)> = found.iter().map(|f| (f.0, f.1)).collect();
        assert_eq!(counts, [(Role::Warmup, 20), (Role::Subject, 80), (Role::Cooldown, 20)]);
    }

    #[test]
    fn a_closed_loop_sets_numbers_aside_where_time_decides() {
        let mut p = phase(TWO, Amount::Count(10), Warmup::Seconds(1.0));
        p.cooldown_s = 1.0;
        let plan = plan(p, 4, 1);
        assert_eq!((plan.len(), plan.measured(), plan.warmup_seconds()), (None, Some(10), Some(1.0)));
        let counted = plan.counted();
        let mut walker = plan.walker();
        let roles =
            [counted.start - 1, counted.start, counted.end - 1, counted.end].map(|i| walker.slot(i).role);
        assert_eq!(roles, [Role::Warmup, Role::Subject, Role::Subject, Role::Cooldown]);
        assert!(plan.capacity() > counted.end);
    }

    #[test]
    fn every_number_of_shards_together_sends_the_plan() {
        let ramp = Stages::new(vec![LoadStage { seconds: 6.0, from: 0.0, to: 40.0 }]).unwrap();
        let spacings = [Spacing::Constant, Spacing::Poisson, Spacing::Gamma { burstiness: 0.3 }];
        for arrivals in spacings {
            for load in [Load::open(25.0, arrivals), Load::Varying { arrivals, stages: ramp.clone() }] {
                let mut p = phase(load, Amount::Seconds(6.0), Warmup::Seconds(1.0));
                p.cooldown_s = 1.0;
                let plan = plan(p, 7, 1);
                let whole: Vec<(u32, i64)> = plan.arrivals().collect();
                for shards in 1..=8 {
                    let mut union: Vec<(u32, i64)> = (0..shards)
                        .flat_map(|no| plan.arrivals().filter(move |(i, _)| i % shards == no))
                        .collect();
                    union.sort_unstable();
                    assert_eq!(union, whole, "{arrivals:?}, {shards} shards");
                }
                assert!(whole.is_sorted_by_key(|a| a.1) && whole.len() > 50);
            }
        }
    }
}
