//! Labels and scores that people give answers, and how far they agree with scorers.
//!
//! An annotation is a verdict of a person about one answer; of one person the latest counts, and
//! null takes it back.

use super::votes::{now, person};
use crate::answer::{Answered, Asked, At, Posted, json};
use crate::app::App;
use crate::indexed::Indexed;
use crate::refusal::Refusal;
use crate::routes::{FROM, LIMIT, Method, Parameter, RUN, Route, Shape, schema_of};
use acidtest_findings::browse::SaidValue;
use acidtest_findings::duels::PREFERENCE;
use acidtest_findings::{Agreement, Opinions, agreement};
use acidtest_record::{
    About, AboutRole, Item, Maker, MakerKind, RunId, Status, Value, Verdict, is_our_own, name_of, note_of,
};
use acidtest_store::Store;
use axum::extract::State;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Items of a page where none are asked for, and at most.
const USUAL_ITEMS: u64 = 100;
const MOST_ITEMS: u64 = 500;
/// The name where nobody used one yet.
const USUAL_NAME: &str = "helpful";
/// Most names and labels that are listed.
const MOST_NAMES: usize = 100;

/// The page.
pub(crate) const LIST: Route = Route {
    method: Method::Get,
    path: "/api/runs/{run}/annotations",
    name: "annotations",
    summary: "The answers of a run with what a person said of them, and how far people agree with scorers.",
    parameters: &[
        RUN,
        Parameter::query("person", "The person's pseudonym."),
        Parameter::query("name", "What is judged; not given: the name in use."),
        FROM,
        LIMIT,
    ],
    body: None,
    answer: Shape::Json(schema_of::<AnnotationPage>),
    refusals: &[404],
    handler: || get(list),
};

/// An annotation.
pub(crate) const SAY: Route = Route {
    method: Method::Post,
    path: "/api/runs/{run}/annotations",
    name: "annotate",
    summary: "Stores what a person says of an answer; null takes it back.",
    parameters: &[RUN],
    body: Some(schema_of::<AnnotationRequest>),
    answer: Shape::Json(schema_of::<AnnotationItem>),
    refusals: &[404],
    handler: || post(say),
};

/// The answers of a run with what a person said of them.
#[derive(Serialize, JsonSchema)]
struct AnnotationPage {
    /// Names in use with their kind; the first is the default.
    names: Vec<AnnotationName>,
    /// The name that the page is about.
    name: String,
    /// Delivered answers in the order of their slots.
    items: Vec<AnnotationItem>,
    /// How many there are.
    total: u64,
    /// How many this person said something about.
    done: u64,
    /// How far this person, and all people together, agree with each scorer.
    agreement: Vec<Agreement>,
}

/// A name that people gave opinions under.
#[derive(Serialize, JsonSchema)]
struct AnnotationName {
    /// The name.
    name: String,
    /// What they say.
    kind: NameKind,
    /// Labels in use.
    labels: Vec<String>,
}

/// What people say under a name.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NameKind {
    /// A label.
    Label,
    /// A number from 0 to 1.
    Score,
    /// Yes or no.
    YesNo,
}

/// An answer with what a person said of it.
#[derive(Serialize, JsonSchema)]
struct AnnotationItem {
    /// Its slot.
    slot: u32,
    /// Step within the slot.
    step: u16,
    /// The case's id.
    case: Option<String>,
    /// Target, phase, and prompt where there are several.
    labels: BTreeMap<String, String>,
    /// What was said; null when nothing stands.
    value: Option<SaidValue>,
    /// Why.
    note: Option<String>,
}

/// What a person says of an answer.
#[derive(Deserialize, JsonSchema)]
struct AnnotationRequest {
    /// The answer's slot.
    slot: u32,
    /// Its step within the slot.
    step: u16,
    /// The person's pseudonym.
    person: String,
    /// What is judged; the score's name in reports.
    name: String,
    /// Yes or no, a number from 0 to 1, or a label; null takes it back.
    value: Option<SaidValue>,
    /// Why.
    note: Option<String>,
}

#[derive(Deserialize)]
struct Which {
    person: Option<String>,
    name: Option<String>,
    from: Option<u64>,
    limit: Option<u64>,
}

/// What people said in a run.
#[derive(Default)]
struct Heard {
    /// Kinds and labels by name.
    names: BTreeMap<String, (NameKindSeen, BTreeSet<String>)>,
    /// The verdicts under the name that is asked for.
    own: Vec<Verdict>,
}

