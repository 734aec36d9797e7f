//! Korean matching that does not stumble over particles.
//!
//! Main function: [`korean_match`]. No dictionary: what may follow a match is a
//! closed list of particles (조사) and endings of 이다, chosen by whether the syllable
//! before ends in a consonant (받침). Must not be used for other languages' stems.

use unicode_normalization::UnicodeNormalization;

/// Particles for words whose last syllable ends in a consonant.
const AFTER_CONSONANT: [&str; 14] = [
    "은",
    "이",
    "을",
    "과",
    "으로",
    "으로서",
    "으로써",
    "아",
    "이라",
    "이나",
    "이든",
    "이란",
    "이랑",
    "이며",
];
/// Particles for words whose last syllable ends in a vowel.
const AFTER_VOWEL: [&str; 14] =
    ["는", "가", "를", "와", "로", "로서", "로써", "야", "라", "나", "든", "란", "랑", "며"];
/// Particles for either.
const ALWAYS: [&str; 22] = [
    "의",
    "에",
    "에서",
    "에게",
    "에게서",
    "께",
    "께서",
    "한테",
    "도",
    "만",
    "까지",
    "부터",
    "마다",
    "보다",
    "처럼",
    "같이",
    "조차",
    "마저",
    "밖에",
    "들",
    "쯤",
    "뿐",
];
/// Endings of 이다: after a consonant 이 stays, after a vowel it may go.
const COPULA: [&str; 16] = [
    "다",
    "에요",
    "예요",
    "었다",
    "었습니다",
    "였다",
    "였습니다",
    "었어요",
    "였어요",
    "고",
    "지만",
    "라고",
    "라는",
    "죠",
    "지요",
    "야",
];
/// Most particles in a row (`에서만은`).
const MOST: usize = 3;

/// Whether a text holds a word, whatever particles follow it.
///
/// Both are composed (NFC), lower-cased, and white space within is one blank or none. A
/// match must begin at a word's start and end at a word's end, or before particles that
/// fit the last syllable. `금관은`, `금관이었다` and `금관입니다` hold `금관`; `금관악기` does not.
///
/// ```
/// use acidtest_metrics::text::korean_match;
/// assert!(korean_match("이 유물은 신라의 금관입니다.", "신라 금관"));
/// assert!(!korean_match("금관악기를 연주한다", "금관"));
/// ```
#[must_use]
pub fn korean_match(text: &str, wanted: &str) -> bool {
    let fold = |t: &str| t.nfc().collect::<String>().to_lowercase();
    let (text, wanted) = (fold(text), fold(wanted));
    let words: Vec<&str> = words(&text);
    let wanted: Vec<&str> = self::words(&wanted);
    if wanted.is_empty() {
        return false;
    }
    (0..words.len()).any(|start| begins(&words[start..], &wanted))
        || wanted.len() > 1 && words.iter().any(|w| fits(w, &wanted.concat()))
        || words.windows(2).any(|w| {
            wanted.len() == 1
                && has_hangul(wanted[0])
                && fits(&w.concat(), wanted[0])
                && wanted[0].starts_with(w[0])
        })
}

/// Runs of letters and digits; a point or comma between digits belongs to the number.
fn words(text: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let inside = |i: usize| {
        let digit =
            |at: Option<usize>| at.and_then(|a| chars.get(a)).is_some_and(|(_, c)| c.is_ascii_digit());
        let c = chars[i].1;
        c.is_alphanumeric() || (".,".contains(c) && digit(i.checked_sub(1)) && digit(Some(i + 1)))
    };
    let (mut all, mut start) = (Vec::new(), None);
    for i in 0..chars.len() {
        match (inside(i), start) {
            (true, None) => start = Some(chars[i].0),
            (false, Some(from)) => {
                all.push(&text[from..chars[i].0]);
                start = None;
            }
            _ => {}
        }
    }
    all.extend(start.map(|from| &text[from..]));
    all
}

/// Whether the words begin with the wanted ones, each but for its particles.
fn begins(words: &[&str], wanted: &[&str]) -> bool {
    words.len() >= wanted.len() && wanted.iter().zip(words).all(|(wanted, word)| fits(word, wanted))
}

/// Whether a word is the wanted one with nothing but particles behind it.
fn fits(word: &str, wanted: &str) -> bool {
    let Some(rest) = word.strip_prefix(wanted) else { return false };
    rest.is_empty() || wanted.chars().next_back().is_some_and(|last| are_particles(last, rest, MOST))
}

