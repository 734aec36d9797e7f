//! Cases from files of every format, folders, includes and tables: what they become, and what
//! hostile ones are told.

use acidtest_suite::{Files, Loaded, Selection, SuiteError, load_with};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Loads `s.yaml` of a tree of files.
fn load_from(files: &[(&str, &[u8])], selection: &Selection) -> Result<Loaded, SuiteError> {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    let open = |path: &Path| -> io::Result<Box<dyn Read>> {
        match files.get(&path.display().to_string()) {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    };
    let list = |path: &Path| -> io::Result<Vec<String>> {
        let prefix = format!("{}/", path.display());
        let inside = files.keys().filter_map(|name| name.strip_prefix(&prefix));
        let names: BTreeSet<String> = inside.filter_map(|n| n.split('/').next()).map(str::to_owned).collect();
        match names.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(names.into_iter().collect()),
        }
    };
    let variable = |name: &str| match name {
        "HOST_URL" => Some("http://h:1/v1".to_owned()),
        "SECRET" => Some("sk-0123456789".to_owned()),
        _ => None,
    };
    load_with(Path::new("s.yaml"), Files { open: &open, list: &list, variable: &variable }, selection)
}

fn loaded(files: &[(&str, &[u8])]) -> Loaded {
    load_from(files, &Selection::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(files: &[(&str, &[u8])]) -> SuiteError {
    match load_from(files, &Selection::default()) {
        Ok(got) => panic!("this loads: {:?}", got.cases),
        Err(e) => e,
    }
}

const HEAD: &str = "target: { url: 'http://h:1/v1', model: m }\nprompt: '{{ question }}'\n";

/// A suite whose cases come from one file.
fn suite_of(cases: &str) -> Vec<u8> {
    format!("{HEAD}cases: {cases}\n").into_bytes()
}

fn vars(got: &Loaded) -> Vec<Value> {
    got.cases.iter().map(|c| Value::Object(c.vars.clone())).collect()
}

#[test]
fn csv_is_read_as_rfc_4180_has_it() {
    let csv = "\u{FEFF}id,question,expected,tags,refuse\r\na,\"one, \"\"quoted\"\"\nand more\",1,lang=ko; hard,no\r\n\r\nb,plain,,,yes\r\n";
    let got = loaded(&[("s.yaml", &suite_of("c.csv")), ("c.csv", csv.as_bytes())]);
    assert_eq!(vars(&got)[0], json!({"question": "one, \"quoted\"\nand more"}));
    assert_eq!((got.cases[0].id.as_str(), got.cases[0].expected.as_slice()), ("a", &["1".to_owned()][..]));
    assert_eq!(
        got.cases[0].tags,
        BTreeMap::from([("hard".into(), "yes".into()), ("lang".into(), "ko".into())])
    );
    assert!(got.cases[1].refuse && got.cases[1].expected.is_empty() && got.cases[1].tags.is_empty());
    let tsv = "question\texpected\none, two\t3\n";
    let got = loaded(&[("s.yaml", &suite_of("c.tsv")), ("c.tsv", tsv.as_bytes())]);
    assert_eq!(vars(&got), [json!({"question": "one, two"})]);
    // A column that is called as an override is data all the same.
    let csv = "question,prompt,skip,timeout\none,two,three,four\n";
    let got = loaded(&[("s.yaml", &suite_of("{ file: [c.csv], split: dev }")), ("c.csv", csv.as_bytes())]);
    assert_eq!(vars(&got), [json!({"question": "one", "prompt": "two", "skip": "three", "timeout": "four"})]);
    assert_eq!(got.cases[0].split.as_deref(), Some("dev"));
}

#[test]
fn a_wrong_table_names_its_line() {
    for (csv, line, message) in [
        ("question,expected\none,1\ntwo\n", 3, "the record has 1 cells, the header 2"),
        ("question,question\none,1\n", 1, "two columns are called 'question'"),
        ("question,\none,1\n", 1, "column 2 has no name"),
        ("question,expected\none,1\n\"two,2\nthree,3\n", 3, "a quote is opened here and never closed"),
        ("question;expected\none;1\n", 1, "one column only, and its name holds ';'"),
        ("id,question\na,one\na,two\n", 3, "two cases have the id 'a'"),
        ("question,refuse\none,maybe\n", 2, "'refuse' must be true or false, not text"),
    ] {
        let e = refused(&[("s.yaml", &suite_of("c.csv")), ("c.csv", csv.as_bytes())]);
        assert_eq!((e.file.as_str(), e.line, e.message.as_str()), ("c.csv", line, message), "{csv:?}\n{e}");
        assert!(e.to_string().contains('^'), "{e}");
    }
    let e = refused(&[("s.yaml", &suite_of("c.csv")), ("c.csv", b"question\n\xFF\n")]);
    assert_eq!((e.line, e.message.as_str()), (2, "the line is not UTF-8"));
    let e = refused(&[("s.yaml", &suite_of("c.csv")), ("c.csv", b"")]);
    assert_eq!(e.message, "the file is empty");
    // Many columns, and a cell without end.
    let wide = vec![b','; 100_000];
    assert!(refused(&[("s.yaml", &suite_of("c.csv")), ("c.csv", &wide)]).message.contains("4096 columns"));
    let long = [b"question\n\"".to_vec(), vec![b'x'; 17 << 20]].concat();
    let e = refused(&[("s.yaml", &suite_of("c.csv")), ("c.csv", &long)]);
    assert!(e.message.contains("longer than 16 MiB") && e.line == 2, "{}", e.message);
}

proptest! {
    #[test]
    fn csv_that_was_written_reads_back(rows in prop::collection::vec(("[^\\x00]{0,12}", "[a-z,\"\n ]{0,12}"), 1..12)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["question", "other"]).unwrap();
        for (a, b) in &rows {
            writer.write_record([a, b]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let got = load_from(&[("s.yaml", &suite_of("c.csv")), ("c.csv", &bytes)], &Selection::default());
        let got = got.map_err(|e| TestCaseError::fail(e.to_string()))?;
        let expect: Vec<Value> = rows.iter().map(|(a, b)| json!({"question": a, "other": b})).collect();
        prop_assert_eq!(vars(&got), expect);
    }
}

#[test]
fn json_arrays_are_read_with_their_lines() {
    let text =
        "[\n  {\"question\": \"one\"},\n  {\n    \"question\": \"two\", \"expected\": [\"2\"]\n  }\n]\n";
    let got = loaded(&[("s.yaml", &suite_of("c.json")), ("c.json", text.as_bytes())]);
    assert_eq!(vars(&got), [json!({"question": "one"}), json!({"question": "two"})]);
    let lines = "{\"question\": \"one\"}\n{\"question\": \"two\"}\n";
    assert_eq!(loaded(&[("s.yaml", &suite_of("c.json")), ("c.json", lines.as_bytes())]).cases.len(), 2);
    for (text, line, message) in [
        ("[{\"question\": 1},\n 2]", 2, "a case is not a JSON object"),
        ("[{\"question\": 1}\n {}]", 2, "expected ',' or ']' after a case"),
        ("[{\"question\": 1}", 1, "the array is never closed"),
        ("[{\"question\": 1}]\nx", 2, "something follows the array"),
        ("[\n{\"question\": }]", 2, "not valid JSON: expected value"),
        (
            "[\n{\"question\": 1},\n{\"id\": \"x\",\n \"refuse\": 3, \"question\": 1}]",
            4,
            "'refuse' must be true or false, not a number",
        ),
    ] {
        let e = refused(&[("s.yaml", &suite_of("c.json")), ("c.json", text.as_bytes())]);
        assert_eq!((e.line, e.message.as_str()), (line, message), "{text}\n{e}");
    }
    let deep = "[".repeat(200_000);
    refused(&[("s.yaml", &suite_of("c.json")), ("c.json", deep.as_bytes())]);
    let deep = format!("[{{\"question\": {}", "[".repeat(200_000));
    refused(&[("s.yaml", &suite_of("c.json")), ("c.json", deep.as_bytes())]);
}

#[test]
fn parquet_values_become_json() {
    let bytes = include_bytes!("../../../fixtures/datasets/nested.parquet");
    let suite = suite_of("{ file: n.parquet, map: { id: id } }");
    let got = loaded(&[("s.yaml", &suite), ("n.parquet", bytes)]);
    let first = &vars(&got)[0];
    assert_eq!(first["answers"], json!({"text": ["1", "uno"], "start": [0, 1]}));
    assert_eq!((&first["choices"], &first["m"]), (&json!(["x", "y"]), &json!({"k": 1})));
    assert_eq!((&first["f32"], &first["f64"], &first["big"]), (&json!(0.1), &json!(0.1), &json!(1i64 << 62)));
    assert_eq!(
        (&first["dec"], &first["raw"], &first["day"]),
        (&json!("1.50"), &json!("text"), &json!("2024-02-29"))
    );
    assert_eq!(first["when"], json!("2024-02-29 12:30:00.000 +00:00"));
    let second = &vars(&got)[1];
    assert_eq!(
        (&second["f64"], &second["raw"], &second["flag"]),
        (&Value::Null, &Value::Null, &json!(false))
    );
    assert_eq!(got.cases[2].id, "c");
}

#[test]
fn a_parquet_file_cut_or_changed_anywhere_is_an_error_and_never_a_panic() {
    let bytes = include_bytes!("../../../fixtures/datasets/small.parquet");
    let suite = format!("{}cases: c.parquet\n", HEAD.replace("question", "q")).into_bytes();
    let try_with =
        |bytes: &[u8]| load_from(&[("s.yaml", &suite), ("c.parquet", bytes)], &Selection::default());
    assert_eq!(try_with(bytes).unwrap().cases.len(), 2);
    for end in 0..bytes.len() {
        let e = try_with(&bytes[..end]).unwrap_err();
        assert!(e.message.starts_with("not a readable Parquet file: "), "{end}: {e}");
    }
    // Every byte turned over in two ways: whatever comes of it, it is an answer.
    for at in 0..bytes.len() {
        for mask in [0xFF, 0x01] {
            let mut changed = bytes.to_vec();
            changed[at] ^= mask;
            let _ = try_with(&changed);
        }
    }
}

/// The published folder of the tests, under the name `d`.
fn hub() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("d/README.md", include_bytes!("../../../fixtures/datasets/hub/README.md")),
        ("d/extra.csv", include_bytes!("../../../fixtures/datasets/hub/extra.csv")),
        (
            "d/data/train-00000-of-00001.parquet",
            include_bytes!("../../../fixtures/datasets/hub/data/train-00000-of-00001.parquet"),
        ),
        (
            "d/data/test-00000-of-00002.parquet",
            include_bytes!("../../../fixtures/datasets/hub/data/test-00000-of-00002.parquet"),
        ),
        (
            "d/data/test-00001-of-00002.parquet",
            include_bytes!("../../../fixtures/datasets/hub/data/test-00001-of-00002.parquet"),
        ),
    ]
}

fn from_hub(cases: &str) -> Result<Loaded, SuiteError> {
    let suite = suite_of(cases);
    let mut files = hub();
    files.push(("s.yaml", suite.as_slice()));
    load_from(&files, &Selection::default())
}

#[test]
fn a_folder_of_the_hub_is_read_by_its_front_matter() {
    let map = "map: { id: id, expected: answer, tags: [lang] }";
    let got =
        from_hub(&format!("{{ folder: d, config: default, split: test, revision: abc, {map} }}")).unwrap();
    let ids: Vec<&str> = got.cases.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["q100", "q101", "q102", "q103"], "both shards, in order");
    assert_eq!(got.cases[0].split.as_deref(), Some("test"));
    assert_eq!(got.spec.selection, ["folder d, config default, revision abc, split test"]);
    let got = from_hub(&format!("{{ folder: d, split: [train, test], {map} }}")).unwrap();
    assert_eq!(got.cases.len(), 7);
    let got = from_hub("{ folder: d, config: extra, map: { expected: answer } }").unwrap();
    assert_eq!(vars(&got), [json!({"question": "one, with comma"})]);
    for (cases, message, hint) in [
        ("{ folder: d }", "the folder has several splits: name one", "test, train"),
        ("{ folder: d, split: tset }", "unknown split 'tset' (expected 'test')", "test"),
        ("{ folder: d, config: none }", "unknown config 'none'", "default extra"),
        ("{ folder: e }", "cannot list the folder 'e': entity not found", "relative"),
        ("{ file: c.csv, config: x }", "'config' belongs to 'folder', not to 'file'", ""),
        ("{ folder: d, file: x }", "'cases' has both 'file' and 'folder': choose one", ""),
    ] {
        let e = from_hub(cases).unwrap_err();
        assert_eq!(e.message, message, "{e}");
        assert!(e.hint.as_deref().unwrap_or_default().contains(hint), "{e}");
    }
}