#[derive(Default, Clone, Copy)]
struct NameKindSeen {
    labels: u64,
    numbers: u64,
    said: u64,
}

async fn list(State(app): State<App>, At(run): At<String>, Asked(which): Asked<Which>) -> Answered {
    let who = which.person.as_deref().filter(|p| !p.is_empty()).map(person).transpose()?;
    let name = which.name.as_deref().filter(|n| !n.is_empty()).map(name).transpose()?;
    let run = app.run(&run).await?;
    let indexed = app.requests_of(&run).await?;
    let (from, limit) = (which.from.unwrap_or(0), which.limit.unwrap_or(USUAL_ITEMS).min(MOST_ITEMS));
    let page = app
        .reading(move |store| {
            let id = run.summary.id;
            let heard = heard(store, id, name.as_deref())?;
            page(store, &indexed, heard, Wanted { id, who, name, from, limit })
        })
        .await?;
    Ok(json(&page))
}

/// What of the page is wanted.
struct Wanted {
    id: RunId,
    who: Option<String>,
    name: Option<String>,
    from: u64,
    limit: u64,
}

/// A name that people may use.
fn name(text: &str) -> Result<String, Refusal> {
    let name = name_of(text).map_err(|why| Refusal::bad(format!("the name {why}")))?;
    match is_our_own(&name) || name == PREFERENCE {
        true => Err(Refusal::bad(format!("'{name}' is a name that acidtest gives itself"))),
        false => Ok(name),
    }
}

fn heard(store: &Store, run: RunId, name: Option<&str>) -> Result<Heard, Refusal> {
    let mut heard = Heard::default();
    let mut all: HashMap<String, Vec<Verdict>> = HashMap::new();
    store.verdicts_by(run, MakerKind::Person, None, &mut |v| {
        let is_kept = heard.names.contains_key(&v.name) || heard.names.len() < MOST_NAMES;
        if v.about.len() != 1 || is_our_own(&v.name) || !is_kept {
            return;
        }
        let (seen, labels) = heard.names.entry(v.name.clone()).or_default();
        seen.said += 1;
        match &v.value {
            Some(Value::Label(label)) => {
                seen.labels += 1;
                if labels.len() < MOST_NAMES {
                    labels.insert(label.clone());
                }
            }
            Some(Value::Number(_)) => seen.numbers += 1,
            _ => {}
        }
        if name.is_none_or(|n| n == v.name) {
            all.entry(v.name.clone()).or_default().push(v);
        }
    })?;
    let wanted = name.map_or_else(|| most_used(&heard.names), str::to_owned);
    heard.own = all.remove(&wanted).unwrap_or_default();
    Ok(heard)
}

/// The name that most was said under.
fn most_used(names: &BTreeMap<String, (NameKindSeen, BTreeSet<String>)>) -> String {
    let most = names.iter().max_by_key(|(_, (seen, _))| seen.said);
    most.map_or_else(|| USUAL_NAME.to_owned(), |(name, _)| name.clone())
}

fn page(store: &Store, indexed: &Indexed, heard: Heard, wanted: Wanted) -> Result<AnnotationPage, Refusal> {
    let index = &indexed.index;
    let name = wanted.name.unwrap_or_else(|| most_used(&heard.names));
    let mut opinions = Opinions::about(&name);
    heard.own.iter().for_each(|v| opinions.person(index, v));
    let spoken_of = opinions.spoken_of(index);
    if !heard.own.is_empty() {
        for kind in [MakerKind::Scorer, MakerKind::Judge, MakerKind::Import] {
            store.verdicts_by(wanted.id, kind, None, &mut |v| opinions.other(index, &spoken_of, &v))?;
        }
    }
    let who = wanted.who.as_deref();
    let latest = latest(&heard.own, who);
    let answers: Vec<usize> = (0..index.len()).filter(|at| index.is_delivered(*at)).collect();
    let from = usize::try_from(wanted.from).unwrap_or(usize::MAX).min(answers.len());
    let items = answers[from..].iter().take(wanted.limit as usize).map(|at| item(index, *at, &latest));
    Ok(AnnotationPage {
        items: items.collect(),
        total: answers.len() as u64,
        done: who.map_or(0, |p| opinions.done(p)),
        agreement: agreement(index, &indexed.spec, &opinions, who),
        names: names(heard.names, &name),
        name,
    })
}

