//! The words of the command that runs a stored plan again.
//!
//! Main function: [`rerun`]. Only what the plan says for certain becomes a word: where a flag that
//! mattered cannot be told from it (cases that were chosen, rungs of unequal length), there is no
//! command rather than one that does something else. What is looked at beside a run (processes,
//! the host) is not part of what is asked, and secrets are in no plan.

use acidtest_record::{
    Amount, Axis, CancelAfter, Connections, Load, Origin, PhaseSpec, RunSpec, SearchSpec, Source, Spacing,
    Stages, TargetSpec, Warmup, rung,
};

/// Most stages of a load that are written as words.
const MOST_STAGES: usize = 100;
/// Most words: a command that no one would type again is none.
const MOST_WORDS: usize = 500;

/// The command that runs a plan again; absent where it is not known.
#[must_use]
pub fn rerun(spec: &RunSpec, replayed_from: Option<&str>) -> Option<Vec<String>> {
    let words = match &spec.origin {
        Origin::Suite { path, .. } => of_suite(spec, path, replayed_from),
        Origin::Bench if replayed_from.is_none() => of_bench(spec),
        Origin::Bench | Origin::Import { .. } => None,
    };
    words.filter(|w| w.len() <= MOST_WORDS)
}

fn of_suite(spec: &RunSpec, path: &str, replayed_from: Option<&str>) -> Option<Vec<String>> {
    // Whether the suite chose its cases or a flag did is not written down.
    if !spec.selection.is_empty() || path.is_empty() {
        return None;
    }
    let mut words = Words::of("run");
    words.add(path);
    words.flag("--seed", spec.seed);
    if let Some(run) = replayed_from {
        words.flag("--replay", run);
    } else if spec.cache {
        words.add("--cache");
    }
    Some(words.0)
}

/// The words so far.
struct Words(Vec<String>);

impl Words {
    fn of(command: &str) -> Self {
        Self(vec!["acidtest".to_owned(), command.to_owned()])
    }

    fn add(&mut self, word: &str) {
        self.0.push(word.to_owned());
    }

    /// A flag with its value; one word, so that a value is never read as a flag.
    fn flag(&mut self, name: &str, value: impl ToString) {
        let value = value.to_string();
        match value.starts_with('-') {
            true => self.0.push(format!("{name}={value}")),
            false => self.0.extend([name.to_owned(), value]),
        }
    }

    fn seconds(&mut self, name: &str, seconds: f64) {
        self.flag(name, format!("{seconds}s"));
    }
}

fn of_bench(spec: &RunSpec) -> Option<Vec<String>> {
    let ([target], [prompt]) = (spec.targets.as_slice(), spec.prompts.as_slice()) else { return None };
    let [message] = prompt.messages.as_slice() else { return None };
    if spec.name != "bench" || spec.cases > 0 || spec.params.keys().any(|k| k != "max_tokens") {
        return None;
    }
    let mut words = Words::of("bench");
    endpoint(&mut words, target)?;
    match &spec.search {
        Some(search) => varied(&mut words, spec, search)?,
        None => match spec.phases.as_slice() {
            [phase] => load(&mut words, phase)?,
            _ => return None,
        },
    }
    for rule in &spec.abort {
        words.flag("--abort", &rule.text);
    }
    words.flag("--max-tokens", spec.params.get("max_tokens")?.as_u64()?);
    words.flag("--prompt", &message.content);
    for gate in &spec.gates {
        words.flag("--gate", &gate.text);
    }
    if let Some(slo) = &spec.slo {
        words.flag("--slo", &slo.text);
    }
    for url in &spec.observe.scrape {
        words.flag("--scrape", url);
    }
    words.flag("--seed", spec.seed);
    Some(words.0)
}

fn endpoint(words: &mut Words, target: &TargetSpec) -> Option<()> {
    let url = match &target.source {
        Source::Url(url) => url,
        Source::Sim { name, .. } => name,
    };
    if target.http.is_some() || target.command.is_some() || !target.body.is_empty() {
        return None;
    }
    for url in std::iter::once(url).chain(&target.connections.also) {
        words.flag("--url", url);
    }
    words.flag("--kind", target.kind.id());
    words.flag("--model", &target.model);
    if let Some(key) = &target.key_env {
        words.flag("--key", key);
    }
    for (name, value) in &target.headers {
        words.flag("--header", format!("{name}: {value}"));
    }
    if !target.stream && target.kind.streams() {
        words.add("--no-stream");
    }
    connections(words, &target.connections);
    Some(())
}

fn connections(words: &mut Words, of: &Connections) {
    match of.requests {
        None => {}
        Some(1) => words.flag("--connection", "new"),
        Some(n) => words.flag("--connection", n),
    }
    if let Some(http2) = of.http2 {
        words.add("--http2");
        if let Some(n) = http2.connections {
            words.flag("--connections", n);
        }
        words.flag("--streams", http2.streams);
    }
    if let Some(cancel) = of.cancel {
        match cancel.after {
            CancelAfter::Events(n) => words.flag("--cancel-after", n),
            CancelAfter::Seconds(s) => words.seconds("--cancel-after", s),
        }
        words.flag("--cancel-share", cancel.share);
    }
}

