//! Lines and columns of text for a terminal.
//!
//! Main types: [`Style`], [`Grid`]. Columns align by display width (Korean and
//! Chinese characters are two wide); text of models and users cannot move the
//! cursor or hide anything. Must not know what it shows.

use unicode_width::UnicodeWidthStr;

/// How the terminal may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns that a line should not exceed.
    pub width: usize,
    /// Whether colour may be used; nothing depends on it.
    pub color: bool,
    /// The language of words for people.
    pub lang: crate::words::Lang,
}

/// What a piece of text stands for, shown by colour where that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Title,
    Good,
    Bad,
    Unsure,
    Faint,
}

impl Style {
    /// The text in its colour.
    pub(crate) fn paint(self, text: &str, paint: Paint) -> String {
        let code = match paint {
            Paint::Title => "1",
            Paint::Good => "32",
            Paint::Bad => "31",
            Paint::Unsure => "33",
            Paint::Faint => "2",
            Paint::Plain => return text.to_owned(),
        };
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Text in which every control character, and every character that changes the
/// direction of text, is written as an escape.
#[must_use]
pub fn clean(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .flat_map(|c| {
            let escaped = is_hidden(c).then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// Display width of a text.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// One cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    pub(crate) fn painted(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: clean(&text.into()), paint }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::painted(text, Paint::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::painted(text, Paint::Plain)
    }
}

/// Rows of cells in aligned columns; the last column wraps.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

/// Narrowest last column worth wrapping in place.
const NARROWEST: usize = 18;

impl Grid {
    pub(crate) fn new(indent: usize) -> Self {
        Self { rows: Vec::new(), indent }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// A row of as many cells as there are.
    pub(crate) fn row_of(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// A line of its own that takes part in no column.
    pub(crate) fn line(&mut self, text: String, paint: Paint) {
        self.rows.push(vec![Cell::painted(text, paint)]);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as lines.
    pub(crate) fn render(&self, style: Style) -> String {
        let widths = self.widths();
        self.rows.iter().map(|row| self.drawn(row, &widths, style)).collect()
    }

    /// The rows as lines; where they are too wide, the title and the names in the first
    /// column stand on lines of their own, so that no number wraps.
    pub(crate) fn render_groups(&self, style: Style) -> String {
        if self.needed() <= style.width {
            return self.render(style);
        }
        let mut apart = Self { rows: Vec::new(), indent: self.indent };
        for row in &self.rows {
            let mut row = row.clone();
            if let Some(name) = row.first_mut().filter(|c| !c.text.is_empty()) {
                apart.rows.push(vec![std::mem::replace(name, " ".into())]);
            }
            apart.rows.push(row);
        }
        apart.render(style)
    }

    /// Widths of the columns, the last one of each row aside.
    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let of = |i: usize| {
            let fixed = self.rows.iter().filter(|r| i + 1 < r.len());
            fixed.map(|r| width(&r[i].text)).max().unwrap_or(0)
        };
        (0..columns).map(of).collect()
    }

    /// Width of the rows that have all columns.
    fn needed(&self) -> usize {
        let widths = self.widths();
        let (columns, fixed) = (widths.len(), widths.iter().map(|w| w + 2).sum::<usize>());
        let full = self.rows.iter().filter(|r| r.len() == columns);
        let last = full.filter_map(|r| r.last()).map(|c| width(&c.text)).max().unwrap_or(0);
        // The last column has no width of its own.
        (self.indent + fixed + last).saturating_sub(2)
    }

    fn drawn(&self, row: &[Cell], widths: &[usize], style: Style) -> String {
        let mut out = " ".repeat(self.indent);
        let mut used = self.indent;
        let (last, fixed) = row.split_last().expect("a row has at least one cell");
        // A line of its own keeps the blanks that it begins with.
        let blanks = match fixed.is_empty() {
            true => last.text.len() - last.text.trim_start_matches(' ').len(),
            false => 0,
        };
        out.push_str(&" ".repeat(blanks));
        used += blanks;
        for (cell, column) in fixed.iter().zip(widths) {
            let pad = column - width(&cell.text) + 2;
            out.push_str(&style.paint(&cell.text, cell.paint));
            out.push_str(&" ".repeat(pad));
            used += column + 2;
        }
        let text = &last.text[blanks..];
        let room = style.width.saturating_sub(used);
        // Too little room beside the columns: the text goes below them.
        let below = room < NARROWEST && width(text) > room;
        let (start, room) = match below {
            true => (self.indent + 6, style.width.saturating_sub(self.indent + 6).max(NARROWEST)),
            false => (used, room),
        };
        let parts = match width(text) <= room {
            true => vec![text.to_owned()],
            false => wrap(text, room),
        };
        for (i, part) in parts.iter().enumerate() {
            if i > 0 || below {
                out.truncate(out.trim_end().len());
                out.push('\n');
                out.push_str(&" ".repeat(start));
            }
            out.push_str(&style.paint(part, last.paint));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }
}

/// The text in lines of at most `room` columns, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if !line.is_empty() && width(&line) + gap + width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            // A word longer than a line is cut where the line ends.
            if width(&line) + width(c.encode_utf8(&mut [0; 4])) > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { width: 40, color: false, lang: crate::words::Lang::En };

    #[test]
    fn columns_align_by_display_width() {
        let mut grid = Grid::new(1);
        grid.row(["한국어".into(), "x".into()]);
        grid.row(["ab".into(), "y".into()]);
        assert_eq!(grid.render(STYLE), " 한국어  x\n ab      y\n");
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(clean("금관 – “ok”"), "금관 – “ok”");
    }

    #[test]
    fn the_last_column_wraps_under_itself() {
        let mut grid = Grid::new(0);
        grid.row(["name".into(), "one two three four five six seven eight".into()]);
        let lines = grid.render(STYLE);
        assert_eq!(lines, "name  one two three four five six seven\n      eight\n");
    }

    #[test]
    fn names_stand_apart_where_rows_are_too_wide() {
        let mut grid = Grid::new(0);
        grid.row(["TITLE".into(), "n".into(), "of".into()]);
        grid.row([" one · long name of a group".into(), "123,456".into(), "1234".into()]);
        grid.row(["".into(), "7".into(), "8".into()]);
        let wide = " one · long name of a group  123,456  1234\n";
        assert!(grid.render_groups(Style { width: 42, ..STYLE }).contains(wide));
        let apart = "TITLE\n   n        of\n one · long name of a group\n   123,456  1234\n   7        8\n";
        assert_eq!(grid.render_groups(Style { width: 41, ..STYLE }), apart);
    }

    #[test]
    fn colour_adds_codes_and_nothing_else() {
        let color = Style { color: true, ..STYLE };
        assert_eq!(color.paint("met", Paint::Good), "\u{1b}[32mmet\u{1b}[0m");
        assert_eq!(STYLE.paint("met", Paint::Good), "met");
    }

    #[test]
    fn a_long_word_is_cut() {
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
