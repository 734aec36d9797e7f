//! When the requests of an open loop are wanted.
//!
//! Main type: [`Moments`]. Every process is drawn at one arrival per unit of time and stretched
//! by the rate (time-rescaling): arrival *i* comes when the area under the rate reaches the
//! process's *i*-th moment. So each spacing works with each shape of the rate, and the same seed
//! gives the same moments whoever asks. Must not know of slots.

use crate::stream::Stream;
use acidtest_record::{Load, LoadStage, Spacing, Stages};

/// The moments of an open loop in seconds from its start, without end where the rate never
/// changes; none for a closed loop.
#[derive(Debug, Clone)]
pub struct Moments {
    spacing: Option<Spacing>,
    rate: Rate,
    stream: Stream,
    drawn: u64,
    unit: f64,
}

#[derive(Debug, Clone)]
enum Rate {
    Flat(f64),
    Stages { stages: Stages, at: usize, begin_s: f64, area: f64 },
}

impl Moments {
    /// The moments of a load; `part` keeps apart phases of one seed.
    #[must_use]
    pub fn new(load: &Load, seed: u64, part: u64) -> Self {
        let rate = match load.stages() {
            Some(stages) => Rate::Stages { stages: stages.clone(), at: 0, begin_s: 0.0, area: 0.0 },
            None => Rate::Flat(load.rate().unwrap_or(0.0)),
        };
        let stream = Stream::new(seed, "arrivals", part);
        Self { spacing: load.spacing(), rate, stream, drawn: 0, unit: 0.0 }
    }

    /// The next moment of the process of one arrival per unit of time.
    fn next_unit(&mut self, spacing: Spacing) -> f64 {
        let first = self.drawn == 0;
        let no = self.drawn as f64;
        self.drawn += 1;
        match spacing {
            Spacing::Constant => return no,
            Spacing::Poisson => self.unit += self.stream.exponential(),
            // We look in at a random moment of a process that was always there: the gap in which
            // we find ourselves is longer than most (its density is weighted by its length, which
            // makes the shape one more), and we see a uniform part of it. Beginning at an arrival
            // would give bursty loads more arrivals than their rate says.
            Spacing::Gamma { burstiness } if first => {
                let whole = self.stream.gamma(burstiness + 1.0) * (burstiness + 1.0) / burstiness;
                self.unit += self.stream.unit() * whole;
            }
            Spacing::Gamma { burstiness } => self.unit += self.stream.gamma(burstiness),
        }
        self.unit
    }
}

impl Iterator for Moments {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let unit = self.next_unit(self.spacing?);
        match &mut self.rate {
            Rate::Flat(rate) => (*rate > 0.0).then(|| unit / *rate),
            Rate::Stages { stages, at, begin_s, area } => loop {
                let stage = stages.all().get(*at)?;
                if unit < *area + stage.area() {
                    return Some(*begin_s + reached(stage, unit - *area));
                }
                *area += stage.area();
                *begin_s += stage.seconds;
                *at += 1;
            },
        }
    }
}

