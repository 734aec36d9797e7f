//! Golden kinds: resampling as sacreBLEU does it, and tests of two samples.

use crate::Verdict;
use crate::compare::{Check, Compare, numbers, strings};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::stats::{Pcg64, Rows, mann_whitney, randomise, resample_chunk, student, welch};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("two_sample_t", two_sample_t), ("mann_whitney", mann_whitney_u)];

/// The kinds that [`metric_of`] must first have metrics for; they join `KINDS` then.
#[allow(dead_code, reason = "waits for the metrics")]
pub const NEED_METRICS: &[(&str, Check)] =
    &[("bootstrap_ci", bootstrap_ci), ("paired_bs", paired_bs), ("paired_ar", paired_ar)];

/// A metric by sacreBLEU's name and parameters, `None` while there is none.
fn metric_of(_name: &str, _params: &Value) -> Option<Box<dyn RowMetric>> {
    None
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

fn score(metric: &dyn RowMetric, sums: &[f64]) -> f64 {
    let mut out = vec![None; metric.outputs().len()];
    metric.finish(sums, &mut out);
    out[0].unwrap()
}

/// Resampled headline scores.
fn scores(metric: &dyn RowMetric, rows: &Rows, resamples: u32, random: &mut Pcg64) -> Vec<f64> {
    let outputs = metric.outputs().len();
    let all = resample_chunk(rows, outputs, resamples, random, &|sums, out| metric.finish(sums, out));
    all.into_iter().step_by(outputs).map(Option::unwrap).collect()
}

/// Mean, and half the distance of the values n/40 from both ends.
fn mean_and_half(scores: &[f64]) -> (f64, f64) {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 40;
    let half = 0.5 * (sorted[sorted.len() - cut - 1] - sorted[cut]);
    (sorted.iter().sum::<f64>() / sorted.len() as f64, half)
}

fn bootstrap_ci(case: &Value) -> Verdict {
    let (params, input) = (&case["params"], &case["input"]);
    let Some(mut metric) = metric_of(params["metric"].as_str().unwrap(), params) else {
        return Verdict::NotImplemented;
    };
    let rows = rows_of(&mut *metric, input["hyp"].as_str().unwrap(), &strings(&input["refs"]));
    let mut random = Pcg64::seeded(params["seed"].as_u64().unwrap());
    let found = scores(&*metric, &rows, params["n_bootstrap"].as_u64().unwrap() as u32, &mut random);
    let (mean, half) = mean_and_half(&found);
    let mut compare = Compare::new(case, 2e-5);
    compare.field("score", score(&*metric, &rows.sums()).into());
    compare.field("mean", mean.into());
    compare.field("first_8_resample_scores", json!(found[..8]));
    // 2e-5 relative or 2e-4 absolute, as the README says.
    let due = case["expected"]["ci"].as_f64().unwrap();
    compare.tolerance = 2e-5f64.max(2e-4 / due);
    compare.field("ci", half.into());
    compare.done()
}

/// What one system's line must say, [score, p, mean, ci].
type Line = [Option<f64>; 4];

fn paired(case: &Value, line: impl Fn(&dyn RowMetric, &Rows, Option<&Rows>) -> Line) -> Verdict {
    let input = &case["input"];
    let mut compare = Compare::new(case, 2e-5);
    let mut expected = case["expected"]["metrics"].clone();
    for entry in case["params"]["metrics"].as_array().unwrap() {
        let Some(mut metric) = metric_of(entry["metric"].as_str().unwrap(), entry) else {
            return Verdict::NotImplemented;
        };
        let references = strings(&input["refs"]);
        let base = rows_of(&mut *metric, input["baseline"].as_str().unwrap(), &references);
        let mut lines = vec![line(&*metric, &base, None)];
        for name in strings(&input["systems"]) {
            let system = rows_of(&mut *metric, name, &references);
            lines.push(line(&*metric, &system, Some(&base)));
        }
        let due = expected[entry["key"].as_str().unwrap()].as_array_mut().unwrap();
        for (due, line) in due.iter_mut().zip(lines) {
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
    }
    compare.field("metrics", expected);
    compare.done()
}

fn paired_bs(case: &Value) -> Verdict {
    let resamples = case["params"]["n_samples"].as_u64().unwrap() as u32;
    let seed = case["params"]["seed"].as_u64().unwrap();
    paired(case, |metric, rows, base| {
        let drawn = |rows: &Rows| scores(metric, rows, resamples, &mut Pcg64::seeded(seed));
        let (own, real) = (drawn(rows), score(metric, &rows.sums()));
        let (mean, half) = mean_and_half(&own);
        let p = base.map(|base| {
            let apart: Vec<f64> = own.iter().zip(drawn(base)).map(|(a, b)| (a - b).abs()).collect();
            let (mean, _) = mean_and_half(&apart);
            let real = (real - score(metric, &base.sums())).abs();
            let beyond = apart.iter().filter(|d| *d - mean > real).count();
            (beyond as f64 + 1.0) / (f64::from(resamples) + 1.0)
        });
        [Some(real), p, Some(mean), Some(half)]
    })
}

fn paired_ar(case: &Value) -> Verdict {
    let params = &case["params"];
    let trials = params["n_samples"].as_u64().unwrap() as u32;
    let seed = params["seed"].as_u64().unwrap();
    let resamples = params["n_ar_confidence"].as_i64().unwrap().max(0) as u32;
    paired(case, |metric, rows, base| {
        let mut random = Pcg64::seeded(seed);
        let outputs = metric.outputs().len();
        let p = base.and_then(|base| {
            let finish = |sums: &[f64], out: &mut [Option<f64>]| metric.finish(sums, out);
            randomise((base, rows), outputs, trials, &mut random, &finish).unwrap()[0]
        });
        let spread = (resamples > 0).then(|| mean_and_half(&scores(metric, rows, resamples, &mut random)));
        [Some(score(metric, &rows.sums())), p, spread.map(|s| s.0), spread.map(|s| s.1)]
    })
}
