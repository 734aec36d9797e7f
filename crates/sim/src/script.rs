//! The plan of one answer: which event is due when.
//!
//! Main type: [`Script`], made from the decision, the answer and the request.
//! Pure: times are nanoseconds after the start of the request.

use crate::answers::{Answer, ToolCall};
use crate::api::Api;
use crate::config::Config;
use crate::decide::{Decision, Fault};
use crate::openai::{Ask, Finish, Usage};
use crate::pieces::Pieces;
use crate::truth::EventKind;
use acidtest_schedule::{Dist, Stream};

/// No single wait is longer, whatever a distribution draws.
const LONGEST_MS: f64 = 3_600_000.0;

/// One answer's plan.
pub(crate) struct Script {
    pub(crate) reasoning: Pieces,
    pub(crate) visible: Pieces,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) tool_calls: Vec<ToolCall>,
    pub(crate) events: Vec<Planned>,
    /// When the first token is due, kept where events are gathered into one body.
    first_ns: i64,
}

/// An event to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) kind: EventKind,
    pub(crate) at_ns: i64,
    /// Its tokens, counted from the first reasoning token.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Script {
    pub(crate) fn new(config: &Config, ask: &Ask, answer: Answer, decision: &mut Decision) -> Self {
        let limit = ask.max_tokens.map_or(usize::MAX, |n| n as usize);
        // Raw completions have no place for reasoning.
        let thinks = ask.api != Api::Completions && ask.api != Api::Embeddings;
        let reasoning_asked = if thinks { config.reasoning_tokens as usize } else { 0 };
        let mut reasoning = Pieces::synthetic(reasoning_asked, &mut decision.chance);
        let mut visible = answer.pieces;
        let mut finish = answer.finish;
        if reasoning.len() + visible.len() > limit {
            reasoning.truncate(limit);
            visible.truncate(limit - reasoning.len());
            finish = Finish::Length;
        }
        let usage = Usage::new(ask.prompt_tokens, reasoning.len() + visible.len(), reasoning.len());
        if finish == Finish::ToolCalls && ask.api != Api::Chat {
            finish = Finish::Stop;
        }
        // A tool call costs no tokens here; a cut answer does not come to its calls.
        let tool_calls = if finish == Finish::ToolCalls { answer.tool_calls } else { Vec::new() };
        let mut script =
            Self { reasoning, visible, finish, usage, tool_calls, events: Vec::new(), first_ns: 0 };
        script.plan_stream(config, ask, &mut decision.chance);
        if ask.stream {
            script.spoil_stream(config, ask, decision);
        } else {
            script.gather(decision.fault);
        }
        script
    }

    /// The text of tokens `from..to`, which lie on one side of the reasoning's end.
    pub(crate) fn text(&self, from: usize, to: usize) -> &str {
        match from.checked_sub(self.reasoning.len()) {
            Some(start) => self.visible.get(start, to - self.reasoning.len()),
            None => self.reasoning.get(from, to),
        }
    }

    /// When the first token and the last event are due, in nanoseconds from the start.
    pub(crate) fn token_times(&self) -> (i64, i64) {
        let last = self.events.last().map_or(0, |e| e.at_ns);
        (self.first_ns.min(last), last)
    }

    fn plan_stream(&mut self, config: &Config, ask: &Ask, chance: &mut Stream) {
        let (thought, all) = (self.reasoning.len(), self.usage.completion());
        let mut at = nanos(&config.ttft_ms, chance);
        self.first_ns = at;
        let mut push = |kind, at_ns, from, to| {
            self.events.push(Planned { kind, at_ns, from, to });
        };
        if ask.api.opens(config.role_chunk, ask.echo.is_some()) {
            push(EventKind::Role, 0, 0, 0);
        }
        let mut from = 0;
        while from < all {
            let (kind, end) =
                if from < thought { (EventKind::Reasoning, thought) } else { (EventKind::Content, all) };
            let to = end.min(from + config.tokens_per_event as usize);
            push(kind, at, from, to);
            // The next event is due with its first token, and there is a gap for each.
            at += (from..to).map(|_| nanos(&config.gap_ms, chance)).sum::<i64>();
            from = to;
        }
        // After the last event nothing is waited for; without tokens the end takes its time.
        let end = if all == 0 { at } else { self.events.last().map_or(at, |e| e.at_ns) };
        for number in 0..2 * self.tool_calls.len() {
            self.events.push(Planned { kind: EventKind::Tool, at_ns: end, from: number, to: number });
        }
        let mut push = |kind| {
            self.events.push(Planned { kind, at_ns: end, from: all, to: all });
        };
        push(EventKind::Finish);
        if ask.include_usage {
            push(EventKind::Usage);
        }
        if ask.api.has_end_mark() {
            push(EventKind::Done);
        }
    }

    fn spoil_stream(&mut self, config: &Config, ask: &Ask, decision: &mut Decision) {
        let first = self.events.iter().position(|e| e.to > e.from);
        let tokens = self.events.iter().filter(|e| e.to > e.from).count();
        let role = self.events.iter().filter(|e| e.kind == EventKind::Role).count();
        // Some token comes first, if there is one at all.
        let place = 1 + decision.chance.below(tokens.saturating_sub(1) as u64) as usize;
        let at = first.map_or(role, |f| f + place);
        match decision.fault {
            Some(Fault::Stall) => {
                let pause = nanos(&config.faults.stall.ms, &mut decision.chance);
                self.events[at..].iter_mut().for_each(|e| e.at_ns += pause);
            }
            Some(Fault::Cut) => self.end_with(at, &[EventKind::Cut]),
            // OpenAI's older streams end with a mark even then.
            Some(Fault::ErrorEvent) if matches!(ask.api, Api::Chat | Api::Completions) => {
                self.end_with(at, &[EventKind::Error, EventKind::Done]);
            }
            Some(Fault::ErrorEvent) => self.end_with(at, &[EventKind::Error]),
            Some(Fault::Malformed) => {
                let at = first.map_or(role, |f| f + place - 1);
                self.events[at].kind = EventKind::Malformed;
            }
            _ => {}
        }
    }

    /// Ends the script at an event's time with other events.
    fn end_with(&mut self, at: usize, kinds: &[EventKind]) {
        let from = self.events[at].from;
        let at_ns = self.events[at].at_ns;
        self.events.truncate(at);
        self.events.extend(kinds.iter().map(|&kind| Planned { kind, at_ns, from, to: from }));
    }

    /// One body instead of a stream, when the last token would have been sent.
    fn gather(&mut self, fault: Option<Fault>) {
        let at_ns = self.events.last().map_or(0, |e| e.at_ns);
        let all = self.usage.completion();
        let event = |kind, to| Planned { kind, at_ns, from: 0, to };
        self.events = match fault {
            Some(Fault::Cut) => vec![event(EventKind::HalfBody, 0), event(EventKind::Cut, 0)],
            Some(Fault::ErrorEvent) => vec![event(EventKind::Body, 0)],
            _ => vec![event(EventKind::Body, all)],
        };
    }
}

