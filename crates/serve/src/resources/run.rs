//! One run: everything its page shows, and its deletion.

use crate::answer::{Answered, At};
use crate::app::App;
use crate::derive::Wanted;
use crate::glances::glanced;
use crate::packed::Packed;
use crate::refusal::Refusal;
use crate::routes::{Method, RUN, Route, Shape, schema_of};
use acidtest_findings::PlanInfo;
use acidtest_readback::{Said, with_view};
use acidtest_record::RunId;
use acidtest_report::RunPage;
use acidtest_store::{RunMark, Store};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::{delete, get};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::time::Instant;

/// Everything that the page of a run shows.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/runs/{run}",
    name: "run",
    summary: "Everything that the page of a run shows. Of a run that goes on, as of some moment ago.",
    parameters: &[RUN],
    body: None,
    answer: Shape::Json(schema_of::<RunPage<'static>>),
    refusals: &[404],
    handler: || get(show),
};

/// The deletion.
pub(crate) const DELETE: Route = Route {
    method: Method::Delete,
    path: "/api/runs/{run}",
    name: "delete_run",
    summary: "Deletes a run for good; one that is being written is not.",
    parameters: &[RUN],
    body: None,
    answer: Shape::Nothing,
    refusals: &[404, 409],
    handler: || delete(remove),
};

async fn show(State(app): State<App>, At(run): At<String>, headers: HeaderMap) -> Answered {
    let run = app.run(&run).await?;
    Ok(made(&app, &run).await?.answer(&headers))
}

/// The name of the page of a run among what is kept.
pub(crate) fn wanted(run: &RunMark) -> Wanted {
    Wanted::of("run", run)
}

/// The page of a run, and its glance with it.
pub(crate) async fn made(app: &App, run: &RunMark) -> Result<Arc<Packed>, Refusal> {
    let (own, id) = (app.clone(), run.summary.id);
    app.derived(wanted(run), move |store| page(&own, store, id)).await
}

/// The page; its glance falls off on the way.
fn page(app: &App, store: &Store, run: RunId) -> Result<Packed, Refusal> {
    let (begun, mark) = (Instant::now(), store.mark(run)?);
    let (findings, curves) = with_view(store, run, |view| {
        let said = Said::of(store, run, view);
        let findings = acidtest_findings::find(view, &mut |key| said.texts(store, key));
        (findings, acidtest_findings::curves(view))
    })?;
    app.keep_glance(mark, glanced(&findings)?, begun.elapsed());
    let mut facts = Vec::new();
    store.facts(run, &mut |fact| facts.push(fact))?;
    let (spec, clocks) = (store.spec(run)?, store.clocks(run)?);
    let plan = PlanInfo::of(&spec, &clocks, &facts, findings.run.replayed_from.as_deref());
    Packed::of(&RunPage::of(&findings, &curves, &plan))
}

async fn remove(State(app): State<App>, At(run): At<String>) -> Answered {
    let run = app.run(&run).await?.summary.id;
    app.writing(move |store| {
        // A run that is being written must not lose its ground.
        let _claim = store.claim(run)?;
        Ok(store.delete(run)?)
    })
    .await?;
    app.kept.forget(run);
    Ok(StatusCode::NO_CONTENT.into_response())
}
