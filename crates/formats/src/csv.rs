//! Tables of comma-separated values, within bounds.
//!
//! Main function: [`read`]. Quotes, doubled quotes and line breaks within quotes
//! are understood (RFC 4180). Must not guess types: every cell is text.

use crate::error::FormatError;

/// Most cells of one table.
const MAX_CELLS: usize = 2_000_000;

/// One row with the line it begins on.
pub(crate) struct Row {
    pub(crate) line: u32,
    pub(crate) cells: Vec<String>,
}

/// All rows, the header among them.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Row>, FormatError> {
    let mut rows: Vec<Row> = Vec::new();
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let (mut quoted, mut line, mut began, mut total) = (false, 1u32, 1u32, 0usize);
    let mut chars = text.chars().peekable();
    let mut any = false;
    while let Some(c) = chars.next() {
        line = line.saturating_add(u32::from(c == '\n'));
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            ',' if !quoted => {
                cells.push(std::mem::take(&mut cell));
                total += 1;
            }
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                if any {
                    cells.push(std::mem::take(&mut cell));
                    total += 1;
                    rows.push(Row { line: began, cells: std::mem::take(&mut cells) });
                }
                (any, began) = (false, line);
                continue;
            }
            c => cell.push(c),
        }
        any = true;
        if total > MAX_CELLS {
            return Err(FormatError::new(file, Some(line), "the table has more than 2000000 cells")
                .hint("import it in parts"));
        }
    }
    if quoted {
        return Err(FormatError::new(file, Some(began), "a quote is opened and not closed")
            .hint("a quote within a quoted cell is written twice"));
    }
    if any {
        cells.push(cell);
        rows.push(Row { line: began, cells });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        let rows = read("t.csv", "a,b\r\n\"1,\n2\",\"say \"\"x\"\"\"\n\n3,\n").unwrap();
        let cells: Vec<_> = rows.iter().map(|r| (r.line, r.cells.clone())).collect();
        let row = |line, a: &str, b: &str| (line, vec![a.to_owned(), b.to_owned()]);
        assert_eq!(cells, [row(1, "a", "b"), row(2, "1,\n2", "say \"x\""), row(5, "3", "")]);
        assert!(read("t.csv", "a,\"b").is_err());
    }
}
