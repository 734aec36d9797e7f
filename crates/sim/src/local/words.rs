//! Words of English and Korean, as a search sees them.
//!
//! Main functions: [`tokens`] and [`sought`]. English: lower case, no accents,
//! light stemming, no stop words. Korean: the word without its particle, and the
//! pairs of syllables in it. Must not know any text or suite.

/// The two languages of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    Korean,
    English,
}

impl Lang {
    /// Korean as soon as there is Hangul.
    pub(crate) fn of(text: &str) -> Self {
        if text.chars().any(is_hangul) { Lang::Korean } else { Lang::English }
    }
}

fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣' | 'ㄱ'..='ㆎ')
}

/// The words of a text.
pub(crate) fn tokens(lang: Lang, text: &str) -> Vec<String> {
    let lower: String = text.to_lowercase().chars().map(plain).collect();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    match lang {
        Lang::English => words.filter(|w| !ENGLISH_STOP.contains(w)).map(stem).collect(),
        Lang::Korean => words.flat_map(korean).collect(),
    }
}

/// Latin letters without their accents.
fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' => 'a',
        'ç' => 'c',
        'è'..='ë' | 'ē' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' => 'o',
        'ù'..='ü' | 'ū' | 'ŭ' => 'u',
        _ => c,
    }
}

const ENGLISH_STOP: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "d",
    "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "here", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "just", "ll", "many", "me", "more", "much", "my", "of", "on",
    "one", "or", "our", "please", "re", "s", "she", "so", "some", "t", "tell", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "us", "ve", "very", "was",
    "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would",
    "you", "your",
];

/// Takes the commonest endings off, by one rule each, and never down to a stump.
fn stem(word: &str) -> String {
    const ENDINGS: &[(&str, &str)] = &[
        ("ies", "y"),
        ("sses", "ss"),
        ("ings", ""),
        ("ing", ""),
        ("edly", ""),
        ("ied", "y"),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("ly", ""),
    ];
    let fits = |(ending, _): &&(&str, &str)| {
        word.strip_suffix(*ending)
            .is_some_and(|stem| stem.len() >= 3 && !(*ending == "s" && stem.ends_with('s')))
    };
    let mut stem = match ENDINGS.iter().find(fits) {
        Some((ending, put)) => format!("{}{put}", &word[..word.len() - ending.len()]),
        None => word.to_owned(),
    };
    // "carved", "carve", "carving" meet without the e; "stopped", "stop" without the double.
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    let bytes = stem.as_bytes();
    let n = bytes.len();
    if n > 3 && n < word.len() && bytes[n - 1] == bytes[n - 2] && !b"sl".contains(&bytes[n - 1]) {
        stem.pop();
    }
    stem
}

const KOREAN_STOP: &[&str] = &[
    "이",
    "그",
    "저",
    "것",
    "거",
    "게",
    "건",
    "이건",
    "그건",
    "저건",
    "이게",
    "그게",
    "저게",
    "뭐",
    "뭔가",
    "뭔가요",
    "뭐예요",
    "무엇",
    "무엇인가요",
    "무슨",
    "어떤",
    "어느",
    "언제",
    "어디",
    "어디에",
    "어디서",
    "어디예요",
    "어디인가요",
    "누가",
    "누구",
    "누구예요",
    "왜",
    "어떻게",
    "얼마나",
    "몇",
    "수",
    "있나요",
    "있어요",
    "있습니까",
    "있는",
    "인가요",
    "건가요",
    "좀",
    "알려",
    "주세요",
    "대해",
    "대한",
    "대해서",
    "정말",
    "진짜",
    "되나요",
    "했나요",
    "하나요",
];

/// Longest first: the first that fits is taken off.
const PARTICLES: &[&str] = &[
    "에서는",
    "으로는",
    "에게서",
    "이라는",
    "으로",
    "에서",
    "에게",
    "에는",
    "까지",
    "부터",
    "처럼",
    "보다",
    "이나",
    "라는",
    "이란",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "로",
    "와",
    "과",
    "도",
    "만",
];

/// Particles that few words end in by themselves: they leave words of one syllable bare.
const SURE_PARTICLES: &[&str] = &["에서는", "에서", "은", "는", "을", "를"];

/// Endings of questions and statements say nothing about the matter.
const ENDINGS: &[&str] = &[
    "이었습니까",
    "었습니까",
    "았습니까",
    "했습니까",
    "입니까",
    "습니까",
    "었나요",
    "았나요",
    "했나요",
    "졌나요",
    "인가요",
    "건가요",
    "나요",
    "가요",
    "이에요",
    "예요",
    "어요",
    "아요",
    "해요",
    "까요",
    "습니다",
    "입니다",
    "합니다",
    "됩니다",
];

fn korean(word: &str) -> Vec<String> {
    if KOREAN_STOP.contains(&word) {
        return Vec::new();
    }
    let bare = |endings: &[&str]| {
        let stem = endings.iter().find_map(|e| word.strip_suffix(e));
        stem.filter(|s| !s.is_empty()).map(str::to_owned)
    };
    let stem = bare(ENDINGS)
        .or_else(|| bare(SURE_PARTICLES))
        .or_else(|| bare(PARTICLES).filter(|s| s.chars().count() >= 2))
        .unwrap_or_else(|| word.to_owned());
    if KOREAN_STOP.contains(&stem.as_str()) {
        return Vec::new();
    }
    let letters: Vec<char> = stem.chars().collect();
    let mut all: Vec<String> = letters
        .windows(2)
        .filter(|pair| pair.iter().all(|c| is_hangul(*c)))
        .map(|pair| pair.iter().collect())
        .collect();
    // A word of two syllables is its own pair.
    if letters.len() != 2 || all.is_empty() {
        all.push(stem);
    }
    all
}