#[test]
fn a_folder_without_front_matter_is_read_by_its_names() {
    let lines = b"{\"question\": \"one\"}\n";
    let files: &[(&str, &[u8])] = &[
        ("s.yaml", &suite_of("{ folder: d, split: validation }")),
        ("d/train.csv", b"question\none\n"),
        ("d/dev.jsonl", lines),
        ("d/notes.txt", b"not data"),
    ];
    assert_eq!(loaded(files).cases[0].split.as_deref(), Some("validation"));
    let escape = "---\nconfigs:\n  - config_name: a\n    data_files: ../secret.csv\n---\n";
    let files: &[(&str, &[u8])] =
        &[("s.yaml", &suite_of("{ folder: d }")), ("d/README.md", escape.as_bytes())];
    let e = refused(files);
    assert_eq!((e.file.as_str(), e.line), ("d/README.md", 4), "{e}");
    assert!(e.message.contains("no path within the folder"), "{e}");
}

#[test]
fn includes_lie_under_what_includes_them() {
    let base = "target: { url: 'http://h:1/v1', model: base }\nprompt: '{{ q }}'\nparams: { max_tokens: 5, seed: 1 }\ncases: c.jsonl\n";
    let top = "include: sub/base.yaml\nparams: { max_tokens: 9 }\ntargets: [{ url: 'http://h:2/v1', model: top }]\n";
    let files: &[(&str, &[u8])] =
        &[("s.yaml", top.as_bytes()), ("sub/base.yaml", base.as_bytes()), ("sub/c.jsonl", b"{\"q\": 1}")];
    let got = loaded(files);
    assert_eq!(Value::Object(got.spec.params.clone()), json!({"max_tokens": 9, "seed": 1}));
    assert_eq!(got.spec.targets.len(), 1);
    assert_eq!(got.spec.targets[0].model, "top");
}

