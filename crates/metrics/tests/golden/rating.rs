//! Golden kinds: ratings from battles.

use crate::Verdict;
use crate::compare::{Check, number, strings};
use acidtest_metrics::rating::{
    Asked, Battle, Elo, Ends, NoRating, Origin, Outcome, RatingError, Scale, Tally, elo, fit, rank, ranks,
    tables,
};
use acidtest_metrics::rating::{Data, Ranking};
use serde_json::{Map, Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] =
    &[("bradley_terry", bradley_terry), ("pairwise_tables", pairwise_tables), ("elo_online", elo_online)];

/// Ratings and half widths, absolute.
const TOLERANCE: f64 = 1e-6;

/// The battles of a case, its models in the order given, else in that of their first battle.
fn read(case: &Value) -> (Vec<String>, Vec<Battle>) {
    let input = &case["input"];
    let mut models: Vec<String> = match input.get("models") {
        Some(models) => strings(models).into_iter().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let mut number_of = |name: &str| {
        let known = models.iter().position(|m| m == name);
        known.unwrap_or_else(|| {
            models.push(name.to_owned());
            models.len() - 1
        }) as u32
    };
    let battle = |b: &Value| Battle {
        a: number_of(b[0].as_str().unwrap()),
        b: number_of(b[1].as_str().unwrap()),
        outcome: match b[2].as_str().unwrap() {
            "model_a" => Outcome::A,
            "model_b" => Outcome::B,
            _ => Outcome::Tie,
        },
    };
    let battles = input["battles"].as_array().unwrap().iter().map(battle).collect();
    (models, battles)
}

/// Compares every field that is expected, numbers within an absolute tolerance.
fn compared(case: &Value, got: &Value) -> Verdict {
    let expected = case["expected"].as_object().unwrap();
    let mut differences = Vec::new();
    let mut unseen = Vec::new();
    for (name, expected) in expected {
        match got.get(name) {
            None => unseen.push(name.clone()),
            Some(got) if same(expected, got) => {}
            Some(got) => differences.push(format!("{name}: expected {expected}, got {got}")),
        }
    }
    Verdict::Compared(differences, unseen)
}

fn same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|b| same(v, b)))
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() => {
            (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= TOLERANCE
        }
        _ => expected == got,
    }
}

fn named(models: &[String], value: impl Fn(usize) -> Value) -> Value {
    Value::Object(models.iter().enumerate().map(|(i, m)| (m.clone(), value(i))).collect::<Map<_, _>>())
}

fn scale(params: &Value) -> Scale {
    assert_eq!(params["tie"], json!(0.5));
    Scale {
        scale: number(&params["scale"]),
        base: number(&params["base"]),
        centre: number(&params["init"]),
        origin: Origin::Mean,
    }
}

fn bradley_terry(case: &Value) -> Verdict {
    let (models, battles) = read(case);
    let asked = Asked { scale: scale(&case["params"]), ..Asked::default() };
    let data = Data { models: models.len(), battles: &battles, unit: None, style: None };
    let tally = Tally::of(models.len(), &battles).unwrap();
    let ranking = match rank(data, asked) {
        Err(RatingError::TooFewModels { .. }) => return compared(case, &json!({ "mle_exists": false })),
        ranking => ranking.unwrap(),
    };
    if ranking.rated.as_ref().err() == Some(&NoRating::Apart) {
        assert!(fit(&tally, None, 0.0).is_err() && ranking.groups.len() > 1);
        return compared(case, &json!({ "mle_exists": false }));
    }
    compared(case, &numbers_of(&models, &ranking))
}

fn numbers_of(models: &[String], ranking: &Ranking) -> Value {
    let rated = ranking.rated.as_ref().unwrap();
    // The reference has intervals of width 0 where every battle was a tie; a report has none.
    let half = |i: usize| rated[i].sandwich.unwrap();
    let ends = |i: usize| Ends { low: rated[i].rating - half(i), high: rated[i].rating + half(i) };
    let rank_ub: Vec<u32> =
        ranks(&(0..rated.len()).map(ends).collect::<Vec<_>>()).iter().map(|(best, _)| *best).collect();
    let predicted = ranking.predicted.as_ref().unwrap();
    let cell = |i: usize, j: usize| if i == j { Value::Null } else { json!(predicted[i][j]) };
    let n = models.len();
    json!({
        "mle_exists": true,
        "rating": named(models, |i| json!(rated[i].rating)),
        "ci_half_width_sandwich": named(models, |i| json!(half(i))),
        "ci_half_width_fisher": named(models, |i| json!(rated[i].fisher)),
        "lower": named(models, |i| json!(ends(i).low)),
        "upper": named(models, |i| json!(ends(i).high)),
        "rank_ub": named(models, |i| json!(rank_ub[i])),
        "log_likelihood": ranking.log_likelihood,
        "predicted_win_rate": (0..n).map(|i| (0..n).map(|j| cell(i, j)).collect()).collect::<Vec<Vec<_>>>(),
    })
}

fn pairwise_tables(case: &Value) -> Verdict {
    let (models, battles) = read(case);
    let t = tables(&Tally::of(models.len(), &battles).unwrap());
    let got = json!({
        "order": models,
        "win_fraction_no_ties": t.win_fraction,
        "battle_count_no_ties": t.decided,
        "battle_count_all": t.battles,
        "average_win_rate_no_ties": named(&models, |i| json!(t.average_win_rate[i])),
        "tie_fraction": t.tie_fraction,
    });
    compared(case, &got)
}

fn elo_online(case: &Value) -> Verdict {
    let (models, battles) = read(case);
    let Scale { scale, base, centre, .. } = scale(&case["params"]);
    let how = Elo { k: number(&case["params"]["k"]), scale, base, start: centre };
    let ratings = elo(models.len(), &battles, how).unwrap();
    compared(case, &json!({ "rating": named(&models, |i| json!(ratings[i])) }))
}
