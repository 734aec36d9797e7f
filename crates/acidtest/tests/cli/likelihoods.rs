//! Log-likelihoods end to end against the built-in server, and what `plan` says of them before.

use crate::{Place, estimate};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CASES: [(&str, [&str; 3], usize); 3] = [
    ("What is 2 + 2?", ["three no", "four yes", "five or so"], 1),
    ("한국의 수도는?", ["서울", "부산 광역시", "Paris it is"], 0),
    ("tie?", ["same", "same", "another word"], 2),
];

fn context(question: &str) -> String {
    format!("Question: {question}\nAnswer: ")
}

fn suite(more: &str) -> String {
    let case = |(q, choices, right): &(&str, [&str; 3], usize)| {
        format!("  - {}\n", json!({"question": q, "choices": choices, "expected": choices[*right]}))
    };
    format!(
        "name: ll\ntarget: {{ name: s, kind: openai_completions, url: \"sim:s\", model: s, \
         sim: {{ ttft_ms: 1, gap_ms: 0 }} }}\n{more}\ncases:\n{}",
        CASES.iter().map(case).collect::<String>()
    )
}

const LOGLIKELIHOOD: &str = "form: loglikelihood\nprompt: \"Question: {{ question }}\\nAnswer: \"";

/// The built-in server's log-probability of a token, as its documentation has it.
fn logprob(token: &str) -> f64 {
    let sum = token.bytes().fold(7u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    -f64::from(1 + sum % 400) / 100.0
}

/// One exported line's object under a name.
fn lines(text: &str, name: &str) -> Vec<Value> {
    let all = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    all.filter_map(|mut v| v.get_mut(name).map(Value::take)).collect()
}

#[test]
fn sums_are_those_of_the_server_and_the_likeliest_choice_is_the_answer() {
    let place = Place::new();
    let gated = format!("{LOGLIKELIHOOD}\ngates: ['acc_norm >= 0', 'acc_bytes <= 1']");
    let path = place.file("suite.yaml", &suite(&gated)).display().to_string();
    let report = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    let exported = place.run(&["export", "latest"]).exits(0).out();
    let questions: BTreeMap<String, String> = lines(&exported, "case")
        .iter()
        .map(|c| (c["hash"].to_string(), c["vars"]["question"].as_str().unwrap().to_owned()))
        .collect();
    let verdicts = lines(&exported, "verdict");
    let mut sums: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    for record in lines(&exported, "record") {
        let question = &questions[&record["case"].to_string()];
        let parts = record["answer"]["parts"].as_array().unwrap();
        let tokens: Vec<&Value> =
            parts.iter().filter_map(|p| p["logprobs"]["tokens"].as_array()).flatten().collect();
        // The blank at the context's end belongs to the choice.
        let from = context(question).trim_end().chars().count() as u64;
        let step = record["key"]["step"].as_u64().unwrap();
        let (_, choices, _) = CASES.iter().find(|c| c.0 == question).unwrap();
        let whole: String = tokens.iter().map(|t| t["token"].as_str().unwrap()).collect();
        assert!(whole.starts_with(&context(question)) && whole.ends_with(choices[step as usize]), "{whole}");
        let own = tokens.iter().filter(|t| t["offset"].as_u64().unwrap() >= from);
        let expected: f64 = own.map(|t| logprob(t["token"].as_str().unwrap())).sum();
        let said = verdicts
            .iter()
            .find(|v| v["name"] == "loglikelihood" && v["about"][0]["key"] == record["key"])
            .and_then(|v| v["value"]["number"].as_f64());
        assert!(said.is_some_and(|said| (said - expected).abs() < 1e-9), "{said:?} {expected}");
        sums.entry(question.clone()).or_default().insert(step, expected);
    }
    assert_eq!(sums.values().map(BTreeMap::len).sum::<usize>(), 9);
    let share = |length: fn(&str) -> usize| {
        let is_right = |(question, choices, right): &&(&str, [&str; 3], usize)| {
            let best = sums[*question].iter().fold((0, f64::NEG_INFINITY), |best, (step, sum)| {
                let per = sum / length(choices[*step as usize]) as f64;
                if per > best.1 { (*step, per) } else { best }
            });
            best.0 == *right as u64
        };
        json!(CASES.iter().filter(is_right).count() as f64 / 3.0)
    };
    // What a run says and what a later report of it says are one.
    let later = place.run(&["report", "latest", "--format", "json"]).exits(0).json();
    for said in [&report, &later] {
        assert_eq!(estimate(said, "accuracy", "share")["value"], share(|_| 1));
        assert_eq!(estimate(said, "acc", "share")["value"], share(|_| 1));
        assert_eq!(estimate(said, "acc_norm", "share")["value"], share(|text| text.chars().count()));
        assert_eq!(estimate(said, "acc_bytes", "share")["value"], share(str::len));
        assert_eq!(estimate(said, "acc_norm", "share")["n"]["cases"], json!(3));
    }
}

#[test]
fn a_plan_counts_every_choice_window_and_example() {
    let place = Place::new();
    let check = |more: &str, requests: u64, texts: &[String]| {
        let path = place.file("suite.yaml", &suite(more)).display().to_string();
        let plan = place.run(&["plan", &path, "--format", "json"]).exits(0).json();
        assert_eq!(plan["requests"], json!(requests), "{more}");
        let tokens: f64 = texts.iter().map(|t| acidtest_suite::estimate_tokens(t)).sum();
        let said = plan["cells"][0]["input_tokens"].as_f64().unwrap();
        assert!((said - tokens).abs() < 1e-6, "{more}: {said}, and the texts are {tokens}");
        plan
    };
    let choices = |q: &str, c: [&str; 3]| c.map(|c| format!("{} {c}", context(q)));
    let texts: Vec<String> = CASES.iter().flat_map(|(q, c, _)| choices(q, *c)).collect();
    let gated = format!("{LOGLIKELIHOOD}\ngates: ['e2e.p50.high <= 1 s']");
    let plan = check(&gated, 9, &texts);
    assert_eq!(plan["cells"][0]["output_tokens_at_most"], json!(0.0));
    assert_eq!((&plan["gates"][0]["n"], &plan["gates"][0]["fewest"]), (&json!(9), &json!(40)));
    // One window of two words and its context; `Q: tie?` is two words.
    let rolling = "prompt: { raw: 'Q: {{ question }}', form: rolling, likelihood: { window: { size: 2, context: 1 } } }";
    let windows = ["Q: What", " What is 2", " 2 + 2?", "Q: 한국의", "Q: 한국의 수도는?", "Q: tie?"];
    check(rolling, 6, &windows.map(str::to_owned));
    let shots =
        "prompt: { raw: '{{ question }}' }\nshots: { from: [{ question: one, expected: two }], n: 1 }";
    let texts: Vec<String> = CASES.iter().map(|(q, ..)| format!("one two\n\n{q}")).collect();
    check(shots, 3, &texts);
}

#[test]
fn documents_have_a_perplexity() {
    let place = Place::new();
    let rolling = "prompt: { raw: ' {{ question }}', form: rolling, likelihood: { prefix: 'Start:' } }\n\
        gates: ['bits_per_byte <= 100', 'word_perplexity <= 1', 'perplexity.high <= 1e9']";
    let path = place.file("suite.yaml", &suite(rolling)).display().to_string();
    // The second gate cannot be met: a perplexity is at least 1 and this server is unsure.
    let report = place.run(&["run", &path, "-q", "--format", "json"]).exits(1).json();
    let exported = place.run(&["export", "latest"]).exits(0).out();
    let verdicts = lines(&exported, "verdict");
    let total = |name: &str| -> f64 {
        let own = verdicts.iter().filter(|v| v["name"] == name);
        own.map(|v| v["value"]["number"].as_f64().unwrap()).sum()
    };
    // The blank in front is a byte, and separates an empty word, as in the reference.
    let words: usize = CASES.iter().map(|c| c.0.split_whitespace().count() + 1).sum();
    let bytes: usize = CASES.iter().map(|c| c.0.len() + 1).sum();
    assert_eq!((total("scored_words"), total("scored_bytes")), (words as f64, bytes as f64));
    let sum = total("loglikelihood");
    let value = |metric: &str| estimate(&report, metric, "value")["value"].as_f64().unwrap();
    let near = |metric: &str, due: f64| assert!((value(metric) - due).abs() < 1e-9 * due, "{metric} {due}");
    near("perplexity", (-sum / total("scored_tokens")).exp());
    near("word_perplexity", (-sum / words as f64).exp());
    near("byte_perplexity", (-sum / bytes as f64).exp());
    near("bits_per_byte", -sum / bytes as f64 / std::f64::consts::LN_2);
    let interval = &estimate(&report, "bits_per_byte", "value")["interval"];
    assert!(interval["low"].as_f64().unwrap() < value("bits_per_byte"), "{interval}");
    let states: Vec<&str> =
        report["gates"].as_array().unwrap().iter().map(|g| g["state"].as_str().unwrap()).collect();
    assert_eq!(states[..2], ["met", "broken"], "{:#}", report["gates"]);
    let again = place.run(&["report", "latest", "--format", "json"]).exits(0).json();
    assert_eq!(again["estimates"], report["estimates"]);
}

#[test]
fn choices_by_length_are_compared_too() {
    let place = Place::new();
    let path = place.file("suite.yaml", &suite(LOGLIKELIHOOD)).display().to_string();
    place.run(&["run", &path, "-q"]).exits(0);
    place.run(&["export", "latest", "-o", "first.jsonl"]).exits(0);
    place.run(&["run", &path, "-q"]).exits(0);
    let report = place.run(&["compare", "first.jsonl", "latest", "--format", "json"]).exits(0).json();
    let names: Vec<&str> =
        report["tests"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    for name in ["accuracy", "acc", "acc_norm", "acc_bytes"] {
        assert!(names.contains(&name), "{name} not in {names:?}");
    }
}
