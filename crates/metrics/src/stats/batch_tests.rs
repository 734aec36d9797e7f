//! Coverage of the batch intervals on series whose truth is known, and their edges.
//!
//! The simulations are seeded and small: they fail when the rule loses its grip, not by chance.

use super::autocorrelation::autocorrelation_time;
use super::batch::*;
use super::distribution::normal_quantile;
use super::interval::NoInterval;
use super::proportion::proportion;
use super::quantile::quantile_interval;
use super::random::Pcg64;

/// A first-order autoregression with standard normal marginals.
fn autoregression(n: usize, phi: f64, random: &mut Pcg64) -> Vec<f64> {
    let mut normal = || normal_quantile(random.double().clamp(1e-12, 1.0 - 1e-12)).unwrap();
    let mut x = normal();
    let noise = (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + noise * normal();
            x
        })
        .collect()
}

/// Waiting times of an M/M/1 queue at load `rho`, started empty and run in.
fn queue(n: usize, rho: f64, random: &mut Pcg64) -> Vec<f64> {
    let mut exponential = |mean: f64| -mean * (1.0 - random.double()).ln();
    let mut wait = 0.0f64;
    (0..n + 500)
        .map(|_| {
            wait = (wait + exponential(1.0) - exponential(1.0 / rho)).max(0.0);
            wait
        })
        .skip(500)
        .collect()
}

/// (share of intervals that hold the truth, share of runs with an interval).
fn coverage(runs: usize, truth: f64, p: f64, mut series: impl FnMut() -> Vec<f64>) -> (f64, f64) {
    let (mut hits, mut answered) = (0usize, 0usize);
    for _ in 0..runs {
        if let Ok(found) = batch_quantile(&series(), p, 0.95) {
            answered += 1;
            hits += usize::from(found.interval.holds(truth));
        }
    }
    (hits as f64 / answered.max(1) as f64, answered as f64 / runs as f64)
}

#[test]
fn quantile_coverage_on_autoregressions() {
    let mut random = Pcg64::seeded(11);
    for (n, phi, p, least) in [
        (122, 0.0, 0.5, 0.94),
        (122, 0.0, 0.95, 0.94),
        (122, 0.3, 0.95, 0.94),
        (400, 0.5, 0.95, 0.94),
        (1000, 0.8, 0.5, 0.94),
        (1000, 0.8, 0.95, 0.94),
    ] {
        let truth = if p == 0.5 { 0.0 } else { normal_quantile(p).unwrap() };
        let (held, answered) = coverage(150, truth, p, || autoregression(n, phi, &mut random));
        println!("n {n} phi {phi} p {p}: holds {held:.3}, answers {answered:.3}");
        assert!(held >= least, "n {n} phi {phi} p {p}: holds {held}");
        assert!(answered >= 0.5, "n {n} phi {phi} p {p}: answers {answered}");
    }
}

#[test]
fn quantile_coverage_on_a_queue_where_order_statistics_fail() {
    let (rho, p) = (0.8f64, 0.95);
    let truth = (rho / (1.0 - p)).ln() / (1.0 - rho); // P(wait > t) = rho e^{-(1-rho)t}
    let mut random = Pcg64::seeded(5);
    let mut naive = 0usize;
    let runs = 50;
    let (held, answered) = coverage(runs, truth, p, || {
        let series = queue(12_000, rho, &mut random);
        let mut sorted = series.clone();
        sorted.sort_by(f64::total_cmp);
        naive += usize::from(quantile_interval(&sorted, p, 0.95).unwrap().holds(truth));
        series
    });
    println!("queue: holds {held:.3}, answers {answered:.3}, naive {naive} of {runs}");
    assert!(naive < runs / 3, "the naive interval holds {naive} of {runs}");
    assert!(held >= 0.90 && answered >= 0.8, "{held} {answered}");
}

#[test]
fn shares_of_a_queue_are_as_uncertain_as_its_waits() {
    // The share of waits within the true 95th percentile: misses are few and come together.
    let mut random = Pcg64::seeded(21);
    for (rho, n, runs) in [(0.5f64, 1000, 300), (0.8, 5000, 150)] {
        let limit = (rho / 0.05).ln() / (1.0 - rho);
        let (mut held, mut answered, mut naive) = (0, 0, 0);
        for _ in 0..runs {
            let series = queue(n, rho, &mut random);
            let within = series.iter().filter(|w| **w <= limit).count() as u64;
            naive += usize::from(proportion(within, n as u64, 0.95).unwrap().holds(0.95));
            if let Ok(found) = SendOrder::new(&series).unwrap().share(within, 0.95) {
                answered += 1;
                held += usize::from(found.holds(0.95));
            }
        }
        println!("load {rho}, n {n}: holds {held} of {answered} of {runs}, naive {naive}");
        assert!(held * 100 >= 90 * answered && answered * 4 > runs, "{rho}: {held} of {answered}");
        assert!(naive * 10 < 9 * runs, "{rho}: the naive interval holds {naive} of {runs}");
    }
}

#[test]
fn mean_coverage() {
    let mut random = Pcg64::seeded(3);
    let (mut hits, mut answered) = (0usize, 0usize);
    for _ in 0..150 {
        if let Ok(found) = batch_mean(&autoregression(1000, 0.8, &mut random), 0.95) {
            answered += 1;
            hits += usize::from(found.interval.holds(0.0));
        }
    }
    assert!(hits * 100 >= 94 * answered && answered > 100, "{hits} {answered}");
}

