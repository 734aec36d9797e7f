//! The requests of a run as a table, and one of them.

use crate::answer::{Answered, Asked, At, json};
use crate::app::App;
use crate::refusal::Refusal;
use crate::routes::{FROM, LIMIT, Method, Parameter, RUN, Route, Shape, schema_of};
use acidtest_findings::browse::{CaseOrder, CasePage, CaseQuery, CaseView, MOST_ROWS, Needle, Range};
use acidtest_readback::{case_view, row_texts};
use axum::extract::State;
use axum::routing::get;

/// Rows of a page where none are asked for.
const USUAL_ROWS: u64 = 100;
/// Values of one filter at most.
const MOST_VALUES: usize = 50;

/// The table.
pub(crate) const LIST: Route = Route {
    method: Method::Get,
    path: "/api/runs/{run}/cases",
    name: "cases",
    summary: "The requests of a run that pass filters and a search, one page of them. A filter may be given several times: its values are alternatives.",
    parameters: &[
        RUN,
        Parameter::query("q", "A text to look for in ids, fields and references of cases, and in answers."),
        Parameter::query("target", "A target's name."),
        Parameter::query("phase", "A phase's name."),
        Parameter::query("prompt", "A prompt's name."),
        Parameter::query("delivery", "A delivery class; `failed` and `not_sent` stand for all of theirs."),
        Parameter::query("judgement", "A judgement."),
        Parameter::query("tag", "A tag of the case: `key:value`."),
        Parameter::query("score", "A scorer's name, for `score_min` and `score_max`."),
        Parameter::number("score_min", "The score is not below."),
        Parameter::number("score_max", "The score is not above."),
        Parameter::number("ttft_min", "Seconds to the first token are not below."),
        Parameter::number("ttft_max", "Seconds to the first token are not above."),
        Parameter::number("e2e_min", "Seconds to the end of the answer are not below."),
        Parameter::number("e2e_max", "Seconds to the end of the answer are not above."),
        Parameter::query("sort", "`slot`, `case`, `ttft`, `e2e`, `output_tokens` or `score:NAME`."),
        Parameter::query("order", "`asc` or `desc`."),
        FROM,
        LIMIT,
    ],
    body: None,
    answer: Shape::Json(schema_of::<CasePage>),
    refusals: &[404],
    handler: || get(list),
};

/// One request.
pub(crate) const SHOW: Route = Route {
    method: Method::Get,
    path: "/api/runs/{run}/requests/{request}",
    name: "request",
    summary: "One request with its case, its attempts, opinions about it, and the other requests of the case.",
    parameters: &[RUN, Parameter::path("request", "Slot and step: `12.0`.")],
    body: None,
    answer: Shape::Json(schema_of::<CaseView>),
    refusals: &[404],
    handler: || get(show),
};

type Pairs = Vec<(String, String)>;

async fn list(State(app): State<App>, At(run): At<String>, Asked(pairs): Asked<Pairs>) -> Answered {
    let (query, typed) = query(&pairs)?;
    let run = app.run(&run).await?;
    let records = run.summary.records;
    let page = match typed.and_then(|t| Needle::new(t).map(|n| (n, t))) {
        Some((needle, typed)) => {
            let searching = app.searching(&run, needle, typed).await?;
            app.reading(move |store| {
                searching.look(store, |search| {
                    let (hits, partial) = (Some(search.hits()), search.partial(records));
                    Ok(searching.indexed.index.page(&query, hits, partial, &mut |ask| row_texts(store, ask)))
                })
            })
            .await?
        }
        None => {
            let indexed = app.indexed(&run).await?;
            app.reading(move |store| {
                Ok(indexed.index.page(&query, None, None, &mut |ask| row_texts(store, ask)))
            })
            .await?
        }
    };
    Ok(json(&page))
}

