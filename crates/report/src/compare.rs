//! Two runs side by side, for a terminal and as JSON.
//!
//! Main functions: [`comparison`], [`comparison_json`], [`comparison_schema`]. Draws what was
//! found and computes nothing.

use crate::differences::differences;
use crate::grid::{Cell, Grid, Paint, Style, clean};
use crate::number::count;
use crate::terminal::title;
use crate::words::Lang;
use acidtest_findings::{Comparison, Flip, GateState, RunInfo};

/// Name and major version of the JSON of a comparison.
pub const COMPARE_SCHEMA: &str = "acidtest.compare/1";

/// Flipped cases shown of each direction; the JSON holds more.
const FLIPS: usize = 5;

/// A comparison as text.
#[must_use]
pub fn comparison(c: &Comparison, style: Style) -> String {
    let lang = style.lang;
    let mut out = String::new();
    for (name, run) in [(lang.say("first"), &c.base), (lang.say("second"), &c.other)] {
        out.push_str(&format!("{}{}\n", title(name, style), clean(&line(run, lang))));
    }
    out.push_str(&differences(&c.tests, style));
    out.push_str(&crate::power::power(&c.tests, style));
    out.push_str(&flips(c, style));
    out.push_str(&unmatched(c, style));
    for warning in &c.warnings {
        out.push_str(&format!(
            "{} {}\n",
            style.paint(lang.say("warning:"), Paint::Unsure),
            clean(&lang.tell(warning))
        ));
    }
    out.push_str(&gates(c, style));
    out
}

pub(crate) fn line(run: &RunInfo, lang: Lang) -> String {
    let targets: Vec<String> = run
        .targets
        .iter()
        .map(|t| if t.model.is_empty() { t.name.clone() } else { format!("{} ({})", t.name, t.model) })
        .collect();
    let id: String = run.id.chars().take(4).collect();
    let mut parts = vec![lang.fill("run {id}", &[("id", &id)]), run.name.clone(), targets.join(", ")];
    parts.push(match run.requests {
        1 => lang.say("1 request").to_owned(),
        n => lang.fill("{n} requests", &[("n", &count(n))]),
    });
    if !matches!(run.state.as_str(), "" | "done") {
        parts.push(lang.tell(&run.state));
    }
    parts.join(" · ")
}

fn flips(c: &Comparison, style: Style) -> String {
    if c.broken + c.mended == 0 {
        return String::new();
    }
    let lang = style.lang;
    let head = lang.fill(
        "{n} from right to wrong · {k} from wrong to right",
        &[("n", &count(c.broken)), ("k", &count(c.mended))],
    );
    let mut out = format!("{}{head}\n", title(lang.say("FLIPPED"), style));
    for direction in ["right to wrong", "wrong to right"] {
        for flip in c.flipped.iter().filter(|f| f.direction == direction).take(FLIPS) {
            out.push_str(&one(flip, style));
        }
    }
    out
}

fn one(flip: &Flip, style: Style) -> String {
    let lang = style.lang;
    let paint = if flip.direction == "right to wrong" { Paint::Bad } else { Paint::Good };
    let mut head = Grid::new(1);
    head.row([Cell::painted(&flip.case, Paint::Title), Cell::painted(lang.say(flip.direction), paint)]);
    let mut lines = Grid::new(5);
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.row([Cell::painted(name, Paint::Faint), text.into()]);
        }
    };
    line(lang.say("asked"), &flip.input);
    line(lang.say("expected"), &flip.reference.join(" | "));
    line(lang.say("first"), flip.base_output.as_deref().unwrap_or_default());
    line(lang.say("second"), flip.other_output.as_deref().unwrap_or_default());
    head.render(style) + &lines.render(style)
}

fn unmatched(c: &Comparison, style: Style) -> String {
    if c.unmatched.is_empty() {
        return String::new();
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for u in &c.unmatched {
        match reasons.iter_mut().find(|(why, _)| *why == u.why) {
            Some((_, cases)) => cases.push(&u.case),
            None => reasons.push((u.why, vec![&u.case])),
        }
    }
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let head = match c.unmatched_count {
        1 => lang.say("1 case has no partner").to_owned(),
        n => lang.fill("{n} cases have no partner", &[("n", &count(n))]),
    };
    grid.row([crate::sections::head("UNMATCHED", lang), head.into()]);
    for (why, cases) in reasons {
        let more = if cases.len() > 8 { ", …" } else { "" };
        let some = cases.into_iter().take(8).collect::<Vec<_>>().join(", ");
        grid.row(["".into(), format!("{}: {some}{more}", lang.say(why)).into()]);
    }
    grid.render(style)
}

fn gates(c: &Comparison, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    for (i, gate) in c.gates.iter().enumerate() {
        let (word, paint) = match gate.state {
            GateState::Met => (lang.say("met"), Paint::Good),
            GateState::Broken => (lang.say("broken"), Paint::Bad),
            GateState::Undecided => (lang.say("undecided"), Paint::Unsure),
        };
        let place = if c.other.targets.len() > 1 || c.other.phases.len() > 1 {
            let names = ["target", "prompt", "phase"].iter().filter_map(|k| gate.labels.get(*k));
            names.cloned().collect::<Vec<_>>().join(" · ") + " · "
        } else {
            String::new()
        };
        grid.row([
            if i == 0 { crate::sections::head("GATES", lang) } else { "".into() },
            Cell::painted(word, paint),
            gate.gate.replace("<=", "≤").into(),
            format!("{place}{}", lang.tell(&gate.reason)).into(),
        ]);
    }
    if grid.is_empty() { String::new() } else { grid.render(style) }
}

/// A comparison as JSON.
#[must_use]
pub fn comparison_json(c: &Comparison) -> serde_json::Value {
    let mut value = serde_json::to_value(c).expect("maps with text keys and numbers always serialise");
    value["schema"] = COMPARE_SCHEMA.into();
    value
}

/// The JSON Schema of [`comparison_json`].
#[must_use]
pub fn comparison_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Comparison).to_value();
    schema["title"] = "acidtest comparison".into();
    schema["properties"]["schema"] =
        serde_json::json!({ "type": "string", "description": format!("`{COMPARE_SCHEMA}`.") });
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("schema".into());
    }
    schema
}
