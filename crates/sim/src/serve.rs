//! One serving thread: its connections and the routes they ask for.
//!
//! Main type: [`Thread`]. Questions (`POST /v1/chat/completions` and the like) are
//! answered by script; the rest at once. Every read is bounded in bytes, every wait in time.

use crate::alarm::{Alarm, Bed};
use crate::answers::Answer;
use crate::api::{Api, ENGINE_FAILED};
use crate::body::{Body, Payload, Timed};
use crate::decide::{AnswerKind, Decision, Fault};
use crate::exchange::{Exchange, Shared};
use crate::gauges::{self, Working};
use crate::openai::{Ask, BadAsk, Finish, Head, UsageIn, error_json, models_json};
use crate::pieces::Pieces;
use crate::script::{Script, nanos};
use crate::socket::{Socket, Wire};
use crate::truth::{EventKind, TruthEvent, TruthLine};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpStream;

/// Largest request body.
pub(crate) const MAX_BODY: usize = 8 << 20;
/// Largest request head, and how much of a body is read at once.
const MAX_HEAD: usize = 64 << 10;
/// Connections open at once; more are closed as they come.
const MAX_CONNECTIONS: usize = 16_384;
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What the connections of one thread share.
pub(crate) struct Thread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) alarm: Rc<Alarm>,
}