/// The sort of thing that a question seeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sought {
    Anything,
    Date,
    Measure,
    Number,
    Place,
    Person,
}

/// What sort of thing is asked for, by its question words.
pub(crate) fn sought(lang: Lang, question: &str) -> Sought {
    let q = question.to_lowercase();
    let asks: &[(Sought, &[&str])] = match lang {
        Lang::English => ENGLISH_ASKS,
        Lang::Korean => KOREAN_ASKS,
    };
    let found = asks.iter().find(|(_, words)| words.iter().any(|w| q.contains(w)));
    found.map_or(Sought::Anything, |(sort, _)| *sort)
}

/// Question words and what they seek; the first that is found decides.
const ENGLISH_ASKS: &[(Sought, &[&str])] = &[
    (Sought::Date, &["when ", "what year", "which year", "century", "how old"]),
    (
        Sought::Measure,
        &[
            "how tall",
            "how high",
            "how big",
            "how large",
            "how long is",
            "how wide",
            "how heavy",
            "weigh",
            "height",
            "what size",
        ],
    ),
    (Sought::Number, &["how many", "number of"]),
    (Sought::Place, &["where ", "which museum", "which city", "what city", "which country"]),
    (Sought::Person, &["who ", "whose ", "whom "]),
];
const KOREAN_ASKS: &[(Sought, &[&str])] = &[
    (Sought::Date, &["언제", "몇 년", "몇년", "세기", "어느 시대", "연도", "얼마나 오래"]),
    (Sought::Measure, &["높이", "크기", "무게", "길이", "얼마나 크", "얼마나 높", "얼마나 무거"]),
    (Sought::Number, &["몇 ", "개수"]),
    (Sought::Place, &["어디", "어느 도시", "어느 나라", "어느 박물관", "어느 미술관"]),
    (Sought::Person, &["누가", "누구", "어느 화가", "누구의"]),
];

impl Sought {
    /// Whether a sentence holds such a thing.
    pub(crate) fn is_in(self, sentence: &str) -> bool {
        let s = sentence.to_lowercase();
        let digit = s.chars().any(|c| c.is_ascii_digit());
        let any = |words: &[&str]| words.iter().any(|w| s.contains(w));
        match self {
            Sought::Anything => true,
            Sought::Date => {
                let year = s.split(|c: char| !c.is_ascii_digit()).any(|n| (3..=4).contains(&n.len()));
                year || any(&["century", " bc", " ad ", "세기", "년", "기원전"])
            }
            Sought::Measure => {
                digit
                    && any(&[
                        "metre", "meter", " m ", "cm", "ton", "kilo", " kg", "미터", "센티", "톤", "킬로",
                        "그램",
                    ])
            }
            Sought::Place => any(&[
                "museum",
                "gallery",
                "kept in",
                "kept at",
                "stands in",
                "hangs in",
                "found in",
                "found at",
                "found near",
                "박물관",
                "미술관",
                "궁전",
                "에서 발견",
                "근처",
            ]),
            Sought::Person => any(&[
                " by ", "king", "queen", "goddess", "artist", "painter", "sculptor", "화가", "작가", "왕",
                "작품", "그렸", "사람",
            ]),
            Sought::Number => {
                digit
                    || any(&[
                        "two ", "three", "four", "five", "six ", "seven", "eight", "nine", "ten ", "dozen",
                        "hundred", "두 ", "세 ", "네 ", "다섯", "여섯", "일곱", "여덟", "아홉", "열 ",
                    ])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lang: Lang, text: &str, expect: &[&str]) {
        assert_eq!(tokens(lang, text), expect, "{text}");
    }

    #[test]
    fn english_words_meet_their_kin() {
        check(Lang::English, "Who carved the statues?", &["carv", "statu"]);
        check(Lang::English, "a statue, carving it", &["statu", "carv"]);
        check(Lang::English, "Kōryū-ji's glass", &["koryu", "ji", "glass"]);
        check(Lang::English, "it was stopped; stop", &["stop", "stop"]);
    }

    #[test]
    fn korean_words_lose_their_particles() {
        check(Lang::Korean, "탑은 언제", &["탑"]);
        check(Lang::Korean, "반가사유상은", &["반가", "가사", "사유", "유상", "반가사유상"]);
        check(Lang::Korean, "금관에", &["금관"]);
        check(Lang::Korean, "1918년에", &["1918년"]);
    }

    #[test]
    fn questions_seek() {
        let got = |q| sought(Lang::of(q), q);
        assert_eq!(got("When was it made?"), Sought::Date);
        assert_eq!(got("높이가 얼마예요?"), Sought::Measure);
        assert_eq!(got("How many arms?"), Sought::Number);
        assert_eq!(got("Why?"), Sought::Anything);
        assert!(Sought::Date.is_in("Made in 1348.") && !Sought::Date.is_in("Made in 12 days."));
    }
}
