//! Targets, prompts and runs side by side: paired differences, marks, regression gates.

use super::build::*;
use acidtest_findings::{
    Comparison, Findings, GateState, Mark, State, Test, Texts, View, check, check_regression, compare,
    default_regression,
};
use acidtest_record::*;

const FAILED: OutcomeClass = OutcomeClass::Failed(Cause::Server);

/// Rows of a target (and prompt) over all cases, each `slower` ms later than the base.
fn answers(cases: &[Case], target: u16, prompt: u16, slower: i64) -> Vec<Row> {
    let rows = cases.iter().enumerate().map(|(i, case)| {
        let i = i as u32;
        let place = u32::from(target) * 2 + u32::from(prompt);
        let ttft = 100 + i64::from(i.wrapping_mul(2_654_435_761) >> 27) + slower;
        let at = i64::from(place * 1000 + i) * 1000;
        let r = row(place * 1000 + i, Some(case.hash), OutcomeClass::Complete, at, ttft, ttft + 200);
        Row { target, prompt, ..r }
    });
    rows.collect()
}

/// Two targets; the second is wrong where `wrong` says and slower.
fn two_targets(cases: &[Case], gates: &[&str], slower: i64, wrong: fn(u32) -> bool) -> Findings {
    let mut spec = spec(CLOSED, cases.len() as u32, gates);
    spec.targets.push(target("rival"));
    let mut rows = answers(cases, 0, 0, 0);
    rows.extend(answers(cases, 1, 0, slower));
    run(&spec, cases, &rows, |r| r.target == 0 || !wrong(r.key.slot % 1000))
}

#[track_caller]
fn test<'t>(tests: &'t [Test], name: &str, stat: &str) -> &'t Test {
    tests.iter().find(|t| t.name == name && t.stat == stat).unwrap_or_else(|| panic!("no {name}.{stat}"))
}

#[test]
fn a_worse_and_slower_target_is_dominated() {
    let f = two_targets(&cases(60, 1), &[], 50, |i| i.is_multiple_of(3));
    let accuracy = test(&f.tests, "accuracy", "share");
    assert!((accuracy.difference.unwrap() + 1.0 / 3.0).abs() < 1e-12);
    assert_eq!((accuracy.state, accuracy.pairs, accuracy.units), (State::Worse, 60, 60));
    assert_eq!((accuracy.method.as_str(), accuracy.better), ("McNemar exact", "higher"));
    assert_eq!(accuracy.interval.as_ref().unwrap().method, "Tango, paired");
    assert_eq!((accuracy.base_value, accuracy.other_value), (Some(1.0), Some(2.0 / 3.0)));
    let ttft = test(&f.tests, "ttft", "mean");
    assert!((ttft.difference.unwrap() - 0.05).abs() < 1e-12 && ttft.unit == "s");
    // Every difference is the same: a time has no range, so that nothing bounds it.
    assert!(ttft.interval.is_none() && ttft.state == State::Undecided);
    let marks: Vec<Mark> = f.matrix.iter().map(|r| r.front.as_ref().unwrap().mark).collect();
    assert_eq!(marks, [Mark::Front, Mark::Dominated]);
    assert_eq!(f.matrix[1].front.as_ref().unwrap().dominated_by, ["docent-search"]);
    assert!(f.matrix[0].is_base && !f.matrix[1].is_base);
}

#[test]
fn what_the_differences_leave_open_is_undecided() {
    let f = two_targets(&cases(60, 1), &[], 0, |i| i == 7);
    let accuracy = test(&f.tests, "accuracy", "share");
    assert_eq!(accuracy.state, State::Undecided);
    assert!(accuracy.detectable.unwrap() > 0.01 && accuracy.settles_at.unwrap() > 60);
    let front = f.matrix[1].front.as_ref().unwrap();
    assert_eq!((front.mark, front.by_value), (Mark::Undecided, false));
    assert_eq!(front.undecided, ["docent-search"]);
    // Equal by value in all the rest: the first is on the front by value, and no more is shown.
    let first = f.matrix[0].front.as_ref().unwrap();
    assert_eq!((first.mark, first.by_value), (Mark::Undecided, true));
}

