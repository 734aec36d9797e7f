//! Nothing that people read is forgotten, and nothing that is translated loses a value.
//!
//! The sources themselves are read: a message that goes through [`Lang`], and every sentence of
//! the findings that a report shows, must have its Korean.

use super::*;
use acidtest_metrics::json::Repair;
use acidtest_metrics::stats::NoInterval;
use acidtest_record::Cause;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn is_hangul(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

#[test]
fn every_entry_keeps_its_values_and_is_korean() {
    let mut seen = BTreeSet::new();
    for (en, ko) in entries() {
        assert!(seen.insert(en), "twice: {en}");
        let names = |text| -> BTreeSet<&str> {
            let value = |p| if let Piece::Value(name) = p { Some(name) } else { None };
            pieces(text).into_iter().filter_map(value).collect()
        };
        let wanted: BTreeSet<&str> = names(en).into_iter().map(|n| n.trim_start_matches('~')).collect();
        assert_eq!(wanted, names(ko), "{en}");
        let is_sign = [
            " and ",
            "n",
            "429",
            "5xx",
            "TTFT p50",
            "TTFT p95",
            "{n} of {of}",
            "4xx",
            "{target} under {phase}",
            "{target} with {prompt} under {phase}",
            "{~cause} ({detail})",
        ];
        assert!(ko.chars().any(is_hangul) || is_sign.contains(en), "{en}: {ko}");
        assert!(pieces(en).iter().any(|p| matches!(p, Piece::Text(_))), "{en} would fit everything");
    }
}

#[test]
fn sentences_are_found_again_with_their_values() {
    for (en, ko) in [
        (
            "a under p: 12 of 30 requests were never sent (cost cap)",
            "a, p: 요청 30건 중 12건을 보내지 못했습니다(비용 상한)",
        ),
        (
            "not available: nothing observed: needs streamed answers",
            "사용할 수 없음: 관측값 없음: 필요한 것은 스트리밍 응답",
        ),
        ("no interval: n too small: 3 cases, needs 10", "신뢰 구간 없음: n 부족: 케이스 3개, 10개 필요"),
        (
            "the interval holds the limit; 4 excluded requests counted as bad",
            "신뢰 구간이 한계값을 포함합니다; 제외된 요청 4건을 나쁜 결과로 셈",
        ),
        (
            "met so far, but the run was stopped: interrupted",
            "지금까지는 충족했으나 실행이 중단되었습니다: 사용자가 중단함",
        ),
        (
            "error: 'closed' (users at once) must be a whole number, not text",
            "오류: 'closed' (users at once): 정수 값이 필요하지만 문자열 값이 주어졌습니다",
        ),
        (
            "no drop is shown (-0.5 pp); one of up to 4.0 pp is not ruled out (40 pairs, one-sided 95 %)",
            "하락이 확인되지 않았습니다(-0.5 pp); 최대 4.0 pp의 하락은 배제할 수 없습니다(40쌍, 단측 95 %)",
        ),
        (
            "rise 3.0 ms; no interval from 3 pairs, one-sided 95 %",
            "상승 3.0 ms; 신뢰 구간 없음(3쌍, 단측 95 %)",
        ),
        (
            "the runs were not asked the same: phases differ; params: {} against the default; cases: 3 only in the first, 2 only in the second",
            "두 실행의 질문이 같지 않습니다: phases 다름; params: {} 대 기본값; 케이스: 첫째에만 3개, 둘째에만 2개",
        ),
        (
            "absent: 95 % of the asked 4 requests in flight were never reached before the last send",
            "없음: 마지막 전송 전까지 요청한 동시 4건의 95 %에 이르지 못함",
        ),
        (
            "stopped early: interrupted; go on with: acidtest run --resume ab12",
            "일찍 멈췄습니다: 사용자가 중단함; 이어서 하려면: acidtest run --resume ab12",
        ),
        ("no connection (refused)", "연결 실패 (refused)"),
        (
            "met so far, but the run was stopped after 5 of 9 requests: abort rule 'x > 1'",
            "지금까지는 충족했으나 요청 9건 중 5건 뒤에 실행이 중단되었습니다: 중단 규칙 'x > 1'",
        ),
        (
            "sends were late: p99 4.10 ms, limit 0.50 ms, from second 0.1 on",
            "전송이 늦었습니다: p99 4.10 ms, 한계 0.50 ms, 0.1초부터",
        ),
        (
            "drop 2.5 pp, between -1.0 pp and 6.0 pp (40 pairs, one-sided 95 %); about 90 pairs would settle it if this holds",
            "하락 2.5 pp, -1.0 pp~6.0 pp 사이 (40쌍, 단측 95 %); 이 값이 유지되면 약 90쌍으로 판정할 수 있습니다",
        ),
    ] {
        assert_eq!(Lang::Ko.tell(en), ko);
        assert_eq!(Lang::En.tell(en), en);
    }
}

#[test]
fn what_is_not_known_stays() {
    for (en, ko) in [
        // Names that look like messages are no messages.
        ("a sentence that nobody wrote", "a sentence that nobody wrote"),
        ("many requests", "many requests"),
        ("there is no suite 'met'", "'met' 스위트가 없습니다"),
        ("unknown key '{why}'", "알 수 없는 키 '{why}'"),
        ("", ""),
    ] {
        assert_eq!(Lang::Ko.tell(en), ko);
        assert_eq!(Lang::En.tell(en), en);
    }
    let long = "; a".repeat(100_000);
    assert_eq!(Lang::Ko.tell(&long), long);
    let braces = "error: {{{".repeat(40);
    assert!(Lang::Ko.tell(&braces).starts_with("오류: "));
}

#[test]
fn values_are_put_in_once() {
    let said = Lang::En.fill("{n} of {of}", &[("n", "{of}"), ("of", "2")]);
    assert_eq!(said, "{of} of 2");
    assert_eq!(Lang::Ko.fill("run {id}", &[("id", "ab12")]), "실행 ab12");
}

#[test]
fn languages_are_named() {
    assert_eq!("ko".parse(), Ok(Lang::Ko));
    assert_eq!("en".parse(), Ok(Lang::En));
    for unknown in ["", "KO", "ko_KR", "fr"] {
        assert_eq!(unknown.parse::<Lang>(), Err(LangUnknown), "{unknown}");
    }
}

#[test]
fn classes_and_reasons_have_their_words() {
    let mut all: Vec<String> = Cause::ALL.iter().map(|c| c.words().to_owned()).collect();
    all.extend(Repair::ALL.iter().map(|r| r.words().to_owned()));
    all.extend([
        NoInterval::Count.to_string(),
        NoInterval::TooFew { what: "requests", have: 3, need: 10 }.to_string(),
        NoInterval::TooFewBatches { have: 3, length: 5, need: 20 }.to_string(),
        NoInterval::NoVariance { n: 12 }.to_string(),
        NoInterval::Endless.to_string(),
        NoInterval::OneIncident.to_string(),
    ]);
    for words in all {
        assert!(exact(&words).is_some() || told(&words).is_some(), "no Korean for '{words}'");
        let short = crate::number::short(&words);
        assert!(told(short).is_some(), "no Korean for '{short}'");
    }
}

#[test]
fn every_metric_has_its_title() {
    for m in acidtest_findings::metrics() {
        assert!(exact(m.title).is_some(), "no Korean for the title of {}: {}", m.id, m.title);
    }
    for d in acidtest_findings::scored::definitions::DEFINITIONS {
        assert!(exact(d.title).is_some(), "no Korean for the title of {}: {}", d.id, d.title);
    }
}

/// The crates' sources.
fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[allow(clippy::disallowed_methods, reason = "a test that reads the sources")]
fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        match entry.is_dir() {
            true if entry.ends_with("words") => {}
            true => sources(&entry, all),
            false => all.push(entry),
        }
    }
    all.sort();
}

