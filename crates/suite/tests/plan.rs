//! What a suite file becomes: every key, every default, and the suites that we publish.

use acidtest_record::{Amount, Bound, Extraction, Load, ScorerKind, ScorerSpec, Source, Stat, Warmup};
use acidtest_suite::{Loaded, SuiteError, load, render};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::Path;

fn load_with(files: &[(&str, &[u8])]) -> Result<Loaded, SuiteError> {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    let open = move |path: &Path| -> io::Result<Box<dyn Read>> {
        match files.get(&path.display().to_string()) {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    };
    load(Path::new("a/suite.yaml"), &open)
}

fn loaded(yaml: &str) -> Loaded {
    match load_with(&[("a/suite.yaml", yaml.as_bytes())]) {
        Ok(loaded) => loaded,
        Err(e) => panic!("{e}"),
    }
}

const HEAD: &str = "target: { url: 'http://h:1/v1', model: m }\nprompt: '{{ q }}'\n";
const CASES: &str = "cases: [{ q: one, expected: 1 }]\n";

fn with(rest: &str) -> Loaded {
    loaded(&format!("{HEAD}{CASES}{rest}"))
}

#[test]
fn ten_lines_are_enough() {
    let yaml = "\
target:
  url: http://localhost:8000/v1
  model: my-model
prompt: \"{{ question }}\"
cases:
  - question: What is the capital of Korea?
    expected: Seoul
  - question: 2 + 2?
    expected: 4
";
    let got = loaded(yaml);
    let spec = &got.spec;
    assert_eq!((spec.name.as_str(), spec.cases, spec.repeats, spec.seed), ("a", 2, 1, 1));
    assert_eq!(spec.targets[0].name, "my-model");
    assert_eq!(spec.targets[0].source, Source::Url("http://localhost:8000/v1".into()));
    assert!(spec.targets[0].stream && spec.targets[0].key_env.is_none());
    assert_eq!(spec.phases[0].load, Load::Closed { concurrency: 4 });
    assert_eq!((spec.phases[0].name.as_str(), spec.phases[0].amount), ("closed 4", Amount::Cases));
    assert_eq!(spec.scorers[0].kind, ScorerKind::Exact { ignore_case: false });
    assert_eq!(spec.extraction, Extraction::Whole);
    assert_eq!(got.cases[1].expected, ["4"]);
    assert_eq!(got.cases[1].id, "case-2");
    let messages = render(&spec.prompts[0], &got.cases[0]).unwrap();
    assert_eq!(messages[0].role, "user");
    assert_eq!(messages[0].content, "What is the capital of Korea?");
}

#[test]
fn the_docent_suite_loads() {
    let yaml = include_bytes!("../../../suites/docent/suite.yaml");
    let cases = include_bytes!("../../../suites/docent/cases.jsonl");
    let files: &[(&str, &[u8])] = &[("a/suite.yaml", yaml), ("a/cases.jsonl", cases)];
    let got = load_with(files).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((got.spec.name.as_str(), got.cases.len()), ("docent", 251));
    assert_eq!(got.cases.iter().filter(|c| c.refuse).count(), 27);
    let case = got.cases.iter().find(|c| c.id == "pensive-83-material-en").unwrap();
    assert_eq!(case.expected, ["gilded", "gilt bronze", "gilt-bronze"]);
    assert_eq!(case.cluster.as_deref(), Some("pensive-bodhisattva-83"));
    assert_eq!(case.tags.get("lang").map(String::as_str), Some("en"));
    assert_eq!(case.vars.keys().collect::<Vec<_>>(), ["question"]);
    let held_out: Vec<_> = got.cases.iter().filter(|c| c.split.as_deref() == Some("held_out")).collect();
    assert_eq!((held_out.len(), got.cases.len() - held_out.len()), (86, 165));
    for case in held_out {
        let original = got.cases.iter().find(|c| Some(c.id.as_str()) == case.vars["of"].as_str()).unwrap();
        assert_eq!((&original.expected, &original.cluster), (&case.expected, &case.cluster), "{}", case.id);
        assert_ne!(original.vars["question"], case.vars["question"], "{}", case.id);
    }
    let refused = got.cases.iter().find(|c| c.refuse).unwrap();
    assert!(refused.expected.is_empty());
    assert_eq!(got.spec.phases[0].warmup, Warmup::Count(8));
    assert_eq!(got.spec.phases[1].amount, Amount::Seconds(20.0));
    assert_eq!(got.spec.gates.len(), 3);
    let messages = render(&got.spec.prompts[0], case).unwrap();
    assert_eq!(messages[1].content, "What is the statue with the crossed leg made of?");
    assert!(messages[0].content.ends_with("cannot answer it."), "{:?}", messages[0]);
}

#[test]
fn every_key_of_a_target_arrives() {
    let yaml = "targets:
  - name: a
    url: https://api.example/v1/
    model: m
    key: OPENAI_API_KEY
    headers: { X-Team: \"${TEAM}\", X-N: 5 }
    body: { top_p: 0.9, nested: { a: [1, null] } }
    stream: false
    price: { currency: KRW, input: 150, output: 600.5, cached: 75, request: 1 }
  - { name: b, url: 'sim:fast', sim: { ttft_ms: 50 } }
  - url: local:docent-search
prompt: '{{ q }}'
cases: [{ q: x }]
";
    let targets = loaded(yaml).spec.targets;
    assert_eq!(targets[0].source, Source::Url("https://api.example/v1".into()));
    assert_eq!(targets[0].key_env.as_deref(), Some("OPENAI_API_KEY"));
    assert_eq!(targets[0].headers["X-Team"], "${TEAM}");
    assert_eq!(targets[0].headers["X-N"], "5");
    assert_eq!(
        serde_json::json!(targets[0].body),
        serde_json::json!({"top_p": 0.9, "nested": {"a": [1, null]}})
    );
    let price = targets[0].price.clone().unwrap();
    assert_eq!((price.currency.as_str(), price.input, price.output), ("KRW", 150.0, 600.5));
    assert_eq!((price.cached, price.request), (Some(75.0), 1.0));
    let config = serde_json::json!({ "ttft_ms": 50 });
    assert_eq!(targets[1].source, Source::Sim { name: "sim:fast".into(), config });
    assert_eq!((targets[1].name.as_str(), targets[1].model.as_str()), ("b", "fast"));
    assert_eq!(targets[2].name, "docent-search");
    let config = serde_json::json!({});
    assert_eq!(targets[2].source, Source::Sim { name: "local:docent-search".into(), config });
}

#[test]
fn prompts_may_be_several() {
    let yaml = "target: { url: 'sim:a' }
prompts:
  - '{{ q }}?'
  - - { role: system, content: Be brief. }
    - { role: user, content: '{{ q }}' }
  - name: polite
    messages: [{ role: user, content: 'Please: {{ q }}' }]
  - { name: plain, messages: '{{ q }}' }
cases: [{ q: why }]
";
    let got = loaded(yaml);
    let names: Vec<&str> = got.spec.prompts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["prompt 1", "prompt 2", "polite", "plain"]);
    let text = |i: usize| render(&got.spec.prompts[i], &got.cases[0]).unwrap().pop().unwrap().content;
    assert_eq!([text(0), text(1), text(2), text(3)], ["why?", "why", "Please: why", "why"]);
}

#[test]
fn loads_that_change_and_pause_are_read() {
    let yaml = format!(
        "{HEAD}{CASES}phases:
  - {{ gamma: 10, burstiness: 0.5, for: 30 s, warmup: 5 s, cooldown: 2 s }}
  - stages: [{{ for: 30 s, rate: 10 }}, {{ for: 1 min, rate: 10-50 }}]
    arrivals: constant
    stop_when: [ttft.p95 within 5 %, e2e.mean within 2 %]
  - stages: [{{ for: 10 s, users: 2 }}, {{ for: 10 s, users: 2-8 }}]
    think_time: lognormal(2, 0.5)
    pacing: 3 s
  - {{ rate_file: rates.csv, max_requests: 500, max_time: 1 min }}
  - {{ closed: 4, for: 1 min, max_rate: 2, think_time: 500 ms }}
abort: [saturated for 30 s, in_flight > 500 for 10 s, not_sent > 5 %]
"
    );
    let files = [("a/suite.yaml", yaml.as_bytes()), ("a/rates.csv", b"0,1\n10,5\n".as_slice())];
    let spec = load_with(&files).unwrap_or_else(|e| panic!("{e}")).spec;
    let names: Vec<&str> = spec.phases.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["gamma(0.5) 10/s", "constant 10-50/s", "closed 2-8", "poisson 1-5/s", "closed 4"]);
    let p = &spec.phases;
    assert_eq!((p[0].warmup, p[0].cooldown_s), (Warmup::Seconds(5.0), 2.0));
    assert_eq!(p[1].amount, Amount::Seconds(90.0));
    assert_eq!(p[1].stop_when.len(), 2);
    assert_eq!((p[2].load.users(), p[2].max_in_flight, p[2].pacing_s), (Some(8), 8, 3.0));
    assert_eq!((p[3].load.stages().unwrap().area(), p[3].caps.requests), (60.0, Some(500)));
    assert_eq!((p[4].max_rate, p[4].think.unwrap().to_string()), (Some(2.0), "0.5".to_owned()));
    let held: Vec<f64> = spec.abort.iter().map(|r| r.hold_s).collect();
    assert_eq!(held, [30.0, 10.0, 0.0]);
}

