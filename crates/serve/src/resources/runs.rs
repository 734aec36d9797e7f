//! The list of runs, newest first, with what tells them apart.

use crate::answer::{Answered, Asked, json};
use crate::app::App;
use crate::kept::{Held, Kept, Weighed};
use crate::refusal::Refusal;
use crate::routes::{FROM, LIMIT, Method, Route, Shape, schema_of};
use acidtest_findings::{PhaseInfo, TargetInfo};
use acidtest_report::Glance;
use acidtest_store::{RunMark, Store, StoreError};
use axum::extract::State;
use axum::routing::get;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs of an answer where none is asked for.
const USUAL: usize = 200;
/// Runs of an answer at most.
const MOST: usize = 500;

/// The route.
pub(crate) const LIST: Route = Route {
    method: Method::Get,
    path: "/api/runs",
    name: "runs",
    summary: "Stored runs, the last to arrive first.",
    parameters: &[FROM, LIMIT],
    body: None,
    answer: Shape::Json(schema_of::<RunList>),
    refusals: &[],
    handler: || get(list),
};

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    from: usize,
    limit: Option<usize>,
}

/// Stored runs.
#[derive(Serialize, JsonSchema)]
struct RunList {
    /// The last to arrive first.
    runs: Vec<RunLine>,
    /// How many there are in all.
    total: usize,
}

/// A run in the list.
#[derive(Serialize, JsonSchema)]
struct RunLine {
    /// Its id.
    id: String,
    /// Name of its suite.
    name: String,
    /// `running`, `done` or `stopped`.
    state: &'static str,
    /// When it was created, as an ISO 8601 time in UTC.
    created: String,
    /// When it ended; null while it runs or when its writer died.
    ended: Option<String>,
    /// Digest of what was asked of whom under which load.
    workload: String,
    /// Whether it came from another store.
    imported: bool,
    /// Who was asked.
    targets: Vec<TargetInfo>,
    /// Under which loads.
    phases: Vec<PhaseInfo>,
    /// Cases of the suite; 0 for synthetic prompts.
    cases: u32,
    /// Requests: slot and step.
    requests: u64,
    /// Records: attempts.
    records: u64,
    /// Requests whose last attempt brought an answer.
    delivered: u64,
    /// Requests whose last attempt failed.
    failed: u64,
    /// Requests that were never sent.
    not_sent: u64,
    /// Null until it is computed; a `change` event says when it is there.
    #[schemars(with = "Option<Glance<'static>>")]
    glance: Option<serde_json::Value>,
}

async fn list(State(app): State<App>, Asked(which): Asked<Which>) -> Answered {
    let own = app.clone();
    let list = app.reading(move |store| {
        let marks = store.marks()?;
        let total = marks.len();
        let limit = which.limit.unwrap_or(USUAL).min(MOST);
        let some = marks.iter().skip(which.from).take(limit);
        let runs = some.map(|mark| line(&own, store, mark)).collect::<Result<_, _>>()?;
        Ok(RunList { runs, total })
    });
    match list.await {
        Ok(list) => Ok(json(&list)),
        // The first run is yet to come: there are none.
        Err(_) if app.stores.is_yet_to_come() => Ok(json(&RunList { runs: Vec::new(), total: 0 })),
        Err(refusal) => Err(refusal),
    }
}

/// What a plan says of a run, which is read once.
struct Plan {
    targets: Vec<TargetInfo>,
    phases: Vec<PhaseInfo>,
    cases: u32,
    imported: bool,
}

impl Weighed for Plan {
    fn weight(&self) -> usize {
        let targets = self.targets.iter().map(|t| t.name.len() + t.model.len() + t.address.len() + 80);
        let phases = self.phases.iter().map(|p| p.name.len() + 64);
        targets.chain(phases).sum()
    }
}

fn line(app: &App, store: &Store, mark: &RunMark) -> Result<RunLine, Refusal> {
    let run = &mark.summary;
    let plan = plan(&app.kept, store, mark)?;
    Ok(RunLine {
        id: run.id.to_string(),
        name: run.name.clone(),
        state: run.state.id(),
        created: iso(run.created_unix_ns),
        ended: run.ended_unix_ns.map(iso),
        workload: run.workload.to_string(),
        imported: plan.imported,
        targets: plan.targets.clone(),
        phases: plan.phases.clone(),
        cases: plan.cases,
        requests: run.requests,
        records: run.records,
        delivered: run.delivered,
        failed: run.failed,
        not_sent: run.not_sent,
        glance: app.glance(mark),
    })
}

/// The plan of a run; of one that this program cannot read, nothing but that it is there.
fn plan(kept: &Kept, store: &Store, mark: &RunMark) -> Result<Arc<Plan>, StoreError> {
    let id = mark.summary.id;
    let name = format!("plan {id}");
    // While a run goes on its plan may grow, by the phases of a search.
    let is_same = |m: &[RunMark]| {
        m.first().is_some_and(|m| m.is_same_run(mark) && m.summary.state == mark.summary.state)
    };
    if let Some(held) = kept.get::<Plan>(&name).filter(|held| is_same(&held.marks)) {
        return Ok(held.value);
    }
    let imported = store.is_imported(id)?;
    let plan = match store.spec(id) {
        Ok(spec) => Plan {
            targets: TargetInfo::all(&spec),
            phases: PhaseInfo::all(&spec),
            cases: spec.cases,
            imported,
        },
        Err(StoreError::Corrupt { .. }) => {
            Plan { targets: Vec::new(), phases: Vec::new(), cases: 0, imported }
        }
        Err(e) => return Err(e),
    };
    let value = Arc::new(plan);
    let marks = vec![mark.clone()];
    kept.put(name, Held { value: value.clone(), marks, made: Instant::now(), cost: Duration::ZERO });
    Ok(value)
}

fn iso(unix_ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(unix_ns))
        .map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}
