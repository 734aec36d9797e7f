//! What people and programs read of a run: a snapshot, the JSON, and hostile texts.
//!
//! The snapshot is `terminal.txt`; when it should change, run the test with
//! `UPDATE_SNAPSHOT=1` and read the difference.

#![allow(clippy::disallowed_methods, reason = "the snapshot is a file")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code)]
#[path = "../../../findings/tests/run/build.rs"]
mod build;
mod ci;
mod html;
mod page;

use acidtest_findings::{Findings, Texts, View, find};
use acidtest_record::*;
use acidtest_report::{Lang, Style, json, schema, terminal};
use build::*;

const STYLE: Style = Style { width: 118, color: false, lang: Lang::En };

/// 124 cases in 31 clusters under a closed load, then the same under arrivals of their own.
fn docent() -> Findings {
    let gates = ["ttft.p95.completed <= 800 ms", "accuracy.low >= 0.75", "error_rate <= 1 %"];
    let mut spec = spec(Load::Closed { concurrency: 8 }, 124, &gates);
    spec.phases.push(phase("poisson 4/s", Load::Poisson { rate: 4.0 }));
    spec.targets[0].source =
        Source::Sim { name: "local:docent-search".into(), config: serde_json::Value::Null };
    let cases = cases(124, 4);
    let mut builder = View::new(RUN, &spec, &cases);
    builder.state(RunState::Done);
    let mut rows = Vec::new();
    for phase in 0..2u32 {
        for i in 0..124u32 {
            let class = match (phase, i) {
                (0, 60) => OutcomeClass::Truncated,
                (0, 20) => OutcomeClass::Failed(Cause::RateLimited),
                (0, 90) => OutcomeClass::Failed(Cause::Cut),
                (1, 100..) => OutcomeClass::NotSent(NotSent::Cap),
                _ => OutcomeClass::Complete,
            };
            let ttft = 150 + i64::from(i.wrapping_mul(2_654_435_761) >> 25);
            let at = i64::from(i) * 250 + i64::from(phase) * 60_000;
            let hash = Some(cases[i as usize].hash);
            let mut r = row(phase * 124 + i, hash, class, at, ttft, ttft + 1500);
            r.phase = phase as u16;
            r.started = r.started.map(|s| s + Ns(300_000));
            builder.row(r);
            rows.push(r);
            if class.delivered() {
                judge(&mut builder, &r, i % 5 != 3 && i != 60);
            }
        }
    }
    for r in rows.iter().filter(|r| r.class.delivered()) {
        builder.detail(&r.key, &arrivals(r));
    }
    find(&builder.finish(), &mut |_| Texts {
        output: Some("금관은 5세기 것입니다.\u{1b}[2J".into()),
        ..Texts::default()
    })
}

/// Eleven events, one a read, from the first token to the last.
fn arrivals(r: &Row) -> Timing {
    let (first, last) = (r.first.unwrap().0, r.last.unwrap().0);
    let read = |k: i64| {
        let at = Ns(first + (last - first) * k / 10 + i64::from(r.key.slot) * 7919 % 1000 * (k % 2));
        Read { kernel: None, before: at, after: at, bytes: 9, drained: true }
    };
    let event = |read| Event { read, kind: EventKind::Visible, tokens: None, last_in_read: true };
    Timing {
        sent: r.sent,
        reads: (0..11).map(read).collect(),
        events: (0..11).map(event).collect(),
        ..Timing::default()
    }
}

