//! The section of the terminal report on what another tool stated about an imported run.
//!
//! Main function: [`section`]. Figures stand as the tool wrote them, under its name;
//! must not round them or put them beside ours.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use acidtest_findings::Findings;

/// Figures shown; the JSON holds all.
const SHOWN: usize = 40;

/// A line for each figure, and nothing at all for a run of our own.
pub(crate) fn section(findings: &Findings, style: Style) -> String {
    let mut out = String::new();
    let mut tools: Vec<&str> = Vec::new();
    for s in &findings.stated {
        if !tools.contains(&s.tool.as_str()) && tools.len() < SHOWN {
            tools.push(&s.tool);
        }
    }
    let mut left = SHOWN;
    for (i, tool) in tools.iter().enumerate() {
        let title = if i == 0 { "STATED     " } else { "" };
        let mut head = Grid::new(0);
        let words = format!("by {tool}, not measured here");
        head.row([Cell::painted(title, Paint::Title), Cell::painted(words, Paint::Faint)]);
        out.push_str(&head.render(style));
        let mut grid = Grid::new(1);
        for s in findings.stated.iter().filter(|s| s.tool == *tool).take(left) {
            grid.row([Cell::from(s.name.clone()), s.value.clone().into()]);
            left -= 1;
        }
        if !grid.is_empty() {
            out.push_str(&grid.render(style));
        }
    }
    let more = findings.stated.len().saturating_sub(SHOWN);
    if more > 0 {
        let mut rest = Grid::new(1);
        rest.row([Cell::painted(
            format!("and {} more in the JSON report", count(more as u64)),
            Paint::Faint,
        )]);
        out.push_str(&rest.render(style));
    }
    out
}
