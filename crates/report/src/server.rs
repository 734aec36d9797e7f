//! The section of the terminal report on the server's own times, where it says any.
//!
//! Main function: [`section`].

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::Scale;
use crate::sections::{groups, of, once, out_of};
use acidtest_findings::{Estimate, Family, Findings};

const SHOWN: [&str; 4] = ["server_time", "prefill_tps", "decode_tps", "network_share"];

/// One row a metric, and nothing at all when no server said anything.
pub(crate) fn section(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let faint = |text: &str| Cell::painted(text, Paint::Faint);
    grid.row([
        crate::sections::head("SERVER", lang),
        "".into(),
        faint(lang.say("unit")),
        faint("p50"),
        faint("p95"),
        faint(lang.say("n of slots")),
        faint(lang.say("by its own clock")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let mut first = true;
        let found = of(findings, &group, Family::Speed);
        for id in SHOWN {
            let stat = |name: &str| -> Option<&Estimate> {
                let mut of_id = found.iter().filter(|e| e.metric == id);
                of_id.find(|e| e.stat.id() == name).copied()
            };
            let (Some(p50), Some(p95)) = (stat("p50"), stat("p95")) else { continue };
            let Some(middle) = p50.number() else { continue };
            any = true;
            let scale = Scale::of(&p50.unit, Some(middle));
            grid.row([
                once(&group.name, &mut first),
                id.into(),
                scale.unit.clone().into(),
                scale.bare(p50, lang).into(),
                scale.bare(p95, lang).into(),
                out_of(p50, lang).into(),
            ]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}
