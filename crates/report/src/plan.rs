//! A plan before it is run: what will be sent, and what its gates can say.
//!
//! Main function: [`plan`]. Must not estimate anything itself.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use crate::words::Lang;
use acidtest_findings::{CanDecide, CellForecast, Forecast, GateForecast};

/// The plan as text.
#[must_use]
pub fn plan(forecast: &Forecast, style: Style) -> String {
    let lang = style.lang;
    let mut out = format!(
        "{}\n",
        style.paint(&format!("{}  {}", lang.say("plan"), crate::clean(&forecast.name)), Paint::Title)
    );
    out.push_str(&head(forecast, style));
    out.push_str(&format!("\n{}\n", style.paint(lang.say("WILL BE SENT"), Paint::Title)));
    out.push_str(&cells(forecast, style));
    if !forecast.gates.is_empty() {
        out.push_str(&format!("\n{}\n", style.paint(lang.say("GATES"), Paint::Title)));
        out.push_str(&gates(&forecast.gates, style));
    }
    out
}

fn head(forecast: &Forecast, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let mut row = |key: &str, text: String| grid.row([Cell::painted(key, Paint::Faint), text.into()]);
    let mut cases = count(forecast.cases);
    if forecast.units != forecast.cases {
        cases = match forecast.units {
            1 => lang.fill("{n} in 1 cluster", &[("n", &cases)]),
            k => lang.fill("{n} in {k} clusters", &[("n", &cases), ("k", &count(k))]),
        };
    }
    if forecast.repeats > 1 {
        cases.push_str(&lang.fill(", {n} times each", &[("n", &count(forecast.repeats))]));
    }
    for (n, words) in
        [(forecast.skipped, lang.say("skipped")), (forecast.xfail, lang.say("expected to fail"))]
    {
        if n > 0 {
            cases.push_str(&format!("; {} {words}", count(n)));
        }
    }
    row(lang.say("cases"), cases);
    if !forecast.selection.is_empty() {
        row(lang.say("chosen"), forecast.selection.join("; "));
    }
    row(lang.say("requests"), forecast.requests.map_or(lang.say("not known ahead").into(), count));
    let costs: Vec<String> = forecast.cost.iter().map(|c| money(&c.currency, c.amount)).collect();
    let sum = costs.join(lang.say(" and "));
    let is_bound = forecast.cells.iter().any(|c| c.cost_is_bound);
    row(
        lang.say("cost"),
        match (costs.is_empty(), is_bound) {
            (true, _) => lang.say("not known").into(),
            (false, true) => lang.fill("at most {sum}", &[("sum", &sum)]),
            (false, false) => lang.fill("about {sum}", &[("sum", &sum)]),
        },
    );
    row(
        lang.say("time"),
        forecast.seconds.map_or(lang.say("not known").into(), |s| {
            lang.fill("about {sum}", &[("sum", &duration(s, lang))])
        }),
    );
    row(lang.say("estimator"), lang.tell(&forecast.estimator));
    grid.render(style)
}

fn cells(forecast: &Forecast, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let heads = ["phase", "target", "prompt", "requests", "input tok", "output tok", "cost", "time"];
    grid.row(heads.map(|h| Cell::painted(lang.say(h), Paint::Faint)));
    for cell in &forecast.cells {
        let mut requests = cell.requests.map_or("?".into(), count);
        if cell.warmup > 0 {
            requests.push_str(&format!(" +{}", count(cell.warmup)));
        }
        grid.row([
            cell.phase.clone().into(),
            cell.target.clone().into(),
            cell.prompt.clone().into(),
            requests.into(),
            cell.input_tokens.map_or("?".into(), tokens).into(),
            output(cell).into(),
            cost(cell).into(),
            cell.seconds.map_or("?".into(), |s| duration(s, lang)).into(),
        ]);
    }
    let mut out = grid.render(style);
    if forecast.cells.iter().any(|c| c.warmup > 0) {
        let legend = lang.say("+N: warm-up requests, sent first and not counted");
        out.push_str(&format!(" {}\n", style.paint(legend, Paint::Faint)));
    }
    out
}

fn tokens(n: f64) -> String {
    count(n.round() as u64)
}

fn output(cell: &CellForecast) -> String {
    match (cell.output_tokens, cell.output_tokens_at_most) {
        (Some(n), _) => tokens(n),
        (None, Some(most)) => format!("≤ {}", tokens(most)),
        (None, None) => "?".into(),
    }
}

fn cost(cell: &CellForecast) -> String {
    let Some(cost) = &cell.cost else { return "?".into() };
    let sign = if cell.cost_is_bound { "≤ " } else { "" };
    format!("{sign}{}", money(&cost.currency, cost.amount))
}

fn money(currency: &str, amount: f64) -> String {
    match amount {
        a if a != 0.0 && a < 0.01 => format!("{a:.6} {currency}"),
        a => format!("{a:.2} {currency}"),
    }
}

fn duration(seconds: f64, lang: Lang) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => lang.fill("{n} min", &[("n", &format!("{:.0}", s / 60.0))]),
        s => lang.fill("{n} h", &[("n", &format!("{:.1}", s / 3600.0))]),
    }
}

fn gates(gates: &[GateForecast], style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    for gate in gates {
        let (word, paint) = match gate.can {
            CanDecide::Yes => (lang.say("decidable"), Paint::Good),
            CanDecide::Perhaps => (lang.say("perhaps"), Paint::Unsure),
            CanDecide::No => (lang.say("cannot"), Paint::Bad),
            CanDecide::Unknown => (lang.say("unknown"), Paint::Faint),
        };
        let n = gate.n.map_or("n ?".into(), |n| format!("n {} {}", count(n), lang.say(gate.unit)));
        grid.row([
            gate.gate.clone().into(),
            Cell::painted(word, paint),
            n.into(),
            lang.tell(&gate.why).into(),
        ]);
    }
    grid.render(style)
}
