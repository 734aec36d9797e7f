//! Whether a case passes when it is asked several times.
//!
//! Main type: [`Passes`]: one judgement for each case and prompt of a slice, which every
//! one of its requests then carries. Must not write an interval of its own.

use crate::families::quality::correct;
use crate::measure::{LEVEL, case_of};
use crate::metric::Judged;
use crate::view::{Asked, Slice};
use acidtest_metrics::stats;
use acidtest_record::PassRule;
use std::collections::BTreeMap;

type Which = ((bool, usize), u16);

/// Outcomes of one case.
#[derive(Debug, Default, Clone, Copy)]
struct Outcomes {
    right: u64,
    judged: u64,
    hidden: u64,
}

/// The judgement of every case of a slice.
pub(crate) struct Passes(BTreeMap<Which, Judged>);

impl Passes {
    pub(crate) fn of(slice: &Slice) -> Self {
        let Some(rule) = slice.view.spec.pass_rule else {
            return Self(BTreeMap::new());
        };
        let mut cases: BTreeMap<Which, Outcomes> = BTreeMap::new();
        for a in slice.asked() {
            let entry = cases.entry(which(&a)).or_default();
            match correct(&a) {
                Judged::Value(v) => {
                    entry.judged += 1;
                    entry.right += u64::from(v >= 0.5);
                }
                Judged::Excluded => entry.hidden += 1,
                Judged::Outside => {}
            }
        }
        Self(cases.into_iter().map(|(case, outcomes)| (case, judge(rule, outcomes))).collect())
    }

    /// The judgement of the case of a request.
    pub(crate) fn get(&self, a: &Asked) -> Judged {
        self.0.get(&which(a)).copied().unwrap_or(Judged::Outside)
    }
}

fn which(a: &Asked) -> Which {
    (case_of(a), a.last().prompt)
}

/// A case passes or not; where its errors could turn that, it is excluded.
fn judge(rule: PassRule, seen: Outcomes) -> Judged {
    if seen.judged + seen.hidden == 0 {
        return Judged::Outside;
    }
    let all = seen.judged + seen.hidden;
    let (worst, best) = (passes(rule, seen.right, all), passes(rule, seen.right + seen.hidden, all));
    match worst == best {
        true => Judged::Value(f64::from(u8::from(worst))),
        false => Judged::Excluded,
    }
}

fn passes(rule: PassRule, right: u64, of: u64) -> bool {
    match rule {
        PassRule::AtLeast(k) => right >= u64::from(k),
        PassRule::LowerBound(p) => {
            let bound = stats::proportion(right, of, LEVEL).ok().and_then(|i| i.low);
            bound.is_some_and(|low| low >= p)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_could_turn_the_result_exclude_the_case() {
        let of = |right, judged, hidden| Outcomes { right, judged, hidden };
        let rule = PassRule::AtLeast(3);
        assert_eq!(judge(rule, of(3, 5, 0)), Judged::Value(1.0));
        assert_eq!(judge(rule, of(2, 5, 0)), Judged::Value(0.0));
        assert_eq!(judge(rule, of(3, 3, 2)), Judged::Value(1.0));
        assert_eq!(judge(rule, of(2, 4, 1)), Judged::Excluded);
        assert_eq!(judge(rule, of(1, 4, 1)), Judged::Value(0.0));
        assert_eq!(judge(rule, of(0, 0, 0)), Judged::Outside);
    }

    #[test]
    fn a_bound_needs_enough_answers() {
        let rule = PassRule::LowerBound(0.5);
        let all = |n| judge(rule, Outcomes { right: n, judged: n, hidden: 0 });
        // 0.05^(1/4) = 0.473, 0.05^(1/5) = 0.549.
        assert_eq!((all(4), all(5)), (Judged::Value(0.0), Judged::Value(1.0)));
    }
}
