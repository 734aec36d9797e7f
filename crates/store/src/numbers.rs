//! Numbers that JSON cannot hold: not-a-number and the infinities.
//!
//! Main items: [`set_aside`] and [`put_back`]. JSON text would silently turn them
//! into null. They are written as 0 in their place, and beside it the list of
//! places. Must not treat them as errors: a ratio of 0/0 is data.

use acidtest_record::{Answer, Item, Part, ServerSaid, Value};
use serde::{Deserialize, Serialize};

/// A number that JSON cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Odd {
    /// Not a number.
    Nan,
    /// Positive infinity.
    Inf,
    /// Negative infinity.
    NegInf,
}

impl Odd {
    fn of(x: f64) -> Option<Self> {
        match x {
            _ if x.is_nan() => Some(Self::Nan),
            f64::INFINITY => Some(Self::Inf),
            f64::NEG_INFINITY => Some(Self::NegInf),
            _ => None,
        }
    }

    fn number(self) -> f64 {
        match self {
            Self::Nan => f64::NAN,
            Self::Inf => f64::INFINITY,
            Self::NegInf => f64::NEG_INFINITY,
        }
    }
}

/// Where odd numbers stood: position in the walk over all numbers, and which.
pub(crate) type Places = Vec<(u32, Odd)>;

/// Visits every number of an answer and of what the server said, in a fixed order.
pub(crate) fn of_answer(answer: &mut Answer, said: &mut Option<ServerSaid>, f: &mut dyn FnMut(&mut f64)) {
    for part in &mut answer.parts {
        match part {
            Part::Scores(scores) => scores.iter_mut().for_each(&mut *f),
            Part::Logprobs { tokens, .. } => {
                for t in tokens {
                    t.logprob.iter_mut().for_each(&mut *f);
                    t.top.iter_mut().for_each(|(_, x)| f(x));
                }
            }
            Part::Text(_)
            | Part::Reasoning(_)
            | Part::Refusal(_)
            | Part::ToolCall { .. }
            | Part::Blob { .. } => {}
        }
    }
    if let Some(said) = said {
        said.timings.iter_mut().for_each(|(_, x)| f(x));
    }
}

/// Visits every number of an item, in a fixed order.
pub(crate) fn of_item(item: &mut Item, f: &mut dyn FnMut(&mut f64)) {
    match item {
        Item::Record(r) => of_answer(&mut r.answer, &mut r.said, f),
        Item::Verdict(v) => {
            if let Some(Value::Number(x)) = &mut v.value {
                f(x);
            }
        }
        Item::Reading(r) => f(&mut r.value),
        Item::Note(n) => f(&mut n.value),
        Item::Fact(_) | Item::Blob(_) => {}
    }
}

/// Replaces odd numbers by 0 and says where they stood.
pub(crate) fn set_aside(walk: impl FnOnce(&mut dyn FnMut(&mut f64))) -> Places {
    let mut places = Places::new();
    let mut at = 0u32;
    walk(&mut |x| {
        if let Some(odd) = Odd::of(*x) {
            places.push((at, odd));
            *x = 0.0;
        }
        at = at.saturating_add(1);
    });
    places
}

/// Puts odd numbers back where they stood. Places that do not exist are ignored.
pub(crate) fn put_back(places: &Places, walk: impl FnOnce(&mut dyn FnMut(&mut f64))) {
    let mut left = places.iter().peekable();
    let mut at = 0u32;
    walk(&mut |x| {
        if let Some((_, odd)) = left.next_if(|(place, _)| *place == at) {
            *x = odd.number();
        }
        at = at.saturating_add(1);
    });
}

/// Whether there is any odd number in an answer, without changing it.
pub(crate) fn any_odd(answer: &Answer, said: Option<&ServerSaid>) -> bool {
    let odd = |x: f64| !x.is_finite();
    let in_part = |p: &Part| match p {
        Part::Scores(scores) => scores.iter().any(|x| odd(*x)),
        Part::Logprobs { tokens, .. } => {
            tokens.iter().any(|t| t.logprob.is_some_and(odd) || t.top.iter().any(|(_, x)| odd(*x)))
        }
        _ => false,
    };
    answer.parts.iter().any(in_part) || said.is_some_and(|s| s.timings.iter().any(|(_, x)| odd(*x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_come_back_in_their_places() {
        let before = Answer {
            parts: vec![
                Part::Scores(vec![0.5, f64::NEG_INFINITY, f64::NAN]),
                Part::Text("x".into()),
                Part::Scores(vec![f64::INFINITY]),
            ],
            raw: None,
        };
        assert!(any_odd(&before, None));
        let mut answer = before.clone();
        let places = set_aside(|f| of_answer(&mut answer, &mut None, f));
        assert_eq!(places, [(1, Odd::NegInf), (2, Odd::Nan), (3, Odd::Inf)]);
        assert!(!any_odd(&answer, None));
        put_back(&places, |f| of_answer(&mut answer, &mut None, f));
        assert_eq!(format!("{answer:?}"), format!("{before:?}"));
    }
}
