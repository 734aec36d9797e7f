//! The table of requests and one request, from small runs whose every row is known.

use crate::build::*;
use acidtest_findings::View;
use acidtest_findings::browse::*;
use acidtest_record::*;
use proptest::prelude::*;

const CAUSES: [OutcomeClass; 4] = [
    OutcomeClass::Complete,
    OutcomeClass::Truncated,
    OutcomeClass::Failed(Cause::RateLimited),
    OutcomeClass::NotSent(NotSent::Cap),
];

/// `n` requests to two targets: class, time and score follow from the number.
fn index(n: u32, seed: u32) -> CaseIndex {
    let mut spec = spec(CLOSED, 7, &[]);
    spec.targets.push(target("other"));
    let cases = cases(7, 1);
    let mut builder = View::new(RUN, &spec, &cases);
    for i in 0..n {
        let noise = (i ^ seed).wrapping_mul(2_654_435_761) >> 16;
        let class = CAUSES[noise as usize % 4];
        let case = (noise % 9 < 7).then(|| cases[i as usize % 7].hash);
        let ttft = 10 + i64::from(noise % 97);
        let r = Row { target: (i % 2) as u16, ..row(i, case, class, i64::from(i) * 100, ttft, ttft + 50) };
        builder.row(r);
        if class.delivered() && !noise.is_multiple_of(5) {
            judge(&mut builder, &r, noise.is_multiple_of(3));
        }
    }
    CaseIndex::of(&builder.finish())
}

fn page(index: &CaseIndex, query: &CaseQuery) -> CasePage {
    index.page(query, None, None, &mut |_| RowTexts::default())
}

fn all() -> CaseQuery {
    CaseQuery { limit: MOST_ROWS, ..CaseQuery::default() }
}

#[test]
fn a_row_says_what_the_request_was() {
    let (spec, cases) = (spec(CLOSED, 2, &[]), cases(2, 1));
    let mut builder = View::new(RUN, &spec, &cases);
    let retried = row(0, Some(cases[0].hash), OutcomeClass::Failed(Cause::Server), 1000, 10, 20);
    let done = row(0, Some(cases[0].hash), OutcomeClass::Complete, 2000, 30, 80);
    let done = Row { key: Key { attempt: 1, ..done.key }, ..done };
    builder.row(retried);
    builder.row(done);
    judge(&mut builder, &done, true);
    let index = CaseIndex::of(&builder.finish());
    let mut asked = Vec::new();
    let page = index.page(&all(), None, None, &mut |ask| {
        asked.push(ask);
        RowTexts {
            case: Some(cases[0].clone()),
            input: None,
            output: Some("<script>alert(1)</script>".repeat(20)),
        }
    });
    assert_eq!(asked, [RowAsk { key: done.key, case: Some(0), is_delivered: true }]);
    assert_eq!((page.total, page.of), (1, 1));
    let row = &page.rows[0];
    assert_eq!((row.attempts, row.case.as_deref(), row.delivery.as_str()), (2, Some("c0"), "complete"));
    assert_eq!((row.judgement.as_str(), row.scores["char_f1"]), ("correct", 1.0));
    assert_eq!((row.ttft_s, row.e2e_s, row.started_s), (Some(0.03), Some(0.08), Some(2.0)));
    assert_eq!(row.input, "question: q0");
    let output = row.output.as_deref().unwrap();
    assert_eq!((output.chars().count(), output.ends_with('…')), (161, true), "markup stays text and is cut");
    assert_eq!(page.facets.tags["lang"], ["ko"]);
}

