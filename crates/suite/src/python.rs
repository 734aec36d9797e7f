//! What chat templates expect of Python: methods of strings and maps, `tojson`, `strftime`.
//!
//! Main functions: [`method`], [`to_json`], [`strftime`]. Only what templates of
//! well-known models use. Must not reach a clock.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// Longest text that a replacement may make.
const MAX_TEXT: usize = 4 << 20;
/// Most values that become JSON at once.
const MAX_VALUES: u32 = 200_000;
/// Most levels of a value that becomes JSON.
const MAX_DEPTH: usize = 64;

fn unknown(kind: ValueKind, method: &str) -> Error {
    Error::new(ErrorKind::UnknownMethod, format!("{kind} has no method '{method}'"))
}

fn wrong(method: &str) -> Error {
    Error::new(
        ErrorKind::InvalidOperation,
        format!("'{method}' got other arguments than it is written for here"),
    )
}

/// A method that Python has and the template library has not.
pub(crate) fn method(value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match (value.as_str(), value.kind()) {
        (Some(text), _) => of_text(text, method, args),
        (None, ValueKind::Map) => of_map(value, method, args),
        (None, kind) => Err(unknown(kind, method)),
    }
}

fn of_text(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let words: Vec<Option<&str>> = args.iter().map(Value::as_str).collect();
    let sets = words.iter().flatten().filter(|_| method.ends_with("strip"));
    // Each letter at an end is looked up in the set.
    let slow = if matches!(method, "title" | "capitalize") { 8 } else { 1 };
    let times = sets.map(|set| set.len()).max().unwrap_or(slow).max(1);
    crate::kept::work(text.len().saturating_mul(times))?;
    let of = |chars: &str, c: char| chars.contains(c);
    Ok(match (method, words.as_slice()) {
        ("strip", []) => text.trim().into(),
        ("lstrip", []) => text.trim_start().into(),
        ("rstrip", []) => text.trim_end().into(),
        ("strip", [Some(set)]) => text.trim_matches(|c| of(set, c)).into(),
        ("lstrip", [Some(set)]) => text.trim_start_matches(|c| of(set, c)).into(),
        ("rstrip", [Some(set)]) => text.trim_end_matches(|c| of(set, c)).into(),
        ("startswith", [Some(part)]) => text.starts_with(part).into(),
        ("endswith", [Some(part)]) => text.ends_with(part).into(),
        ("upper", []) => text.to_uppercase().into(),
        ("lower", []) => text.to_lowercase().into(),
        ("capitalize", []) => capitalized(text).into(),
        ("title", []) => text.split(' ').map(capitalized).collect::<Vec<_>>().join(" ").into(),
        ("isdigit", []) => (!text.is_empty() && text.chars().all(char::is_numeric)).into(),
        ("count", [Some(part)]) if !part.is_empty() => text.matches(part).count().into(),
        ("find", [Some(part)]) => text.find(part).map_or(-1, |at| text[..at].chars().count() as i64).into(),
        ("split", []) => text.split_whitespace().map(Value::from).collect(),
        ("split", [Some(by)]) if !by.is_empty() => text.split(by).map(Value::from).collect(),
        ("splitlines", []) => text.lines().map(Value::from).collect(),
        ("replace", [Some(from), Some(to)]) => replaced(text, from, to)?.into(),
        ("removeprefix", [Some(part)]) => text.strip_prefix(part).unwrap_or(text).into(),
        ("removesuffix", [Some(part)]) => text.strip_suffix(part).unwrap_or(text).into(),
        (
            "strip" | "lstrip" | "rstrip" | "startswith" | "endswith" | "split" | "replace" | "count"
            | "find",
            _,
        ) => {
            return Err(wrong(method));
        }
        _ => return Err(unknown(ValueKind::String, method)),
    })
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let most = text.len().saturating_add(text.matches(from).count().saturating_mul(to.len()));
    if most > MAX_TEXT {
        return Err(Error::new(ErrorKind::InvalidOperation, "'replace' makes more than 4 MiB"));
    }
    Ok(text.replace(from, to))
}