/// Names in use, the one that is asked for first.
fn names(heard: BTreeMap<String, (NameKindSeen, BTreeSet<String>)>, name: &str) -> Vec<AnnotationName> {
    let kind = |seen: NameKindSeen| match (seen.labels, seen.numbers) {
        (0, 0) => NameKind::YesNo,
        (0, _) => NameKind::Score,
        _ => NameKind::Label,
    };
    let one = |(name, (seen, labels)): (String, (NameKindSeen, BTreeSet<String>))| AnnotationName {
        name,
        kind: kind(seen),
        labels: labels.into_iter().collect(),
    };
    let mut all: Vec<AnnotationName> = heard.into_iter().map(one).collect();
    if all.iter().all(|n| n.name != name) {
        all.push(AnnotationName { name: name.to_owned(), kind: NameKind::YesNo, labels: Vec::new() });
    }
    all.sort_by_key(|n| n.name != name);
    all
}

/// The latest of a person about each answer.
fn latest<'v>(own: &'v [Verdict], who: Option<&str>) -> HashMap<(u32, u16, u8), &'v Verdict> {
    let mut latest: HashMap<(u32, u16, u8), &Verdict> = HashMap::new();
    for v in own.iter().filter(|v| Some(v.maker.name.as_str()) == who) {
        let key = v.about[0].key;
        let before = latest.entry((key.slot, key.step, key.attempt)).or_insert(v);
        if v.at_unix_ns >= before.at_unix_ns {
            *before = v;
        }
    }
    latest
}

fn item(
    index: &acidtest_findings::browse::CaseIndex,
    at: usize,
    latest: &HashMap<(u32, u16, u8), &Verdict>,
) -> AnnotationItem {
    let key = index.key(at);
    let said = latest.get(&(key.slot, key.step, key.attempt)).filter(|v| v.status == Status::Scored);
    AnnotationItem {
        slot: key.slot,
        step: key.step,
        case: index.case_id(at).map(str::to_owned),
        labels: index.place(at).labels.clone(),
        value: said.and_then(|v| v.value.as_ref()).map(SaidValue::of),
        note: said.and_then(|v| v.why.clone()),
    }
}

async fn say(
    State(app): State<App>,
    At(run): At<String>,
    Posted(said): Posted<AnnotationRequest>,
) -> Answered {
    let (who, name) = (person(&said.person)?, name(&said.name)?);
    let value = said.value.map(value).transpose()?;
    let note = said.note.as_deref().and_then(note_of);
    let run = app.run(&run).await?;
    let indexed = app.requests_of(&run).await?;
    let at = indexed.index.position(said.slot, said.step).filter(|at| indexed.index.is_delivered(*at));
    let at =
        at.ok_or_else(|| Refusal::unknown(format!("the run has no answer {}.{}", said.slot, said.step)))?;
    let verdict = Verdict {
        name,
        maker: Maker { kind: MakerKind::Person, name: who.clone(), version: String::new(), digest: None },
        about: vec![About { role: AboutRole::Subject, key: indexed.index.key(at) }],
        status: if value.is_some() { Status::Scored } else { Status::Withdrawn },
        value,
        why: note,
        evidence: None,
        at_unix_ns: now(),
    };
    let item = app
        .writing(move |store| {
            let heard = heard(store, run.summary.id, Some(&verdict.name))?;
            let key = verdict.about[0].key;
            let before =
                latest(&heard.own, Some(&who)).get(&(key.slot, key.step, key.attempt)).copied().cloned();
            let is_there = before.as_ref().is_some_and(|b| {
                (b.status, &b.value, &b.why) == (verdict.status, &verdict.value, &verdict.why)
            });
            // What is taken back though it was never said needs no verdict either.
            if !is_there && (before.is_some() || verdict.status == Status::Scored) {
                store.append(run.summary.id, &[Item::Verdict(verdict.clone())])?;
            }
            let latest = HashMap::from([((key.slot, key.step, key.attempt), &verdict)]);
            Ok(item(&indexed.index, at, &latest))
        })
        .await?;
    Ok(json(&item))
}

/// What may be said: yes or no, a number from 0 to 1, or a label.
fn value(said: SaidValue) -> Result<Value, Refusal> {
    match said {
        SaidValue::Bool(yes) => Ok(Value::Bool(yes)),
        SaidValue::Number(x) if (0.0..=1.0).contains(&x) => Ok(Value::Number(x)),
        SaidValue::Number(x) => Err(Refusal::bad(format!("the value {x} is outside 0..1"))),
        SaidValue::Text(label) => {
            name_of(&label).map(Value::Label).map_err(|why| Refusal::bad(format!("the label {why}")))
        }
    }
}
