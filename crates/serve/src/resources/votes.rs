//! Blind votes: the next pair of answers to one case, and what a person says of it.
//!
//! Names come with the answer to a vote. A vote is a verdict `preference` of the run that holds the
//! left answer; it carries the digest of its ticket, so that one that is sent twice is known again,
//! by a server that was started later too.

use crate::answer::{Answered, Asked, Posted, json};
use crate::app::App;
use crate::refusal::Refusal;
use crate::routes::{Method, Parameter, Route, Shape, schema_of};
use crate::ticket::LONGEST;
use acidtest_findings::browse::{MessageView, cut};
use acidtest_findings::duels::{Choice, PREFERENCE, next};
use acidtest_readback::{BlindTexts, blind_texts};
use acidtest_record::{
    About, AboutRole, Digest, Item, Key, Maker, MakerKind, RunId, Status, Value, Verdict, name_of,
};
use acidtest_store::Store;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The next pair.
pub(crate) const NEXT: Route = Route {
    method: Method::Get,
    path: "/api/votes/next",
    name: "next_vote",
    summary: "Two stored answers to one case by different targets, without names, for a person to vote on.",
    parameters: &[
        Parameter::needed("voter", "The person's pseudonym."),
        Parameter::query("runs", "Runs, with commas between them; none: the newest."),
    ],
    body: None,
    answer: Shape::Json(schema_of::<BlindPair>),
    refusals: &[404],
    handler: || get(show),
};

/// A vote.
pub(crate) const VOTE: Route = Route {
    method: Method::Post,
    path: "/api/votes",
    name: "vote",
    summary: "Stores what a person says of a pair; says who was who. A vote that is sent twice is stored once.",
    parameters: &[],
    body: Some(schema_of::<VoteRequest>),
    answer: Shape::Json(schema_of::<VoteResult>),
    refusals: &[404, 409],
    handler: || post(cast),
};

/// A pair to vote on.
#[derive(Serialize, JsonSchema)]
struct BlindPair {
    /// Null where there is nothing to vote on.
    pair: Option<Pair>,
    /// Why there is none.
    none: Option<&'static str>,
    /// Votes of this voter so far.
    done: u64,
    /// Pairs that this voter was not asked about yet.
    open: u64,
}

/// Two answers without names.
#[derive(Serialize, JsonSchema)]
struct Pair {
    /// To be sent with the vote.
    ticket: String,
    /// What both were asked.
    prompt: Vec<MessageView>,
    /// The left answer.
    left: Side,
    /// The right answer.
    right: Side,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
struct Side {
    /// Its text, at most 64 KiB of it.
    text: String,
    /// Bytes that were left out; 0 when whole.
    left_out: u64,
}

/// What a person says.
#[derive(Deserialize, JsonSchema)]
struct VoteRequest {
    /// The pair's ticket.
    ticket: String,
    /// The person's pseudonym.
    voter: String,
    /// Which answer is better.
    choice: Said,
}

/// Choices.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// Both are as good.
    Tie,
    /// Both are bad.
    BothBad,
}

impl From<Said> for Choice {
    /// The left answer is A.
    fn from(said: Said) -> Self {
        match said {
            Said::Left => Choice::A,
            Said::Right => Choice::B,
            Said::Tie => Choice::Tie,
            Said::BothBad => Choice::BothBad,
        }
    }
}

/// Who was who.
#[derive(Serialize, JsonSchema)]
struct VoteResult {
    /// On the left.
    left: Who,
    /// On the right.
    right: Who,
    /// False when this very vote was stored before: it was not stored twice.
    stored: bool,
}

/// Whose answer it was.
#[derive(Serialize, JsonSchema)]
struct Who {
    /// The target.
    target: String,
    /// The model that was asked for.
    model: String,
    /// The run.
    run: String,
}

#[derive(Deserialize)]
struct Which {
    voter: String,
    runs: Option<String>,
}

/// A pseudonym, by the rule of names.
pub(crate) fn person(text: &str) -> Result<String, Refusal> {
    name_of(text).map_err(|why| Refusal::bad(format!("the pseudonym {why}")))
}

async fn show(State(app): State<App>, Asked(which): Asked<Which>) -> Answered {
    let voter = person(&which.voter)?;
    let marks = app.runs_of(which.runs.as_deref()).await?;
    let arena = app.arena(&marks).await?;
    let seal = app.clone();
    let pair = app
        .reading(move |store| {
            let found = next(arena.0.field(), &arena.0.votes_now(store)?, &voter, seal.about.seal.seed);
            let pair = match found.pair {
                Some((left, right)) => Some(blind(store, &seal, &voter, [left, right])?),
                None => None,
            };
            let none = match (&pair, found.done) {
                (Some(_), _) => None,
                (None, 0) => Some("no case was answered by two targets"),
                (None, _) => Some("you voted on every pair"),
            };
            Ok(BlindPair { pair, none, done: found.done, open: found.open })
        })
        .await?;
    Ok(json(&pair))
}

