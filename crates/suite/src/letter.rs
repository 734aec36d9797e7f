//! The choice letter of a multiple-choice answer.
//!
//! Main function: [`choice`]. It would rather find nothing than guess: the
//! article in "A museum" is not a choice, and of two letters that are both
//! merely mentioned neither is.

use regex::Regex;
use std::sync::LazyLock;

/// What may stand between a cue and its letter.
const GAP: &str = r#"[\s:：=*_`"'“‘(\[（【{$]*(?:\\text\{|\\textbf\{|\\boxed\{)?[\s*(\[]*"#;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is fixed and tested")
}

/// `\boxed{B}`: the answer by convention, wherever it stands.
static BOXED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\\boxed\{\s*(?:\\text(?:bf)?\{)?\s*\(?([A-Za-z])\b"));

/// "Answer: B", "the correct answer is (B)", "정답은 B".
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    let cue = r"(?:\b(?i:answer|correct (?:choice|option)|best (?:choice|option))|정답|답|정답은|답은)";
    let is = r#"[*_`"'”’]*\s*(?:(?i:is|would be|must be|should be)\b|은|는|:|：|=)?(?:\s+(?i:choice|option|letter)\b)?"#;
    pattern(&format!("{cue}{is}{GAP}([A-Za-z])"))
});

/// "B is correct", "B가 정답", "B입니다", "B번".
static JUDGED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b([A-Z])[)\]）】*]*(?:\s+(?i:is|was|must be)\s+(?:(?i:the)\s+)?(?i:correct|right|best|true)\b|[이가은는]?\s*(?:정답|맞)|\s*번?입니다|번)",
    )
});

/// "I choose B", "option B", "선택지 B".
static CHOSEN: LazyLock<Regex> = LazyLock::new(|| {
    let cue = r"(?:\b(?i:choose|pick|select|go with|choice|option|it is|it's|it’s|i'd say|i’d say)|선택지|보기|선택은)";
    pattern(&format!("{cue}{GAP}([A-Z])"))
});

/// "B." or "(B)" or "**B:**" at the beginning of the text.
static LEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[\s*_`(\[（【]*([A-Z])[*_`]*(?:[.)\]）】:：,]|\s*[-–—]\s)"));

/// "(B)" anywhere.
static BRACKETED: LazyLock<Regex> = LazyLock::new(|| pattern(r"[(\[（【]([A-Z])[)\]）】]"));

/// The letter among `letters` that the text chooses.
pub(crate) fn choice(text: &str, letters: &[char]) -> Option<char> {
    let known = |c: char| {
        let c = c.to_ascii_uppercase();
        letters.contains(&c).then_some(c)
    };
    if let Some(c) = lone(text).and_then(known) {
        return Some(c);
    }
    // The last one counts: "The answer is not A … the answer is B".
    for cue in [&*BOXED, &*ANSWER] {
        if let Some(c) = picks(cue, text).into_iter().filter_map(known).next_back() {
            return Some(c);
        }
    }
    for cue in [&*JUDGED, &*CHOSEN] {
        if let Some(c) = only(picks(cue, text).into_iter().filter_map(known)) {
            return Some(c);
        }
    }
    if let Some(c) = picks(&LEADING, text).into_iter().find_map(known) {
        return Some(c);
    }
    if let Some(c) = only(picks(&BRACKETED, text).into_iter().filter_map(known)) {
        return Some(c);
    }
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    [lines().next_back(), lines().next()].into_iter().flatten().find_map(|line| lone(line).and_then(known))
}

/// A text that is one letter and nothing but marks around it.
fn lone(text: &str) -> Option<char> {
    let mut found = None;
    for c in text.chars() {
        if c.is_alphanumeric() {
            if found.is_some() || !c.is_ascii_alphabetic() {
                return None;
            }
            found = Some(c);
        }
    }
    found
}

/// The letters a cue points to, without articles, initials and beginnings of words.
fn picks(cue: &Regex, text: &str) -> Vec<char> {
    cue.captures_iter(text)
        .filter_map(|found| found.get(1))
        .filter(|letter| stands_alone(&text[letter.end()..], letter.as_str()))
        .filter_map(|letter| letter.as_str().chars().next())
        .collect()
}

/// Whether a letter is a choice, by what follows it.
fn stands_alone(after: &str, letter: &str) -> bool {
    let mut following = after.chars();
    match following.next() {
        None => return true,
        Some(c) if c.is_ascii_alphanumeric() || c == '\'' || c == '’' => return false,
        Some('.') => {
            if following.next().is_some_and(char::is_alphanumeric) {
                return false;
            }
        }
        Some(_) => {}
    }
    let article = letter.eq_ignore_ascii_case("a") || letter.eq_ignore_ascii_case("i");
    let lower = letter.chars().all(|c| c.is_ascii_lowercase());
    let Some(next) = after.strip_prefix(' ') else {
        return true;
    };
    let word: String = next.chars().take_while(|c| c.is_alphabetic()).collect();
    // A word after the letter makes "A" an article, unless it explains the choice.
    let explains = ["because", "since", "as", "is", "which", "with", "due", "and", "or"];
    word.is_empty() || !(article || lower) || explains.contains(&word.as_str())
}

/// The one value of all, if they are all the same.
fn only(mut values: impl Iterator<Item = char>) -> Option<char> {
    let first = values.next()?;
    values.all(|c| c == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<char>) {
        assert_eq!(choice(text, &['A', 'B', 'C', 'D']), expect, "{text:?}");
    }

    #[test]
    fn clear_choices_are_found() {
        for (text, letter) in [
            ("B", 'B'),
            ("b", 'B'),
            ("A", 'A'),
            (" (B) ", 'B'),
            ("**B**", 'B'),
            ("B.", 'B'),
            ("Answer: B", 'B'),
            ("answer: (b)", 'B'),
            ("The answer is B.", 'B'),
            ("The correct answer is **(C)**.", 'C'),
            ("The answer is A because it is old.", 'A'),
            ("The answer is not A. The answer is D", 'D'),
            ("**Answer:** C", 'C'),
            ("Final answer: \\boxed{B}", 'B'),
            ("$\\boxed{\\text{D}}$", 'D'),
            ("The correct option is C, since …", 'C'),
            ("정답은 B", 'B'),
            ("정답: B번", 'B'),
            ("정답은 (C)입니다.", 'C'),
            ("답은 D입니다", 'D'),
            ("B가 정답입니다.", 'B'),
            ("B입니다.", 'B'),
            ("B) The pagoda", 'B'),
            ("(A) the bell", 'A'),
            ("A. The bell", 'A'),
            ("**C:** the crown", 'C'),
            ("D - a vase", 'D'),
            ("I would choose C here.", 'C'),
            ("I think it's B.", 'B'),
            ("B is correct.", 'B'),
            ("It must be older, so (C) fits.", 'C'),
            ("The pagoda has ten storeys.\n\nB", 'B'),
            ("Option A is wrong, so the answer is B.", 'B'),
        ] {
            check(text, Some(letter));
        }
    }

    #[test]
    fn an_article_or_a_mention_is_no_choice() {
        for text in [
            "A museum is a place for art.",
            "The answer is a museum.",
            "The answer is A museum in Seoul.",
            "It is a bell.",
            "I like vitamin C.",
            "Both (A) and (B) are possible.",
            "Option A or option B",
            "Because of the A.M. hours",
            "E",
            "The answer is E",
            "The answer is Because",
            "",
            "정답을 모르겠습니다.",
            "Don't choose Apple.",
        ] {
            check(text, None);
        }
    }
}
