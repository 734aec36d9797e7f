//! What a template may keep in its variables: bounded in levels, parts and text.
//!
//! Main functions: [`guarded`] makes every `{% set %}` of a template pass what it assigns
//! through [`install`]'s filter. The template library shares containers and makes some of them
//! lazily; printed, compared or dropped they cost what they hold when written out, which
//! may be anything, and a namespace may hold itself. Must not change what is printed.

use minijinja::value::{ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use std::cell::Cell;

/// The filter that assigned values pass through; no template may name it itself.
const FILTER: &str = "__kept";
/// The same for attributes of namespaces, which keep a copy.
const COPIED: &str = "__copied";
/// Most levels of a value.
const MAX_LEVELS: usize = 32;
/// Most parts that one rendering keeps, each assignment counted.
const MAX_PARTS: usize = 200_000;
/// Most bytes that one rendering hands to methods of strings.
const MAX_BYTES: usize = 32 << 20;
/// Most assignments in a template's text.
const MAX_SETS: usize = 500;

thread_local! {
    /// What the rendering on this thread may still keep, in parts and in bytes.
    static LEFT: Cell<(usize, usize)> = const { Cell::new((MAX_PARTS, MAX_BYTES)) };
}

/// A new rendering begins on this thread.
pub(crate) fn begin() {
    LEFT.set((MAX_PARTS, MAX_BYTES));
}

fn too_much(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("the template {what}"))
}

fn part() -> Result<(), Error> {
    let (parts, bytes) = LEFT.get();
    let parts = parts.checked_sub(1).ok_or_else(|| too_much("keeps more than 200000 parts of values"))?;
    LEFT.set((parts, bytes));
    Ok(())
}

/// A method of strings is about to work on so many bytes.
pub(crate) fn work(bytes: usize) -> Result<(), Error> {
    let (parts, left) = LEFT.get();
    let left = left.checked_sub(bytes).ok_or_else(|| too_much("hands more than 32 MiB to methods"))?;
    LEFT.set((parts, left));
    Ok(())
}

/// Adds what guarded templates need.
pub(crate) fn install(env: &mut Environment<'static>) {
    env.add_filter(FILTER, |value: Value| keep(value));
    env.add_filter(COPIED, |value: Value| copy(&value, MAX_LEVELS));
    env.add_function("namespace", |_: &State<'_, '_>, defaults: Option<ValueOrKwargs>| {
        let Some(defaults) = defaults else { return minijinja::functions::namespace(None) };
        let (defaults,) = from_args(&[copy(&defaults.into_value(), MAX_LEVELS)?])?;
        minijinja::functions::namespace(defaults)
    });
}

/// A value for a variable: as it is where nothing in it is lazy.
fn keep(value: Value) -> Result<Value, Error> {
    Ok(if has_lazy(&value, MAX_LEVELS)? { copy(&value, MAX_LEVELS)? } else { value })
}