/// A run in which every text that anybody gives is hostile.
fn hostile() -> (Findings, Vec<acidtest_findings::RequestLine>) {
    let texts = ci::HOSTILE;
    let mut spec = spec(
        Load::Closed { concurrency: 2 },
        20,
        &["accuracy >= 1 %", "accuracy >= 99 %", "ttft.p95 <= 1 ms"],
    );
    spec.name = texts[1].into();
    spec.targets[0].name = texts[3].into();
    spec.targets[0].model = texts[4].into();
    spec.phases[0].name = texts[2].into();
    spec.scorers[0].name = texts[5].into();
    let mut cases = cases(20, 1);
    for (i, case) in cases.iter_mut().enumerate() {
        let text = texts[i % texts.len()];
        case.id = format!("{text}{i}");
        case.vars.insert("question".into(), text.into());
        case.expected = vec![text.into()];
        case.hash = Case::digest(&case.vars, &case.expected, false);
        case.hash.0[0] = i as u8;
    }
    let mut builder = View::new(RUN, &spec, &cases);
    for (i, case) in (0u32..).zip(&cases) {
        let class = match i {
            3 => OutcomeClass::Failed(Cause::RateLimited),
            4 => OutcomeClass::NotSent(NotSent::Cap),
            _ => OutcomeClass::Complete,
        };
        let r = row(i, Some(case.hash), class, i64::from(i) * 100, 50, 90);
        builder.row(r);
        if class.delivered() {
            judge(&mut builder, &r, i % 3 == 2);
            let score = Some(Value::Number(0.25));
            builder.verdict(&verdict(r.key, texts[6], Status::Scored, score));
        }
    }
    let view = builder.finish();
    let mut said = |key: Key| Texts {
        output: Some(texts.join("\n") + texts[key.slot as usize % texts.len()]),
        ..Texts::default()
    };
    (find(&view, &mut said), acidtest_findings::requests(&view, &mut said))
}

#[test]
fn numbers_of_a_narrow_terminal_do_not_wrap() {
    // Too narrow for the names of the phases beside the numbers.
    let text = terminal(&docent(), Style { width: 64, ..STYLE });
    let wanted = "THROUGHPUT\n                     steady window             whole run\n closed 8\n";
    assert!(text.contains(wanted), "{text}");
    assert!(text.contains("   requests_per_s !  3.96 (3.56–4.42) req/s    3.77 req/s\n"), "{text}");
}

#[test]
fn the_terminal_report() {
    let text = terminal(&docent(), STYLE);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/terminal.txt");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let expect = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text == expect, "{path} says\n{expect}\nthe report is\n{text}");
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let mut f = docent();
    f.run.name = "x\u{1b}]0;owned\u{7}\r\n".into();
    f.warnings.push("\u{202e}evil".into());
    f.gates[0].gate = "\u{9b}31m".into();
    let text = terminal(&f, STYLE);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn colour_changes_no_word() {
    let plain = terminal(&docent(), STYLE);
    let painted = terminal(&docent(), Style { color: true, ..STYLE });
    assert_ne!(plain, painted);
    let mut stripped = String::new();
    for (i, part) in painted.split("\u{1b}[").enumerate() {
        stripped.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    let squeeze = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&stripped), squeeze(&plain));
}

