//! Load phases: when requests are wanted, how many, and which of them count.
//!
//! Main types: [`PhaseSpec`], [`Load`] (the arrival process, a value), [`Stages`] (a rate or a
//! number of users that changes over time). Must not draw arrivals: the schedule does.

use crate::dist::Dist;
use crate::stop::StopRule;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most requests per second that a plan may ask for, and most users at once.
pub const MAX_RATE: f64 = 100_000.0;
/// Fewest requests per second of an open loop.
pub const MIN_RATE: f64 = 1e-4;
/// Most stages of a phase.
pub const MAX_STAGES: usize = 100_000;
/// Most stages of users, each of whom goes through all of them.
const MAX_USER_STAGES: usize = 1000;
/// Longest phase: a week.
pub const MAX_PHASE_S: f64 = 604_800.0;
/// Least and largest burstiness.
pub const BURSTINESS: (f64, f64) = (0.01, 10_000.0);

/// One load phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseSpec {
    /// Its name in tables (`closed 8`).
    pub name: String,
    /// The arrival process.
    pub load: Load,
    /// When it ends.
    pub amount: Amount,
    /// What is sent and not counted before it.
    pub warmup: Warmup,
    /// Open loop: most requests in flight; beyond, a slot becomes not sent.
    pub max_in_flight: u32,
    /// Seconds at the end that are sent and not counted, so that the last that count are
    /// answered under the full load.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cooldown_s: f64,
    /// Closed loop: seconds between an answer and the same user's next request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Dist>,
    /// Closed loop: seconds at least between the starts of one user's requests.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pacing_s: f64,
    /// Closed loop: requests per second of all users together at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<f64>,
    /// What ends the phase early; the run goes on with the next.
    #[serde(default, skip_serializing_if = "PhaseCaps::is_none")]
    pub caps: PhaseCaps,
    /// Estimates that end the phase when their intervals are narrow enough, all of them together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_when: Vec<StopRule>,
}

/// Most slots of one phase.
pub const MAX_SLOTS: f64 = 50_000_000.0;

/// Why a phase cannot be: the key of a suite (and flag of `bench`) that is wrong, and what is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadPhase {
    /// The key, as a suite writes it.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl PhaseSpec {
    /// Whether users of a closed loop wait for something else than their answers.
    #[must_use]
    pub fn has_pauses(&self) -> bool {
        self.think.is_some() || self.pacing_s > 0.0 || self.max_rate.is_some()
    }

    /// Whether its parts fit each other.
    ///
    /// # Errors
    /// A pace of users in an open loop, stages that warm-up and cool-down use up, or more
    /// requests than a phase may have.
    pub fn check(&self) -> Result<(), BadPhase> {
        let bad = |key, what: String, hint| Err(BadPhase { key, what, hint });
        let is_set = [
            ("think_time", self.think.is_some()),
            ("pacing", self.pacing_s > 0.0),
            ("max_rate", self.max_rate.is_some()),
        ];
        if let Some((key, _)) = is_set.into_iter().find(|(_, set)| *set && !self.load.is_closed()) {
            return bad(
                key,
                format!("'{key}' is for closed loops"),
                "arrivals of an open loop come when they come: its rate is its pace",
            );
        }
        let warmup_s = match self.warmup {
            Warmup::Seconds(s) => s,
            Warmup::None | Warmup::Count(_) => 0.0,
        };
        let seconds = match (self.load.stages(), self.amount) {
            (Some(stages), _) => stages.seconds(),
            (None, Amount::Seconds(s)) => s + warmup_s + self.cooldown_s,
            (None, _) => warmup_s + self.cooldown_s,
        };
        let is_long = self.load.stages().is_some_and(|s| s.all().len() > MAX_USER_STAGES);
        if is_long && self.load.is_closed() {
            return bad(
                "stages",
                format!("more than {MAX_USER_STAGES} stages of users"),
                "every user goes through all of them; use longer stages",
            );
        }
        if self.load.stages().is_some() && warmup_s + self.cooldown_s >= seconds {
            let key = if warmup_s > 0.0 { "warmup" } else { "cooldown" };
            return bad(
                key,
                format!("warm-up and cool-down leave nothing that counts of {seconds} s of stages"),
                "they are the first and the last seconds of the stages",
            );
        }
        if self.load.rate().is_some_and(|r| r < MIN_RATE) || self.max_rate.is_some_and(|r| r < MIN_RATE) {
            return bad(
                if self.max_rate.is_some() { "max_rate" } else { "rate" },
                format!("the rate is below {MIN_RATE} requests per second, one in three hours"),
                "ask for a few requests with a closed loop instead",
            );
        }
        let requests = match self.load.stages() {
            Some(stages) if !self.load.is_closed() => stages.area(),
            _ => self.load.rate().unwrap_or(0.0) * seconds,
        };
        if requests > MAX_SLOTS {
            return bad(
                if self.load.stages().is_some() { "stages" } else { "for" },
                format!("the phase would hold {requests:.0} requests, more than {MAX_SLOTS:.0}"),
                "lower the rate or make it shorter",
            );
        }
        Ok(())
    }
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

