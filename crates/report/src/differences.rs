//! The matrix of targets and prompts, and paired differences, as tables for a terminal.
//!
//! Main functions: [`matrix`], [`differences`]. Draws what the findings hold and computes nothing.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::{Scale, count};
use crate::words::Lang;
use acidtest_findings::{Findings, Front, Labels, Mark, MatrixColumn, MatrixRow, State, Test};

/// Values under each other, their intervals below them, then what the marks rest on.
pub(crate) fn matrix(findings: &Findings, style: Style) -> String {
    let rows = &findings.matrix;
    if rows.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let heads = heads(rows);
    let mut grid = Grid::new(0);
    let title = crate::terminal::padded(lang.say("MATRIX"));
    grid.row_of(top(&heads, &title, lang.say("on front"), |h| h.title(lang)));
    grid.row_of(top(&heads, "", "", |h| h.unit(lang)));
    let mut phase = None;
    for row in rows {
        let own = row.labels.get("phase");
        let first = if phase == own { String::new() } else { format!(" {}", own.map_or("", String::as_str)) };
        phase = own;
        let mut values = vec![first.into(), side(&row.labels, lang).into()];
        let mut ends = vec!["".into(), "".into()];
        for head in &heads {
            let column = row.columns.iter().find(|c| head.is_of(c));
            values.push(column.map_or("–".into(), |c| head.value(c)));
            ends.push(column.map_or("".into(), |c| head.ends(c, lang)));
        }
        values.push(row.front.as_ref().map_or("".into(), |front| mark(front, lang)));
        ends.push("".into());
        grid.row_of(values);
        grid.row_of(ends);
    }
    grid.render(style) + &notes(rows, style)
}

/// A line of the table's head.
fn top(heads: &[Head], first: &str, last: &str, text: impl Fn(&Head) -> String) -> Vec<Cell> {
    let mut cells = vec![Cell::painted(first, Paint::Title), "".into()];
    cells.extend(heads.iter().map(|h| Cell::painted(text(h), Paint::Faint)));
    cells.push(Cell::painted(last, Paint::Faint));
    cells
}

fn mark(front: &Front, lang: Lang) -> Cell {
    match front.mark {
        Mark::Front => Cell::painted(lang.say("yes"), Paint::Good),
        Mark::Dominated => Cell::painted(lang.say("dominated"), Paint::Bad),
        Mark::Undecided => Cell::painted(lang.say("undecided"), Paint::Unsure),
    }
}

/// What the front is of, and against whom a mark is open or lost.
fn notes(rows: &[MatrixRow], style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let mut last = None;
    for row in rows {
        let Some(front) = &row.front else { continue };
        let phase = row.labels.get("phase").map_or("", String::as_str);
        if last != Some(phase) {
            last = Some(phase);
            let of = front.of.join(", ");
            let text = lang.fill(
                "{phase}: front of {of}; what holds is what paired differences show",
                &[("phase", phase), ("of", &of)],
            );
            grid.line(text, Paint::Faint);
        }
        let line = match front.mark {
            Mark::Front => continue,
            Mark::Dominated => lang.fill("dominated by {who}", &[("who", &front.dominated_by.join(", "))]),
            Mark::Undecided => lang.fill("undecided against {who}", &[("who", &front.undecided.join(", "))]),
        };
        grid.line(format!("  {}: {line}", side(&row.labels, lang)), Paint::Faint);
    }
    if grid.is_empty() { String::new() } else { grid.render(style) }
}

/// What stands above a column, and in which unit it is.
struct Head {
    name: String,
    stat: &'static str,
    scale: Scale,
}

impl Head {
    fn title(&self, lang: Lang) -> String {
        match (self.name.as_str(), self.stat) {
            ("cost", "mean") => lang.say("cost").to_owned(),
            ("error_rate", _) => lang.say("errors").to_owned(),
            (name, "share") => name.to_owned(),
            (name, stat) => format!("{name} {stat}"),
        }
    }

    fn unit(&self, lang: Lang) -> String {
        match self.name.as_str() {
            "cost" => lang.fill("{unit} per 1k", &[("unit", &self.scale.unit)]),
            _ => self.scale.unit.clone(),
        }
    }

    fn is_of(&self, c: &MatrixColumn) -> bool {
        c.name == self.name && c.stat == self.stat
    }

    fn value(&self, c: &MatrixColumn) -> Cell {
        let mark = if c.invalid.is_some() { " !" } else { "" };
        format!("{}{mark}", self.scale.value(c.value, c.interval.as_ref())).into()
    }

    fn ends(&self, c: &MatrixColumn, lang: Lang) -> Cell {
        let text = match (&c.interval, &c.interval_none) {
            (Some(i), _) => self.scale.ends(i, c.value, "–", lang),
            (None, Some(why)) => lang.tell(crate::number::short(why)),
            (None, None) => String::new(),
        };
        Cell::painted(text, Paint::Faint)
    }
}

/// The columns that any row has, each in a unit that fits its largest value.
fn heads(rows: &[MatrixRow]) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    for column in rows.iter().flat_map(|r| &r.columns) {
        if heads.iter().any(|h| h.is_of(column)) {
            continue;
        }
        let same =
            rows.iter().flat_map(|r| &r.columns).filter(|c| c.name == column.name && c.stat == column.stat);
        let most = same.map(|c| c.value).max_by(f64::total_cmp);
        let scale = match column.family {
            "cost" => Scale::per_thousand(&column.unit),
            "reliability" => Scale::percent(),
            _ => Scale::of(&column.unit, most),
        };
        heads.push(Head { name: column.name.clone(), stat: column.stat, scale });
    }
    heads
}