/// A drawn time in nanoseconds.
pub(crate) fn nanos(ms: &Dist, chance: &mut Stream) -> i64 {
    (chance.draw(ms).min(LONGEST_MS) * 1e6) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::AnswerKind;

    fn plan(config: &str, ask: &str, tokens: usize, fault: Option<Fault>) -> String {
        let config: Config = serde_json::from_str(config).unwrap();
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}]{ask}}}"#);
        let ask = Ask::parse(body.as_bytes()).unwrap();
        let mut decision = Decision { fault, answer: AnswerKind::Given, chance: Stream::new(1, "script", 0) };
        let answer = Answer {
            pieces: Pieces::synthetic(tokens, &mut decision.chance),
            kind: AnswerKind::Given,
            case: None,
            finish: Finish::Stop,
            tool_calls: Vec::new(),
        };
        let script = Script::new(&config, &ask, answer, &mut decision);
        let events: Vec<_> = script
            .events
            .iter()
            .map(|e| format!("{:?}@{}x{}", e.kind, e.at_ns / 1_000_000, e.to - e.from))
            .collect();
        format!("{} {:?}", events.join(" "), script.finish)
    }

    #[test]
    fn streams_follow_the_schedule() {
        let s = r#","stream":true"#;
        let check = |config, ask, n, expect: &str| assert_eq!(plan(config, ask, n, None), expect);
        check("{}", s, 3, "Role@0x0 Content@50x1 Content@55x1 Content@60x1 Finish@60x0 Done@60x0 Stop");
        check(r#"{"role_chunk":false}"#, s, 0, "Finish@50x0 Done@50x0 Stop");
        let many = r#"{"role_chunk":false,"tokens_per_event":2,"reasoning_tokens":3}"#;
        check(
            many,
            s,
            3,
            "Reasoning@50x2 Reasoning@60x1 Content@65x2 Content@75x1 Finish@75x0 Done@75x0 Stop",
        );
        let usage = r#","stream":true,"stream_options":{"include_usage":true},"max_tokens":1"#;
        check("{}", usage, 3, "Role@0x0 Content@50x1 Finish@50x0 Usage@50x0 Done@50x0 Length");
        check("{}", r#","max_tokens":2"#, 3, "Body@55x2 Length");
        check(r#"{"reasoning_tokens":3}"#, r#","max_tokens":2"#, 3, "Body@55x2 Length");
    }

    #[test]
    fn faults_come_after_a_token() {
        let s = r#","stream":true"#;
        for (fault, expect) in [
            (Fault::Cut, "Role@0x0 Content@50x1 Cut@55x0 Stop"),
            (Fault::ErrorEvent, "Role@0x0 Content@50x1 Error@55x0 Done@55x0 Stop"),
            (Fault::Stall, "Role@0x0 Content@50x1 Content@1055x1 Finish@1055x0 Done@1055x0 Stop"),
            (Fault::Malformed, "Role@0x0 Malformed@50x1 Content@55x1 Finish@55x0 Done@55x0 Stop"),
        ] {
            assert_eq!(plan("{}", s, 2, Some(fault)), expect);
        }
        assert_eq!(plan("{}", s, 0, Some(Fault::Cut)), "Role@0x0 Cut@50x0 Stop");
        assert_eq!(plan("{}", "", 2, Some(Fault::Cut)), "HalfBody@55x0 Cut@55x0 Stop");
    }
}
