//! From a suite file to a plan.
//!
//! Main function: [`load`]; main type: [`Loaded`]. Must not touch files itself:
//! they come through the function it is given.

use crate::error::{Source as File, Span, SuiteError};
use crate::read::Fields;
use crate::tree::Node;
use crate::{cases, forms, limits, load as phases, prompts, scoring, shots, targets, tree};
use acidtest_record::{
    Case, Digest, Extraction, Origin, PromptSpec, RunSpec, SPEC_VERSION, ScorerKind, ScorerSpec,
};
use serde_json::{Value, json};
use std::io::{self, Read};
use std::path::Path;

/// Longest suite file, in bytes; large sets of cases belong into a data file.
const MAX_SUITE: u64 = 4 << 20;

/// Keys of a suite.
pub(crate) const KEYS: [&str; 22] = [
    "name",
    "description",
    "target",
    "targets",
    "prompt",
    "prompts",
    "form",
    "shots",
    "tools",
    "thinking",
    "cases",
    "params",
    "extract",
    "scorers",
    "phases",
    "repeats",
    "seed",
    "fresh",
    "retry",
    "limits",
    "caps",
    "gates",
];

/// How files are opened: the caller decides where they come from.
pub type Open<'a> = &'a dyn Fn(&Path) -> io::Result<Box<dyn Read>>;

/// A suite that was read, checked and resolved.
#[derive(Debug)]
pub struct Loaded {
    /// The plan.
    pub spec: RunSpec,
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// What the suite says about itself.
    pub description: Option<String>,
    file: File,
    gates: Vec<Node>,
}

impl Loaded {
    /// Where a gate stands in the suite file.
    #[must_use]
    pub fn locate(&self, gate: usize) -> Option<Span> {
        self.gates.get(gate).map(|node| node.span)
    }

    /// An error about a gate, shown in its line: for what only the findings
    /// know, such as a metric that does not exist.
    #[must_use]
    pub fn gate_error(&self, gate: usize, message: &str, hint: &str) -> SuiteError {
        let error = match self.gates.get(gate) {
            Some(node) => self.file.at(node, message),
            None => SuiteError::of_file(&self.file.name, message),
        };
        if hint.is_empty() { error } else { error.hint(hint) }
    }
}

/// Reads a suite file and everything it names.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn load(path: &Path, open: Open<'_>) -> Result<Loaded, SuiteError> {
    let file = read_file(path, open)?;
    let root = tree::parse(&file)?;
    let suite = Fields::open(&file, &root, "the suite", &KEYS)?;
    let targets = targets::read(&suite)?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let files = forms::Files { dir, open };
    let mut prompts = prompts::read(&suite, &files)?;
    let tools = suite.maybe("tools", |d, n, w| forms::tools(d, n, w, &files))?.unwrap_or_default();
    let thinking = suite.maybe("thinking", forms::thinking)?.unwrap_or_default();
    let params = suite.maybe("params", targets::body_fields)?.unwrap_or_default();
    let extraction = suite.maybe("extract", scoring::extraction)?.unwrap_or_default();
    let given_scorers = suite.maybe("scorers", scoring::scorers)?;
    let phases = phases::read(&suite)?;
    let repeats = suite.maybe("repeats", |f, n, what| f.count(n, what, 1..=10_000))?;
    let seed = suite.maybe("seed", |f, n, what| f.count(n, what, 0..=u64::MAX))?;
    let fresh = suite.maybe("fresh", File::flag)?.unwrap_or(false);
    let retry = limits::retry(&suite)?;
    let limits_of = limits::limits(&suite)?;
    let caps = limits::caps(&suite, &targets)?;
    let (gates, gate_nodes) = scoring::gates(&suite)?;
    let cases = cases::read(&suite, dir, &prompts, open)?;
    shots::attach(&suite, &mut prompts, &cases, &files)?;
    forms::check_targets(&suite, &targets, &prompts.specs)?;
    let scorers = given_scorers.unwrap_or_else(|| default_scorers(&cases));
    check_scorers(&suite, &scorers, &cases)?;
    let spec = RunSpec {
        version: SPEC_VERSION,
        name: suite_name(&suite, path)?,
        origin: Origin::Suite { path: path.display().to_string(), digest: Digest::of(file.text.as_bytes()) },
        acidtest: env!("CARGO_PKG_VERSION").to_owned(),
        seed: seed.unwrap_or(1),
        targets,
        prompts: prompts.specs,
        params,
        phases,
        repeats: repeats.unwrap_or(1) as u16,
        fresh,
        retry,
        limits: limits_of,
        caps,
        extraction,
        scorers,
        gates,
        cases: cases.len() as u32,
        workload: Digest::of(b""),
        tools,
        thinking,
        ..RunSpec::default()
    };
    let workload = workload(&spec, &cases);
    let loaded = Loaded {
        spec: RunSpec { workload, ..spec },
        cases,
        description: suite.maybe("description", |f, n, what| f.text(n, what).map(str::to_owned))?,
        file: file.clone(),
        gates: gate_nodes,
    };
    check_gate_labels(&loaded)?;
    Ok(loaded)
}

