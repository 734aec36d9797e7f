//! Two runs side by side as Markdown, for a comment on a pull request.
//!
//! Main function: [`comparison_markdown`]. As in `markdown.rs`, what models and suites say stands
//! in code, where no mention, link, tag or table begins. Computes nothing.

use crate::compare::line;
use crate::differences::{group_of, name_of, p_value, pairs_of, remark, scale_of, shown_of};
use crate::markdown::{code, fenced, state, verdict};
use crate::number::count;
use crate::power::{detectable, needs};
use crate::terminal::{said, tidy};
use crate::words::Lang;
use acidtest_findings::{Comparison, Flip, State, Test};
use std::fmt::Write;

/// Characters after which no more flipped cases are listed: GitHub takes 65536 in a comment.
const MOST: usize = 50_000;

/// A comparison as Markdown. Begins with a mark by which a bot finds its own comment again.
#[must_use]
pub fn comparison_markdown(c: &Comparison, lang: Lang) -> String {
    let mut out = String::from("<!-- acidtest compare -->\n");
    let _ = writeln!(out, "### acidtest compare — {}\n", verdict(&c.gates, lang));
    for (name, run) in [("first", &c.base), ("second", &c.other)] {
        let _ = writeln!(out, "- {}: {}", lang.say(name), code(&line(run, lang)));
    }
    out.push('\n');
    gates(c, lang, &mut out);
    differences(c, lang, &mut out);
    flips(c, lang, &mut out);
    if c.unmatched_count > 0 {
        let n = match c.unmatched_count {
            1 => lang.say("1 case has no partner").to_owned(),
            n => lang.fill("{n} cases have no partner", &[("n", &count(n))]),
        };
        let _ = writeln!(out, "{n}\n");
    }
    for warning in &c.warnings {
        let _ = writeln!(out, "> ⚠ {}\n", code(&lang.tell(warning)));
    }
    let (first, second) = (code(&c.base.id), code(&c.other.id));
    let _ = writeln!(out, "<sub>{first} → {second} · acidtest {}</sub>", code(&c.other.acidtest));
    out
}

fn gates(c: &Comparison, lang: Lang, out: &mut String) {
    if c.gates.is_empty() {
        return;
    }
    let heads = [lang.say("gate"), lang.say("state"), lang.say("found")];
    let _ = writeln!(out, "| {} |\n| --- | --- | --- |", heads.join(" | "));
    for gate in &c.gates {
        let labels = ["target", "prompt", "phase"].iter().filter_map(|k| gate.labels.get(*k));
        let place = labels.cloned().collect::<Vec<_>>().join(" · ");
        let found = format!("{place}: {}", said(gate, lang));
        let found = found.trim_start_matches(": ");
        let _ = writeln!(out, "| {} | {} | {} |", code(&tidy(&gate.gate)), state(gate, lang), code(found));
    }
    out.push('\n');
}

fn differences(c: &Comparison, lang: Lang, out: &mut String) {
    let heads = [
        "",
        lang.say("difference"),
        lang.say("interval"),
        lang.say("second is"),
        "p",
        lang.say("pairs (units)"),
        lang.say("would settle"),
        lang.say("shows from"),
        lang.say("needs"),
    ];
    let mut group = String::new();
    for t in &c.tests {
        let own = group_of(t, lang);
        if group != own {
            let end = if group.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{end}**{}**\n", code(&own));
            let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), " --- |".repeat(heads.len()));
            group = own;
        }
        let _ = writeln!(out, "| {} |", row(t, lang).join(" | "));
    }
    if let Some(of) = c.tests.iter().map(|t| t.of).max() {
        let said = lang.fill(
            "second minus first, paired by case; intervals and p after Holm over {n} differences",
            &[("n", &count(of))],
        );
        let _ = writeln!(out, "\n<sub>{said}</sub>\n");
    }
}

fn row(t: &Test, lang: Lang) -> [String; 9] {
    let (difference, interval) = shown_of(t, lang);
    let mark = match t.state {
        State::Better => "✅ ",
        State::Worse => "❌ ",
        State::Undecided => "❔ ",
        State::Higher | State::Lower => "",
    };
    let plain = |text: String| text.replace('|', "¦").replace('<', "&lt;");
    [
        code(&name_of(t, lang)),
        plain(difference),
        plain(interval),
        format!("{mark}{}", lang.say(t.state.id())),
        t.p.map_or(String::new(), |p| plain(p_value(p))),
        pairs_of(t),
        plain(remark(t, &scale_of(t), lang)),
        plain(detectable(t)),
        plain(needs(t, lang)),
    ]
}

fn flips(c: &Comparison, lang: Lang, out: &mut String) {
    if c.broken + c.mended == 0 {
        return;
    }
    let head = lang.fill(
        "{n} from right to wrong · {k} from wrong to right",
        &[("n", &count(c.broken)), ("k", &count(c.mended))],
    );
    let _ = writeln!(out, "<details><summary>{head}</summary>\n");
    let mut shown = 0;
    for flip in &c.flipped {
        if out.len() > MOST {
            break;
        }
        shown += 1;
        let _ = writeln!(out, "{} {}\n", code(&flip.case), lang.say(flip.direction));
        *out += &fenced(&details(flip, lang));
    }
    let left = (c.broken + c.mended).saturating_sub(shown);
    if left > 0 {
        let _ = writeln!(out, "{}\n", lang.fill("… and {n} more.", &[("n", &count(left))]));
    }
    *out += "</details>\n\n";
}

fn details(flip: &Flip, lang: Lang) -> String {
    let mut out = String::new();
    let reference = flip.reference.join(" | ");
    for (name, text) in [
        (lang.say("asked"), flip.input.as_str()),
        (lang.say("expected"), &reference),
        (lang.say("first"), flip.base_output.as_deref().unwrap_or_default()),
        (lang.say("second"), flip.other_output.as_deref().unwrap_or_default()),
    ] {
        if !text.is_empty() {
            let _ = writeln!(out, "{name}: {text}");
        }
    }
    out
}
