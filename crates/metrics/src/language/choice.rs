//! Multiple choice by log-likelihood: which continuation is the likeliest, and whether it is right.
//!
//! Main type: [`Chosen`]. Must not build requests: see [`tasks`](super::tasks).

/// The likeliest choice by three measures; of equals the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// By log-likelihood: `acc`.
    pub plain: usize,
    /// By log-likelihood per code point of the choice without its delimiter: `acc_norm`.
    pub per_character: usize,
    /// By log-likelihood per UTF-8 byte of the choice without its delimiter: `acc_bytes`.
    pub per_byte: usize,
}

impl Chosen {
    /// The likeliest of some choices, as lm-evaluation-harness 0.4.13 finds it.
    ///
    /// An empty choice has −∞ per character. `None` without choices, where the numbers of choices
    /// and log-likelihoods differ, or where a log-likelihood is NaN.
    ///
    /// ```
    /// use acidtest_metrics::language::Chosen;
    /// let chosen = Chosen::of(&[-4.0, -5.0], &["no", "a long one"]).unwrap();
    /// assert_eq!((chosen.plain, chosen.per_character), (0, 1));
    /// ```
    pub fn of<S: AsRef<str>>(loglikelihoods: &[f64], choices: &[S]) -> Option<Chosen> {
        if loglikelihoods.len() != choices.len() || loglikelihoods.iter().any(|l| l.is_nan()) {
            return None;
        }
        let per = |length: &dyn Fn(&str) -> usize| {
            let each = loglikelihoods.iter().zip(choices);
            first_largest(each.map(|(l, choice)| l / length(choice.as_ref()) as f64))
        };
        Some(Chosen {
            plain: first_largest(loglikelihoods.iter().copied())?,
            per_character: per(&|text| text.chars().count())?,
            per_byte: per(&str::len)?,
        })
    }
}

/// Index of the first of the largest values. NaN (0 / 0) counts as the largest, as in numpy.
fn first_largest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.enumerate() {
        let is_larger = best.is_none_or(|(_, b)| value > b || (value.is_nan() && !b.is_nan()));
        if is_larger {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}

/// The choice whose log-likelihood grows most by the context: argmax of `given − alone`.
///
/// `acc_mutual_info` is whether it is right. `None` as in [`Chosen::of`].
pub fn mutual_information(given: &[f64], alone: &[f64]) -> Option<usize> {
    if given.len() != alone.len() || given.iter().chain(alone).any(|l| l.is_nan()) {
        return None;
    }
    first_largest(given.iter().zip(alone).map(|(g, a)| g - a))
}

/// Probability of the true choices among all: Σ over true of e^l / Σ over all of e^l, in 0..1.
///
/// TruthfulQA's mc2. `None` where every e^l is 0 or the numbers of labels and values differ.
pub fn true_mass(loglikelihoods: &[f64], is_true: &[bool]) -> Option<f64> {
    if loglikelihoods.len() != is_true.len() {
        return None;
    }
    let all: Vec<f64> = loglikelihoods.iter().map(|l| l.exp()).collect();
    let total: f64 = all.iter().sum();
    let mass = all.iter().zip(is_true).filter(|(_, t)| **t).map(|(p, _)| p / total).sum::<f64>();
    mass.is_finite().then_some(mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_lengths_and_bytes() {
        let check = |l: &[f64], choices: &[&str], expect: Option<(usize, usize, usize)>| {
            let got = Chosen::of(l, choices).map(|c| (c.plain, c.per_character, c.per_byte));
            assert_eq!(got, expect, "{l:?} {choices:?}");
        };
        check(&[-1.0, -1.0], &["a", "b"], Some((0, 0, 0)));
        check(&[-3.0, -3.0], &["abc", "가나"], Some((0, 0, 1)));
        check(&[-1.0, -3.0], &["", "abc"], Some((0, 1, 1)));
        check(&[f64::NEG_INFINITY; 2], &["a", "b"], Some((0, 0, 0)));
        check(&[f64::NAN, -1.0], &["a", "b"], None);
        check(&[-1.0], &["a", "b"], None);
        check(&[], &[], None);
    }

    #[test]
    fn information_and_mass() {
        assert_eq!(mutual_information(&[-1.0, -2.0], &[-1.0, -4.0]), Some(1));
        assert_eq!(mutual_information(&[-1.0], &[]), None);
        assert_eq!(true_mass(&[0.0, 0.0], &[true, false]), Some(0.5));
        assert_eq!(true_mass(&[-1e9, -1e9], &[true, false]), None);
    }
}
