//! Log-likelihoods: perplexity and multiple choice.
//! Golden kinds: tasks by log-likelihood and their aggregates.

use crate::Verdict;
use crate::compare::{Check, Compare, number, numbers, strings};
use acidtest_metrics::classify::{Averaging, Measure, ProbabilityRows, Sums, ZeroDivision, encode_labels};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions};
use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
use acidtest_metrics::corpus::ter::{Ter, TerOptions};
use acidtest_metrics::language::tasks::{Question, Task};
use acidtest_metrics::language::{
    Chosen, PythonRandom, bits_per_byte, bootstrap_stderr, mean, mean_stderr, median, perplexity,
    pooled_stderr, true_mass, unweighted_mean_stderr, weighted_mean, weighted_perplexity,
};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[
    ("lm_task", task),
    ("lm_task_aggregate", task_aggregate),
    ("lm_aggregate", aggregate),
    ("python_random", random),
];

/// What one document scores: names and values, pairs for texts.
fn scores(task: &Task, question: &Question, results: &Value) -> Vec<(&'static str, Value)> {
    let results = results.as_array().unwrap();
    let sums = || results.iter().map(|r| number(&r[0])).collect::<Vec<f64>>();
    match question {
        Question::Choices { choices, gold, .. } => {
            let chosen = Chosen::of(&sums(), choices).unwrap();
            let mut found = vec![("acc", json!(f64::from(Some(chosen.plain) == *gold)))];
            if task.has_acc_norm() {
                found.push(("acc_norm", json!(f64::from(Some(chosen.per_character) == *gold))));
            }
            found
        }
        Question::Truths { is_true, .. } => vec![("acc", json!(true_mass(&sums(), is_true)))],
        Question::Continuation(_) => {
            let greedy = results[0][1].as_bool().unwrap();
            vec![("perplexity", results[0][0].clone()), ("acc", json!(u8::from(greedy)))]
        }
        Question::Text { words, bytes, .. } => vec![
            ("word_perplexity", json!([results[0], words])),
            ("byte_perplexity", json!([results[0], bytes])),
            ("bits_per_byte", json!([results[0], bytes])),
        ],
    }
}

/// Solved documents are not in the input: they are read from the expected context, so that
/// their form, the description and the joints are checked, and not their choice.
fn shots(case: &Value) -> Vec<Value> {
    let n = case["params"]["num_fewshot"].as_u64().unwrap_or(0) as usize;
    if n == 0 {
        return Vec::new();
    }
    let context = case["expected"]["requests"][0][0].as_str().unwrap();
    context.split("\n\n").skip(1).take(n).map(shot).collect()
}

fn shot(text: &str) -> Value {
    let (question, rest) = text.split_once("\nA. ").unwrap();
    let (a, rest) = rest.split_once("\nB. ").unwrap();
    let (b, rest) = rest.split_once("\nC. ").unwrap();
    let (c, rest) = rest.split_once("\nD. ").unwrap();
    let (d, answer) = rest.split_once("\nAnswer: ").unwrap();
    json!({"question": question, "choices": [a, b, c, d], "answer": "ABCD".find(answer)})
}

fn task(case: &Value) -> Verdict {
    let Some(task) = Task::named(case["params"]["task"].as_str().unwrap()) else {
        return Verdict::NotImplemented;
    };
    let question = task.question(&case["input"]["doc"], &shots(case)).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    let requests: Vec<Value> = match &question {
        Question::Text { text, .. } => vec![json!([text])],
        other => other.requests().iter().map(|r| json!([r.context, r.continuation])).collect(),
    };
    compare.field("requests", requests.into());
    // Names and values side by side, for the comparison goes by arrays.
    let found = scores(&task, &question, &case["input"]["results"]);
    let expected = case["expected"]["metrics"].as_object().unwrap();
    if expected.len() != found.len() {
        compare.differences.push(format!("expected {expected:?}, got {found:?}"));
    }
    let wrapped = json!({"expected": expected});
    let mut metrics = Compare::new(&wrapped, 1e-9);
    found.into_iter().for_each(|(name, value)| metrics.field(name, value));
    compare.differences.append(&mut metrics.differences);
    compare.field("metrics", case["expected"]["metrics"].clone());
    compare.done()
}

fn task_aggregate(case: &Value) -> Verdict {
    let Some(task) = Task::named(case["params"]["task"].as_str().unwrap()) else {
        return Verdict::NotImplemented;
    };
    let docs = case["input"]["docs"].as_array().unwrap();
    let results = case["input"]["results"].as_array().unwrap();
    let mut all: std::collections::BTreeMap<&str, Vec<Value>> = Default::default();
    for (doc, result) in docs.iter().zip(results) {
        let question = task.question(doc, &[]).unwrap();
        let result = if result.is_number() { &json!([result]) } else { result };
        for (name, value) in scores(&task, &question, result) {
            all.entry(name).or_default().push(value);
        }
    }
    let mut compare = Compare::new(case, 1e-9);
    for (name, values) in all {
        let items = || values.iter().map(|v| (number(&v[0]), number(&v[1]))).collect::<Vec<_>>();
        let plain = || values.iter().map(number).collect::<Vec<f64>>();
        match name {
            "acc" => {
                compare.field("acc", json!(mean(&plain())));
                compare.field("acc_stderr", json!(mean_stderr(&plain())));
            }
            "acc_norm" => {
                compare.field("acc_norm", json!(mean(&plain())));
                compare.field("acc_norm_stderr", json!(mean_stderr(&plain())));
            }
            "perplexity" => {
                compare.field("perplexity", json!(perplexity(&plain())));
                let boot = bootstrap_stderr(&plain(), 200, perplexity);
                compare.field("perplexity_stderr_boot_200", json!(boot));
            }
            "word_perplexity" => compare.field("word_perplexity", json!(weighted_perplexity(&items()))),
            "byte_perplexity" => compare.field("byte_perplexity", json!(weighted_perplexity(&items()))),
            _ => compare.field("bits_per_byte", json!(bits_per_byte(&items()))),
        }
    }
    compare.done()
}

