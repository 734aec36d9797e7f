//! Where more load begins to buy waiting in place of throughput.
//!
//! Main function: [`mark`]. The knee is the point of the curve of throughput (x) and waiting (y),
//! both scaled to 0..1, that lies farthest below the diagonal: Kneedle (Satopää et al., ICDCS
//! Workshops 2011) for a convex curve. In a closed loop a rung is saturated when more users brought
//! no more throughput.

use super::rung::{Rung, RungState};
use crate::estimate::Labels;

/// Fewest rungs that have a knee: its ends cannot be one.
const FEWEST: usize = 4;
/// How far below the diagonal it must lie.
const DEPTH: f64 = 0.1;
/// Gain of throughput that more users must bring.
const GAIN: f64 = 1.05;

/// Marks knee and saturation among the rungs of each target and prompt.
pub(crate) fn mark(rungs: &mut [Rung]) {
    let place = |r: &Rung| {
        let mut labels: Labels = r.labels.clone();
        labels.remove("phase");
        labels
    };
    let mut places: Vec<Labels> = rungs.iter().map(place).collect();
    places.sort();
    places.dedup();
    for of in places {
        let mut own: Vec<usize> = (0..rungs.len())
            .filter(|i| place(&rungs[*i]) == of && rungs[*i].state != RungState::Cut)
            .collect();
        own.sort_by(|a, b| rungs[*a].load.unwrap_or(0.0).total_cmp(&rungs[*b].load.unwrap_or(0.0)));
        saturate(rungs, &own);
        let points: Option<Vec<(f64, f64)>> =
            own.iter().map(|i| Some((rungs[*i].achieved_per_s?, rungs[*i].e2e_p95_s?))).collect();
        if let Some(at) = points.and_then(|p| knee(&p)) {
            rungs[own[at]].knee = true;
        }
    }
}

/// Closed loops: more users, no more throughput.
fn saturate(rungs: &mut [Rung], own: &[usize]) {
    let mut best: Option<(f64, f64)> = None;
    for i in own {
        let r = &mut rungs[*i];
        let (Some(load), Some(got)) = (r.load, r.achieved_per_s) else { continue };
        if r.in_flight_per_s.is_none()
            && let Some((before, most)) = best
        {
            r.saturated |= load > before && got < most * GAIN && load >= before * GAIN;
        }
        if best.is_none_or(|(_, most)| got > most) {
            best = Some((load, got));
        }
    }
}

/// The point farthest below the diagonal, ends apart.
fn knee(points: &[(f64, f64)]) -> Option<usize> {
    if points.len() < FEWEST {
        return None;
    }
    let scale = |of: fn(&(f64, f64)) -> f64| {
        let values = points.iter().map(of);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        move |p: &(f64, f64)| (of(p) - low) / (high - low)
    };
    let (x, y) = (scale(|p| p.0), scale(|p| p.1));
    let inner = points.iter().enumerate().take(points.len() - 1).skip(1);
    let depth = inner.map(|(i, p)| (i, x(p) - y(p))).filter(|(_, d)| *d > DEPTH);
    depth.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_is_where_waiting_takes_off() {
        // An M/M/1 queue with a service time of 10 ms.
        let points: Vec<(f64, f64)> =
            [10.0, 30.0, 50.0, 70.0, 80.0, 90.0, 97.0].iter().map(|r| (*r, 1.0 / (100.0 - r))).collect();
        assert_eq!(knee(&points), Some(4));
        // A closed loop: throughput stops at 4 users.
        let closed = [(10.0, 0.1), (20.0, 0.1), (40.0, 0.1), (41.0, 0.2), (41.0, 0.4)];
        assert_eq!(knee(&closed), Some(2));
    }

    #[test]
    fn more_users_without_more_throughput_are_saturation() {
        let slice = |users: f64, got: f64| Rung { load: Some(users), achieved_per_s: Some(got), ..blank() };
        let mut rungs = vec![slice(1.0, 10.0), slice(2.0, 20.0), slice(4.0, 20.5), slice(8.0, 19.0)];
        mark(&mut rungs);
        assert_eq!(rungs.iter().map(|r| r.saturated).collect::<Vec<_>>(), [false, false, true, true]);
    }

    fn blank() -> Rung {
        Rung {
            labels: Labels::new(),
            load: None,
            seconds: 1.0,
            requests: 0,
            offered_per_s: None,
            achieved_per_s: None,
            in_flight_per_s: None,
            in_flight_rises: false,
            saturated: false,
            e2e_p95_s: None,
            long_enough: true,
            terms: Vec::new(),
            state: RungState::Unasked,
            why: String::new(),
            invalid: None,
            knee: false,
        }
    }

    #[test]
    fn a_straight_line_and_few_points_have_none() {
        let straight: Vec<(f64, f64)> = (1..8).map(|i| (f64::from(i), f64::from(i))).collect();
        assert_eq!(knee(&straight), None);
        assert_eq!(knee(&[(1.0, 1.0), (2.0, 1.0), (2.1, 9.0)]), None);
        assert_eq!(knee(&[(1.0, 1.0); 6]), None, "nothing changes");
    }
}