async fn show(State(app): State<App>, At((run, request)): At<(String, String)>) -> Answered {
    let at = slot_and_step(&request)?;
    let run = app.run(&run).await?;
    let indexed = app.indexed(&run).await?;
    let view = app.reading(move |store| Ok(case_view(store, &indexed.index, at)?)).await?;
    match view {
        Some(view) => Ok(json(&view)),
        None => Err(Refusal::unknown(format!("the run has no request {}.{}", at.0, at.1))
            .hint("requests are named by slot and step, such as 12.0")),
    }
}

/// `12.0`.
pub(crate) fn slot_and_step(text: &str) -> Result<(u32, u16), Refusal> {
    let parts = text.split_once('.').and_then(|(slot, step)| Some((slot.parse().ok()?, step.parse().ok()?)));
    parts.ok_or_else(|| Refusal::bad("expected slot and step, such as 12.0"))
}

/// The query, and what is searched for.
fn query(pairs: &Pairs) -> Result<(CaseQuery, Option<&str>), Refusal> {
    let mut query = CaseQuery { limit: USUAL_ROWS, ..CaseQuery::default() };
    let mut typed = None;
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "q" => typed = Some(value.as_str()),
            "target" => add(&mut query.targets, value)?,
            "phase" => add(&mut query.phases, value)?,
            "prompt" => add(&mut query.prompts, value)?,
            "delivery" => add(&mut query.delivery, value)?,
            "judgement" => add(&mut query.judgement, value)?,
            "tag" => {
                let (key, value) =
                    value.split_once(':').ok_or_else(|| Refusal::bad("tag: expected key:value"))?;
                if query.tags.len() >= MOST_VALUES {
                    return Err(Refusal::bad(format!("more than {MOST_VALUES} values of one filter")));
                }
                query.tags.push((key.to_owned(), value.to_owned()));
            }
            "score" => query.score = Some(value.clone()),
            "order" => query.is_descending = word(name, value, &[("asc", false), ("desc", true)])?,
            "sort" => {
                query.order = CaseOrder::of(value).ok_or_else(|| {
                    Refusal::bad("sort: expected slot, case, ttft, e2e, output_tokens or score:NAME")
                })?;
            }
            "from" => query.from = count(name, value)?,
            "limit" => query.limit = count(name, value)?.min(MOST_ROWS),
            _ => range(&mut query, name, value)?,
        }
    }
    Ok((query, typed))
}

fn add(list: &mut Vec<String>, value: &str) -> Result<(), Refusal> {
    if list.len() >= MOST_VALUES {
        return Err(Refusal::bad(format!("more than {MOST_VALUES} values of one filter")));
    }
    list.push(value.to_owned());
    Ok(())
}

fn word<T: Copy>(name: &str, value: &str, known: &[(&str, T)]) -> Result<T, Refusal> {
    let words = || known.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
    let found = known.iter().find(|(word, _)| *word == value).map(|(_, meant)| *meant);
    found.ok_or_else(|| Refusal::bad(format!("{name}: expected {}", words())))
}

pub(crate) fn count(name: &str, value: &str) -> Result<u64, Refusal> {
    value.parse().map_err(|_| Refusal::bad(format!("{name}: expected a whole number from 0")))
}

/// Ends of ranges; what is none is refused, so that a slip does not look like a filter.
fn range(query: &mut CaseQuery, name: &str, value: &str) -> Result<(), Refusal> {
    let (what, is_min) = match (name.strip_suffix("_min"), name.strip_suffix("_max")) {
        (Some(what), _) => (what, true),
        (_, Some(what)) => (what, false),
        _ => return Err(unknown()),
    };
    let range: &mut Range = match what {
        "score" => &mut query.scored,
        "ttft" => &mut query.ttft,
        "e2e" => &mut query.e2e,
        _ => return Err(unknown()),
    };
    let number: f64 = value
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite())
        .ok_or_else(|| Refusal::bad(format!("{name}: expected a number")))?;
    *(if is_min { &mut range.min } else { &mut range.max }) = Some(number);
    Ok(())
}

fn unknown() -> Refusal {
    Refusal::bad("there is no such filter").hint("the API's description is at /api/openapi.json")
}
