//! Golden kinds: labels and probabilities.

use crate::Verdict;
use crate::compare::{Check, Compare, number, numbers};
use acidtest_metrics::classify::{
    Averaging, Bins, Confusion, KappaWeights, Measure, Pairing, ProbabilityRows, Sums, Undefined, Weighing,
    ZeroDivision, average_precision, average_precision_multiclass, brier, calibration, encode_labels,
    log_loss, precision_recall_curve, roc_auc, roc_auc_multiclass, roc_auc_partial, roc_curve,
    top_k_accuracy,
};
use serde_json::{Map, Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[
    ("classification", classification),
    ("auc_binary", binary),
    ("auc_multiclass", multiclass),
    ("log_loss_brier", losses),
];

/// The computed value, where numbers within 1e-9 · max(1, |expected|) take the expected one's
/// place: the rule of these files, which is absolute near 0.
pub fn near(expected: &Value, got: Value) -> Value {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) => {
            let one = |(k, v): (String, Value)| (k.clone(), near(&e.get(&k).cloned().unwrap_or_default(), v));
            g.into_iter().map(one).collect::<Map<_, _>>().into()
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => {
            e.iter().zip(g).map(|(e, g)| near(e, g)).collect::<Vec<_>>().into()
        }
        (Value::Number(e), Value::Number(g)) => {
            let (a, b) = (g.as_f64().unwrap(), e.as_f64().unwrap());
            if (a - b).abs() <= 1e-9 * b.abs().max(1.0) { expected.clone() } else { g.into() }
        }
        (_, got) => got,
    }
}

fn field(compare: &mut Compare<'_>, case: &Value, name: &'static str, got: Value) {
    compare.field(name, near(&case["expected"][name], got));
}

fn defined(value: Result<f64, Undefined>) -> Value {
    json!(value.ok())
}

/// A label, ordered as Python orders numbers and strings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Whole(i64),
    Text(String),
}

fn label(value: &Value) -> Label {
    match value {
        Value::String(text) => Label::Text(text.clone()),
        Value::Bool(yes) => Label::Whole(i64::from(*yes)),
        _ => Label::Whole(value.as_i64().unwrap()),
    }
}

fn labels(value: &Value) -> Vec<Label> {
    value.as_array().unwrap().iter().map(label).collect()
}

fn classification(case: &Value) -> Verdict {
    let given = case["params"]["labels"].as_array().map(|_| labels(&case["params"]["labels"]));
    let (truth, said) = (labels(&case["input"]["y_true"]), labels(&case["input"]["y_pred"]));
    let encoded = encode_labels(&truth, &said, given.as_deref()).unwrap();
    let counts = encoded.cases.confusion();
    let mut compare = Compare::new(case, 1e-9);
    let names: Vec<Value> = encoded.labels[..counts.selected()]
        .iter()
        .map(|l| match l {
            Label::Whole(n) => json!(n),
            Label::Text(text) => json!(text),
        })
        .collect();
    compare.field("labels", names.into());
    field(&mut compare, case, "confusion_matrix", json!(counts.matrix()));
    field(&mut compare, case, "accuracy", defined(counts.accuracy()));
    field(&mut compare, case, "balanced_accuracy", defined(counts.balanced_accuracy()));
    field(&mut compare, case, "balanced_accuracy_adjusted", defined(counts.balanced_accuracy_adjusted()));
    field(&mut compare, case, "mcc", defined(counts.mcc(ZeroDivision::Zero)));
    let kappa = |weights| counts.kappa(weights).ok();
    let kappas = json!({
        "none": kappa(KappaWeights::None),
        "linear": kappa(KappaWeights::Linear),
        "quadratic": kappa(KappaWeights::Quadratic),
    });
    field(&mut compare, case, "kappa", kappas);
    field(&mut compare, case, "zero_division_0", report(&counts, ZeroDivision::Zero));
    field(&mut compare, case, "zero_division_1", report(&counts, ZeroDivision::One));
    compare.done()
}

fn report(counts: &Confusion, zero: ZeroDivision) -> Value {
    let measures = [
        ("precision", Measure::Precision),
        ("recall", Measure::Recall),
        ("f1", Measure::F(1.0)),
        ("f0.5", Measure::F(0.5)),
        ("f2", Measure::F(2.0)),
        ("jaccard", Measure::Jaccard),
    ];
    let each = |of: &dyn Fn(Measure) -> Value| -> Map<String, Value> {
        measures.iter().map(|(name, m)| ((*name).to_owned(), of(*m))).collect()
    };
    let mut per_class = each(&|m| json!(counts.per_class(m, zero)));
    per_class.insert("support".to_owned(), json!(counts.support()));
    let average = |averaging| each(&|m| defined(counts.score(m, averaging, zero)));
    json!({
        "per_class": per_class,
        "micro": average(Averaging::Micro),
        "macro": average(Averaging::Macro),
        "weighted": average(Averaging::Weighted),
    })
}

