//! How a run was set up: its plan, the command that runs it again, clocks and facts.
//!
//! Main type: [`PlanInfo`]. Must not hold a secret: a plan names those it needs.

use crate::calibration::CALIBRATE;
use crate::failures::excerpt;
use crate::rerun::rerun;
use acidtest_record::{ClockRow, Fact, Origin, RunSpec};
use schemars::JsonSchema;
use serde::Serialize;

/// Most facts that are listed.
const MOST_FACTS: usize = 500;
/// Most clocks that are listed.
const MOST_CLOCKS: usize = 1000;
/// Most characters of a fact's value.
const LONGEST: usize = 2000;

/// How a run was set up.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlanInfo {
    /// The stored plan; secrets by name only.
    pub spec: serde_json::Value,
    /// Words of the command that runs it again; null where that is not known.
    pub command: Option<Vec<String>>,
    /// The suite's file and digest, where there was one.
    pub suite: Option<SuiteInfo>,
    /// The processes that sent.
    pub clocks: Vec<ClockInfo>,
    /// What was noted about machine, addresses and program; what other tools stated stands in the
    /// report.
    pub facts: Vec<FactInfo>,
}

/// A suite's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuiteInfo {
    /// Its path as given.
    pub path: String,
    /// Digest of its text.
    pub digest: String,
}

/// A clock: one process that sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClockInfo {
    /// Its number within the run.
    pub no: u16,
    /// The machine.
    pub host: String,
    /// Unix time of its zero, in nanoseconds.
    pub zero_unix_ns: i64,
    /// How far that may be off, where known.
    pub error_ns: Option<i64>,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FactInfo {
    /// What it is about.
    pub name: String,
    /// What it says.
    pub value: String,
    /// Who noted it.
    pub source: String,
}

impl PlanInfo {
    /// What a store holds of a run's plan.
    #[must_use]
    pub fn of(spec: &RunSpec, clocks: &[ClockRow], facts: &[Fact], replayed_from: Option<&str>) -> Self {
        let suite = match &spec.origin {
            Origin::Suite { path, digest } => {
                Some(SuiteInfo { path: path.clone(), digest: digest.to_string() })
            }
            Origin::Bench | Origin::Import { .. } => None,
        };
        let clock = |c: &ClockRow| ClockInfo {
            no: c.no,
            host: c.host.clone(),
            zero_unix_ns: c.zero_unix_ns,
            error_ns: c.error_ns,
        };
        let fact = |f: &Fact| FactInfo {
            name: excerpt(&f.name, LONGEST),
            value: excerpt(&f.value, LONGEST),
            source: excerpt(&f.source, LONGEST),
        };
        let own = facts.iter().filter(|f| f.stated_by().is_none() && f.source != CALIBRATE);
        Self {
            spec: serde_json::to_value(spec).unwrap_or_default(),
            command: rerun(spec, replayed_from),
            suite,
            clocks: clocks.iter().take(MOST_CLOCKS).map(clock).collect(),
            facts: own.take(MOST_FACTS).map(fact).collect(),
        }
    }
}
