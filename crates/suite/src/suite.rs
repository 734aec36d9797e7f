//! From a suite file to a plan.
//!
//! Main function: [`load`]; main type: [`Loaded`]. Must not touch files itself:
//! they come through the function it is given.

use crate::error::{Source as File, Span, SuiteError};
use crate::files::{Files, Open};
use crate::read::Fields;
use crate::select::{self, Selection};
use crate::tree::Node;
use crate::{
    abort, cases, defaults, empty, environment, forms, include, limits, load as phases, mapping, matrix,
    prompts, regression, repeats, run_metrics, scorer_files, scoring, shots, slo, targets,
};
use acidtest_record::{Case, Digest, Gate, Origin, RunSpec, SPEC_VERSION, ScorerKind, ScorerSpec, Skipped};
use std::collections::BTreeSet;
use std::path::Path;

/// Keys of a suite.
pub(crate) const KEYS: [&str; 33] = [
    "name",
    "description",
    "include",
    "target",
    "targets",
    "prompt",
    "prompts",
    "matrix",
    "form",
    "shots",
    "tools",
    "thinking",
    "cases",
    "defaults",
    "select",
    "params",
    "extract",
    "scorers",
    "metrics",
    "strict_xfail",
    "phases",
    "repeats",
    "seed",
    "fresh",
    "cache",
    "retry",
    "limits",
    "caps",
    "observe",
    "abort",
    "slo",
    "gates",
    "regression",
];

/// Skipped cases that a plan lists.
const MOST_SKIPPED: usize = 10_000;

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
    regression: Vec<Node>,
    samples: Vec<Case>,
}

impl Loaded {
    /// Where a gate stands in the suite file.
    #[must_use]
    pub fn locate(&self, gate: usize) -> Option<Span> {
        self.gates.get(gate).map(|node| Span { line: self.file.place(node.span.line).1, ..node.span })
    }

    /// Cases that between them have every tag and scorer that gates may name, those of
    /// cases that were not chosen among them.
    #[must_use]
    pub fn samples(&self) -> &[Case] {
        &self.samples
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

    /// The same about a regression gate.
    #[must_use]
    pub fn regression_error(&self, gate: usize, message: &str, hint: &str) -> SuiteError {
        let error = match self.regression.get(gate) {
            Some(node) => self.file.at(node, message),
            None => SuiteError::of_file(&self.file.name, message),
        };
        if hint.is_empty() { error } else { error.hint(hint) }
    }
}

/// Reads a suite file and everything it names; folders and the environment are out of reach.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn load(path: &Path, open: Open<'_>) -> Result<Loaded, SuiteError> {
    load_with(path, Files::only(open), &Selection::default())
}

/// Reads a suite file and everything it names, and chooses among its cases: by the
/// suite's own `select` first, then by `selection`.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn load_with(path: &Path, files: Files<'_>, selection: &Selection) -> Result<Loaded, SuiteError> {
    let (file, mut root) = include::open(path, files)?;
    environment::resolve(&file, &mut root, files.variable)?;
    let suite = Fields::open(&file, &root, "the suite", &KEYS)?;
    let (mut spec, mut prompts) = plan_of(&suite, path, files)?;
    let (gates, gate_nodes) = gates(&suite)?;
    spec.gates = gates;
    let (regression, regression_nodes) = regression::read(&suite)?;
    spec.regression = regression;
    let defaults = defaults::read(&suite)?;
    let mut read = cases::read(&suite, &prompts, &defaults, files)?;
    shots::attach(&suite, &mut prompts, &read.cases, &beside(path, files))?;
    spec.prompts = prompts.specs.clone();
    forms::check_targets(&suite, &spec.targets, &spec.prompts)?;
    let matrix = spec.prompts.first().map(|p| p.vars.clone()).unwrap_or_default();
    targets::check_templates(&suite, &read.cases, &matrix)?;
    spec.scorers = match suite.maybe("scorers", scoring::scorers)? {
        Some(given) => given,
        None => default_scorers(&read.cases),
    };
    let dir = path.parent().unwrap_or(Path::new(""));
    scorer_files::fill(&mut spec.scorers, dir, files.open)?;
    for own in read.cases.iter_mut().filter_map(|c| c.scorers.as_mut()) {
        scorer_files::fill(own, dir, files.open)?;
    }
    check_scorers(&suite, &spec.scorers, &read.cases)?;
    run_metrics::check_cases(&suite, &spec.metrics, &read.cases)?;
    let samples = samples(&read.cases);
    let cases = choose(&suite, read, selection, &mut spec)?;
    spec.cases = cases.len() as u32;
    spec.workload = acidtest_record::workload(&spec, &cases);
    let loaded = Loaded {
        spec,
        cases,
        description: suite.maybe("description", |f, n, what| f.text(n, what).map(str::to_owned))?,
        file: file.clone(),
        gates: gate_nodes,
        regression: regression_nodes,
        samples,
    };
    check_gate_labels(&loaded)?;
    Ok(loaded)
}