#[test]
fn better_is_said_only_when_the_corrected_interval_excludes_0() {
    for wrong in [|i: u32| i.is_multiple_of(3), |i: u32| i.is_multiple_of(11), |i: u32| i == 7] {
        for per_cluster in [1, 4] {
            let f = two_targets(&cases(80, per_cluster), &[], 3, wrong);
            for t in &f.tests {
                let decided = t.state != State::Undecided;
                let excludes = t
                    .corrected
                    .as_ref()
                    .is_some_and(|i| i.low.is_some_and(|l| l > 0.0) || i.high.is_some_and(|h| h < 0.0));
                assert!(!decided || (excludes && t.p.unwrap() <= 0.05), "{t:?}");
                assert!(t.p.unwrap() >= t.p_raw.unwrap() && t.of == f.tests.len() as u64, "{t:?}");
            }
        }
    }
}

#[test]
fn clusters_are_the_unit_of_a_difference() {
    let f = two_targets(&cases(80, 4), &[], 0, |i| (i / 4).is_multiple_of(3));
    let t = test(&f.tests, "accuracy", "share");
    assert_eq!((t.pairs, t.units), (80, 20));
    let i = t.interval.as_ref().unwrap();
    assert_eq!((i.method, i.unit_of_sampling.as_str()), ("t, C-1 df", "cluster"));
    let single = two_targets(&cases(80, 1), &[], 0, |i| (i / 4).is_multiple_of(3));
    let j = test(&single.tests, "accuracy", "share").interval.clone().unwrap();
    let width = |i: &acidtest_findings::Interval| i.high.unwrap() - i.low.unwrap();
    assert!(width(i) > 1.5 * width(&j), "whole clusters flip together");
}

#[test]
fn prompts_have_a_label_only_when_there_are_several() {
    let cases = cases(40, 1);
    let prompt = |name: &str| PromptSpec { name: name.into(), ..PromptSpec::default() };
    let gates = ["accuracy{prompt=short} >= 0.9", "accuracy{prompt=long} >= 0.9"];
    let mut spec = spec(CLOSED, 40, &gates);
    spec.prompts = vec![prompt("short"), prompt("long")];
    assert_eq!(check(&spec, &cases), Ok(()));
    let mut rows = answers(&cases, 0, 0, 0);
    rows.extend(answers(&cases, 0, 1, 0));
    let f = run(&spec, &cases, &rows, |r| r.prompt == 0 || r.key.slot.is_multiple_of(2));
    assert_eq!(f.matrix.len(), 2);
    assert_eq!(f.matrix[1].labels["prompt"], "long");
    let t = test(&f.tests, "accuracy", "share");
    assert_eq!((t.base["prompt"].as_str(), t.other["prompt"].as_str()), ("short", "long"));
    let states: Vec<GateState> = f.gates.iter().map(|g| g.state).collect();
    assert_eq!(states, [GateState::Met, GateState::Broken]);
    spec.prompts.pop();
    spec.gates.pop();
    let alone = run(&spec, &cases, &answers(&cases, 0, 0, 0), |_| true);
    assert!(alone.matrix.is_empty() && alone.tests.is_empty());
    assert!(alone.estimates.iter().all(|e| !e.labels.contains_key("prompt")));
    assert_eq!(alone.gates[0].state, GateState::Met, "the only prompt may be named");
}

#[test]
fn the_order_of_records_changes_no_difference() {
    let cases = cases(50, 5);
    let mut spec = spec(CLOSED, 50, &[]);
    spec.targets.push(target("rival"));
    let mut rows = answers(&cases, 0, 0, 0);
    rows.extend(answers(&cases, 1, 0, 7));
    let right = |r: &Row| r.target == 0 || !r.key.slot.is_multiple_of(7);
    let there = run(&spec, &cases, &rows, right);
    rows.reverse();
    rows.rotate_left(13);
    let back = run(&spec, &cases, &rows, right);
    assert_eq!((there.tests, there.matrix), (back.tests, back.matrix));
}

/// Two runs of the same cases, answered as told.
struct Two {
    spec: RunSpec,
    cases: Vec<Case>,
    rows: [Vec<Row>; 2],
    wrong: [fn(u32) -> bool; 2],
}

impl Two {
    fn new(n: usize, per_cluster: usize, wrong: [fn(u32) -> bool; 2]) -> Self {
        let cases = cases(n, per_cluster);
        let jitter = |slot: u32| i64::from(slot.wrapping_mul(40_503) % 13) - 4;
        let mut late = answers(&cases, 0, 0, 0);
        for r in &mut late {
            let by = Ns::from_millis(jitter(r.key.slot));
            for t in [&mut r.first, &mut r.last_event, &mut r.ended] {
                *t = t.map(|t| t + by);
            }
        }
        let rows = [answers(&cases, 0, 0, 0), late];
        // Open: there our lateness bunches what was to arrive apart.
        Self { spec: spec(Load::Constant { rate: 1.0 }, n as u32, &[]), cases, rows, wrong }
    }

