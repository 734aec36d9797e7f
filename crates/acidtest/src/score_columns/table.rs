//! Columns of CSV, TSV and JSON Lines files, and lines of plain text, each cell with its line.
//!
//! Main type: [`Columns`]. Must not know what a column means.

use crate::exit::Failure;
pub(super) use acidtest_findings::scored::sheet::brief;
use csv::ReaderBuilder;
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 30;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Separated by this byte, with a header.
    Separated(u8),
    /// One JSON object per line.
    JsonLines,
    /// Anything else.
    Text,
}

/// The form that a file's name says.
pub(super) fn form(path: &Path) -> Form {
    let end = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    match end.as_str() {
        "csv" => Form::Separated(b','),
        "tsv" | "tab" => Form::Separated(b'\t'),
        "jsonl" | "ndjson" | "json" => Form::JsonLines,
        _ => Form::Text,
    }
}

/// A file in memory.
pub(super) struct File {
    /// Its name, as errors show it.
    pub name: String,
    pub form: Form,
    text: String,
}

/// Some columns of a file.
#[derive(Debug)]
pub(super) struct Columns {
    file: String,
    /// Line of each row, from 1.
    lines: Vec<u64>,
    /// One list of cells for each field that was asked for.
    cells: Vec<Vec<Value>>,
}

