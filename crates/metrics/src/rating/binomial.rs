//! Exact draws of counts: how often each of many cells is drawn, without drawing one by one.
//!
//! Main function: [`multinomial`]. Conditional binomials; a binomial by inversion where its mean is
//! small, else by transformed rejection (Hörmann 1993, BTRS). Both follow the distribution itself,
//! no normal or Poisson stands in for it.

use crate::stats::Pcg64;

/// Draws `total` = Σ `counts` times from cells with these counts; writes how often each came.
pub(crate) fn multinomial(counts: &[u64], drawn: &mut Vec<u64>, random: &mut Pcg64) {
    let mut rest: u64 = counts.iter().sum();
    let mut left = rest;
    drawn.clear();
    for count in counts {
        let one = match (left, *count == rest) {
            (0, _) => 0,
            (_, true) => left,
            _ => binomial(left, *count as f64 / rest as f64, random),
        };
        drawn.push(one);
        left -= one;
        rest -= count;
    }
}

/// Successes among `n` trials of chance `p` in 0..1.
fn binomial(n: u64, p: f64, random: &mut Pcg64) -> u64 {
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, random);
    }
    match n as f64 * p < 10.0 {
        true => by_inversion(n, p, random),
        false => by_rejection(n as f64, p, random),
    }
}

/// Walks up the distribution function; the mean is below 10.
fn by_inversion(n: u64, p: f64, random: &mut Pcg64) -> u64 {
    let odds = p / (1.0 - p);
    let none = (n as f64 * (-p).ln_1p()).exp();
    loop {
        let (mut at, mut mass, mut u) = (0u64, none, random.double());
        while u > mass {
            u -= mass;
            at += 1;
            // Beyond any mass that a double holds: the draw was a rounding error.
            if at > n || at > 200 {
                break;
            }
            mass *= odds * (n - at + 1) as f64 / at as f64;
        }
        if at <= n && at <= 200 {
            return at;
        }
    }
}

/// A point under a hat of the form a/(½−|u|) + b, kept when it lies under the distribution.
fn by_rejection(n: f64, p: f64, random: &mut Pcg64) -> u64 {
    let q = 1.0 - p;
    let spread = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let middle = n * p + 0.5;
    let v_quick = 0.92 - 4.2 / b;
    loop {
        let (u, v) = (random.double() - 0.5, random.double());
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + middle).floor();
        if !(k >= 0.0 && k <= n) {
            continue;
        }
        if us >= 0.07 && v <= v_quick {
            return k as u64;
        }
        let alpha = (2.83 + 5.1 / b) * spread;
        let mode = ((n + 1.0) * p).floor();
        let height = (v * alpha / (a / (us * us) + b)).ln();
        // ln of P(k) / P(mode), by Stirling's series.
        let bound = (mode + 0.5) * ((mode + 1.0) / (p / q * (n - mode + 1.0))).ln()
            + (n + 1.0) * ((n - mode + 1.0) / (n - k + 1.0)).ln()
            + (k + 0.5) * (p / q * (n - k + 1.0) / (k + 1.0)).ln()
            + tail(mode)
            + tail(n - mode)
            - tail(k)
            - tail(n - k);
        if height <= bound {
            return k as u64;
        }
    }
}

/// What Stirling's formula leaves of ln k!, k ≥ 0.
fn tail(k: f64) -> f64 {
    const SMALL: [f64; 10] = [
        0.081_061_466_795_327_3,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_3,
        0.020_790_672_103_765_1,
        0.016_644_691_189_821_2,
        0.013_876_128_823_071,
        0.011_896_709_945_891_8,
        0.010_411_265_261_972,
        0.009_255_462_182_712_73,
        0.008_330_563_433_362_87,
    ];
    if let Some(known) = SMALL.get(k as usize) {
        return *known;
    }
    let next = k + 1.0;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / (next * next)) / (next * next)) / next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_add_up() {
        let mut random = Pcg64::seeded(1);
        let mut drawn = Vec::new();
        for counts in [vec![], vec![0], vec![5], vec![0, 3, 0], vec![1_000_000, 1, 0, 77, 12_000]] {
            multinomial(&counts, &mut drawn, &mut random);
            assert_eq!(drawn.iter().sum::<u64>(), counts.iter().sum::<u64>());
            assert!(counts.iter().zip(&drawn).all(|(c, d)| *c > 0 || *d == 0));
        }
    }

    /// Observed against due frequencies of every value, by chi-square.
    fn check(n: u64, p: f64) {
        let (mut random, draws) = (Pcg64::seeded(7), 200_000);
        let mut seen = vec![0u32; n as usize + 1];
        for _ in 0..draws {
            seen[binomial(n, p, &mut random) as usize] += 1;
        }
        let mut mass = (n as f64 * (-p).ln_1p()).exp();
        let (mut chi2, mut cells, mut due_left, mut seen_left) = (0.0, 0.0, 0.0, 0.0);
        for k in 0..=n {
            due_left += mass * f64::from(draws);
            seen_left += f64::from(seen[k as usize]);
            if due_left > 20.0 {
                chi2 += (seen_left - due_left) * (seen_left - due_left) / due_left;
                (cells, due_left, seen_left) = (cells + 1.0, 0.0, 0.0);
            }
            mass *= p / (1.0 - p) * (n - k) as f64 / (k + 1) as f64;
        }
        // Five standard deviations of a chi-square.
        assert!(chi2 < cells + 5.0 * (2.0f64 * cells).sqrt(), "n {n} p {p}: {chi2} of {cells}");
    }

    #[test]
    fn binomials_follow_their_distribution() {
        for (n, p) in
            [(1, 0.3), (20, 0.1), (9, 0.5), (40, 0.3), (300, 0.04), (1000, 0.5), (25, 0.9), (500, 0.3)]
        {
            check(n, p);
        }
    }
}