fn has_lazy(value: &Value, left: usize) -> Result<bool, Error> {
    let inner = |key: &Value| match value.kind() {
        ValueKind::Map => value.get_item(key),
        _ => Ok(key.clone()),
    };
    match value.kind() {
        ValueKind::Iterable => return Ok(true),
        ValueKind::Seq | ValueKind::Map => {}
        _ => return Ok(false),
    }
    deeper(left)?;
    for key in value.try_iter()? {
        part()?;
        if has_lazy(&inner(&key)?, left - 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn deeper(left: usize) -> Result<(), Error> {
    if left == 0 { Err(too_much("keeps a value of more than 32 levels")) } else { Ok(()) }
}

/// A value written out: what it shares, makes lazily or refers to is its own.
fn copy(value: &Value, left: usize) -> Result<Value, Error> {
    part()?;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            deeper(left)?;
            let items = value.try_iter()?.map(|item| copy(&item, left - 1));
            Ok(Value::from(items.collect::<Result<Vec<Value>, Error>>()?))
        }
        ValueKind::Map => {
            deeper(left)?;
            let pair = |key: Value| {
                let inner = copy(&value.get_item(&key)?, left - 1)?;
                Ok((copy(&key, left - 1)?, inner))
            };
            Ok(Value::from_pairs(value.try_iter()?.map(pair).collect::<Result<Vec<_>, Error>>()?))
        }
        _ => Ok(value.clone()),
    }
}

/// The template with every `{% set NAME = VALUE %}` as `{% set NAME = (VALUE)|__kept %}`.
/// Lines stay where they are.
///
/// # Errors
/// What of it cannot be guarded, and its line.
pub(crate) fn guarded(text: &str) -> Result<String, (String, usize)> {
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at, mut sets) = (0, 0, 0);
    while let Some(tag) = next_tag(text, at) {
        at = tag.end;
        let Some(set) = assignment(&text[tag.begin..tag.end]).filter(|_| tag.is_block) else { continue };
        let wrong = |what: &str| Err((what.to_owned(), text[..tag.begin].matches('\n').count() + 1));
        sets += 1;
        if sets > MAX_SETS {
            return wrong("more than 500 'set' in the template");
        }
        let dotted = set.targets.contains('.');
        if dotted && set.targets.contains(['|', ',', '(']) {
            return wrong("a 'set' of an attribute takes one name and one value");
        }
        // What is no expression stays as it is, for the template library to refuse.
        if let Some(value) = set.value.filter(|v| is_whole(v)) {
            let filter = if dotted { COPIED } else { FILTER };
            out.push_str(&text[copied..tag.end - value.len()]);
            out.push_str(&format!("({value})|{filter} "));
            copied = tag.end;
        }
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

struct Set<'t> {
    /// What is assigned to; with its filters where there is no value.
    targets: &'t str,
    /// None for the block form, whose value is text.
    value: Option<&'t str>,
}

/// The inside of a tag, if it is a `set`.
fn assignment(inside: &str) -> Option<Set<'_>> {
    let word = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start();
    let rest = word.strip_prefix("set")?;
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    Some(match rest.split_once('=') {
        // Behind a bar it is an argument, such as `|indent(width=4)`.
        Some((targets, value)) if !targets.contains('|') => Set { targets, value: Some(value) },
        _ => Set { targets: rest, value: None },
    })
}

/// Whether a value closes only what it opened: else parentheses around it would turn it into another.
fn is_whole(value: &str) -> bool {
    let (mut quote, mut open, mut escaped) = (None, 0_i32, false);
    for byte in value.bytes() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(end), b) => quote = (b != end).then_some(end),
            (None, b @ (b'"' | b'\'')) => quote = Some(b),
            (None, b'(' | b'[' | b'{') => open += 1,
            (None, b')' | b']' | b'}') => open -= 1,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    !value.trim().is_empty()
}

struct Tag {
    is_block: bool,
    /// Where its inside begins and ends.
    begin: usize,
    end: usize,
}

/// The next tag as the template library finds it, comments and raw text left out.
fn next_tag(text: &str, from: usize) -> Option<Tag> {
    let mut at = from;
    loop {
        at += text[at..].find('{')?;
        let begin = at + 2;
        match text.as_bytes().get(at + 1)? {
            b'#' => at = begin + text[begin..].find("#}")? + 2,
            b'%' if is_named(&text[begin..], "raw") => {
                at = begin;
                while !is_named(&text[at..], "endraw") {
                    at += text[at..].find("{%")? + 2;
                }
            }
            b'%' => return Some(Tag { is_block: true, begin, end: closing(text, begin, b"%}") }),
            b'{' => return Some(Tag { is_block: false, begin, end: closing(text, begin, b"}}") }),
            _ => at += 1,
        }
    }
}

/// Whether a block's inside is that word alone.
fn is_named(inside: &str, name: &str) -> bool {
    let blank = |c: char| c.is_ascii_whitespace();
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start_matches(blank);
    let Some(rest) = inside.strip_prefix(name) else { return false };
    let rest = rest.trim_start_matches(blank);
    rest.strip_prefix(['-', '+']).unwrap_or(rest).starts_with("%}")
}

