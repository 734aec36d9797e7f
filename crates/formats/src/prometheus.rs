//! The text that servers show to Prometheus: samples by name and labels.
//!
//! ```text
//!  # TYPE vllm:num_requests_running gauge
//!  vllm:num_requests_running{model_name="m"} 3.0 1700000000     0.0.4: an optional time in ms
//!  request_seconds_count 7 # {trace_id="a"} 0.5 1.2             OpenMetrics: an exemplar, `# EOF`
//! ```
//!
//! Main function: [`samples`]. Tolerant: a line that is none is counted and left out. Every
//! length is bounded; times and exemplars are read over. Must not know what a name means.

use std::fmt::Write as _;

/// Largest text that is read; what lies behind it is left out.
pub const MAX_BODY: usize = 10 << 20;
/// Longest line.
const MAX_LINE: usize = 64 << 10;
/// Most samples of one text.
const MAX_SAMPLES: usize = 100_000;
/// Most labels of a sample.
const MAX_LABELS: usize = 64;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// Its labels in the order given.
    pub labels: Vec<(String, String)>,
    /// Its value; may be NaN or infinite.
    pub value: f64,
}

impl Sample {
    /// Name and labels in one line of at most so many bytes, safe to be stored and printed:
    /// control characters and what a text may hide with are replaced.
    #[must_use]
    pub fn series(&self, most: usize) -> String {
        let mut out = plain(&self.name);
        for (i, (name, value)) in self.labels.iter().enumerate() {
            let sign = if i == 0 { '{' } else { ',' };
            let _ = write!(out, "{sign}{}=\"{}\"", plain(name), plain(value).replace('"', "'"));
        }
        if !self.labels.is_empty() {
            out.push('}');
        }
        if out.len() > most {
            let end = (0..=most.saturating_sub('…'.len_utf8())).rev().find(|i| out.is_char_boundary(*i));
            out.truncate(end.unwrap_or(0));
            out.push('…');
        }
        out
    }
}

/// Without characters that a terminal or a reader could be misled by.
fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// What a text held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition {
    /// Its samples, in order.
    pub samples: Vec<Sample>,
    /// Lines that are no sample, comments aside.
    pub bad_lines: usize,
    /// Whether it was longer than what is read.
    pub is_cut: bool,
}

/// Reads the samples of a text. What is no UTF-8 is replaced.
#[must_use]
pub fn samples(body: &[u8]) -> Exposition {
    let mut out = Exposition { is_cut: body.len() > MAX_BODY, ..Exposition::default() };
    let body = &body[..body.len().min(MAX_BODY)];
    for line in body.split(|b| *b == b'\n') {
        if line.len() > MAX_LINE {
            out.bad_lines += 1;
            continue;
        }
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line == "# EOF" {
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if out.samples.len() >= MAX_SAMPLES {
            out.is_cut = true;
            break;
        }
        match sample(line) {
            Some(sample) => out.samples.push(sample),
            None => out.bad_lines += 1,
        }
    }
    out
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_ascii_whitespace())?;
    let (mut name, rest) = (line[..end].to_owned(), line[end..].trim_start());
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => {
            let (quoted, labels, rest) = labels(inside)?;
            // `{"any name", label="x"} 1`: a name that is no identifier stands inside.
            match (name.is_empty(), quoted) {
                (true, Some(quoted)) => name = quoted,
                (false, None) => {}
                _ => return None,
            }
            (labels, rest)
        }
        None => (Vec::new(), rest),
    };
    if name.is_empty() || name.contains(['"', '=', ',', '}']) {
        return None;
    }
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    // A time, an exemplar, or nothing.
    match words.next() {
        None => {}
        Some(word) if word.starts_with('#') => {}
        Some(word) => {
            number(word)?;
            words.next().filter(|w| !w.starts_with('#')).map_or(Some(()), |_| None)?;
        }
    }
    Some(Sample { name, labels, value })
}

type Labels<'t> = (Option<String>, Vec<(String, String)>, &'t str);

/// What stands behind `{`, to its `}`: a quoted name, labels, and the rest of the line.
fn labels(text: &str) -> Option<Labels<'_>> {
    let (mut rest, mut all, mut quoted) = (text.trim_start(), Vec::new(), None);
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((quoted, all, rest));
        }
        if all.len() >= MAX_LABELS {
            return None;
        }
        if rest.starts_with('"') {
            let (text, after) = string(rest)?;
            rest = after.trim_start();
            match rest.strip_prefix('=') {
                Some(after) => {
                    let (value, after) = string(after.trim_start())?;
                    all.push((text, value));
                    rest = after.trim_start();
                }
                None if quoted.is_none() && all.is_empty() => quoted = Some(text),
                None => return None,
            }
        } else {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim_end();
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-');
            if name.is_empty() || !name.chars().all(is_name) {
                return None;
            }
            let (value, after) = string(after.trim_start())?;
            all.push((name.to_owned(), value));
            rest = after.trim_start();
        }
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.starts_with('}') => rest,
            None => return None,
        };
    }
}