fn classes(value: &Value) -> Vec<u32> {
    numbers(value).iter().map(|x| *x as u32).collect()
}

fn binary(case: &Value) -> Verdict {
    let truth: Vec<bool> = numbers(&case["input"]["y_true"]).iter().map(|y| *y == 1.0).collect();
    let scores = numbers(&case["input"]["scores"]);
    let mut compare = Compare::new(case, 1e-9);
    field(&mut compare, case, "roc_auc", defined(roc_auc(&truth, &scores)));
    let ap = average_precision(&truth, &scores, ZeroDivision::Zero);
    field(&mut compare, case, "average_precision", defined(ap));
    let has = |name: &str| case["expected"].get(name).is_some();
    if has("roc_curve") {
        let c = roc_curve(&truth, &scores).unwrap();
        let curve = json!({ "fpr": c.x, "tpr": c.y, "thresholds": c.thresholds });
        field(&mut compare, case, "roc_curve", curve);
    }
    if has("pr_curve") {
        let mut c = precision_recall_curve(&truth, &scores).unwrap();
        assert_eq!(c.thresholds.pop(), Some(None));
        let curve = json!({ "precision": c.y, "recall": c.x, "thresholds": c.thresholds });
        field(&mut compare, case, "pr_curve", curve);
    }
    if has("roc_auc_max_fpr_0.3") {
        let partial = roc_auc_partial(&truth, &scores, 0.3);
        field(&mut compare, case, "roc_auc_max_fpr_0.3", defined(partial));
    }
    compare.done()
}

/// All rows in one list, and how many classes there are.
fn flat(value: &Value) -> (Vec<f64>, usize) {
    let rows = value.as_array().unwrap();
    (rows.iter().flat_map(numbers).collect(), rows[0].as_array().unwrap().len())
}

fn multiclass(case: &Value) -> Verdict {
    let truth = classes(&case["input"]["y_true"]);
    let (values, k) = flat(&case["input"]["probs"]);
    let rows = ProbabilityRows::new(&values, k, &truth, Sums::One).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    let mut check = |name, value| field(&mut compare, case, name, defined(value));
    check("ovr_macro", roc_auc_multiclass(&rows, Pairing::OneVsRest, Weighing::Macro));
    check("ovr_weighted", roc_auc_multiclass(&rows, Pairing::OneVsRest, Weighing::Weighted));
    check("ovo_macro", roc_auc_multiclass(&rows, Pairing::OneVsOne, Weighing::Macro));
    check("ovo_weighted", roc_auc_multiclass(&rows, Pairing::OneVsOne, Weighing::Weighted));
    let ap = |weighing| average_precision_multiclass(&rows, weighing, ZeroDivision::Zero);
    check("average_precision_macro", ap(Weighing::Macro));
    check("average_precision_micro", ap(Weighing::Micro));
    check("top_2_accuracy", top_k_accuracy(&rows, 2));
    compare.done()
}

fn losses(case: &Value) -> Verdict {
    let input = &case["input"];
    let mut compare = Compare::new(case, 1e-9);
    if input["p1"].is_array() {
        let (truth, p) = (numbers(&input["y_true"]), numbers(&input["p1"]));
        let truth: Vec<bool> = truth.iter().map(|y| *y == 1.0).collect();
        field(&mut compare, case, "log_loss", defined(log_loss(&truth, &p)));
        field(&mut compare, case, "brier", defined(brier(&truth, &p)));
        if case["expected"].get("log_loss_sum").is_some() {
            let sum = log_loss(&truth, &p).map(|mean| mean * p.len() as f64);
            field(&mut compare, case, "log_loss_sum", defined(sum));
        }
        let curve = |bins| {
            let table = calibration(&truth, &p, bins, 5, 0.95).unwrap().table;
            json!({
                "prob_true": table.iter().map(|b| b.accuracy).collect::<Vec<_>>(),
                "prob_pred": table.iter().map(|b| b.mean_confidence).collect::<Vec<_>>(),
            })
        };
        let curves = json!({ "uniform": curve(Bins::EqualWidth), "quantile": curve(Bins::EqualMass) });
        if case["expected"].get("calibration_curve_5_bins").is_some() {
            field(&mut compare, case, "calibration_curve_5_bins", curves);
        }
        return compare.done();
    }
    let (values, k) = flat(&input["probs"]);
    let truth: Vec<u32> = {
        let order = numbers(&case["params"]["labels"]);
        let id = |y: &Value| order.iter().position(|l| *l == number(y)).unwrap() as u32;
        input["y_true"].as_array().unwrap().iter().map(id).collect()
    };
    let rows = ProbabilityRows::new(&values, k, &truth, Sums::Any).unwrap();
    field(&mut compare, case, "log_loss", json!(rows.log_loss()));
    field(&mut compare, case, "log_loss_sum", json!(rows.log_losses().sum::<f64>()));
    field(&mut compare, case, "brier_unscaled", json!(rows.brier()));
    field(&mut compare, case, "brier_half", json!(rows.brier() / 2.0));
    compare.done()
}