/// Where a tag's inside ends: its mark out of quotes and brackets; the end where there is none.
fn closing(text: &str, from: usize, mark: &[u8; 2]) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut quote, mut open) = (from, None, 0_i32);
    while at < bytes.len() {
        let ends = |at: usize| bytes.get(at..at + 2) == Some(mark.as_slice());
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(end), b) => quote = (b != end).then_some(end),
            _ if open == 0 && (ends(at) || (matches!(bytes[at], b'-' | b'+') && ends(at + 1))) => return at,
            (None, b @ (b'"' | b'\'')) => quote = Some(b),
            (None, b'(' | b'[' | b'{') => open += 1,
            (None, b')' | b']' | b'}') => open -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_guarded_where_they_stand() {
        for (text, want) in [
            ("{% set a = 1 %}", "{% set a =( 1 )|__kept %}"),
            ("{%-set ns.x='%}' ~ \"\\\"%}\"-%}x", "{%-set ns.x=('%}' ~ \"\\\"%}\")|__copied -%}x"),
            ("{% set a %}x{% endset %}", "{% set a %}x{% endset %}"),
            ("{% set a | indent(width=4) %}x{% endset %}", "{% set a | indent(width=4) %}x{% endset %}"),
            ("{% settle %}{# don't {% set a = 1 %} #}", "{% settle %}{# don't {% set a = 1 %} #}"),
            (
                "{%- raw -%}{% set a = 1 %}{% endraw %}{% set b=1 %}",
                "{%- raw -%}{% set a = 1 %}{% endraw %}{% set b=(1 )|__kept %}",
            ),
            ("{{ '{#' }}{{ {'a': {}} }}{% set b=1 %}", "{{ '{#' }}{{ {'a': {}} }}{% set b=(1 )|__kept %}"),
        ] {
            assert_eq!(guarded(text).unwrap(), want);
        }
        assert_eq!(guarded("\n{% set a.b, c = 1, 2 %}").unwrap_err().1, 2);
        assert!(guarded("{% set a.b | list %}x{% endset %}").is_err());
    }

    fn rendered(text: &str) -> Result<String, Error> {
        let mut env = Environment::new();
        install(&mut env);
        begin();
        env.render_str(&guarded(text).unwrap(), ())
    }

    #[test]
    fn templates_keep_what_they_need() {
        for (text, want) in [
            (
                "{% set ns = namespace(n=0, all=[]) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% set ns.all = ns.all + [i] %}{% endfor %}{{ ns.n }} {{ ns.all }}",
                "3 [0, 1, 2]",
            ),
            ("{% set a, b = 1, [2] %}{{ a }}{{ b[0] }}", "12"),
            (
                "{% for i in [1, 2] %}{% set outer = loop %}{% for j in [1] %}{{ outer.index }}{% endfor %}{% endfor %}",
                "12",
            ),
            ("{% set m = {'b': 1, 'a': [1]} %}{{ m }}", "{'b': 1, 'a': [1]}"),
            ("{% set r = [1, 2]|reverse %}{{ r[0] }}{{ r }}", "2[2, 1]"),
        ] {
            assert_eq!(rendered(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn what_holds_itself_or_grows_without_bounds_is_an_error() {
        let grow = |step: &str| {
            format!(
                "{{% set ns = namespace(x=[1]) %}}{{% for i in range(60000) %}}{{% set ns.x = {step} %}}{{% endfor %}}{{{{ ns.x|string|length }}}}"
            )
        };
        for step in ["[ns.x, ns.x]", "[ns.x]", "{'a': ns.x}", "ns.x + [1]", "ns.x[0:] + ns.x"] {
            let why = rendered(&grow(step)).unwrap_err().to_string();
            assert!(why.contains("keeps"), "{step}: {why}");
        }
        let twice = "{% set a = [a, a] %}".repeat(40);
        let why = rendered(&format!("{twice}{{{{ a|string|length }}}}")).unwrap_err().to_string();
        assert!(why.contains("keeps"), "{why}");
        for text in ["{% set ns = namespace() %}{% set ns.x = ns) or (1 %}{{ ns }}", "{% set a = %}"] {
            assert_eq!(rendered(text).unwrap_err().kind(), ErrorKind::SyntaxError, "{text}");
        }
        // A copy of itself as it was ends.
        assert!(rendered("{% set ns=namespace() %}{% set ns.x = [ns] %}{% set ns.x = ns %}{{ ns }}").is_ok());
    }
}