#[test]
fn filters_narrow_and_unknown_words_find_nothing() {
    let index = index(200, 3);
    let whole = page(&index, &all());
    assert_eq!((whole.total, whole.of), (200, 200));
    let some = |query: CaseQuery| page(&index, &query);
    let target = some(CaseQuery { targets: vec!["other".into()], ..all() });
    assert_eq!(target.total, 100);
    assert!(target.rows.iter().all(|r| r.labels["target"] == "other"));
    let failed = some(CaseQuery { delivery: vec!["failed".into()], ..all() });
    assert!(failed.total > 0 && failed.rows.iter().all(|r| r.delivery == "failed: 429"));
    let tagged = some(CaseQuery { tags: vec![("lang".into(), "ko".into())], ..all() });
    assert!(tagged.total > 0 && tagged.rows.iter().all(|r| r.case.is_some()));
    let quick = Range { max: Some(0.05), ..Range::default() };
    let quick = some(CaseQuery { ttft: quick, ..all() });
    assert!(quick.rows.iter().all(|r| r.ttft_s.is_some_and(|t| t <= 0.05)));
    let good = Range { min: Some(0.5), ..Range::default() };
    let good = some(CaseQuery { score: Some("char_f1".into()), scored: good, ..all() });
    assert!(good.total > 0 && good.rows.iter().all(|r| r.scores["char_f1"] == 1.0));
    for odd in [
        CaseQuery { targets: vec!["nobody".into()], ..all() },
        CaseQuery { tags: vec![("no".into(), "tag".into())], ..all() },
        CaseQuery { delivery: vec!["<b>".into()], ..all() },
    ] {
        assert_eq!(some(odd).total, 0);
    }
    assert!(some(CaseQuery { from: u64::MAX, ..all() }).rows.is_empty());
}

#[test]
fn a_search_finds_cases_and_requests() {
    let index = index(40, 1);
    let needle = Needle::new("C3").unwrap();
    let hits = Hits::of_ids(&index, &needle);
    let found = index.page(&all(), Some(&hits), Some("cut short".into()), &mut |_| RowTexts::default());
    assert!(found.total > 0 && found.rows.iter().all(|r| r.case.as_deref() == Some("c3")));
    assert_eq!(found.partial.as_deref(), Some("cut short"));
    let mut one = Hits::none(&index);
    one.add_request(&index, 5, 0);
    one.add_request(&index, 999, 9);
    let found = index.page(&all(), Some(&one), None, &mut |_| RowTexts::default());
    assert_eq!(found.rows.iter().map(|r| r.slot).collect::<Vec<_>>(), [5]);
}

