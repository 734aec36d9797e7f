//! Golden kinds: resampling as sacreBLEU does it, and tests of two samples.

use crate::Verdict;
use crate::compare::{Check, Compare, numbers, strings};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
use acidtest_metrics::corpus::compat::{
    MeanHalfWidth, PairedBootstrap, SacrebleuDraws, sacrebleu_interval, sacrebleu_line,
    sacrebleu_paired_bootstrap, sacrebleu_paired_randomisation, sacrebleu_resamples, sacrebleu_signature,
};
use acidtest_metrics::corpus::ter::{Ter, TerOptions};
use acidtest_metrics::stats::{Rows, mann_whitney, student, welch};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[
    ("two_sample_t", two_sample_t),
    ("mann_whitney", mann_whitney_u),
    ("bootstrap_ci", bootstrap_ci),
    ("paired_bs", paired_bs),
    ("paired_ar", paired_ar),
];

/// A metric by sacreBLEU's name and parameters, `None` where we have none of that name.
fn metric_of(name: &str, params: &Value) -> Option<Box<dyn RowMetric>> {
    let flag = |key: &str| params[key].as_bool().unwrap_or(false);
    match name {
        "bleu" => Some(Box::new(crate::bleu::metric(params))),
        "chrf" => Some(Box::new(chrf_of(params))),
        "ter" => Some(Box::new(Ter::new(TerOptions {
            normalized: flag("normalized"),
            no_punct: flag("no_punct"),
            asian_support: flag("asian_support"),
            case_sensitive: flag("case_sensitive"),
        }))),
        _ => None,
    }
}

fn chrf_of(params: &Value) -> Chrf {
    let flag = |key: &str| params[key].as_bool();
    let count = |key: &str| params[key].as_u64().map(|x| x as usize);
    let plain = ChrfOptions::default();
    Chrf::new(ChrfOptions {
        char_order: count("char_order").unwrap_or(plain.char_order),
        word_order: count("word_order").unwrap_or(plain.word_order),
        beta: params["beta"].as_f64().unwrap_or(plain.beta),
        lowercase: flag("lowercase").unwrap_or(plain.lowercase),
        whitespace: flag("whitespace").unwrap_or(plain.whitespace),
        eps_smoothing: flag("eps_smoothing").unwrap_or(plain.eps_smoothing),
    })
    .unwrap()
}

fn two_sample_t(case: &Value) -> Verdict {
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let mut compare = Compare::new(case, 1e-8);
    for (name, found) in [("welch", welch(&x, &y)), ("student", student(&x, &y))] {
        let found = found.ok().map(|f| [f.t(), f.df, f.p]);
        compare.field(name, json!(found));
    }
    compare.done()
}

fn mann_whitney_u(case: &Value) -> Verdict {
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let found = mann_whitney(&x, &y).unwrap();
    let mut compare = Compare::new(case, 1e-8);
    compare.field("asymptotic_cc", json!([found.u, found.p]));
    compare.field("asymptotic_no_cc", json!([found.u, found.p_uncorrected]));
    compare.field("greater_asymptotic_cc", json!([found.u, found.p_greater]));
    compare.field("exact", json!(found.p_exact.map(|p| [found.u, p])));
    compare.field("a12", json!(found.a12));
    compare.done()
}

/// Segments of a file of the corpus beside the fixtures.
fn segments(name: &str) -> Vec<String> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden");
    let directory = std::env::var_os("ACIDTEST_GOLDEN").map_or(own, PathBuf::from);
    let text = std::fs::read_to_string(directory.join(name)).unwrap();
    text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect()
}

fn rows_of(metric: &mut dyn RowMetric, hypotheses: &str, references: &[&str]) -> Rows {
    let references: Vec<Vec<String>> = references.iter().map(|name| segments(name)).collect();
    let mut rows = Rows::new(metric.width());
    for (i, hypothesis) in segments(hypotheses).iter().enumerate() {
        let of: Vec<&str> = references.iter().map(|r| r[i].as_str()).collect();
        metric.row(hypothesis, &of, rows.push()).unwrap();
    }
    rows
}