    fn compare(&self, first: usize, second: usize, gates: &[&str]) -> Comparison {
        let gates: Vec<Regression> = gates.iter().map(|g| Regression::parse(g).unwrap()).collect();
        let view = |which: usize| {
            let mut builder = View::new(RunId(which as u64 + 1), &self.spec, &self.cases);
            for r in &self.rows[which] {
                builder.row(*r);
                if r.class.delivered() {
                    judge(&mut builder, r, !(self.wrong[which])(r.key.slot));
                }
            }
            builder.finish()
        };
        let (a, b) = (view(first), view(second));
        let said = |text: &'static str| move |_| Texts { output: Some(text.into()), ..Texts::default() };
        compare(&a, &b, (&gates, &[]), (&mut said("before"), &mut said("after")))
    }
}

fn never(_: u32) -> bool {
    false
}

#[test]
fn swapping_the_runs_turns_every_sign() {
    for per_cluster in [1, 4] {
        let two = Two::new(60, per_cluster, [|i| i.is_multiple_of(5), |i| i.is_multiple_of(3)]);
        let (there, back) = (two.compare(0, 1, &[]), two.compare(1, 0, &[]));
        assert_eq!(there.tests.len(), back.tests.len());
        assert!(there.tests.len() >= 7, "{:?}", there.tests);
        for (t, b) in there.tests.iter().zip(&back.tests) {
            assert!((t.difference.unwrap() + b.difference.unwrap()).abs() < 1e-12, "{t:?}");
            assert_eq!((t.p, t.p_raw), (b.p, b.p_raw), "{}", t.name);
            let (Some(i), Some(j)) = (t.interval.as_ref(), b.interval.as_ref()) else {
                // Both runs cost the same for every case.
                assert_eq!((t.name.as_str(), t.difference), ("cost", Some(0.0)));
                continue;
            };
            assert!((i.low.unwrap() + j.high.unwrap()).abs() < 1e-9, "{} {}", t.name, t.stat);
            assert!((i.high.unwrap() + j.low.unwrap()).abs() < 1e-9, "{} {}", t.name, t.stat);
            let turned = match t.state {
                State::Better => State::Worse,
                State::Worse => State::Better,
                other => other,
            };
            assert_eq!(turned, b.state);
        }
        assert_eq!((there.broken, there.mended), (back.mended, back.broken));
    }
}

#[test]
fn flipped_and_unmatched_cases_are_listed() {
    let mut two = Two::new(30, 1, [|i| i == 2, |i| i == 4 || i == 5]);
    two.rows[1][9] = row(9, Some(two.cases[9].hash), FAILED, 9000, 1, 2);
    two.rows[1].remove(20);
    let c = two.compare(0, 1, &[]);
    assert_eq!((c.broken, c.mended), (2, 1));
    let flips: Vec<(&str, &str)> = c.flipped.iter().map(|f| (f.case.as_str(), f.direction)).collect();
    assert_eq!(flips, [("c4", "right to wrong"), ("c5", "right to wrong"), ("c2", "wrong to right")]);
    let (was, is) = (c.flipped[0].base_output.as_deref(), c.flipped[0].other_output.as_deref());
    assert_eq!((was, is), (Some("before"), Some("after")));
    let lost: Vec<(&str, &str)> = c.unmatched.iter().map(|u| (u.case.as_str(), u.why)).collect();
    assert_eq!(lost, [("c9", "not delivered in the second run"), ("c20", "not in the second run")]);
    assert_eq!(test(&c.tests, "accuracy", "share").only_base, 2);
    assert!(c.same_workload && c.warnings.is_empty(), "{:?}", c.warnings);
}