/// String literals outside comments and tests, each with what stands before it.
#[allow(clippy::disallowed_methods, reason = "a test that reads the sources")]
fn literals(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = text
        .lines()
        .filter(|l| !l.trim_start().starts_with("//") && !l.trim_start().starts_with("#["))
        .map(|l| l.to_owned() + "\n")
        .collect();
    let code = code.replace("'\"'", "' '");
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some((before, after)) = rest.split_once('"') {
        let mut literal = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next() {
                Some((_, '\\')) => match chars.next() {
                    Some((_, 'n')) => literal.push('\n'),
                    Some((_, '\n')) => {
                        let blanks = chars.as_str().len() - chars.as_str().trim_start().len();
                        for _ in 0..blanks {
                            chars.next();
                        }
                    }
                    Some((_, c)) => literal.push(c),
                    None => break after.len(),
                },
                Some((at, '"')) => break at + 1,
                Some((_, c)) => literal.push(c),
                None => break after.len(),
            }
        };
        found.push((before.trim_end().to_owned(), literal));
        rest = &after[end..];
    }
    found
}

#[test]
fn everything_that_is_said_has_its_korean() {
    let mut files = Vec::new();
    sources(&crates().join("report/src"), &mut files);
    sources(&crates().join("acidtest/src"), &mut files);
    let mut n = 0;
    let mut missing = Vec::new();
    for file in files {
        for (before, literal) in literals(&file) {
            let is_said = [".say(", ".fill(", "head("].iter().any(|call| before.ends_with(call));
            let is_told = before.ends_with("told(") || before.ends_with("told(&format!(");
            n += u32::from(is_said || is_told);
            let known = match (is_said, is_told) {
                (true, _) => exact(&literal).is_some(),
                (_, true) => literal.split('\n').all(|l| l.is_empty() || told(&sample(l)).is_some()),
                _ => true,
            };
            if !known {
                missing.push(format!("{}: {literal}", file.display()));
            }
        }
    }
    assert!(n > 150, "only {n} messages were found: does this test still read the sources?");
    assert!(missing.is_empty(), "no Korean for\n{}", missing.join("\n"));
}

