//! Several metrics of texts in one pass, each with an interval: `cargo run -p acidtest-metrics
//! --example corpus_scores`.

#![allow(clippy::print_stdout, reason = "an example shows its numbers")]

use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::answers::{AnswerKind, AnswerMetric};
use acidtest_metrics::corpus::meteor::{Meteor, MeteorOptions};
use acidtest_metrics::corpus::rouge::{Rouge, RougeKind, RougeOptions, RougeWords};
use acidtest_metrics::stats::{Resampling, Rows, StatError, resample};

/// An answer and its reference.
const SEGMENTS: [(&str, &str); 8] = [
    ("The harbour froze in the winter of 1963.", "The harbour froze in the winter of 1963."),
    ("Ferries were stopping for two weeks.", "Ferries stopped for three weeks."),
    ("The baker closed his shop.", "Nobody opened a shop."),
    ("금동 대향로는 백제의 유물이다.", "금동 대향로는 백제 유물이다."),
    ("The bridge was repaired in May.", "Workers repaired the bridge in May."),
    ("It holds 40 boats.", "The harbour holds 40 boats."),
    ("고려청자는 비색으로 유명하다.", "고려청자는 비색으로 유명하다."),
    ("A lamp burned in every window.", "Every window had a burning lamp."),
];

fn metrics() -> Result<Vec<Box<dyn RowMetric>>, StatError> {
    let kinds = vec![RougeKind::N(1), RougeKind::L];
    let compatible = RougeOptions { kinds, ..RougeOptions::default() };
    let unicode = RougeOptions { words: RougeWords::Unicode, ..compatible.clone() };
    Ok(vec![
        Box::new(Rouge::new(&compatible)?),
        Box::new(Rouge::new(&unicode)?),
        Box::new(Meteor::new(MeteorOptions::default())?),
        Box::new(AnswerMetric::new(AnswerKind::CharF1Unicode)),
    ])
}

fn main() -> Result<(), StatError> {
    let mut metrics = metrics()?;
    let mut rows: Vec<Rows> = metrics.iter().map(|m| Rows::new(m.width())).collect();
    for (answer, reference) in SEGMENTS {
        for (metric, rows) in metrics.iter_mut().zip(&mut rows) {
            metric.row(answer, &[reference], rows.push())?;
        }
    }
    let how = Resampling { resamples: 2000, level: 0.95, seed: 7 };
    let mut means = Vec::new();
    for (metric, rows) in metrics.iter().zip(&rows) {
        let outputs = metric.outputs();
        let mut values = vec![None; outputs.len()];
        metric.finish(&rows.sums(), &mut values);
        let intervals = resample(rows, outputs.len(), how, &|sums, values| metric.finish(sums, values));
        println!("{}", metric.signature(Some(1)));
        for ((output, value), resampled) in outputs.iter().zip(values).zip(intervals) {
            let value = value.expect("there are segments");
            let interval = resampled.interval.expect("the segments differ");
            let (low, high) = (interval.low.unwrap_or(0.0), interval.high.unwrap_or(1.0));
            println!("  {:<26} {value:.3}  [{low:.3}, {high:.3}]", output.id);
            assert!(low <= value && value <= high, "{} lies in its interval", output.id);
            means.push((output.id, value));
        }
    }
    let mean = |id| means.iter().find(|(name, _)| *name == id).map(|(_, value)| *value);
    // rouge-score sees no word in the two Korean answers, so it gives them 0.
    assert!(mean("rouge1_unicode") > mean("rouge1"));
    Ok(())
}