/// Limits of one phase and target. What is left is not sent, and that is no failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseCaps {
    /// Requests that count, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Seconds from its start on after which nothing more is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_s: Option<f64>,
    /// Cost by the target's price, in its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl PhaseCaps {
    /// Whether there is no limit.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// An arrival process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// None that is known: another tool made the run, and its file does not say.
    #[default]
    Unstated,
    /// So many users, each sending when its last answer ended.
    Closed {
        /// Users.
        concurrency: u32,
    },
    /// Evenly spaced arrivals.
    Constant {
        /// Requests per second.
        rate: f64,
    },
    /// Independent arrivals with exponential gaps.
    Poisson {
        /// Mean requests per second.
        rate: f64,
    },
    /// Independent gamma gaps.
    Gamma {
        /// Mean requests per second.
        rate: f64,
        /// Shape of the gaps, as in vLLM: 1 is Poisson, below it arrivals come in bursts.
        burstiness: f64,
    },
    /// Arrivals whose rate changes over time.
    Varying {
        /// How they are spaced at a rate.
        arrivals: Spacing,
        /// Requests per second over time.
        stages: Stages,
    },
    /// A closed loop whose users come and go.
    Users {
        /// Users over time.
        stages: Stages,
    },
}

/// How arrivals of an open loop are spaced: a process of one arrival per unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Evenly.
    Constant,
    /// Independently of each other.
    Poisson,
    /// With gamma gaps.
    Gamma {
        /// Their shape.
        burstiness: f64,
    },
}

impl Spacing {
    /// A word for tables.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Spacing::Constant => "constant".to_owned(),
            Spacing::Poisson => "poisson".to_owned(),
            Spacing::Gamma { burstiness } => format!("gamma({burstiness})"),
        }
    }
}

impl Load {
    /// The open loop of that rate and spacing.
    #[must_use]
    pub fn open(rate: f64, spacing: Spacing) -> Self {
        match spacing {
            Spacing::Constant => Load::Constant { rate },
            Spacing::Poisson => Load::Poisson { rate },
            Spacing::Gamma { burstiness } => Load::Gamma { rate, burstiness },
        }
    }

