//! A run over time as a table for a terminal.
//!
//! Main function: [`slices`]. No quantile stands without its n.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::{count, fixed};
use crate::sections::head;
use crate::words::Lang;
use acidtest_findings::{Findings, Labels, SomeTimes, TimeSlice};

/// The run over time; empty where there is nothing to show.
#[must_use]
pub fn slices(findings: &Findings, style: Style) -> String {
    let mut out = String::new();
    let mut rest = findings.slices.as_slice();
    while let Some(first) = rest.first() {
        let same = |s: &&TimeSlice| s.labels == first.labels && s.clock == first.clock;
        let n = rest.iter().take_while(same).count();
        out.push_str(&table(&rest[..n], findings, style));
        rest = &rest[n..];
    }
    out
}

/// Target and phase, and the clock where there are several.
fn place(labels: &Labels, clock: u16, findings: &Findings, lang: Lang) -> String {
    let mut parts = vec![crate::sections::place(labels, findings)];
    if findings.run.clocks > 1 {
        parts.push(lang.fill("clock {n}", &[("n", &clock.to_string())]));
    }
    parts.retain(|p| !p.is_empty());
    parts.join(" · ")
}

/// Which columns have anything to show.
struct Columns {
    is_open: bool,
    tokens: bool,
    gaps: bool,
    ttft: bool,
    cpu: bool,
    gauge: bool,
}

impl Columns {
    fn of(slices: &[TimeSlice]) -> Self {
        let has = |any: &dyn Fn(&TimeSlice) -> bool| slices.iter().any(any);
        Self {
            is_open: has(&|s| s.e2e_from_intended.is_some()),
            tokens: has(&|s| s.tokens_per_s.is_some_and(|n| n > 0.0)),
            gaps: has(&|s| s.icl.n > 0),
            ttft: has(&|s| s.ttft.n > 0),
            cpu: has(&|s| !s.cpu.is_empty()),
            gauge: has(&|s| !s.server_running.is_empty()),
        }
    }

    fn heads(&self, lang: Lang) -> Vec<Cell> {
        let faint = |text: &str| Cell::painted(text, Paint::Faint);
        let mut heads = vec![head("OVER TIME", lang), faint(lang.say("from–to s"))];
        for text in ["sent", "done", "failed", "not sent", "in flight"] {
            heads.push(faint(short_head(text, lang)));
        }
        let more = [
            (self.gauge, lang.say("server runs")),
            (self.tokens, "tok/s"),
            (self.ttft, "ttft p50 p95 (n)"),
            (self.is_open && self.ttft, lang.say("ttft from intended p95 (n)")),
            (true, "e2e p95 (n)"),
            (self.is_open, lang.say("e2e from intended p95 (n)")),
            (self.gaps, "icl p95 (n)"),
            (true, lang.say("lag p99 (n)")),
            (self.cpu, lang.say("CPU % us/host/server")),
        ];
        heads.extend(more.into_iter().filter(|(is_shown, _)| *is_shown).map(|(_, text)| faint(text)));
        heads
    }

    fn cells(&self, s: &TimeSlice) -> Vec<Cell> {
        let mut cells: Vec<Cell> = vec!["".into(), format!("{}–{}", at(s.from_s), at(s.to_s)).into()];
        cells.extend([s.sent, s.completed].map(|n| Cell::from(count(n))));
        cells.extend([s.failed, s.not_sent].map(|n| match n {
            0 => Cell::from("0"),
            n => Cell::painted(count(n), Paint::Bad),
        }));
        cells.push(fixed(s.in_flight, 1).into());
        let runs: Vec<String> = s.server_running.values().map(|n| fixed(*n, 1)).collect();
        let from = |t: Option<SomeTimes>| t.map_or("–".to_owned(), |t| far(&t, t.p95_s));
        let cpu = |source: &str| s.cpu.get(source).map_or("–".to_owned(), |v| fixed(v * 100.0, 0));
        let more = [
            (self.gauge, if runs.is_empty() { "–".to_owned() } else { runs.join(" ") }),
            (self.tokens, s.tokens_per_s.map_or("–".to_owned(), |n| fixed(n, 0))),
            (self.ttft, format!("{} {}", ms(s.ttft.p50_s), far(&s.ttft, s.ttft.p95_s))),
            (self.is_open && self.ttft, from(s.ttft_from_intended)),
            (true, far(&s.e2e, s.e2e.p95_s)),
            (self.is_open, from(s.e2e_from_intended)),
            (self.gaps, far(&s.icl, s.icl.p95_s)),
            (true, far(&s.dispatch_lag, s.dispatch_lag.p99_s)),
            (self.cpu, ["client", "host", "server"].map(cpu).join("/")),
        ];
        cells.extend(more.into_iter().filter(|(is_shown, _)| *is_shown).map(|(_, text)| Cell::from(text)));
        cells
    }
}

fn table(of: &[TimeSlice], findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let columns = Columns::of(of);
    let mut grid = Grid::new(0);
    grid.row_of(columns.heads(lang));
    let name = place(&of[0].labels, of[0].clock, findings, lang);
    if !name.is_empty() {
        grid.line(format!(" {name}"), Paint::Plain);
    }
    for slice in of {
        grid.row_of(columns.cells(slice));
    }
    let note = lang.say(
        "times in ms; counted where they began, answers and failures where they ended; ≤: the longest, n being too small for the quantile",
    );
    grid.line(format!(" {note}"), Paint::Faint);
    grid.render_groups(style)
}

fn short_head(text: &'static str, lang: Lang) -> &'static str {
    match text {
        "sent" => lang.say("sent"),
        "done" => lang.say("answered in full"),
        "failed" => lang.say("failed"),
        "not sent" => lang.say("not sent"),
        _ => lang.say("in flight"),
    }
}

/// A moment: as few decimals as the slices need.
fn at(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() / 10.0;
    fixed(tenths, usize::from(tenths.fract() != 0.0))
}

fn ms(seconds: Option<f64>) -> String {
    seconds.map_or("–".to_owned(), |s| {
        let ms = s * 1e3;
        fixed(ms, if ms < 10.0 { 2 } else { 0 })
    })
}

/// A far quantile with its n; where n is too small for it the longest, and says so.
fn far(times: &SomeTimes, quantile: Option<f64>) -> String {
    match (quantile, times.max_s) {
        (Some(_), _) => format!("{} ({})", ms(quantile), count(times.n)),
        (None, Some(_)) => format!("≤ {} ({})", ms(times.max_s), count(times.n)),
        (None, None) => "–".to_owned(),
    }
}