/// Whether answers of earlier runs are used again; fresh prompts never repeat.
fn cache(suite: &Fields<'_>, fresh: bool) -> Result<bool, SuiteError> {
    let wanted = suite.maybe("cache", File::flag)?.unwrap_or(false);
    match suite.get("cache") {
        Some(node) if wanted && fresh => Err(suite
            .doc
            .at(node, "'cache' is of no use with `fresh: true`: no prompt is ever asked twice")
            .hint("take one of the two out")),
        _ => Ok(wanted),
    }
}

/// Files beside the suite.
fn beside<'a>(path: &'a Path, files: Files<'a>) -> forms::Files<'a> {
    forms::Files { dir: path.parent().unwrap_or(Path::new("")), all: files }
}

/// Everything of the plan that does not need the cases.
fn plan_of(
    suite: &Fields<'_>,
    path: &Path,
    files: Files<'_>,
) -> Result<(RunSpec, prompts::Prompts), SuiteError> {
    let beside = beside(path, files);
    let targets = targets::read(suite)?;
    let mut prompts = prompts::read(suite, &beside)?;
    let combinations = matrix::read(suite, &prompts)?;
    prompts.expand(&combinations);
    let (repeats, pass_rule) = repeats::read(suite)?;
    let phases = phases::read(suite, &beside, &targets)?;
    let fresh = suite.maybe("fresh", File::flag)?.unwrap_or(false);
    let seed = suite.maybe("seed", |f, n, what| f.count(n, what, 0..=u64::MAX))?;
    let spec = RunSpec {
        version: SPEC_VERSION,
        name: suite_name(suite, path)?,
        origin: Origin::Suite {
            path: path.display().to_string(),
            digest: Digest::of(suite.doc.text.as_bytes()),
        },
        acidtest: env!("CARGO_PKG_VERSION").to_owned(),
        seed: seed.unwrap_or(1),
        params: suite.maybe("params", targets::body_fields)?.unwrap_or_default(),
        abort: abort::read(suite, &targets, &phases)?,
        phases,
        repeats,
        pass_rule,
        fresh,
        cache: cache(suite, fresh)?,
        retry: limits::retry(suite)?,
        limits: limits::limits(suite)?,
        caps: limits::caps(suite, &targets)?,
        observe: crate::observe::read(suite)?,
        slo: slo::read(suite)?,
        extraction: suite.maybe("extract", scoring::extraction)?.unwrap_or_default(),
        metrics: run_metrics::read(suite)?,
        prompts: prompts.specs.clone(),
        tools: suite.maybe("tools", |d, n, w| forms::tools(d, n, w, &beside))?.unwrap_or_default(),
        thinking: suite.maybe("thinking", forms::thinking)?.unwrap_or_default(),
        targets,
        ..RunSpec::default()
    };
    Ok((spec, prompts))
}

/// The gates, and the one that `strict_xfail` stands for.
fn gates(suite: &Fields<'_>) -> Result<(Vec<Gate>, Vec<Node>), SuiteError> {
    let (mut gates, mut nodes) = scoring::gates(suite)?;
    let strict = suite.maybe("strict_xfail", File::flag)?.unwrap_or(false);
    if let Some(node) = suite.get("strict_xfail").filter(|_| strict) {
        let gate = Gate::parse("judgement[class=xpass] <= 0 %").expect("the gate is fixed and tested");
        gates.push(gate);
        nodes.push(node.clone());
    }
    Ok((gates, nodes))
}

