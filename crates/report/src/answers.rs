//! The sections about JSON answers: the validity funnel and the fields.
//!
//! Main functions: [`funnel`] and [`fields`]. Each takes estimates and tables as they are.

use crate::grid::{Grid, Style};
use crate::number::{Scale, count, short};
use crate::sections::{Group, counts, faint, groups, head, of, once, table};
use crate::words::Lang;
use acidtest_findings::{Estimate, Family, Findings, Uncertainty};

/// Readings of a field, as its parameter ends: strict, repaired, coerced.
const READINGS: [&str; 3] = ["", ":repaired", ":coerced"];

fn interval(e: &Estimate, value: f64, scale: &Scale, lang: Lang) -> String {
    match &e.interval {
        Uncertainty::Interval(i) => scale.ends(i, value, " – ", lang),
        Uncertainty::None(why) => lang.tell(short(why)),
    }
}

/// The same without blanks around the dash.
fn ends(e: &Estimate, value: f64, scale: &Scale, lang: Lang) -> String {
    interval(e, value, scale, lang).replace(" – ", "–")
}

/// How far answers came: the strict way, then the way with repairs.
pub(crate) fn funnel(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("JSON FUNNEL", lang),
        "".into(),
        faint(lang.say("requests")),
        faint(lang.say("share")),
        faint(lang.say("95 % interval")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let Some(stages) = table(findings, &group, "funnel") else { continue };
        let mut first = true;
        for row in &stages.rows {
            let estimate = of(findings, &group, Family::Quality)
                .into_iter()
                .find(|e| e.metric == "funnel" && e.params.get("stage") == Some(&row.class));
            let Some((e, value)) = estimate.and_then(|e| Some((e, e.number()?))) else { continue };
            any = true;
            let scale = Scale::of(&e.unit, Some(value));
            let indent = if row.class.contains('_') && row.class != "not_truncated" { "  " } else { "" };
            grid.row([
                once(&group.name, &mut first),
                format!("{indent}{}", lang.tell(&row.words)).into(),
                lang.fill("{n} of {of}", &[("n", &count(row.count)), ("of", &count(stages.of))]).into(),
                format!("{}{}", scale.value(value, e.ends()), scale.suffix()).into(),
                interval(e, value, &scale, lang).into(),
            ]);
        }
        if let Some(mended) = table(findings, &group, "repairs").filter(|t| !t.rows.is_empty()) {
            let line = lang.fill(
                "{n} of {of} answers: {what}",
                &[
                    ("n", &mended_in(findings, &group)),
                    ("of", &count(mended.of)),
                    ("what", &counts(mended, lang)),
                ],
            );
            grid.row([once(&group.name, &mut first), lang.say("repairs").into(), faint(&line)]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}

/// Answers that are JSON only once repaired.
fn mended_in(findings: &Findings, group: &Group) -> String {
    let Some(stages) = table(findings, group, "funnel") else { return String::new() };
    let of = |id: &str| stages.rows.iter().find(|r| r.class == id).map_or(0, |r| r.count);
    count(of("repaired").saturating_sub(of("strict")))
}

/// Accuracy of each field, in three readings side by side.
pub(crate) fn fields(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("FIELDS", lang),
        faint(lang.say("accuracy")),
        faint(lang.say("strict")),
        faint(lang.say("repaired")),
        faint(lang.say("coerced")),
        faint(lang.say("n")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let mut first = true;
        let found: Vec<&Estimate> = of(findings, &group, Family::Quality)
            .into_iter()
            .filter(|e| e.metric == "field_accuracy" && e.number().is_some())
            .collect();
        let name = |e: &Estimate| e.params.get("name").cloned().unwrap_or_default();
        for e in found.iter().filter(|e| !name(e).contains(':')) {
            let field = name(e);
            let [strict, repaired, coerced] = READINGS.map(|ending| {
                let wanted = format!("{field}{ending}");
                let value = found.iter().find(|e| name(e) == wanted).and_then(|e| Some((e, e.number()?)));
                value.map_or_else(String::new, |(e, value)| {
                    let scale = Scale::of(&e.unit, Some(value));
                    let text = format!("{}{}", scale.value(value, e.ends()), scale.suffix());
                    // Coerced values differ so little that their own interval says no more.
                    if ending == ":coerced" {
                        text
                    } else {
                        format!("{text} ({})", ends(e, value, &scale, lang))
                    }
                })
            });
            any = true;
            grid.row([
                once(&group.name, &mut first),
                field.as_str().into(),
                strict.into(),
                repaired.into(),
                coerced.into(),
                count(e.n.requests).into(),
            ]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}
