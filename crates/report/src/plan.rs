//! A plan before it is run: what will be sent, and what its gates can say.
//!
//! Main function: [`plan`]. Must not estimate anything itself.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use acidtest_findings::{CanDecide, CellForecast, Forecast, GateForecast};

/// The plan as text.
#[must_use]
pub fn plan(forecast: &Forecast, style: Style) -> String {
    let mut out =
        format!("{}\n", style.paint(&format!("plan  {}", crate::clean(&forecast.name)), Paint::Title));
    out.push_str(&head(forecast, style));
    out.push_str(&format!("\n{}\n", style.paint("WILL BE SENT", Paint::Title)));
    out.push_str(&cells(forecast, style));
    if !forecast.gates.is_empty() {
        out.push_str(&format!("\n{}\n", style.paint("GATES", Paint::Title)));
        out.push_str(&gates(&forecast.gates, style));
    }
    out
}

fn head(forecast: &Forecast, style: Style) -> String {
    let mut grid = Grid::new(1);
    let mut row = |key: &str, text: String| grid.row([Cell::painted(key, Paint::Faint), text.into()]);
    let mut cases = count(forecast.cases);
    if forecast.units != forecast.cases {
        cases.push_str(&format!(" in {} clusters", count(forecast.units)));
    }
    if forecast.repeats > 1 {
        cases.push_str(&format!(", {} times each", count(forecast.repeats)));
    }
    for (n, words) in [(forecast.skipped, "skipped"), (forecast.xfail, "expected to fail")] {
        if n > 0 {
            cases.push_str(&format!("; {} {words}", count(n)));
        }
    }
    row("cases", cases);
    if !forecast.selection.is_empty() {
        row("chosen", forecast.selection.join("; "));
    }
    row("requests", forecast.requests.map_or("not known ahead".into(), count));
    let costs: Vec<String> = forecast.cost.iter().map(|c| money(&c.currency, c.amount)).collect();
    let bound = if forecast.cells.iter().any(|c| c.cost_is_bound) { "at most " } else { "about " };
    row(
        "cost",
        if costs.is_empty() { "not known".into() } else { format!("{bound}{}", costs.join(" and ")) },
    );
    row("time", forecast.seconds.map_or("not known".into(), |s| format!("about {}", duration(s))));
    row("estimator", forecast.estimator.clone());
    grid.render(style)
}

fn cells(forecast: &Forecast, style: Style) -> String {
    let mut grid = Grid::new(1);
    let heads = ["phase", "target", "prompt", "requests", "input tok", "output tok", "cost", "time"];
    grid.row(heads.map(|h| Cell::painted(h, Paint::Faint)));
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
            cell.seconds.map_or("?".into(), duration).into(),
        ]);
    }
    grid.render(style)
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

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn gates(gates: &[GateForecast], style: Style) -> String {
    let mut grid = Grid::new(1);
    for gate in gates {
        let (word, paint) = match gate.can {
            CanDecide::Yes => ("decidable", Paint::Good),
            CanDecide::Perhaps => ("perhaps", Paint::Unsure),
            CanDecide::No => ("cannot", Paint::Bad),
            CanDecide::Unknown => ("unknown", Paint::Faint),
        };
        let n = gate.n.map_or("n ?".into(), |n| format!("n {} {}", count(n), gate.unit));
        grid.row([gate.gate.clone().into(), Cell::painted(word, paint), n.into(), gate.why.clone().into()]);
    }
    grid.render(style)
}