/// A text in quotes with `\\`, `\"` and `\n`, and what stands behind it.
fn string(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let (mut out, mut is_escaped) = (String::new(), false);
    for (i, c) in inside.char_indices() {
        match (is_escaped, c) {
            (false, '"') => return Some((out, &inside[i + 1..])),
            (false, '\\') => is_escaped = true,
            (true, 'n') => {
                out.push('\n');
                is_escaped = false;
            }
            (true, c) => {
                if !matches!(c, '\\' | '"') {
                    out.push('\\');
                }
                out.push(c);
                is_escaped = false;
            }
            (false, c) => out.push(c),
        }
    }
    None
}

fn number(word: &str) -> Option<f64> {
    // Words that Rust reads as numbers and Prometheus does not write are as good.
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, name: &str, labels: &[(&str, &str)], value: &str) {
        let found = samples(text.as_bytes()).samples;
        let labels: Vec<(String, String)> =
            labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].name.as_str(), &found[0].labels), (name, &labels), "{text}");
        assert_eq!(found[0].value.to_string(), value, "{text}");
    }

    #[test]
    fn samples_of_both_forms_are_read() {
        check("up 1", "up", &[], "1");
        check("vllm:x{model_name=\"m\"} 3.0 1700000000000", "vllm:x", &[("model_name", "m")], "3");
        check("a{b=\"c\",} 1e3", "a", &[("b", "c")], "1000");
        check(" a { b = \"c\" , d=\"\" } +Inf", "a", &[("b", "c"), ("d", "")], "inf");
        check("a{} NaN", "a", &[], "NaN");
        check("a -Inf", "a", &[], "-inf");
        check("a_bucket{le=\"1\"} 7 # {trace_id=\"x # y\"} 0.5 1.2", "a_bucket", &[("le", "1")], "7");
        check("a_total 7 12.5 # {} 1", "a_total", &[], "7");
        check(r#"a{b="q\"\\\n\x}"} 1"#, "a", &[("b", "q\"\\\n\\x}")], "1");
        check(r#"{"a b",c="d"} 1"#, "a b", &[("c", "d")], "1");
        check(r#"{"a","c d"="e"} 1"#, "a", &[("c d", "e")], "1");
    }

    #[test]
    fn what_is_no_sample_is_counted() {
        let bad = [
            "a",
            "a b",
            "{} 1",
            "a{b=\"c\" 1",
            "a{b=c} 1",
            "a{b=\"c} 1",
            "a{b=\"c\"d=\"e\"} 1",
            "a 1 x",
            "a 1 2 3",
            "a{\"q\"} 1",
            "{\"a\" \"b\"} 1",
            "<html> 1>",
            "a{=\"x\"} 1",
            "a{é=\"x\"} 1",
        ];
        for line in bad {
            let found = samples(line.as_bytes());
            assert_eq!((found.samples.len(), found.bad_lines), (0, 1), "{line}: {found:?}");
        }
        let all = samples(b"# HELP a b\n# TYPE a gauge\na 1\r\n\nbad\n# EOF\nb 2\n");
        assert_eq!((all.samples.len(), all.bad_lines, all.is_cut), (1, 1, false));
    }

    #[test]
    fn sizes_are_bounded() {
        let mut long = b"a{b=\"".to_vec();
        long.extend(vec![b'x'; MAX_LINE]);
        long.extend(b"\"} 1\nc 2\n");
        let found = samples(&long);
        assert_eq!((found.samples.len(), found.bad_lines), (1, 1));
        let many = "a 1\n".repeat(MAX_SAMPLES + 1);
        let found = samples(many.as_bytes());
        assert_eq!((found.samples.len(), found.is_cut), (MAX_SAMPLES, true));
        let mut huge = vec![b'\n'; MAX_BODY];
        huge.extend(b"a 1\n");
        let found = samples(&huge);
        assert!(found.samples.is_empty() && found.is_cut);
        let labels: Vec<String> = (0..=MAX_LABELS).map(|i| format!("l{i}=\"v\"")).collect();
        assert_eq!(samples(format!("a{{{}}} 1", labels.join(",")).as_bytes()).bad_lines, 1);
    }

    #[test]
    fn a_series_is_one_short_safe_line() {
        let labels = vec![("b".to_owned(), "x\n\u{1b}[31m\"\u{202e}가".to_owned())];
        let sample = Sample { name: "a".into(), labels, value: 1.0 };
        assert_eq!(sample.series(200), "a{b=\"x\u{fffd}\u{fffd}[31m'\u{fffd}가\"}");
        for most in 3..40 {
            assert!(sample.series(most).len() <= most, "{most}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let found = samples(&bytes);
            prop_assert!(found.samples.len() + found.bad_lines <= bytes.iter().filter(|b| **b == b'\n').count() + 1);
        }

        #[test]
        fn lines_of_signs_break_nothing(text in "[a\"{}=, \\\\\n#1é]{0,60}") {
            for s in samples(text.as_bytes()).samples {
                prop_assert!(!s.series(100).contains('\n') && !s.name.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read(
            name in "[a-z_:][a-z0-9_:]{0,20}",
            labels in proptest::collection::vec(("[a-z_]{1,8}", "[^\\p{C}]{0,20}|.{0,20}"), 0..5),
            value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO,
        ) {
            let written: Vec<String> = labels
                .iter()
                .map(|(n, v)| format!("{n}=\"{}\"", v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
                .collect();
            let found = samples(format!("{name}{{{}}} {value:?}\n", written.join(",")).as_bytes());
            prop_assert_eq!(found.samples, vec![Sample { name, labels, value }]);
        }
    }
}