/// sacreBLEU's name of a metric, and what stands behind its score.
fn named(name: &str, params: &Value, sums: &[f64]) -> (String, String) {
    match name {
        "bleu" => ("BLEU".into(), crate::bleu::metric(params).score(sums).verbose()),
        "chrf" => (chrf_of(params).score(sums).name, String::new()),
        _ => ("TER".into(), String::new()),
    }
}

fn score(metric: &dyn RowMetric, sums: &[f64]) -> f64 {
    let mut out = vec![None; metric.outputs().len()];
    metric.finish(sums, &mut out);
    out[0].unwrap()
}

fn bootstrap_ci(case: &Value) -> Verdict {
    let (params, input) = (&case["params"], &case["input"]);
    let kind = params["metric"].as_str().unwrap();
    let Some(mut metric) = metric_of(kind, params) else {
        return Verdict::NotImplemented;
    };
    let references = strings(&input["refs"]);
    let rows = rows_of(&mut *metric, input["hyp"].as_str().unwrap(), &references);
    let (seed, resamples) = (params["seed"].as_u64().unwrap(), count(params, "n_bootstrap"));
    let found = sacrebleu_resamples(&rows, &*metric, resamples, seed).unwrap();
    let spread = sacrebleu_interval(&rows, &*metric, resamples, seed).unwrap();
    let sums = rows.sums();
    let mut compare = Compare::new(case, 2e-5);
    compare.field("score", score(&*metric, &sums).into());
    compare.field("mean", spread.mean.into());
    compare.field("first_8_resample_scores", json!(found[..8]));
    // 2e-5 relative or 2e-4 absolute, as the README says.
    let due = case["expected"]["ci"].as_f64().unwrap();
    compare.tolerance = 2e-5f64.max(2e-4 / due);
    compare.field("ci", spread.half_width.into());
    let draws = SacrebleuDraws { bootstrap: Some(resamples), randomisation: None, seed };
    compare.field("signature", sacrebleu_signature(&*metric, Some(references.len()), draws).into());
    let (name, more) = named(kind, params, &sums);
    let line = sacrebleu_line(&name, score(&*metric, &sums), Some(spread), &more, 4);
    let due = case["expected"]["formatted"].as_str().unwrap_or_default();
    compare.field("formatted", if same_line(due, &line) { due.into() } else { line.into() });
    compare.done()
}

/// Whether two lines differ in μ and h alone, by no more than a step of the last digit: they were
/// added in 32-bit floats.
fn same_line(due: &str, got: &str) -> bool {
    let (due, got): (Vec<&str>, Vec<&str>) = (due.split(' ').collect(), got.split(' ').collect());
    let near = |i: usize| {
        let resampled = i >= 2 && (due[i - 2] == "(μ" || due[i - 1] == "±");
        let number = |text: &str| text.trim_end_matches(')').parse::<f64>().ok();
        let (a, b) = (number(due[i]), number(got[i]));
        resampled && a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 2e-4f64.max(2e-5 * a.abs()) + 1e-4)
    };
    due.len() == got.len() && (0..due.len()).all(|i| due[i] == got[i] || near(i))
}

fn count(params: &Value, name: &str) -> u32 {
    params[name].as_u64().unwrap() as u32
}

/// What one system's line must say, [score, p, mean, ci].
type Line = [Option<f64>; 4];

fn line(score: f64, p: Option<f64>, spread: Option<MeanHalfWidth>) -> Line {
    [Some(score), p, spread.map(|s| s.mean), spread.map(|s| s.half_width)]
}

/// Where the due values of a line are near enough to ours, they stand; else ours.
fn settle(due: &mut Value, line: Line) {
    for (name, got) in ["score", "p_value", "mean", "ci"].into_iter().zip(line) {
        let close = |due: f64| if name == "p_value" { 0.0 } else { 2e-4f64.max(2e-5 * due.abs()) };
        let same = match (due[name].as_f64(), got) {
            (Some(due), Some(got)) => (due - got).abs() <= close(due),
            (due, got) => due == got,
        };
        if !same {
            due[name] = json!(got);
        }
    }
}