/// The cases that are asked; what is chosen and what is skipped goes into the plan.
fn choose(
    suite: &Fields<'_>,
    read: cases::Read,
    flags: &Selection,
    spec: &mut RunSpec,
) -> Result<Vec<Case>, SuiteError> {
    let (own, span) = select::read(suite)?;
    let all = read.cases.len();
    let place = span.unwrap_or(suite.node.span);
    let chosen = own.choose(read.cases, suite.doc, place)?;
    if let Some((message, hint)) = empty::split(flags, &chosen) {
        return Err(SuiteError::of_file("--split", message).hint(hint));
    }
    if let Some((flags, known)) = empty::why(flags, &chosen) {
        let message = format!("no case is left to ask: nothing fits {flags}");
        return Err(SuiteError::of_file(&suite.doc.name, message).hint(known));
    }
    let line = flags.filter.as_deref().unwrap_or("");
    let command = File::line_of("--filter", line, 1);
    let chosen = flags.choose(
        chosen,
        &command,
        Span { line: 1, column: 1, len: line.chars().count().max(1) as u32 },
    )?;
    spec.selection = read.origin.into_iter().chain(own.words()).chain(flags.words()).collect();
    if !own.is_empty() || !flags.is_empty() {
        spec.selection.push(format!("{} of {all} cases", chosen.len()));
    }
    let mut asked = Vec::with_capacity(chosen.len());
    for case in chosen {
        match read.skips.get(&case.id) {
            Some(reason) if spec.skipped.len() < MOST_SKIPPED => {
                spec.skipped.push(Skipped { id: case.id, reason: reason.clone() });
            }
            Some(_) => return Err(SuiteError::of_file(&suite.doc.name, "more than 10000 cases are skipped")),
            None => asked.push(case),
        }
    }
    if asked.is_empty() {
        let why = match spec.skipped.is_empty() {
            true => "no case is left to ask: nothing fits what is selected",
            false => "no case is left to ask: all that are selected are skipped",
        };
        let error = match span {
            Some(span) if flags.is_empty() => suite.doc.error(span, why),
            _ => SuiteError::of_file(&suite.doc.name, why),
        };
        return Err(error.hint(format!("the suite has {all} cases")));
    }
    Ok(asked)
}

/// Cases that have between them every value of every tag, and every scorer.
fn samples(cases: &[Case]) -> Vec<Case> {
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut scorers: BTreeSet<&str> = BTreeSet::new();
    let mut refuse = false;
    let mut out = Vec::new();
    for case in cases {
        let mut is_new = case.refuse && !refuse;
        refuse |= case.refuse;
        for (tag, value) in &case.tags {
            is_new |= seen.insert((tag, value));
        }
        for scorer in case.scorers.iter().flatten() {
            is_new |= scorers.insert(&scorer.name);
        }
        if is_new {
            out.push(case.clone());
        }
    }
    out
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
                "prompt" => spec.prompts.iter().map(|p| p.name.as_str()).collect(),
                tag => {
                    let tags = loaded.samples.iter().filter_map(|c| c.tags.get(tag));
                    let of_prompts = spec.prompts.iter().filter_map(|p| p.labels.get(tag));
                    let mut values: Vec<&str> = tags.chain(of_prompts).map(String::as_str).collect();
                    if tag == "prompt" {
                        values.extend(spec.prompts.iter().map(|p| p.name.as_str()));
                    }
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
        let mut labels: Vec<&str> = mapping::LABELS.to_vec();
        labels.extend(loaded.samples.iter().take(1000).flat_map(|c| c.tags.keys()).map(String::as_str));
        labels.sort_unstable();
        labels.dedup();
        let message = format!("no case has a tag '{label}'");
        return loaded.gate_error(gate, &message, &format!("known labels: {}", labels.join(" ")));
    }
    let some: Vec<&str> = values.iter().copied().take(20).collect();
    let message = format!("no {label} is called '{value}'");
    loaded.gate_error(gate, &message, &format!("known: {}", some.join(", ")))
}