impl File {
    /// Reads a file: UTF-8, at most 1 GiB.
    pub fn open(path: &Path) -> Result<File, Failure> {
        let name = path.display().to_string();
        let trouble = |why: String| Failure::usage(format!("cannot read '{name}': {why}"));
        let opened = std::fs::File::open(path).map_err(|e| trouble(e.to_string()))?;
        let mut bytes = Vec::new();
        opened.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| trouble(e.to_string()))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(trouble("it is longer than 1 GiB".into()));
        }
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(File { form: form(path), name, text }),
            Err(e) => {
                let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
                let line = good.iter().filter(|b| **b == b'\n').count() as u64 + 1;
                Err(at(&name, line, "the text is not UTF-8")
                    .hint("is it the right file? Convert it to UTF-8 if it is"))
            }
        }
    }

    #[cfg(test)]
    pub fn of(name: &str, text: &str) -> File {
        File { name: name.to_owned(), form: form(Path::new(name)), text: text.to_owned() }
    }

    /// Lines of a plain text with their numbers; an empty last one is none.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        let text = self.text.strip_suffix('\n').unwrap_or(&self.text);
        let count = if self.text.is_empty() { 0 } else { usize::MAX };
        text.split('\n')
            .take(count)
            .enumerate()
            .map(|(i, l)| (i as u64 + 1, l.strip_suffix('\r').unwrap_or(l)))
    }

    /// Names of the fields, of the first row.
    pub fn fields(&self) -> Result<Vec<String>, Failure> {
        match self.form {
            Form::Text => Ok(Vec::new()),
            Form::Separated(by) => {
                let mut reader =
                    ReaderBuilder::new().delimiter(by).flexible(true).from_reader(self.text.as_bytes());
                let header = reader.headers().map_err(|e| self.csv_trouble(&e))?;
                Ok(header.iter().map(|f| f.trim().to_owned()).collect())
            }
            Form::JsonLines => match self.lines().find(|(_, l)| !l.trim().is_empty()) {
                None => Ok(Vec::new()),
                Some((number, line)) => match self.object(number, line)? {
                    Value::Object(map) => Ok(map.keys().cloned().collect()),
                    _ => Ok(Vec::new()),
                },
            },
        }
    }

    /// The columns of these names; of a plain text the lines are the only column.
    pub fn columns(&self, names: &[&str]) -> Result<Columns, Failure> {
        let mut found =
            Columns { file: self.name.clone(), lines: vec![], cells: vec![Vec::new(); names.len()] };
        match self.form {
            Form::Text => {
                for (number, line) in self.lines() {
                    found.lines.push(number);
                    found.cells.iter_mut().for_each(|c| c.push(Value::String(line.to_owned())));
                }
            }
            Form::Separated(by) => self.separated(by, names, &mut found)?,
            Form::JsonLines => self.objects(names, &mut found)?,
        }
        if found.lines.is_empty() {
            return Err(Failure::usage(format!("{}: there is no row", self.name)));
        }
        Ok(found)
    }

    fn separated(&self, by: u8, names: &[&str], found: &mut Columns) -> Result<(), Failure> {
        let fields = self.fields()?;
        if let Some(twice) = fields.iter().enumerate().find(|(i, f)| fields[..*i].contains(f)) {
            return Err(at(&self.name, 1, &format!("two columns are called '{}'", brief(twice.1))));
        }
        let places: Vec<usize> = names.iter().map(|n| self.place(&fields, n)).collect::<Result<_, _>>()?;
        let mut reader = ReaderBuilder::new().delimiter(by).flexible(true).from_reader(self.text.as_bytes());
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| self.csv_trouble(&e))? {
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() != fields.len() {
                let what = format!("{} cells, expected {} as in the header", record.len(), fields.len());
                return Err(at(&self.name, line, &what).hint(
                    "a cell that holds a separator needs quotes; a quote that is opened must be closed",
                ));
            }
            found.lines.push(line);
            for (cells, place) in found.cells.iter_mut().zip(&places) {
                cells.push(Value::String(record.get(*place).unwrap_or_default().to_owned()));
            }
        }
        self.closed(found)
    }

    /// A quote that is opened in the last record and never closed swallows what follows.
    fn closed(&self, found: &Columns) -> Result<(), Failure> {
        let Some(last) = found.lines.last() else { return Ok(()) };
        let rest = self.lines().skip(*last as usize - 1).map(|(_, l)| l.matches('"').count()).sum::<usize>();
        if rest % 2 == 0 {
            return Ok(());
        }
        Err(at(&self.name, *last, "a quote is opened here and never closed")
            .hint("a quote within a quoted cell is written twice"))
    }

    fn place(&self, fields: &[String], name: &str) -> Result<usize, Failure> {
        fields.iter().position(|f| f == name).ok_or_else(|| self.no_field(1, name, fields))
    }

    fn no_field(&self, line: u64, name: &str, fields: &[String]) -> Failure {
        let known: Vec<String> = fields.iter().take(20).map(|f| brief(f)).collect();
        at(&self.name, line, &format!("there is no field '{}'", brief(name)))
            .hint(format!("fields: {}; name another by a flag such as --label-field", known.join(" ")))
    }

    fn csv_trouble(&self, e: &csv::Error) -> Failure {
        let line = e.position().map_or(1, csv::Position::line);
        at(&self.name, line, "the record cannot be read")
    }

    fn object(&self, number: u64, line: &str) -> Result<Value, Failure> {
        let value: Value = serde_json::from_str(line).map_err(|e| {
            let what = format!("no JSON: {}", e.to_string().split(" at line").next().unwrap_or_default());
            at(&self.name, number, &what).hint("each line is one JSON object")
        })?;
        match value {
            Value::Object(_) => Ok(value),
            other => Err(at(&self.name, number, &format!("{}, expected a JSON object", shown(&other)))),
        }
    }

    fn objects(&self, names: &[&str], found: &mut Columns) -> Result<(), Failure> {
        for (number, line) in self.lines().filter(|(_, l)| !l.trim().is_empty()) {
            let Value::Object(mut map) = self.object(number, line)? else { continue };
            found.lines.push(number);
            for (i, (cells, name)) in found.cells.iter_mut().zip(names).enumerate() {
                // The same field may be asked for twice.
                let again = names[i + 1..].contains(name);
                let cell = if again { map.get(*name).cloned() } else { map.shift_remove(*name) };
                match cell {
                    Some(value) => cells.push(value),
                    None => {
                        let fields: Vec<String> = map.keys().cloned().collect();
                        return Err(self.no_field(number, name, &fields));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Columns {
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The line of a row.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).copied().unwrap_or(0)
    }

    /// An error about a row.
    pub fn error(&self, row: usize, what: &str) -> Failure {
        at(&self.file, self.line(row), what)
    }

    /// Cells as labels: text as it is, numbers and true/false in their JSON form.
    pub fn labels(&self, column: usize) -> Result<Vec<String>, Failure> {
        let one = |(row, cell): (usize, &Value)| match cell {
            Value::String(text) => Ok(text.clone()),
            Value::Number(n) => Ok(n.to_string()),
            Value::Bool(b) => Ok(b.to_string()),
            other => Err(self.error(row, &format!("{}, expected a label", shown(other)))),
        };
        self.cells[column].iter().enumerate().map(one).collect()
    }

    /// Cells as finite numbers.
    pub fn numbers(&self, column: usize) -> Result<Vec<f64>, Failure> {
        let one = |(row, cell): (usize, &Value)| number(cell).map_err(|what| self.error(row, &what));
        self.cells[column].iter().enumerate().map(one).collect()
    }

    /// Cells as whole numbers from 0.
    pub fn counts(&self, column: usize) -> Result<Vec<u64>, Failure> {
        let one = |(row, x): (usize, &f64)| match *x {
            x if x >= 0.0 && x.fract() == 0.0 && x < 9e15 => Ok(x as u64),
            x => Err(self.error(row, &format!("{x}, expected a whole number from 0"))),
        };
        self.numbers(column)?.iter().enumerate().map(one).collect()
    }

    /// Cells as yes or no: true, false, 1, 0.
    pub fn yes_no(&self, column: usize) -> Result<Vec<bool>, Failure> {
        let one = |(row, cell): (usize, &Value)| {
            let text = match cell {
                Value::String(text) => text.trim().to_ascii_lowercase(),
                other => other.to_string(),
            };
            match text.as_str() {
                "true" | "1" | "1.0" => Ok(true),
                "false" | "0" | "0.0" => Ok(false),
                _ => Err(self.error(row, &format!("{}, expected true, false, 1 or 0", shown(cell)))),
            }
        };
        self.cells[column].iter().enumerate().map(one).collect()
    }

    /// Cells as JSON; text is read as JSON.
    pub fn json(&self, column: usize) -> Result<Vec<Value>, Failure> {
        let one = |(row, cell): (usize, &Value)| match cell {
            Value::String(text) => serde_json::from_str(text)
                .map_err(|_| self.error(row, &format!("{}, expected a list of numbers", shown(cell)))),
            other => Ok(other.clone()),
        };
        self.cells[column].iter().enumerate().map(one).collect()
    }
}

/// A finite number, or what is wrong.
pub(super) fn number(cell: &Value) -> Result<f64, String> {
    let found = match cell {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match found {
        Some(x) if x.is_finite() => Ok(x),
        _ => Err(format!("{}, expected a finite number", shown(cell))),
    }
}

/// An error at a place.
pub(super) fn at(file: &str, line: u64, what: &str) -> Failure {
    Failure::usage(format!("{file}:{line}: {what}"))
}

/// A value in an error.
pub(super) fn shown(cell: &Value) -> String {
    match cell {
        Value::String(text) => format!("'{}'", brief(text)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::Null => "null".into(),
        other => brief(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, text: &str, fields: &[&str]) -> String {
        File::of(name, text).columns(fields).unwrap_err().words()
    }

    #[test]
    fn every_form_gives_the_same_columns() {
        for (name, text) in [
            ("a.csv", "id,label\n1,\"x, y\"\n2,b\n"),
            ("a.tsv", "id\tlabel\r\n1\tx, y\r\n2\tb\r\n"),
            ("a.jsonl", "{\"id\":1,\"label\":\"x, y\"}\n\n{\"label\":\"b\",\"id\":2}"),
        ] {
            let columns = File::of(name, text).columns(&["label", "id"]).unwrap();
            assert_eq!(columns.labels(0).unwrap(), ["x, y", "b"], "{name}");
            assert_eq!(columns.counts(1).unwrap(), [1, 2], "{name}");
        }
        let lines = File::of("a.txt", "x\n\ny\n").columns(&[""]).unwrap();
        assert_eq!(lines.labels(0).unwrap(), ["x", "", "y"]);
    }

    #[test]
    fn trouble_names_its_place() {
        assert!(said("a.csv", "a,b\n1,2\n3\n", &["a"]).contains("a.csv:3: 1 cells, expected 2"));
        assert!(said("a.csv", "a,b\n1,2\n3,\"4\n", &["a"]).contains("a.csv:3: a quote is opened"));
        assert!(said("a.csv", "a,a\n1,2\n", &["a"]).contains("two columns"));
        assert!(said("a.csv", "a,b\n", &["a"]).contains("no row"));
        assert!(said("a.txt", "", &[""]).contains("no row"));
        assert!(
            said("a.jsonl", "{\"a\":1}\n{\"b\":1}\n", &["a"]).contains("a.jsonl:2: there is no field 'a'")
        );
        assert!(said("a.jsonl", "{\"a\":1}\n[1]\n", &["a"]).contains("a.jsonl:2: a list, expected"));
        assert!(said("a.jsonl", "{\"a\":1}\n{x\n", &["a"]).contains("a.jsonl:2: no JSON"));
    }

    #[test]
    fn cells_are_what_they_should_be() {
        let file = File::of("a.csv", "s,c\nNaN,yes\n1e999,0\n");
        let columns = file.columns(&["s", "c"]).unwrap();
        assert!(columns.numbers(0).unwrap_err().words().contains("a.csv:2: 'NaN', expected a finite number"));
        assert!(columns.yes_no(1).unwrap_err().words().contains("'yes', expected true, false"));
    }
}
