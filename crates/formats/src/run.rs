//! A run of ours, built from what another tool wrote down.
//!
//! Main types: [`ForeignRun`] and [`Builder`]. Its identity comes from the file's
//! bytes, so that a file is not imported twice. What the tool did not write down
//! stays absent: no time is made up.

use crate::error::{FormatError, Loss, brief, place};
use crate::input::Input;
use acidtest_record::{
    About, AboutRole, Amount, Answer, Blob, Case, ClockRow, Digest, Event, EventKind, Fact, Item, Key, Kind,
    Load, Maker, MakerKind, Note, Ns, Origin, Outcome, Part, PhaseSpec, Place, PromptSpec, Read, Record,
    Request, Role, RunId, RunSpec, SPEC_VERSION, ServerSaid, Source, Status, TargetSpec, Timing, Usage,
    Value, Verdict, Warmup,
};
use std::collections::HashMap;

/// Most records of one import.
const MAX_RECORDS: usize = 5_000_000;
/// Most events of one record.
const MAX_EVENTS: usize = 1_000_000;
/// Ten years.
const FARTHEST_NS: u64 = 315_360_000_000_000_000;
/// Most facts of one import.
const MAX_FACTS: usize = 5_000;

/// A run that another tool made.
#[derive(Debug)]
pub struct ForeignRun {
    /// Its id, from the file's bytes.
    pub id: RunId,
    /// What made it, with its version where the file says so.
    pub tool: String,
    /// What was planned, as far as the file says.
    pub spec: RunSpec,
    /// What was asked.
    pub cases: Vec<Case>,
    /// The tool's clock.
    pub clock: ClockRow,
    /// Records and what lies beside them, each after what it points at.
    pub items: Vec<Item>,
    /// When it began, where the file says so.
    pub created_unix_ns: Option<i64>,
    /// When it ended, where the file says so.
    pub ended_unix_ns: Option<i64>,
    /// What was left.
    pub losses: Vec<Loss>,
}

impl ForeignRun {
    /// Records in it.
    #[must_use]
    pub fn records(&self) -> usize {
        self.items.iter().filter(|i| matches!(i, Item::Record(_))).count()
    }

    /// What the tool states about itself and its figures, in its own words.
    pub fn stated(&self) -> impl Iterator<Item = &Fact> {
        self.items.iter().filter_map(|i| match i {
            Item::Fact(fact) => Some(fact),
            _ => None,
        })
    }
}

/// One answer, as a tool wrote it down.
#[derive(Debug, Default)]
pub(crate) struct One {
    pub(crate) case: Option<Digest>,
    pub(crate) repeat: u16,
    pub(crate) phase: u16,
    pub(crate) kind: Option<Kind>,
    /// The prompt, as JSON.
    pub(crate) asked: Option<serde_json::Value>,
    pub(crate) stream: bool,
    /// Unix time in nanoseconds, or nanoseconds of the tool's own clock.
    pub(crate) sent: Option<i64>,
    /// When the tool's schedule wanted it, where it says so.
    pub(crate) intended: Option<i64>,
    pub(crate) arrivals: Vec<i64>,
    pub(crate) ended: Option<i64>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) parts: Vec<Part>,
    /// Whether the tool writes answers down, so that no parts mean an empty one.
    pub(crate) kept: bool,
    pub(crate) usage: Usage,
    pub(crate) model: Option<String>,
    pub(crate) id: Option<String>,
}

/// Puts a run together.
pub(crate) struct Builder {
    run: ForeignRun,
    file: String,
    maker: Maker,
    slots: u32,
    facts: usize,
    /// Cases by their digest, with their ids.
    seen: HashMap<Digest, String>,
}

