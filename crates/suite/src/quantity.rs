//! Durations and sizes as people write them: `30 s`, `500ms`, `2 min`, `16 MiB`.
//!
//! Main functions: [`seconds`] and [`bytes`]. Must not accept a number without
//! a unit: `30` could be seconds or milliseconds.

const DURATIONS: [(&str, f64); 4] = [("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0)];
const SIZES: [(&str, f64); 7] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("KiB", 1024.0),
    ("MB", 1e6),
    ("MiB", 1_048_576.0),
    ("GB", 1e9),
    ("GiB", 1_073_741_824.0),
];

/// Why a text is no quantity: what is wrong, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadQuantity {
    pub(crate) what: String,
    pub(crate) hint: String,
}

/// A duration in seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, BadQuantity> {
    quantity(text, &DURATIONS, "duration", "30 s", &[("m", "min"), ("sec", "s"), ("secs", "s")])
}

/// A size in bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, BadQuantity> {
    let slips = [("KB", "kB"), ("k", "KiB"), ("M", "MiB"), ("G", "GiB")];
    quantity(text, &SIZES, "size", "16 MiB", &slips).map(|n| n as u64)
}

fn quantity(
    text: &str,
    units: &[(&str, f64)],
    noun: &str,
    example: &str,
    slips: &[(&str, &str)],
) -> Result<f64, BadQuantity> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let unit = text[end..].trim();
    let known: Vec<&str> = units.iter().map(|(u, _)| *u).collect();
    let form = format!("write a number and one of {}, such as '{example}'", known.join(" "));
    let Ok(number) = text[..end].parse::<f64>() else {
        return Err(BadQuantity {
            what: format!("'{}' is not a {noun}", crate::error::brief(text)),
            hint: form,
        });
    };
    if unit.is_empty() {
        return Err(BadQuantity {
            what: format!("the {noun} '{}' has no unit", crate::error::brief(text)),
            hint: form,
        });
    }
    if let Some((_, factor)) = units.iter().find(|(u, _)| *u == unit) {
        // A sum such as 500 × 0.001 must give 0.5 exactly, as 0.5 s does.
        let value = if *factor < 1.0 { number / (1.0 / factor).round() } else { number * factor };
        return Ok(value);
    }
    let meant = slips
        .iter()
        .find(|(slip, _)| *slip == unit)
        .map(|(_, meant)| *meant)
        .or_else(|| crate::nearest::nearest(unit, known));
    Err(BadQuantity {
        what: format!("unknown unit '{}' of a {noun}", crate::error::brief(unit)),
        hint: match meant {
            Some(unit) => format!("did you mean '{} {unit}'?", &text[..end]),
            None => form,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_written() {
        for (text, expect) in [
            ("30 s", 30.0),
            ("500ms", 0.5),
            ("2 min", 120.0),
            ("1.5 h", 5400.0),
            (" 0.1 s ", 0.1),
            ("1 ms", 0.001),
        ] {
            assert_eq!(seconds(text), Ok(expect), "{text}");
        }
        for (text, expect) in [("16 MiB", 16 << 20), ("64KiB", 65536), ("1 kB", 1000), ("7 B", 7)] {
            assert_eq!(bytes(text), Ok(expect), "{text}");
        }
    }

    #[test]
    fn wrong_quantities_say_what_to_write() {
        for (text, what, hint) in [
            ("30", "the duration '30' has no unit", "such as '30 s'"),
            ("2 m", "unknown unit 'm' of a duration", "did you mean '2 min'?"),
            ("soon", "'soon' is not a duration", "one of ms s min h"),
            ("-1 s", "'-1 s' is not a duration", "one of ms"),
            ("1.2.3 s", "'1.2.3 s' is not a duration", "one of ms"),
        ] {
            let err = seconds(text).unwrap_err();
            assert_eq!(err.what, what);
            assert!(err.hint.contains(hint), "{}", err.hint);
        }
        assert_eq!(bytes("5 KB").unwrap_err().hint, "did you mean '5 kB'?");
    }
}