fn of_map(map: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let keys = || map.try_iter();
    Ok(match (method, args) {
        ("keys", []) => keys()?.collect(),
        ("values", []) => keys()?.map(|k| map.get_item(&k)).collect::<Result<Value, _>>()?,
        ("items", []) => keys()?
            .map(|k| Ok(Value::from(vec![k.clone(), map.get_item(&k)?])))
            .collect::<Result<Value, Error>>()?,
        ("get", [key]) => {
            let found = map.get_item(key)?;
            if found.is_undefined() { Value::from(()) } else { found }
        }
        ("get", [key, default]) => {
            let found = map.get_item(key)?;
            if found.is_undefined() { default.clone() } else { found }
        }
        ("get", _) => return Err(wrong(method)),
        _ => return Err(unknown(ValueKind::Map, method)),
    })
}

/// JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it: a blank after
/// colon and comma; with `indent=n`, one value a line.
pub(crate) fn to_json(value: Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let fail = |e: serde_json::Error| Error::new(ErrorKind::InvalidOperation, e.to_string());
    if !is_shallow(&value, MAX_DEPTH, &mut { MAX_VALUES }) {
        let what = "'tojson' of more than 64 levels or 200000 values";
        return Err(Error::new(ErrorKind::InvalidOperation, what));
    }
    let json = serde_json::to_value(&value).map_err(fail)?;
    let mut out = String::new();
    write_json(&mut out, &json, indent.map(|n| n.min(16)), 0);
    Ok(out)
}

/// Whether a value has at most so many levels, and so many values when written out.
fn is_shallow(value: &Value, left: usize, values: &mut u32) -> bool {
    let Some(fewer) = values.checked_sub(1) else { return false };
    *values = fewer;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter();
            left > 0 && items.is_ok_and(|mut all| all.all(|v| is_shallow(&v, left - 1, values)))
        }
        ValueKind::Map => {
            let keys = value.try_iter();
            let inside = |k: Value| value.get_item(&k).is_ok_and(|v| is_shallow(&v, left - 1, values));
            left > 0 && keys.is_ok_and(|mut all| all.all(inside))
        }
        _ => true,
    }
}

fn write_json(out: &mut String, value: &serde_json::Value, indent: Option<usize>, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        if let Some(n) = indent {
            out.push('\n');
            out.push_str(&" ".repeat(n * depth));
        }
    };
    let comma = if indent.is_some() { "," } else { ", " };
    match value {
        serde_json::Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { comma } else { "" });
                line(out, depth + 1);
                write_json(out, item, indent, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        serde_json::Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { comma } else { "" });
                line(out, depth + 1);
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write_json(out, item, indent, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date `YYYY-MM-DD` in the usual words of `strftime`; the time is midnight.
/// What is not known here stays as it is written.
pub(crate) fn strftime(date: &str, format: &str) -> String {
    let mut parts = date.split('-');
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day) = (next(), next(), next());
    let name = month.parse::<usize>().ok().and_then(|m| MONTHS.get(m.wrapping_sub(1))).unwrap_or(&"");
    let mut out = String::new();
    let mut chars = format.chars().take(1000);
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(year),
            Some('y') => out.push_str(year.get(2..).unwrap_or_default()),
            Some('m') => out.push_str(month),
            Some('d') => out.push_str(day),
            Some('B') => out.push_str(name),
            Some('b') => out.push_str(name.get(..3).unwrap_or_default()),
            Some('H' | 'M' | 'S') => out.push_str("00"),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

/// Whether a text is a date `YYYY-MM-DD` of the calendar, roughly.
pub(crate) fn is_date(text: &str) -> bool {
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    let within = |t: &str, most: u32| t.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => {
            digits(year, 4) && digits(month, 2) && digits(day, 2) && within(month, 12) && within(day, 31)
        }
        _ => false,
    }
}
