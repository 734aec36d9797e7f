//! Slots of several steps under a paused clock: log-likelihoods of choices, resumed
//! runs that send only what is missing, and windows of documents.

use super::simulation::{Act, Simulation, spec};
use crate::phase::Finished;
use acidtest_record::*;

const TOP: &str = r#""top_logprobs":[{"token":"x","logprob":-9.0}]"#;

/// An answer whose tokens are the characters of the prompt, each as likely as it is early in the alphabet.
fn echo(body: &[u8]) -> String {
    let ask: serde_json::Value = serde_json::from_slice(body).unwrap();
    let prompt = ask["prompt"].as_str().unwrap();
    assert_eq!((&ask["params"]["echo"], &ask["params"]["max_tokens"]), (&true.into(), &0.into()));
    assert_eq!(ask["params"]["logprobs"], 5);
    let tokens: Vec<String> = prompt
        .chars()
        .map(|c| {
            let likely = -f64::from(u32::from(c) % 32) / 10.0;
            format!(r#"{{"token":{},"logprob":{likely},{TOP}}}"#, serde_json::Value::from(c.to_string()))
        })
        .collect();
    format!(
        r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":""}},"logprobs":{{"content":[{}]}},"finish_reason":"length"}}]}}"#,
        tokens.join(",")
    )
}

fn cases() -> Vec<Case> {
    let case = |id: &str, choices: &[&str], expected: &str| {
        let vars = serde_json::json!({"q": id, "choices": choices});
        let vars = vars.as_object().unwrap().clone();
        let expected = vec![expected.to_owned()];
        Case { id: id.into(), hash: Case::digest(&vars, &expected, false), vars, expected, ..Case::default() }
    };
    vec![
        case("one", &["c", "a", "a"], "a"),
        case("two", &["z", "b"], "0"),
        case("three", &["d", "e", "f"], "2"),
    ]
}

fn plan(form: Form) -> RunSpec {
    let mut spec = spec(Load::Closed { concurrency: 2 }, Amount::Cases, 2);
    spec.fresh = false;
    spec.cases = 3;
    spec.prompts = vec![PromptSpec {
        name: "p".into(),
        raw: Some("Q: {{ q }} A:".into()),
        form,
        ..PromptSpec::default()
    }];
    spec
}

/// An opinion: name, record, value.
type Said = (String, Key, Option<Value>);

/// Slot, step, attempt of each record; and what was said, by name.
fn told(items: &[Item]) -> (Vec<(u32, u16, u8)>, Vec<Said>) {
    let mut keys = Vec::new();
    let mut said: Vec<Said> = Vec::new();
    for item in items {
        match item {
            Item::Record(r) => {
                assert_eq!(r.kind, Kind::LogLikelihood);
                keys.push((r.key.slot, r.key.step, r.key.attempt));
            }
            Item::Verdict(v) => said.push((v.name.clone(), v.about[0].key, v.value.clone())),
            _ => {}
        }
    }
    keys.sort_unstable();
    (keys, said)
}

#[test]
fn every_choice_is_a_step_and_the_last_one_is_judged() {
    let simulation = Simulation::of(plan(Form::LogLikelihood), &cases(), Finished::default());
    let items = simulation.items(echo, |_| Act::Echo);
    let (keys, said) = told(&items);
    let mut steps: Vec<usize> = (0..3).map(|slot| keys.iter().filter(|k| k.0 == slot).count()).collect();
    steps.sort_unstable();
    assert_eq!(steps, [2, 3, 3]);
    for item in &items {
        if let Item::Record(r) = item {
            assert_eq!(Row::of(r).class, OutcomeClass::Complete, "no text is due, and a limit is no cut");
        }
    }
    let of = |case: &str| -> Vec<Value> {
        let hash = cases().iter().find(|c| c.id == case).unwrap().hash;
        let slot = items.iter().find_map(|i| match i {
            Item::Record(r) if r.case == Some(hash) => Some(r.key.slot),
            _ => None,
        });
        said.iter()
            .filter(|(name, key, _)| name == CORRECT && Some(key.slot) == slot)
            .map(|(.., value)| value.clone().unwrap())
            .collect()
    };
    assert_eq!(of("one"), [Value::Bool(true)], "of equals the first one");
    assert_eq!(of("two"), [Value::Bool(false)]);
    assert_eq!(of("three"), [Value::Bool(false)]);
    let sums: Vec<f64> = said
        .iter()
        .filter_map(|(name, _, value)| match value {
            Some(Value::Number(n)) if name == LOGLIKELIHOOD => Some((n * 10.0).round() / 10.0),
            _ => None,
        })
        .collect();
    // A blank (0) and the letter; the context does not count.
    let mut sorted = sums.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, [-2.6, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, -0.1]);
    assert_eq!(said.iter().filter(|(name, ..)| name == IS_GREEDY).count(), 8);
}