#[test]
fn regression_gates_are_met_broken_or_undecided() {
    let state = |two: &Two, gate: &str| {
        let c = two.compare(0, 1, &[gate]);
        assert_eq!(c.gates.len(), 1, "{gate}");
        (c.gates[0].state, c.gates[0].reason.clone(), c.gates[0].settles_at)
    };
    let same = Two::new(100, 1, [never, never]);
    let worse = Two::new(100, 1, [never, |i| i.is_multiple_of(4)]);
    let little = Two::new(100, 1, [never, |i| i.is_multiple_of(50)]);
    assert_eq!(state(&same, "accuracy drop <= 5 pp").0, GateState::Met);
    assert_eq!(state(&same, "accuracy not worse").0, GateState::Met);
    assert_eq!(state(&worse, "accuracy drop <= 5 pp").0, GateState::Broken);
    assert_eq!(state(&worse, "accuracy drop <= 10 %").0, GateState::Broken);
    assert_eq!(state(&worse, "accuracy not worse").0, GateState::Broken);
    assert_eq!(state(&worse, "accuracy drop <= 50 %").0, GateState::Met);
    let (undecided, why, settles_at) = state(&little, "accuracy drop <= 3 pp");
    assert_eq!(undecided, GateState::Undecided);
    assert!(why.contains("drop 2.0 pp, between") && settles_at.is_some_and(|n| n > 100), "{why}");
    assert_eq!(state(&little, "accuracy{lang=ko} not worse").0, GateState::Met);
    assert_eq!(state(&same, "e2e.mean rise <= 30 ms").0, GateState::Met);
    assert_eq!(state(&same, "ttft.p50 rise <= 50 %").0, GateState::Met);
    assert_eq!(state(&same, "error_rate rise <= 10 pp").0, GateState::Met);
    assert_eq!(state(&same, "accuracy{target=nobody} not worse").0, GateState::Undecided);
}

#[test]
fn regression_gates_that_cannot_be_asked_are_errors() {
    let (spec, cases) = (spec(CLOSED, 4, &[]), cases(4, 2));
    for (gate, words, hint) in [
        ("acuracy drop <= 2 pp", "unknown metric", "did you mean 'accuracy'"),
        ("accuracy rise <= 2 pp", "getting better", "write 'drop'"),
        ("e2e.p50 drop <= 2 ms", "getting better", "write 'rise'"),
        ("e2e.p99 rise <= 2 ms", "no number by which", ".mean or .p50"),
        ("tokens_per_s <= 2 %", "no number by which", "case by case"),
        ("accuracy drop <= 2 ms", "not a unit", "pp"),
        ("e2e.p50 rise <= 2 pp", "not a unit", "%"),
        ("accuracy{lnag=ko} drop <= 2 pp", "unknown label", "lang"),
        ("delivery[class=complete] <= 1 pp", "neither better", "another"),
    ] {
        let gate = Regression::parse(gate).unwrap();
        let (m, h) = check_regression(&gate, &spec, &cases).unwrap_err();
        assert!(m.contains(words) && h.contains(hint), "{}: {m} / {h}", gate.text);
    }
    for gate in ["accuracy drop <= 2 pp", "char_f1 drop <= 5 %", "cost rise <= 10 %", "ttft.p50 <= 9 ms"] {
        assert_eq!(check_regression(&Regression::parse(gate).unwrap(), &spec, &cases), Ok(()), "{gate}");
    }
    assert_eq!(default_regression()[0].text, "accuracy not worse");
}

#[test]
fn a_score_of_yes_and_no_is_a_share() {
    let f = two_targets(&cases(60, 1), &["accuracy.low >= 0.1", "char_f1.low >= 0.1"], 0, |i| {
        i.is_multiple_of(3)
    });
    let of_rival = |name: &str| {
        let found = f.estimates.iter().find(|e| e.metric == name && e.labels["target"] == "rival");
        found.and_then(|e| e.ends()).unwrap().clone()
    };
    assert_eq!(of_rival("char_f1"), of_rival("accuracy"));
    assert_eq!(of_rival("char_f1").method, "Wilson");
    let (score, accuracy) = (test(&f.tests, "char_f1", "mean"), test(&f.tests, "accuracy", "share"));
    assert_eq!(score.interval, accuracy.interval);
    assert_eq!((&score.method, score.p_raw), (&accuracy.method, accuracy.p_raw));
}

#[test]
fn cases_that_pass_are_a_share() {
    let mut spec = spec(CLOSED, 30, &[]);
    (spec.pass_rule, spec.repeats) = (Some(PassRule::AtLeast(1)), 2);
    let cases = cases(30, 1);
    let mut rows = answers(&cases, 0, 0, 0);
    let again = answers(&cases, 0, 0, 0).into_iter();
    rows.extend(again.map(|r| Row { repeat: 1, key: Key { slot: r.key.slot + 500, ..r.key }, ..r }));
    let f = run(&spec, &cases, &rows, |r| r.key.slot < 500 && !r.key.slot.is_multiple_of(5));
    let e = get(&f, "case_pass_rate", "share");
    assert_eq!(e.number(), Some(0.8));
    assert_eq!(e.ends().unwrap().method, "Wilson");
}