#[test]
fn errors_in_an_included_file_name_it() {
    let top = "include: base.yaml\ncases: [{ q: 1 }]\n";
    let base =
        "target: { url: 'http://h:1/v1', model: m }\nprompt: '{{ q }}'\n\nphases: [{ closed: none }]\n";
    let e = refused(&[("s.yaml", top.as_bytes()), ("base.yaml", base.as_bytes())]);
    let expect = "error: 'closed' (users at once) must be a whole number, not text\n --> base.yaml:4:20\n  |\n4 | phases: [{ closed: none }]\n  |                    ^^^^";
    assert_eq!(e.to_string(), expect);
    let base = "target: { url: 'http://h:1/v1', model: m }\nprompt: |\n  Say\n  {{ r }}\n";
    let e = refused(&[("s.yaml", top.as_bytes()), ("base.yaml", base.as_bytes())]);
    assert_eq!(
        (e.file.as_str(), e.line, e.message.as_str()),
        ("base.yaml", 4, "case 'case-1' (s.yaml:2) has no variable 'r'"),
        "{e}"
    );
}

#[test]
fn includes_have_no_circles_and_no_ways_out() {
    let own = "include: s.yaml\n";
    assert_eq!(refused(&[("s.yaml", own.as_bytes())]).message, "'s.yaml' includes itself");
    let e = refused(&[
        ("s.yaml", b"include: a.yaml\n"),
        ("a.yaml", b"include: ./b.yaml\n"),
        ("b.yaml", b"\ninclude: a.yaml\n"),
    ]);
    assert_eq!((e.file.as_str(), e.line, e.message.as_str()), ("b.yaml", 2, "'a.yaml' includes itself"));
    let e = refused(&[("s.yaml", b"include: ../a.yaml\n")]);
    assert_eq!(e.message, "'../a.yaml' is outside the suite's folder");
    let e = refused(&[("s.yaml", b"include: /etc/passwd\n")]);
    assert!(e.message.contains("outside"), "{e}");
    let outside = format!("include: {{ file: ../a.yaml, outside: true }}\n{HEAD}");
    let got = loaded(&[("s.yaml", outside.as_bytes()), ("../a.yaml", b"cases: [{ question: 1 }]\n")]);
    assert_eq!(got.cases.len(), 1);
    let chain: Vec<(String, Vec<u8>)> =
        (0..20).map(|i| (format!("{i}.yaml"), format!("include: {}.yaml\n", i + 1).into_bytes())).collect();
    let mut files: Vec<(&str, &[u8])> = chain.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    files.push(("s.yaml", b"include: 0.yaml\n"));
    assert!(refused(&files).message.contains("more than 8 files"), "too deep");
    let many = format!("include: [{}]\n", vec!["a.yaml"; 100].join(", "));
    let e = refused(&[("s.yaml", many.as_bytes()), ("a.yaml", b"params: {}\n")]);
    assert!(e.message.contains("more than 64 files"), "{e}");
}

