//! Files of other tools, whole and damaged. `fixtures/foreign/README.md` says which of
//! them the real tools wrote.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the files are fixtures")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acidtest_formats::{ForeignRun, FormatError, Imported, Input, RunView, Suite, Tool, detect, import};
use acidtest_record::{Item, Record, Value, Verdict};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const FILES: [(&str, Tool); 16] = [
    ("promptfoo/promptfooconfig.yaml", Tool::Promptfoo),
    ("openai-evals/registry/evals/museum.yaml", Tool::OpenaiEvals),
    ("openai-evals/registry/data/museum/match.jsonl", Tool::OpenaiEvals),
    ("openai-evals/hosted.json", Tool::OpenaiEvals),
    ("lm-eval/samples_capitals_2026-11-26T01-37-33.631347.jsonl", Tool::LmEval),
    ("lm-eval/results_2026-11-26T01-37-33.631347.json", Tool::LmEval),
    ("inspect/capitals.eval", Tool::Inspect),
    ("inspect/capitals.json", Tool::Inspect),
    ("vllm/bench.json", Tool::Vllm),
    ("aiperf/profile_export.jsonl", Tool::Aiperf),
    ("aiperf/profile_export_aiperf.json", Tool::Aiperf),
    ("aiperf/genai_perf_profile_export.json", Tool::Aiperf),
    ("guidellm/benchmarks.json", Tool::Guidellm),
    ("llmperf/sim_8_4_individual_responses.json", Tool::Llmperf),
    ("llmperf/sim_8_4_summary.json", Tool::Llmperf),
    ("k6/summary_export.json", Tool::K6),
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/foreign").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Imports bytes as if they were that file.
fn import_as(name: &str, tool: Tool, bytes: &[u8]) -> Result<Imported, FormatError> {
    let folder = path(name).parent().unwrap().to_owned();
    let open = |neighbour: &str| std::fs::read(folder.join(neighbour));
    let data = std::fs::read(path("openai-evals/registry/data/museum/match.jsonl")).unwrap();
    let mut input = Input::new(name, bytes, &open);
    if name.ends_with("museum.yaml") {
        input.data = Some(("match.jsonl", &data));
    }
    import(tool, &input)
}

fn run(name: &str, tool: Tool) -> ForeignRun {
    match import_as(name, tool, &bytes(name)) {
        Ok(Imported::Run(run)) => *run,
        Ok(Imported::Suite(_)) => panic!("{name} became a suite"),
        Err(e) => panic!("{e}"),
    }
}

fn suite_of(text: &str) -> Result<Suite, FormatError> {
    match import_as("promptfoo/promptfooconfig.yaml", Tool::Promptfoo, text.as_bytes())? {
        Imported::Suite(suite) => Ok(suite),
        Imported::Run(_) => panic!("a configuration became a run"),
    }
}

fn records(run: &ForeignRun) -> Vec<Record> {
    let record = |i: &Item| if let Item::Record(r) = i { Some((**r).clone()) } else { None };
    run.items.iter().filter_map(record).collect()
}

fn verdicts(run: &ForeignRun) -> Vec<Verdict> {
    let verdict = |i: &Item| if let Item::Verdict(v) = i { Some(v.clone()) } else { None };
    run.items.iter().filter_map(verdict).collect()
}

fn correct(run: &ForeignRun) -> Vec<bool> {
    let all = verdicts(run);
    let of = all.iter().filter(|v| v.name == "correct");
    of.map(|v| v.value == Some(Value::Bool(true))).collect()
}

#[test]
fn files_say_what_they_are() {
    for (name, tool) in FILES {
        assert_eq!(detect(name, &bytes(name)), Some(tool), "{name}");
        assert!(import_as(name, tool, &bytes(name)).is_ok(), "{name}");
    }
    assert_eq!(detect("notes.txt", b"hello\n"), None);
    assert_eq!(detect("x.json", b"{\"a\": 1}"), None);
}

#[test]
fn lm_eval_samples_keep_answers_and_opinions_and_have_no_times() {
    for name in [FILES[4].0, FILES[5].0] {
        let run = run(name, Tool::LmEval);
        assert_eq!(run.tool, "lm-eval 0.4.13");
        let records = records(&run);
        let texts: Vec<String> = records.iter().map(|r| r.answer.text()).collect();
        assert_eq!(texts, ["Seoul", "Lyon", "서울", "Tokyo"]);
        assert_eq!(correct(&run), [true, false, true, true]);
        assert!(records.iter().all(|r| r.timing.sent.is_none() && r.timing.reads.is_empty()));
        assert!(run.stated().any(|f| f.name == "results.capitals.exact_match,none" && f.value == "0.75"));
        assert_eq!(run.cases[1].expected, ["Paris"]);
    }
}

#[test]
fn inspect_logs_are_the_same_in_both_forms() {
    let (packed, plain) = (run(FILES[6].0, Tool::Inspect), run(FILES[7].0, Tool::Inspect));
    for run in [&packed, &plain] {
        assert_eq!((run.records(), run.cases.len()), (6, 3));
        let records = records(run);
        assert!(records.iter().all(|r| r.timing.sent.is_some() && r.timing.ended >= r.timing.sent));
        assert!(records.iter().all(|r| r.said.as_ref().unwrap().usage.output.is_some()));
        assert_eq!(correct(run).iter().filter(|c| **c).count(), 4);
        assert!(run.stated().any(|f| f.name == "results.includes.accuracy"), "stated figures");
    }
    let cases = |r: &ForeignRun| {
        let mut hashes: Vec<_> = r.cases.iter().map(|c| c.hash).collect();
        hashes.sort();
        hashes
    };
    assert_eq!(cases(&packed), cases(&plain));
}

#[test]
fn vllm_times_are_those_of_the_file() {
    let run = run("vllm/bench.json", Tool::Vllm);
    let stated: serde_json::Value = serde_json::from_slice(&bytes("vllm/bench.json")).unwrap();
    let records = records(&run);
    assert_eq!(records.len(), 12);
    for (n, record) in records.iter().enumerate() {
        let row = acidtest_record::Row::of(record);
        let near = |got: f64, key: &str| {
            let want = stated[key][n].as_f64().unwrap();
            assert!((got - want).abs() < 1e-8, "{key}: {got} is not {want}");
        };
        near((row.first.unwrap() - row.sent.unwrap()).secs(), "ttfts");
        near((row.ended.unwrap() - row.sent.unwrap()).secs(), "latencies");
        assert_eq!(row.output, Some(12));
        assert_eq!(row.pieces as usize, stated["itls"][n].as_array().unwrap().len() + 1);
    }
}

#[test]
fn times_that_are_not_stated_stay_absent() {
    let mut old: serde_json::Value = serde_json::from_slice(&bytes("vllm/bench.json")).unwrap();
    old.as_object_mut().unwrap().remove("start_times");
    let text = serde_json::to_vec(&old).unwrap();
    let Imported::Run(run) = import_as("vllm/bench.json", Tool::Vllm, &text).unwrap() else { panic!() };
    assert!(records(&run).iter().all(|r| r.timing.sent.is_none() && r.timing.reads.is_empty()));
    assert!(run.items.iter().any(|i| matches!(i, Item::Note(n) if n.name == "ttft_s")));
    let perf = self::run("llmperf/sim_8_4_individual_responses.json", Tool::Llmperf);
    assert!(records(&perf).iter().all(|r| r.timing.sent.is_none()));
    assert_eq!(perf.records(), 2);
    let k6 = self::run("k6/summary_export.json", Tool::K6);
    assert_eq!(k6.records(), 0);
    assert!(k6.stated().any(|f| f.name == "http_req_duration.p(95)" && f.value == "130.0"));
}

#[test]
fn a_load_and_a_count_are_those_that_the_file_states() {
    use acidtest_record::{Load, Origin};
    let said = |run: &ForeignRun| match &run.spec.origin {
        Origin::Import { tokens_by, .. } => (run.spec.phases[0].load.clone(), tokens_by.clone()),
        other => panic!("{other:?}"),
    };
    let by = |tool: &str| Some(tool.to_owned());
    let (vllm, name) = ("vllm/bench.json", Tool::Vllm);
    assert_eq!(said(&run(vllm, name)), (Load::Closed { concurrency: 3 }, by("vllm bench")));
    // The number of prompts is no concurrency.
    let mut open: serde_json::Value = serde_json::from_slice(&bytes(vllm)).unwrap();
    open["max_concurrency"] = serde_json::Value::Null;
    let text = serde_json::to_vec(&open).unwrap();
    let Imported::Run(open) = import_as(vllm, name, &text).unwrap() else { panic!() };
    assert_eq!(said(&open), (Load::Unstated, by("vllm bench")));
    assert_eq!(said(&run("aiperf/profile_export.jsonl", Tool::Aiperf)).1, by("AIPerf"));
    assert_eq!(said(&run("llmperf/sim_8_4_individual_responses.json", Tool::Llmperf)).1, by("LLMPerf"));
    // Inspect keeps what the model's server said, and does not say how many it asked at once.
    assert_eq!(said(&run("inspect/capitals.eval", Tool::Inspect)), (Load::Unstated, None));
}

#[test]
fn the_warm_up_is_left_and_said() {
    let run = run("aiperf/profile_export.jsonl", Tool::Aiperf);
    assert_eq!(run.records(), 3);
    assert!(run.losses.iter().any(|l| l.what.contains("warm-up")));
    let records = records(&run);
    let row = acidtest_record::Row::of(&records[0]);
    assert!(((row.first.unwrap() - row.sent.unwrap()).secs() - 0.0505).abs() < 1e-9);
    assert_eq!(row.pieces, 4);
    let guide = self::run("guidellm/benchmarks.json", Tool::Guidellm);
    assert_eq!((guide.records(), guide.spec.phases.len()), (5, 2));
}

#[test]
fn what_is_not_supported_is_listed_by_line() {
    let text = "prompts: [\"{{ q }}\"]\nproviders:\n  - echo\n  - exec:./run.sh\n  - file://p.py\ntests:\n  - vars: {q: x}\n    assert:\n      - type: contains\n        value: x\n      - type: javascript\n        value: process.exit(1)\n      - type: llm-rubric\n        value: polite\n      - type: regex\n        value: '(?=x)'\n  - file://gen.py\n  - https://example.com/tests.csv\n  - file://../../../../etc/passwd.csv\n";
    let suite = suite_of(text).unwrap();
    let lines: Vec<u32> = suite.losses.iter().map(|l| l.line).collect();
    assert_eq!(lines, [4, 5, 11, 13, 15, 17, 18, 19], "{:#?}", suite.losses);
    assert!(suite.files.iter().all(|f| !f.text.contains("process.exit")));
    let hosted = "openai-evals/hosted.json";
    let Imported::Suite(suite) = import_as(hosted, Tool::OpenaiEvals, &bytes(hosted)).unwrap() else {
        panic!()
    };
    assert_eq!(suite.losses.len(), 3, "{:?}", suite.losses);
    assert_eq!(suite.cases, 2);
}

#[test]
fn json_asserts_name_what_differs_and_refuse_what_cannot_be_said() {
    let text = "prompts: [\"{{ q }}\"]\nproviders:\n  - id: openai:gpt-x\n    config: {inputCost: 0.00000015, outputCost: 0.0000006}\ntests:\n  - vars: {q: x}\n    assert:\n      - type: is-json\n        value: {properties: {a: {format: email}}}\n      - type: is-json\n        value: {properties: {a: {nullable: true}}}\n      - type: contains-json\n      - type: latency\n      - type: latency\n        threshold: 900\n      - type: cost\n        threshold: 0.5\n      - type: is-json\n        value: {$ref: 'file:///etc/passwd'}\n";
    let suite = suite_of(text).unwrap();
    let lines: Vec<u32> = suite.losses.iter().map(|l| l.line).collect();
    assert_eq!(lines, [8, 10, 12, 13, 14, 16, 18], "{:#?}", suite.losses);
    assert!(suite.files[0].text.contains(r#""price":{"currency":"USD","input":0.15,"output":0.6}"#));
    let case: serde_json::Value = serde_json::from_str(suite.files[1].text.trim()).unwrap();
    let kinds: Vec<&str> =
        case["scorers"].as_array().unwrap().iter().map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["json_schema", "json_schema", "latency", "cost"]);
}

#[test]
fn cases_of_the_same_content_stay_apart() {
    let text = "prompts: [\"{{ q }}\"]\nproviders: [echo]\ntests:\n  - vars: {q: x}\n    assert: [{type: is-json}]\n  - vars: {q: x}\n    assert: [{type: not-is-json}]\n";
    let suite = suite_of(text).unwrap();
    let of = |n: usize| suite.files[1].text.lines().nth(n).unwrap().to_owned();
    assert!(!of(0).contains("imported_id") && of(1).contains("imported_id"), "{}", suite.files[1].text);
}

#[test]
fn prompts_made_by_code_are_losses() {
    let text = "prompts: ['plain {{ q }}', 'exec:touch /tmp/x', 'file://p.js', 'file://p.py:fn', 'file://exec:ls']\nproviders: [echo]\ntests: [{vars: {q: x}}]\n";
    let suite = suite_of(text).unwrap();
    let said: Vec<String> = suite.losses.iter().map(ToString::to_string).collect();
    assert_eq!(said.iter().filter(|l| l.contains("made by code")).count(), 4, "{said:?}");
    let mut lines = suite.files.iter().flat_map(|f| f.text.lines());
    assert!(!lines.any(|l| !l.trim_start().starts_with("#") && l.contains("exec:")));
}

#[test]
fn values_of_an_inspect_log_are_counted() {
    let log = |input: &str| {
        let text = format!(
            "{{\"version\": 2, \"eval\": {{\"task\": \"t\", \"model\": \"m\"}}, \"samples\": [{{\"id\": 1, \"input\": {input}}}]}}"
        );
        import_as("a.json", Tool::Inspect, text.as_bytes())
    };
    assert!(log("\"q\"").is_ok());
    let many = log(&format!("[{}0]", "0,".repeat(100_000))).unwrap_err();
    assert!(many.to_string().contains("100000 messages"), "{many}");
    let more = log(&format!("[{}0]", "0,".repeat(5_000_000))).unwrap_err();
    assert!(more.to_string().contains("5000000 JSON values"), "{more}");
}

#[test]
fn many_requests_take_time_by_their_number() {
    let n = 60_000;
    let list = |one: &str| format!("[{}{one}]", format!("{one},").repeat(n - 1));
    let text = format!(
        "{{\"model_id\": \"m\", \"completed\": {n}, \"start_times\": {}, \"ttfts\": {}}}",
        list("1.5"),
        list("0.1")
    );
    let began = std::time::Instant::now();
    assert!(import_as("r.json", Tool::Vllm, text.as_bytes()).is_ok());
    // Looking for the first start once for each request would take minutes here.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn columns_take_time_by_their_number() {
    let table = |columns: usize| {
        let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
        format!("{}\n{}", names.join(","), format!("{}\n", vec!["x"; columns].join(",")).repeat(20))
    };
    let config = b"prompts: [x]\nproviders: [echo]\ntests: file://t.csv\n";
    let import_of = |columns: usize| {
        let text = table(columns);
        let open = |_: &str| Ok(text.clone().into_bytes());
        import(Tool::Promptfoo, &Input::new("p.yaml", config, &open)).map(|_| ())
    };
    let began = std::time::Instant::now();
    assert!(import_of(4096).is_ok());
    // Looking through all earlier columns for each one takes minutes here.
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    assert!(import_of(4097).unwrap_err().to_string().contains("4096 columns"));
}

#[test]
fn lists_that_multiply_without_end_are_refused() {
    let list = format!("[{}]", vec!["a"; 1000].join(","));
    let vars: String = ["a", "b", "c"].iter().map(|v| format!("      {v}: {list}\n")).collect();
    let error = suite_of(&format!("prompts: [x]\nproviders: [echo]\ntests:\n  - vars:\n{vars}")).unwrap_err();
    assert!(error.to_string().contains("multiply"), "{error}");
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        laughs.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    }
    assert!(suite_of(&format!("{laughs}prompts: [x]\ntests: *a8\n")).is_err());
}

/// A small generator: tests are seeded.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

#[test]
fn cut_files_are_errors_or_imports() {
    for (name, tool) in FILES {
        let whole = bytes(name);
        let step = (whole.len() / 60).max(1);
        for end in (0..whole.len()).step_by(step) {
            let cut = import_as(name, tool, &whole[..end]);
            let one_json = name.ends_with(".json") || name.ends_with(".eval");
            // A JSON object is whole with its last brace, whatever blanks follow it.
            if one_json && end + 4 < whole.len() {
                let e = cut.expect_err(name);
                assert!(e.to_string().starts_with(&*e.file) && !e.what.is_empty());
            }
            let _ = detect(name, &whole[..end]);
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let mut chance = Chance(7);
    let rounds = if std::env::var_os("ACIDTEST_SLOW").is_some() { 3000 } else { 40 };
    for (name, tool) in FILES {
        let whole = bytes(name);
        for _ in 0..rounds {
            let mut broken = whole.clone();
            for _ in 0..=chance.below(4) {
                let at = chance.below(broken.len());
                broken[at] = chance.below(256) as u8;
            }
            let _ = import_as(name, tool, &broken);
        }
        // And every file as that of every other tool.
        for (_, other) in FILES {
            let _ = import_as(name, other, &whole);
        }
    }
}

#[test]
fn deep_nesting_and_wrong_versions_are_errors() {
    let deep = vec![b'['; 10 << 20];
    for (name, tool) in FILES {
        assert!(import_as(name, tool, &deep).is_err(), "{name}");
        assert!(import_as(name, tool, b"").is_err(), "{name}");
        assert!(import_as(name, tool, b"\xff\xfe\x00").is_err(), "{name}");
        assert!(import_as(name, tool, b"{}").is_err(), "{name}");
    }
    let log = b"{\"version\": 99, \"eval\": {\"task\": \"t\"}, \"status\": \"success\", \"samples\": []}";
    let e = import_as("inspect/capitals.json", Tool::Inspect, log).unwrap_err();
    assert!(e.what.contains("99") && e.hint.is_some(), "{e}");
}

#[test]
fn a_bomb_in_an_archive_ends_at_the_limit() {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Zstd);
    archive.start_file("header.json", options).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..300 {
        archive.write_all(&zeros).unwrap();
    }
    let bomb = archive.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    let e = import_as("inspect/capitals.eval", Tool::Inspect, &bomb).unwrap_err();
    assert!(e.what.contains("limit"), "{e}");
}

/// The view of an imported run, as a store gives it back.
fn with_view<T>(run: &ForeignRun, f: impl Fn(&RunView<'_>) -> T) -> T {
    let blobs: HashMap<_, _> = run
        .items
        .iter()
        .filter_map(|i| if let Item::Blob(b) = i { Some((b.hash, b.body.clone())) } else { None })
        .collect();
    f(&RunView {
        run: run.id,
        created_unix_ns: run.created_unix_ns.unwrap_or_default(),
        spec: &run.spec,
        cases: &run.cases,
        records: &records(run),
        verdicts: &verdicts(run),
        blobs: &blobs,
    })
}

#[test]
fn lm_eval_samples_survive_there_and_back() {
    let first = run(FILES[4].0, Tool::LmEval);
    let text = with_view(&first, |v| acidtest_formats::lm_eval_samples(v).unwrap());
    let original = String::from_utf8(bytes(FILES[4].0)).unwrap();
    for (ours, theirs) in text.lines().zip(original.lines()) {
        let (ours, theirs): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(ours).unwrap(), serde_json::from_str(theirs).unwrap());
        for key in
            ["doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "exact_match"]
        {
            assert_eq!(ours[key], theirs[key], "{key}");
        }
    }
    let Imported::Run(again) = import_as("lm-eval/again.jsonl", Tool::LmEval, text.as_bytes()).unwrap()
    else {
        panic!()
    };
    assert_eq!(correct(&again), correct(&first));
    assert_eq!(
        again.cases.iter().map(|c| c.hash).collect::<Vec<_>>(),
        first.cases.iter().map(|c| c.hash).collect::<Vec<_>>()
    );
}

#[test]
fn vllm_results_survive_there_and_back() {
    let first = run("vllm/bench.json", Tool::Vllm);
    let text = with_view(&first, |v| acidtest_formats::vllm_bench(v).unwrap());
    let (ours, theirs): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&text).unwrap(), serde_json::from_slice(&bytes("vllm/bench.json")).unwrap());
    for key in [
        "model_id",
        "completed",
        "failed",
        "num_prompts",
        "max_concurrency",
        "request_rate",
        "total_input_tokens",
        "total_output_tokens",
        "input_lens",
        "output_lens",
        "generated_texts",
        "errors",
    ] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
    let near = |key: &str, within: f64| {
        let (a, b) = (ours[key].as_f64().unwrap(), theirs[key].as_f64().unwrap());
        assert!((a - b).abs() <= within * b.abs(), "{key}: {a} is not {b}");
    };
    for key in [
        "mean_ttft_ms",
        "median_ttft_ms",
        "std_ttft_ms",
        "p99_ttft_ms",
        "mean_e2el_ms",
        "p99_e2el_ms",
        "median_tpot_ms",
        "mean_itl_ms",
        "p99_itl_ms",
    ] {
        near(key, 1e-4);
    }
    near("duration", 0.01);
    let Imported::Run(again) = import_as("vllm/again.json", Tool::Vllm, text.as_bytes()).unwrap() else {
        panic!()
    };
    let rows =
        |r: &ForeignRun| records(r).iter().map(|r| acidtest_record::Row::of(r).pieces).collect::<Vec<_>>();
    assert_eq!(rows(&again), rows(&first));
}

#[test]
fn parquet_has_a_row_for_each_record() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let first = run("vllm/bench.json", Tool::Vllm);
    let file = with_view(&first, |v| acidtest_formats::parquet_rows(v).unwrap());
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 12);
    let row = reader.get_row_iter(None).unwrap().next().unwrap().unwrap();
    let get =
        |name: &str| row.get_column_iter().find(|(n, _)| *n == name).map(|(_, f)| f.to_string()).unwrap();
    assert_eq!(get("output_tokens"), "12");
    assert_eq!(get("outcome"), "\"complete\"");
    assert_eq!(get("correct"), "null");
    assert!(get("ttft_s").parse::<f64>().unwrap() < 0.001);
    let runs = run("inspect/capitals.eval", Tool::Inspect);
    let file = with_view(&runs, |v| acidtest_formats::parquet_rows(v).unwrap());
    assert!(file.starts_with(b"PAR1"));
}