#[test]
fn loads_that_cannot_be_are_refused_where_they_stand() {
    for (phase, says) in [
        ("{ gamma: 10 }", "needs 'burstiness'"),
        ("{ poisson: 10, burstiness: 2 }", "'burstiness' is for gamma arrivals"),
        ("{ gamma: 10, burstiness: 0 }", "'burstiness' must be at least"),
        ("{ poisson: 200000 }", "at most 100000"),
        ("{ poisson: 10, arrivals: gamma }", "'arrivals' is for stages and rate files"),
        ("{ poisson: 10, think_time: 1 s }", "'think_time' is for closed loops"),
        ("{ closed: 2, think_time: 2 }", "has no unit"),
        ("{ closed: 2, think_time: 'pareto(1, 2)' }", "is not a distribution"),
        ("{ stages: [] }", "is an empty list"),
        ("{ stages: [{ for: 1 s, rate: -3 }] }", "is not requests per second"),
        ("{ stages: [{ for: 1 s, rate: 200000 }] }", "not from 0 to 100000"),
        ("{ stages: [{ for: 1 s, users: 1.5 }] }", "a whole number of users"),
        ("{ stages: [{ for: 1 s, rate: 3 }, { for: 1 s, users: 3 }] }", "choose one"),
        ("{ stages: [{ for: 1 s, rate: 0 }] }", "nothing would be sent"),
        ("{ stages: [{ for: 1 s, rats: 3 }] }", "unknown key 'rats'"),
        ("{ stages: [{ for: 9 s, rate: 3 }], for: 5 s }", "both say how long"),
        ("{ stages: [{ for: 9 s, rate: 3 }], warmup: 9 s }", "leave nothing that counts"),
        ("{ stages: [{ for: 9 s, users: 3 }], arrivals: gamma }", "'arrivals' is for stages with a rate"),
        ("{ rate_file: none.csv }", "cannot read"),
        ("{ closed: 2, max_cost: 1 }", "'max_cost' cannot be kept"),
        ("{ closed: 2, stop_when: ttft within 5 % }", "does not say which number"),
        ("{ closed: 2, thinktime: 1 s }", "think_time"),
        ("{ poisson: 90000, for: 1 h }", "more than 50000000"),
    ] {
        let yaml = format!("{HEAD}{CASES}phases: [{phase}]\n");
        let error = load_with(&[("a/suite.yaml", yaml.as_bytes())]).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(says) && error.line > 0, "{phase}: {error}");
    }
}