#[test]
fn narrow_terminals_lose_nothing() {
    let words = |width| {
        let text = terminal(&docent(), Style { width, color: false, lang: Lang::En });
        text.replace("\\u{1b}", "").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let (wide, narrow) = (words(400), words(80));
    for gate in ["undecided", "met", "accuracy.low", "Wilson,", "NOT", "p99"] {
        let count = |all: &[String]| all.iter().filter(|w| *w == gate).count();
        assert_eq!(count(&wide), count(&narrow), "{gate}");
    }
}

#[test]
fn the_json_is_flat_and_whole() {
    let value = json(&docent());
    assert_eq!(value["schema"], "acidtest.report/1");
    for key in ["run", "validity", "estimates", "tests", "gates", "failures"] {
        assert!(!value[key].is_null(), "{key}");
    }
    assert_eq!(value["run"]["id"], "7f3a000000000001");
    let estimates = value["estimates"].as_array().unwrap();
    let get = |metric: &str, stat: &str| {
        let found = estimates.iter().find(|e| e["metric"] == metric && e["stat"] == stat);
        found.unwrap_or_else(|| panic!("{metric}.{stat}"))
    };
    let accuracy = get("accuracy", "share");
    assert_eq!(accuracy["unit"], "ratio");
    assert_eq!(accuracy["n"]["requests"], 122);
    assert_eq!(accuracy["labels"]["phase"], "closed 8");
    assert!(accuracy["interval"]["low"].as_f64().unwrap() > 0.6);
    assert!(accuracy["interval_none"].is_null());
    let ttft = get("ttft", "p99");
    assert!(ttft["interval"].is_null() && ttft["interval_none"].is_string());
    let missing = get("reasoning_tokens", "total");
    assert!(missing["value"].is_null() && missing["absent"].is_string());
    for e in estimates {
        assert_eq!(e["value"].is_null(), e["absent"].is_string(), "{e}");
        assert_eq!(e["interval"].is_null(), e["interval_none"].is_string(), "{e}");
        assert!(e["how"].as_str().is_some_and(|h| !h.is_empty()), "{e}");
    }
    assert_eq!(value["gates"][0]["state"], "met");
}

#[test]
fn the_schema_names_every_field_of_the_json() {
    let (schema, value) = (schema(), json(&docent()));
    let fields = |v: &serde_json::Value| -> Vec<String> { v.as_object().unwrap().keys().cloned().collect() };
    for field in fields(&value) {
        assert!(schema["properties"].get(&field).is_some(), "{field}");
    }
    let flat = &schema["$defs"]["Flat"]["properties"];
    for field in fields(&value["estimates"][0]) {
        assert!(flat.get(&field).is_some(), "{field}: {schema:#}");
    }
}

#[test]
fn an_empty_run_prints() {
    let (spec, cases) = (spec(CLOSED, 2, &["accuracy >= 0.5"]), cases(2, 1));
    let text = terminal(&run(&spec, &cases, &[], |_| true), STYLE);
    assert!(text.contains("undecided") && text.contains("no requests"), "{text}");
}

#[test]
fn metrics_are_listed_and_explained() {
    let all = acidtest_findings::metrics();
    let list = acidtest_report::metrics(&all, false, STYLE);
    assert!(list.contains("SPEED") && list.contains("ttft") && list.contains("score[name=…]"));
    let one = acidtest_report::metrics(&[acidtest_findings::metric("tpot").unwrap()], true, STYLE);
    assert!(one.contains("formula") && one.contains("edge cases"), "{one}");
    assert_eq!(acidtest_report::metrics_json(&all)["metrics"].as_array().unwrap().len(), all.len());
}

#[test]
fn runs_are_listed() {
    let line = acidtest_report::RunLine {
        id: "7f3a000000000001".into(),
        name: "도슨트".into(),
        state: "done".into(),
        created: "2026-11-23T19:00:00Z".into(),
        ended: None,
        requests: 12_345,
        records: 12_400,
        failed: 3,
    };
    let text = acidtest_report::runs(std::slice::from_ref(&line), STYLE);
    assert!(text.contains("12,345") && text.contains("도슨트") && text.starts_with("RUN"), "{text}");
    assert_eq!(acidtest_report::runs(&[], STYLE), "no runs stored\n");
}

/// Two targets over 60 cases; the second is wrong in a third of them.
fn two_targets() -> Findings {
    let cases = cases(60, 1);
    let mut spec = spec(CLOSED, 60, &[]);
    spec.targets.push(target("rival\u{1b}[2J"));
    let rows: Vec<Row> = (0..120u32)
        .map(|i| {
            let hash = Some(cases[i as usize % 60].hash);
            let ttft = 100 + i64::from(i.wrapping_mul(2_654_435_761) >> 27);
            let r = row(i, hash, OutcomeClass::Complete, i64::from(i) * 1000, ttft, ttft + 200);
            Row { target: (i / 60) as u16, ..r }
        })
        .collect();
    run(&spec, &cases, &rows, |r| r.target == 0 || !r.key.slot.is_multiple_of(3))
}

#[test]
fn the_matrix_and_its_differences_fit_a_hundred_columns() {
    let text = terminal(&two_targets(), Style { width: 100, color: false, lang: Lang::En });
    let (tables, _) = text.split_once("QUALITY").unwrap();
    for words in ["MATRIX", "DIFFERENCES", "on front", "-33.3 pp", "worse", "would settle"] {
        assert!(tables.contains(words), "{words} in\n{tables}");
    }
    // The first line names the run, whatever its length.
    assert!(tables.lines().skip(1).all(|l| l.chars().count() <= 100), "{tables}");
    assert!(!tables.contains('\u{1b}'), "{tables:?}");
}

#[test]
fn tests_and_matrix_are_in_the_json_as_the_schema_says() {
    let (schema, value) = (schema(), json(&two_targets()));
    let fields = |v: &serde_json::Value| -> Vec<String> { v.as_object().unwrap().keys().cloned().collect() };
    for (list, name) in [("tests", "Test"), ("matrix", "MatrixRow")] {
        let first = &value[list][0];
        for field in fields(first) {
            assert!(schema["$defs"][name]["properties"].get(&field).is_some(), "{name}.{field}");
        }
    }
    assert_eq!(value["tests"][0]["state"], "worse");
    let compare = acidtest_report::comparison_schema();
    assert!(compare["properties"]["schema"].is_object() && compare["properties"]["flipped"].is_object());
}
