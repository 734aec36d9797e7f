//! Segments from files: lines, JSON Lines, CSV and TSV, one after the other.
//!
//! Main types: [`Reader`], a file; [`Segment`], what one place of it holds. Each byte is checked
//! once. Must not know metrics.

use crate::exit::{Exit, Failure};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longest line.
const MAX_LINE: u64 = 64 << 20;

/// Forms of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// A segment on each line.
    Text,
    /// A JSON object on each line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
}

impl Form {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("jsonl" | "ndjson") => Form::Jsonl,
            Some("csv") => Form::Csv,
            Some("tsv") => Form::Tsv,
            _ => Form::Text,
        }
    }
}

/// Names of fields.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub prediction: String,
    pub reference: String,
    pub id: String,
    pub cluster: String,
    pub by: Vec<String>,
}

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Predictions alone.
    Predictions,
    /// Predictions with their references.
    Both,
    /// References alone.
    References,
}

/// One segment.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// Where it stands, from 1.
    pub line: u64,
    pub prediction: String,
    pub references: Vec<String>,
    pub id: Option<String>,
    pub cluster: Option<String>,
    pub tags: Vec<Option<String>>,
}

enum Inner {
    Lines(Box<dyn BufRead>),
    Table { reader: Box<csv::Reader<Box<dyn BufRead>>>, header: Vec<String> },
}

/// A file that is read segment by segment.
pub(crate) struct Reader {
    pub name: String,
    form: Form,
    role: Role,
    fields: Fields,
    inner: Inner,
    line: u64,
    buffer: Vec<u8>,
    crlf: u64,
    lf: u64,
    bom: bool,
    /// Segments that were read.
    pub segments: u64,
}

fn unread(name: &str, e: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{name}'")))
}

impl Reader {
    /// Opens a file, or standard input for `-`.
    pub(crate) fn open(
        path: &PathBuf,
        form: Option<Form>,
        role: Role,
        fields: &Fields,
    ) -> Result<Self, Failure> {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let form = form.unwrap_or_else(|| Form::of(path));
        if form == Form::Text && role == Role::Both {
            return Err(Failure::usage(format!("'{name}' holds lines, which have no references")).hint(
                "name the files of references: --references FILE (or give JSON Lines or CSV with both)",
            ));
        }
        let mut text: Box<dyn BufRead> = match is_stdin {
            true => Box::new(BufReader::with_capacity(1 << 16, std::io::stdin())),
            false => {
                let file = File::open(path).map_err(|e| unread(&name, e))?;
                Box::new(BufReader::with_capacity(1 << 16, file))
            }
        };
        let bom = text.fill_buf().map_err(|e| unread(&name, e))?.starts_with(b"\xef\xbb\xbf");
        if bom {
            text.consume(3);
        }
        let inner = match form {
            Form::Text | Form::Jsonl => Inner::Lines(text),
            Form::Csv | Form::Tsv => table(text, form, &name)?,
        };
        let fields = fields.clone();
        let (line, buffer) = (0, Vec::new());
        let reader = Self { name, form, role, fields, inner, line, buffer, crlf: 0, lf: 0, bom, segments: 0 };
        reader.check_header()?;
        Ok(reader)
    }

    fn check_header(&self) -> Result<(), Failure> {
        let Inner::Table { header, .. } = &self.inner else { return Ok(()) };
        if let Some((_, twice)) = header.iter().enumerate().find(|(i, h)| header[..*i].contains(h)) {
            return Err(Failure::usage(format!("{}:1: two columns are called '{twice}'", self.name))
                .hint("give every column a name of its own"));
        }
        let needed = [
            (self.role != Role::References).then_some((&self.fields.prediction, "--prediction-field")),
            (self.role != Role::Predictions).then_some((&self.fields.reference, "--reference-field")),
        ];
        for (name, option) in needed.into_iter().flatten() {
            if !header.contains(name) {
                return Err(Failure::usage(format!("{}:1: no column '{name}'", self.name))
                    .hint(format!("columns: {}; another one is named by {option}", header.join(", "))));
            }
        }
        Ok(())
    }

    /// Puts the next segment into `out`; `false` at the end.
    pub(crate) fn next(&mut self, out: &mut Segment) -> Result<bool, Failure> {
        out.references.clear();
        (out.id, out.cluster) = (None, None);
        out.tags.clear();
        let more = match (self.form, &mut self.inner) {
            (Form::Text, _) => self.next_line(out)?,
            (Form::Jsonl, _) => self.next_object(out)?,
            (_, Inner::Table { .. }) => self.next_row(out)?,
            _ => false,
        };
        self.segments += u64::from(more);
        out.line = self.line;
        Ok(more)
    }

