//! The HTML file of a run: hostile text stays data, sizes hold, what is cut is said.

use super::*;
use acidtest_findings::browse::*;
use acidtest_findings::{Curves, PlanInfo};
use acidtest_report::{Lang, MOST_BYTES, MOST_CASES, PAGE, RunPage, html, page_policy};
use serde_json::Value;

fn row(no: u32, input: &str, output: &str) -> CaseRow {
    CaseRow {
        slot: no,
        step: 0,
        attempts: 1,
        case: Some(format!("case-{no}")),
        repeat: 0,
        labels: [("target", "docent-search"), ("phase", "closed 8")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        delivery: "complete".into(),
        judgement: "wrong".into(),
        scores: [("char_f1".to_owned(), 0.123_456_789_012_345)].into(),
        ttft_s: Some(0.123_456_789),
        e2e_s: Some(1.234_567_891),
        input_tokens: Some(100),
        output_tokens: Some(200),
        started_s: Some(12.345_678_901),
        input: input.chars().take(160).collect(),
        output: Some(output.chars().take(160).collect()),
    }
}

fn view(row: &CaseRow, text: &str, events: usize, others: usize) -> CaseView {
    let attempt = AttemptView {
        attempt: 0,
        class: "complete".into(),
        finish: Some("stop".into()),
        detail: Some(text.to_owned()),
        parts: vec![PartView { kind: PartKind::Text, name: None, text: text.to_owned() }],
        left_out: 0,
        spans: vec![SpanView { name: "answer".into(), from_s: 0.1, to_s: 1.0 }],
        marks: vec![MarkView { name: "sent".into(), at_s: 0.0 }],
        events: vec![
            EventView { kind: EventWord::Visible, at_s: 0.123_456_789, low_s: None, tokens: None };
            events
        ],
        events_in_all: events as u64,
        said: [("model".to_owned(), "m".to_owned())].into(),
        status: Some(200),
        headers: vec![("server".into(), text.chars().take(40).collect())],
        place: [("address".to_owned(), "127.0.0.1".to_owned())].into(),
        copied_from: None,
        request_bytes: Some(5),
        response_bytes: Some(5),
    };
    let request = RequestView {
        slot: row.slot,
        step: 0,
        labels: row.labels.clone(),
        repeat: 0,
        delivery: "complete".into(),
        judgement: "wrong".into(),
        messages: vec![MessageView { role: "user".into(), text: text.to_owned(), left_out: 0 }],
        verdicts: vec![VerdictView {
            name: "char_f1".into(),
            maker_kind: "scorer",
            maker: "char_f1".into(),
            version: "1".into(),
            status: "scored",
            value: Some(SaidValue::Number(0.1)),
            why: Some(text.to_owned()),
            at: "2026-11-26T00:00:00Z".into(),
            superseded: false,
        }],
        attempts: vec![attempt],
    };
    CaseView {
        case: Some(CaseText {
            id: format!("case-{}", row.slot),
            digest: "d".into(),
            fields: [("question".to_owned(), text.to_owned())].into(),
            reference: vec![text.to_owned()],
            tags: [("lang".to_owned(), "ko".to_owned())].into(),
            cluster: None,
            split: None,
            refuse: false,
            left_out: 0,
        }),
        requests: vec![request; others + 1],
        requests_in_all: others as u64 + 1,
    }
}

/// A file of so many requests that all say the same.
fn file(requests: u32, text: &str, events: usize, others: usize) -> String {
    let findings = docent();
    let curves = Curves::default();
    let plan = PlanInfo::of(&spec(CLOSED, 124, &[]), &[], &[], None);
    let rows = (0..requests).map(|no| row(no, text, text)).collect();
    let of = u64::from(requests);
    let cases = CasePage { total: of, of, rows, facets: CaseFacets::default(), partial: None };
    html(RunPage::of(&findings, &curves, &plan), cases, None, &mut |row| {
        Some(view(row, text, events, others))
    })
}

const BEFORE: &str = "<script type=\"application/json\" id=\"acidtest-data\">";

/// What the page reads.
fn data(html: &str) -> Value {
    let from = html.find(BEFORE).unwrap() + BEFORE.len();
    let to = from + html[from..].find("</script>").unwrap();
    serde_json::from_str(&html[from..to]).unwrap()
}

#[test]
fn a_file_is_the_bundle_with_a_policy_and_data() {
    let html = file(3, "금관은 5세기 것입니다.", 5, 0);
    let policy = page_policy(PAGE, &[]);
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\" />");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("connect-src"));
    // Policy, then data, then the first script; without them it is the bundle, byte for byte.
    let (at, begin) = (html.find(&meta).unwrap(), html.find(BEFORE).unwrap());
    assert!(at < html.find("<script").unwrap() && begin == html.find("<script").unwrap());
    let end = begin + html[begin..].find("</script>\n    ").unwrap() + "</script>\n    ".len();
    let rest = [&html[..begin], &html[end..]].concat().replacen(&format!("\n    {meta}"), "", 1);
    assert_eq!(rest, PAGE);
    let data = data(&html);
    assert_eq!(data["page"]["report"], json(&docent()));
    assert_eq!(data["cases"]["rows"].as_array().unwrap().len(), 3);
    assert_eq!(data["views"]["2.0"]["requests"][0]["messages"][0]["text"], "금관은 5세기 것입니다.");
    assert_eq!(data["views"]["2.0"]["requests"][0]["attempts"][0]["request_bytes"], Value::Null);
    assert_eq!(data["left_out"], serde_json::json!(["raw requests and responses are not in this file"]));
}

