//! What this server is, and what its caller may do.

use crate::answer::{Answered, json};
use crate::app::App;
use crate::guard::MayWrite;
use crate::routes::{Method, Route, Shape, schema_of};
use axum::Extension;
use axum::extract::State;
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/about",
    name: "about",
    summary: "What this server is, and what its caller may do.",
    parameters: &[],
    body: None,
    answer: Shape::Json(schema_of::<About>),
    refusals: &[],
    handler: || get(show),
};

/// The server.
#[derive(Serialize, JsonSchema)]
struct About<'a> {
    /// Version of the program.
    acidtest: &'static str,
    /// New with each start of the server.
    started: &'a str,
    /// Path of the store, as the user wrote it.
    store: &'a str,
    /// Whether this request's token may write (votes, annotations, deletion).
    may_write: bool,
}

async fn show(State(app): State<App>, Extension(MayWrite(may_write)): Extension<MayWrite>) -> Answered {
    let about = &app.about;
    let acidtest = env!("CARGO_PKG_VERSION");
    Ok(json(&About { acidtest, started: &about.started, store: &about.store, may_write }))
}