    /// The next line without its end; `false` where there is none.
    fn fill(&mut self) -> Result<bool, Failure> {
        let Inner::Lines(text) = &mut self.inner else { return Ok(false) };
        self.buffer.clear();
        let read = text.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|e| unread(&self.name, e))?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        if read as u64 > MAX_LINE {
            return Err(Failure::usage(format!(
                "{}:{}: the line is longer than 64 MiB",
                self.name, self.line
            ))
            .hint("is this a file of segments, one on each line?"));
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
            if self.buffer.last() == Some(&b'\r') {
                self.buffer.pop();
                self.crlf += 1;
            } else {
                self.lf += 1;
            }
        }
        Ok(true)
    }

    fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.buffer).map_err(|e| {
            let at = e.valid_up_to() + 1;
            Failure::usage(format!("{}:{}: byte {at} of the line is not UTF-8", self.name, self.line))
                .hint("convert the file first, such as: iconv -f CP949 -t UTF-8")
        })
    }

    fn next_line(&mut self, out: &mut Segment) -> Result<bool, Failure> {
        if !self.fill()? {
            return Ok(false);
        }
        let text = self.text()?;
        if self.role == Role::References {
            out.references.push(text.to_owned());
        } else {
            out.prediction.clear();
            out.prediction.push_str(text);
        }
        Ok(true)
    }

    fn next_object(&mut self, out: &mut Segment) -> Result<bool, Failure> {
        loop {
            if !self.fill()? {
                return Ok(false);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let place = |what: String| Failure::usage(format!("{}:{}: {what}", self.name, self.line));
        let value: Value = serde_json::from_str(self.text()?)
            .map_err(|e| place(format!("no JSON: {e}")).hint("JSON Lines have one object on each line"))?;
        let Value::Object(mut object) = value else {
            return Err(
                place("no JSON object".to_owned()).hint("such as {\"prediction\": …, \"references\": […]}")
            );
        };
        let fields = &self.fields;
        let scalar = |value: Option<&Value>| match value {
            Some(Value::String(s)) => Some(s.clone()),
            None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => None,
            Some(other) => Some(other.to_string()),
        };
        out.id = scalar(object.get(&fields.id));
        out.cluster = scalar(object.get(&fields.cluster));
        out.tags.extend(fields.by.iter().map(|name| scalar(object.get(name))));
        let missing = |name: &str, option: &str| {
            place(format!("no field '{name}' with a text"))
                .hint(format!("another field is named by {option}"))
        };
        if self.role != Role::References {
            match object.remove(&fields.prediction) {
                Some(Value::String(text)) => out.prediction = text,
                _ => return Err(missing(&fields.prediction, "--prediction-field")),
            }
        }
        if self.role != Role::Predictions {
            match object.remove(&fields.reference) {
                Some(Value::String(text)) => out.references.push(text),
                Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
                    let text = |v| if let Value::String(text) = v { Some(text) } else { None };
                    out.references.extend(all.into_iter().filter_map(text));
                }
                _ => return Err(missing(&fields.reference, "--reference-field")),
            }
        }
        Ok(true)
    }

    fn next_row(&mut self, out: &mut Segment) -> Result<bool, Failure> {
        let Inner::Table { reader, header } = &mut self.inner else { return Ok(false) };
        let mut record = csv::StringRecord::new();
        let more = reader.read_record(&mut record).map_err(|e| not_a_table(&self.name, &e))?;
        self.line = record.position().map_or(self.line, csv::Position::line);
        if !more {
            return Ok(false);
        }
        let cell = |name: &str| header.iter().position(|h| h == name).and_then(|i| record.get(i));
        let some = |name: &str| cell(name).filter(|c| !c.is_empty()).map(str::to_owned);
        (out.id, out.cluster) = (some(&self.fields.id), some(&self.fields.cluster));
        out.tags.extend(self.fields.by.iter().map(|name| some(name)));
        let missing = |name: &str| {
            Failure::usage(format!("{}:{}: the row has no cell '{name}'", self.name, self.line))
                .hint("every row needs as many cells as the header")
        };
        if self.role != Role::References {
            out.prediction.clear();
            out.prediction
                .push_str(cell(&self.fields.prediction).ok_or_else(|| missing(&self.fields.prediction))?);
        }
        if self.role != Role::Predictions {
            let text = cell(&self.fields.reference).ok_or_else(|| missing(&self.fields.reference))?;
            out.references.push(text.to_owned());
        }
        Ok(true)
    }

    /// What a reader of the result must know of the file.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.bom {
            all.push(format!("{}: a byte order mark at the beginning was left out", self.name));
        }
        match (self.crlf, self.lf) {
            (0, _) => {}
            (crlf, 0) => {
                all.push(format!("{}: lines end in CR LF ({crlf}): the CR is not part of them", self.name))
            }
            (crlf, lf) => all.push(format!(
                "{}: mixed line ends: {crlf} lines end in CR LF and {lf} in LF; the CR is not part of them",
                self.name
            )),
        }
        all
    }
}

fn table(text: Box<dyn BufRead>, form: Form, name: &str) -> Result<Inner, Failure> {
    let delimiter = if form == Form::Csv { b',' } else { b'\t' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(true).flexible(true).from_reader(text);
    let header = reader.headers().map_err(|e| not_a_table(name, &e))?;
    let header = header.iter().map(str::to_owned).collect();
    Ok(Inner::Table { reader: Box::new(reader), header })
}

fn not_a_table(name: &str, e: &csv::Error) -> Failure {
    let place = e.position().map_or(String::new(), |p| format!(":{}", p.line()));
    let what = match e.kind() {
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => e.to_string(),
    };
    Failure::usage(format!("{name}{place}: {what}")).hint("a table needs a header line and UTF-8")
}