    /// Whether arrivals wait for answers.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Load::Closed { .. } | Load::Users { .. })
    }

    /// How arrivals are spaced; absent for closed loops.
    #[must_use]
    pub fn spacing(&self) -> Option<Spacing> {
        match self {
            Load::Constant { .. } => Some(Spacing::Constant),
            Load::Poisson { .. } => Some(Spacing::Poisson),
            Load::Gamma { burstiness, .. } => Some(Spacing::Gamma { burstiness: *burstiness }),
            Load::Varying { arrivals, .. } => Some(*arrivals),
            Load::Unstated | Load::Closed { .. } | Load::Users { .. } => None,
        }
    }

    /// Requests per second of an open loop where they never change.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        match self {
            Load::Constant { rate } | Load::Poisson { rate } | Load::Gamma { rate, .. } => Some(*rate),
            _ => None,
        }
    }

    /// Requests per second of an open loop at a moment.
    #[must_use]
    pub fn rate_at(&self, seconds: f64) -> Option<f64> {
        match self {
            Load::Varying { stages, .. } => Some(stages.at(seconds)),
            other => other.rate(),
        }
    }

    /// Users or requests per second over time, where they change.
    #[must_use]
    pub fn stages(&self) -> Option<&Stages> {
        match self {
            Load::Varying { stages, .. } | Load::Users { stages } => Some(stages),
            _ => None,
        }
    }

    /// Most users at once of a closed loop.
    #[must_use]
    pub fn users(&self) -> Option<u32> {
        match self {
            Load::Closed { concurrency } => Some(*concurrency),
            Load::Users { stages } => Some(stages.peak() as u32),
            _ => None,
        }
    }

    /// Most requests per second of an open loop.
    #[must_use]
    pub fn peak_rate(&self) -> Option<f64> {
        match self {
            Load::Varying { stages, .. } => Some(stages.peak()),
            other => other.rate(),
        }
    }

    /// Its word in findings.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Load::Unstated => "unstated",
            Load::Closed { .. } => "closed",
            Load::Constant { .. } => "constant",
            Load::Poisson { .. } => "poisson",
            Load::Gamma { .. } => "gamma",
            Load::Varying { .. } => "varying",
            Load::Users { .. } => "users",
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Load::Unstated => "unstated".to_owned(),
            Load::Closed { concurrency } => format!("closed {concurrency}"),
            Load::Constant { rate } | Load::Poisson { rate } | Load::Gamma { rate, .. } => {
                format!("{} {rate}/s", self.spacing().map_or(String::new(), Spacing::words))
            }
            Load::Varying { arrivals, stages } => format!("{} {}", arrivals.words(), stages.words("/s")),
            Load::Users { stages } => format!("closed {}", stages.words("")),
        }
    }
}

/// A stretch in which a rate, or a number of users, goes evenly from one value to another.
/// Stored as `[seconds, from, to]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 3]", into = "[f64; 3]")]
pub struct LoadStage {
    /// How long it lasts.
    pub seconds: f64,
    /// At its start.
    pub from: f64,
    /// At its end.
    pub to: f64,
}

impl From<[f64; 3]> for LoadStage {
    fn from([seconds, from, to]: [f64; 3]) -> Self {
        LoadStage { seconds, from, to }
    }
}

impl From<LoadStage> for [f64; 3] {
    fn from(s: LoadStage) -> Self {
        [s.seconds, s.from, s.to]
    }
}

impl LoadStage {
    /// Reads its values: `10`, or `10-50` for a ramp.
    #[must_use]
    pub fn parse_values(text: &str) -> Option<(f64, f64)> {
        let number = |t: &str| {
            let t = t.trim();
            let is_plain = !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            t.parse::<f64>().ok().filter(|x| is_plain && x.is_finite())
        };
        match text.split_once('-') {
            Some((from, to)) => Some((number(from)?, number(to)?)),
            None => number(text).map(|x| (x, x)),
        }
    }

    /// A stretch at one value.
    #[must_use]
    pub fn flat(seconds: f64, value: f64) -> Self {
        LoadStage { seconds, from: value, to: value }
    }

    /// Arrivals (or seconds of users) that it holds.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.seconds * (self.from + self.to) / 2.0
    }
}

/// Stages one after the other; at least one, all finite, something in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LoadStage>", into = "Vec<LoadStage>")]
pub struct Stages(Arc<[LoadStage]>);