impl Builder {
    pub(crate) fn new(input: &Input<'_>, tool: &str, version: &str) -> Self {
        let digest = Digest::of(input.bytes);
        let mut id = [0; 8];
        id.copy_from_slice(&digest.0[..8]);
        let id = RunId(u64::from_le_bytes(id));
        let spec = RunSpec {
            version: SPEC_VERSION,
            name: crate::suite::label(tool),
            origin: Origin::Import { path: input.name.to_owned(), tokens_by: None },
            acidtest: env!("CARGO_PKG_VERSION").to_owned(),
            repeats: 1,
            ..RunSpec::default()
        };
        let maker = Maker {
            kind: MakerKind::Import,
            name: tool.to_owned(),
            version: brief(version),
            digest: Some(digest),
        };
        let tool = if version.is_empty() { tool.to_owned() } else { format!("{tool} {}", brief(version)) };
        let run = ForeignRun {
            id,
            tool,
            spec,
            cases: Vec::new(),
            clock: ClockRow { no: 0, host: String::new(), zero_unix_ns: 0, error_ns: None },
            items: Vec::new(),
            created_unix_ns: None,
            ended_unix_ns: None,
            losses: Vec::new(),
        };
        Self { run, file: input.name.to_owned(), maker, slots: 0, facts: 0, seen: HashMap::new() }
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.run.spec.name = crate::suite::label(name);
    }

    /// Notes that token counts are the tool's own: its tokenizer's, or what it made of
    /// the server's.
    pub(crate) fn counts_tokens(&mut self) {
        if let Origin::Import { tokens_by, .. } = &mut self.run.spec.origin {
            *tokens_by = Some(self.maker.name.clone());
        }
    }

    /// When the run began; times of records count from there.
    pub(crate) fn began(&mut self, unix_ns: i64) {
        self.run.created_unix_ns = Some(unix_ns);
        self.run.clock.zero_unix_ns = unix_ns;
    }

    /// The moment that times of records count from.
    pub(crate) fn zero(&self) -> i64 {
        self.run.clock.zero_unix_ns
    }

    pub(crate) fn ended(&mut self, unix_ns: i64) {
        self.run.ended_unix_ns = Some(unix_ns);
    }

    pub(crate) fn target(&mut self, model: &str, url: &str, stream: bool) {
        let name = crate::suite::label(if model.is_empty() { "unknown" } else { model });
        let known = !url.is_empty() && !url.contains('@');
        let url = if known { brief(url) } else { "imported".to_owned() };
        self.run.spec.targets.push(TargetSpec {
            name: name.clone(),
            source: Source::Url(url),
            model: name,
            stream,
            ..TargetSpec::default()
        });
    }

    pub(crate) fn phase(&mut self, name: &str, load: Load) -> u16 {
        let no = u16::try_from(self.run.spec.phases.len()).unwrap_or(u16::MAX);
        self.run.spec.phases.push(PhaseSpec {
            name: crate::suite::label(name),
            load,
            amount: Amount::Count(0),
            warmup: Warmup::None,
            max_in_flight: 4096,
            ..PhaseSpec::default()
        });
        no
    }

    /// Adds a case; one of the same content and another id is told apart by its id.
    pub(crate) fn case(&mut self, mut case: Case) -> Digest {
        let digest = |c: &Case| Case::digest(&c.vars, &c.expected, c.refuse);
        case.hash = digest(&case);
        if self.seen.get(&case.hash).is_some_and(|id| *id != case.id) {
            case.vars.insert("imported_id".into(), serde_json::json!(case.id));
            case.hash = digest(&case);
        }
        if self.seen.insert(case.hash, case.id.clone()).is_none() {
            self.run.cases.push(case.clone());
        }
        case.hash
    }

