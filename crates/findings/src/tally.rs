//! Scores by case and by unit of sampling.
//!
//! Main types: [`Unit`], [`Tally`]. Sums are made in one order, whatever order requests came in:
//! by case, then by the name of the unit. Must not compute an interval.

use crate::marks::Marks;
use crate::measure::{Fill, case_of, unit_name};
use crate::metric::Judged;
use crate::view::{Asked, Slice, View};
use acidtest_metrics::stats::Unit as Sums;
use std::cmp::Ordering;

/// A unit of sampling: the cluster or case of a request, or the request itself where its prompt is
/// synthetic. Units are in the order of their names, that of a request being `request N`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit<'v> {
    /// A cluster or a case.
    Named(&'v str),
    /// A request.
    Request(ByDigits),
}

/// The number of a request, ordered as its digits are ordered as text: 1, 10, 100, 11, 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByDigits(u64);

/// Digits that numbers are filled up to, and the room for how many they had.
const DIGITS: u32 = 10;
const ROOM: u64 = 16;

impl ByDigits {
    /// Requests of a view are counted by 32 bits, which have ten digits at most.
    fn of(number: usize) -> Self {
        let digits = number.checked_ilog10().unwrap_or(0).min(DIGITS - 1);
        let filled = (number as u64).saturating_mul(10u64.pow(DIGITS - 1 - digits));
        Self(filled.saturating_mul(ROOM).saturating_add(u64::from(digits)))
    }

    fn number(self) -> u64 {
        self.0 / ROOM / 10u64.pow(DIGITS - 1 - (self.0 % ROOM) as u32)
    }
}

impl Unit<'_> {
    /// The unit of a request.
    pub(crate) fn of<'v>(a: &Asked<'v>) -> Unit<'v> {
        a.case().map_or(Unit::Request(ByDigits::of(a.request)), |case| Unit::Named(case.unit()))
    }
}

impl std::fmt::Display for Unit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unit::Named(name) => f.write_str(name),
            Unit::Request(number) => write!(f, "request {}", number.number()),
        }
    }
}

impl Ord for Unit<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Unit::Named(a), Unit::Named(b)) => a.cmp(b),
            (Unit::Request(a), Unit::Request(b)) => a.cmp(b),
            _ => self.to_string().cmp(&other.to_string()),
        }
    }
}

impl PartialOrd for Unit<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Unit<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Unit<'_> {}

/// Puts equal keys together, in their order; what is added to one key is added in the order it came.
pub(crate) fn grouped<K: Ord, T>(mut all: Vec<(K, T)>, mut add: impl FnMut(&mut T, T)) -> Vec<(K, T)> {
    if !all.is_sorted_by(|a, b| a.0 <= b.0) {
        all.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let mut found: Vec<(K, T)> = Vec::with_capacity(all.len());
    for (key, value) in all {
        match found.last_mut() {
            Some((last, sum)) if *last == key => add(sum, value),
            _ => found.push((key, value)),
        }
    }
    found
}

/// Number of different cases among requests; a synthetic prompt is a case of its own.
pub(crate) fn distinct_cases<'v>(view: &View, asked: impl Iterator<Item = Asked<'v>>) -> u64 {
    let (mut cases, mut requests) = (Marks::below(view.cases.len()), Marks::below(view.requests()));
    for a in asked {
        match case_of(&a) {
            (true, case) => cases.add(case),
            (false, request) => requests.add(request),
        }
    }
    cases.count() + requests.count()
}

/// Scores of one case.
#[derive(Debug, Clone, Copy)]
struct OfCase<'v> {
    unit: Unit<'v>,
    sum: f64,
    count: u32,
    excluded: u32,
}

/// Scores of a slice by case, before they are averaged.
pub(crate) struct Tally<'v> {
    cases: Vec<((bool, usize), OfCase<'v>)>,
    requests: u64,
    records: u64,
    pub(crate) excluded: u64,
    /// Whether every value is 0 or 1: then it is a share, whatever scored it.
    pub(crate) is_yes_no: bool,
    name: &'static str,
}

impl<'v> Tally<'v> {
    pub(crate) fn of(slice: &Slice<'v>, row: &dyn Fn(&Asked) -> Judged) -> Self {
        let judged = slice.asked().map(|a| (a, row(&a)));
        Self::collect(judged, unit_name(slice))
    }