/// Why stages cannot be: which one, where it is one, and what is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct BadStages {
    /// Its position, from 0.
    pub at: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl Stages {
    /// Checks stages.
    ///
    /// # Errors
    /// None or too many of them, a length that is not above 0, a value that is negative, not
    /// finite or beyond the machine, or nothing to send in all of them.
    pub fn new(stages: Vec<LoadStage>) -> Result<Self, BadStages> {
        let bad = |at: Option<usize>, what: String| Err(BadStages { at, what });
        if stages.is_empty() {
            return bad(None, "there is no stage".to_owned());
        }
        if stages.len() > MAX_STAGES {
            return bad(None, format!("there are more than {MAX_STAGES} stages"));
        }
        let mut total = 0.0;
        for (i, stage) in stages.iter().enumerate() {
            if !(stage.seconds.is_finite() && stage.seconds > 0.0) {
                return bad(Some(i), format!("a stage must be longer than 0 s, not {} s", stage.seconds));
            }
            for value in [stage.from, stage.to] {
                if !(0.0..=MAX_RATE).contains(&value) {
                    return bad(Some(i), format!("{value} is not from 0 to {MAX_RATE}"));
                }
            }
            total += stage.seconds;
        }
        if total > MAX_PHASE_S {
            return bad(None, format!("the stages last {total} s, more than a week"));
        }
        if stages.iter().all(|s| s.area() <= 0.0) {
            return bad(None, "every stage is 0 throughout: nothing would be sent".to_owned());
        }
        Ok(Self(stages.into()))
    }

    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> &[LoadStage] {
        &self.0
    }

    /// How long they last together.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.0.iter().map(|s| s.seconds).sum()
    }

    /// Arrivals that they hold on average.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.0.iter().map(LoadStage::area).sum()
    }

    /// The largest value.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.0.iter().fold(0.0, |most, s| most.max(s.from).max(s.to))
    }

    /// The value at a moment; 0 outside.
    #[must_use]
    pub fn at(&self, seconds: f64) -> f64 {
        let mut begin = 0.0;
        for stage in self.0.iter() {
            let into = seconds - begin;
            if into < 0.0 {
                return 0.0;
            }
            if into < stage.seconds {
                return stage.from + (stage.to - stage.from) * into / stage.seconds;
            }
            begin += stage.seconds;
        }
        0.0
    }

    /// The values in a few words: `10-50-0`; of many stages only the ends of the range.
    fn words(&self, unit: &str) -> String {
        let mut values: Vec<f64> = Vec::new();
        for value in self.0.iter().flat_map(|s| [s.from, s.to]) {
            if values.last() != Some(&value) {
                values.push(value);
            }
        }
        if values.len() > 6 {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            return format!("{least}..{}{unit} ({} stages)", self.peak(), self.0.len());
        }
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        format!("{}{unit}", values.join("-"))
    }
}

impl TryFrom<Vec<LoadStage>> for Stages {
    type Error = BadStages;
    fn try_from(stages: Vec<LoadStage>) -> Result<Self, BadStages> {
        Self::new(stages)
    }
}

impl From<Stages> for Vec<LoadStage> {
    fn from(s: Stages) -> Self {
        s.0.to_vec()
    }
}

/// When a phase ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// When every case was asked `repeats` times.
    #[default]
    Cases,
    /// After so many slots.
    Count(u32),
    /// After so many seconds of intended sends; with stages, these are their whole length.
    Seconds(f64),
}

