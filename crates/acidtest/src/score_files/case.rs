//! Files with a line for each scored case, written and read back.
//!
//! Main functions: [`write_cases`], [`read_cases`]. The first line says how the rows were made;
//! rows hold what intervals and differences need, so that texts are not needed again.

use crate::exit::{Exit, Failure, cannot_write};
use acidtest_findings::{Chosen, ScoredCase, TextOptions, TextTable};
use acidtest_metrics::stats::Rows;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Name and major version of such files.
const SCHEMA: &str = "acidtest.cases/1";
/// Longest line.
const MAX_LINE: u64 = 16 << 20;
/// The largest sum of a row; beyond it sums of rows are not exact.
const MOST: f64 = 1e15;

/// Whether a file is one of these.
pub(crate) fn is_case_file(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut head = [0u8; 64];
    let read = std::io::Read::read(&mut BufReader::new(file), &mut head).unwrap_or(0);
    String::from_utf8_lossy(&head[..read]).contains(SCHEMA)
}

/// Writes a table, a line for each case.
pub(crate) fn write_cases(path: &Path, table: &TextTable) -> Result<(), Failure> {
    let file = File::create(path).map_err(|e| cannot_write(path, e))?;
    let mut out = BufWriter::new(file);
    let mut write = || -> std::io::Result<()> {
        let head = json!({
            "schema": SCHEMA,
            "acidtest": env!("CARGO_PKG_VERSION"),
            "metrics": table.chosen.names(),
            "signatures": table.signatures(),
            "options": table.chosen.options(),
            "by": table.by,
            "references": table.references,
            "width": table.chosen.width(),
        });
        writeln!(out, "{head}")?;
        for (i, score) in table.sentences().iter().enumerate() {
            let case = &table.cases[i];
            let line = json!({
                "id": case.id,
                "cluster": case.cluster,
                "tags": case.tags,
                "reference": case.reference.to_string(),
                "prediction": case.prediction.to_string(),
                "values": score.values,
                "row": table.rows.row(i),
            });
            writeln!(out, "{line}")?;
        }
        out.flush()
    };
    write().map_err(|e| cannot_write(path, e))
}

/// Reads a table that [`write_cases`] wrote.
pub(crate) fn read_cases(path: &Path) -> Result<TextTable, Failure> {
    let name = path.display().to_string();
    let bad = |line: usize, what: &str| {
        Failure::usage(format!("{name}:{line}: {what}"))
            .hint("`acidtest score … --per-case FILE` writes such files")
    };
    let unread = |e: std::io::Error| {
        Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{name}'")))
    };
    let mut text = BufReader::new(File::open(path).map_err(unread)?);
    let mut line = Vec::new();
    let mut number = 0;
    let mut next = || -> Result<Option<(usize, Value)>, Failure> {
        line.clear();
        let read = std::io::Read::take(&mut text, MAX_LINE).read_until(b'\n', &mut line).map_err(unread)?;
        number += 1;
        if read == 0 {
            return Ok(None);
        }
        let value = serde_json::from_slice(&line).map_err(|e| bad(number, &format!("no JSON: {e}")))?;
        Ok(Some((number, value)))
    };
    let Some((_, head)) = next()? else { return Err(bad(1, "the file is empty")) };
    let mut table = header(&head).map_err(|what| bad(1, &what))?;
    while let Some((number, value)) = next()? {
        let case = case(&value).ok_or_else(|| bad(number, "no line of a case"))?;
        let row: Option<Vec<f64>> =
            value["row"].as_array().and_then(|r| r.iter().map(Value::as_f64).collect());
        let is_sum = |x: &f64| (0.0..=MOST).contains(x);
        let row = row.filter(|r| r.len() == table.rows.width() && r.iter().all(is_sum));
        let Some(row) = row else {
            return Err(bad(number, "'row' is not as many sums as the metrics need, each from 0 to 1e15"));
        };
        table.rows.push().copy_from_slice(&row);
        table.cases.push(case);
    }
    if table.cases.is_empty() {
        return Err(bad(1, "the file holds no case"));
    }
    Ok(table)
}

fn header(head: &Value) -> Result<TextTable, String> {
    if head["schema"] != SCHEMA {
        return Err(format!("the schema is not {SCHEMA}"));
    }
    let strings = |value: &Value| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let names = strings(&head["metrics"]).ok_or("no list 'metrics'")?;
    let options: TextOptions =
        serde_json::from_value(head["options"].clone()).map_err(|e| format!("options: {e}"))?;
    let chosen = Chosen::new(&names, &options).map_err(|e| e.what)?;
    let width = chosen.width();
    if head["width"].as_u64() != Some(width as u64) {
        return Err("rows of this file have another width than the metrics of this version".to_owned());
    }
    Ok(TextTable {
        chosen,
        rows: Rows::new(width),
        cases: Vec::new(),
        by: strings(&head["by"]).unwrap_or_default(),
        references: head["references"].as_u64().map(|n| n as usize),
        wholes: Vec::new(),
    })
}

fn case(value: &Value) -> Option<ScoredCase> {
    let tags = value["tags"].as_array()?.iter().map(|t| t.as_str().map(str::to_owned));
    Some(ScoredCase {
        id: value["id"].as_str()?.to_owned(),
        cluster: value["cluster"].as_str().map(str::to_owned),
        tags: tags.collect::<Option<_>>()?,
        reference: value["reference"].as_str()?.parse().ok()?,
        prediction: value["prediction"].as_str()?.parse().ok()?,
    })
}