fn aggregate(case: &Value) -> Verdict {
    let input = &case["input"];
    let mut compare = Compare::new(case, 1e-9);
    if input.get("x").is_some() {
        let x = numbers(&input["x"]);
        let draws = case["params"]["bootstrap_iters"].as_u64().unwrap() as usize;
        compare.field("mean", json!(mean(&x)));
        compare.field("mean_stderr", json!(mean_stderr(&x)));
        compare.field("median", json!(median(&x)));
        compare.field("perplexity", json!(perplexity(&x)));
        compare.field("median_stderr_boot", json!(bootstrap_stderr(&x, draws, median)));
        compare.field("perplexity_stderr_boot", json!(bootstrap_stderr(&x, draws, perplexity)));
    } else if let Some(items) = input["items"].as_array() {
        let items: Vec<(f64, f64)> = items.iter().map(|i| (number(&i[0]), number(&i[1]))).collect();
        compare.field("weighted_perplexity", json!(weighted_perplexity(&items)));
        compare.field("bits_per_byte", json!(bits_per_byte(&items)));
    } else if input.get("stderrs").is_some() {
        let (stderrs, metrics) = (numbers(&input["stderrs"]), numbers(&input["metrics"]));
        let sizes: Vec<u64> =
            input["sizes"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let items: Vec<(f64, f64)> =
            metrics.iter().zip(&sizes).map(|(m, n)| (m * *n as f64, *n as f64)).collect();
        compare.field("pooled_sample_stderr", json!(pooled_stderr(&stderrs, &sizes)));
        compare.field("unweighted_mean_stderr", json!(unweighted_mean_stderr(&stderrs)));
        compare.field("weighted_mean", json!(weighted_mean(&items)));
        compare.field("unweighted_mean", json!(mean(&metrics)));
    } else if input.get("probs").is_some() {
        compare.field("brier_score", json!(brier(input)));
    } else if input.get("pred").is_some() {
        let labels = |name: &str| -> Vec<i64> {
            input[name].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect()
        };
        let counts = encode_labels(&labels("gold"), &labels("pred"), None).unwrap();
        let of_one = counts.labels.iter().position(|l| *l == 1).unwrap();
        let confusion = counts.cases.confusion();
        let f1 = confusion.score(Measure::F(1.0), Averaging::Binary(of_one), ZeroDivision::Zero);
        compare.field("f1", json!(f1.unwrap()));
        compare.field("mcc", json!(confusion.mcc(ZeroDivision::Zero).unwrap()));
    } else {
        let (said, right) = (strings(&input["preds"]), strings(&input["refs"]));
        let chrf = |word_order| Chrf::new(ChrfOptions { word_order, ..ChrfOptions::default() }).unwrap();
        let bleu = Bleu::new(BleuOptions::default()).unwrap();
        compare.field("bleu", json!(corpus(bleu, &said, &right)));
        compare.field("chrf", json!(corpus(chrf(0), &said, &right)));
        compare.field("chrf++", json!(corpus(chrf(2), &said, &right)));
        compare.field("ter", json!(corpus(Ter::new(TerOptions::default()), &said, &right)));
    }
    compare.done()
}

fn brier(input: &Value) -> f64 {
    let rows: Vec<Vec<f64>> = input["probs"].as_array().unwrap().iter().map(numbers).collect();
    let gold: Vec<u32> =
        input["gold"].as_array().unwrap().iter().map(|g| g.as_u64().unwrap() as u32).collect();
    let classes = rows[0].len();
    ProbabilityRows::new(&rows.concat(), classes, &gold, Sums::Any).unwrap().brier()
}

/// A text metric of the whole: sums over its rows, one reference each.
fn corpus(mut metric: impl RowMetric, said: &[&str], right: &[&str]) -> Option<f64> {
    let mut sums = vec![0.0; metric.width()];
    for (said, right) in said.iter().zip(right) {
        let mut row = vec![0.0; sums.len()];
        metric.row(said, &[right], &mut row).unwrap();
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let mut values = vec![None; metric.outputs().len()];
    metric.finish(&sums, &mut values);
    values[0]
}

fn random(case: &Value) -> Verdict {
    let mut r = PythonRandom::seeded(case["params"]["seed"].as_u64().unwrap());
    let mut compare = Compare::new(case, 0.0);
    compare.field("sample_1000_5", json!(r.sample(1000, 5)));
    compare.field("then_sample_20_5", json!(r.sample(20, 5)));
    let choices: Vec<usize> = (0..10).map(|_| r.choice_index(10)).collect();
    compare.field("then_choices_10_10", json!(choices));
    compare.field("then_random", json!([r.random(), r.random(), r.random()]));
    let mut items: Vec<usize> = (0..12).collect();
    r.shuffle(&mut items);
    compare.field("then_shuffle_12", json!(items));
    compare.field("then_randrange", json!([r.below(7), r.below(1000), r.below(1 << 40)]));
    compare.done()
}