#[test]
fn hostile_text_stays_data() {
    for text in [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "</SCRIPT ><img src=x onerror=alert(1)>",
        "a\u{2028}b\u{2029}c",
        "\u{202e}evil\u{2066} \u{feff}",
        "\0\u{1b}[2J\u{9b}31m",
        "\" onload=\"x & y",
    ] {
        let html = file(2, text, 1, 0);
        let calm = file(2, "calm", 1, 0);
        let tags = |html: &str| (html.matches('<').count(), html.matches("<script").count());
        assert_eq!(tags(&html), tags(&calm), "{text:?}");
        let read = data(&html);
        assert_eq!(read["views"]["0.0"]["requests"][0]["attempts"][0]["parts"][0]["text"], text);
        assert_eq!(read["cases"]["rows"][1]["output"], text);
    }
}

#[test]
fn an_answer_of_ten_megabytes_is_cut_and_counted() {
    let long = "가<b>".repeat(10 << 20 >> 2);
    let html = file(2, &long, 4000, 20);
    assert!(html.len() < MOST_BYTES, "{}", html.len());
    let attempt = data(&html)["views"]["0.0"]["requests"][0]["attempts"][0].clone();
    let kept = attempt["parts"][0]["text"].as_str().unwrap();
    assert!(long.starts_with(kept) && kept.len() > 1000);
    assert_eq!(attempt["left_out"], (long.len() - kept.len()) as u64);
    assert_eq!(attempt["events_in_all"], 4000);
    let left_out = data(&html)["left_out"].to_string();
    assert!(left_out.contains("2 requests are shortened for size"), "{left_out}");
}

#[test]
fn a_thousand_cases_stay_below_three_megabytes() {
    // Korean of three bytes a character, and text that escapes make six times as long.
    for text in ["한국어로 된 긴 답변입니다. ".repeat(300), "<&>\u{202e}".repeat(2000)] {
        let html = file(1200, &text, 300, 4);
        assert!(html.len() < MOST_BYTES, "{}", html.len());
        assert!(html.len() > MOST_BYTES / 2, "{}: the room is used", html.len());
        let data = data(&html);
        let rows = data["cases"]["rows"].as_array().unwrap();
        assert!(rows.len() <= MOST_CASES && rows.len() > 300, "{}", rows.len());
        // Where even the shortest views are too many, the first have theirs.
        let views = data["views"].as_object().unwrap();
        let first = (0..views.len()).all(|no| views.contains_key(&format!("{no}.0")));
        assert!(views.len() > 150 && first, "{}", views.len());
        let left_out: Vec<&str> =
            data["left_out"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
        let held = format!("this file holds {} of 1200 requests, failing ones first", rows.len());
        assert!(left_out.contains(&held.as_str()), "{left_out:?}");
        for words in &left_out {
            let korean = data["page"]["words"][*words].as_str();
            assert_eq!(korean, Some(Lang::Ko.tell(words).as_str()));
            assert_ne!(korean, Some(*words), "no Korean");
        }
    }
}

#[test]
fn a_run_of_very_many_numbers_still_fits() {
    let mut findings = docent();
    let tagged = |e: &acidtest_findings::Estimate, i: usize| {
        let mut e = e.clone();
        e.labels.insert("lang".into(), format!("l{i}"));
        e
    };
    let own = findings.estimates.clone();
    let more = (0..30).flat_map(|i| own.iter().map(move |e| tagged(e, i))).collect::<Vec<_>>();
    findings.estimates.extend(more);
    let (curves, plan) = (Curves::default(), PlanInfo::of(&spec(CLOSED, 124, &[]), &[], &[], None));
    let cases = CasePage { total: 0, of: 0, rows: Vec::new(), facets: CaseFacets::default(), partial: None };
    let html = html(RunPage::of(&findings, &curves, &plan), cases, None, &mut |_| None);
    assert!(html.len() < MOST_BYTES, "{}", html.len());
    let data = data(&html);
    let of_places = own.iter().filter(|e| e.is_of_place()).count();
    assert_eq!(data["page"]["report"]["estimates"].as_array().unwrap().len(), of_places);
    assert!(data["left_out"].to_string().contains("numbers by tag are left out for size"));
}
