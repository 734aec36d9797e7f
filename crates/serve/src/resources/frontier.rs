//! Quality against speed against cost, over the places of runs.

use crate::answer::{Answered, Asked, json};
use crate::app::App;
use crate::derive::Wanted;
use crate::kept::Weighed;
use crate::refusal::Refusal;
use crate::routes::{Method, Parameter, Route, Shape, schema_of};
use acidtest_findings::{Estimate, Findings, Frontier, FrontierAxes, frontier};
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

/// Names that a refusal lists.
const NAMED: usize = 200;

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/frontier",
    name: "frontier",
    summary: "Every target under each phase of runs by two numbers, with the Pareto line, and quality under load.",
    parameters: &[
        Parameter::query("runs", "Runs, with commas between them; none: the newest."),
        Parameter::query("x", "The number from left to right, such as `ttft.p50`."),
        Parameter::query("y", "The number upwards, such as `accuracy.share`."),
        Parameter::query("size", "The number that is the size of a point."),
    ],
    body: None,
    answer: Shape::Json(schema_of::<Frontier>),
    refusals: &[404],
    handler: || get(show),
};

#[derive(Deserialize)]
struct Which {
    runs: Option<String>,
    x: Option<String>,
    y: Option<String>,
    size: Option<String>,
}

/// Findings of a run with nothing but what a frontier weighs.
struct Weighable(Findings);

impl Weighed for Weighable {
    fn weight(&self) -> usize {
        self.0.estimates.iter().map(weight).sum()
    }
}

fn weight(e: &Estimate) -> usize {
    size_of::<Estimate>() + e.how.len() + 48 * (e.labels.len() + e.params.len()) + 64
}

async fn show(State(app): State<App>, Asked(which): Asked<Which>) -> Answered {
    let marks = app.runs_of(which.runs.as_deref()).await?;
    let mut runs: Vec<Arc<Weighable>> = Vec::with_capacity(marks.len());
    for mark in &marks {
        let id = mark.summary.id;
        let found = app.derived(Wanted::of("places", mark), move |store| {
            Ok(Weighable(acidtest_readback::findings(store, id)?.weighable()))
        });
        runs.push(found.await?);
    }
    let named = |name: Option<String>| name.filter(|n| !n.is_empty());
    let axes = FrontierAxes { x: named(which.x), y: named(which.y), size: named(which.size) };
    let all: Vec<&Findings> = runs.iter().map(|r| &r.0).collect();
    let found = frontier(&all, &axes).map_err(|e| {
        let known = e.known.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        Refusal::bad(e.to_string()).hint(format!("there are: {known}"))
    })?;
    Ok(json(&found))
}
