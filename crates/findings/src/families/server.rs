//! What a server says about its own time, beside what we measured.
//!
//! The times are the server's claims (`acidtest_record::ServerTimes`); the network's
//! share is the only number here that mixes the two, and it says so.

use super::waiting::{LATENCY_STATS, value};
use crate::cells::seconds;
use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Seen, Unit, WhenFailed};
use crate::view::{Asked, Rare};

/// What all of them share.
const SAID: Metric = Metric {
    id: "",
    title: "",
    family: Family::Speed,
    unit: Unit::TokensPerSecond,
    better: Better::Higher,
    range: None,
    stats: LATENCY_STATS,
    param: None,
    needs: "times reported by the server (Groq, Ollama, llama.cpp, vLLM, TGI, openai-processing-ms, server-timing)",
    formula: "",
    edges: "a request whose server reports no such time is left out and n says so; a time in the head counts as the total of whole answers only; failed requests are left out",
    interval: "batches in send order, as for waiting times",
    source: "the server's own clock, by its own words",
    guard: Guard::Nothing,
    measure: Measure::Sample(|_, _| Seen::Absent, WhenFailed::Skipped),
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "server_time",
        title: "How long a request took by the server's own clock",
        unit: Unit::Seconds,
        better: Better::Lower,
        formula: "the server's total; where it names none, its queue, prompt and generation times together",
        measure: Measure::Sample(|a, row| value(of(a, row, Rare::ServerTotal)), WhenFailed::Skipped),
        ..SAID
    },
    Metric {
        id: "prefill_tps",
        title: "Speed of reading the prompt, as the server times it",
        formula: "(input tokens - cached input tokens) / the server's prompt time, per record",
        edges: "a request whose server reports no such time is left out and n says so; a cache that the server uses and does not report makes it too high; failed requests are left out",
        measure: Measure::Sample(|a, row| value(prefill(a, row)), WhenFailed::Skipped),
        ..SAID
    },
    Metric {
        id: "decode_tps",
        title: "Speed of writing the answer, as the server times it",
        formula: "output tokens / the server's generation time, per record; (output tokens - 1) / vLLM's, which begins at the first token",
        edges: "a request whose server reports no such time is left out and n says so, and so is an answer of one token timed by vLLM; records stored before schema 3 count all tokens; failed requests are left out",
        measure: Measure::Sample(|a, row| value(decode(a, row)), WhenFailed::Skipped),
        ..SAID
    },
    Metric {
        id: "network_share",
        title: "Share of the whole time that the server does not account for",
        unit: Unit::Ratio,
        better: Better::Lower,
        formula: "(e2e - the server's total) / e2e, per record; negative where the server claims more time than passed here",
        source: "our clock and the server's",
        guard: Guard::Waiting,
        measure: Measure::Sample(|a, row| value(network(a, row)), WhenFailed::Skipped),
        ..SAID
    },
];

/// A time of the server's in seconds, of delivered answers.
fn of(a: &Asked, row: usize, which: Rare) -> Option<f64> {
    let ns = a.rare(row, which).filter(|_| a.view.row(row).class.delivered())?;
    Some(ns as f64 / 1e9)
}

fn prefill(a: &Asked, row: usize) -> Option<f64> {
    let c = a.view.row(row);
    let read = c.input()?.checked_sub(c.cached().unwrap_or(0))?;
    speed(read, of(a, row, Rare::ServerPrompt)?)
}

fn decode(a: &Asked, row: usize) -> Option<f64> {
    let generated = a.rare(row, Rare::ServerGenerated).and_then(|n| u32::try_from(n).ok());
    let tokens = generated.or_else(|| a.view.row(row).output())?;
    speed(tokens, of(a, row, Rare::ServerGeneration)?).filter(|_| tokens > 0)
}

fn network(a: &Asked, row: usize) -> Option<f64> {
    let c = a.view.row(row);
    let whole = seconds(c.sent(), c.last_event()).filter(|s| *s > 0.0)?;
    Some((whole - of(a, row, Rare::ServerTotal)?) / whole)
}

fn speed(tokens: u32, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| f64::from(tokens) / seconds)
}