    pub(crate) fn record(&mut self, one: One) -> Result<Key, FormatError> {
        if self.slots as usize >= MAX_RECORDS {
            return Err(FormatError::new(&self.file, None, "more than 5000000 requests"));
        }
        if one.arrivals.len() > MAX_EVENTS {
            return Err(FormatError::new(&self.file, None, "a request with more than 1000000 events"));
        }
        let key = Key { run: self.run.id, slot: self.slots, step: 0, attempt: 0 };
        self.slots += 1;
        let body = one.asked.as_ref().map(|v| Blob::new(v.to_string().into_bytes()));
        let unkept = one.parts.is_empty() && !one.kept && one.usage.output != Some(0);
        let unkept = unkept && !matches!(one.outcome, Some(Outcome::Failed { .. } | Outcome::NotSent { .. }));
        let mut parts = one.parts.clone();
        if unkept {
            // The tool did not write the answer down: that is not an empty answer.
            let nothing = Blob::new(Vec::new());
            parts.push(Part::Blob { media: "application/x-not-kept".into(), hash: nothing.hash });
            self.run.items.push(Item::Blob(nothing));
        }
        let request = Request {
            path: String::new(),
            body: body.as_ref().map(|b| b.hash),
            bytes: body.as_ref().map_or(0, |b| u32::try_from(b.body.len()).unwrap_or(u32::MAX)),
            stream: one.stream,
            nonce: None,
        };
        self.run.items.extend(body.map(Item::Blob));
        let said = ServerSaid {
            model: one.model.clone(),
            id: one.id.clone(),
            usage: one.usage,
            ..ServerSaid::default()
        };
        let record = Record {
            key,
            parent: None,
            kind: one.kind.unwrap_or(Kind::Chat),
            role: Role::Subject,
            target: 0,
            phase: one.phase,
            prompt: 0,
            case: one.case,
            repeat: one.repeat,
            request,
            timing: self.timing(&one),
            outcome: one.outcome.unwrap_or(Outcome::Completed { finish: acidtest_record::Finish::Unsaid }),
            head: None,
            answer: Answer { parts, raw: None },
            said: (said != ServerSaid::default()).then_some(said),
            fault: None,
            place: Place::default(),
            copied_from: None,
        };
        self.run.items.push(Item::Record(Box::new(record)));
        Ok(key)
    }

    /// Only what was stated: each arrival is a read and an event of its own.
    fn timing(&self, one: &One) -> Timing {
        let zero = self.run.clock.zero_unix_ns;
        // What lies years away from the run's beginning is damage, not a time.
        let at = |t: i64| Some(t.saturating_sub(zero)).filter(|d| d.unsigned_abs() <= FARTHEST_NS).map(Ns);
        let sent = one.sent.and_then(at);
        let mut last = sent.unwrap_or_default();
        let mut arrivals: Vec<Ns> = Vec::new();
        for t in one.arrivals.iter().filter_map(|t| at(*t)) {
            if sent.is_some() && t >= last {
                arrivals.push(t);
                last = t;
            }
        }
        let ended = one.ended.and_then(at).filter(|e| sent.is_some() && *e >= last);
        let read = |t: &Ns| Read { kernel: None, before: *t, after: *t, bytes: 0, drained: true };
        let event = |n: usize| Event {
            read: u32::try_from(n).unwrap_or(u32::MAX),
            kind: EventKind::Visible,
            tokens: None,
            last_in_read: true,
        };
        Timing {
            intended: one.intended.and_then(at).or(sent).unwrap_or_default(),
            // Without the schedule's word, nobody knows how late a request was.
            started: sent.filter(|_| one.intended.is_some()),
            sent,
            sent_end: sent,
            body_end: ended,
            ended,
            reads: arrivals.iter().map(read).collect(),
            events: (0..arrivals.len()).map(event).collect(),
            ..Timing::default()
        }
    }

    pub(crate) fn verdict(&mut self, key: Key, name: &str, value: Value, why: Option<String>) {
        self.run.items.push(Item::Verdict(Verdict {
            name: crate::suite::label(name),
            maker: self.maker.clone(),
            about: vec![About { role: AboutRole::Subject, key }],
            status: Status::Scored,
            value: Some(value),
            why: why.map(|w| w.chars().filter(|c| !c.is_control()).take(500).collect()),
            evidence: None,
            at_unix_ns: self.run.created_unix_ns.unwrap_or_default(),
        }));
    }

    /// Something about a record that the tool states and that is no moment of ours.
    pub(crate) fn note(&mut self, key: Key, name: &str, value: f64) {
        if value.is_finite() {
            let maker = format!("import:{}", self.maker.name);
            self.run.items.push(Item::Note(Note { key, maker, name: name.to_owned(), value }));
        }
    }