fn read_file(path: &Path, open: Open<'_>) -> Result<File, SuiteError> {
    let name = path.display().to_string();
    let fail = |e: io::Error| {
        SuiteError::of_file(&name, format!("cannot read the suite: {e}"))
            .hint("give the path of a suite file, such as suites/docent/suite.yaml")
    };
    let mut bytes = Vec::new();
    let reader = open(path).map_err(fail)?;
    reader.take(MAX_SUITE + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_SUITE {
        return Err(SuiteError::of_file(&name, "the suite file is longer than 4 MiB")
            .hint("put the cases into a .jsonl file: `cases: cases.jsonl`"));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| SuiteError::of_file(&name, "the suite file is not UTF-8"))?;
    Ok(File::new(&name, text.strip_prefix('\u{FEFF}').unwrap_or(&text)))
}

/// The name given, else that of the file or, for `suite.yaml`, of its directory.
fn suite_name(suite: &Fields<'_>, path: &Path) -> Result<String, SuiteError> {
    if let Some(name) = suite.maybe("name", File::name)? {
        return Ok(name);
    }
    let stem = path.file_stem().and_then(|s| s.to_str());
    let dir = path.parent().and_then(Path::file_name).and_then(|s| s.to_str());
    let name = if stem == Some("suite") { dir.or(stem) } else { stem };
    Ok(name.unwrap_or("suite").to_owned())
}

/// `exact` where any case has an expected answer, `refusal` being the engine's own where one is due.
fn default_scorers(cases: &[Case]) -> Vec<ScorerSpec> {
    if cases.iter().all(|c| c.expected.is_empty()) {
        return Vec::new();
    }
    vec![ScorerSpec {
        name: "exact".to_owned(),
        kind: ScorerKind::Exact { ignore_case: false },
        negate: false,
        weight: 1.0,
        pass: Some(1.0),
    }]
}

/// A scorer that compares with expected answers is of no use where no case has one.
fn check_scorers(suite: &Fields<'_>, all: &[ScorerSpec], cases: &[Case]) -> Result<(), SuiteError> {
    let has = cases.iter().any(|c| !c.expected.is_empty());
    let lost = all.iter().position(scoring::needs_reference);
    match (lost, suite.get("scorers")) {
        (Some(i), Some(node)) if !has => {
            let doc = suite.doc;
            let place = doc.one_or_more(node, "'scorers'")?.get(i).unwrap_or(node);
            let message = format!("'{}' needs expected answers, and no case has one", all[i].name);
            Err(doc
                .at(place, message)
                .hint("give the cases `expected`, or map it: `cases: { file: …, map: { expected: FIELD } }`"))
        }
        _ => Ok(()),
    }
}

/// Labels of gates must be the target, the phase or a tag that some case has, with a value that occurs.
fn check_gate_labels(loaded: &Loaded) -> Result<(), SuiteError> {
    let spec = &loaded.spec;
    for (i, gate) in spec.gates.iter().enumerate() {
        for (label, value) in &gate.labels {
            let values: Vec<&str> = match label.as_str() {
                "target" => spec.targets.iter().map(|t| t.name.as_str()).collect(),
                "phase" => spec.phases.iter().map(|p| p.name.as_str()).collect(),
                tag => {
                    let mut values: Vec<&str> =
                        loaded.cases.iter().filter_map(|c| c.tags.get(tag).map(String::as_str)).collect();
                    values.sort_unstable();
                    values.dedup();
                    values
                }
            };
            if !values.contains(&value.as_str()) {
                return Err(label_error(loaded, i, label, value, &values));
            }
        }
    }
    Ok(())
}

fn label_error(loaded: &Loaded, gate: usize, label: &str, value: &str, values: &[&str]) -> SuiteError {
    if values.is_empty() {
        let mut labels: Vec<&str> = cases::LABELS.to_vec();
        labels.extend(loaded.cases.iter().take(1000).flat_map(|c| c.tags.keys()).map(String::as_str));
        labels.sort_unstable();
        labels.dedup();
        let message = format!("no case has a tag '{label}'");
        return loaded.gate_error(gate, &message, &format!("known labels: {}", labels.join(" ")));
    }
    let some: Vec<&str> = values.iter().copied().take(20).collect();
    let message = format!("no {label} is called '{value}'");
    loaded.gate_error(gate, &message, &format!("known: {}", some.join(", ")))
}

/// The digest by which runs are comparable.
///
/// In it: prompts, cases (variables, expected answers, refusal due, and an
/// extraction of their own) in order, parameters, phases, repeats, `fresh` and
/// extraction. Not in it: targets with their addresses, models and prices,
/// scorers, gates, seed, retries, limits, caps and names.
fn workload(spec: &RunSpec, cases: &[Case]) -> Digest {
    let phases: Vec<Value> =
        spec.phases.iter().map(|p| json!([p.load, p.amount, p.warmup, p.max_in_flight])).collect();
    let prompts: Vec<Value> = spec.prompts.iter().map(prompt_workload).collect();
    let plan = json!({
        "prompts": prompts,
        "params": spec.params,
        "phases": phases,
        "repeats": spec.repeats,
        "fresh": spec.fresh,
        "extraction": spec.extraction,
    });
    let mut plan = plan;
    if !spec.tools.is_empty() {
        plan["tools"] = json!(spec.tools);
    }
    if !spec.thinking.is_empty() {
        plan["thinking"] = json!(spec.thinking);
    }
    let mut parts = vec![sorted(plan).to_string().into_bytes()];
    for case in cases {
        let own: Option<&Extraction> = case.extraction.as_ref();
        parts.push(format!("{} {}", case.hash, json!(own)).into_bytes());
        if let Some(tools) = &case.tools {
            parts.push(sorted(json!({ "tools": tools })).to_string().into_bytes());
        }
    }
    Digest::of_parts(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// What a prompt asks: its messages, and whatever it has beside them.
fn prompt_workload(prompt: &PromptSpec) -> Value {
    let plain = PromptSpec { messages: prompt.messages.clone(), ..PromptSpec::default() };
    let nameless = PromptSpec { name: String::new(), ..prompt.clone() };
    if nameless == plain { json!(prompt.messages) } else { json!(nameless) }
}

/// The same JSON with every object's keys in order, so that the order of writing does not matter.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let mut pairs: Vec<(String, Value)> = map.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().map(|(k, v)| (k, sorted(v))).collect())
        }
        other => other,
    }
}
