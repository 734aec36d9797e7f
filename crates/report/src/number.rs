//! Numbers for people: digits that the interval supports, units always.
//!
//! Main types: [`Scale`], a unit in which a row is shown. Must not change a value
//! beyond rounding it.

use crate::words::Lang;
use acidtest_findings::{Estimate, Interval, Quantity, Uncertainty};

/// A unit for people and how many of it make the base unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    factor: f64,
    pub(crate) unit: String,
    /// Whether values carry one digit more than the ends of their interval, up to three.
    extra_digit: bool,
}

impl Scale {
    /// The unit for values around `typical`.
    pub(crate) fn of(unit: &str, typical: Option<f64>) -> Self {
        let (factor, unit, extra_digit) = match (unit, typical.map(f64::abs)) {
            ("s", Some(v)) if v < 1e-3 => (1e6, "µs", false),
            ("s", Some(v)) if v >= 2.0 => (1.0, "s", false),
            ("s", _) => (1e3, "ms", false),
            ("bytes", Some(v)) if v >= 1e9 => (1e-9, "GB", false),
            ("bytes", _) => (1e-6, "MB", false),
            ("bytes/s", _) => (1e-6, "MB/s", false),
            ("ratio", _) => (1.0, "", true),
            (other, _) => (1.0, other, false),
        };
        Self { factor, unit: unit.to_owned(), extra_digit }
    }

    /// Shares as percent.
    pub(crate) fn percent() -> Self {
        Self { factor: 100.0, unit: "%".to_owned(), extra_digit: false }
    }

    /// Differences of shares as percentage points.
    pub(crate) fn points() -> Self {
        Self { factor: 100.0, unit: "pp".to_owned(), extra_digit: true }
    }

    /// Amounts of a thousand of something.
    pub(crate) fn per_thousand(unit: &str) -> Self {
        Self { factor: 1000.0, unit: unit.to_owned(), extra_digit: false }
    }

    /// ` ms`, or nothing for a bare share.
    pub(crate) fn suffix(&self) -> String {
        match self.unit.as_str() {
            "" => String::new(),
            unit => format!(" {unit}"),
        }
    }

    /// Decimals that an interval supports: two digits of its width.
    fn decimals(&self, ends: Option<&Interval>, value: f64) -> usize {
        let scaled = |x: f64| x * self.factor;
        let width = match ends.map(|i| (i.low, i.high)) {
            Some((Some(low), Some(high))) => scaled(high) - scaled(low),
            Some((Some(end), None) | (None, Some(end))) => 2.0 * (scaled(value) - scaled(end)).abs(),
            _ => 0.0,
        };
        if width > 0.0 && width.is_finite() {
            // Beyond three digits of the value nobody reads on.
            let most = match scaled(value).abs() {
                v if v > 0.0 && v.is_finite() => 2.0 - v.log10().floor(),
                _ => 6.0,
            };
            return (1.0 - width.log10().floor()).min(most).clamp(0.0, 6.0) as usize;
        }
        significant(scaled(value))
    }

    /// A value, without its unit.
    pub(crate) fn value(&self, value: f64, ends: Option<&Interval>) -> String {
        let decimals = self.decimals(ends, value);
        let wanted = if self.extra_digit && ends.is_some() { 3 } else { 0 };
        fixed(value * self.factor, decimals.max(wanted.min(decimals + 1)))
    }

    /// The ends of an interval: `0.71 – 0.86`, `≥ 350`, `≤ 0.03`.
    pub(crate) fn ends(&self, ends: &Interval, value: f64, dash: &str, lang: Lang) -> String {
        let decimals = self.decimals(Some(ends), value);
        let show = |x: f64| fixed(x * self.factor, decimals);
        match (ends.sides, ends.low, ends.high) {
            ("upper", _, Some(high)) => format!("≤ {}", show(high)),
            ("lower", Some(low), _) => format!("≥ {}", show(low)),
            (_, Some(low), Some(high)) => format!("{}{dash}{}", show(low), show(high)),
            (_, Some(low), None) => format!("≥ {}", show(low)),
            (_, None, Some(high)) => format!("≤ {}", show(high)),
            (_, None, None) => lang.say("unbounded").to_owned(),
        }
    }

    /// `182 (171–196) ms`, `655 ms, n too small`.
    pub(crate) fn cell(&self, e: &Estimate, lang: Lang) -> String {
        self.with_suffix(e, &self.suffix(), lang)
    }