#[test]
fn saturation_needs_an_open_loop() {
    let yaml = format!("{HEAD}{CASES}abort: saturated\n");
    let error = load_with(&[("a/suite.yaml", yaml.as_bytes())]).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("'saturated' is for open loops"), "{error}");
}

#[test]
fn phases_have_loads_amounts_and_names_of_their_own() {
    let got = with(
        "phases:
  - closed: 8
  - { poisson: 4, for: 30 s, warmup: 5 }
  - { constant: 0.5, count: 100, max_in_flight: 9, name: slow }
  - { closed: 8, for: 2 min }
",
    );
    let phases = got.spec.phases;
    let names: Vec<&str> = phases.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["closed 8", "poisson 4/s", "slow", "closed 8-2"]);
    assert_eq!((phases[0].amount, phases[0].max_in_flight), (Amount::Cases, 8));
    assert_eq!(phases[1].load, Load::Poisson { rate: 4.0 });
    assert_eq!((phases[1].amount, phases[1].warmup), (Amount::Seconds(30.0), Warmup::Count(5)));
    assert_eq!((phases[2].amount, phases[2].max_in_flight), (Amount::Count(100), 9));
    assert_eq!(phases[2].load, Load::Constant { rate: 0.5 });
    assert_eq!(phases[3].amount, Amount::Seconds(120.0));
}