#[test]
#[ignore = "a figure of this machine: cargo test --release -p acidtest-findings --test run -- --ignored --nocapture page_of"]
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a figure of this machine")]
fn a_page_of_a_hundred_thousand_requests_takes_less_than_200_ms() {
    let index = index(100_000, 3);
    assert!(index.bytes() < 16 << 20, "{} bytes", index.bytes());
    for order in ["slot", "case", "ttft", "score:char_f1"] {
        let begun = std::time::Instant::now();
        let order = CaseOrder::of(order).unwrap();
        let query =
            CaseQuery { order, tags: vec![("lang".into(), "ko".into())], limit: 100, ..CaseQuery::default() };
        assert_eq!(page(&index, &query).rows.len(), 100);
        let took = begun.elapsed();
        eprintln!("{took:?} by {:?}", query.order);
        assert!(took.as_millis() < 200, "{took:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_class_counts_what_its_filter_finds(n in 1u32..120, seed: u32, right: bool) {
        let index = index(n, seed);
        let base = CaseQuery {
            judgement: if right { vec!["correct".into(), "none".into()] } else { Vec::new() },
            ..all()
        };
        let whole = page(&index, &base);
        let sum: u64 = whole.facets.delivery.iter().map(|c| c.count).sum();
        prop_assert_eq!(sum, whole.total);
        for class in &whole.facets.delivery {
            let one = page(&index, &CaseQuery { delivery: vec![class.class.clone()], ..base.clone() });
            prop_assert_eq!(one.total, class.count);
            prop_assert_eq!(&one.facets.delivery, &whole.facets.delivery);
        }
        for class in &whole.facets.judgement {
            let one = page(&index, &CaseQuery { judgement: vec![class.class.clone()], ..base.clone() });
            prop_assert_eq!(one.total, class.count);
        }
    }

    #[test]
    fn pages_hold_every_row_once(n in 0u32..90, seed: u32, limit in 1u64..20, order in 0usize..6, down: bool) {
        let index = index(n, seed);
        let words = ["slot", "case", "ttft", "e2e", "output_tokens", "score:char_f1"];
        let order = CaseOrder::of(words[order]).unwrap();
        let mut seen: Vec<CaseRow> = Vec::new();
        loop {
            let query = CaseQuery {
                order: order.clone(), is_descending: down, from: seen.len() as u64, limit, ..CaseQuery::default()
            };
            let rows = page(&index, &query).rows;
            if rows.is_empty() {
                break;
            }
            seen.extend(rows);
        }
        if order == CaseOrder::Ttft {
            let times: Vec<f64> = seen.iter().map_while(|r| r.ttft_s).collect();
            let sorted = |w: &[f64]| (w[0] - w[1]) * (if down { -1.0 } else { 1.0 }) <= 0.0;
            prop_assert!(times.windows(2).all(sorted));
            prop_assert!(seen[times.len()..].iter().all(|r| r.ttft_s.is_none()), "what has none comes last");
        }
        let mut slots: Vec<u32> = seen.iter().map(|r| r.slot).collect();
        slots.sort_unstable();
        prop_assert_eq!(slots, (0..n).collect::<Vec<_>>());
    }
}

/// A record of an answer in two reads: one event exactly known, two that came together.
fn record(slot: u32, case: Option<Digest>, text: &str) -> Record {
    let read = |at: i64| Read {
        kernel: Some(Ns::from_millis(at)),
        before: Ns::from_millis(at + 1),
        after: Ns::from_millis(at + 2),
        bytes: 10,
        drained: true,
    };
    let event = |read, kind, last_in_read| Event { read, kind, tokens: Some(1), last_in_read };
    let ms = |t| Some(Ns::from_millis(t));
    Record {
        key: Key { run: RUN, slot, step: 0, attempt: 0 },
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case,
        repeat: 0,
        request: Request { path: "/v1".into(), body: None, bytes: 0, stream: true, nonce: None },
        timing: Timing {
            clock: 0,
            intended: Ns::from_millis(1000),
            started: ms(1001),
            sent: ms(1010),
            sent_end: ms(1011),
            body_end: ms(1100),
            ended: ms(1101),
            marks: vec![
                Mark { name: MarkName::ConnectStart, at: Ns::from_millis(1002) },
                Mark { name: MarkName::ConnectEnd, at: Ns::from_millis(1008) },
                Mark { name: MarkName::Head, at: Ns::from_millis(1040) },
            ],
            reads: vec![read(1050), read(1090)],
            events: vec![
                event(0, EventKind::Visible, true),
                event(1, EventKind::Visible, false),
                event(1, EventKind::Finish, true),
            ],
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: Some(Head { status: 200, headers: vec![("x-id".into(), "\u{1b}[31m<b>".into())] }),
        answer: Answer {
            parts: vec![
                Part::Reasoning("hm".into()),
                Part::Text(text.into()),
                Part::ToolCall { index: 0, id: None, name: "look".into(), arguments: "{\"a\":1".into() },
            ],
            raw: None,
        },
        said: Some(ServerSaid { model: Some("m-1".into()), ..ServerSaid::default() }),
        fault: None,
        place: acidtest_record::Place::default(),
        copied_from: None,
    }
}

fn view_of(records: &[Record], verdicts: Vec<Verdict>) -> CaseView {
    let (spec, cases) = (spec(CLOSED, 1, &[]), cases(1, 1));
    let mut builder = View::new(RUN, &spec, &cases);
    records.iter().for_each(|r| builder.row(Row::of(r)));
    let index = CaseIndex::of(&builder.finish());
    let asked = index.of_same_case(0);
    let in_all = asked.len() as u64;
    let parts: Vec<(usize, AskedParts)> = asked
        .into_iter()
        .map(|at| {
            let attempt =
                AttemptParts { record: records[at].clone(), request_bytes: Some(7), response_bytes: None };
            let messages = vec![("user".into(), "\u{202E}q\u{0000}".into())];
            (at, AskedParts { attempts: vec![attempt], verdicts: verdicts.clone(), messages })
        })
        .collect();
    index.view(Some(&cases[0]), &parts, in_all)
}

#[test]
fn the_waterfall_is_derived_from_moments_and_bounds() {
    let hash = cases(1, 1)[0].hash;
    let view = view_of(&[record(0, Some(hash), "답"), record(1, Some(hash), "again")], Vec::new());
    assert_eq!((view.requests.len(), view.requests_in_all), (2, 2));
    let a = &view.requests[0].attempts[0];
    let spans: Vec<(&str, f64, f64)> = a.spans.iter().map(|s| (s.name.as_str(), s.from_s, s.to_s)).collect();
    let want = [
        ("dispatch", 0.0, 0.001),
        ("connect", 0.002, 0.008),
        ("send", 0.01, 0.011),
        ("wait", 0.011, 0.05),
        ("answer", 0.05, 0.09),
        ("rest", 0.09, 0.1),
    ];
    assert_eq!(spans, want);
    let events: Vec<(f64, Option<f64>)> = a.events.iter().map(|e| (e.at_s, e.low_s)).collect();
    assert_eq!(events, [(0.05, None), (0.09, Some(0.051)), (0.09, None)]);
    let mark = |name: &str| a.marks.iter().find(|m| m.name == name).map(|m| m.at_s);
    assert_eq!((mark("head"), mark("first_token"), mark("ended")), (Some(0.04), Some(0.05), Some(0.101)));
    assert_eq!((a.class.as_str(), a.finish.as_deref(), a.status), ("complete", Some("stop"), Some(200)));
    assert_eq!(a.headers[0].1, "\u{1b}[31m<b>", "hostile text stays what it is: text");
    assert_eq!(a.said["model"], "m-1");
    assert_eq!((a.request_bytes, a.response_bytes), (Some(7), None));
}

#[test]
fn large_answers_are_cut_and_the_cut_is_counted() {
    let hash = cases(1, 1)[0].hash;
    let long = "가".repeat(4_000_000);
    let view = view_of(&[record(0, Some(hash), &long)], Vec::new());
    let a = &view.requests[0].attempts[0];
    let shown = a.parts[1].text.len();
    assert!(shown <= 64 << 10);
    assert_eq!(shown as u64 + a.left_out, long.len() as u64);
    assert_eq!(a.parts[2].name.as_deref(), Some("look"));
    let mut many = record(0, Some(hash), "x");
    many.timing.events = vec![many.timing.events[0]; 9000];
    let view = view_of(&[many], Vec::new());
    let a = &view.requests[0].attempts[0];
    assert_eq!((a.events.len(), a.events_in_all), (4000, 9000));
}

#[test]
fn of_one_maker_the_latest_opinion_stands() {
    let r = record(0, Some(cases(1, 1)[0].hash), "x");
    let said = |at, person: &str, value: Option<Value>| Verdict {
        maker: Maker { kind: MakerKind::Person, name: person.into(), version: String::new(), digest: None },
        at_unix_ns: at,
        ..verdict(r.key, "helpful", if value.is_some() { Status::Scored } else { Status::Withdrawn }, value)
    };
    let view = view_of(
        std::slice::from_ref(&r),
        vec![
            said(3, "kim", None),
            said(1, "kim", Some(Value::Bool(true))),
            said(2, "lee", Some(Value::Label("<i>fine</i>".into()))),
        ],
    );
    let told: Vec<(&str, &str, bool)> =
        view.requests[0].verdicts.iter().map(|v| (v.maker.as_str(), v.status, v.superseded)).collect();
    assert_eq!(told, [("kim", "scored", true), ("lee", "scored", false), ("kim", "withdrawn", false)]);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["requests"][0]["verdicts"][1]["value"], "<i>fine</i>");
    assert_eq!(json["requests"][0]["verdicts"][0]["value"], true);
}
