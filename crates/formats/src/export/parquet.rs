//! One row a record, as Parquet.
//!
//! Main function: [`parquet_rows`]. Times are nanoseconds of the record's clock;
//! what was not observed is null.

use super::{ExportError, RunView};
use acidtest_record::{Finish, Outcome, OutcomeClass, Record, Role, Row, Value};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of one row group.
const GROUP: usize = 50_000;

/// What one column takes from a row.
enum Column {
    Int(&'static str, fn(&Line<'_>) -> Option<i64>),
    Double(&'static str, fn(&Line<'_>) -> Option<f64>),
    Bool(&'static str, fn(&Line<'_>) -> Option<bool>),
    Text(&'static str, fn(&Line<'_>) -> Option<String>),
}

/// A record with what belongs to it.
struct Line<'a> {
    view: &'a RunView<'a>,
    record: &'a Record,
    row: Row,
    case: Option<&'a acidtest_record::Case>,
    correct: Option<bool>,
}

const COLUMNS: [Column; 31] = [
    Column::Text("run", |l| Some(l.record.key.run.to_string())),
    Column::Int("slot", |l| Some(i64::from(l.record.key.slot))),
    Column::Int("step", |l| Some(i64::from(l.record.key.step))),
    Column::Int("attempt", |l| Some(i64::from(l.record.key.attempt))),
    Column::Text("target", |l| l.view.spec.targets.get(usize::from(l.record.target)).map(|t| t.name.clone())),
    Column::Text("phase", |l| l.view.spec.phases.get(usize::from(l.record.phase)).map(|p| p.name.clone())),
    Column::Text("prompt", |l| l.view.spec.prompts.get(usize::from(l.record.prompt)).map(|p| p.name.clone())),
    Column::Text("case", |l| l.case.map(|c| c.id.clone())),
    Column::Text("case_hash", |l| l.record.case.map(|h| h.to_string())),
    Column::Text("expected", |l| l.case.and_then(|c| c.expected.first().cloned())),
    Column::Int("repeat", |l| Some(i64::from(l.record.repeat))),
    Column::Bool("warmup", |l| Some(matches!(l.record.role, Role::Warmup | Role::Cooldown))),
    Column::Text("outcome", |l| Some(class(l.row.class).0.to_owned())),
    Column::Text("cause", |l| class(l.row.class).1.map(str::to_owned)),
    Column::Int("status", |l| {
        l.record.head.as_ref().map(|h| i64::from(h.status)).or_else(|| status(l.record))
    }),
    Column::Text("finish", |l| finish(l.record)),
    Column::Bool("stream", |l| Some(l.row.stream)),
    Column::Int("clock", |l| Some(i64::from(l.row.clock))),
    Column::Int("intended_ns", |l| Some(l.row.intended.0)),
    Column::Int("sent_ns", |l| l.row.sent.map(|t| t.0)),
    Column::Int("first_ns", |l| l.row.first.map(|t| t.0)),
    Column::Int("last_ns", |l| l.row.last.map(|t| t.0)),
    Column::Int("ended_ns", |l| l.row.ended.map(|t| t.0)),
    Column::Double("ttft_s", |l| Some((l.row.first? - l.row.sent?).secs())),
    Column::Double("e2e_s", |l| Some((l.row.body_end.or(l.row.ended)? - l.row.sent?).secs())),
    Column::Int("input_tokens", |l| l.row.input.map(i64::from)),
    Column::Int("output_tokens", |l| l.row.output.map(i64::from)),
    Column::Int("cached_tokens", |l| l.row.cached.map(i64::from)),
    Column::Int("reasoning_tokens", |l| l.row.reasoning.map(i64::from)),
    Column::Bool("correct", |l| l.correct),
    Column::Text("text", |l| Some(l.record.answer.text())),
];

/// The file's bytes.
///
/// # Errors
/// The Parquet writer refuses.
pub fn parquet_rows(view: &RunView<'_>) -> Result<Vec<u8>, ExportError> {
    write(view).map_err(|e| ExportError {
        what: format!("cannot write Parquet: {e}"),
        hint: "export it as jsonl, and report this".into(),
    })
}

fn write(view: &RunView<'_>) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(&schema())?);
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let cases: HashMap<_, _> = view.cases.iter().map(|c| (c.hash, c)).collect();
    let opinions = view.opinions();
    let lines: Vec<Line<'_>> = view
        .records
        .iter()
        .map(|record| Line {
            view,
            record,
            row: Row::of(record),
            case: record.case.and_then(|h| cases.get(&h).copied()),
            correct: opinions.get(&(record.key, "correct")).and_then(|v| match v.value {
                Some(Value::Bool(b)) => Some(b),
                _ => None,
            }),
        })
        .collect();
    for group in lines.chunks(GROUP) {
        let mut rows = writer.next_row_group()?;
        for column in &COLUMNS {
            let Some(mut out) = rows.next_column()? else { break };
            match column {
                Column::Int(_, of) => put::<Int64Type>(&mut out, group.iter().map(of))?,
                Column::Double(_, of) => put::<DoubleType>(&mut out, group.iter().map(of))?,
                Column::Bool(_, of) => put::<BoolType>(&mut out, group.iter().map(of))?,
                Column::Text(_, of) => {
                    let texts = group.iter().map(|l| of(l).map(|t| ByteArray::from(t.into_bytes())));
                    put::<ByteArrayType>(&mut out, texts)?;
                }
            }
            out.close()?;
        }
        rows.close()?;
    }
    writer.into_inner()
}

fn schema() -> String {
    let fields = COLUMNS.iter().map(|column| match column {
        Column::Int(name, _) => format!("OPTIONAL INT64 {name};"),
        Column::Double(name, _) => format!("OPTIONAL DOUBLE {name};"),
        Column::Bool(name, _) => format!("OPTIONAL BOOLEAN {name};"),
        Column::Text(name, _) => format!("OPTIONAL BYTE_ARRAY {name} (UTF8);"),
    });
    format!("message acidtest {{ {} }}", fields.collect::<String>())
}

/// Values that are there, and for each row whether one is.
fn put<T: DataType>(
    out: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut there, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        there.extend(value);
    }
    out.typed::<T>().write_batch(&there, Some(&levels), None).map(|_| ())
}

fn class(class: OutcomeClass) -> (&'static str, Option<&'static str>) {
    match class {
        OutcomeClass::Complete => ("complete", None),
        OutcomeClass::Truncated => ("truncated", None),
        OutcomeClass::Filtered => ("filtered", None),
        OutcomeClass::Empty => ("empty", None),
        OutcomeClass::Failed(cause) => ("failed", Some(cause.id())),
        OutcomeClass::NotSent(reason) => ("not_sent", Some(reason.id())),
    }
}

fn status(record: &Record) -> Option<i64> {
    match record.outcome {
        Outcome::Failed { status, .. } => status.map(i64::from),
        _ => None,
    }
}

fn finish(record: &Record) -> Option<String> {
    let Outcome::Completed { finish } = &record.outcome else { return None };
    Some(match finish {
        Finish::Stop => "stop".into(),
        Finish::Length => "length".into(),
        Finish::Filter => "filter".into(),
        Finish::ToolCalls => "tool_calls".into(),
        Finish::Other(word) => word.clone(),
        Finish::Unsaid => return None,
    })
}