#[test]
fn scorers_have_names_options_and_pass_marks() {
    let got = with(
        "scorers:
  - contains
  - { type: char_f1, unicode: true, name: cf, weight: 2, not: true, pass: 0.5 }
  - token_f1
  - { type: numeric, abs: 0.5, rel: 0 }
  - { type: starts_with, any_of: [yes, 7.50] }
  - { type: regex, pattern: '^a' }
  - { type: exact, not: true }
  - any: [contains, { type: token_f1, pass: 0.8 }, { all: [exact, refusal], name: both }]
  - contains
",
    );
    let scorers = got.spec.scorers;
    let names: Vec<&str> = scorers.iter().map(|s| s.name.as_str()).collect();
    let expect =
        ["contains", "cf", "token_f1", "numeric", "starts_with", "regex", "not_exact", "any", "contains-2"];
    assert_eq!(names, expect);
    let passes: Vec<Option<f64>> = scorers.iter().map(|s| s.pass).collect();
    let one = Some(1.0);
    assert_eq!(passes, [one, Some(0.5), None, one, one, one, one, one, one]);
    assert_eq!(
        scorers[1],
        ScorerSpec {
            name: "cf".into(),
            kind: ScorerKind::CharF1 { unicode: true },
            negate: true,
            weight: 2.0,
            pass: Some(0.5)
        }
    );
    assert_eq!(scorers[3].kind, ScorerKind::Numeric { abs: 0.5, rel: 0.0 });
    let any_of = Some(vec!["yes".to_owned(), "7.50".to_owned()]);
    assert_eq!(scorers[4].kind, ScorerKind::StartsWith { ignore_case: false, any_of });
    let ScorerKind::Any(parts) = &scorers[7].kind else { panic!("{:?}", scorers[7]) };
    assert_eq!(parts[2].name, "both");
}

#[test]
fn every_extraction_is_read() {
    for (text, expect) in [
        ("whole", Extraction::Whole),
        ("last_number", Extraction::LastNumber),
        ("letter", Extraction::Letter("ABCD".into())),
        ("{ letter: AB }", Extraction::Letter("AB".into())),
        ("{ regex: '(\\d+)' }", Extraction::Regex("(\\d+)".into())),
        ("{ pointer: /a/0 }", Extraction::Pointer("/a/0".into())),
    ] {
        assert_eq!(with(&format!("extract: {text}\n")).spec.extraction, expect);
    }
}