/// A search or a sweep.
fn varied(words: &mut Words, spec: &RunSpec, search: &SearchSpec) -> Option<()> {
    if search.axis == Axis::Constant {
        words.flag("--arrivals", "constant");
    }
    let Some(find) = &search.find else { return sweep(words, spec, search.axis) };
    words.flag("--find", if search.axis.is_rate() { "max-rate" } else { "max-concurrency" });
    words.flag("--from", find.from);
    words.flag("--to", find.to);
    words.flag("--tolerance", find.tolerance);
    words.seconds("--rung", find.rung_s);
    words.flag("--max-rungs", find.max_rungs);
    words.seconds("--max-time", find.max_time_s);
    words.flag("--max-in-flight", find.max_in_flight);
    Some(())
}

/// Rungs that differ in nothing but their load.
fn sweep(words: &mut Words, spec: &RunSpec, axis: Axis) -> Option<()> {
    let first = spec.phases.first()?;
    let Amount::Seconds(seconds) = first.amount else { return None };
    let value = |p: &PhaseSpec| match p.load {
        Load::Closed { concurrency } => Some(f64::from(concurrency)),
        _ => p.load.rate(),
    };
    let loads = spec.phases.iter().map(value).collect::<Option<Vec<f64>>>()?;
    let is_plain =
        |(p, v): (&PhaseSpec, &f64)| *p == rung(axis, *v, seconds, first.max_in_flight, axis.name(*v));
    if !spec.phases.iter().zip(&loads).all(is_plain) {
        return None;
    }
    let loads: Vec<String> = loads.iter().map(f64::to_string).collect();
    let word = if axis.is_rate() { "rate" } else { "concurrency" };
    words.flag("--sweep", format!("{word}={}", loads.join(",")));
    words.seconds("--rung", seconds);
    if axis.is_rate() {
        words.flag("--max-in-flight", first.max_in_flight);
    }
    Some(())
}

/// The load of a plain run.
fn load(words: &mut Words, phase: &PhaseSpec) -> Option<()> {
    let changes = phase.load.stages();
    match &phase.load {
        Load::Closed { concurrency } => words.flag("--concurrency", concurrency),
        Load::Users { stages } => words.flag("--user-stages", written(stages)?),
        Load::Varying { stages, .. } => words.flag("--stages", written(stages)?),
        open => words.flag("--rate", open.rate()?),
    }
    match phase.load.spacing() {
        None => {}
        Some(Spacing::Poisson) => words.flag("--arrivals", "poisson"),
        Some(Spacing::Constant) => words.flag("--arrivals", "constant"),
        Some(Spacing::Gamma { burstiness }) => {
            words.flag("--arrivals", "gamma");
            words.flag("--burstiness", burstiness);
        }
    }
    match phase.amount {
        Amount::Cases => return None,
        Amount::Count(n) => words.flag("--requests", n),
        // Stages say themselves how long they last.
        Amount::Seconds(_) if changes.is_some() => {}
        Amount::Seconds(s) => words.seconds("--duration", s),
    }
    match phase.warmup {
        Warmup::None => {}
        Warmup::Count(n) => words.flag("--warmup", n),
        Warmup::Seconds(s) => words.seconds("--warmup", s),
    }
    if !phase.load.is_closed() {
        words.flag("--max-in-flight", phase.max_in_flight);
    }
    paced(words, phase);
    for rule in &phase.stop_when {
        words.flag("--stop-when", &rule.text);
    }
    phase.caps.cost.is_none().then_some(())
}

fn paced(words: &mut Words, phase: &PhaseSpec) {
    if phase.cooldown_s > 0.0 {
        words.seconds("--cooldown", phase.cooldown_s);
    }
    match phase.think {
        None => {}
        Some(acidtest_record::Dist::Fixed(s)) => words.seconds("--think-time", s),
        Some(dist) => words.flag("--think-time", dist),
    }
    if phase.pacing_s > 0.0 {
        words.seconds("--pacing", phase.pacing_s);
    }
    if let Some(rate) = phase.max_rate {
        words.flag("--max-rate", rate);
    }
    if let Some(n) = phase.caps.requests {
        words.flag("--max-requests", n);
    }
    if let Some(s) = phase.caps.time_s {
        words.seconds("--max-time", s);
    }
}

/// `30s:10,60s:10-50`.
fn written(stages: &Stages) -> Option<String> {
    let one = |s: &acidtest_record::LoadStage| match s.from == s.to {
        true => format!("{}s:{}", s.seconds, s.from),
        false => format!("{}s:{}-{}", s.seconds, s.from, s.to),
    };
    let all: Vec<String> = stages.all().iter().map(one).collect();
    (all.len() <= MOST_STAGES).then(|| all.join(","))
}
