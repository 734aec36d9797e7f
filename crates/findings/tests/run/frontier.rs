//! Who stands on the Pareto line, and whether intervals settle it.

use crate::build::*;
use acidtest_findings::{Findings, Frontier, FrontierAxes, FrontierPoint, frontier};
use acidtest_record::*;
use proptest::prelude::*;

/// A run of targets, each with a first-token time and the share of 40 cases that it gets right.
fn run_of(targets: &[(i64, u32)], load: Load) -> Findings {
    let mut spec = spec(load, 40, &[]);
    spec.targets = (0..targets.len()).map(|i| target(&format!("t{i}"))).collect();
    let cases = cases(40, 1);
    let rows: Vec<Row> = (0..40 * targets.len() as u32)
        .map(|i| {
            let (t, c) = (i as usize % targets.len(), i as usize / targets.len());
            let wait = targets[t].0 + (c as i64 % 3);
            let hash = Some(cases[c].hash);
            Row {
                target: t as u16,
                ..row(i, hash, OutcomeClass::Complete, i64::from(i) * 1000, wait, wait + 50)
            }
        })
        .collect();
    run(&spec, &cases, &rows, |r| r.key.slot / (targets.len() as u32) < targets[usize::from(r.target)].1)
}

fn weigh(runs: &[&Findings]) -> Frontier {
    let axes = FrontierAxes { x: Some("ttft.p50".into()), ..FrontierAxes::default() };
    frontier(runs, &axes).unwrap()
}

fn numbers(p: &FrontierPoint) -> (f64, f64) {
    let value = |e: &Option<acidtest_findings::Estimate>| e.as_ref().and_then(|e| e.number()).unwrap();
    (value(&p.x), value(&p.y))
}

#[test]
fn the_line_goes_by_the_directions_that_metrics_declare() {
    let f = run_of(&[(100, 20), (300, 36), (400, 30), (100, 20)], CLOSED);
    let found = weigh(&[&f]);
    assert_eq!(
        (found.x.as_str(), found.y.as_str(), found.size.as_deref()),
        ("ttft.p50", "accuracy.share", Some("cost.mean"))
    );
    let axis = |name: &str| found.axes.iter().find(|a| a.name == name).unwrap();
    assert_eq!(serde_json::to_value(axis("ttft.p50").better).unwrap(), "lower");
    assert_eq!(axis("accuracy.share").unit, "ratio");
    assert_eq!(axis("char_f1.mean").better, axis("accuracy.share").better);
    // Two that are equal do not push each other off.
    assert_eq!(found.line, [0, 3, 1]);
    let front: Vec<bool> = found.points.iter().map(|p| p.on_front).collect();
    assert_eq!(front, [true, true, false, true]);
    assert!(!found.points[2].certain, "36 and 30 of 40 are not settled by their intervals");
    assert!(found.under_load.len() == 4, "{} places with a number of users", found.under_load.len());
}

#[test]
fn intervals_that_do_not_overlap_settle_it() {
    let f = run_of(&[(100, 39), (900, 2)], CLOSED);
    let found = weigh(&[&f]);
    assert_eq!(found.line, [0]);
    assert!(found.points.iter().all(|p| p.certain));
}

#[test]
fn several_runs_are_weighed_together_and_unknown_names_are_refused() {
    let (a, b) = (run_of(&[(100, 20)], CLOSED), run_of(&[(90, 30)], Load::Poisson { rate: 1.0 }));
    let found = weigh(&[&a, &b]);
    assert_eq!((found.points.len(), found.line.as_slice()), (2, [1].as_slice()));
    let axes = FrontierAxes { y: Some("<b>no</b>.mean".into()), ..FrontierAxes::default() };
    let wrong = frontier(&[&a], &axes).unwrap_err();
    assert!(wrong.known.iter().any(|k| k == "accuracy.share"));
    assert!(frontier(&[], &FrontierAxes::default()).unwrap().points.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nobody_on_the_line_is_dominated(targets in prop::collection::vec((50i64..500, 0u32..=40), 1..7)) {
        let found = weigh(&[&run_of(&targets, CLOSED)]);
        let ahead = |a: &FrontierPoint, b: &FrontierPoint| {
            let ((ax, ay), (bx, by)) = (numbers(a), numbers(b));
            ax <= bx && ay >= by && (ax < bx || ay > by)
        };
        for (i, point) in found.points.iter().enumerate() {
            let is_dominated = found.points.iter().any(|other| ahead(other, point));
            prop_assert_eq!(found.line.contains(&(i as u64)), !is_dominated);
            prop_assert_eq!(point.on_front, !is_dominated);
        }
        let xs: Vec<f64> = found.line.iter().map(|i| numbers(&found.points[*i as usize]).0).collect();
        prop_assert!(xs.windows(2).all(|w| w[0] <= w[1]));
    }
}