    pub(crate) fn values(amounts: &[(Asked<'v>, f64)]) -> Self {
        let judged = amounts.iter().map(|(a, x)| (*a, Judged::Value(*x)));
        let clustered = |a: &Asked| a.case().is_some_and(|c| c.cluster.is_some());
        let name = match amounts.iter().any(|(a, _)| clustered(a)) {
            true => "cluster",
            false if amounts.iter().any(|(a, _)| a.case().is_some()) => "case",
            false => "request",
        };
        Self::collect(judged, name)
    }

    fn collect(judged: impl Iterator<Item = (Asked<'v>, Judged)>, name: &'static str) -> Self {
        let mut tally =
            Self { cases: Vec::new(), requests: 0, records: 0, excluded: 0, is_yes_no: true, name };
        let mut all = Vec::new();
        for (a, judged) in judged {
            let (sum, excluded) = match judged {
                Judged::Outside => continue,
                Judged::Value(v) => {
                    tally.is_yes_no &= v == 0.0 || v == 1.0;
                    tally.requests += 1;
                    tally.records += a.attempts().len() as u64;
                    (0.0 + v, 0)
                }
                _ => {
                    tally.excluded += 1;
                    (0.0, 1)
                }
            };
            all.push((case_of(&a), OfCase { unit: Unit::of(&a), sum, count: 1 - excluded, excluded }));
        }
        tally.cases = grouped(all, |case, more| {
            case.sum += more.sum;
            case.count += more.count;
            case.excluded += more.excluded;
        });
        tally
    }

    /// Units of sampling in their order, repeats averaged within the case.
    pub(crate) fn units(&self, fill: Fill) -> Vec<Sums> {
        let value = |(_, case): &(_, OfCase<'v>)| {
            let (sum, count) = match fill {
                Fill::Exclude => (case.sum, case.count),
                Fill::Lowest => (case.sum, case.count + case.excluded),
                Fill::Highest => (case.sum + f64::from(case.excluded), case.count + case.excluded),
            };
            (count > 0).then(|| (case.unit, Sums { cases: 1, sum: 0.0 + sum / f64::from(count) }))
        };
        let units = grouped(self.cases.iter().filter_map(value).collect(), |unit: &mut Sums, more| {
            unit.cases += more.cases;
            unit.sum += more.sum;
        });
        units.into_iter().map(|(_, sums)| sums).collect()
    }

    pub(crate) fn n(&self, fill: Fill, clusters: usize) -> crate::estimate::N {
        let counted = |c: &&(_, OfCase)| c.1.count > 0 || fill != Fill::Exclude;
        let extra = if fill == Fill::Exclude { 0 } else { self.excluded };
        crate::estimate::N {
            cases: self.cases.iter().filter(counted).count() as u64,
            requests: self.requests + extra,
            records: self.records + extra,
            clusters: clusters as u64,
            of: 0,
            values: None,
        }
    }

    pub(crate) fn unit_name(&self) -> &'static str {
        self.name
    }
}

/// Mean over the cases of some units.
pub(crate) fn mean(units: &[Sums]) -> f64 {
    let (sum, cases) = units.iter().fold((0.0, 0), |(s, c), u| (s + u.sum, c + u.cases));
    sum / f64::from(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_in_the_order_of_their_names() {
        let numbers = [0, 1, 2, 9, 10, 11, 19, 20, 99, 100, 101, 110, 999, 1000, 12_345, u32::MAX as usize];
        let all: Vec<Unit> = numbers
            .into_iter()
            .map(|n| Unit::Request(ByDigits::of(n)))
            .chain(["", "request 10", "request 100", "request 10a", "requesu", "a", "z"].map(Unit::Named))
            .collect();
        for a in &all {
            for b in &all {
                assert_eq!(a.cmp(b), a.to_string().cmp(&b.to_string()), "{a} {b}");
            }
        }
    }

    #[test]
    fn what_is_equal_comes_together_in_its_order() {
        let found =
            grouped(vec![(2, "a".to_owned()), (1, "b".into()), (2, "c".into())], |s, more| *s += &more);
        assert_eq!(found, [(1, "b".to_owned()), (2, "ac".to_owned())]);
    }
}
