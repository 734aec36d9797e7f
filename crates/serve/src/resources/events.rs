//! Changes as they come, by server-sent events.

use crate::answer::Answered;
use crate::app::App;
use crate::hub::ChangeEvent;
use crate::refusal::Refusal;
use crate::routes::{Method, Route, Shape, schema_of};
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The route.
pub(crate) const FOLLOW: Route = Route {
    method: Method::Get,
    path: "/api/events",
    name: "events",
    summary: "Changes as they come: events named `change`, the first one at once and with all runs.",
    parameters: &[],
    body: None,
    answer: Shape::Events(schema_of::<ChangeEvent>),
    refusals: &[429],
    handler: || get(follow),
};

async fn follow(State(app): State<App>) -> Answered {
    let Some(events) = app.hub.listen() else {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many pages follow this server already")
            .hint("close some of them"));
    };
    let headers = [(CONTENT_TYPE, "text/event-stream")];
    Ok((headers, Body::new(Events(events))).into_response())
}

/// A body that ends when the server does.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}