#[test]
fn the_rest_of_the_plan_arrives() {
    let yaml = format!(
        "name: n\ndescription: d\n{}{CASES}",
        HEAD.replace("model: m", "model: m, price: { currency: USD, input: 1, output: 2 }")
    );
    let got = loaded(&format!(
        "{yaml}params: {{ max_tokens: 128, temperature: 0 }}
repeats: 3
seed: 18446744073709551615
fresh: true
retry: {{ attempts: 3, wait: 250 ms, max_wait: 1 min }}
limits: {{ connect: 1 s, first_byte: 2 min, gap: 30 s, total: 5 min, body: 1 MiB }}
caps: {{ time: 10 min, cost: 1.5 }}
gates: [ 'accuracy.low >= 0.75', 'ttft{{phase=closed 4}}.p95 <= 800 ms' ]
"
    ));
    let spec = &got.spec;
    assert_eq!((spec.name.as_str(), got.description.as_deref()), ("n", Some("d")));
    assert_eq!((spec.repeats, spec.seed, spec.fresh), (3, u64::MAX, true));
    assert_eq!((spec.retry.attempts, spec.retry.wait_s, spec.retry.max_wait_s), (3, 0.25, 60.0));
    assert_eq!((spec.limits.connect_s, spec.limits.first_byte_s), (1.0, 120.0));
    assert_eq!((spec.limits.gap_s, spec.limits.total_s, spec.limits.body_bytes), (30.0, 300.0, 1 << 20));
    assert_eq!((spec.caps.time_s, spec.caps.cost), (Some(600.0), Some(1.5)));
    assert_eq!(spec.params["max_tokens"], 128);
    assert_eq!((spec.gates[0].bound, spec.gates[1].stat), (Some(Bound::Low), Stat::P95));
    assert_eq!(got.locate(1).map(|s| s.line), Some(13));
    let text = got.gate_error(0, "no such metric", "see them").to_string();
    assert!(text.contains(":13:10") && text.contains("hint: see them"), "{text}");
}

