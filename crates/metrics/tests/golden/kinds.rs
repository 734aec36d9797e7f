//! Answers, quantiles, intervals, random streams: one function per golden kind, which calls the crate and compares field by field.

use crate::Verdict;
use crate::compare::{Check, Compare, number, numbers, strings};
use acidtest_metrics::reliability::{Mtbf, Stop};
use acidtest_metrics::stats::{
    Interval, Pcg64, QuantileType, Resampling, SeedSequence, Unit, agresti_coull, beta_quantile,
    bootstrap_percentile, chi2_quantile, clopper_pearson, clustered_mean, jeffreys, normal_quantile,
    quantile, quantile_interval, quantile_of_type, quantile_ranks, t_quantile, wald, wilson,
    wilson_corrected,
};
use acidtest_metrics::text::{
    IgnoredPatterns, LmExactMatch, Squad, exact_match, normalize_squad, rolling_windows, token_f1,
    word_split_count,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[
    ("squad_v1", squad_v1),
    ("squad_v2", squad_v2),
    ("lm_exact_match", lm_exact_match),
    ("rolling_windows", rolling),
    ("word_split_count", words),
    ("dist_quantile", dist_quantile),
    ("proportion_ci", proportion_ci),
    ("mtbf", mtbf),
    ("clustered_se", clustered_se),
    ("quantiles", quantiles),
    ("quantile_ci", quantile_ci),
    ("bootstrap_percentile_mean", bootstrap_percentile_mean),
    ("pcg64_raw", pcg64_raw),
    ("pcg64_state", pcg64_state),
    ("seed_sequence", seed_sequence),
    ("random_double", random_double),
    ("integers", integers),
    ("choice", choice),
    ("rng_sequence", rng_sequence),
    ("integers_bool", integers_bool),
    ("permutation", permutation),
    ("mcnemar", crate::paired::mcnemar),
    ("paired_tests", crate::paired::paired_tests),
    ("multiple_testing", crate::paired::multiple_testing),
    ("power", crate::paired::power),
    ("power_two_proportions", crate::paired::power_two_proportions),
];

fn ends(interval: &Interval) -> Value {
    serde_json::json!([interval.low, interval.high])
}

fn squad(case: &Value, version: Squad) -> Verdict {
    let prediction = case["input"]["pred"].as_str().unwrap();
    let references = strings(&case["input"]["golds"]);
    let mut compare = Compare::new(case, 1e-12);
    let em = exact_match(prediction, &references, version).map(u8::from);
    compare.field("em", serde_json::json!(em));
    let f1 = token_f1(prediction, &references, version);
    compare.field("f1", serde_json::json!(f1));
    compare.field("normalized_pred", normalize_squad(prediction).into());
    compare.done()
}

fn squad_v1(case: &Value) -> Verdict {
    squad(case, Squad::V1)
}

fn squad_v2(case: &Value) -> Verdict {
    squad(case, Squad::V2)
}

fn lm_exact_match(case: &Value) -> Verdict {
    let params = &case["params"];
    let how = LmExactMatch {
        ignore_case: params["ignore_case"].as_bool().unwrap(),
        ignore_punctuation: params["ignore_punctuation"].as_bool().unwrap(),
        ignore_numbers: params["ignore_numbers"].as_bool().unwrap(),
    };
    let references = strings(&case["input"]["refs"]);
    let predictions = strings(&case["input"]["preds"]);
    let pairs: Vec<(&str, &str)> = predictions.into_iter().zip(references).collect();
    let mut compare = Compare::new(case, 1e-12);
    let share = match &params["regexes_to_ignore"] {
        Value::Null => how.share(&pairs),
        patterns => {
            let ignored = IgnoredPatterns::new(&strings(patterns)).unwrap();
            how.share_without(&ignored, &pairs).unwrap()
        }
    };
    compare.field("exact_match", serde_json::json!(share));
    compare.done()
}

fn dist_quantile(case: &Value) -> Verdict {
    let params = &case["params"];
    let p = number(&case["input"]["p"]);
    let x = match params["dist"].as_str().unwrap() {
        "norm" => normal_quantile(p),
        "t" => t_quantile(p, number(&params["df"])),
        "chi2" => chi2_quantile(p, number(&params["df"])),
        "beta" => beta_quantile(p, number(&params["a"]), number(&params["b"])),
        _ => return Verdict::NotImplemented,
    };
    let mut compare = Compare::new(case, 1e-8);
    compare.field("x", x.unwrap().into());
    compare.done()
}

fn proportion_ci(case: &Value) -> Verdict {
    let level = 1.0 - number(&case["params"]["alpha"]);
    let (k, n) = (&case["input"]["k"], &case["input"]["n"]);
    let (k, n) = (k.as_u64().unwrap(), n.as_u64().unwrap());
    let mut compare = Compare::new(case, 1e-8);
    let exact = clopper_pearson(k, n, level).unwrap();
    compare.field("clopper_pearson", ends(&exact));
    compare.tolerance = 1e-9;
    let score = wilson(k as f64 / n as f64, n as f64, level).unwrap();
    compare.field("wilson", ends(&score));
    compare.field("agresti_coull", ends(&agresti_coull(k, n, level).unwrap()));
    compare.field("wald", ends(&wald(k, n, level).unwrap()));
    compare.field("wilson_cc", ends(&wilson_corrected(k, n, level).unwrap()));
    compare.tolerance = 1e-8;
    compare.field("jeffreys", ends(&jeffreys(k, n, level).unwrap()));
    compare.done()
}

fn mtbf(case: &Value) -> Verdict {
    let level = number(&case["params"]["confidence"]);
    let failures = case["input"]["failures"].as_u64().unwrap();
    let hours = number(&case["input"]["hours"]);
    let timed = Mtbf::of(hours, failures, level, Stop::Time).unwrap();
    let stopped = Mtbf::of(hours, failures, level, Stop::Failure).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("point", serde_json::json!(timed.point));
    let two_sided = timed.interval.as_ref().unwrap();
    compare.field("two_sided_time_terminated", ends(two_sided));
    let lower = serde_json::json!(timed.lower.low);
    compare.field("one_sided_lower_time_terminated", lower);
    let stopped = stopped.interval.map_or(Value::Null, |i| ends(&i));
    compare.field("two_sided_failure_terminated", stopped);
    compare.field("rate_two_sided", ends(&timed.rate().unwrap()));
    compare.done()
}

fn clustered_se(case: &Value) -> Verdict {
    let scores = numbers(&case["input"]["scores"]);
    let mut clusters: BTreeMap<&str, Unit> = BTreeMap::new();
    for (cluster, score) in strings(&case["input"]["clusters"]).iter().zip(&scores) {
        let unit = clusters.entry(cluster).or_insert(Unit { cases: 0, sum: 0.0 });
        unit.cases += 1;
        unit.sum += score;
    }
    let units: Vec<Unit> = clusters.into_values().collect();
    let found = clustered_mean(&units, None, 0.95).unwrap();
    let singles: Vec<Unit> = scores.iter().map(|s| Unit { cases: 1, sum: *s }).collect();
    let iid = clustered_mean(&singles, None, 0.95).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("mean", found.value.into());
    let se = serde_json::json!(found.standard_error);
    compare.field("se_clustered_corrected", se);
    let count = found.clusters as f64;
    let plain = found.standard_error.map(|se| se * ((count - 1.0) / count).sqrt());
    compare.field("se_clustered", json!(plain));
    compare.field("se_iid", serde_json::json!(iid.standard_error));
    compare.done()
}

fn quantiles(case: &Value) -> Verdict {
    let mut sorted = numbers(&case["input"]["x"]);
    sorted.sort_by(f64::total_cmp);
    let found: Vec<Option<f64>> =
        numbers(&case["input"]["q"]).iter().map(|p| quantile(&sorted, *p)).collect();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("linear", serde_json::json!(found));
    for (name, rule) in [
        ("lower", QuantileType::Lower),
        ("higher", QuantileType::Higher),
        ("nearest", QuantileType::Nearest),
        ("midpoint", QuantileType::Midpoint),
        ("hazen", QuantileType::Hazen),
        ("weibull", QuantileType::Weibull),
        ("median_unbiased", QuantileType::MedianUnbiased),
        ("inverted_cdf", QuantileType::InvertedCdf),
    ] {
        let q = numbers(&case["input"]["q"]);
        let found: Vec<Option<f64>> = q.iter().map(|p| quantile_of_type(&sorted, *p, rule)).collect();
        compare.field(name, json!(found));
    }
    compare.done()
}

fn quantile_ci(case: &Value) -> Verdict {
    let level = number(&case["params"]["confidence"]);
    let p = number(&case["params"]["p"]);
    let mut sorted = numbers(&case["input"]["x"]);
    sorted.sort_by(f64::total_cmp);
    let (low, high) = quantile_ranks(sorted.len(), p, level).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("binom_ppf_025", low.unwrap_or(0).into());
    let high = high.unwrap_or(sorted.len() + 1);
    compare.field("binom_isf_025_plus_1", high.into());
    let at = |rank: &Value| rank.as_u64().and_then(|r| sorted.get((r as usize).checked_sub(1)?));
    let expected = &case["expected"];
    let due = (at(&expected["binom_ppf_025"]), at(&expected["binom_isf_025_plus_1"]));
    // The interval of the README is the pair at these ranks; scipy's own is another one.
    let got = quantile_interval(&sorted, p, level).map_or((None, None), |i| (i.low, i.high));
    if got != (due.0.copied(), due.1.copied()) {
        let difference = format!("order statistics: expected {due:?}, got {got:?}");
        compare.differences.push(difference);
    }
    compare.done()
}

fn bootstrap_percentile_mean(case: &Value) -> Verdict {
    let x = numbers(&case["input"]["x"]);
    let params = &case["params"];
    let how = Resampling {
        resamples: params["n_resamples"].as_u64().unwrap() as u32,
        level: number(&params["confidence"]),
        seed: params["seed"].as_u64().unwrap(),
    };
    let n = x.len() as f64;
    let means = std::cell::RefCell::new(Vec::new());
    let found = bootstrap_percentile(&x, 1, how, |sums| {
        means.borrow_mut().push(sums[0] / n);
        Some(sums[0] / n)
    })
    .unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("low", serde_json::json!(found.interval.low));
    compare.field("high", serde_json::json!(found.interval.high));
    compare.field("bootstrap_se", found.standard_error.into());
    let first: Vec<f64> = means.borrow().iter().take(3).copied().collect();
    compare.field("first_3_means", serde_json::json!(first));
    compare.done()
}

/// The 32-bit words of a decimal or hexadecimal seed, least significant first.
fn seed_words(case: &Value) -> Vec<u32> {
    let text = case["params"]["seed"].as_str().unwrap();
    let (digits, base) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let mut words = vec![0u32];
    for digit in digits.chars() {
        let mut carry = u64::from(digit.to_digit(base).unwrap());
        for word in &mut words {
            carry += u64::from(*word) * u64::from(base);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    words
}

fn generator(case: &Value) -> Pcg64 {
    Pcg64::from_words(&seed_words(case))
}

fn pcg64_raw(case: &Value) -> Verdict {
    let mut random = generator(case);
    let n = case["input"]["n"].as_u64().unwrap();
    let words: Vec<String> = (0..n).map(|_| format!("{:016x}", random.next_u64())).collect();
    let mut compare = Compare::new(case, 0.0);
    compare.field("u64_hex", words.into());
    compare.done()
}

fn pcg64_state(case: &Value) -> Verdict {
    let (state, increment) = generator(case).state();
    let mut compare = Compare::new(case, 0.0);
    compare.field("state_hex", format!("{state:032x}").into());
    compare.field("inc_hex", format!("{increment:032x}").into());
    compare.done()
}

fn seed_sequence(case: &Value) -> Verdict {
    let n = case["input"]["n_words"].as_u64().unwrap() as usize;
    let words = SeedSequence::new(&seed_words(case)).words(n);
    let mut compare = Compare::new(case, 0.0);
    compare.field("u32", words.into());
    compare.done()
}

fn random_double(case: &Value) -> Verdict {
    let mut random = generator(case);
    let n = case["input"]["n"].as_u64().unwrap();
    let x: Vec<f64> = (0..n).map(|_| random.double()).collect();
    let mut compare = Compare::new(case, 0.0);
    compare.field("x", x.into());
    compare.done()
}

/// `size` integers below the bound as numpy prints them, or `None` for a bound beyond 64 bits.
fn below(random: &mut Pcg64, high: &Value, size: u64) -> Option<Vec<String>> {
    let high: u64 = high.as_str()?.parse().ok()?;
    Some((0..size).map(|_| random.below(high).to_string()).collect())
}

fn integers(case: &Value) -> Verdict {
    let input = &case["input"];
    if input["low"] != 0 {
        return Verdict::NotImplemented;
    }
    let size = input["size"].as_u64().unwrap();
    let Some(x) = below(&mut generator(case), &input["high"], size) else {
        return Verdict::NotImplemented;
    };
    let mut compare = Compare::new(case, 0.0);
    compare.field("x", x.into());
    compare.done()
}

/// Bits as a word of 0 and 1.
fn bits(random: &mut Pcg64, size: u64) -> String {
    let mut bits = random.bits();
    (0..size).map(|_| if bits.next_bit() { '1' } else { '0' }).collect()
}

fn integers_bool(case: &Value) -> Verdict {
    let size: Vec<usize> = numbers(&case["input"]["size"]).iter().map(|s| *s as usize).collect();
    let all = bits(&mut generator(case), (size[0] * size[1]) as u64);
    let rows: Vec<&str> = (0..size[0]).map(|row| &all[row * size[1]..(row + 1) * size[1]]).collect();
    let mut compare = Compare::new(case, 0.0);
    compare.field("bits", json!(rows));
    compare.done()
}

fn permutation(case: &Value) -> Verdict {
    let n = case["input"]["n"].as_u64().unwrap() as usize;
    let mut compare = Compare::new(case, 0.0);
    compare.field("x", json!(generator(case).permutation(n)));
    compare.done()
}

fn choice(case: &Value) -> Verdict {
    let mut random = generator(case);
    let input = &case["input"];
    let n = input["n"].as_u64().unwrap();
    let size: Vec<u64> = numbers(&input["size"]).iter().map(|s| *s as u64).collect();
    let rows: Vec<Vec<u64>> = (0..size[0]).map(|_| (0..size[1]).map(|_| random.below(n)).collect()).collect();
    let mut compare = Compare::new(case, 0.0);
    compare.field("x", serde_json::json!(rows));
    compare.done()
}

fn rng_sequence(case: &Value) -> Verdict {
    let mut random = generator(case);
    let mut results: Vec<Value> = Vec::new();
    for op in case["input"]["ops"].as_array().unwrap() {
        let size = op["size"].as_u64().unwrap_or(1);
        results.push(match op["op"].as_str().unwrap() {
            "integers" => match below(&mut random, &op["high"], size) {
                Some(x) => x.into(),
                None => return Verdict::NotImplemented,
            },
            "integers_bool" => bits(&mut random, size).into(),
            "random" => (0..size).map(|_| random.double()).collect::<Vec<_>>().into(),
            "random_raw" => {
                (0..size).map(|_| format!("{:016x}", random.next_u64())).collect::<Vec<_>>().into()
            }
            _ => return Verdict::NotImplemented,
        });
    }
    let mut compare = Compare::new(case, 0.0);
    compare.field("results", results.into());
    compare.done()
}

fn rolling(case: &Value) -> Verdict {
    let mut compare = Compare::new(case, 0.0);
    let number = |name: &str| case["params"][name].as_u64().unwrap() as usize;
    let n = case["input"]["n_tokens"].as_u64().unwrap() as usize;
    let size = number("max_seq_len");
    let tokens = |range: std::ops::Range<usize>| range.map(|i| i + 1);
    let (mut disjoint, mut whole) = (Vec::new(), Vec::new());
    for w in rolling_windows(n, size, number("context_len")).unwrap() {
        let predicted: Vec<usize> = tokens(w.predicted).collect();
        let prefix = w.prefix.then(|| number("prefix_token"));
        let context: Vec<usize> = prefix.into_iter().chain(tokens(w.context)).collect();
        // Before windows are made disjoint, they read what they predict, but for its last token.
        let mut read: Vec<usize> = context.iter().chain(&predicted).copied().collect();
        read.pop();
        whole.push(serde_json::json!([read, predicted]));
        disjoint.push(serde_json::json!([context, predicted]));
    }
    compare.field("windows", whole.into());
    compare.field("disjoint", disjoint.into());
    compare.done()
}

fn words(case: &Value) -> Verdict {
    let mut compare = Compare::new(case, 0.0);
    let text = case["input"]["text"].as_str().unwrap();
    compare.field("words", word_split_count(text).into());
    compare.field("bytes", text.len().into());
    compare.done()
}
