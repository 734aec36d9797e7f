//! Puts a table that a proof made into a page that people write: between two marks, so that the
//! words around it stay.
//!
//! Main item: [`put`]. It invents no words of its own but the marks.

use std::path::Path;

use anyhow::{Context, Result};

use crate::shell;

/// Replaces the proof's part of a page, or appends it where the page has none yet.
pub(super) fn put(page: &str, proof: &str, table: &str) -> Result<()> {
    let path = shell::root()?.join(page);
    let old = if path.exists() { read(&path)? } else { String::new() };
    std::fs::write(&path, replace(&old, proof, table))
        .with_context(|| format!("{page} cannot be written"))?;
    println!("written to {page}");
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn replace(old: &str, proof: &str, table: &str) -> String {
    let open = format!("<!-- cargo xtask prove {proof} -->");
    let close = format!("<!-- end of prove {proof} -->");
    let part = format!("{open}\n{}\n{close}", table.trim_end());
    let place = old.find(&open).and_then(|from| Some((from, old.find(&close)? + close.len())));
    match place {
        Some((from, to)) if from < to => format!("{}{part}{}", &old[..from], &old[to..]),
        _ if old.is_empty() => format!("{part}\n"),
        _ => format!("{}\n\n{part}\n", old.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_around_a_table_stay() {
        let first = replace("# Figures\n\nWords.\n", "a", "one");
        assert_eq!(
            first,
            "# Figures\n\nWords.\n\n<!-- cargo xtask prove a -->\none\n<!-- end of prove a -->\n"
        );
        let more = format!("{first}\nMore words.\n");
        let second = replace(&more, "a", "two\n");
        assert_eq!(second, more.replace("one", "two"));
        assert!(replace("", "a", "one").starts_with("<!-- cargo"));
    }
}
