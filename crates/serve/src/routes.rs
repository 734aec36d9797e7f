//! Every route of the API: one slice, from which router and OpenAPI document are made.
//!
//! Main items: [`ROUTES`], [`Route`]. A resource is a file in `resources/` and its lines here. A
//! handler reads its address, asks [`App`] for what it needs, and gives an answer or a refusal.

use crate::app::App;
use crate::refusal::Refusal;
use crate::resources::{
    about, annotations, cases, compare, document, events, frontier, leaderboard, raw, run, runs, votes,
};
use axum::Router;
use axum::routing::MethodRouter;
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The routes, in the order of the document.
pub(crate) const ROUTES: &[Route] = &[
    about::SHOW,
    runs::LIST,
    run::SHOW,
    run::DELETE,
    cases::LIST,
    cases::SHOW,
    raw::SHOW,
    annotations::LIST,
    annotations::SAY,
    compare::SHOW,
    frontier::SHOW,
    leaderboard::SHOW,
    votes::NEXT,
    votes::VOTE,
    events::FOLLOW,
    document::SHOW,
];

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// One route: what a client must know of it, and who answers.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With names in braces, which `parameters` describe.
    pub(crate) path: &'static str,
    /// Unique; in the document it is the operation's id.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// Shape of the JSON body, for those that take one.
    pub(crate) body: Option<SchemaOf>,
    pub(crate) answer: Shape,
    /// Statuses of errors beyond those that every route may give.
    pub(crate) refusals: &'static [u16],
    pub(crate) handler: fn() -> MethodRouter<App>,
}

/// A schema, made when the document is.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type, as a [`SchemaOf`].
pub(crate) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What a successful answer is.
pub(crate) enum Shape {
    /// JSON of a shape.
    Json(SchemaOf),
    /// Server-sent events whose data is JSON of a shape.
    Events(SchemaOf),
    /// Bytes as they were stored.
    Bytes,
    /// Nothing: status 204.
    Nothing,
}

/// A part of an address.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) what: &'static str,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    /// In the query, and must be there.
    Needed,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Count,
    Number,
}

impl Parameter {
    /// A name in the path.
    pub(crate) const fn path(name: &'static str, what: &'static str) -> Self {
        Self { name, what, place: Place::Path, kind: Kind::Text }
    }

    /// A text in the query that may be left out.
    pub(crate) const fn query(name: &'static str, what: &'static str) -> Self {
        Self { name, what, place: Place::Query, kind: Kind::Text }
    }

    /// A text in the query that may not.
    pub(crate) const fn needed(name: &'static str, what: &'static str) -> Self {
        Self { name, what, place: Place::Needed, kind: Kind::Text }
    }

    /// A whole number in the query that may be left out.
    pub(crate) const fn count(name: &'static str, what: &'static str) -> Self {
        Self { name, what, place: Place::Query, kind: Kind::Count }
    }

    /// A number in the query that may be left out.
    pub(crate) const fn number(name: &'static str, what: &'static str) -> Self {
        Self { name, what, place: Place::Query, kind: Kind::Number }
    }
}

/// `{run}` in a path.
pub(crate) const RUN: Parameter =
    Parameter::path("run", "The run: its id, a unique prefix of it, or `latest`.");
/// First row of a page.
pub(crate) const FROM: Parameter = Parameter::count("from", "How many to leave out at the start.");
/// Rows of a page.
pub(crate) const LIMIT: Parameter = Parameter::count("limit", "How many to give at most.");

/// The router of every route.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .route("/", axum::routing::get(crate::page::show))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .with_state(app)
}

async fn nowhere() -> Refusal {
    Refusal::unknown("there is nothing at this address")
        .hint("the page is at /, the API's description at /api/openapi.json")
}

async fn not_so() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take that method")
        .hint("the API's description is at /api/openapi.json")
}
