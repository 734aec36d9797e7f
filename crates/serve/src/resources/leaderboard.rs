//! Ratings of targets from votes or scores: what `acidtest rank` prints.

use crate::answer::{Answered, Asked};
use crate::app::App;
use crate::derive::Wanted;
use crate::packed::Packed;
use crate::refusal::Refusal;
use crate::routes::{Method, Parameter, Route, Shape, schema_of};
use acidtest_findings::duels::TooMany;
use acidtest_readback::Arena;
use acidtest_report::{BattleRun, BattleSource, Leaderboard, leaderboard};
use axum::extract::State;
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

/// Scores that are offered as sources.
const MOST_SCORES: usize = 20;

/// The route.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/leaderboard",
    name: "leaderboard",
    summary: "Ratings of the targets of runs, from votes on their answers or from a score of the same cases.",
    parameters: &[
        Parameter::query(
            "source",
            "`votes` or `score:NAME`; not given: votes where there are some, else the first score.",
        ),
        Parameter::query("runs", "Runs, with commas between them; none: the newest."),
    ],
    body: None,
    answer: Shape::Json(schema_of::<Leaderboard>),
    refusals: &[404],
    handler: || get(show),
};

#[derive(Deserialize)]
struct Which {
    source: Option<String>,
    runs: Option<String>,
}

async fn show(State(app): State<App>, Asked(which): Asked<Which>, headers: HeaderMap) -> Answered {
    let source = which.source.filter(|s| !s.is_empty());
    if source.as_deref().is_some_and(|s| s != "votes" && !s.starts_with("score:")) {
        return Err(Refusal::bad("source: expected votes or score:NAME"));
    }
    let marks = app.runs_of(which.runs.as_deref()).await?;
    let mut known = Vec::with_capacity(marks.len());
    for mark in &marks {
        let indexed = app.indexed(mark).await?;
        known.push((mark.summary.id, indexed.index.clone(), indexed.spec.clone()));
    }
    let wanted = Wanted::of_many("leaderboard", &marks).with(source.as_deref().unwrap_or_default());
    let page = app
        .derived(wanted, move |store| {
            let arena = Arena::of(store, known)?;
            Packed::of(&board(&arena, source.as_deref()).map_err(too_many)?)
        })
        .await?;
    Ok(page.answer(&headers))
}

fn too_many(e: TooMany) -> Refusal {
    Refusal::bad(e.to_string()).hint("name fewer runs")
}

fn board(arena: &Arena, wanted: Option<&str>) -> Result<Leaderboard, TooMany> {
    let votes = arena.of_votes()?;
    let mut sources = vec![BattleSource { id: "votes".to_owned(), battles: votes.duels.len() as u64 }];
    for name in arena.score_names().into_iter().take(MOST_SCORES) {
        let battles = arena.of_scores(&name)?.duels.len() as u64;
        sources.push(BattleSource { id: format!("score:{name}"), battles });
    }
    let usual = || sources.iter().find(|s| s.battles > 0).map_or("votes", |s| s.id.as_str());
    let source = wanted.unwrap_or_else(usual).to_owned();
    let duels = match source.strip_prefix("score:") {
        Some(name) => arena.of_scores(name)?,
        None => votes,
    };
    let runs =
        arena.runs().iter().map(|r| BattleRun { id: r.id.to_string(), name: r.name.clone() }).collect();
    Ok(leaderboard(&source, sources, &duels, runs))
}
