//! The speed card of one request, for people and as JSON.
//!
//! Main functions: [`card`] and [`card_json`]. Must not compute: speeds come from
//! `metrics`, times are cut to two digits and never rounded.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::words::Lang;
use acidtest_findings::Card;
use acidtest_metrics::speed::{Leg, SpeedCard, cut_seconds};
use serde_json::{Value, json};

/// The card as a table. One request has no interval, and the title says so.
#[must_use]
pub fn card(card: &Card, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let faint = |text: &str| Cell::painted(text, Paint::Faint);
    grid.row([
        Cell::painted(lang.say("SPEED CARD"), Paint::Title),
        faint(lang.say("speed")),
        faint(lang.say("tokens")),
        faint(lang.say("time")),
        faint(lang.say("one request: no interval")),
    ]);
    let time = |t: Option<i64>| t.map_or("–".to_owned(), |t| format!("{} s", cut_seconds(t)));
    grid.row([
        format!(" {}", lang.say("round trip")).into(),
        "".into(),
        "".into(),
        time(card.round_trip_ns).into(),
        faint(lang.say("request sent to last byte")),
    ]);
    legs(&mut grid, lang, (lang.say("measured here"), card.measured.as_ref()), (NOT_MEASURED, MEASURED));
    legs(&mut grid, lang, (lang.say("server says"), card.reported.as_ref()), (NOT_REPORTED, REPORTED));
    if card.elsewhere_ns.is_some() {
        let what = faint(lang.say("round trip less the server's own total"));
        grid.row([
            format!(" {}", lang.say("elsewhere")).into(),
            "".into(),
            "".into(),
            time(card.elsewhere_ns).into(),
            what,
        ]);
    }
    grid.render(style)
}

const NOT_MEASURED: &str = "needs a streamed answer and token counts, of hidden thinking too";
const NOT_REPORTED: &str = "the server reports no times";
const MEASURED: [&str; 3] = [
    "until the first content: network, queue, prompt, hidden thinking",
    "from first to last content",
    "tokens over time, no mean of speeds",
];
const REPORTED: [&str; 3] = ["", "", "tokens over time, no mean of speeds"];

fn legs(
    grid: &mut Grid,
    lang: Lang,
    (title, card): (&str, Option<&SpeedCard>),
    (missing, what): (&'static str, [&'static str; 3]),
) {
    let faint = |text: &str| Cell::painted(text, Paint::Faint);
    let Some(card) = card else {
        grid.row([format!(" {title}").into(), "–".into(), "".into(), "".into(), faint(lang.say(missing))]);
        return;
    };
    grid.row([format!(" {title}").into(), "".into()]);
    for ((name, leg), what) in parts(card).into_iter().zip(what) {
        let speed = leg.tokens_per_second().map_or("–".to_owned(), |s| format!("{s:.0} T/s"));
        grid.row([
            format!("   {}", lang.say(name)).into(),
            speed.into(),
            leg.tokens.to_string().into(),
            format!("{} s", cut_seconds(leg.ns)).into(),
            faint(lang.say(what)),
        ]);
    }
}

fn parts(card: &SpeedCard) -> [(&'static str, Leg); 3] {
    [("input", card.input), ("output", card.output), ("total", card.total())]
}

/// The card as JSON: seconds uncut, tokens per second, absent as null.
#[must_use]
pub fn card_json(card: &Card) -> Value {
    let seconds = |t: Option<i64>| t.map(|t| t as f64 / 1e9);
    let side = |c: Option<&SpeedCard>| {
        c.map(|c| {
            let part = |(name, leg): (&str, Leg)| {
                let value = json!({
                    "tokens": leg.tokens,
                    "seconds": leg.ns as f64 / 1e9,
                    "tokens_per_s": leg.tokens_per_second(),
                });
                (name.to_owned(), value)
            };
            Value::Object(parts(c).into_iter().map(part).collect())
        })
    };
    json!({
        "round_trip_s": seconds(card.round_trip_ns),
        "ttft_s": seconds(card.ttft_ns),
        "input_tokens": card.tokens.0,
        "output_tokens": card.tokens.1,
        "measured": side(card.measured.as_ref()),
        "server": side(card.reported.as_ref()),
        "elsewhere_s": seconds(card.elsewhere_ns),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the definition of the speed card.
    fn known() -> Card {
        let reported = SpeedCard {
            round_trip_ns: 529_000_000,
            input: Leg { tokens: 170, ns: 75_000_000 },
            output: Leg { tokens: 21, ns: 24_000_000 },
        };
        Card {
            round_trip_ns: Some(529_000_000),
            measured: None,
            reported: Some(reported),
            elsewhere_ns: Some(430_000_000),
            tokens: (Some(170), Some(21)),
            ttft_ns: None,
        }
    }

    #[test]
    fn times_are_cut_and_speeds_come_from_uncut_times() {
        let text = card(&known(), Style { width: 100, color: false, lang: Lang::En });
        for row in [
            ["round trip", "", "", "0.52 s"],
            ["input", "2267 T/s", "170", "0.07 s"],
            ["output", "875 T/s", "21", "0.02 s"],
            ["total", "1929 T/s", "191", "0.09 s"],
            ["elsewhere", "", "", "0.43 s"],
        ] {
            let line = text.lines().find(|l| l.trim_start().starts_with(row[0])).expect(row[0]);
            assert!(row.iter().all(|cell| line.contains(cell)), "{line}");
        }
        assert!(text.contains("needs a streamed answer"), "{text}");
    }

    #[test]
    fn json_says_null_for_what_was_not_observed() {
        let json = card_json(&known());
        assert_eq!(json["measured"], Value::Null);
        assert_eq!(json["server"]["total"]["tokens"], 191);
        assert!((json["server"]["input"]["tokens_per_s"].as_f64().unwrap() - 2266.666).abs() < 0.01);
    }
}