proptest! {
    #[test]
    fn what_includes_wins_key_by_key(lower in prop::collection::btree_map("[a-e]", 0i64..9, 0..5), upper in prop::collection::btree_map("[a-e]", 0i64..9, 1..5)) {
        let text = |m: &BTreeMap<String, i64>| serde_json::to_string(m).unwrap();
        let top = format!("include: b.yaml\n{HEAD}cases: [{{ question: 1 }}]\nparams: {}\n", text(&upper));
        let base = format!("params: {}\n", text(&lower));
        let got = load_from(&[("s.yaml", top.as_bytes()), ("b.yaml", base.as_bytes())], &Selection::default());
        let got = got.map_err(|e| TestCaseError::fail(e.to_string()))?;
        let mut expect = lower.clone();
        expect.extend(upper.clone());
        let params: BTreeMap<String, i64> = got.spec.params.iter().map(|(k, v)| (k.clone(), v.as_i64().unwrap())).collect();
        prop_assert_eq!(params, expect);
    }
}

#[test]
fn defaults_tables_and_overrides_come_together() {
    let suite = "\
target: { url: '${env:HOST_URL}', model: m, headers: { X-Key: '${env:SECRET}' } }
prompt: 'In {{ lang }}: {{ a }} + {{ b }}?'
defaults: { vars: { lang: Korean }, tags: { kind: sum }, timeout: 5 s, params: { max_tokens: 5 } }
cases:
  table:
    columns: [id, a, b, expected, params]
    rows:
      - [x, 1, 2, 3, { max_tokens: 9, seed: 1 }]
      - [y, 2, 2, 4, {}]
";
    let got = loaded(&[("s.yaml", suite.as_bytes())]);
    assert_eq!(got.spec.targets[0].source, acidtest_record::Source::Url("http://h:1/v1".into()));
    assert_eq!(got.spec.targets[0].headers["X-Key"], "${SECRET}", "secrets stay names");
    assert_eq!(vars(&got)[0], json!({"a": 1, "b": 2, "lang": "Korean"}));
    assert_eq!(Value::Object(got.cases[0].params.clone()), json!({"max_tokens": 9, "seed": 1}));
    assert_eq!(Value::Object(got.cases[1].params.clone()), json!({"max_tokens": 5}));
    assert_eq!((got.cases[0].timeout_s, got.cases[0].tags["kind"].as_str()), (Some(5.0), "sum"));
    for (target, message) in [
        ("{ url: '${env:NOT_SET}', model: m }", "the environment variable 'NOT_SET' is not set"),
        (
            "{ url: 'http://h/v1', model: '${env:SECRET}' }",
            "the environment variable 'SECRET' seems to hold a secret",
        ),
        ("{ url: '${env:HOST_URL', model: m }", "'${env:' is never closed"),
    ] {
        let suite = format!("target: {target}\nprompt: x\ncases: [{{ q: 1 }}]\n");
        assert_eq!(refused(&[("s.yaml", suite.as_bytes())]).message, message);
    }
}

