//! From a view to everything a report shows.
//!
//! Main function: [`find`]: every metric of every target and phase, quality also
//! by tag, then validity, gates, tables, failures and warnings.

use crate::capacity;
use crate::compare::tests;
use crate::estimate::{Estimate, Family};
use crate::failures::{self, Texts};
use crate::families::quality::{DELIVERY, JUDGEMENT};
use crate::families::{answers, language};
use crate::findings::{Findings, PhaseInfo, RunInfo, SkippedCase, Table, TargetInfo};
use crate::gaps;
use crate::gate_check::{scorer, scorers};
use crate::gates;
use crate::generalization::HELD_OUT;
use crate::matrix;
use crate::measure::{Mode, Sheet, Wanted, measure};
use crate::metric::{Measure, Metric, metrics};
use crate::tables;
use crate::timeline::{Slicing, timeline};
use crate::validity::Guards;
use crate::view::{CORRECT, PROMPT, REFUSED, Slice, View, is_place};
use acidtest_metrics::stats::FEW_CLUSTERS;
use acidtest_record::{Cause, Key, NotSent, Origin, PhaseEnd, Stat};
use std::collections::BTreeSet;

/// Most values of a tag that are sliced by; more are an id, not a label.
const MOST_TAG_VALUES: usize = 20;

/// How the fact that says why a run was stopped begins, where a rule of the plan stopped it.
pub const ABORT_RULE: &str = "abort rule";

/// Everything a report shows. `texts` is asked for the records of listed failures only.
pub fn find(view: &View, texts: &mut dyn FnMut(Key) -> Texts) -> Findings {
    let (validity, guards) = Guards::of(view);
    let slices = view.slices();
    let mut estimates = Vec::new();
    let mut counts = Vec::new();
    for slice in &slices {
        estimates.extend(of_slice(slice, &guards));
        counts.extend(tables::tables(slice));
        for part in by_tags(slice) {
            let quality = of_slice(&part, &guards).into_iter();
            estimates.extend(quality.filter(|e| e.number().is_some()));
        }
    }
    let (failures, failing) = failures::failures(view, texts);
    let gates = gates::evaluate(view, &guards);
    let tests = tests(&matrix::sides(view, &guards), &[]);
    let matrix = matrix::rows(view, &estimates, &tests);
    let warnings = warnings(view, &slices, &estimates, &counts);
    Findings {
        run: run_info(view),
        estimates,
        tests,
        matrix,
        gates,
        failures,
        failing,
        validity,
        tables: counts,
        capacity: capacity::known(view, &guards),
        warnings,
        stated: view.stated.clone(),
        slices: timeline(view, Slicing::default()),
        calibrated: view.calibrated.clone(),
    }
}

/// Every metric of a slice; a slice by tags has only quality.
fn of_slice(slice: &Slice, guards: &Guards) -> Vec<Estimate> {
    let mut all: Vec<Estimate> = Vec::new();
    for w in wanted(slice) {
        let mut found =
            known_gaps(slice, &w, &all).unwrap_or_else(|| measure(slice, &w, w.metric.stats, Mode::PRINTED));
        guards.mark(slice, w.metric.guard, &mut found);
        if w.metric.family == Family::Tokens {
            for e in &mut found {
                e.labels.insert("source".into(), "server".into());
            }
        }
        all.append(&mut found);
    }
    all
}

/// Gaps between tokens, where those between events were just measured and are the same.
fn known_gaps(slice: &Slice, wanted: &Wanted, before: &[Estimate]) -> Option<Vec<Estimate>> {
    let Measure::Gaps(Some(most)) = wanted.metric.measure else {
        return None;
    };
    let icl: Vec<Estimate> = before.iter().filter(|e| e.metric == "icl").cloned().collect();
    if icl.is_empty() {
        return None;
    }
    gaps::as_tokens(&Sheet { slice, wanted }, &icl, most)
}

