//! Golden kinds: ROUGE, METEOR, the Porter stemmer.

use crate::Verdict;
use crate::compare::{Check, Compare, number, strings};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::meteor::{Meteor, MeteorOptions};
use acidtest_metrics::corpus::rouge::{Rouge, RougeOptions, RougeWords, porter, porter_cased};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[
    ("rouge", rouge_single),
    ("rouge_multi", rouge_multi),
    ("meteor", meteor),
    ("porter_nltk", porter_nltk),
];

fn rouge(case: &Value, references: &[&str]) -> Verdict {
    let params = &case["params"];
    let names = strings(&params["types"]);
    let options = RougeOptions {
        kinds: names.iter().map(|name| name.parse().unwrap()).collect(),
        stemmer: params["use_stemmer"].as_bool().unwrap(),
        words: RougeWords::Ascii,
    };
    let mut rouge = Rouge::new(&options).unwrap();
    let scores = rouge.score(case["input"]["hyp"].as_str().unwrap(), references).unwrap();
    let mut compare = Compare::new(case, 1e-12);
    // F comes first of the three outputs of a type, and its id is the type's name.
    let outputs = RowMetric::outputs(&rouge).iter().step_by(3);
    for (output, score) in outputs.zip(scores) {
        compare.field(output.id, json!({"p": score.precision, "r": score.recall, "f": score.f}));
    }
    compare.done()
}

fn rouge_single(case: &Value) -> Verdict {
    rouge(case, &[case["input"]["ref"].as_str().unwrap()])
}

fn rouge_multi(case: &Value) -> Verdict {
    rouge(case, &strings(&case["input"]["refs"]))
}

fn meteor(case: &Value) -> Verdict {
    let weight = |name: &str| number(&case["params"][name]);
    let options = MeteorOptions { alpha: weight("alpha"), beta: weight("beta"), gamma: weight("gamma") };
    let references: Vec<Vec<&str>> = case["input"]["refs"].as_array().unwrap().iter().map(strings).collect();
    let references: Vec<&[&str]> = references.iter().map(Vec::as_slice).collect();
    let score = Meteor::new(options).unwrap().words(&strings(&case["input"]["hyp"]), &references);
    let mut compare = Compare::new(case, 1e-12);
    compare.field("score", json!(score.unwrap()));
    compare.done()
}

fn porter_nltk(case: &Value) -> Verdict {
    let params = &case["params"];
    if params["mode"] != "NLTK_EXTENSIONS" {
        return Verdict::NotImplemented;
    }
    let stem = if params["to_lowercase"] == false { porter_cased } else { porter };
    let stems: Vec<String> = strings(&case["input"]["words"]).into_iter().map(stem).collect();
    let mut compare = Compare::new(case, 0.0);
    compare.field("stems", stems.into());
    compare.done()
}