#[test]
fn a_matrix_makes_every_combination() {
    let suite = "\
target: { url: 'http://h:1/v1', model: m }
prompts:
  - { name: one, messages: '{{ style }} {{ q }}' }
  - { name: two, messages: 'Please: {{ style }} {{ q }}' }
matrix: { temperature: [0, 0.7], style: [short, long] }
cases: [{ q: why, tags: { lang: en } }]
gates: ['accuracy{style=short} >= 0.5', 'accuracy{prompt=one · style=long temperature=0} >= 0.5']
";
    let suite = suite.replace("cases: [{ q: why,", "cases: [{ q: why, expected: 1,");
    let got = loaded(&[("s.yaml", suite.as_bytes())]);
    let names: Vec<&str> = got.spec.prompts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "one · style=short temperature=0");
    let last = &got.spec.prompts[7];
    assert_eq!(
        (Value::Object(last.params.clone()), Value::Object(last.vars.clone())),
        (json!({"temperature": 0.7}), json!({"style": "long"}))
    );
    let messages = acidtest_suite::render(last, &got.cases[0]).unwrap();
    assert_eq!(messages[0].content, "Please: long why");
    for (matrix, message) in [
        ("{ model: [a] }", "'model' does not belong into 'matrix'"),
        ("{ t: [] }", "'t' is an empty list"),
        ("{ t: [1, 1] }", "'t' has this value twice"),
        ("{}", "'matrix' is empty"),
        ("{ phase: [1] }", "a tag cannot be called 'phase': gates use that word"),
    ] {
        let suite = format!("{HEAD}cases: [{{ question: 1 }}]\nmatrix: {matrix}\n");
        assert_eq!(refused(&[("s.yaml", suite.as_bytes())]).message, message);
    }
}