/// The metrics that apply to a slice, classes and scorers by name.
fn wanted(slice: &Slice) -> Vec<Wanted> {
    let mut all = Vec::new();
    let quality_only = slice.is_tagged();
    for metric in metrics() {
        if quality_only && metric.family != Family::Quality {
            continue;
        }
        match metric.id {
            _ if matches!(metric.measure, Measure::Corpus) => {
                let asked = slice.view.spec.metrics.iter().enumerate();
                all.extend(
                    asked.filter(|(_, m)| m.metric == metric.id).map(|(i, _)| Wanted::asked(metric, i)),
                );
            }
            "score" => all.extend(names(slice).iter().filter_map(|n| scorer(slice.view.spec, n))),
            "case_pass_rate" if slice.view.spec.pass_rule.is_none() => {}
            "accuracy" | "case_pass_rate" | "judgement" | "refusal_due" | "over_refusal"
                if !is_judged(slice.view) => {}
            "acc" | "acc_norm" | "acc_bytes" if !slice.asked().any(|a| language::is_asked(&a)) => {}
            _ if matches!(metric.measure, Measure::Scaled(..))
                && !language::is_held(slice.view, metric.id) => {}
            "generalization_gap" if quality_only || !is_judged(slice.view) || !has_held_out(slice.view) => {}
            _ if matches!(metric.measure, Measure::Sensed(_)) => all.extend(sensed(slice, metric)),
            "funnel" | "field_accuracy" if quality_only => {}
            "funnel" => {
                let stages = answers::stages(slice.view.spec, slice.view.cases);
                all.extend(stages.iter().map(|s| Wanted::with(metric, s.0)));
            }
            "field_accuracy" => {
                let params = answers::field_params(slice.view.spec, slice.view.cases);
                all.extend(params.iter().map(|p| Wanted::with(metric, p)));
            }
            "delivery" if quality_only => {}
            "judgement" if quality_only => {}
            "delivery" => all.extend(DELIVERY.map(|(class, _)| Wanted::with(metric, class))),
            "judgement" => all.extend(JUDGEMENT.map(|(class, _)| Wanted::with(metric, class))),
            "error_rate" => {
                all.push(Wanted::plain(metric));
                let seen = causes(slice);
                all.extend(seen.iter().map(|c| Wanted::with(metric, c.id())));
            }
            _ => all.push(Wanted::plain(metric)),
        }
    }
    all
}

