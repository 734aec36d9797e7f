//! Questions: examples, continuations, raw text.

use super::*;
use acidtest_record::{Digest, Likelihood};
use proptest::prelude::*;
use serde_json::json;

fn case(id: &str, vars: &Value, expected: &[&str]) -> Case {
    let vars = vars.as_object().unwrap().clone();
    let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
    let hash = Case::digest(&vars, &expected, false);
    Case { id: id.into(), hash, vars, expected, ..Case::default() }
}

fn pool(n: usize) -> Vec<Case> {
    (0..n)
        .map(|i| case(&format!("p{i}"), &json!({"q": format!("question {i}")}), &[&format!("a{i}")]))
        .collect()
}

fn shots(pool: &[Case], n: u16, pick: Pick, show: Show) -> ShotsSpec {
    let shot = |c: &Case| Shot {
        id: c.id.clone(),
        hash: c.hash,
        vars: c.vars.clone(),
        expected: c.expected.clone(),
    };
    ShotsSpec {
        n,
        pick,
        show,
        answer: "{{ expected }}".into(),
        separator: "\n\n".into(),
        pool: pool.iter().map(shot).collect(),
        ..ShotsSpec::default()
    }
}

fn chat(shots: Option<ShotsSpec>) -> PromptSpec {
    let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    PromptSpec {
        name: "p".into(),
        messages: vec![message("system", "Be brief."), message("user", "Q: {{ q }}")],
        shots,
        ..PromptSpec::default()
    }
}

fn ask(prompt: &PromptSpec, case: &Case) -> Question {
    Asker::with(prompt, 7, &[]).unwrap().ask(case).unwrap()
}

#[test]
fn examples_are_turns_between_system_and_question() {
    let q = ask(
        &chat(Some(shots(&pool(5), 2, Pick::First, Show::Turns))),
        &case("x", &json!({"q": "mine"}), &[]),
    );
    let said: Vec<(&str, &str)> = q.messages.iter().map(|m| (m.role.as_str(), m.content.as_str())).collect();
    assert_eq!(
        said,
        [
            ("system", "Be brief."),
            ("user", "Q: question 0"),
            ("assistant", "a0"),
            ("user", "Q: question 1"),
            ("assistant", "a1"),
            ("user", "Q: mine"),
        ]
    );
}

#[test]
fn examples_are_text_in_front_or_where_the_prompt_says() {
    let raw = |text: &str| PromptSpec {
        raw: Some(text.into()),
        shots: Some(shots(&pool(3), 2, Pick::First, Show::Text)),
        ..PromptSpec::default()
    };
    let mine = case("x", &json!({"q": "mine"}), &[]);
    let text = |p: &PromptSpec| ask(p, &mine).prompt.unwrap();
    assert_eq!(text(&raw("Q: {{ q }}\nA:")), "Q: question 0\nA: a0\n\nQ: question 1\nA: a1\n\nQ: mine\nA:");
    let mut placed = raw("Answer.\n{{ shots }}Q: {{ q }}\nA:");
    placed.shots.as_mut().unwrap().template = Some("{{ q }} = {{ expected }}".into());
    assert_eq!(text(&placed), "Answer.\nquestion 0 = a0\n\nquestion 1 = a1\n\nQ: mine\nA:");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_case_is_never_its_own_example(n in 1u16..9, seed: u64, me in 0usize..10, seeded: bool) {
        let cases = pool(10);
        let pick = if seeded { Pick::Seeded } else { Pick::First };
        let prompt = chat(Some(shots(&cases, n, pick, Show::Turns)));
        let asker = Asker::with(&prompt, seed, &[]).unwrap();
        let q = asker.ask(&cases[me]).unwrap();
        let own = format!("Q: question {me}");
        prop_assert_eq!(q.messages.iter().filter(|m| m.content == own).count(), 1, "only the question itself");
        prop_assert_eq!(q.messages.len(), 2 + 2 * usize::from(n));
        let mut shown: Vec<&str> = q.messages.iter().map(|m| m.content.as_str()).collect();
        shown.sort_unstable();
        shown.dedup();
        prop_assert_eq!(shown.len(), q.messages.len(), "no example twice");
        // Another thread, another order: the same question.
        let again = Asker::with(&prompt, seed, &[]).unwrap();
        let _ = again.ask(&cases[(me + 1) % 10]);
        prop_assert_eq!(again.ask(&cases[me]).unwrap(), q);
    }
}

