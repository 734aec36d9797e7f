//! Which battle to ask for next.
//!
//! Main function: [`advice`]. Where ratings exist: the pair whose next battle tells most about all of
//! them, by expected information ½ ln(1 + p(1 − p) v), v being Fisher's variance of the pair's
//! difference (the determinant criterion of optimal design; Wald 1943). Where they do not: pairs
//! that would bring groups together that never lost to each other.

use super::Origin;
use super::battle::Tally;
use super::fit::Fit;
use super::graph::Component;

/// A pair that should meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// One model.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// Expected information of one more battle about all ratings, in nats; `None` where there are
    /// no ratings, and the battle is to bring groups together.
    pub gain: Option<f64>,
    /// Battles of the pair so far.
    pub meetings: u64,
}

/// The `most` best pairs, the best first.
pub fn advice(tally: &Tally, fit: Option<&Fit>, groups: &[Component], most: usize) -> Vec<Advice> {
    match fit {
        Some(fit) => by_information(tally, fit, most),
        None => to_join(tally, groups, most),
    }
}

fn by_information(tally: &Tally, fit: &Fit, most: usize) -> Vec<Advice> {
    let covariance = fit.fisher(tally, Origin::Mean);
    let mut best: Vec<(f64, usize, usize)> = Vec::with_capacity(most + 1);
    for a in 0..fit.models() {
        for b in a + 1..fit.models() {
            let w = fit.chance(a, b) * fit.chance(b, a);
            let gain = 0.5 * (w * covariance.of_difference(a, b)).ln_1p();
            if best.len() == most && best.last().is_some_and(|last| last.0 >= gain) {
                continue;
            }
            let at = best.partition_point(|other| other.0 >= gain);
            best.insert(at, (gain, a, b));
            best.truncate(most);
        }
    }
    let made = |(gain, a, b): (f64, usize, usize)| Advice {
        a: a as u32,
        b: b as u32,
        gain: Some(gain),
        meetings: tally.meetings(a, b),
    };
    best.into_iter().map(made).collect()
}

/// The busiest model of each group that is unbeaten or winless, against the busiest of the largest
/// other group.
fn to_join(tally: &Tally, groups: &[Component], most: usize) -> Vec<Advice> {
    let busiest = |group: &Component| {
        group.models.iter().copied().max_by_key(|m| (tally.battles_of(*m as usize), std::cmp::Reverse(*m)))
    };
    let mut found: Vec<Advice> = Vec::new();
    for group in groups.iter().filter(|g| g.unbeaten || g.winless) {
        let others = groups.iter().filter(|other| *other != group);
        let Some(other) = others.max_by_key(|g| (g.models.len(), std::cmp::Reverse(g.models[0]))) else {
            continue;
        };
        let (Some(a), Some(b)) = (busiest(group), busiest(other)) else { continue };
        let is_new = !found.iter().any(|f| (f.a, f.b) == (b, a));
        if is_new && found.len() < most {
            found.push(Advice { a, b, gain: None, meetings: tally.meetings(a as usize, b as usize) });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::{Battle, Outcome, components, fit};

    #[test]
    fn the_pair_that_met_least_tells_most() {
        let mut list = Vec::new();
        for (a, b, n) in [(0, 1, 50), (1, 2, 50), (0, 2, 2)] {
            list.extend((0..n).map(|i| {
                let outcome = if i % 2 == 0 { Outcome::A } else { Outcome::B };
                Battle { a, b, outcome }
            }));
        }
        let tally = Tally::of(3, &list).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let best = advice(&tally, Some(&found), &components(&tally), 2);
        assert_eq!((best[0].a, best[0].b, best.len()), (0, 2, 2));
        assert!(best[0].gain > best[1].gain);
    }

    #[test]
    fn groups_apart_should_meet() {
        let won = |a, b| Battle { a, b, outcome: Outcome::A };
        let tally = Tally::of(4, &[won(0, 1), won(1, 0), won(2, 3), won(3, 2)]).unwrap();
        let best = advice(&tally, None, &components(&tally), 3);
        assert_eq!(best.len(), 1);
        assert_eq!((best[0].a, best[0].b, best[0].gain), (0, 2, None));
    }
}