    /// As [`Scale::cell`] where a column names the unit.
    pub(crate) fn bare(&self, e: &Estimate, lang: Lang) -> String {
        self.with_suffix(e, "", lang)
    }

    fn with_suffix(&self, e: &Estimate, suffix: &str, lang: Lang) -> String {
        let value = match &e.value {
            Quantity::Value(v) => *v,
            Quantity::Absent(why) => return lang.tell(&format!("absent: {why}")),
        };
        let ends = e.ends();
        let number = self.value(value, ends);
        let number = match e.value_low {
            // A pair: the quantile of the lower ends and that of the upper ends.
            Some(low) if self.value(low, ends) != number => format!("{}…{number}", self.value(low, ends)),
            Some(_) => number,
            None => number,
        };
        match &e.interval {
            Uncertainty::Interval(i) => {
                format!("{number} ({}){suffix}", self.ends(i, value, "–", lang))
            }
            // A pair takes the room of the reason; the JSON has it.
            Uncertainty::None(_) if number.contains('…') => format!("{number} (–){suffix}"),
            Uncertainty::None(why) => format!("{number}{suffix}, {}", lang.tell(short(why))),
        }
    }
}

/// The first words of a reason: the rest is in the JSON.
pub(crate) fn short(why: &str) -> &str {
    match why {
        "count" => return "count",
        _ if why.starts_with("too few effective batches") => return "no interval",
        _ => {}
    }
    why.split([':', '(']).next().unwrap_or(why).trim_end()
}

/// Decimals for three significant digits.
fn significant(x: f64) -> usize {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    (2.0 - x.abs().log10().floor()).clamp(0.0, 6.0) as usize
}

/// A number with that many decimals and thousands apart.
pub(crate) fn fixed(x: f64, decimals: usize) -> String {
    if x.is_infinite() {
        return "+∞".to_owned();
    }
    let text = format!("{x:.decimals$}");
    // Rounding must not leave a minus before nothing.
    let text = match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        _ => text,
    };
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole, format!(".{rest}")),
        None => (text.as_str(), String::new()),
    };
    format!("{}{rest}", grouped(whole))
}

/// An exact count.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    if digits.len() < 5 {
        return format!("{sign}{digits}");
    }
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    format!("{sign}{out}")
}

/// A single number with three significant digits and its unit, scaled to it.
pub(crate) fn plain(x: f64, unit: &str) -> String {
    let scale = Scale::of(unit, Some(x));
    format!("{}{}", scale.value(x, None), scale.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: Option<f64>, high: Option<f64>, sides: &'static str) -> Interval {
        Interval { low, high, level: 0.95, sides, method: "Wilson", unit_of_sampling: "case".into() }
    }

    #[test]
    fn digits_follow_the_interval() {
        let ratio = Scale::of("ratio", None);
        let i = interval(Some(0.7148), Some(0.8574), "two");
        assert_eq!(ratio.value(0.79508, Some(&i)), "0.795");
        assert_eq!(ratio.ends(&i, 0.795, " – ", Lang::En), "0.71 – 0.86");
        let ms = Scale::of("s", Some(0.182));
        let i = interval(Some(0.1711), Some(0.1962), "two");
        assert_eq!(
            format!("{} ({})", ms.value(0.18203, Some(&i)), ms.ends(&i, 0.182, "–", Lang::En)),
            "182 (171–196)"
        );
        assert_eq!(ms.ends(&interval(Some(0.35), None, "two"), 0.401, "–", Lang::En), "≥ 350");
        assert_eq!(
            Scale::percent().ends(&interval(Some(0.0), Some(0.0239), "upper"), 0.0, "–", Lang::En),
            "≤ 2.4"
        );
    }

    #[test]
    fn numbers_without_interval_have_three_digits() {
        for (x, unit, expect) in [
            (0.021_04, "USD", "0.0210 USD"),
            (0.401, "s", "401 ms"),
            (2.5, "s", "2.50 s"),
            (0.000_25, "s", "250 µs"),
            (0.0, "s", "0 µs"),
            (12_345.6, "tok/s", "12,346 tok/s"),
            (0.5, "ratio", "0.500"),
        ] {
            assert_eq!(plain(x, unit), expect);
        }
        assert_eq!(fixed(-0.0001, 2), "0.00");
        assert_eq!(fixed(f64::INFINITY, 2), "+∞");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
