//! `--lang ko`: what people read is Korean and aligned; what programs read stays as it is.

use crate::{Place, cases};

const SIM: &str = "sim: { ttft_ms: 1, gap_ms: 0, answers: { file: cases.jsonl, wrong: ";

fn suite(wrong: &str) -> String {
    format!(
        "name: test\ntargets:\n  - {{ name: t0, url: \"sim:t0\", model: sim, {SIM} {wrong} }} }} }}\n\
         prompt: \"{{{{ question }}}}\"\n\
         cases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\n\
         phases: [closed: 4]\ngates: [\"accuracy >= 10 %\", \"accuracy.low >= 99 %\", \"error_rate <= 1 %\"]\n"
    )
}

fn place() -> Place {
    let place = Place::new();
    place.file("cases.jsonl", &cases(40));
    place.file("right.yaml", &suite("0.0"));
    place.file("wrong.yaml", &suite("0.5"));
    place
}

fn is_hangul(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// Columns: a Hangul syllable is two wide.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_hangul(c) { 2 } else { 1 }).sum()
}

/// Column where a piece of text begins in the first line that has all the words.
#[track_caller]
fn column(text: &str, words: &[&str], piece: &str) -> usize {
    let line = text.lines().find(|l| words.iter().all(|w| l.contains(w)));
    let line = line.unwrap_or_else(|| panic!("{words:?} in\n{text}"));
    width(&line[..line.find(piece).unwrap_or_else(|| panic!("{piece} in {line}"))])
}

#[test]
fn a_run_and_its_report_are_korean() {
    let place = place();
    let ran = place.run(&["--lang", "ko", "run", "right.yaml"]).exits(5);
    let text = ran.out();
    for words in [
        "케이스 40개",
        "품질",
        "속도",
        "처리량",
        "신뢰성",
        "게이트",
        "95 % 신뢰 구간",
        "충족",
        "판정 보류",
        "완전 40",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    // Columns stand below their heads, whatever the width of letters.
    for (head, row) in [("95 % 신뢰 구간", "≥"), ("산출 방법", "표본 단위")] {
        let below = column(&text, &["accuracy ", row], row);
        assert_eq!(column(&text, &["품질", head], head), below, "{head} in\n{text}");
    }
    assert!(text.lines().all(|l| width(l) <= 110), "{text}");
    // Only names, ids and units are left in Latin letters.
    let metrics = place.run(&["metrics"]).exits(0).out();
    let known = [
        "test", "sim", "closed", "req", "tok", "tokens", "requests", "low", "nonce", "accuracy", "contains",
        "run",
    ];
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let is_word = word.len() > 3 && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        let is_hex = word.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(!is_word || is_hex || known.contains(&word) || metrics.contains(word), "{word} in\n{text}");
    }
    // The same from the store, with the flag behind the command, or from the environment.
    assert_eq!(place.run(&["report", "--lang=ko"]).out(), text);
    let mut command = place.command(&["report"]);
    let by_environment = command.env_remove("LC_ALL").env("LC_MESSAGES", "").env("LANG", "ko_KR.UTF-8");
    assert_eq!(String::from_utf8(by_environment.output().unwrap().stdout).unwrap(), text);
    let mut command = place.command(&["report", "--lang", "en"]);
    let english = String::from_utf8(command.env("LC_ALL", "ko").output().unwrap().stdout).unwrap();
    assert!(english.contains("QUALITY") && !english.chars().any(is_hangul), "{english}");
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let place = place();
    place.run(&["run", "wrong.yaml", "-q"]);
    for format in ["json", "junit", "csv", "csv-cases", "github"] {
        let of = |lang| place.run(&["report", "--format", format, "--lang", lang]).out();
        assert_eq!(of("ko"), of("en"), "{format}");
    }
    let markdown = place.run(&["report", "--format", "markdown", "--lang", "ko"]).out();
    for words in ["| 대상 | 단계 |", "충족", "오답"] {
        assert!(markdown.contains(words), "{words} in\n{markdown}");
    }
    assert_eq!(place.run(&["--help"]).out(), place.run(&["--help", "--lang", "ko"]).out());
}

#[test]
fn comparisons_plans_and_lists_are_korean() {
    let place = place();
    place.run(&["run", "right.yaml", "-q"]);
    let first = place.run(&["runs", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    place.run(&["run", "wrong.yaml", "-q"]);
    let compared = place.run(&["compare", &first, "latest", "--lang", "ko", "--across-workloads"]).out();
    for words in ["첫째", "둘째", "차이", "나쁨", "정답 → 오답", "질문", "정답"] {
        assert!(compared.contains(words), "{words} in\n{compared}");
    }
    let plan = place.run(&["plan", "right.yaml", "--lang", "ko"]).exits(0).out();
    for words in ["보낼 요청", "케이스", "추정 근거", "판정 가능", "충족 아니면 미달", "케이스 40개로는"]
    {
        assert!(plan.contains(words), "{words} in\n{plan}");
    }
    assert_eq!(column(&plan, &["단계", "요청"], "요청"), column(&plan, &["closed 4", "40"], "40"), "{plan}");
    let runs = place.run(&["runs", "--lang", "ko"]).out();
    assert!(runs.contains("상태") && runs.contains("완료"), "{runs}");
}

#[test]
fn the_card_of_one_request_is_korean() {
    let place = Place::new();
    let args = ["ask", "--url", "sim:s", "--model", "m", "--lang", "ko", "안녕하세요?"];
    let text = place.run(&args).exits(0).out();
    for words in ["속도 카드", "요청 1건: 신뢰 구간 없음", "왕복", "여기서 측정", "서버 보고"]
    {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn errors_and_hints_are_korean() {
    let place = Place::new();
    for (args, words) in [
        (&["run", "--lang", "ko"][..], ["오류: 스위트를 주지 않았고", "도움말: `acidtest init`"]),
        (&["report", "--lang=ko"], ["오류: ", "저장소가 없습니다"]),
        (&["--lang", "ko", "rnu"], ["오류: 알 수 없는 명령 'rnu'", "사용법: "]),
        (&["run", "--lang", "ko", "--nope"], ["오류: 알 수 없는 인자 '--nope'", "--help"]),
    ] {
        let err = place.run(args).exits(2).err();
        assert!(words.iter().all(|w| err.contains(w)), "{words:?} in\n{err}");
        assert!(!err.contains("error:") && !err.contains("hint:"), "{err}");
    }
    let err = place.run(&["run", "--lang", "fr"]).exits(2).err();
    assert!(err.contains("possible values: en, ko"), "{err}");
    place.file("suite.yaml", "nmae: x\n");
    let err = place.run(&["run", "--lang", "ko"]).exits(2).err();
    assert!(err.starts_with("오류: ") && err.contains("nmae"), "{err}");
}