/// A metric of the surroundings for each source that said something of it.
fn sensed(slice: &Slice, metric: &'static Metric) -> Vec<Wanted> {
    match metric.measure {
        Measure::Sensed(what) => {
            slice.view.surroundings.sources(what).map(|source| Wanted::with(metric, source)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether answers of the run are judged at all: some scorer decides, or somebody did.
pub(crate) fn is_judged(view: &View) -> bool {
    let decides = |s: &acidtest_record::ScorerSpec| s.pass.is_some();
    view.has_opinion(CORRECT)
        || view.has_opinion(REFUSED)
        || view.spec.scorers.iter().any(decides)
        || view.cases.iter().any(|c| c.refuse || c.scorers.iter().flatten().any(decides))
}

/// Whether some cases are held out and others are not.
fn has_held_out(view: &View) -> bool {
    let is_held = |c: &acidtest_record::Case| c.split.as_deref() == Some(HELD_OUT);
    view.cases.iter().any(is_held) && !view.cases.iter().all(is_held)
}

fn names(slice: &Slice) -> BTreeSet<String> {
    let planned = scorers(slice.view.spec, slice.view.cases);
    planned.into_iter().chain(slice.view.score_names()).map(str::to_owned).collect()
}

fn causes(slice: &Slice) -> BTreeSet<Cause> {
    slice
        .asked()
        .flat_map(|a| a.attempts())
        .filter_map(|c| match c.class {
            acidtest_record::OutcomeClass::Failed(cause) => Some(cause),
            _ => None,
        })
        .filter(|c| c.counts())
        .collect()
}

/// Sub-slices by every tag that is a label.
fn by_tags<'v>(slice: &Slice<'v>) -> Vec<Slice<'v>> {
    if !is_judged(slice.view) && slice.view.spec.metrics.is_empty() {
        return Vec::new();
    }
    let spec = slice.view.spec;
    let of_prompts = spec.prompts.iter().flat_map(|p| p.labels.keys());
    let keys = slice.view.cases.iter().flat_map(|c| c.tags.keys()).chain(of_prompts).map(String::as_str);
    let keys: BTreeSet<&str> = keys.chain((spec.prompts.len() > 1).then_some("prompt")).collect();
    keys.into_iter()
        .filter(|key| !slice.labels.contains_key(*key))
        .map(|key| slice.by_tag(key))
        .filter(|parts| parts.len() <= MOST_TAG_VALUES)
        .flatten()
        .collect()
}

fn warnings(view: &View, slices: &[Slice], estimates: &[Estimate], counts: &[Table]) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(of_plan(view));
    let few = estimates
        .iter()
        .filter(|e| e.family == Family::Quality && is_place(&e.labels) && e.ends().is_some())
        .filter(|e| e.metric == "accuracy" || matches!(e.stat, Stat::Mean | Stat::Value))
        .filter(|e| e.n.clusters < FEW_CLUSTERS as u64)
        .map(|e| e.n.clusters)
        .min();
    if let Some(clusters) = few {
        all.push(match clusters {
            1 => format!("only 1 unit of sampling: intervals of quality are shaky below {FEW_CLUSTERS}"),
            n => format!("only {n} units of sampling: intervals of quality are shaky below {FEW_CLUSTERS}"),
        });
    }
    for table in counts.iter().filter(|t| t.name == "not_sent") {
        let prompt = table.labels.get(PROMPT).map_or(String::new(), |p| format!(" with {p}"));
        let place = format!("{}{prompt} under {}", table.labels["target"], table.labels["phase"]);
        for row in &table.rows {
            all.push(format!(
                "{place}: {} of {} requests were never sent ({})",
                row.count, table.of, row.words
            ));
        }
    }
    if slices.iter().all(|s| s.requests.is_empty()) {
        all.push("no request was measured".into());
    }
    for slice in slices.iter().filter(|s| s.cached() > 0) {
        let place = format!("{} under {}", slice.labels["target"], slice.labels["phase"]);
        all.push(format!(
            "{place}: cached {} of {}, not measured: answers of earlier runs, without times and with nothing spent; errors and availability are of the others",
            slice.cached(),
            slice.requests.len()
        ));
    }
    if let Some(run) = &view.replayed_from {
        all.push(format!("replayed from run {run}: its answers, times and errors; nothing was sent"));
    } else if view.clocks.len() > 1 {
        all.push(format!("resumed: {} clocks; no time is taken across them", view.clocks.len()));
    }
    all.extend(view.surroundings.warnings());
    let cap = NotSent::Cap.id();
    if counts.iter().any(|t| t.name == "not_sent" && t.rows.iter().any(|r| r.class == cap)) {
        all.push("the asked load was not held: raise max_in_flight, or lower the rate".into());
    }
    all
}

/// What a reader must know of the plan: chosen cases, skipped cases, an early stop.
fn of_plan(view: &View) -> Vec<String> {
    let spec = view.spec;
    let mut all = Vec::new();
    if !spec.selection.is_empty() {
        all.push(format!("cases were chosen: {}", spec.selection.join("; ")));
    }
    if let Some(first) = spec.skipped.first() {
        let more = if spec.skipped.len() > 1 { ", …" } else { "" };
        let what = format!("{} ({}){more}", first.id, first.reason);
        all.push(match spec.skipped.len() {
            1 => format!("1 case was skipped: {what}"),
            n => format!("{n} cases were skipped: {what}"),
        });
    }
    if let Some(rule) = view.stopped.as_ref().filter(|why| why.starts_with(ABORT_RULE)) {
        all.push(format!(
            "stopped early by {rule}: estimates are sequential, made after looking at the data; their intervals do not allow for it"
        ));
    }
    all.extend(view.ended.iter().filter_map(|ended| ended_early(view, ended)));
    all
}

/// That a phase ended before its plan was sent.
fn ended_early(view: &View, ended: &acidtest_record::PhaseEnded) -> Option<String> {
    let phase = view.spec.phases.get(usize::from(ended.phase))?;
    let target = view.target(ended.target)?;
    let place = format!("{} under {}", target.name, phase.name);
    Some(match ended.why {
        PhaseEnd::Time => format!("{place}: ended by max_time, {} s after its start", phase.caps.time_s?),
        PhaseEnd::Cost => format!("{place}: ended by max_cost, {}", phase.caps.cost?),
        PhaseEnd::Narrow => format!(
            "{place}: ended when {} held: estimates are sequential, made after looking at the data; their intervals do not allow for it",
            rules(phase)
        ),
    })
}

fn rules(phase: &acidtest_record::PhaseSpec) -> String {
    let texts: Vec<String> = phase.stop_when.iter().map(|r| format!("'{}'", r.text)).collect();
    texts.join(", ")
}

/// The rule that ended the run, or one of its phases, after a look at the data.
fn sequential(view: &View) -> Option<String> {
    let abort = view.stopped.clone().filter(|why| why.starts_with(ABORT_RULE));
    let narrow = view.ended.iter().find(|e| e.why == PhaseEnd::Narrow);
    abort.or_else(|| {
        let phase = view.spec.phases.get(usize::from(narrow?.phase))?;
        Some(format!("stop_when {}", rules(phase)))
    })
}

pub(crate) fn run_info(view: &View) -> RunInfo {
    let spec = view.spec;
    RunInfo {
        id: view.run.to_string(),
        name: spec.name.clone(),
        state: view.state.map_or(String::new(), |s| s.id().to_owned()),
        acidtest: spec.acidtest.clone(),
        seed: spec.seed,
        workload: spec.workload.to_string(),
        started_unix_ns: view.clocks.first().map(|c| c.zero_unix_ns),
        clocks: view.clocks.len() as u64,
        cases: u64::from(spec.cases),
        repeats: u64::from(spec.repeats),
        targets: TargetInfo::all(spec),
        phases: PhaseInfo::all(spec),
        requests: view.requests() as u64,
        records: view.records() as u64,
        warmup: view.warmup,
        fresh: spec.fresh,
        same_machine: view.same_machine,
        stopped: view.stopped.clone(),
        planned: view.planned,
        selection: spec.selection.clone(),
        skipped: spec
            .skipped
            .iter()
            .map(|s| SkippedCase { id: s.id.clone(), reason: s.reason.clone() })
            .collect(),
        sequential: sequential(view),
        measuring_threads: view.measuring_threads,
        replayed_from: view.replayed_from.clone(),
        tokens_by: match &spec.origin {
            Origin::Import { tokens_by, .. } => tokens_by.clone(),
            Origin::Suite { .. } | Origin::Bench => None,
        },
        cached: view.slices().iter().map(|s| s.cached() as u64).sum(),
    }
}