#[test]
fn autocorrelation_time_of_known_series() {
    let mut random = Pcg64::seeded(1);
    let white = autocorrelation_time(&autoregression(5000, 0.0, &mut random)).unwrap();
    let slow = autocorrelation_time(&autoregression(5000, 0.8, &mut random)).unwrap();
    assert!(white < 1.3, "{white}");
    assert!((6.0..13.0).contains(&slow), "{slow}, in truth 9");
    // Longer than the lags are summed one by one: means of neighbours, the same answer.
    let long = autocorrelation_time(&autoregression(30_000, 0.8, &mut random)).unwrap();
    assert!((7.0..12.0).contains(&long), "{long}, in truth 9");
    let white = autocorrelation_time(&autoregression(30_000, 0.0, &mut random)).unwrap();
    assert!(white < 1.2, "{white}");
    assert_eq!(autocorrelation_time(&[3.0; 50]), Ok(1.0));
    assert!(autocorrelation_time(&[f64::NAN; 9]).is_err());
}

#[test]
fn a_short_correlated_run_has_an_unbounded_upper_end() {
    // 122 requests in which slow answers come in clumps: like "p95 401 (>= 350) ms".
    let mut random = Pcg64::seeded(2);
    let mut unbounded = 0;
    for _ in 0..20 {
        let series: Vec<f64> =
            autoregression(122, 0.45, &mut random).iter().map(|x| 200.0 + 100.0 * x).collect();
        let Ok(found) = batch_quantile(&series, 0.95, 0.95) else {
            continue; // this one is too correlated for 20 batches
        };
        assert!(found.interval.low.unwrap() < found.value);
        assert_eq!(found.effective_n < 72.0, found.interval.high.is_none());
        unbounded += usize::from(found.interval.high.is_none());
    }
    assert!(unbounded >= 5, "{unbounded} of 20 are unbounded above");
}

#[test]
fn reasons_instead_of_intervals() {
    let mut random = Pcg64::seeded(4);
    let short = autoregression(122, 0.0, &mut random);
    assert_eq!(
        batch_quantile(&short, 0.99, 0.95).unwrap_err().to_string(),
        "n too small: 122 values, needs 500"
    );
    let slow: Vec<f64> = (0..122).map(f64::from).collect();
    let reason = batch_quantile(&slow, 0.5, 0.95).unwrap_err();
    assert!(matches!(reason, NoInterval::TooFewBatches { need: 20, .. }));
    assert!(batch_quantile(&[f64::NAN; 200], 0.5, 0.95).is_err());
    let few = NoInterval::TooFew { what: "values", have: 39, need: 40 };
    assert_eq!(batch_mean(&short[..39], 0.95), Err(few.clone()));
    assert_eq!(batch_quantile(&short[..39], 0.5, 0.95), Err(few));
    assert!(batch_mean(&[], 0.95).is_err());
    assert_eq!(batch_mean(&[2.0; 100], 0.95), Err(NoInterval::NoVariance { n: 100 }));
}

#[test]
fn never_answered_is_infinity_not_an_error() {
    let mut random = Pcg64::seeded(9);
    let mut series = autoregression(300, 0.0, &mut random);
    for i in (0..300).step_by(15) {
        series[i] = f64::INFINITY; // 6.7 % never answered
    }
    let p95 = batch_quantile(&series, 0.95, 0.95).unwrap();
    assert_eq!((p95.value, p95.interval.high), (f64::INFINITY, None));
    let p50 = batch_quantile(&series, 0.5, 0.95).unwrap();
    assert!(p50.interval.high.is_some());
}

#[test]
fn jams_need_a_longer_run_than_the_same_memory_without_a_tail() {
    // 600 values of about the same autocorrelation time, 10 – 13.
    let mut random = Pcg64::seeded(6);
    let answered = |mut series: Box<dyn FnMut() -> Vec<f64>>| {
        (0..60).filter(|_| batch_quantile(&series(), 0.9, 0.95).is_ok()).count()
    };
    let mut other = Pcg64::seeded(6);
    let even = answered(Box::new(move || autoregression(600, 0.83, &mut random)));
    let jams = answered(Box::new(move || queue(600, 0.5, &mut other)));
    println!("even {even}, jams {jams} of 60");
    assert!(even > 40 && jams < even, "{even} {jams}");
}

#[test]
fn a_slow_queue_under_noise_gives_no_interval() {
    // Independent answers of 10 ± 1 and, under them, a level that wanders within ± 0.7.
    let mut random = Pcg64::seeded(12);
    let mut answered = 0;
    for _ in 0..40 {
        let noise = autoregression(1000, 0.0, &mut random);
        let level = autoregression(1000, 0.995, &mut random);
        let series: Vec<f64> = noise.iter().zip(&level).map(|(a, b)| 10.0 + a + 0.7 * b).collect();
        answered += usize::from(batch_mean(&series, 0.95).is_ok());
    }
    println!("answered {answered} of 40");
    assert!(answered <= 4, "{answered} of 40");
}

#[test]
fn a_mean_of_what_cannot_be_negative_errs_upwards() {
    let mut random = Pcg64::seeded(13);
    let series: Vec<f64> = (0..200).map(|_| -(1.0 - random.double()).ln()).collect();
    let found = batch_mean(&series, 0.95).unwrap();
    let (low, high) = (found.interval.low.unwrap(), found.interval.high.unwrap());
    assert!(low > 0.0 && high - found.value > found.value - low, "{found:?}");
}

#[test]
fn many_values_are_no_burden() {
    let mut random = Pcg64::seeded(14);
    let series: Vec<f64> = (0..200_000).map(|_| random.double()).collect();
    let p99 = batch_quantile(&series, 0.99, 0.95).unwrap();
    assert!(p99.interval.holds(0.99) && p99.interval.high.unwrap() < 0.993, "{p99:?}");
}