/// What is sent before measuring begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warmup {
    /// Nothing.
    #[default]
    None,
    /// So many requests.
    Count(u32),
    /// Requests of so many seconds; the first seconds of the stages where the load has them.
    Seconds(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_loads_read_as_before_and_new_ones_round_trip() {
        let old = r#"{"name":"p","load":{"poisson":{"rate":4.0}},"amount":{"seconds":30.0},"warmup":"none","max_in_flight":64}"#;
        let phase: PhaseSpec = serde_json::from_str(old).unwrap();
        assert_eq!(phase.load, Load::Poisson { rate: 4.0 });
        assert_eq!(serde_json::to_string(&phase).unwrap(), old, "defaults are not written");
        let stages =
            Stages::new(vec![LoadStage::flat(30.0, 10.0), LoadStage { seconds: 5.0, from: 10.0, to: 0.0 }])
                .unwrap();
        let arrivals = Spacing::Gamma { burstiness: 0.5 };
        let load = Load::Varying { arrivals, stages };
        let text = serde_json::to_string(&load).unwrap();
        assert_eq!(
            text,
            r#"{"varying":{"arrivals":{"gamma":{"burstiness":0.5}},"stages":[[30.0,10.0,10.0],[5.0,10.0,0.0]]}}"#
        );
        assert_eq!(serde_json::from_str::<Load>(&text).unwrap(), load);
        assert_eq!(load.words(), "gamma(0.5) 10-0/s");
        assert!(serde_json::from_str::<Load>(r#"{"users":{"stages":[[0.0,1.0,1.0]]}}"#).is_err());
    }

    #[test]
    fn stages_that_cannot_be_are_refused_by_number() {
        let flat = LoadStage::flat;
        for (stages, at) in [
            (vec![], None),
            (vec![flat(1.0, 1.0), flat(0.0, 1.0)], Some(1)),
            (vec![flat(f64::NAN, 1.0)], Some(0)),
            (vec![flat(1.0, -1.0)], Some(0)),
            (vec![flat(1.0, f64::NAN)], Some(0)),
            (vec![flat(1.0, 1e6)], Some(0)),
            (vec![flat(1.0, 0.0)], None),
            (vec![flat(6e5, 1.0), flat(6e5, 1.0)], None),
            (vec![flat(1e-3, 1.0); MAX_STAGES + 1], None),
        ] {
            assert_eq!(Stages::new(stages).unwrap_err().at, at);
        }
    }

    #[test]
    fn values_are_read_as_written() {
        assert_eq!(LoadStage::parse_values("10 - 50.5"), Some((10.0, 50.5)));
        assert_eq!(LoadStage::parse_values("3"), Some((3.0, 3.0)));
        for bad in ["", "-3", "1e5", "nan", "inf", "1-2-3", "10-", "fast"] {
            assert_eq!(LoadStage::parse_values(bad), None, "{bad}");
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_named_by_their_key() {
        let open = Load::Poisson { rate: 4.0 };
        let stages = Stages::new(vec![LoadStage::flat(10.0, 5.0)]).unwrap();
        let key = |phase: PhaseSpec| phase.check().map_err(|bad| bad.key);
        let phase = |load: Load| PhaseSpec { load, ..PhaseSpec::default() };
        assert_eq!(
            key(PhaseSpec { think: Some(Dist::Fixed(1.0)), ..phase(open.clone()) }),
            Err("think_time")
        );
        assert_eq!(key(PhaseSpec { pacing_s: 1.0, ..phase(open.clone()) }), Err("pacing"));
        assert_eq!(key(PhaseSpec { max_rate: Some(1.0), ..phase(open.clone()) }), Err("max_rate"));
        assert_eq!(key(PhaseSpec { pacing_s: 1.0, ..phase(Load::Closed { concurrency: 2 }) }), Ok(()));
        let staged = phase(Load::Varying { arrivals: Spacing::Poisson, stages });
        assert_eq!(key(PhaseSpec { cooldown_s: 10.0, ..staged.clone() }), Err("cooldown"));
        assert_eq!(key(PhaseSpec { warmup: Warmup::Seconds(4.0), cooldown_s: 5.0, ..staged }), Ok(()));
        let long = PhaseSpec { amount: Amount::Seconds(1e5), ..phase(Load::Constant { rate: 1e4 }) };
        assert_eq!(key(long), Err("for"));
    }

    #[test]
    fn a_value_is_known_at_every_moment() {
        let stages =
            Stages::new(vec![LoadStage { seconds: 10.0, from: 0.0, to: 20.0 }, LoadStage::flat(5.0, 40.0)])
                .unwrap();
        let at: Vec<f64> = [-1.0, 0.0, 5.0, 10.0, 14.9, 15.0].map(|s| stages.at(s)).to_vec();
        assert_eq!(at, [0.0, 0.0, 10.0, 40.0, 40.0, 0.0]);
        assert_eq!((stages.area(), stages.seconds(), stages.peak()), (300.0, 15.0, 40.0));
        assert_eq!(stages.words("/s"), "0-20-40/s");
    }
}
