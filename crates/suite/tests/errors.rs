//! What the user reads when a suite is wrong: line, caret and hint, as rendered.

use acidtest_suite::{Loaded, SuiteError, load};
use proptest::prelude::*;
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
    load(Path::new("s.yaml"), &open)
}

/// A suite that is wrong, and the whole message.
fn check(yaml: &str, expect: &str) {
    match load_with(&[("s.yaml", yaml.as_bytes())]) {
        Ok(_) => panic!("this loads:\n{yaml}"),
        Err(e) => assert_eq!(e.to_string(), expect.trim_start_matches('\n').trim_end(), "\n{e}"),
    }
}

const HEAD: &str = "target: { url: 'http://h:1/v1', model: m }\nprompt: '{{ q }}'\n";
const CASES: &str = "cases: [{ q: one, expected: 1 }]\n";

/// A wrong part of a suite that is right otherwise; the message's first line and a part of its hint, and what the caret underlines.
fn part(text: &str, caret: &str, message: &str, hint: &str) {
    let mut yaml = String::new();
    let has = |key: &str| text.lines().any(|l| l.starts_with(key));
    if !has("target") {
        yaml.push_str("target: { url: 'http://h:1/v1', model: m }\n");
    }
    if !has("prompt") {
        yaml.push_str("prompt: '{{ q }}'\n");
    }
    if !has("cases") {
        yaml.push_str(CASES);
    }
    yaml.push_str(text);
    let Err(e) = load_with(&[("s.yaml", yaml.as_bytes())]) else {
        panic!("this loads:\n{yaml}");
    };
    assert_eq!(e.message, message, "\n{e}");
    assert!(e.hint.as_deref().unwrap_or_default().contains(hint), "\n{e}");
    let line = yaml.lines().nth(e.line as usize - 1).unwrap_or_default();
    let from: String = line.chars().skip(e.column as usize - 1).collect();
    assert!(from.starts_with(caret), "caret at {from:?}, not {caret:?}\n{e}");
}

#[test]
fn a_mistyped_key_is_shown_with_what_was_meant() {
    check(
        &format!("{HEAD}{CASES}repeat: 3\n"),
        "
error: unknown key 'repeat' in the suite (expected 'repeats')
 --> s.yaml:4:1
  |
4 | repeat: 3
  | ^^^^^^

hint: known: name description include target targets prompt prompts matrix form shots tools thinking cases defaults select params extract scorers metrics strict_xfail phases repeats seed fresh cache retry limits caps observe abort slo gates regression",
    );
}

#[test]
fn a_variable_that_no_case_has_is_found_at_once() {
    check(
        "target: { url: 'sim:a' }\nprompt: |\n  Answer this:\n  {{ quesion }}\ncases:\n  - question: why\n",
        "
error: case 'case-1' (s.yaml:6) has no variable 'quesion'
 --> s.yaml:4:6
  |
4 |   {{ quesion }}
  |      ^^^^^^^

hint: did you mean 'question'?",
    );
}