    /// A statement of the tool, in its own words.
    pub(crate) fn fact(&mut self, name: &str, value: &serde_json::Value) {
        let text = crate::json::spelled(value);
        if self.facts < MAX_FACTS && !text.is_empty() {
            self.facts += 1;
            self.run.items.push(Item::Fact(Fact {
                name: brief(name),
                value: brief(&text),
                source: format!("{}{}", Fact::STATED_BY, self.run.tool),
                hash: None,
            }));
        }
    }

    /// Every number, text and truth value of an object, nested ones by dotted names.
    pub(crate) fn facts(&mut self, prefix: &str, value: &serde_json::Value, depth: usize) {
        match value {
            serde_json::Value::Object(map) if depth > 0 => {
                for (key, value) in map {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    self.facts(&name, value, depth - 1);
                }
            }
            serde_json::Value::Object(_) | serde_json::Value::Array(_) | serde_json::Value::Null => {}
            scalar => self.fact(prefix, scalar),
        }
    }

    pub(crate) fn loss(&mut self, line: u32, what: impl Into<String>) {
        let loss = Loss { file: place(&self.file), line, what: what.into(), changes_results: false };
        if self.run.losses.len() < 1000 && !self.run.losses.contains(&loss) {
            self.run.losses.push(loss);
        }
    }

    /// The run; every target and phase that records name is there.
    pub(crate) fn finish(mut self) -> ForeignRun {
        if self.run.spec.targets.is_empty() {
            self.target("", "", false);
        }
        if self.run.spec.phases.is_empty() {
            self.phase("imported", Load::Unstated);
        }
        let mut counts = vec![0u32; self.run.spec.phases.len()];
        for item in &self.run.items {
            if let Item::Record(r) = item
                && let Some(n) = counts.get_mut(usize::from(r.phase))
            {
                *n += 1;
            }
        }
        for (phase, n) in self.run.spec.phases.iter_mut().zip(counts) {
            phase.amount = Amount::Count(n);
        }
        if self.run.spec.prompts.is_empty() {
            self.run.spec.prompts.push(PromptSpec { name: "imported".into(), ..PromptSpec::default() });
        }
        self.run.spec.cases = u32::try_from(self.run.cases.len()).unwrap_or(u32::MAX);
        let hashes: Vec<&[u8]> = self.run.cases.iter().map(|c| &c.hash.0[..]).collect();
        self.run.spec.workload = Digest::of_parts(&hashes);
        self.run
    }
}

/// A closed loop of as many users as a file states, else a load that is not stated.
pub(crate) fn closed(users: Option<f64>) -> Load {
    match users.filter(|n| (1.0..1e6).contains(n)) {
        Some(n) => Load::Closed { concurrency: n as u32 },
        None => Load::Unstated,
    }
}

/// `2026-11-26T01:32:57.521536+00:00` as Unix time in nanoseconds.
pub(crate) fn unix_ns(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !fits || !matches!(bytes.get(10), Some(b'T' | b' ')) || !(1970..2200).contains(&year) {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        let digits: String = fraction[..end].chars().chain("000000000".chars()).take(9).collect();
        nanos = digits.parse::<i64>().ok()?;
        rest = &fraction[end..];
    }
    let zone = match rest.as_bytes() {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let digits: Vec<i64> =
                digits.iter().filter(|b| b.is_ascii_digit()).map(|b| i64::from(b - b'0')).collect();
            let [h1, h2, m1, m2] = digits[..] else { return None };
            let seconds = (h1 * 10 + h2) * 3600 + (m1 * 10 + m2) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    // Days since 1970 of the proleptic Gregorian calendar, years beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - zone;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_unix_times() {
        let check = |text: &str, expect: Option<i64>| assert_eq!(unix_ns(text), expect, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-11-26T01:32:57.521536+00:00", Some(1_795_656_777_521_536_000));
        check("2026-11-26T10:32:57+09:00", Some(1_795_656_777_000_000_000));
        check("2024-02-29 12:00:00", Some(1_709_208_000_000_000_000));
        check("2026-13-01T00:00:00Z", None);
        check("yesterday", None);
        check("2026-11-26T01:32:57+é", None);
    }
}