/// `corpora_en.sysA.txt` is the system `sysA`.
fn system_name(file: &str) -> &str {
    file.split('.').rev().nth(1).unwrap()
}

fn paired(
    case: &Value,
    draws: SacrebleuDraws,
    line: impl Fn(&dyn RowMetric, &Rows, Option<&Rows>) -> Line,
) -> Verdict {
    let input = &case["input"];
    let mut compare = Compare::new(case, 2e-5);
    let mut expected = case["expected"]["metrics"].clone();
    let mut signatures = serde_json::Map::new();
    let references = strings(&input["refs"]);
    let baseline = input["baseline"].as_str().unwrap();
    let systems = strings(&input["systems"]);
    for entry in case["params"]["metrics"].as_array().unwrap() {
        let kind = entry["metric"].as_str().unwrap();
        let Some(mut metric) = metric_of(kind, entry) else {
            return Verdict::NotImplemented;
        };
        let base = rows_of(&mut *metric, baseline, &references);
        let mut lines = vec![line(&*metric, &base, None)];
        for name in &systems {
            let system = rows_of(&mut *metric, name, &references);
            lines.push(line(&*metric, &system, Some(&base)));
        }
        let key = named(kind, entry, &base.sums()).0;
        let said = sacrebleu_signature(&*metric, Some(references.len()), draws);
        signatures.insert(key.clone(), said.into());
        let Some(due) = expected[&key].as_array_mut() else {
            let difference = format!("metrics: we call {} '{key}'", entry["key"]);
            return Verdict::Compared(vec![difference], Vec::new());
        };
        for (due, line) in due.iter_mut().zip(lines) {
            settle(due, line);
        }
    }
    compare.field("metrics", expected);
    compare.field("signatures", signatures.into());
    let names: Vec<&str> = std::iter::once(baseline).chain(systems).map(system_name).collect();
    compare.field("systems", json!(names));
    compare.done()
}

/// Resamples for the spread beside approximate randomisation: none below 0, 0 is the default.
fn confidence(params: &Value) -> u32 {
    match params["n_ar_confidence"].as_i64().unwrap() {
        0 => 1000,
        n => n.max(0) as u32,
    }
}

fn paired_bs(case: &Value) -> Verdict {
    let params = &case["params"];
    let (resamples, seed) = (count(params, "n_samples"), params["seed"].as_u64().unwrap());
    // The signature names the other's resamples where they were given, as sacreBLEU's does.
    let named = Some(confidence(params)).filter(|n| *n > 0).unwrap_or(resamples);
    let draws = SacrebleuDraws { bootstrap: Some(named), randomisation: None, seed };
    paired(case, draws, |metric, rows, base| {
        let real = score(metric, &rows.sums());
        match base {
            None => line(real, None, sacrebleu_interval(rows, metric, resamples, seed).ok()),
            Some(base) => {
                let found = sacrebleu_paired_bootstrap((base, rows), metric, resamples, seed).unwrap();
                let PairedBootstrap { mean, half_width, p } = found;
                line(real, Some(p), Some(MeanHalfWidth { mean, half_width }))
            }
        }
    })
}

fn paired_ar(case: &Value) -> Verdict {
    let params = &case["params"];
    let (trials, seed) = (count(params, "n_samples"), params["seed"].as_u64().unwrap());
    let resamples = confidence(params);
    let bootstrap = Some(resamples).filter(|n| *n > 0);
    let draws = SacrebleuDraws { bootstrap, randomisation: Some(trials), seed };
    paired(case, draws, |metric, rows, base| {
        let real = score(metric, &rows.sums());
        match base {
            None => line(real, None, sacrebleu_interval(rows, metric, resamples, seed).ok()),
            Some(base) => {
                let asked = (trials, resamples);
                let found = sacrebleu_paired_randomisation((base, rows), metric, asked, seed).unwrap();
                line(real, Some(found.p), found.spread)
            }
        }
    })
}
