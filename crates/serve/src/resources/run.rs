//! One run: everything its page shows, and its deletion.

use crate::answer::{Answered, At};
use crate::app::App;
use crate::routes::{Method, RUN, Route, Shape};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::delete;
use http::StatusCode;

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