impl Thread {
    /// Serves one connection to its end. `number` counts connections from 0.
    pub(crate) async fn connection(self: Rc<Self>, stream: TcpStream, number: u64) {
        let open = Open::new(self.shared.clone());
        if open.over_limit || stream.set_nodelay(true).is_err() {
            return;
        }
        self.shared.tally().connection();
        let wire = Rc::new(Wire::new(self.shared.zero, number));
        let socket = Socket::new(stream, wire.clone());
        let service = hyper::service::service_fn(|request| {
            let (thread, wire) = (self.clone(), wire.clone());
            async move { Ok::<_, Infallible>(thread.answer(&wire, request).await) }
        });
        let serving = hyper::server::conn::http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(socket), service);
        let mut serving = std::pin::pin!(serving);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                biased;
                // An error here is the client's going away, a cut of ours, or a
                // request that is no HTTP, which hyper answers itself.
                _ = &mut serving => return,
                _ = look.tick() => if wire.is_stuck() { return },
            }
        }
    }

    async fn answer(&self, wire: &Rc<Wire>, request: Request<Incoming>) -> Response<Body> {
        let plain = |status, body: String| json(status, Body::plain(wire.clone(), body));
        let path = request.uri().path().to_owned();
        let wanted = match path.as_str() {
            path if Api::of_path(path).is_some() => Method::POST,
            "/v1/models" | "/health" | "/sim/stats" | "/metrics" => Method::GET,
            _ => {
                self.shared.tally().bad_request();
                let text = format!("no such path: {}", clip(&path));
                let body = error_json(&text, "not_found_error", None, 404);
                return plain(StatusCode::NOT_FOUND, body);
            }
        };
        if request.method() != wanted {
            self.shared.tally().bad_request();
            let text = format!("{} takes {wanted} only", clip(&path));
            let body = error_json(&text, "invalid_request_error", None, 405);
            return plain(StatusCode::METHOD_NOT_ALLOWED, body);
        }
        match path.as_str() {
            "/v1/models" => {
                let body = models_json(&self.shared.config.model, self.unix_seconds());
                plain(StatusCode::OK, body)
            }
            "/health" => plain(StatusCode::OK, r#"{"status":"ok"}"#.to_owned()),
            "/sim/stats" => {
                let stats = self.shared.tally().stats();
                let body = serde_json::to_string(&stats).expect("counts are JSON");
                plain(StatusCode::OK, body)
            }
            "/metrics" => {
                let text = gauges::page(&self.shared.gauges, &self.shared.tally().stats());
                let mut response = plain(StatusCode::OK, text);
                let kind = http::HeaderValue::from_static(gauges::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            path => {
                let api = Api::of_path(path).unwrap_or_default();
                self.ask(wire, request, api).await
            }
        }
    }

    async fn ask(&self, wire: &Rc<Wire>, request: Request<Incoming>, api: Api) -> Response<Body> {
        let request_id = request.headers().get("x-request-id");
        let request_id = request_id.and_then(|v| v.to_str().ok()).map(clip);
        let bytes = match read_body(request.into_body()).await {
            Ok(bytes) => bytes,
            Err(too_large) => return self.refuse(wire, too_large, api),
        };
        let received_ns = wire.last_read.get();
        wire.waiting_since.set(None);
        let ask = match api.parse(&bytes) {
            Ok(ask) => ask,
            Err(bad) => return self.refuse(wire, Refused::Bad(bad), api),
        };
        let arrival = self.shared.arrivals.fetch_add(1, Ordering::Relaxed);
        let on_connection = wire.requests.replace(wire.requests.get() + 1);
        let decision = self.shared.decider.decide(arrival, &bytes);
        let line = TruthLine {
            arrival,
            api,
            id: format!("{}{:x}-{arrival}", api.id_prefix(), self.shared.config.seed),
            request_id,
            connection: wire.connection,
            on_connection,
            received_ns,
            start_ns: received_ns,
            stream: ask.stream,
            status: 200,
            fault: decision.fault,
            prompt_tokens: small(ask.prompt_tokens),
            ..TruthLine::default()
        };
        match decision.fault {
            Some(Fault::RateLimited | Fault::Overloaded | Fault::ServerError | Fault::Html) => {
                self.fail(wire, line, decision).await
            }
            _ => self.speak(wire, line, &ask, decision).await,
        }
    }

    /// A request that was not understood.
    fn refuse(&self, wire: &Rc<Wire>, why: Refused, api: Api) -> Response<Body> {
        self.shared.tally().bad_request();
        let (status, bad) = match why {
            Refused::Bad(bad) => (StatusCode::BAD_REQUEST, bad),
            Refused::TooLarge => {
                let message = format!("the body is larger than {MAX_BODY} bytes");
                let bad = BadAsk { message, param: None };
                (StatusCode::PAYLOAD_TOO_LARGE, bad)
            }
        };
        let code = status.as_u16();
        let body = api.error(&bad.message, "invalid_request_error", bad.param, code);
        let mut response = json(status, Body::plain(wire.clone(), body));
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // What is left of the body will not be read.
            let close = http::HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }

    /// A fault in place of an answer.
    async fn fail(&self, wire: &Rc<Wire>, mut line: TruthLine, mut decision: Decision) -> Response<Body> {
        let config = &self.shared.config;
        let fault = decision.fault.unwrap_or(Fault::ServerError);
        let (status, text, kind) = match fault {
            Fault::RateLimited => (429, "too many requests, on purpose", "rate_limit_error"),
            Fault::Overloaded => (529, "overloaded, on purpose", "overloaded_error"),
            Fault::Html => (200, "", ""),
            _ => (500, ENGINE_FAILED, "server_error"),
        };
        // Who turns requests away does so at once; who breaks, when it begins to answer.
        let at_once = matches!(fault, Fault::RateLimited | Fault::Overloaded);
        let wait = if at_once { 0 } else { nanos(&config.ttft_ms, &mut decision.chance) };
        let due = line.start_ns + wait;
        let api = line.api;
        (line.status, line.events) = (status, vec![planned(EventKind::Body, due, 0)]);
        let exchange = Rc::new(Exchange::new(line, self.shared.clone()));
        let works = Some(self.shared.gauges.works(None));
        self.alarm.sleep_until(due).await;
        let html = fault == Fault::Html;
        let bytes = if html {
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
                .to_owned()
        } else {
            api.error(text, kind, None, status)
        };
        let body = self.timed(wire, exchange, whole(bytes, None), works);
        let mut response = json(StatusCode::from_u16(status).expect("a known status"), body);
        let headers = response.headers_mut();
        if html {
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("text/html"));
        }
        if fault == Fault::RateLimited {
            headers.insert(RETRY_AFTER, config.faults.retry_after_s.into());
        }
        response
    }

    /// An answer, spoilt or not.
    async fn speak(
        &self,
        wire: &Rc<Wire>,
        mut line: TruthLine,
        ask: &Ask,
        mut decision: Decision,
    ) -> Response<Body> {
        let shared = &self.shared;
        let source = &shared.source;
        let answer = match ask.api {
            Api::Embeddings => nothing_said(),
            _ => source.answer(&ask.question, decision.answer, &mut decision.chance),
        };
        (line.answer, line.case) = (Some(answer.kind), answer.case.clone());
        let script = Script::new(&shared.config, ask, answer, &mut decision);
        line.finish = Some(script.finish);
        line.completion_tokens = small(script.usage.completion());
        line.reasoning_tokens = small(script.usage.reasoning());
        let permit = match &shared.slots {
            None => None,
            Some(slots) => {
                let _in_queue = shared.gauges.waits();
                let permit = slots.clone().acquire_owned().await;
                line.start_ns = shared.zero.now();
                Some(permit.expect("the slots are never closed"))
            }
        };
        let slot = Some(shared.gauges.works(permit));
        line.events =
            script.events.iter().map(|e| planned(e.kind, line.start_ns + e.at_ns, e.to - e.from)).collect();
        let id = line.id.clone();
        let head = Head { id: &id, model: &ask.model, created: self.unix_seconds() };
        if ask.stream {
            let usage_in = if shared.config.per_event_usage || ask.continuous_usage {
                UsageIn::EveryChunk
            } else if ask.include_usage {
                UsageIn::LastChunk
            } else {
                UsageIn::Nothing
            };
            let chunks = ask.api.encoder(&head, ask, usage_in);
            let exchange = Rc::new(Exchange::new(line, shared.clone()));
            let payload = Payload::Stream { script, chunks };
            return event_stream(self.timed(wire, exchange, payload, slot), ask.api);
        }
        let bytes = match decision.fault {
            Some(Fault::ErrorEvent) => ask.api.error(ENGINE_FAILED, "server_error", None, 500).into_bytes(),
            _ => ask.api.whole(&head, ask, &script),
        };
        let half = bytes.len() / 2;
        let payload = match decision.fault {
            Some(Fault::Cut) => whole(bytes, Some(half)),
            Some(Fault::Malformed) => whole(bytes[..half].to_vec(), None),
            _ => whole(bytes, None),
        };
        let due = line.events.first().map_or(0, |e| e.scheduled_ns);
        let exchange = Rc::new(Exchange::new(line, shared.clone()));
        self.alarm.sleep_until(due).await;
        json(StatusCode::OK, self.timed(wire, exchange, payload, slot))
    }

    fn timed(
        &self,
        wire: &Rc<Wire>,
        exchange: Rc<Exchange>,
        payload: Payload,
        slot: Option<Working>,
    ) -> Body {
        let timed =
            Timed { exchange, alarm: self.alarm.clone(), payload, slot, next: 0, bed: Bed::default() };
        Body::timed(wire.clone(), timed)
    }

    fn unix_seconds(&self) -> i64 {
        let zero = &self.shared.zero;
        (zero.unix_ns() + zero.now()) / 1_000_000_000
    }
}

/// Why a chat request is not answered.
enum Refused {
    Bad(BadAsk),
    TooLarge,
}

async fn read_body(body: Incoming) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Refused::TooLarge);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(all) => Ok(all.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => Err(Refused::TooLarge),
        Err(e) => Err(Refused::Bad(BadAsk { message: format!("the body did not arrive: {e}"), param: None })),
    }
}

/// Counts an open connection for as long as it lives.
struct Open {
    shared: Arc<Shared>,
    over_limit: bool,
}

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        let before = shared.open_connections.fetch_add(1, Ordering::Relaxed);
        Self { over_limit: before >= MAX_CONNECTIONS, shared }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.open_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn planned(kind: EventKind, scheduled_ns: i64, tokens: usize) -> TruthEvent {
    TruthEvent { kind, scheduled_ns, before_ns: 0, after_ns: 0, tokens: small(tokens) }
}

fn whole(bytes: impl Into<Bytes>, cut_at: Option<usize>) -> Payload {
    Payload::Whole { bytes: bytes.into(), cut_at }
}

fn json(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// What an embedding says in words.
fn nothing_said() -> Answer {
    Answer {
        pieces: Pieces::default(),
        kind: AnswerKind::Given,
        case: None,
        finish: Finish::Stop,
        tool_calls: Vec::new(),
    }
}

fn event_stream(body: Body, api: Api) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let kind = http::HeaderValue::from_static(api.stream_type());
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    response
}

fn clip(text: &str) -> String {
    text.chars().take(128).collect()
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
