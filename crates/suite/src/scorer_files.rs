//! Files that scorers name: schemas, lists of words, the user's programs.
//!
//! Main function: [`fill`]. Files come through the function that the caller gives.

use crate::error::SuiteError;
use crate::files::Open;
use crate::schema_check::JsonSchema;
use acidtest_record::{ScorerKind, ScorerSpec};
use std::io::Read;
use std::path::Path;

/// Longest file of a scorer, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// Most words of a list.
const MAX_WORDS: usize = 100_000;

/// Reads the files that scorers name, relative to the suite's folder.
pub(crate) fn fill(scorers: &mut [ScorerSpec], dir: &Path, open: Open<'_>) -> Result<(), SuiteError> {
    for scorer in scorers {
        match &mut scorer.kind {
            ScorerKind::JsonSchema { schema, draft, file: Some(file), .. } if schema.is_null() => {
                let (name, text) = read(dir, file, open)?;
                *schema = serde_json::from_str(&text)
                    .map_err(|e| SuiteError::of_file(&name, format!("the schema is not JSON: {e}")))?;
                JsonSchema::compile(schema, draft).map_err(|why| {
                    SuiteError::of_file(&name, format!("not a valid JSON Schema of draft {draft}: {why}"))
                        .hint("another draft is chosen with `draft: 7`")
                })?;
            }
            ScorerKind::BannedWords { words, file: Some(file), .. } if words.is_empty() => {
                let (name, text) = read(dir, file, open)?;
                let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
                *words = lines.take(MAX_WORDS + 1).map(str::to_owned).collect();
                if words.is_empty() || words.len() > MAX_WORDS {
                    return Err(SuiteError::of_file(
                        &name,
                        format!("expected 1 to {MAX_WORDS} words, one a line"),
                    ));
                }
            }
            ScorerKind::Command(command) => {
                let program = Path::new(&command.run[0]);
                if program.is_relative() && program.components().count() > 1 {
                    command.run[0] = dir.join(program).display().to_string();
                }
            }
            ScorerKind::All(parts) | ScorerKind::Any(parts) => fill(parts, dir, open)?,
            _ => {}
        }
    }
    Ok(())
}

fn read(dir: &Path, file: &str, open: Open<'_>) -> Result<(String, String), SuiteError> {
    let path = dir.join(file);
    let name = path.display().to_string();
    let fail = |what: String| {
        SuiteError::of_file(&name, what).hint("files of scorers are found relative to the suite file")
    };
    let mut bytes = Vec::new();
    let reader = open(&path).map_err(|e| fail(format!("cannot read a scorer's file: {e}")))?;
    reader
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| fail(format!("cannot read a scorer's file: {e}")))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(fail("a scorer's file is longer than 4 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| fail("a scorer's file is not UTF-8".to_owned()))?;
    Ok((name, text))
}
