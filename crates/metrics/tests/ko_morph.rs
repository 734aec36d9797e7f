//! The tokenizer ko-morph beside sacreBLEU 2.6.0's `ko-mecab`, with the dictionary itself.
//!
//! It needs the compiled mecab-ko-dic 2.1.1, 110 MB, which is not in the repository. It is run with
//! `ACIDTEST_KO_DIC=FOLDER cargo test -p acidtest-metrics --features ko-morph --test ko_morph -- --ignored`.

// A test reads its dictionary where the program's caller would.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions, KoDic, Tokenizer};
use std::path::PathBuf;

fn reference() -> Tokenizer {
    let folder = std::env::var_os("ACIDTEST_KO_DIC").expect("ACIDTEST_KO_DIC, the dictionary's folder");
    let folder = PathBuf::from(folder);
    let dictionary = KoDic::read(|name| std::fs::read(folder.join(name))).unwrap();
    assert_eq!(dictionary.words(), KoDic::REFERENCE_WORDS);
    Tokenizer::KoMorph(Box::leak(Box::new(dictionary)))
}

const CASES: [(&str, &str, &str); 8] = [
    (
        "한국어 형태소 분석을 시험한다. I like 3.5점!",
        "한국어 형태소 분석 을 시험 한다 . I like 3 . 5 점 !",
        "한국어 형태소 분석을 시험했다. I like 4.5점!",
    ),
    (
        "고 가정한 경우, 2010년 현재 자녀의 연령이 7세이고 육아휴직을 신청",
        "고 가정 한 경우 , 2010 년 현재 자녀 의 연령 이 7 세 이 고 육아 휴직 을 신청",
        "2010년 현재 자녀의 나이가 7세라고 가정하고 육아휴직을 신청",
    ),
    ("화학 이외의 것", "화학 이외 의 것", "화학 밖의 것"),
    ("서울 시 에서 만났습니다.", "서울 시 에서 만났 습니다 .", "서울시에서 만났습니다."),
    ("----------------------------", "- - - -------------------------", "-----"),
    ("뷁뷁뷁 쓩쓩 ㅋㅋㅋㅋ 😀 大韓民國", "뷁 뷁 뷁 쓩 쓩 ㅋㅋㅋㅋ 😀 大韓 民國", "뷁뷁 쓩 ㅋㅋ 😀 大韓民国"),
    (
        "모든 국민은 법 앞에 평등하다.",
        "모든 국민 은 법 앞 에 평등 하 다 .",
        "모든 국민은 법 앞에서 평등하다.",
    ),
    (
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} 가\u{3000}나",
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} 가 나",
        "한글 가 나",
    ),
];

#[test]
#[ignore = "needs the files of mecab-ko-dic, in ACIDTEST_KO_DIC"]
fn tokens_and_scores_are_the_references() {
    let tokenizer = reference();
    for (line, expect, _) in CASES {
        assert_eq!(tokenizer.tokens(line).join(" "), expect, "{line}");
    }
    let mut bleu = Bleu::new(BleuOptions { tokenizer, ..BleuOptions::default() }).unwrap();
    let answers = CASES.map(|(answer, _, _)| answer);
    let references = CASES.map(|(_, _, reference)| [reference]);
    let references: Vec<&[&str]> = references.iter().map(|r| r.as_slice()).collect();
    let score = bleu.corpus(&answers, &references).unwrap();
    assert!((score.score - 42.40178447949452).abs() < 1e-9, "{}", score.score);
}
