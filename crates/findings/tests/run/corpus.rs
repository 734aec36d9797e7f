//! Metrics over all answers: repeats, clusters, errors, texts that come in any order.

use super::build::*;
use acidtest_findings::{Findings, GateState, Texts, View, check, find};
use acidtest_record::*;

fn asked(metrics: &[(&str, &[(&str, &str)])], gates: &[&str], cases: u32) -> RunSpec {
    let one = |(metric, options): &(&str, &[(&str, &str)])| MetricSpec {
        metric: (*metric).to_owned(),
        options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    RunSpec { metrics: metrics.iter().map(one).collect(), ..spec(CLOSED, cases, gates) }
}

/// One request for each answer, case after case and again from the first; `None` failed.
fn told(spec: &RunSpec, cases: &[Case], answers: &[Option<&str>]) -> Findings {
    let mut builder = View::new(RUN, spec, cases);
    let rows: Vec<Row> = answers
        .iter()
        .enumerate()
        .map(|(i, answer)| {
            let class = answer.map_or(OutcomeClass::Failed(Cause::Timeout), |_| OutcomeClass::Complete);
            row(i as u32, Some(cases[i % cases.len()].hash), class, i as i64 * 1000, 100, 300)
        })
        .collect();
    for row in &rows {
        builder.row(*row);
        if row.class.delivered() {
            let case = &cases[row.key.slot as usize % cases.len()];
            judge(&mut builder, row, answers[row.key.slot as usize] == Some(case.expected[0].as_str()));
        }
    }
    assert_eq!(builder.wants_answers(), !spec.metrics.is_empty());
    for (row, answer) in rows.iter().zip(answers).rev() {
        builder.answer(&row.key, *answer);
    }
    find(&builder.finish(), &mut |_| Texts::default())
}

/// Cases whose expected answers are these.
fn expecting(answers: &[&str], per_cluster: usize) -> Vec<Case> {
    let mut all = cases(answers.len(), per_cluster);
    for (case, answer) in all.iter_mut().zip(answers) {
        case.expected = vec![(*answer).to_owned()];
    }
    all
}

fn number(f: &Findings, name: &str) -> f64 {
    get(f, name, "value").number().unwrap()
}

#[test]
fn repeats_are_averaged_and_units_drawn() {
    let cases = expecting(&["a b c d", "e f g h", "i j k l", "m n o p"], 2);
    let spec = asked(&[("wer", &[]), ("rouge1", &[("part", "recall")])], &[], 4);
    // The first case is asked twice: once all right, once half of it wrong.
    let answers = [
        Some("a b c d"),
        Some("e f g x"),
        Some("i j k l"),
        Some("m n o p"),
        Some("a b x y"),
        None,
        None,
        None,
    ];
    let f = told(&spec, &cases, &answers);
    let wer = get(&f, "wer", "value");
    // Errors (1 + 1) over 16 words, the first case's 0 and 2 averaged.
    assert_eq!((wer.number(), wer.n.cases, wer.n.requests, wer.n.clusters), (Some(2.0 / 16.0), 4, 5, 2));
    assert_eq!(wer.ends().unwrap().unit_of_sampling, "cluster");
    assert!(wer.ends().unwrap().low.unwrap() <= 0.0 && wer.standard_error.is_some());
    assert!(wer.how.contains("seed 0") && wer.how.contains("jiwer"), "{}", wer.how);
    // Three more requests failed: bounded by the reference and by an empty answer in their place.
    let missing = wer.missing.unwrap();
    assert_eq!(missing.excluded, 3);
    assert!(missing.low < 0.125 && missing.high > 0.125, "{missing:?}");
    let recall = (0.75 + 0.75 + 1.0 + 1.0) / 4.0;
    assert_eq!(number(&f, "rouge1[part=recall]"), recall);
}

#[test]
fn gates_count_what_is_missing_against_the_run() {
    let cases = expecting(&["a b c d"; 4], 1);
    let metrics: &[(&str, &[(&str, &str)])] = &[("bleu", &[]), ("wer", &[])];
    let spec = asked(metrics, &["bleu >= 90", "wer <= 0.1", "bleu >= 10"], 4);
    let right = Some("a b c d");
    let all = told(&spec, &cases, &[right; 4]);
    assert!(all.gates.iter().all(|g| g.state == GateState::Met), "{:?}", all.gates);
    assert!(get(&all, "bleu", "value").ends().is_none(), "no variance, no interval");
    let f = told(&spec, &cases, &[right, right, right, None]);
    let bleu = get(&f, "bleu", "value");
    assert!((bleu.number().unwrap() - 100.0).abs() < 1e-9);
    // 12 words beside 16: the brevity penalty exp(1 − 16/12).
    assert!((bleu.missing.unwrap().low - 100.0 * (1.0f64 - 16.0 / 12.0).exp()).abs() < 1e-9);
    let states: Vec<GateState> = f.gates.iter().map(|g| g.state).collect();
    assert_eq!(states, [GateState::Broken, GateState::Broken, GateState::Met], "{:?}", f.gates);
}

#[test]
fn labels_outside_the_set_are_wrong_and_one_class() {
    let cases = expecting(&["yes", "no", "no", "yes"], 1);
    let macro_f1: &[(&str, &str)] = &[("average", "macro")];
    let spec = asked(&[("f1", macro_f1), ("balanced_accuracy", &[]), ("kappa", &[])], &[], 4);
    let f = told(&spec, &cases, &[Some("yes"), Some(" no "), Some("perhaps"), Some("well")]);
    // yes and no: 1 of 1 said, 1 of 2 true, F1 2/3; other: 0.
    assert!((number(&f, "f1[average=macro]") - 4.0 / 9.0).abs() < 1e-12);
    assert_eq!(number(&f, "balanced_accuracy"), 0.5);
    assert!(number(&f, "kappa") > 0.0);
    let one = told(&spec, &expecting(&["yes"; 4], 1), &[Some("yes"); 4]);
    assert!(get(&one, "kappa", "value").number().is_none(), "nothing to agree about by chance");
}

#[test]
fn repeats_pass_or_are_absent() {
    let cases = expecting(&["x", "y"], 1);
    let two: &[(&str, &str)] = &[("k", "2")];
    let three: &[(&str, &str)] = &[("k", "3")];
    let spec = asked(&[("pass@k", two), ("pass^k", two), ("pass@k", three), ("majority", &[])], &[], 2);
    // x: right, wrong, wrong (the wrong ones alike); y: right and one error.
    let f = told(&spec, &cases, &[Some("x"), Some("y"), Some("z"), None, Some("z")]);
    assert!((number(&f, "pass@k[k=2]") - 2.0 / 3.0).abs() < 1e-12, "y has one judged answer of two");
    assert_eq!(get(&f, "pass@k[k=2]", "value").n.cases, 1);
    let missing = get(&f, "pass^k[k=2]", "value").missing.unwrap();
    assert_eq!((missing.excluded, missing.low, missing.high), (1, 0.0, 0.5));
    assert_eq!(number(&f, "majority"), 0.5);
    let g = told(&spec, &cases, &[Some("x"), Some("y")]);
    let absent = get(&g, "pass@k[k=3]", "value");
    assert_eq!(format!("{:?}", absent.value), "Absent(\"n too small: 1 repeats, needs 3\")");
}

#[test]
fn a_scorer_keeps_its_name_where_the_suite_asks_for_no_such_metric() {
    let mut spec = asked(&[], &["bleu >= 50 %"], 2);
    spec.scorers[0].name = "bleu".to_owned();
    spec.scorers[0].kind = ScorerKind::Text(MetricSpec { metric: "bleu".into(), ..MetricSpec::default() });
    assert_eq!(check(&spec, &cases(2, 1)), Ok(()));
    spec.metrics = vec![MetricSpec { metric: "bleu".into(), ..MetricSpec::default() }];
    let wrong = check(&spec, &cases(2, 1)).unwrap_err();
    assert!(wrong.message.contains("'%' is not a unit of bleu (points)"), "{wrong}");
    spec.gates = vec![Gate::parse("score[name=bleu] >= 50 %").unwrap(), Gate::parse("bleu >= 20").unwrap()];
    assert_eq!(check(&spec, &cases(2, 1)), Ok(()));
}
