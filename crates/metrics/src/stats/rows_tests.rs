//! Tests of `rows`: the draws are numpy's, chunks change nothing, exact sums, BCa, pairs, swaps.

use super::*;

fn sample(units: usize) -> Rows {
    let mut rows = Rows::new(3);
    for i in 0..units {
        rows.push().copy_from_slice(&[(i * i % 17) as f64, 1.0, (i % 5) as f64]);
    }
    rows
}

fn ratios(sums: &[f64], out: &mut [Option<f64>]) {
    out[0] = (sums[1] > 0.0).then(|| sums[0] / sums[1]);
    if let Some(second) = out.get_mut(1) {
        *second = (sums[2] > 0.0).then(|| sums[0] / sums[2]);
    }
}

#[test]
fn counted_draws_give_what_one_by_one_gives() {
    for units in [2, 7, 255, 256, 257, 1000] {
        let rows = sample(units);
        let fast = resample_chunk(&rows, 2, 21, &mut Pcg64::seeded(5), &ratios);
        let mut random = Pcg64::seeded(5);
        let mut slow = Vec::new();
        for _ in 0..21 {
            let mut sums = [0.0; 3];
            for _ in 0..units {
                let row = rows.row(random.below(units as u64) as usize);
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            let mut out = [None; 2];
            ratios(&sums, &mut out);
            slow.extend(out);
        }
        assert_eq!(fast, slow, "{units}");
    }
}

#[test]
fn chunks_put_together_are_the_whole() {
    let rows = sample(100);
    let whole = resample_chunk(&rows, 2, 100, &mut Pcg64::seeded(9), &ratios);
    for chunk in [1, 7, 8, 64, 100, 200] {
        let mut parts = Vec::new();
        for (i, mut random) in starts(100, 100, chunk, 9).into_iter().enumerate() {
            let size = chunk.min(100 - i as u32 * chunk);
            parts.extend(resample_chunk(&rows, 2, size, &mut random, &ratios));
        }
        assert_eq!(parts, whole, "chunks of {chunk}");
    }
}

#[test]
fn reasons_instead_of_intervals() {
    let how = Resampling::default();
    let one = resample(&sample(1), 2, how, &ratios);
    assert!(matches!(one[1].interval, Err(NoInterval::TooFew { have: 1, .. })));
    let mut same = Rows::new(3);
    for _ in 0..9 {
        same.push().copy_from_slice(&[0.1, 0.3, 0.7]);
    }
    for found in [resample(&same, 2, how, &ratios), resample_bca(&same, 2, how, &ratios)] {
        assert_eq!(found[0].interval, Err(NoInterval::NoVariance { n: 9 }));
    }
    same.push()[0] = f64::NAN;
    assert!(matches!(resample(&same, 1, how, &ratios)[0].interval, Err(NoInterval::Invalid(_))));
    assert!(resample(&Rows::new(0), 1, how, &ratios)[0].interval.is_err());
}

#[test]
fn bca_moves_towards_the_long_tail() {
    let mut rows = Rows::new(3);
    for i in 0..60 {
        rows.push().copy_from_slice(&[(f64::from(i) / 8.0).exp(), 1.0, 0.0]);
    }
    let plain = resample(&rows, 1, Resampling::default(), &ratios)[0].interval.clone().unwrap();
    let better = resample_bca(&rows, 1, Resampling::default(), &ratios)[0].interval.clone().unwrap();
    assert_eq!(better.method, Method::BootstrapBca);
    assert!(better.low > plain.low && better.high > plain.high, "{plain:?} {better:?}");
}

#[test]
fn a_system_against_itself_differs_by_nothing() {
    let rows = sample(50);
    let how = Resampling::default();
    let same = resample_difference((&rows, &rows), 1, how, false, &ratios).unwrap();
    assert_eq!(same[0].interval, Err(NoInterval::NoVariance { n: 50 }));
    let p = randomise((&rows, &rows), 1, 99, &mut Pcg64::seeded(1), &ratios).unwrap();
    assert_eq!(p, [Some(0.01)], "a difference of 0 is not beyond 0, as sacreBLEU counts");
    let mut better = rows.clone();
    for unit in 0..50 {
        better.add(unit, &[3.0, 0.0, 0.0]);
    }
    let p = randomise((&better, &rows), 1, 999, &mut Pcg64::seeded(1), &ratios).unwrap();
    assert!(p[0].unwrap() < 0.01);
    assert!(resample_difference((&rows, &sample(49)), 1, how, true, &ratios).is_err());
    assert!(randomise((&Rows::new(3), &Rows::new(3)), 1, 9, &mut Pcg64::seeded(1), &ratios).is_err());
}
