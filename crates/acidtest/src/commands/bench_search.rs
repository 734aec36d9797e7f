//! Flags of `bench` that vary the load: `--slo`, `--sweep`, `--find`.
//!
//! Main type: [`SearchArgs`], which turns them into the plan. Must not decide which rung is next.

use super::bench_load::seconds;
use crate::exit::Failure;
use acidtest_record::{
    AbortWhat, Amount, Axis, Digest, FindSpec, MOST_RUNGS, RunSpec, SearchSpec, Slo, Warmup, rung,
};

/// Highest rate that is searched for unless --to says otherwise.
const MOST_RATE: f64 = 10_000.0;
/// The same of requests in flight.
const MOST_USERS: f64 = 4_096.0;

/// Seconds of a search unless --max-time says otherwise.
const LONGEST_S: f64 = 1800.0;

/// An objective, and how the load is varied.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("varied").args(["sweep", "find"]).multiple(true))]
pub(crate) struct SearchArgs {
    /// Objective of each request, such as 'ttft.p95<=800ms,tpot.p95<=50ms,error_rate<=1%'; waits are from the intended time
    #[arg(long, value_name = "TERMS")]
    slo: Option<String>,
    /// One rung after the other: concurrency=1,2,4,8 or rate=5,10,20
    #[arg(long, value_name = "AXIS=LOADS", conflicts_with_all = ["concurrency", "rate", "find", "stages", "user_stages", "rate_file"])]
    sweep: Option<String>,
    /// Search the highest load that keeps --slo; the answer is an interval
    #[arg(long, value_enum, value_name = "GOAL", requires = "slo", conflicts_with_all = ["concurrency", "rate", "requests", "duration", "warmup", "stages", "user_stages", "rate_file"])]
    find: Option<Goal>,
    /// Lowest load of --find, tried first [default: 1]
    #[arg(long, value_name = "LOAD", requires = "find", value_parser = load)]
    from: Option<f64>,
    /// Highest load of --find [default: 10000 a second, or 4096 in flight]
    #[arg(long, value_name = "LOAD", requires = "find", value_parser = load)]
    to: Option<f64>,
    /// Wanted width of the answer, (high - low) / low
    #[arg(long, value_name = "SHARE", default_value = "5%", requires = "find", value_parser = share)]
    tolerance: f64,
    /// Shortest time of a rung; it lasts longer where answers take long
    #[arg(long, value_name = "D", default_value = "10s", requires = "varied", value_parser = seconds)]
    rung: f64,
    /// Most rungs of --find
    #[arg(long, value_name = "N", default_value_t = 40, requires = "find", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNGS)))]
    max_rungs: u32,
}

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Goal {
    /// Requests per second of an open loop
    MaxRate,
    /// Requests in flight of a closed loop
    MaxConcurrency,
}

/// What the rungs take from the flags of a plain run.
pub(crate) struct Rungs {
    pub(crate) open: Axis,
    pub(crate) amount: Option<Amount>,
    pub(crate) warmup: Warmup,
    pub(crate) max_in_flight: u32,
    /// Seconds of all rungs together.
    pub(crate) max_time_s: Option<f64>,
}

fn load(text: &str) -> Result<f64, String> {
    let load: f64 = text.parse().map_err(|_| "expected a number of requests".to_owned())?;
    if load > 0.0 && load <= 100_000.0 {
        Ok(load)
    } else {
        Err("expected more than 0 and at most 100000".into())
    }
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').map_or(text, str::trim);
    let share: f64 = number.parse().map_err(|_| "expected a share such as 5%".to_owned())?;
    let share = if number.len() < text.trim().len() { share / 100.0 } else { share };
    if (0.001..=1.0).contains(&share) { Ok(share) } else { Err("expected 0.1% to 100%".into()) }
}

impl SearchArgs {
    /// Whether the load is varied from rung to rung.
    pub(crate) fn is_varied(&self) -> bool {
        self.sweep.is_some() || self.find.is_some()
    }

    /// The objective.
    pub(crate) fn slo(&self) -> Result<Option<Slo>, Failure> {
        let read = |text: &String| {
            Slo::parse(text).map_err(|e| {
                let hint = e.hint.clone();
                Failure::usage(format!("--slo: {e}")).hint(hint)
            })
        };
        self.slo.as_ref().map(read).transpose()
    }

    /// Puts rungs or a search into the plan.
    pub(crate) fn vary(&self, spec: &mut RunSpec, rungs: &Rungs) -> Result<(), Failure> {
        if let Some(text) = &self.sweep {
            self.sweep(text, spec, rungs)?;
        }
        if let Some(goal) = self.find {
            self.search(goal, spec, rungs)?;
        }
        let is_closed = spec.search.as_ref().is_some_and(|s| !s.axis.is_rate());
        if is_closed && spec.abort.iter().any(|rule| rule.what == AbortWhat::Saturated) {
            return Err(Failure::usage("--abort: 'saturated' is for open loops")
                .hint("users of a closed loop wait for their answers"));
        }
        Ok(())
    }

