//! The API's own description.

use crate::answer::{Answered, json};
use crate::app::App;
use crate::routes::{Method, Route, Shape};
use axum::routing::{MethodRouter, get};
use schemars::json_schema;

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/openapi.json",
    name: "openapi",
    summary: "This description, as OpenAPI 3.1.",
    parameters: &[],
    body: None,
    answer: Shape::Json(|_| json_schema!({ "type": "object" })),
    refusals: &[],
    handler: || -> MethodRouter<App> { get(show) },
};

async fn show() -> Answered {
    Ok(json(&crate::openapi::document()))
}
