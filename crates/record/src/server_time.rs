//! What a server says about its own time, by one set of names.
//!
//! Main type: [`ServerTimes`], from [`ServerTimes::of`], a pure function of what
//! the server said. These are the server's claims: they stand beside what we
//! measured and are never mixed with it.

use crate::answer::ServerSaid;
use crate::ids::Ns;

/// Names of the time from taking a request to the end of its answer.
const TOTAL: [&str; 4] = ["total_time", "total_duration", "x-total-time", "server-timing:total"];
/// Names of times that a server writes into the head: the whole of an answer only
/// where the head waits for it.
const TOTAL_IN_HEAD: [&str; 2] = ["openai-processing-ms", "x-envoy-upstream-service-time"];
/// Names of the time for reading the prompt.
const PROMPT: [&str; 4] = ["prompt_time", "prompt_eval_duration", "prompt_ms", "time_to_first_token_ms"];
/// Names of the time for writing the answer.
const GENERATION: [&str; 4] = ["completion_time", "eval_duration", "predicted_ms", "generation_time_ms"];
/// The one of them that begins when the first token is there (vLLM's).
const AFTER_FIRST: &str = "generation_time_ms";
/// Names of the wait for a place at the model.
const QUEUE: [&str; 3] = ["queue_time", "x-queue-time", "queue_time_ms"];

/// No request takes a year: a longer claim is none.
const LONGEST_S: f64 = 3.2e7;

/// The server's own times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerTimes {
    /// From taking the request to the end of its answer.
    pub total: Option<Ns>,
    /// Reading the prompt.
    pub prompt: Option<Ns>,
    /// Writing the answer.
    pub generation: Option<Ns>,
    /// Tokens written in that time: all of the answer's, without the first one where
    /// the time begins at it. Absent where the server does not count tokens.
    pub generated: Option<u32>,
}

impl ServerTimes {
    /// The times of one answer, by the vendors' names; `stream` says whether it
    /// was streamed. Where no total is named, prompt and generation together
    /// (with the queue, where named) are the total.
    #[must_use]
    pub fn of(said: &ServerSaid, stream: bool) -> Self {
        let found = |names: &[&str]| {
            let timing = |name: &&str| said.timings.iter().find(|t| t.0 == **name);
            names.iter().find_map(timing).filter(|t| (0.0..LONGEST_S).contains(&t.1))
        };
        let named = |names: &[&str]| found(names).map(|t| t.1);
        let writing = found(&GENERATION);
        let (prompt, generation) = (named(&PROMPT), writing.map(|t| t.1));
        let before = writing.map(|t| u32::from(t.0 == AFTER_FIRST));
        let sum = || Some(named(&QUEUE).unwrap_or(0.0) + prompt? + generation?);
        let head = || named(&TOTAL_IN_HEAD).filter(|_| !stream);
        let ns = |s: f64| Ns((s * 1e9).round() as i64);
        Self {
            total: named(&TOTAL).or_else(head).or_else(sum).map(ns),
            prompt: prompt.map(ns),
            generation: generation.map(ns),
            generated: before.and_then(|n| Some(said.usage.output?.saturating_sub(n))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(timings: &[(&str, f64)], stream: bool, want: [Option<f64>; 3]) {
        let timings = timings.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect();
        let said = ServerSaid { timings, ..ServerSaid::default() };
        let t = ServerTimes::of(&said, stream);
        let got = [t.total, t.prompt, t.generation].map(|t| t.map(Ns::secs));
        assert_eq!(got, want, "{said:?}");
    }

    #[test]
    fn vendors_names_become_one() {
        let groq = [("queue_time", 0.1), ("prompt_time", 0.2), ("completion_time", 0.3), ("total_time", 0.5)];
        check(&groq, true, [Some(0.5), Some(0.2), Some(0.3)]);
        let ollama = [("total_duration", 5.0), ("load_duration", 1.0), ("prompt_eval_duration", 1.5)];
        check(&ollama, true, [Some(5.0), Some(1.5), None]);
        check(&[("prompt_ms", 0.25), ("predicted_ms", 0.5)], true, [Some(0.75), Some(0.25), Some(0.5)]);
        let vllm = [("queue_time_ms", 1.0), ("time_to_first_token_ms", 0.25), ("generation_time_ms", 0.5)];
        check(&vllm, true, [Some(1.75), Some(0.25), Some(0.5)]);
    }

    #[test]
    fn a_time_in_the_head_is_the_total_of_a_whole_answer_only() {
        check(&[("openai-processing-ms", 0.5)], false, [Some(0.5), None, None]);
        check(&[("openai-processing-ms", 0.5)], true, [None; 3]);
        check(&[("x-envoy-upstream-service-time", 0.25)], false, [Some(0.25), None, None]);
    }

    #[test]
    fn vllms_time_begins_at_the_first_token() {
        let of = |name: &str, output| {
            let usage = crate::answer::Usage { output, ..Default::default() };
            let said = ServerSaid { timings: vec![(name.into(), 0.5)], usage, ..ServerSaid::default() };
            ServerTimes::of(&said, true).generated
        };
        assert_eq!(of("generation_time_ms", Some(11)), Some(10));
        assert_eq!(of("generation_time_ms", Some(0)), Some(0));
        assert_eq!(of("eval_duration", Some(11)), Some(11));
        assert_eq!((of("eval_duration", None), of("total_time", Some(11))), (None, None));
    }

    #[test]
    fn nonsense_is_left_out() {
        check(&[("total_time", -1.0)], false, [None; 3]);
        check(&[("total_time", 1e300)], false, [None; 3]);
        check(&[("total_time", f64::NAN)], false, [None; 3]);
        check(&[("unknown", 1.0)], false, [None; 3]);
    }
}
