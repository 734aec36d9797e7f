//! Parquet files, row by row.
//!
//! Main function: [`each_row`]. Nested values become JSON. The library may panic on
//! a file that was made to break it: such a panic is caught and is an error like any
//! other. Must not know what the columns mean.

use crate::data::Line;
use crate::error::SuiteError;
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::{Map, Number, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Longest footer, in bytes.
const MAX_FOOTER: u64 = 64 << 20;
/// Most bytes that the columns may become when they are unpacked.
const MAX_UNPACKED: i64 = 4 << 30;
/// Most columns.
const MAX_COLUMNS: usize = 4096;
/// Most rows.
const MAX_ROWS: i64 = 50_000_000;
/// Deepest nesting of a value.
const MAX_DEPTH: usize = 48;
/// Rows that are read at once.
const BATCH: usize = 256;

/// Calls `take` for every row.
pub(crate) fn each_row(
    file: &str,
    bytes: Vec<u8>,
    take: &mut dyn FnMut(Line<'_>) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    let wrong = |what: String| {
        SuiteError::of_file(file, format!("not a readable Parquet file: {what}"))
            .hint("is the file whole, and is it Parquet? a Git LFS pointer is not")
    };
    check_frame(&bytes).map_err(wrong)?;
    let reader = guarded(|| open(bytes)).map_err(wrong)?;
    let mut rows: RowIter<'_> = guarded(|| reader.get_row_iter(None).map_err(words)).map_err(wrong)?;
    let mut number = 0u32;
    loop {
        let mut batch: Vec<Map<String, Value>> = Vec::with_capacity(BATCH);
        guarded(|| {
            for row in rows.by_ref().take(BATCH) {
                batch.push(object(&row.map_err(words)?, 0)?);
            }
            Ok(())
        })
        .map_err(|what| wrong(format!("{what}, after row {number}")))?;
        let is_last = batch.len() < BATCH;
        for fields in batch {
            number += 1;
            let text = Value::Object(fields.clone()).to_string();
            take(Line { file, number, text: &text, fields, is_table: true })?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// The marks at both ends, and a footer that fits between them.
fn check_frame(bytes: &[u8]) -> Result<(), String> {
    let mark = b"PAR1";
    if !bytes.starts_with(mark) {
        return Err("it does not begin with PAR1".to_owned());
    }
    if bytes.ends_with(b"PARE") {
        return Err("it is encrypted".to_owned());
    }
    let Some(tail) = bytes.len().checked_sub(8).filter(|at| *at >= 4 && bytes.ends_with(mark)) else {
        return Err("it does not end with PAR1".to_owned());
    };
    let length = bytes[tail..tail + 4].try_into().map(u32::from_le_bytes).unwrap_or(u32::MAX);
    if u64::from(length) > MAX_FOOTER || length as usize > tail - 4 {
        return Err(format!("its footer of {length} bytes does not fit"));
    }
    crate::thrift::check_depth(&bytes[tail - length as usize..tail], MAX_DEPTH)
}

fn open(bytes: Vec<u8>) -> Result<SerializedFileReader<Bytes>, String> {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(words)?;
    let meta = reader.metadata();
    let file = meta.file_metadata();
    if file.num_rows() > MAX_ROWS {
        return Err(format!("{} rows, more than {MAX_ROWS}", file.num_rows()));
    }
    if file.schema_descr().num_columns() > MAX_COLUMNS {
        return Err(format!("{} columns, more than {MAX_COLUMNS}", file.schema_descr().num_columns()));
    }
    let unpacked = meta.row_groups().iter().try_fold(0i64, |sum, g| sum.checked_add(g.total_byte_size()));
    match unpacked {
        Some(size) if (0..=MAX_UNPACKED).contains(&size) => Ok(reader),
        _ => Err("its columns become more than 4 GiB when unpacked".to_owned()),
    }
}

/// What the library says, in one line.
fn words(error: parquet::errors::ParquetError) -> String {
    crate::error::brief(&error.to_string())
}

/// Runs a step of the library; a panic in it becomes an error.
fn guarded<T>(step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // The hook is the whole process's: one at a time may put another in its place.
    static HOOK: Mutex<()> = Mutex::new(());
    let _alone = HOOK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(step));
    std::panic::set_hook(hook);
    done.unwrap_or_else(|_| Err("its contents contradict each other".to_owned()))
}

fn object(row: &Row, depth: usize) -> Result<Map<String, Value>, String> {
    row.get_column_iter().map(|(name, field)| Ok((name.clone(), value(field, depth)?))).collect()
}

fn value(field: &Field, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("values nested more than 48 deep".to_owned());
    }
    let float = |x: f64| Number::from_f64(x).map_or(Value::Null, Value::Number);
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(b) => Value::Bool(*b),
        Field::Byte(n) => Value::from(*n),
        Field::Short(n) => Value::from(*n),
        Field::Int(n) => Value::from(*n),
        Field::Long(n) => Value::from(*n),
        Field::UByte(n) => Value::from(*n),
        Field::UShort(n) => Value::from(*n),
        Field::UInt(n) => Value::from(*n),
        Field::ULong(n) => Value::from(*n),
        Field::Float16(x) => float(f64::from(*x)),
        // The shortest decimal of the 32 bits, not their long tail in 64.
        Field::Float(x) => x.to_string().parse().map_or(Value::Null, float),
        Field::Double(x) => float(*x),
        Field::Str(text) => Value::from(text.as_str()),
        // Texts that the schema does not call texts; pictures and the like are left out.
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).map_or(Value::Null, Value::from),
        Field::Group(row) => Value::Object(object(row, depth + 1)?),
        Field::ListInternal(list) => {
            Value::Array(list.elements().iter().map(|f| value(f, depth + 1)).collect::<Result<_, _>>()?)
        }
        Field::MapInternal(map) => Value::Object(
            map.entries()
                .iter()
                .map(|(key, field)| {
                    let key = match value(key, depth + 1)? {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    Ok((key, value(field, depth + 1)?))
                })
                .collect::<Result<_, String>>()?,
        ),
        // Decimals, dates and times as the library spells them.
        other => Value::from(other.to_string()),
    })
}