#[test]
fn a_resumed_slot_sends_only_the_steps_that_are_missing() {
    let whole =
        Simulation::of(plan(Form::LogLikelihood), &cases(), Finished::default()).items(echo, |_| Act::Echo);
    let (all, said) = told(&whole);
    let verdict = |key: &(u32, u16, u8), name: &str| {
        said.iter()
            .find(|(n, k, _)| n == name && (k.slot, k.step, k.attempt) == *key)
            .and_then(|s| s.2.clone())
    };
    // Cut after each record in turn.
    for done in 0..=all.len() {
        let mut finished = Finished::default();
        for key in &all[..done] {
            finished.note(key.0, key.1, true, 1);
            if let Some(Value::Number(sum)) = verdict(key, LOGLIKELIHOOD) {
                finished.note_sum(key.0, key.1, sum);
            }
        }
        let rest = Simulation::of(plan(Form::LogLikelihood), &cases(), finished).items(echo, |_| Act::Echo);
        let (keys, again) = told(&rest);
        assert_eq!(keys, all[done..], "after {done}");
        let right = |list: &[Said], from: &[(u32, u16, u8)]| {
            let mut found: Vec<_> = list
                .iter()
                .filter(|(n, k, _)| n == CORRECT && from.contains(&(k.slot, k.step, k.attempt)))
                .map(|(_, k, v)| (k.slot, k.step, v.clone().map(|v| v == Value::Bool(true))))
                .collect();
            found.sort_unstable();
            found
        };
        assert_eq!(right(&again, &all), right(&said, &all[done..]), "after {done}");
    }
}