fn blind(store: &Store, app: &App, voter: &str, pair: [Key; 2]) -> Result<Pair, Refusal> {
    let ticket = app.about.seal.ticket(voter, pair).map_err(|e| Refusal::fault(e.to_string()))?;
    let BlindTexts { prompt, left, right } = blind_texts(store, pair)?;
    let side = |text: &str| {
        let (text, left_out) = cut(text);
        Side { text, left_out }
    };
    let message = |(role, text): &(String, String)| {
        let (text, left_out) = cut(text);
        MessageView { role: cut(role).0, text, left_out }
    };
    Ok(Pair { ticket, prompt: prompt.iter().map(message).collect(), left: side(&left), right: side(&right) })
}

async fn cast(State(app): State<App>, Posted(vote): Posted<VoteRequest>) -> Answered {
    let voter = person(&vote.voter)?;
    if vote.ticket.len() > LONGEST {
        return Err(Refusal::bad("this is no ticket"));
    }
    let proof = Digest::of_parts(&[b"vote", voter.as_bytes(), vote.ticket.as_bytes()]);
    let choice = Choice::from(vote.choice);
    let opened = app.about.seal.open(&voter, &vote.ticket);
    let result = app
        .writing(move |store| match opened {
            Some(pair) => keep(store, &voter, pair, choice, proof),
            None => known(store, &voter, choice, proof),
        })
        .await?;
    Ok(json(&result))
}

/// Stores a vote unless it is there.
fn keep(
    store: &mut Store,
    voter: &str,
    pair: [Key; 2],
    choice: Choice,
    proof: Digest,
) -> Result<VoteResult, Refusal> {
    let [left, right] = pair;
    if let Some((_, said)) = find(store, left.run, voter, proof)? {
        return again(store, pair, said, choice);
    }
    let about = |role, key| About { role, key };
    let verdict = Verdict {
        name: PREFERENCE.to_owned(),
        maker: Maker {
            kind: MakerKind::Person,
            name: voter.to_owned(),
            version: String::new(),
            digest: Some(proof),
        },
        about: vec![about(AboutRole::A, left), about(AboutRole::B, right)],
        status: Status::Scored,
        value: Some(Value::Preference(choice.id().to_owned())),
        why: None,
        evidence: None,
        at_unix_ns: now(),
    };
    let result = result(store, pair, true)?;
    store.append(left.run, &[Item::Verdict(verdict)])?;
    Ok(result)
}

/// Unix time in nanoseconds.
pub(crate) fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// The vote of an earlier start's ticket, if it was stored.
fn known(store: &Store, voter: &str, choice: Choice, proof: Digest) -> Result<VoteResult, Refusal> {
    for run in store.runs()? {
        if let Some((pair, said)) = find(store, run.id, voter, proof)? {
            return again(store, pair, said, choice);
        }
    }
    Err(Refusal::new(
        StatusCode::CONFLICT,
        "this ticket is not of this server, or was given to somebody else",
    )
    .hint("the server was started again since: nothing was stored; ask for the next pair"))
}

fn again(store: &Store, pair: [Key; 2], said: Choice, choice: Choice) -> Result<VoteResult, Refusal> {
    match said == choice {
        true => result(store, pair, false),
        false => Err(Refusal::new(StatusCode::CONFLICT, "this pair was voted on already, and differently")
            .hint("the first vote stands; names were shown after it")),
    }
}

/// The vote that carries a ticket's digest, with its pair.
fn find(
    store: &Store,
    run: RunId,
    voter: &str,
    proof: Digest,
) -> Result<Option<([Key; 2], Choice)>, Refusal> {
    let mut found = None;
    store.verdicts_by(run, MakerKind::Person, Some(PREFERENCE), &mut |v| {
        let [a, b] = v.about.as_slice() else { return };
        if v.maker.name == voter && v.maker.digest == Some(proof) {
            let said = match &v.value {
                Some(Value::Preference(word)) => Choice::of(word),
                _ => None,
            };
            found = said.map(|said| ([a.key, b.key], said));
        }
    })?;
    Ok(found)
}

fn result(store: &Store, [left, right]: [Key; 2], stored: bool) -> Result<VoteResult, Refusal> {
    Ok(VoteResult { left: who(store, left)?, right: who(store, right)?, stored })
}

fn who(store: &Store, key: Key) -> Result<Who, Refusal> {
    let record = store.record(key)?.ok_or_else(|| Refusal::unknown("the answer is not stored any more"))?;
    let spec = store.spec(key.run)?;
    let target = spec.targets.get(usize::from(record.target));
    let text = |of: Option<&String>| of.cloned().unwrap_or_default();
    Ok(Who {
        target: text(target.map(|t| &t.name)),
        model: text(target.map(|t| &t.model)),
        run: key.run.to_string(),
    })
}