#[test]
fn a_broken_gate_has_its_caret_in_the_quotes() {
    check(
        &format!("{HEAD}{CASES}gates: [ \"ttft.p95 <= 800 parsec\" ]\n"),
        "
error: unknown unit 'parsec' (known: s ms us min h % req/s tok/s and currency codes)
 --> s.yaml:4:23
  |
4 | gates: [ \"ttft.p95 <= 800 parsec\" ]
  |                       ^^^^^^^^^^

hint: write 'metric.stat op number unit', for instance 'ttft.p95 <= 800 ms' or 'accuracy.low >= 80 %'",
    );
}

#[test]
fn a_key_is_never_shown() {
    for value in ["sk-abcdef1234567890", "hf_abcDEF", "A1b2C3d4E5f6G7h8I9j0K", "${OPENAI_API_KEY}", "a b"] {
        let yaml = format!("target: {{ url: 'http://h/v1', model: m, key: '{value}' }}\nprompt: x\n{CASES}");
        let e = load_with(&[("s.yaml", yaml.as_bytes())]).unwrap_err();
        let text = e.to_string();
        assert!(!text.contains(value), "{text}");
        assert!(text.contains("such as OPENAI_API_KEY"), "{text}");
    }
    check(
        "target:\n  url: http://h/v1\n  model: m\n  headers: { Authorization: Bearer abc }\nprompt: x\ncases: [{}]",
        "
error: the header 'authorization' holds a secret
 --> s.yaml:4:29
  |
4 |   headers: { Authorization: …
  |                             ^

hint: put it into the environment and write \"${NAME}\"",
    );
    let yaml = format!("target: {{ url: 'https://me:secret@h/v1', model: m }}\nprompt: x\n{CASES}");
    let text = load_with(&[("s.yaml", yaml.as_bytes())]).unwrap_err().to_string();
    assert!(!text.contains("secret@") && text.contains("user name or password"), "{text}");
}

#[test]
fn every_part_of_a_target_is_checked() {
    let t = |rest: &str| format!("target: {{ model: m, {rest} }}\n");
    part(&t("uri: x"), "uri", "unknown key 'uri' in a target (expected 'url')", "known: name url");
    part("target: { model: m }\n", "{", "a target needs 'url'", "add `url: http");
    part("target: { url: 'http://h/v1' }\n", "{", "a target needs 'model'", "add `model: NAME`");
    part(&t("url: 'ftp://h'"), "'ftp", "'url' is not an address that can be asked", "write http://HOST");
    part(&t("url: 'http://h:0/v1'"), "'http", "'url' has no proper host and port", "HOST:PORT");
    part(&t("url: 'http://h:99999/v1'"), "'http", "'url' has no proper host and port", "HOST:PORT");
    part(&t("url: 'http:///v1'"), "'http", "'url' has no proper host and port", "HOST:PORT");
    let chat = "'url' is the base address, without '/chat/completions'";
    part(&t("url: 'http://h/v1/chat/completions'"), "'http", chat, "write http://h/v1");
    part(
        &t("url: 'http://h/v1/messages/'"),
        "'http",
        "'url' is the base address, without '/messages'",
        "write http://h/v1",
    );
    part(
        &t("url: 'https://h/api/chat'"),
        "'http",
        "'url' is the base address, without '/api/chat'",
        "write https://h",
    );
    part(
        &t("url: 'http://h/v1', kind: anthropc"),
        "anthropc",
        "unknown kind 'anthropc' of target (expected 'anthropic'?)",
        "known: openai_chat",
    );
    part(&t("url: 'http://h/v1', kind: 3"), "3", "'kind' must be text, not a number", "");
    part(
        &t("url: 'sim:a', kind: embeddings, stream: true"),
        "true",
        "a target of kind 'embeddings' answers in one piece",
        "leave `stream` out",
    );
    part(&t("url: 'http://h/v1?key=1'"), "'http", "'url' has a query or fragment", "base address alone");
    part(&t("url: 'sim:'"), "'sim", "'sim:' has no proper name after the colon", "sim:fast");
    part(&t("url: 'http://h/v1', sim: {}"), "{}", "'sim' needs a target of the built-in server", "sim:NAME");
    part(&t("url: 'sim:a', body: { n: 3 }"), "n", "'n' does not belong into 'body'", "repeats");
    part(&t("url: 'sim:a', body: { k: sk-12 }"), "sk", "'k' holds a secret", "as a header");
    part(&t("url: 'sim:a', stream: 1"), "1", "'stream' must be true or false, not a number", "");
    part(&t("url: 'sim:a', headers: { Host: h }"), "Host", "the header 'Host' is set by the connection", "");
    part(&t("url: 'sim:a', headers: { 'a b': h }"), "'a b'", "'a b' is not the name of a header", "");
    part(&t("url: 'sim:a', headers: { a: '${X' }"), "'${X'", "'${' is never closed", "${NAME}");
    let price = |p: &str| t(&format!("url: 'sim:a', price: {{ {p} }}"));
    part(&price("input: 1, output: 1"), "{", "a price needs 'currency'", "currency: USD");
    part(
        &price("currency: usd, input: 1, output: 1"),
        "usd",
        "'currency' must be a code of three capitals",
        "USD",
    );
    part(&price("currency: USD, input: -1, output: 1"), "-1", "'input' must be at least 0, not -1", "");
    part(
        "targets: [{ url: 'sim:a' }, { url: 'sim:a' }]\n",
        "{ url: 'sim:a' }]",
        "two targets are called 'a'",
        "`name`",
    );
    part("targets: []\n", "[", "'targets' is an empty list", "");
    part("target: 5\n", "5", "a target must be a map, not a number", "");
}

#[test]
fn every_part_of_the_load_is_checked() {
    let p = |rest: &str| format!("phases: [{{ {rest} }}]\n");
    part(&p("closed: 0"), "0", "'closed' (users at once) must be at least 1, not 0", "");
    part(&p("closed: 1.5"), "1.5", "'closed' (users at once) must be a whole number, not 1.5", "");
    part(&p("poisson: 0"), "0", "'poisson' (requests per second) must be above 0, not 0", "");
    part(
        &p("poisson: 200000"),
        "200000",
        "'poisson' (requests per second) must be at most 100000, not 200000",
        "",
    );
    part(&p("constant: fast"), "fast", "'constant' (requests per second) must be a number, not text", "");
    part(
        &p("count: 5"),
        "{",
        "a phase needs one of 'closed', 'constant', 'poisson', 'gamma', 'stages', 'rate_file'",
        "",
    );
    part(&p("closed: 4, poisson: 4"), "4 }", "a phase has both 'closed' and 'poisson': choose one", "");
    part(&p("closed: 4, for: 30"), "30", "'for' has no unit", "such as '30 s'");
    part(
        &p("closed: 4, for: 2 m"),
        "2 m",
        "unknown unit 'm' of a duration in 'for'",
        "did you mean '2 min'?",
    );
    part(&p("closed: 4, for: 0 s"), "0 s", "'for' must be above 0 s and at most 168 h", "");
    part(&p("closed: 4, for: 1 s, count: 5"), "5", "a phase has both 'for' and 'count': choose one", "");
    part(&p("closed: 4, count: 60000000"), "60000000", "'count' must be at most 50000000, not 60000000", "");
    let many = "the phase would hold 360000000 requests, more than 50000000";
    part(&p("poisson: 100000, for: 1 h"), "1 h", many, "lower the rate");
    part(&p("closed: 4, max_in_flight: 9"), "9", "'max_in_flight' is for open loops", "than it has users");
    part(&p("concurrency: 4"), "concurrency", "unknown key 'concurrency' in a phase (expected 'closed')", "");
    part(
        "phases: [{ closed: 1, name: a }, { closed: 2, name: a }]\n",
        "a }]",
        "two phases are called 'a'",
        "",
    );
    part("repeats: 0\n", "0", "'repeats' must be at least 1, not 0", "");
    part("seed: -1\n", "-1", "'seed' must be a whole number, not -1", "");
    part("seed: '5'\n", "'5'", "'seed' must be a whole number, not text", "");
    part("fresh: yes\n", "yes", "'fresh' must be true or false, not text", "");
    part("retry: { attempts: 0 }\n", "0", "'attempts' must be at least 1, not 0", "");
    part("retry: { wait: 1 s }\n", "{", "'retry' needs 'attempts'", "attempts: 3");
    part(
        "retry: { attempts: 2, wait: 9 s, max_wait: 1 s }\n",
        "1 s",
        "'max_wait' is shorter than 'wait' (9 s)",
        "",
    );
    part("limits: { body: 1 B }\n", "1 B", "'body' must be at least 1024, not 1", "");
    part("limits: { body: 1 KB }\n", "1 KB", "unknown unit 'KB' of a size in 'body'", "did you mean '1 kB'?");
    part("limits: { conect: 1 s }\n", "conect", "unknown key 'conect' in 'limits' (expected 'connect')", "");
    part("caps: { cost: 1 }\n", "1", "'cost' cannot be kept: a target has no price", "price: {");
}

#[test]
fn every_part_of_the_scoring_is_checked() {
    part("scorers: [contain]\n", "contain", "unknown scorer 'contain' (expected 'contains')", "known: exact");
    part(
        "scorers: [starts-with]\n",
        "starts-with",
        "unknown scorer 'starts-with' (expected 'starts_with')",
        "",
    );
    part("scorers: [{ type: f1 }]\n", "f1", "unknown type of scorer 'f1'", "known: exact");
    part(
        "scorers: [{ contains: x }]\n",
        "contains",
        "'contains' is a type of scorer, not a key",
        "type: contains",
    );
    part(
        "scorers: [{ type: exact, unicode: true }]\n",
        "unicode",
        "unknown key 'unicode' in a scorer of type exact",
        "",
    );
    part("scorers: [{ type: exact, pass: 2 }]\n", "2", "'pass' must be at most 1, not 2", "");
    part("scorers: [{ type: exact, weight: -1 }]\n", "-1", "'weight' must be at least 0, not -1", "");
    part("scorers: [regex]\n", "regex", "the scorer 'regex' needs a pattern", "pattern:");
    part(
        "scorers: [{ type: regex, pattern: '(' }]\n",
        "'('",
        "not a valid pattern: unclosed group",
        "no look-around",
    );
    part("scorers: [{ type: contains, any_of: [''] }]\n", "''", "an empty text in 'any_of'", "");
    part("scorers: [{ any: [char_f1] }]\n", "char_f1", "'char_f1' within 'any' needs 'pass'", "pass: 0.5");
    part(
        "scorers: [{ any: [exact], all: [exact] }]\n",
        "[exact], all",
        "a combination of scorers has both 'all' and 'any': choose one",
        "",
    );
    let twice = "scorers: [{ type: exact, name: a }, { type: contains, name: a }]\n";
    part(twice, "a }]", "two scorers are called 'a'", "");
    part(
        "scorers: exact\ncases: [{ q: x }]\n",
        "exact",
        "'exact' needs expected answers, and no case has one",
        "give the cases",
    );
    part("extract: number\n", "number", "unknown extraction 'number' (expected 'last_number')", "");
    part("extract: { pointer: a }\n", "a", "a JSON pointer begins with '/'", "write '/a'");
    part("extract: { letter: AA }\n", "AA", "'letter' must be two or more different capitals", "ABCD");
    part("extract: { regex: '[' }\n", "'['", "not a valid pattern: unclosed character class", "");
    part("gates: [accuracy]\n", "accuracy", "no comparison (<=, <, >=, >)", "");
    part("gates: [5]\n", "5", "a gate must be text, not a number", "quotes");
    part(
        "gates: ['accuracy{lang=ko} >= 0.5']\n",
        "'accuracy",
        "no case has a tag 'lang'",
        "known labels: phase prompt target",
    );
    part("gates: ['accuracy{phase=x} >= 0.5']\n", "'accuracy", "no phase is called 'x'", "known: closed 4");
}

#[test]
fn every_part_of_prompts_and_cases_is_checked() {
    part(
        "prompt: '{{ q'\n",
        "'{{ q'",
        "syntax error in the template: unexpected end of input, expected end of variable block",
        "",
    );
    part(
        "prompt: [{ role: usr, content: x }]\n",
        "usr",
        "unknown role 'usr' (expected 'user')",
        "known: system",
    );
    part("prompt: [{ role: user }]\n", "{", "a message needs 'content'", "add `content");
    part("prompt: []\n", "[", "a prompt that is not text is an empty list", "");
    part("prompt: 5\n", "5", "a prompt that is not text must be a list, not a number", "");
    part(
        "prompts: [{ name: a, messages: x }, { name: a, messages: y }]\n",
        "a, messages: y",
        "two prompts are called 'a'",
        "",
    );
    part("prompt: a\nprompts: [b]\n", "[b]", "the suite has both 'prompt' and 'prompts': choose one", "");
    part("cases: []\n", "[", "there are no cases", "");
    part("cases: [5]\n", "5", "a case must be a map, not a number", "");
    part(
        "cases: [{ q: a, id: x }, { q: b, id: x }]\n",
        "id: x }]",
        "two cases have the id 'x'",
        "first one is at s.yaml:3",
    );
    part(
        "cases: [{ q: a, expectd: x }]\n",
        "expectd",
        "unknown key 'expectd' in a case (expected 'expected')",
        "under 'vars'",
    );
    part("cases: [{ q: a, refuse: maybe }]\n", "maybe", "'refuse' must be true or false, not text", "");
    part("cases: [{ q: a, expected: '' }]\n", "expected", "an empty expected answer", "leave 'expected' out");
    part("cases: [{ q: a, vars: { q: b } }]\n", "q: a", "'q' is in 'vars' and beside it", "");
    part(
        "cases: [{ q: a, tags: { target: b } }]\n",
        "target",
        "a tag cannot be called 'target': gates use that word",
        "",
    );
    part("cases: [{ q: a, scorers: [exat] }]\n", "exat", "unknown scorer 'exat' (expected 'exact')", "");
    part("cases: data.csv\n", "data.csv", "cannot open 'data.csv': entity not found", "relative");
    part(
        "cases: none.jsonl\n",
        "none.jsonl",
        "cannot open 'none.jsonl': entity not found",
        "relative to the suite file",
    );
    part("cases: { map: {} }\n", "{", "'cases' needs one of 'file', 'folder', 'table'", "");
    part("name:\n", "name", "'name' has no value", "remove the key");
    part(
        "params: { messages: [] }\n",
        "messages",
        "'messages' does not belong into 'params'",
        "made from `prompt`",
    );
}

#[test]
fn what_is_missing_is_named() {
    part_missing("prompt: x\ncases: [{}]\n", "the suite needs 'target'");
    part_missing("target: { url: 'sim:a' }\ncases: [{}]\n", "the suite needs 'prompt'");
    part_missing("target: { url: 'sim:a' }\nprompt: x\n", "the suite needs 'cases'");
}

fn part_missing(yaml: &str, message: &str) {
    let e = load_with(&[("s.yaml", yaml.as_bytes())]).expect_err("something is missing");
    assert_eq!((e.message.as_str(), e.line, e.column), (message, 1, 1), "{e}");
    assert!(e.hint.is_some());
}

fn data(bytes: &[u8]) -> String {
    let yaml = format!("{HEAD}cases: {{ file: d.jsonl, map: {{ expected: answer }} }}\n");
    let files: &[(&str, &[u8])] = &[("s.yaml", yaml.as_bytes()), ("d.jsonl", bytes)];
    load_with(files).map(|_| "loads".to_owned()).unwrap_or_else(|e| e.to_string())
}

#[test]
fn a_broken_line_of_a_data_file_is_shown() {
    assert_eq!(
        data("{\"q\": \"탑\", \"answer\": \"1\"}\n{\"q\": \"탑은\" \"answer\": 2}\n".as_bytes()),
        "error: not valid JSON: expected `,` or `}`
 --> d.jsonl:2:12
  |
2 | {\"q\": \"탑은\" \"answer\": 2}
  |              ^

hint: every line is one JSON object"
    );
    assert!(data(b"[{\"q\": 1},\n").contains("here every line is one object"));
    assert!(data(b"[1]\n").contains("the line is not a JSON object"));
    assert!(data(b"{\"q\": \"\xff\"}\n").contains("d.jsonl:1:8"));
    assert!(data(b"\n\n").contains("there are no cases"));
    let twice = data(b"{\"q\": 1, \"id\": 7, \"answer\": 1}\n\n{\"q\": 2, \"id\": 7}\n");
    assert!(twice.contains("d.jsonl:3:10") && twice.contains("at d.jsonl:1"), "{twice}");
    let never = data(b"{\"q\": \"a\", \"anser\": \"1\"}\n");
    assert!(
        never.contains("no case has a field 'answer'") && never.contains("did you mean 'anser'?"),
        "{never}"
    );
    let lost = data(b"{\"question\": \"a\", \"answer\": \"1\"}\n");
    assert!(lost.contains("(d.jsonl:1) has no variable 'q'"), "{lost}");
    let mut long = b"{\"q\": \"".to_vec();
    long.resize(17 << 20, b'a');
    assert!(data(&long).contains("longer than 16 MiB"));
}

#[test]
fn a_file_that_is_no_suite_says_so() {
    let missing = load_with(&[]).unwrap_err().to_string();
    assert!(
        missing.starts_with("error: cannot read the suite: ") && missing.contains("\n --> s.yaml"),
        "{missing}"
    );
    for (yaml, message) in [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("just text", "the suite must be a map, not text"),
        ("a: 1\na: 2\n", "the key 'a' is there twice"),
        ("name: a\n---\nname: b\n", "more than one YAML document"),
        ("name: *x\n", "this alias has no anchor"),
    ] {
        let e = load_with(&[("s.yaml", yaml.as_bytes())]).unwrap_err();
        assert_eq!(e.message, message, "{yaml:?}\n{e}");
    }
    let e = load_with(&[("s.yaml", b"prompt: {{ q }}\n")]).unwrap_err();
    assert!(e.hint.as_deref().unwrap_or_default().contains("must be in quotes"), "{e}");
    let e = load_with(&[("s.yaml", b"\xff\xfe")]).unwrap_err();
    assert_eq!(e.message, "the suite file is not UTF-8");
    let big = vec![b'#'; 5 << 20];
    assert!(load_with(&[("s.yaml", &big)]).unwrap_err().message.contains("4 MiB"));
}

#[test]
fn bombs_do_not_go_off() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (n, l) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
        bomb += &format!("{n}: &{n} [{}]\n", [format!("*{l}").as_str(); 10].join(", "));
    }
    let deep = format!("a: {}", "[".repeat(5000));
    for yaml in [bomb, deep] {
        let e = load_with(&[("s.yaml", yaml.as_bytes())]).unwrap_err();
        let words = ["not valid YAML: ", "the YAML is nested too deeply"];
        assert!(words.iter().any(|w| e.message.starts_with(w)), "{e}");
        println!("{e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_mutated_suite_never_panics(at in 0usize..3000, len in 0usize..12, put in "[ -~\\n\\t탑\u{0}]{0,6}") {
        let good = include_str!("../../../suites/docent/suite.yaml");
        let mut begin = at.min(good.len());
        while !good.is_char_boundary(begin) {
            begin -= 1;
        }
        let mut end = (begin + len).min(good.len());
        while !good.is_char_boundary(end) {
            end += 1;
        }
        let yaml = format!("{}{put}{}", &good[..begin], &good[end..]);
        let cases = b"{\"id\":\"a\",\"question\":\"q\",\"answer\":\"x\",\"also\":[],\"exhibit\":\"e\",\"lang\":\"ko\",\"type\":\"t\",\"persona\":\"p\",\"refuse\":false}\n";
        if let Err(e) = load_with(&[("s.yaml", yaml.as_bytes()), ("cases.jsonl", cases)]) {
            let text = e.to_string();
            prop_assert!(text.starts_with("error: ") && text.len() < 4000, "{text}");
        }
    }

    #[test]
    fn any_text_is_a_suite_or_an_error(text in "\\PC{0,80}", lines in "[a-z:\\-\\[\\]{}&*!|>'\"%@ \\n0-9]{0,80}") {
        let _ = load_with(&[("s.yaml", text.as_bytes())]);
        let _ = load_with(&[("s.yaml", lines.as_bytes())]);
        let yaml = format!("{HEAD}cases: d.jsonl\n");
        let _ = load_with(&[("s.yaml", yaml.as_bytes()), ("d.jsonl", text.as_bytes())]);
    }
}

#[test]
fn what_is_observed_is_checked_in_its_line() {
    part(
        "observe: { hosts: true }\n",
        "hosts",
        "unknown key 'hosts' in 'observe' (expected 'host')",
        "known: host",
    );
    part(
        "observe: { scrape: localhost:8000 }\n",
        "localhost",
        "'localhost:8000' is no address of metrics",
        "http://HOST:PORT/metrics",
    );
    part("observe: { every: 10 ms }\n", "10 ms", "'every' must be from 100 ms to 1 h", "");
    part("observe: { server_pid: 0 }\n", "0", "a process must be at least 1, not 0", "");
}