#[test]
fn cases_keep_what_they_hold() {
    let got = loaded(&format!(
        "{HEAD}cases:
  - id: 007
    vars: {{ q: \"e\\u0301\", n: [1, 2.5] }}
    expected: [7.50, true, \"x\", \"x\"]
    cluster: c1
    split: test
    tags: {{ lang: ko, year: 771 }}
    scorers: contains
    extract: last_number
  - {{ q: b, tags: [hard, short], refuse: true, other: 1 }}
"
    ));
    let case = &got.cases[0];
    assert_eq!((case.id.as_str(), case.unit(), case.split.as_deref()), ("007", "c1", Some("test")));
    assert_eq!(case.expected, ["7.50", "true", "x"]);
    assert_eq!(case.vars["q"], "e\u{301}", "no normalisation");
    assert_eq!(case.tags["year"], "771");
    assert_eq!(case.scorers.as_ref().unwrap()[0].name, "contains");
    assert_eq!(case.extraction, Some(Extraction::LastNumber));
    let second = &got.cases[1];
    assert_eq!(second.tags["hard"], "yes");
    assert!(second.refuse);
    assert_eq!(second.vars["other"], 1);
}

#[test]
fn data_files_may_have_marks_crlf_and_empty_lines() {
    let data = b"\xEF\xBB\xBF{\"q\": \"a\", \"expected\": \"1\"}\r\n\r\n   \n{\"q\":\"b\\r\\n\"}";
    let yaml = format!("{HEAD}cases: data.jsonl\n");
    let got = load_with(&[("a/suite.yaml", yaml.as_bytes()), ("a/data.jsonl", data)]).unwrap();
    assert_eq!(got.cases.len(), 2);
    assert_eq!(got.cases[1].vars["q"], "b\r\n");
}

#[test]
fn mapped_fields_are_variables_where_a_template_uses_them() {
    let data =
        b"{\"q\": \"a\", \"answer\": [\"1\", 2], \"who\": \"child\", \"lang\": \"ko\", \"why\": null}\n";
    let yaml = format!(
        "{}cases:\n  file: data.jsonl\n  map: {{ expected: answer, tags: {{ persona: who, language: lang }} }}\n",
        HEAD.replace("{{ q }}", "{{ who }}: {{ q }}")
    );
    let got = load_with(&[("a/suite.yaml", yaml.as_bytes()), ("a/data.jsonl", data)]).unwrap();
    let case = &got.cases[0];
    assert_eq!(case.vars.keys().collect::<Vec<_>>(), ["q", "who", "why"]);
    assert_eq!(case.expected, ["1", "2"]);
    assert_eq!((case.tags["persona"].as_str(), case.tags["language"].as_str()), ("child", "ko"));
}

#[test]
fn anchors_and_merge_keys_work() {
    let got = loaded(
        "target: { url: 'sim:a' }
prompt: '{{ q }}'
cases:
  - &base { q: a, cluster: x, expected: 1 }
  - { <<: *base, q: b }
",
    );
    assert_eq!(got.cases[1].cluster.as_deref(), Some("x"));
    assert_eq!(got.cases[1].vars["q"], "b");
}

#[test]
fn the_workload_is_what_is_asked_and_not_of_whom() {
    let base = with("params: { a: 1, b: 2 }\n").spec.workload;
    for same in [
        "params: { b: 2, a: 1 }\n",
        "params: { a: 1, b: 2 }\nscorers: contains\ngates: accuracy >= 0.5\nseed: 9\n",
        "params: { a: 1, b: 2 }\nname: other\nphases: [{ closed: 4, name: x }]\n",
    ] {
        assert_eq!(with(same).spec.workload, base, "{same}");
    }
    let moved = format!(
        "{}{CASES}params: {{ a: 1, b: 2 }}\n",
        HEAD.replace("h:1", "other:2").replace("model: m", "model: n")
    );
    assert_eq!(loaded(&moved).spec.workload, base);
    for other in [
        "params: { a: 1, b: 3 }\n",
        "params: { a: 1, b: 2 }\nrepeats: 2\n",
        "params: { a: 1, b: 2 }\nfresh: true\n",
        "params: { a: 1, b: 2 }\nextract: last_number\n",
        "params: { a: 1, b: 2 }\nphases: [{ closed: 5 }]\n",
    ] {
        assert_ne!(with(other).spec.workload, base, "{other}");
    }
    for (from, to) in [("'{{ q }}'", "'{{ q }}!'"), ("expected: 1", "expected: 2"), ("q: one", "q: two")] {
        let text = format!("{HEAD}{CASES}params: {{ a: 1, b: 2 }}\n").replace(from, to);
        assert_ne!(loaded(&text).spec.workload, base, "{to}");
    }
}

#[test]
fn what_is_observed_is_in_the_plan() {
    assert!(with("").spec.observe.is_default());
    let spec =
        with("observe: { host: false, server_pid: [7, 8], scrape: target, every: 500 ms }\n").spec.observe;
    assert_eq!((spec.host, spec.server_pids, spec.every_s), (false, vec![7, 8], 0.5));
    assert_eq!(spec.scrape, ["target"]);
    let one = with("observe: { server_pid: 7, scrape: ['http://h/metrics', 'https://i/metrics'] }\n");
    assert_eq!((one.spec.observe.server_pids.len(), one.spec.observe.scrape.len()), (1, 2));
    // What is looked at beside a run does not change what was asked.
    assert_eq!(one.spec.workload, with("").spec.workload);
}
