//! What one metric costs to compute, for `cargo xtask prove rivals`:
//! `cargo run --release -p acidtest-metrics --example speed -- WHAT FOLDER`.
//!
//! Reads the files of that proof, then counts the processor time of this one thread (Linux) over
//! the computation alone, and prints it with the value as JSON, as the rivals' script does.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a program for a proof: it reads its files and may end at the first trouble"
)]

use acidtest_metrics::classify::roc_auc;
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions};
use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
use acidtest_metrics::corpus::errors::{ErrorRate, ErrorUnit};
use acidtest_metrics::corpus::rouge::{Rouge, RougeKind, RougeOptions};
use acidtest_metrics::corpus::ter::{Ter, TerOptions};
use acidtest_metrics::stats::{Resampling, Rows, resample};
use std::hint::black_box;
use std::path::Path;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder] = words.as_slice() else { panic!("expected WHAT FOLDER") };
    let folder = Path::new(folder);
    let (spent, value) = match what.as_str() {
        "auc" => auc(folder),
        "rouge" => texts(what, folder, "short."),
        _ => texts(what, folder, ""),
    };
    println!("{}", serde_json::json!({ "compute_s": spent, "value": value }));
}

fn texts(what: &str, folder: &Path, prefix: &str) -> (f64, f64) {
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(format!("{prefix}{name}.txt"))).expect("a file of the proof")
    };
    let (hypotheses, references) = (read("hyp"), read("ref"));
    let began = thread_seconds();
    if what == "floor" {
        let words: usize =
            [&hypotheses, &references].iter().map(|text| text.split_ascii_whitespace().count()).sum();
        return (thread_seconds() - began, words as f64);
    }
    let mut metric = metric(what);
    let mut rows = Rows::new(metric.width());
    for (hypothesis, reference) in hypotheses.lines().zip(references.lines()) {
        metric.row(hypothesis, &[reference], rows.push()).expect("a text that can be scored");
    }
    let outputs = metric.outputs().len();
    let mut values = vec![None; outputs];
    metric.finish(&rows.sums(), &mut values);
    if what == "bleu-1000" {
        let finish = |sums: &[f64], values: &mut [Option<f64>]| metric.finish(sums, values);
        black_box(resample(&rows, outputs, Resampling::default(), &finish));
    }
    (thread_seconds() - began, values[0].expect("a score"))
}

fn metric(what: &str) -> Box<dyn RowMetric> {
    match what {
        "bleu" | "bleu-1000" => Box::new(Bleu::new(BleuOptions::default()).expect("options")),
        "chrf" => Box::new(Chrf::new(ChrfOptions::default()).expect("options")),
        "ter" => Box::new(Ter::new(TerOptions::default())),
        "wer" => Box::new(ErrorRate::new(ErrorUnit::Word)),
        "cer" => Box::new(ErrorRate::new(ErrorUnit::Char)),
        "rouge" => {
            let kinds = vec![RougeKind::N(1), RougeKind::N(2), RougeKind::L, RougeKind::Lsum];
            let options = RougeOptions { kinds, stemmer: true, ..RougeOptions::default() };
            Box::new(Rouge::new(&options).expect("options"))
        }
        other => panic!("unknown work {other}"),
    }
}

fn auc(folder: &Path) -> (f64, f64) {
    let text = std::fs::read_to_string(folder.join("scores.csv")).expect("a file of the proof");
    let (mut truth, mut scores) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let (label, score) = line.split_once(',').expect("two columns");
        truth.push(label == "1");
        scores.push(score.parse::<f64>().expect("a score"));
    }
    let began = thread_seconds();
    let value = roc_auc(&truth, &scores).expect("two classes");
    (thread_seconds() - began, value)
}

/// Processor time of this thread, from the kernel's own count in nanoseconds.
fn thread_seconds() -> f64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    let first = said.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    first.expect("nanoseconds") / 1e9
}