#[test]
fn skips_and_expected_failures_are_told_apart() {
    let suite = format!(
        "{HEAD}strict_xfail: true\nrepeats: {{ n: 5, pass: 3 of 5 }}\nslo: [ttft.p95<=1s, error_rate<=1%]\nabort: ['error_rate > 20 % after 50']\ncases:\n  - {{ question: 1, expected: 1 }}\n  - {{ question: 2, expected: 2, skip: \"broken upstream\" }}\n  - {{ question: 3, expected: 3, xfail: too hard, prompt: 'Hard: {{{{ question }}}}' }}\n"
    );
    let got = loaded(&[("s.yaml", suite.as_bytes())]);
    assert_eq!(got.cases.len(), 2);
    assert_eq!(
        (got.spec.skipped[0].id.as_str(), got.spec.skipped[0].reason.as_str()),
        ("case-2", "broken upstream")
    );
    assert_eq!(got.cases[1].xfail.as_deref(), Some("too hard"));
    assert_eq!(got.cases[1].prompt.as_ref().unwrap()[0].content, "Hard: {{ question }}");
    assert_eq!(got.spec.gates[0].text, "judgement[class=xpass] <= 0 %");
    assert_eq!(got.spec.pass_rule, Some(acidtest_record::PassRule::AtLeast(3)));
    assert_eq!(got.spec.abort[0].after, 50);
    assert_eq!(got.spec.slo.as_ref().unwrap().text, "ttft.p95<=1s,error_rate<=1%");
    for (more, message) in [
        ("repeats: { n: 5, pass: 3 of 4 }", "the rule is about 4 answers, and 'n' is 5"),
        ("repeats: { n: 5, pass: lower bound >= 2 }", "'lower bound >= 2' asks for no share between 0 and 1"),
        ("abort: cost > 1 USD", "the rule on cost cannot be kept: not every target has a price in USD"),
        (
            "slo: [ttft.p95<=1s, icl<=1ms]",
            "'icl' where one of ttft, ttft_visible, e2e, tpot, max_stall, error_rate was expected in 'icl<=1ms'",
        ),
        (
            "abort: speed > 1",
            "'speed' cannot be watched: error_rate, accuracy, not_sent, in_flight, cost, time and saturated can",
        ),
        ("defaults: { skip: x }", "unknown key 'skip' in 'defaults'"),
    ] {
        let suite = format!("{HEAD}cases: [{{ question: 1 }}]\n{more}\n");
        assert_eq!(refused(&[("s.yaml", suite.as_bytes())]).message, message);
    }
}

