//! The slots of one phase and target: which case, which repeat, when.
//!
//! Main type: [`Plan`]. Everything in it follows from the spec and its seed, so a
//! resumed run and any number of threads see the same slots. Must not look at a
//! clock: times are offsets from the phase's start.

use crate::stream::Stream;
use acidtest_record::{Amount, Load, Role, RunSpec, Warmup};

/// Slot numbers set aside for a phase whose number of slots is not known ahead.
const RESERVED: u32 = 10_000_000;

/// One intended send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its number, counted over the whole run.
    pub no: u32,
    /// Index of its case; absent when prompts are synthetic.
    pub case: Option<u32>,
    /// Which repeat of that case.
    pub repeat: u16,
    /// Warm-up or subject.
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

/// The slots of one phase, target and prompt.
#[derive(Debug, Clone)]
pub struct Plan {
    base: u32,
    warmup: u32,
    load: Load,
    amount: Amount,
    cases: u32,
    repeats: u16,
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
            for (t, prompt) in (0..spec.targets.len()).flat_map(|t| (0..prompts).map(move |m| (t, m))) {
                let warmup = match phase.warmup {
                    Warmup::None => 0,
                    Warmup::Count(n) => n,
                };
                // The same arrivals and order for every target and prompt of a phase: they answer the same load.
                let plan = Plan {
                    base,
                    warmup,
                    load: phase.load,
                    amount: phase.amount,
                    cases: spec.cases,
                    repeats: spec.repeats.max(1),
                    seed: spec.seed,
                    part: p as u64,
                };
                base = base.saturating_add(plan.capacity());
                cells.push(Cell { phase: p as u16, target: t as u16, prompt: prompt as u16, plan });
            }
        }
        cells
    }

    /// Number of slots, warm-up included; absent for a closed loop that ends by time.
    #[must_use]
    pub fn len(&self) -> Option<u32> {
        match (self.amount, self.load) {
            (Amount::Cases, _) => {
                Some(self.warmup.saturating_add(self.cases.saturating_mul(u32::from(self.repeats))))
            }
            (Amount::Count(n), _) => Some(self.warmup.saturating_add(n)),
            (Amount::Seconds(_), Load::Closed { .. }) => None,
            (Amount::Seconds(_), _) => Some(u32::try_from(self.arrivals().count()).unwrap_or(u32::MAX)),
        }
    }

    /// Slots that the plan may use: its length, or what is set aside where that is not known.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.len().unwrap_or(RESERVED)
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Warm-up slots, which come first.
    #[must_use]
    pub fn warmup(&self) -> u32 {
        self.warmup
    }

    /// Seconds after which a closed loop sends no more, where it ends by time.
    #[must_use]
    pub fn closed_seconds(&self) -> Option<f64> {
        match (self.amount, self.load) {
            (Amount::Seconds(s), Load::Closed { .. }) => Some(s),
            _ => None,
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
        let last = match self.amount {
            Amount::Seconds(_) => u32::MAX,
            _ if self.load.is_closed() => 0,
            _ => self.len().unwrap_or(0),
        };
        let seconds = match self.amount {
            Amount::Seconds(s) if !self.load.is_closed() => Some(s),
            Amount::Seconds(_) => Some(0.0),
            _ => None,
        };
        Arrivals {
            load: self.load,
            stream: Stream::new(self.seed, "arrivals", self.part),
            index: 0,
            at_s: 0.0,
            warmup: self.warmup,
            measured_from_s: 0.0,
            last,
            seconds,
        }
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
        let (role, i) = match index.checked_sub(self.plan.warmup) {
            Some(i) => (Role::Subject, i),
            None => (Role::Warmup, index),
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
        let purpose = if role == Role::Warmup { "order of warm-up" } else { "order of cases" };
        let number = self.plan.part << 32 | u64::from(round);
        self.order = (0..self.plan.cases).collect();
        Stream::new(self.plan.seed, purpose, number).shuffle(&mut self.order);
        self.round = Some((role, round));
    }
}

/// The arrivals of an open loop: (index, nanoseconds from the phase's start).
#[derive(Debug, Clone)]
pub struct Arrivals {
    load: Load,
    stream: Stream,
    index: u32,
    at_s: f64,
    warmup: u32,
    measured_from_s: f64,
    last: u32,
    seconds: Option<f64>,
}

impl Iterator for Arrivals {
    type Item = (u32, i64);

    fn next(&mut self) -> Option<(u32, i64)> {
        if self.index >= self.last {
            return None;
        }
        let at_s = match self.load {
            Load::Closed { .. } | Load::Unstated => return None,
            Load::Constant { rate } => f64::from(self.index) / rate,
            Load::Poisson { rate } => self.at_s + self.stream.exponential() / rate,
        };
        if self.index == self.warmup {
            // Even arrivals: the measured time begins with its first arrival. Poisson
            // has no memory: it begins with the last arrival of the warm-up.
            self.measured_from_s = match self.load {
                Load::Constant { .. } => at_s,
                _ => self.at_s,
            };
        }
        let over = self.seconds.is_some_and(|s| at_s - self.measured_from_s >= s);
        if over && self.index >= self.warmup {
            self.last = self.index;
            return None;
        }
        self.at_s = at_s;
        let index = self.index;
        self.index += 1;
        Some((index, (at_s * 1e9).round() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn plan(load: Load, amount: Amount, warmup: u32, cases: u32, repeats: u16) -> Plan {
        Plan { base: 0, warmup, load, amount, cases, repeats, seed: 11, part: 0 }
    }

    #[test]
    fn each_case_comes_once_a_repeat_in_another_order() {
        let p = plan(Load::Closed { concurrency: 2 }, Amount::Cases, 3, 20, 3);
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
        let p = plan(Load::Closed { concurrency: 2 }, Amount::Count(100), 0, 7, 1);
        let (mut a, mut b) = (p.walker(), p.walker());
        let forward: Vec<Slot> = (0..100).map(|i| a.slot(i)).collect();
        let mut backward: Vec<Slot> = (0..100).rev().map(|i| b.slot(i)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    /// Index of dispersion of counts in windows: 1 for Poisson, about 0 for constant.
    fn dispersion(load: Load) -> f64 {
        let p = plan(load, Amount::Seconds(2000.0), 0, 0, 1);
        let mut counts = vec![0f64; 2000];
        for (_, at) in p.arrivals() {
            counts[(at / 1_000_000_000) as usize] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / 2000.0;
        let var = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 1999.0;
        assert!((mean - 20.0).abs() < 0.5, "mean {mean}");
        var / mean
    }

    #[test]
    fn arrivals_are_dispersed_as_their_process_says() {
        let poisson = dispersion(Load::Poisson { rate: 20.0 });
        assert!((poisson - 1.0).abs() < 0.11, "Poisson {poisson}"); // 3.5 standard errors
        assert!(dispersion(Load::Constant { rate: 20.0 }) < 0.05);
    }

    #[test]
    fn gaps_of_poisson_are_exponential() {
        let p = plan(Load::Poisson { rate: 10.0 }, Amount::Count(20_000), 0, 0, 1);
        let at: Vec<i64> = p.arrivals().map(|a| a.1).collect();
        let mut gaps: Vec<f64> = at.windows(2).map(|w| (w[1] - w[0]) as f64 / 1e8).collect();
        gaps.sort_by(f64::total_cmp);
        let n = gaps.len() as f64;
        let ks = gaps
            .iter()
            .enumerate()
            .map(|(i, g)| ((i as f64 + 0.5) / n - (1.0 - (-g).exp())).abs())
            .fold(0.0, f64::max);
        assert!(ks < 1.63 / n.sqrt(), "Kolmogorov–Smirnov {ks}"); // p = 0.01
    }

    #[test]
    fn warm_up_comes_before_the_measured_time() {
        let p = plan(Load::Constant { rate: 10.0 }, Amount::Seconds(2.0), 5, 3, 1);
        assert_eq!(p.len(), Some(5 + 20));
        let mut w = p.walker();
        assert_eq!(w.slot(4).role, Role::Warmup);
        assert_eq!(w.slot(5).role, Role::Subject);
    }
}