/// How far into a stage its area reaches a value below its whole area.
fn reached(stage: &LoadStage, area: f64) -> f64 {
    let slope = (stage.to - stage.from) / stage.seconds;
    // The root of from·x + slope/2·x² = area in the form that does not cancel.
    let root = (stage.from * stage.from + 2.0 * slope * area).max(0.0).sqrt();
    let below = stage.from + root;
    if below <= 0.0 {
        return 0.0;
    }
    (2.0 * area / below).clamp(0.0, stage.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACINGS: [Spacing; 5] = [
        Spacing::Constant,
        Spacing::Poisson,
        Spacing::Gamma { burstiness: 0.2 },
        Spacing::Gamma { burstiness: 1.0 },
        Spacing::Gamma { burstiness: 5.0 },
    ];

    /// Index of dispersion of counts in long windows: the squared coefficient of variation of
    /// the gaps, which is one by the shape.
    fn dispersion(load: &Load, window_s: f64, windows: usize) -> (f64, f64) {
        let mut counts = vec![0f64; windows];
        for at in Moments::new(load, 11, 0) {
            let Some(count) = counts.get_mut((at / window_s) as usize) else { break };
            *count += 1.0;
        }
        let n = windows as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let var = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean / window_s, var / mean)
    }

    #[test]
    fn arrivals_are_dispersed_as_their_process_says() {
        for spacing in SPACINGS {
            let expect = match spacing {
                Spacing::Constant => 0.0,
                Spacing::Poisson => 1.0,
                Spacing::Gamma { burstiness } => 1.0 / burstiness,
            };
            // Windows of 200 arrivals: what the edges of a renewal process add is below 2 %.
            let (rate, found) = dispersion(&Load::open(20.0, spacing), 10.0, 4000);
            let error = 4.0 * (2.0f64 / 4000.0).sqrt() * expect;
            assert!((found - expect).abs() < error + 0.03 * expect + 1e-3, "{spacing:?}: {found}");
            let of_rate = 4.0 * (20.0 * expect / 40_000.0).sqrt();
            assert!((rate - 20.0).abs() < of_rate + 1e-3, "{spacing:?}: {rate}/s");
        }
    }

    /// The largest distance between the gaps' distribution and the one that they should have.
    fn kolmogorov(gaps: &mut [f64], cdf: impl Fn(f64) -> f64) -> f64 {
        gaps.sort_by(f64::total_cmp);
        let n = gaps.len() as f64;
        let far = |(i, x): (usize, &f64)| {
            let f = cdf(*x);
            (f - i as f64 / n).abs().max((f - (i + 1) as f64 / n).abs())
        };
        gaps.iter().enumerate().map(far).fold(0.0, f64::max)
    }

    /// Gamma distribution with mean 1 by its series, good for the shapes of the tests.
    fn gamma_cdf(shape: f64, x: f64) -> f64 {
        let t = shape * x;
        if t <= 0.0 {
            return 0.0;
        }
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for k in 1..2000 {
            term *= t / (shape + f64::from(k));
            sum += term;
            if term < sum * 1e-15 {
                break;
            }
        }
        (shape * t.ln() - t - ln_gamma(shape)).exp() * sum
    }

    /// ln Γ by Stirling's series after shifting the argument up.
    fn ln_gamma(mut x: f64) -> f64 {
        let mut shift = 0.0;
        while x < 10.0 {
            shift -= x.ln();
            x += 1.0;
        }
        shift + (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x)
            - 1.0 / (360.0 * x.powi(3))
    }

    #[test]
    fn gaps_have_the_distribution_that_the_process_says() {
        let n = 20_000;
        for spacing in SPACINGS {
            let all: Vec<f64> = Moments::new(&Load::open(8.0, spacing), 3, 1).take(n + 1).collect();
            let mut gaps: Vec<f64> = all.windows(2).map(|w| (w[1] - w[0]) * 8.0).collect();
            let far = match spacing {
                Spacing::Constant => {
                    assert!(gaps.iter().all(|g| (g - 1.0).abs() < 1e-6), "evenly spaced");
                    continue;
                }
                Spacing::Poisson => kolmogorov(&mut gaps, |x| 1.0 - (-x).exp()),
                Spacing::Gamma { burstiness } => kolmogorov(&mut gaps, |x| gamma_cdf(burstiness, x)),
            };
            // 1.63/√n is the critical value at 1 %; seeded, so it holds or it does not.
            assert!(far < 1.63 / (n as f64).sqrt(), "{spacing:?}: {far}");
        }
    }

    #[test]
    fn the_first_arrival_comes_as_if_the_process_had_always_been_there() {
        // The mean of the first gap of a stationary renewal process: (1 + CV²)/2.
        for burstiness in [0.2, 1.0, 5.0] {
            let load = Load::open(1.0, Spacing::Gamma { burstiness });
            let firsts = (0..20_000).map(|part| Moments::new(&load, 9, part).next().unwrap());
            let mean = firsts.sum::<f64>() / 20_000.0;
            let expect = (1.0 + 1.0 / burstiness) / 2.0;
            assert!((mean - expect).abs() < 0.05 * expect, "{burstiness}: {mean}, {expect}");
        }
    }

    fn stages() -> Stages {
        Stages::new(vec![
            LoadStage::flat(30.0, 10.0),
            LoadStage { seconds: 60.0, from: 10.0, to: 50.0 },
            LoadStage::flat(20.0, 0.0),
            LoadStage { seconds: 40.0, from: 50.0, to: 0.0 },
        ])
        .unwrap()
    }

    #[test]
    fn stages_hold_the_area_under_their_rate() {
        for spacing in SPACINGS {
            let load = Load::Varying { arrivals: spacing, stages: stages() };
            let runs = 40;
            let mut counts = [0.0f64; 4];
            for part in 0..runs {
                for at in Moments::new(&load, 21, part) {
                    let stage = [30.0, 90.0, 110.0, 150.0].iter().position(|end| at < *end).unwrap();
                    counts[stage] += 1.0 / f64::from(runs as u32);
                }
            }
            let spread = match spacing {
                Spacing::Constant => 0.0,
                Spacing::Poisson => 1.0,
                Spacing::Gamma { burstiness } => 1.0 / burstiness,
            };
            for (count, expect) in counts.into_iter().zip([300.0f64, 1800.0, 0.0, 1000.0]) {
                let error = 4.0 * (expect * spread / 40.0).sqrt() + 1.0;
                assert!((count - expect).abs() <= error, "{spacing:?}: {count} of {expect}");
                assert!(expect > 0.0 || count == 0.0, "nothing comes at rate 0");
            }
        }
    }

    #[test]
    fn rescaled_back_the_arrivals_of_a_ramp_are_the_process_itself() {
        // The area under the rate at each arrival is the unit process: exponential gaps.
        let load = Load::Varying { arrivals: Spacing::Poisson, stages: stages() };
        let area = |t: f64| match t {
            t if t < 30.0 => 10.0 * t,
            t if t < 90.0 => 300.0 + 10.0 * (t - 30.0) + (t - 30.0).powi(2) / 3.0,
            t if t < 110.0 => 2100.0,
            t => 2100.0 + 50.0 * (t - 110.0) - 0.625 * (t - 110.0).powi(2),
        };
        let mut gaps = Vec::new();
        for part in 0..10 {
            let areas: Vec<f64> = Moments::new(&load, 4, part).map(area).collect();
            gaps.extend(areas.windows(2).map(|w| w[1] - w[0]));
        }
        let n = gaps.len() as f64;
        let far = kolmogorov(&mut gaps, |x| 1.0 - (-x).exp());
        assert!(far < 1.63 / n.sqrt(), "{far} of {n}");
    }

    #[test]
    fn even_arrivals_of_a_ramp_are_where_the_area_is_whole() {
        let ramp = Stages::new(vec![LoadStage { seconds: 10.0, from: 0.0, to: 10.0 }]).unwrap();
        let load = Load::Varying { arrivals: Spacing::Constant, stages: ramp };
        let all: Vec<f64> = Moments::new(&load, 1, 0).collect();
        assert_eq!(all.len(), 50);
        for (i, at) in all.iter().enumerate() {
            assert!((at * at / 2.0 - i as f64).abs() < 1e-9, "{i}: {at}");
        }
    }

    #[test]
    fn a_closed_loop_has_none() {
        assert_eq!(Moments::new(&Load::Closed { concurrency: 3 }, 1, 0).next(), None);
        let users = Load::Users { stages: stages() };
        assert_eq!(Moments::new(&users, 1, 0).next(), None);
    }
}