#[test]
fn a_choice_without_an_answer_leaves_the_case_undecided() {
    let mut one = plan(Form::LogLikelihood);
    one.phases[0].load = Load::Closed { concurrency: 1 };
    one.retry.attempts = 1;
    let items = Simulation::of(one, &cases(), Finished::default())
        .items(echo, |n| if n == 1 { Act::Busy } else { Act::Echo });
    let statuses: Vec<Status> = items
        .iter()
        .filter_map(|i| match i {
            Item::Verdict(v) if v.name == CORRECT => Some(v.status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [Status::Failed, Status::Scored, Status::Scored]);
    assert_eq!(told(&items).0.len(), 8, "the other choices are still asked");
}

#[test]
fn retries_of_a_step_are_attempts_and_every_step_ends_once() {
    let items = Simulation::of(plan(Form::LogLikelihood), &cases(), Finished::default())
        .items(echo, |n| if n % 3 == 0 { Act::Busy } else { Act::Echo });
    let (keys, said) = told(&items);
    let steps: std::collections::BTreeSet<(u32, u16)> = keys.iter().map(|k| (k.0, k.1)).collect();
    assert_eq!(steps.len(), 8);
    assert_eq!(said.iter().filter(|(n, ..)| n == CORRECT).count(), 3);
}

#[test]
fn a_stop_between_steps_leaves_the_rest_for_later() {
    let simulation = Simulation::of(plan(Form::LogLikelihood), &cases(), Finished::default());
    let control = simulation.control();
    let items = simulation.items(echo, move |n| {
        if n == 1 {
            control.stop(crate::StopReason::Interrupted);
        }
        Act::Echo
    });
    let (keys, said) = told(&items);
    assert!(keys.len() < 8 && !keys.is_empty(), "{keys:?}");
    assert!(said.iter().all(|(n, ..)| n != CORRECT), "nothing is judged by halves");
}

#[test]
fn a_document_is_scored_in_windows() {
    let mut spec = plan(Form::Rolling);
    let window = WindowSpec { unit: WindowUnit::Words, size: 2, context: 1 };
    spec.prompts[0].likelihood = Some(Likelihood { window: Some(window), ..Likelihood::default() });
    let items = Simulation::of(spec, &cases(), Finished::default()).items(echo, |_| Act::Echo);
    let (keys, said) = told(&items);
    // `Q: one A:` is three words: two windows each.
    assert_eq!(keys.iter().filter(|k| k.0 == 0).count(), 2);
    let total: f64 = said
        .iter()
        .filter_map(|(n, k, v)| match v {
            Some(Value::Number(x)) if n == LOGLIKELIHOOD && k.slot == 0 => Some(*x),
            _ => None,
        })
        .sum();
    let text = ["one", "two", "three"]
        .map(|id| format!("Q: {id} A:").chars().map(|c| -f64::from(u32::from(c) % 32) / 10.0).sum::<f64>());
    assert!(text.iter().any(|t| (t - total).abs() < 1e-9), "{total} of {text:?}");
    assert!(said.iter().all(|(n, ..)| n != CORRECT));
}

/// What was said of `name`, with its status and why.
fn reasons(items: &[Item], name: &str) -> Vec<(Status, String)> {
    let said = |i: &Item| match i {
        Item::Verdict(v) if v.name == name => Some((v.status, v.why.clone().unwrap_or_default())),
        _ => None,
    };
    items.iter().filter_map(said).collect()
}

/// The echo with nothing said of the first token.
fn first_unknown(body: &[u8]) -> String {
    let whole = echo(body);
    let (front, rest) = whole.split_once(r#""logprob":"#).unwrap();
    let (_, rest) = rest.split_once(',').unwrap();
    format!(r#"{front}"logprob":null,{rest}"#)
}

#[test]
fn a_choice_with_an_unknown_token_has_no_log_likelihood() {
    let mut bare = plan(Form::LogLikelihood);
    bare.prompts[0].raw = Some(String::new());
    let items = Simulation::of(bare, &cases(), Finished::default()).items(first_unknown, |_| Act::Echo);
    let sums = reasons(&items, LOGLIKELIHOOD);
    assert_eq!(sums.len(), 8);
    for (status, why) in sums {
        assert!(
            status == Status::Unparsable && why.starts_with("1 of 2 tokens") && why.contains("prefix"),
            "{why}"
        );
    }
    for (status, why) in reasons(&items, CORRECT) {
        assert!(status == Status::Failed && why.contains("prefix"), "a case is not judged: {why}");
    }
    // Behind some text the unknown token is not scored.
    let behind = Simulation::of(plan(Form::LogLikelihood), &cases(), Finished::default())
        .items(first_unknown, |_| Act::Echo);
    assert!(reasons(&behind, CORRECT).iter().all(|(status, _)| *status == Status::Scored));
    // A rolling sum leaves it out and says so.
    let rolling = Simulation::of(plan(Form::Rolling), &cases(), Finished::default())
        .items(first_unknown, |_| Act::Echo);
    let sums = reasons(&rolling, LOGLIKELIHOOD);
    assert!(
        sums.iter().all(|(status, why)| *status == Status::Scored && why.contains("1 without")),
        "{sums:?}"
    );
}
