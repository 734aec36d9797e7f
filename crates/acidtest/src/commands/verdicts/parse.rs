//! Opinions of people in a file: JSON Lines, or CSV with a head line.
//!
//! Main function: [`parse`]. Pure: text in, rows with their lines out. Must not
//! know which records a run has.

use acidtest_record::{NAME_CHARS, name_of};
use serde_json::{Map, Value};

/// Most lines, and longest line in bytes.
const MAX_ROWS: usize = 1_000_000;
const MAX_LINE: usize = 1 << 20;

/// One line's fields by name.
pub(super) struct Line {
    pub no: usize,
    pub fields: Map<String, Value>,
}

impl Line {
    /// A field as text; absent when it is missing, null or blank.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = match self.fields.get(key)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(_) | Value::Bool(_) => self.fields[key].to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A field as a whole number.
    pub(super) fn number(&self, key: &str) -> Result<Option<u32>, String> {
        self.text(key)
            .map(|text| {
                text.parse().map_err(|_| format!("'{key}' must be a whole number, not '{}'", short(&text)))
            })
            .transpose()
    }

    /// A short name without control characters.
    pub(super) fn name(&self, key: &str) -> Result<Option<String>, String> {
        self.text(key).map(|text| name_of(&text).map_err(|why| format!("'{key}' {why}"))).transpose()
    }
}

/// What may be said: a number within 0..1 (after scaling), yes and no, or a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Bool(bool),
    Number(f64),
    Label(String),
}

/// Reads a value, scaled from `scale` to 0..1.
pub(super) fn value(line: &Line, scale: Option<(f64, f64)>) -> Result<Said, String> {
    let text = line.text("value").ok_or("there is no 'value'")?;
    if let Ok(number) = text.parse::<f64>() {
        let (low, high) = scale.unwrap_or((0.0, 1.0));
        if !(low..=high).contains(&number) {
            return Err(format!("value {} is outside {low}..{high}", short(&text)));
        }
        return Ok(Said::Number((number - low) / (high - low)));
    }
    Ok(match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "예" | "네" => Said::Bool(true),
        "false" | "no" | "n" | "아니요" | "아니오" => Said::Bool(false),
        _ if text.chars().count() > NAME_CHARS => {
            return Err(format!("a label is longer than {NAME_CHARS} characters"));
        }
        _ => Said::Label(text),
    })
}

/// Reads a whole file; what is wrong with single lines comes beside the rows.
pub(super) fn parse(text: &str) -> Result<Rows, String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let first = text.trim_start().chars().next().ok_or("the file is empty")?;
    let (rows, wrong) = if first == '{' { json_lines(text) } else { csv(text)? };
    if rows.len() > MAX_ROWS {
        return Err(format!("more than {MAX_ROWS} lines"));
    }
    Ok((rows, wrong))
}

type Rows = (Vec<Line>, Vec<(usize, String)>);

fn json_lines(text: &str) -> Rows {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate().take(MAX_ROWS + 1) {
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > MAX_LINE {
            wrong.push((i + 1, "longer than 1 MiB".to_owned()));
            continue;
        }
        match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(fields) => rows.push(Line { no: i + 1, fields }),
            Err(e) => wrong.push((i + 1, format!("not a JSON object: {e}"))),
        }
    }
    (rows, wrong)
}

/// CSV as RFC 4180 has it: a head line, quotes doubled within quotes, line breaks in quotes.
fn csv(text: &str) -> Result<Rows, String> {
    let mut records = records(text)?.into_iter();
    let (_, head) = records.next().ok_or("the file has no head line")?;
    if head.iter().all(|h| h.trim() != "value") {
        return Err(format!("line 1: no column 'value' among: {}", short(&head.join(", "))));
    }
    let names: Vec<&str> = head.iter().map(|h| h.trim()).collect();
    if let Some((_, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(format!("line 1: the column '{}' stands twice", short(twice)));
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (no, cells) in records {
        if cells.len() != head.len() {
            wrong.push((no, format!("{} cells, expected {}", cells.len(), head.len())));
            continue;
        }
        let fields =
            head.iter().map(|h| h.trim().to_owned()).zip(cells.into_iter().map(Value::String)).collect();
        rows.push(Line { no, fields });
    }
    Ok((rows, wrong))
}

fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut all: Vec<(usize, Vec<String>)> = Vec::new();
    let (mut cells, mut cell, mut quoted, mut line, mut began) = (Vec::new(), String::new(), false, 1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                cells.push(std::mem::take(&mut cell));
                let done = std::mem::take(&mut cells);
                if done.iter().any(|c| !c.is_empty()) {
                    all.push((began, done));
                }
                began = line;
            }
            c => cell.push(c),
        }
        if cell.len() > MAX_LINE || all.len() > MAX_ROWS + 1 {
            return Err(format!("line {line}: longer than 1 MiB, or more than {MAX_ROWS} lines"));
        }
    }
    if quoted {
        return Err(format!("line {began}: a quote is never closed"));
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        all.push((began, cells));
    }
    Ok(all)
}

/// A text cut for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_and_csv_say_the_same() {
        let json =
            "{\"case\": \"a\", \"value\": true, \"person\": \"p1\"}\n\n{\"case\": \"b\", \"value\": 0.5}\n";
        let csv = "case,value,person\r\na,true,p1\nb,0.5,\n";
        for text in [json, csv] {
            let (rows, wrong) = parse(text).unwrap();
            assert!(wrong.is_empty());
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0].text("person").as_deref(), Some("p1"));
            assert_eq!(value(&rows[0], None), Ok(Said::Bool(true)));
            assert_eq!(value(&rows[1], None), Ok(Said::Number(0.5)));
            assert_eq!(rows[1].text("person"), None);
        }
    }

    #[test]
    fn csv_has_quotes_and_line_breaks() {
        let (rows, _) = parse("case,value,note\na,1,\"he said \"\"no\"\",\nthen yes\"\nb,0,x\n").unwrap();
        assert_eq!(rows[0].text("note").as_deref(), Some("he said \"no\",\nthen yes"));
        assert_eq!(rows[1].no, 4);
    }

    #[test]
    fn bad_files_and_lines_are_named() {
        for text in ["", "a,b\n1,2\n", "case,value\n\"a,1\n", "case,value,person, value\na,1,p,0\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let (rows, wrong) = parse("{\"case\": 1}\n{oops\n[1]\n").unwrap();
        assert_eq!((rows.len(), wrong.len()), (1, 2));
        assert_eq!(wrong[0].0, 2);
        let (_, wrong) = parse("case,value\na\n").unwrap();
        assert!(wrong[0].1.contains("expected 2"));
        let line = |v: &str| Line { no: 1, fields: Map::from_iter([("value".to_owned(), Value::from(v))]) };
        assert!(value(&line("3"), None).unwrap_err().contains("outside 0..1"));
        assert_eq!(value(&line("3"), Some((1.0, 5.0))), Ok(Said::Number(0.5)));
        assert_eq!(value(&line("helpful"), None), Ok(Said::Label("helpful".into())));
        assert!(value(&line("NaN"), None).is_err());
    }
}