/// Target and prompt, or the run where that tells the sides apart.
fn side(labels: &Labels, lang: Lang) -> String {
    let get = |key: &str| labels.get(key).cloned();
    let run = get("run").map(|id| {
        let id: String = id.chars().take(4).collect();
        lang.fill("run {id}", &[("id", &id)])
    });
    let parts = [run, get("target"), get("prompt")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Paired differences, one block for each pair of sides.
pub(crate) fn differences(tests: &[Test], style: Style) -> String {
    let Some(of) = tests.iter().map(|t| t.of).max() else { return String::new() };
    let lang = style.lang;
    let mut head = lang.fill(
        "second minus first, paired by case; intervals and p after Holm over {n} differences",
        &[("n", &count(of))],
    );
    let left_out = tests.iter().filter(|t| t.invalid.is_some()).count() as u64;
    if left_out > 0 {
        head.push_str(&lang.fill(", without {n} that are not valid", &[("n", &count(left_out))]));
    }
    let name = lang.say("DIFFERENCES");
    let room = style.width.saturating_sub(crate::grid::width(name) + 1);
    let head = crate::grid::wrap(&head, room).join("\n   ");
    let mut out = format!("{} {head}\n", crate::terminal::title(name, style));
    let mut grid = Grid::new(1);
    let heads = [
        "",
        lang.say("difference"),
        lang.say("interval"),
        lang.say("second is"),
        "p",
        lang.say("pairs (units)"),
        lang.say("would settle"),
    ];
    grid.row_of(heads.iter().map(|h| Cell::painted(*h, Paint::Faint)).collect());
    let mut group = None;
    for t in tests {
        let own = (&t.labels, &t.base, &t.other);
        if group != Some(own) {
            group = Some(own);
            grid.line(group_of(t, lang), Paint::Title);
        }
        grid.row_of(row(t, lang).into());
    }
    out.push_str(&grid.render(style));
    out
}

/// The unit that a test is shown in.
pub(crate) fn scale_of(t: &Test) -> Scale {
    match (t.family, t.stat) {
        ("cost", _) => Scale::per_thousand(&t.unit),
        (_, "share") => Scale::points(),
        _ => {
            let most = [t.base_value, t.other_value].into_iter().flatten().max_by(f64::total_cmp);
            Scale::of(&t.unit, most)
        }
    }
}

/// What a test is called.
pub(crate) fn name_of(t: &Test, lang: Lang) -> String {
    match (t.name.as_str(), t.stat) {
        ("cost", "mean") => lang.say("cost of 1k").to_owned(),
        (name, "share") => name.to_owned(),
        (name, stat) => format!("{name} {stat}"),
    }
}

/// Phase and tag, then both sides: `closed 8: run 7f3a → run 90bc`.
pub(crate) fn group_of(t: &Test, lang: Lang) -> String {
    let place: Vec<&str> = t.labels.values().map(String::as_str).collect();
    let place = if place.is_empty() { String::new() } else { format!("{}: ", place.join(" · ")) };
    format!("{place}{} → {}", side(&t.base, lang), side(&t.other, lang))
}

/// A difference with its sign and unit, and its interval or why there is none.
pub(crate) fn shown_of(t: &Test, lang: Lang) -> (String, String) {
    let scale = scale_of(t);
    let shown = t.corrected.as_ref().or(t.interval.as_ref());
    let signed = |x: f64| {
        let text = scale.value(x, shown);
        if x > 0.0 { format!("+{text}{}", scale.suffix()) } else { format!("{text}{}", scale.suffix()) }
    };
    let interval = match (shown, t.difference) {
        (Some(i), Some(d)) => scale.ends(i, d, " … ", lang),
        _ => t.interval_none.as_deref().map_or(String::new(), |why| lang.tell(crate::number::short(why))),
    };
    (t.difference.map_or("–".into(), signed), interval)
}

/// Pairs, and units of sampling where they are fewer.
pub(crate) fn pairs_of(t: &Test) -> String {
    match t.units == t.pairs {
        true => count(t.pairs),
        false => format!("{} ({})", count(t.pairs), count(t.units)),
    }
}

fn row(t: &Test, lang: Lang) -> [Cell; 7] {
    let (difference, interval) = shown_of(t, lang);
    let paint = match t.state {
        State::Better => Paint::Good,
        State::Worse => Paint::Bad,
        State::Undecided => Paint::Unsure,
        State::Higher | State::Lower => Paint::Plain,
    };
    [
        format!("  {}", name_of(t, lang)).into(),
        difference.into(),
        interval.into(),
        Cell::painted(lang.say(t.state.id()), paint),
        t.p.map_or(String::new(), p_value).into(),
        Cell::painted(pairs_of(t), Paint::Faint),
        Cell::painted(remark(t, &scale_of(t), lang), Paint::Faint),
    ]
}

/// What would help where nothing is shown, and what is against it.
pub(crate) fn remark(t: &Test, scale: &Scale, lang: Lang) -> String {
    if t.invalid.is_some() {
        return lang.say("not valid").to_owned();
    }
    if t.state != State::Undecided {
        return String::new();
    }
    let size = |x: f64| format!("{}{}", scale.value(x, None), scale.suffix());
    match (t.settles_at, t.detectable) {
        // More than this nobody runs: the difference that can be seen says more.
        (Some(1), _) => lang.say("1 pair").to_owned(),
        (Some(n), _) if n <= 100_000 => lang.fill("{n} pairs", &[("n", &count(n))]),
        (_, Some(d)) if t.difference.is_none_or(|x| x.abs() < d) => {
            lang.fill("shows {size}", &[("size", &size(d))])
        }
        _ => String::new(),
    }
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}