#[test]
fn selections_of_suite_and_flags_add_up() {
    let lines: String = (0..100)
        .map(|i| {
            format!(
                "{{\"id\": \"q{i}\", \"question\": {i}, \"tags\": {{\"lang\": \"{}\"}}}}\n",
                ["ko", "en"][i % 2]
            )
        })
        .collect();
    let suite = format!("{HEAD}cases: c.jsonl\nselect: 'lang=ko and not id~q1*'\n");
    let files: &[(&str, &[u8])] = &[("s.yaml", suite.as_bytes()), ("c.jsonl", lines.as_bytes())];
    let all = load_from(files, &Selection::default()).unwrap();
    assert_eq!(all.cases.len(), 50 - 5);
    let some = Selection { limit: Some(3), ..Selection::default() };
    let got = load_from(files, &some).unwrap();
    assert_eq!(got.cases.len(), 3);
    assert_ne!(got.spec.workload, all.spec.workload, "another set of cases is another workload");
    assert_eq!(got.spec.selection.last().map(String::as_str), Some("3 of 100 cases"));
    let e =
        load_from(files, &Selection { filter: Some("lang=fr".into()), ..Selection::default() }).unwrap_err();
    let expect =
        "error: no case is left to ask: nothing fits --filter 'lang=fr'\n --> s.yaml\n\nhint: lang is ko";
    assert_eq!(e.to_string(), expect);
    let e = load_from(files, &Selection { splits: vec!["nope".into()], ..Selection::default() }).unwrap_err();
    let expect = "error: no case is in the split 'nope'\n --> --split\n\nhint: no case has a split: give `split` to the cases, or map it";
    assert_eq!(e.to_string(), expect);
    let shard = Selection { limit: Some(2), shard: Some((1, 90_000)), ..Selection::default() };
    let e = load_from(files, &shard).unwrap_err();
    assert!(e.message.ends_with("nothing fits --shard 1/90000"), "{e}");
    assert!(e.hint.unwrap().starts_with("of 90000 shards these have cases: "));
    let e =
        load_from(files, &Selection { filter: Some("lagn=ko".into()), ..Selection::default() }).unwrap_err();
    let expect = "error: no case has a tag 'lagn'\n --> --filter:1:1\n  |\n1 | lagn=ko\n  | ^^^^\n\nhint: did you mean 'lang'?";
    assert_eq!(e.to_string(), expect);
    let suite = format!("{HEAD}cases: c.jsonl\nselect: {{ filter: 'lang=ko and' }}\n");
    let e = load_from(&[("s.yaml", suite.as_bytes()), ("c.jsonl", lines.as_bytes())], &Selection::default())
        .unwrap_err();
    assert_eq!(e.line, 4, "{e}");
}
