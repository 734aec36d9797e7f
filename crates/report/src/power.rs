//! What a comparison could show: the least difference of each test, and pairs for stated ones.
//!
//! Main functions: [`power`] for a terminal, [`needs`] for other forms. Draws what the findings
//! hold and computes nothing.

use crate::differences::{group_of, name_of, pairs_of, scale_of};
use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use crate::words::Lang;
use acidtest_findings::{StatedPairs, Test};

/// A table of what these pairs show, and of the pairs that stated differences need.
pub(crate) fn power(tests: &[Test], style: Style) -> String {
    let told: Vec<&Test> = tests.iter().filter(|t| t.detectable.is_some() || !t.stated.is_empty()).collect();
    if told.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let head = lang.say("what is shown in four of five runs, after Holm");
    let mut out = format!("{} {head}\n", crate::terminal::title(lang.say("POWER"), style));
    let mut grid = Grid::new(1);
    let heads = ["", lang.say("pairs (units)"), lang.say("shows from"), lang.say("needs")];
    grid.row_of(heads.iter().map(|h| Cell::painted(*h, Paint::Faint)).collect());
    let mut group = String::new();
    for t in told {
        let own = group_of(t, lang);
        if group != own {
            grid.line(own.clone(), Paint::Title);
            group = own;
        }
        grid.row_of(vec![
            format!("  {}", name_of(t, lang)).into(),
            Cell::painted(pairs_of(t), Paint::Faint),
            detectable(t).into(),
            needs(t, lang).into(),
        ]);
    }
    out.push_str(&grid.render(style));
    out
}

/// The least difference that these pairs show.
pub(crate) fn detectable(t: &Test) -> String {
    let scale = scale_of(t);
    t.detectable.map_or("–".into(), |d| format!("{}{}", scale.value(d, None), scale.suffix()))
}

/// `2 pp: 1234 pairs; 5 %: 200 pairs, enough are there`.
pub(crate) fn needs(t: &Test, lang: Lang) -> String {
    let one = |s: &StatedPairs| {
        let pairs = match s.pairs {
            None => lang.say("cannot be said").to_owned(),
            Some(n) if n <= t.pairs => lang.fill("{n} pairs, enough are there", &[("n", &count(n))]),
            Some(n) => lang.fill("{n} pairs", &[("n", &count(n))]),
        };
        format!("{}: {pairs}", s.difference)
    };
    t.stated.iter().map(one).collect::<Vec<_>>().join("; ")
}