#[test]
fn the_same_text_under_another_id_is_no_example_either() {
    let mut examples = pool(3);
    examples[0].vars.insert("note".into(), json!("so that the digest differs"));
    examples[0].hash = Digest::of(b"another");
    let q = ask(
        &chat(Some(shots(&examples, 2, Pick::First, Show::Turns))),
        &case("x", &json!({"q": "question 0"}), &["a0"]),
    );
    assert_eq!(q.messages[1].content, "Q: question 1");
    let asker = Asker::with(&chat(Some(shots(&examples, 3, Pick::First, Show::Turns))), 1, &[]).unwrap();
    let e = asker.ask(&case("x", &json!({"q": "question 0"}), &["a0"])).unwrap_err();
    assert!(e.what.contains("only 2 examples"), "{e}");
}

#[test]
fn seeds_choose_other_examples_for_other_cases() {
    let prompt = chat(Some(shots(&pool(200), 3, Pick::Seeded, Show::Turns)));
    let of = |seed, id: &str| {
        let q = Asker::with(&prompt, seed, &[]).unwrap().ask(&case(id, &json!({"q": "x"}), &[])).unwrap();
        q.messages[1].content.clone()
    };
    let firsts: BTreeSet<String> = (0..50).map(|i| of(1, &format!("c{i}"))).collect();
    assert!(firsts.len() > 35, "{}", firsts.len());
    assert_ne!(
        (0..5).map(|i| of(1, &i.to_string())).collect::<Vec<_>>(),
        (0..5).map(|i| of(2, &i.to_string())).collect::<Vec<_>>()
    );
}

#[test]
fn choices_become_continuations() {
    let prompt = PromptSpec {
        raw: Some("Q: {{ q }}\nA:".into()),
        form: Form::LogLikelihood,
        likelihood: Some(Likelihood { prefix: "<s>".into(), ..Likelihood::default() }),
        ..PromptSpec::default()
    };
    let q = |expected: &[&str], choices: Value| {
        ask(&prompt, &case("x", &json!({"q": "2+2", "choices": choices}), expected))
    };
    let four = q(&["4"], json!(["3", 4]));
    assert_eq!(four.prompt.as_deref(), Some("<s>Q: 2+2\nA:"));
    assert_eq!(
        (four.prefix, four.continuations, four.right),
        (3, vec![" 3".to_owned(), " 4".to_owned()], vec![1])
    );
    assert_eq!(q(&["0"], json!(["a", "b"])).right, [0], "an index from 0");
    assert_eq!(q(&["B"], json!(["a", "b"])).right, [1], "a letter");
    assert_eq!(q(&["1"], json!(["1", "0"])).right, [0], "what is spelled comes first");
    assert!(q(&["z"], json!(["a", "b"])).right.is_empty());
    let bare = ask(&prompt, &case("x", &json!({"q": "2+2"}), &["4", "four"]));
    assert_eq!((bare.is_choice, bare.continuations.len(), bare.right), (false, 2, vec![0, 1]));
    let asker = Asker::with(&prompt, 1, &[]).unwrap();
    for (vars, words) in [
        (json!({"q": "x", "choices": []}), "holds 0 choices"),
        (json!({"q": "x", "choices": "ab"}), "not a list"),
        (json!({"q": "x", "choices": [[1]]}), "not text"),
        (json!({"q": "x"}), "no expected answer"),
    ] {
        let e = asker.ask(&case("x", &vars, &[])).unwrap_err();
        assert!(e.what.contains(words), "{e}");
    }
}
