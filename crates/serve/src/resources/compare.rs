//! Two runs, paired case by case.

use crate::answer::{Answered, Asked};
use crate::app::App;
use crate::derive::Wanted;
use crate::packed::Packed;
use crate::refusal::Refusal;
use crate::routes::{Method, Parameter, Route, Shape, schema_of};
use acidtest_findings::{View, distributions};
use acidtest_readback::{texts, with_view};
use acidtest_record::RunId;
use acidtest_report::ComparePage;
use acidtest_store::Store;
use axum::extract::State;
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/compare",
    name: "compare",
    summary: "Two runs, paired case by case: what got better, what got worse, what is not shown.",
    parameters: &[
        Parameter::needed("base", "The first run: its id, a unique prefix of it, or `latest`."),
        Parameter::needed("other", "The second run, which is compared with the first."),
    ],
    body: None,
    answer: Shape::Json(schema_of::<ComparePage<'static>>),
    refusals: &[404],
    handler: || get(show),
};

#[derive(Deserialize)]
struct Which {
    base: String,
    other: String,
}

async fn show(State(app): State<App>, Asked(which): Asked<Which>, headers: HeaderMap) -> Answered {
    let runs = [app.run(&which.base).await?, app.run(&which.other).await?];
    let [base, other] = [runs[0].summary.id, runs[1].summary.id];
    if base == other {
        return Err(Refusal::bad(format!("both are run {base}")).hint("name two runs"));
    }
    let wanted = Wanted::of_many("compare", &runs);
    let page = app.derived(wanted, move |store| compared(store, base, other)).await?;
    Ok(page.answer(&headers))
}

fn compared(store: &Store, base: RunId, other: RunId) -> Result<Packed, Refusal> {
    let packed = with_view(store, base, |first| with_view(store, other, |second| page(store, first, second)));
    packed??
}

fn page(store: &Store, first: &View, second: &View) -> Result<Packed, Refusal> {
    let (mut of_first, mut of_second) = (|key| texts(store, key), |key| texts(store, key));
    let found = acidtest_findings::compare(first, second, (&[], &[]), (&mut of_first, &mut of_second));
    Packed::of(&ComparePage::of(&found, distributions(first), distributions(second)))
}