    fn search(&self, goal: Goal, spec: &mut RunSpec, rungs: &Rungs) -> Result<(), Failure> {
        let (axis, most) = match goal {
            Goal::MaxRate => (rungs.open, MOST_RATE),
            Goal::MaxConcurrency => (Axis::Concurrency, MOST_USERS),
        };
        let from = self.from.unwrap_or(1.0);
        let to = self.to.unwrap_or(most.max(from));
        if to < from {
            return Err(Failure::usage(format!("--to {to} is below --from {from}"))
                .hint("--from is the lowest load, tried first"));
        }
        let whole = |l: f64| axis.is_rate() || l.fract() == 0.0;
        if !(whole(from) && whole(to)) {
            return Err(Failure::usage("--from, --to: requests in flight are whole numbers")
                .hint("with max-concurrency they count requests, such as --from 1 --to 256"));
        }
        let max_time_s = rungs.max_time_s.unwrap_or(LONGEST_S);
        if max_time_s < self.rung {
            return Err(Failure::usage("--max-time is shorter than one --rung")
                .hint("a search makes about 10 to 25 rungs"));
        }
        let find = FindSpec {
            from,
            to,
            tolerance: self.tolerance,
            rung_s: self.rung,
            max_rungs: self.max_rungs,
            max_time_s,
            max_in_flight: rungs.max_in_flight,
        };
        spec.phases.clear();
        spec.search = Some(SearchSpec { axis, find: Some(find) });
        mark(spec);
        Ok(())
    }

    fn sweep(&self, text: &str, spec: &mut RunSpec, rungs: &Rungs) -> Result<(), Failure> {
        let bad = |what: String| {
            Failure::usage(format!("--sweep: {what}")).hint("write concurrency=1,2,4,8,16 or rate=5,10,20")
        };
        if rungs.max_time_s.is_some() {
            return Err(Failure::usage("--max-time is for a single load and for --find")
                .hint("a sweep makes every rung that it names: --duration says how long each is"));
        }
        let (word, list) = text.split_once('=').ok_or_else(|| bad(format!("'{text}' has no '='")))?;
        let axis = match word.trim() {
            "concurrency" => Axis::Concurrency,
            "rate" => rungs.open,
            other => return Err(bad(format!("'{other}' where concurrency or rate was expected"))),
        };
        let mut loads: Vec<f64> = Vec::new();
        for part in list.split(',') {
            let value = load(part.trim()).map_err(|why| bad(format!("'{part}': {why}")))?;
            if !axis.is_rate() && value.fract() != 0.0 {
                return Err(bad(format!("'{part}': requests in flight are whole numbers")));
            }
            if loads.contains(&value) {
                return Err(bad(format!("{value} twice")));
            }
            loads.push(value);
        }
        if loads.len() > MOST_RUNGS as usize {
            return Err(bad(format!("{} rungs where at most {MOST_RUNGS} are made", loads.len())));
        }
        spec.phases = loads.iter().map(|l| self.rung_of(axis, *l, rungs)).collect();
        for phase in &spec.phases {
            phase.check().map_err(|e| bad(format!("{}: {e}", phase.name)))?;
        }
        spec.search = Some(SearchSpec { axis, find: None });
        mark(spec);
        Ok(())
    }

    /// A rung of a sweep: as long, and warmed up, as a plain run was asked to be.
    fn rung_of(&self, axis: Axis, value: f64, rungs: &Rungs) -> acidtest_record::PhaseSpec {
        let seconds = match rungs.amount {
            Some(Amount::Seconds(s)) => s,
            _ => self.rung,
        };
        let mut phase = rung(axis, value, seconds, rungs.max_in_flight, axis.name(value));
        if let Some(amount) = rungs.amount {
            phase.amount = amount;
        }
        if rungs.warmup != Warmup::None {
            phase.warmup = rungs.warmup;
        }
        phase
    }
}

/// Makes the plan's digest that of its search: runs that vary their load otherwise are not the same.
fn mark(spec: &mut RunSpec) {
    let mut search = spec.search.clone();
    // How long and how far it went is not what was asked.
    if let Some(find) = search.as_mut().and_then(|s| s.find.as_mut()) {
        *find = FindSpec { max_rungs: 0, max_time_s: 0.0, tolerance: 0.0, ..find.clone() };
    }
    let words = format!("bench search {:?} {:?} {search:?} {:?}", spec.prompts, spec.params, spec.phases);
    spec.workload = Digest::of(words.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_loads_have_a_range() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.1"), Ok(0.1));
        for bad in ["", "%", "0%", "200%", "x", "nan"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        assert!(load("0").is_err() && load("nan").is_err() && load("1e6").is_err() && load("2.5").is_ok());
    }
}