/// Whether a tail is made of particles that fit the character before it.
fn are_particles(last: char, tail: &str, most: usize) -> bool {
    if tail.is_empty() {
        return true;
    }
    if most == 0 {
        return false;
    }
    if is_copula(last, tail) {
        return true;
    }
    let ends = ending(last);
    let by_ending: Vec<&str> = match ends {
        // ㄹ takes 로, not 으로.
        Ending::Rieul => AFTER_CONSONANT
            .iter()
            .filter(|p| !p.starts_with("으로"))
            .chain(&["로", "로서", "로써"])
            .copied()
            .collect(),
        Ending::Consonant => AFTER_CONSONANT.to_vec(),
        Ending::Vowel => AFTER_VOWEL.to_vec(),
        // Digits and Latin letters are read in more than one way.
        Ending::Unknown => AFTER_CONSONANT.iter().chain(&AFTER_VOWEL).copied().collect(),
    };
    by_ending.iter().chain(&ALWAYS).any(|particle| {
        tail.strip_prefix(particle).is_some_and(|rest| {
            let last = particle.chars().next_back().unwrap_or(last);
            are_particles(last, rest, most - 1)
        })
    })
}

/// `입니다`, `이다`, `이었습니다`, `였다`, `인` …
fn is_copula(last: char, tail: &str) -> bool {
    let plain = [
        "입니다",
        "입니까",
        "인데",
        "인",
        "일까요",
        "임",
        "이에요",
        "이예요",
        "이다",
        "이었다",
        "이었습니다",
        "이죠",
        "이고",
    ];
    if plain.contains(&tail) {
        return true;
    }
    match ending(last) {
        Ending::Vowel => COPULA.contains(&tail),
        Ending::Unknown => {
            COPULA.contains(&tail) || tail.strip_prefix('이').is_some_and(|t| COPULA.contains(&t))
        }
        _ => tail.strip_prefix('이').is_some_and(|t| COPULA.contains(&t)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    Consonant,
    Rieul,
    Unknown,
}

/// How a syllable ends.
fn ending(c: char) -> Ending {
    let code = c as u32;
    if !(0xAC00..=0xD7A3).contains(&code) {
        return Ending::Unknown;
    }
    match (code - 0xAC00) % 28 {
        0 => Ending::Vowel,
        8 => Ending::Rieul,
        _ => Ending::Consonant,
    }
}

fn has_hangul(text: &str) -> bool {
    text.chars().any(|c| ('\u{AC00}'..='\u{D7A3}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_are_ignored() {
        for (text, wanted) in [
            ("신라의 금관은 경주에서 나왔습니다.", "금관"),
            ("금관이 발견되었다", "금관"),
            ("이것은 금관입니다.", "금관"),
            ("왕이 쓰던 금관이었다", "금관"),
            ("경주에서만은 볼 수 있습니다", "경주"),
            ("경주까지 갑니다", "경주"),
            ("석굴암으로 가세요", "석굴암"),
            ("서울로 옮겼다", "서울"),
            ("백자였습니다", "백자"),
            ("청자와 백자를 비교하면", "청자"),
            ("세종대왕께서 만드셨다", "세종대왕"),
            ("높이는 13.5m입니다", "13.5m"),
            ("1434년에 만들었습니다", "1434년"),
            ("반가 사유상이다", "반가사유상"),
            ("반가사유상을 보세요", "반가 사유상"),
            ("신라의 금관이 있다", "신라 금관"),
            ("it was KAIST에서 only", "kaist"),
        ] {
            assert!(korean_match(text, wanted), "{wanted} in {text}");
        }
    }

    #[test]
    fn other_words_are_not_particles() {
        for (text, wanted) in [
            ("금관악기를 연주한다", "금관"),
            ("금관를 보았다", "금관"),
            ("경주마가 달린다", "경주"),
            ("백자은 희다", "백자"),
            ("대한민국", "한민"),
            ("서울으로 간다", "서울"),
            ("1434년대", "1434년"),
            ("은은한 빛", "은빛"),
            ("고려청자", "청자"),
            ("", "금관"),
            ("금관", ""),
            ("11.5 m", "1.5"),
        ] {
            assert!(!korean_match(text, wanted), "{wanted} in {text}");
        }
    }
}
