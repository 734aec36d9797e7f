//! The bytes of a request as they were sent, and of a response that was kept: to download, never to show.

use crate::answer::{Answered, At};
use crate::app::App;
use crate::refusal::Refusal;
use crate::routes::{Method, Parameter, RUN, Route, Shape};
use acidtest_record::Key;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/runs/{run}/raw/{attempt}/{side}",
    name: "raw",
    summary: "The bytes of a request's body, or of a response that was kept whole because it was no usable answer.",
    parameters: &[
        RUN,
        Parameter::path("attempt", "Slot, step and attempt: `12.0.1`."),
        Parameter::path("side", "`request` or `response`."),
    ],
    body: None,
    answer: Shape::Bytes,
    refusals: &[404],
    handler: || get(show),
};

async fn show(State(app): State<App>, At((run, attempt, side)): At<(String, String, String)>) -> Answered {
    let is_request = match side.as_str() {
        "request" => true,
        "response" => false,
        _ => return Err(Refusal::unknown("expected request or response")),
    };
    let (slot, step, attempt) = three(&attempt)?;
    let run = app.run(&run).await?.summary.id;
    let key = Key { run, slot, step, attempt };
    let bytes = app
        .reading(move |store| {
            let record = store.record(key)?.ok_or_else(|| Refusal::unknown("the run has no such attempt"))?;
            let hash = if is_request { record.request.body } else { record.answer.raw };
            let hash = hash.ok_or_else(|| Refusal::unknown("its bytes were not kept"))?;
            store.blob(hash)?.ok_or_else(|| Refusal::unknown("its bytes are not stored any more"))
        })
        .await?;
    let name = format!("attachment; filename=\"{run}-{slot}.{step}.{attempt}-{side}.txt\"");
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], bytes)
        .into_response())
}

/// `12.0.1`.
fn three(text: &str) -> Result<(u32, u16, u8), Refusal> {
    let mut parts = text.split('.');
    let mut next = || parts.next();
    let (slot, step, attempt, rest) = (next(), next(), next(), next());
    let found = (|| Some((slot?.parse().ok()?, step?.parse().ok()?, attempt?.parse().ok()?)))();
    found
        .filter(|_| rest.is_none())
        .ok_or_else(|| Refusal::bad("expected slot, step and attempt, such as 12.0.1"))
}