#[test]
fn our_own_lateness_leaves_undecided_only_what_it_could_turn() {
    let mut two = Two::new(100, 1, [never, never]);
    // One send in 20 of the second run was 40 ms late: more than its times allow.
    for r in two.rows[1].iter_mut().filter(|r| r.key.slot.is_multiple_of(20)) {
        r.intended = Ns(r.intended.0 - 40_000_000);
    }
    let says = |gate: &str, state: GateState, words: &str| {
        let g = &two.compare(0, 1, &[gate]).gates[0];
        assert_eq!(g.state, state, "{gate}: {}", g.reason);
        assert!(g.reason.starts_with(words), "{gate}: {}", g.reason);
    };
    says("e2e.mean rise <= 90 ms", GateState::Met, "whatever our own lateness of 40.0 ms did");
    says("e2e.mean rise <= 20 ms", GateState::Undecided, "not valid: sends were late");
    says("e2e.mean rise <= 60 %", GateState::Met, "whatever our own lateness of 40.0 ms did");
    says("e2e.mean rise <= 5 %", GateState::Undecided, "not valid");
    says("e2e.mean not worse", GateState::Undecided, "not valid");
    says("accuracy drop <= 5 pp", GateState::Met, "drop");
    for r in &mut two.rows[1] {
        for t in [&mut r.first, &mut r.last_event, &mut r.ended] {
            *t = t.map(|t| t + Ns::from_millis(400));
        }
    }
    let broken = two.compare(0, 1, &["e2e.mean rise <= 90 ms", "e2e.mean not worse"]).gates;
    assert!(broken.iter().all(|g| g.state == GateState::Broken && g.reason.starts_with("whatever")));
}

#[test]
fn what_is_not_valid_costs_the_others_no_power() {
    let mut two = Two::new(60, 1, [never, |i| i.is_multiple_of(6)]);
    let all = two.compare(0, 1, &[]).tests;
    let of = all.len() as u64;
    assert!(all.iter().all(|t| t.of == of && t.p.is_some()));
    for r in two.rows[1].iter_mut().filter(|r| r.key.slot.is_multiple_of(20)) {
        r.intended = Ns(r.intended.0 - 40_000_000);
    }
    let late = two.compare(0, 1, &[]).tests;
    let (out, left): (Vec<&Test>, Vec<&Test>) = late.iter().partition(|t| t.invalid.is_some());
    assert_eq!(out.len(), 6, "ttft and e2e, mean and p50, and both from the intended time");
    for t in out {
        assert_eq!((t.of, t.p, t.settles_at, t.state), (0, None, None, State::Undecided), "{t:?}");
        assert!(t.p_raw.is_some() && t.how.contains("this one is left out"), "{}", t.how);
    }
    assert!(left.iter().all(|t| t.of == of - 6), "{left:?}");
    assert!(test(&late, "accuracy", "share").p < test(&all, "accuracy", "share").p);
}

#[test]
fn what_would_settle_follows_the_corrected_test() {
    let f = two_targets(&cases(60, 1), &[], 0, |i| i.is_multiple_of(12));
    let t = test(&f.tests, "accuracy", "share");
    // 5 of 60 differ, all one way: by itself z asks for 87 pairs, the exact test after Holm for more.
    let alpha = 0.05 / t.of as f64;
    let counts = acidtest_metrics::stats::PairedCounts { both: 55, only_second: 5, ..Default::default() };
    let shown = acidtest_metrics::stats::Shown { alpha, power: 0.8 };
    assert_eq!((t.state, t.settles_at), (State::Undecided, shown.pairs_for_share(counts)));
    assert_eq!(t.detectable, shown.detectable_share(counts));
    assert!(t.settles_at.unwrap() > 140 && t.detectable.unwrap() > 5.0 / 60.0, "{t:?}");
    for per_cluster in [1, 4] {
        for wrong in [|i: u32| i < 4, |i: u32| i.is_multiple_of(9), |i: u32| i.is_multiple_of(20)] {
            let f = two_targets(&cases(24, per_cluster), &[], 3, wrong);
            for t in &f.tests {
                assert!(t.settles_at.is_none_or(|n| n > t.pairs), "{t:?}");
            }
        }
    }
}