/// The message with something in the place of each value.
fn sample(template: &str) -> String {
    filled(template, &[]).is_empty().then(String::new).unwrap_or_else(|| {
        let part = |p| match p {
            Piece::Text(text) => text.to_owned(),
            Piece::Value(_) => "7".to_owned(),
        };
        pieces(template).into_iter().map(part).collect()
    })
}

/// Files of the findings that no report shows a sentence of.
const SILENT: [&str; 5] = ["catalogue.rs", "gate_check.rs", "metric.rs", "nearest.rs", "definitions.rs"];

/// Texts in those files that are not shown: definitions (the reference of metrics is English),
/// rules of the JSON, and errors in gates (a suite's, not a report's). Two are parts of a
/// sentence that is looked at whole.
const NOT_SHOWN: &[&str] = &[
    "the view promises at most 150 bytes a record",
    "rows come before details",
    "sign flip over units",
    "sign flip of signs over units",
    "exact sign test",
    "; gaps of one in {k} records",
    "; times are of whole requests under the load of their own run, paired by case and not by moment: neighbours in time are alike, so the interval may be too narrow",
    "other - base over cases that both sides delivered, repeats averaged within the case; unit of sampling: {unit}; Holm over all valid differences of the comparison{}{}; acidtest {}",
    ": this one is left out",
    "accuracy not worse",
    "approximate randomisation over units",
    "second minus first, {signature}|bs:{resamples}|ar:{}|seed:{seed}|unit:{}|acidtest:{}",
    "'{}' is no number by which cases can be paired",
    "shares, scores, and .mean or .p50 of times and cost can be compared case by case",
    "{} is neither better high nor low",
    "gate another metric",
    "'{}' would be broken by getting better",
    "{} is better {}: write '{word}'",
    "shares change by 'pp' (percentage points) or '%' of the baseline",
    "times change by s, ms or '%' of the baseline",
    "write '%' of the baseline, or the metric's own unit",
    "'{}' is not a unit for a change of {} in '{}'",
    " after {} of {n} requests",
    "met so far, but the run was stopped{of}: {why}",
    // How values of files are made: part of the signature, which is English.
    "{} of labels",
    ", zero division {zero}",
    "as given",
    "sorted by code point",
    "; {} labels {order}; unit of sampling: {}",
    "; bootstrap of {} resamples, seed {}",
    "area under the ROC curve, ties half",
    "mean of (y - p)^2, binary",
    "mean of the sum over classes of (y - p)^2, unscaled",
    "{rule}; unit of sampling: {}; as scikit-learn 1.9",
    "sum over thresholds of (change of recall) x precision; interval: Wilson with units that hold a positive as n",
    "mean of -ln p of the true label, p clipped at 2^-52",
    "area under the ROC curve, each class against the rest, ties half",
    "; interval: mean of the classes' DeLong ends, on the safe side",
    "average precision, each class against the rest; a class without a case counts 0",
    "{rule}; top label, {DEFAULT_BINS} right-closed bins; unit of sampling: {}",
    "sum over bins of share x |accuracy - mean confidence|, plug-in",
    "what ece would be about if the probabilities were perfect",
    "squared calibration error without the plug-in bias; may be below 0 by chance",
    "{rule}; top label",
    "Spiegelhalter's z: above 0 the Brier score is worse than promised",
    "; linear gain",
    "{name} as trec_eval{gain}; equal scores: later document first; mean over queries; {excluded} without a relevant document excluded; {unranked} without a ranking count 0; unit of sampling: {}",
    "fewer than {k}",
    "majority of samples is right; a tie counts its share",
    "{rule}; mean over tasks; {excluded} tasks with {few} samples excluded; unit of sampling: {}",
];

#[test]
fn every_sentence_of_findings_has_its_korean() {
    let mut missing = Vec::new();
    let mut files = Vec::new();
    sources(&crates().join("findings/src"), &mut files);
    for file in files {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if SILENT.contains(&name) {
            continue;
        }
        for (before, literal) in literals(&file) {
            let definition = [
                "title:",
                "needs:",
                "formula:",
                "edges:",
                "interval:",
                "source:",
                "rule:",
                "expect(",
                "&str =",
            ]
            .iter()
            .any(|end| before.ends_with(end) || before.ends_with(&format!("{end} format!(")));
            let words =
                literal.split(' ').filter(|w| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase()));
            if words.count() < 2 || definition || NOT_SHOWN.contains(&literal.as_str()) {
                continue;
            }
            if !told(&sample(&literal)).is_some_and(|text| text.chars().any(is_hangul)) {
                missing.push(format!("{name}: {literal}"));
            }
        }
    }
    assert!(missing.is_empty(), "no Korean for\n{}", missing.join("\n"));
}
