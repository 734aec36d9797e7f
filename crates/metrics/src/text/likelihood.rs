//! The log-likelihood of a continuation from log-probabilities of a prompt's tokens.
//!
//! Main function: [`continuation`]. Must not know where the tokens come from.

/// One token of a prompt, as a server echoes it.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptToken<'t> {
    /// Its text.
    pub text: &'t str,
    /// Its log-probability; absent for the first one of a prompt.
    pub logprob: Option<f64>,
    /// Where it begins, as the server says: a number of characters.
    pub offset: Option<u32>,
    /// The most likely tokens at its place.
    pub top: &'t [(String, f64)],
}

/// What the tokens say of a continuation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// Sum of the log-probabilities.
    pub sum: f64,
    /// Tokens in it.
    pub tokens: usize,
    /// Tokens of the continuation for which the server gave no log-probability.
    pub unknown: usize,
    /// Tokens that begin in the context and reach into the continuation. They count as
    /// context, as in lm-evaluation-harness when such a token takes the place of the
    /// context's last one.
    pub straddling: usize,
    /// Whether each token is the most likely one at its place; absent where the server gave none to compare.
    pub greedy: Option<bool>,
}

/// Why there is no log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLikelihood {
    /// The server echoed no tokens.
    #[error("the server gave no log-probabilities of the prompt")]
    NoTokens,
    /// Tokens and text do not fit together.
    #[error(
        "the tokens do not spell the text, and the server gave no offsets that lead to their places in it"
    )]
    NoOffsets,
    /// All tokens begin in the context.
    #[error("no token begins in the continuation")]
    NothingLeft,
    /// A log-probability that is no number of at most 0.
    #[error("a log-probability is not a number of at most 0")]
    Invalid,
}

/// A log-probability above 0 by rounding is still taken.
const ROUNDING: f64 = 1e-6;

/// Where lm-evaluation-harness cuts context and continuation apart: white space at
/// the context's end belongs to the continuation.
#[must_use]
pub fn boundary(context: &str) -> usize {
    context.trim_end_matches(super::is_python_space).len()
}

/// The log-likelihood of `text[from..]`, where `tokens` are those of `text` and of whatever follows.
///
/// A token belongs to the continuation when it begins at or after `from` (in bytes)
/// and before the text's end. Where each token begins follows from the tokens' own
/// texts when they spell the text, else from the server's offsets, when they agree with
/// every token whose text can be read: a wrong sum is worse than none.
///
/// # Errors
/// The tokens do not tell.
pub fn continuation(text: &str, from: usize, tokens: &[PromptToken<'_>]) -> Result<Likelihood, NoLikelihood> {
    if tokens.is_empty() {
        return Err(NoLikelihood::NoTokens);
    }
    let begins = spelled(text, tokens).or_else(|| offsets(text, tokens)).ok_or(NoLikelihood::NoOffsets)?;
    let mut found = Likelihood { sum: 0.0, tokens: 0, unknown: 0, straddling: 0, greedy: Some(true) };
    for (i, (token, begin)) in tokens.iter().zip(&begins).enumerate() {
        let Some(begin) = *begin else { continue };
        let end = begins.get(i + 1).copied().flatten().unwrap_or(text.len());
        if begin < from {
            found.straddling += usize::from(end > from);
            continue;
        }
        if begin >= text.len() {
            break;
        }
        found.tokens += 1;
        match token.logprob {
            None => found.unknown += 1,
            Some(p) if p.is_nan() || p > ROUNDING => return Err(NoLikelihood::Invalid),
            Some(p) => {
                found.sum += p;
                found.greedy = found.greedy.zip(is_top(token, p)).map(|(all, this)| all && this);
            }
        }
    }
    match found.tokens {
        0 => Err(NoLikelihood::NothingLeft),
        n if n == found.unknown => Err(NoLikelihood::NoTokens),
        _ => Ok(found),
    }
}

/// Whether a token is the most likely one at its place; the first one wins a tie.
fn is_top(token: &PromptToken<'_>, logprob: f64) -> Option<bool> {
    let mut best: Option<&(String, f64)> = None;
    for candidate in token.top {
        if best.is_none_or(|b| candidate.1 > b.1) {
            best = Some(candidate);
        }
    }
    best.map(|(text, p)| text == token.text || logprob >= *p)
}

/// Where tokens begin whose texts spell the text; a first token that stands before
/// all text (beginning of text) has no place.
fn spelled(text: &str, tokens: &[PromptToken<'_>]) -> Option<Vec<Option<usize>>> {
    let spell = |skip: usize| {
        let mut at = 0;
        let mut begins = vec![None; skip];
        for token in &tokens[skip..] {
            begins.push(Some(at));
            if at < text.len() {
                let rest = &text[at..];
                // What follows the text was generated.
                if !rest.starts_with(token.text) {
                    return None;
                }
            }
            at += token.text.len();
        }
        (at >= text.len()).then_some(begins)
    };
    spell(0).or_else(|| spell(1))
}

/// Where tokens begin by the server's offsets, which count characters; a first token
/// that stands before all text may be counted or not.
fn offsets(text: &str, tokens: &[PromptToken<'_>]) -> Option<Vec<Option<usize>>> {
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    places.push(text.len());
    let all: Vec<usize> = tokens.iter().map(|t| t.offset.map(|o| o as usize)).collect::<Option<_>>()?;
    let first = tokens.first()?.text;
    let front = (!first.contains(BROKEN)).then(|| first.chars().count());
    let after = |skip: usize, shift: usize| {
        let own: Vec<usize> = all[skip..].iter().map(|o| o.checked_sub(shift)).collect::<Option<_>>()?;
        aligned(text, &places, &tokens[skip..], &own)
            .map(|begins| std::iter::repeat_n(None, skip).chain(begins.into_iter().map(Some)).collect())
    };
    after(0, 0).or_else(|| front.and_then(|n| after(1, 0).or_else(|| after(1, n))))
}

/// What stands for bytes that are no whole character.
const BROKEN: char = '\u{fffd}';

/// Where tokens begin, if their offsets lead from the text's begin to its end and every
/// token with a text of its own stands where its offset says, at most without the blank in front.
///
/// A part of a character shows no text to compare. Servers that add up the lengths of
/// texts count a character once for each of its parts; true offsets do not: the first
/// part is followed by less than it shows.
fn aligned(
    text: &str,
    places: &[usize],
    tokens: &[PromptToken<'_>],
    offsets: &[usize],
) -> Option<Vec<usize>> {
    let end = places.len() - 1;
    if *offsets.first()? != 0 || !offsets.is_sorted() {
        return None;
    }
    let mut in_parts = false;
    let mut begins = Vec::with_capacity(tokens.len());
    for (i, (token, from)) in tokens.iter().zip(offsets).enumerate() {
        begins.push(places.get(*from).copied().unwrap_or(text.len()));
        if *from >= end {
            // What follows the text was generated.
            continue;
        }
        let to = offsets.get(i + 1).copied().unwrap_or(end);
        let piece = &text[places[*from]..*places.get(to)?];
        let is_broken = token.text.contains(BROKEN);
        let fits = match is_broken {
            true => in_parts || to - from < token.text.chars().count(),
            false => piece == token.text || piece.strip_prefix(' ') == Some(token.text),
        };
        if !fits {
            return None;
        }
        in_parts = is_broken || (in_parts && token.text.is_empty());
    }
    Some(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens<'t>(list: &[(&'t str, Option<f64>)], top: &'t [(String, f64)]) -> Vec<PromptToken<'t>> {
        list.iter()
            .map(|(text, logprob)| PromptToken { text, logprob: *logprob, offset: None, top })
            .collect()
    }

    fn sum(text: &str, from: usize, list: &[(&str, Option<f64>)]) -> Result<(f64, usize), NoLikelihood> {
        continuation(text, from, &tokens(list, &[])).map(|l| (l.sum, l.straddling))
    }

    #[test]
    fn tokens_from_the_boundary_on_are_summed() {
        let list = [("Q", None), (":", Some(-1.0)), (" a", Some(-2.0)), ("b", Some(-0.5)), ("!", Some(-9.0))];
        assert_eq!(sum("Q: ab", 2, &list), Ok((-2.5, 0)), "what was generated does not count");
        assert_eq!(sum("Q: ab", 3, &list), Ok((-0.5, 1)), "a token across the boundary is context");
        assert_eq!(sum("Q: ab", 4, &list), Ok((-0.5, 0)));
        assert_eq!(sum("Q: ab", 5, &list), Err(NoLikelihood::NothingLeft));
        assert_eq!(sum("Q: ab", 0, &list), Ok((-3.5, 0)));
        assert_eq!(sum("Q: ab", 0, &[]), Err(NoLikelihood::NoTokens));
        assert_eq!(sum("other", 0, &list), Err(NoLikelihood::NoOffsets));
        assert_eq!(sum("ab", 1, &[("a", None), ("b", Some(f64::NAN))]), Err(NoLikelihood::Invalid));
        assert_eq!(sum("ab", 1, &[("a", None), ("b", Some(0.5))]), Err(NoLikelihood::Invalid));
        assert_eq!(sum("ab", 0, &[("ab", None)]), Err(NoLikelihood::NoTokens));
        let infinite = sum("ab", 1, &[("a", None), ("b", Some(f64::NEG_INFINITY))]);
        assert_eq!(infinite, Ok((f64::NEG_INFINITY, 0)), "impossible is a log-likelihood too");
    }

    #[test]
    fn a_beginning_of_text_token_has_no_place() {
        let list = [("<s>", None), ("탑", Some(-1.0)), ("은", Some(-2.0))];
        assert_eq!(sum("탑은", 3, &list), Ok((-2.0, 0)));
        assert_eq!(sum("탑은", 0, &list), Ok((-3.0, 0)));
    }

    #[test]
    fn offsets_serve_where_tokens_are_broken_characters() {
        let list = [("\u{fffd}", None), ("\u{fffd}", Some(-1.0)), (" x", Some(-2.0))];
        let mut tokens = tokens(&list, &[]);
        assert_eq!(continuation("탑 x", 3, &tokens), Err(NoLikelihood::NoOffsets));
        for (token, offset) in tokens.iter_mut().zip([0, 0, 1]) {
            token.offset = Some(offset);
        }
        assert_eq!(continuation("탑 x", 3, &tokens).unwrap().sum, -2.0);
        assert_eq!(continuation("탑 x", 0, &tokens).unwrap().tokens, 3);
        tokens[2].offset = Some(u32::MAX);
        assert_eq!(continuation("탑 x", 3, &tokens), Err(NoLikelihood::NoOffsets));
        tokens[1].offset = Some(3);
        tokens[2].offset = Some(1);
        assert_eq!(continuation("탑 x", 3, &tokens), Err(NoLikelihood::NoOffsets));
    }

    #[test]
    fn greedy_needs_every_token_to_be_the_likeliest() {
        let top = [("b".to_owned(), -0.5), ("c".to_owned(), -0.7)];
        let greedy =
            |list: &[(&str, Option<f64>)]| continuation("abb", 1, &tokens(list, &top)).unwrap().greedy;
        assert_eq!(greedy(&[("a", None), ("b", Some(-0.5)), ("b", Some(-0.5))]), Some(true));
        let top = [("c".to_owned(), -0.1), ("b".to_owned(), -0.5)];
        let l = continuation("ab", 1, &tokens(&[("a", None), ("b", Some(-0.5))], &top)).unwrap();
        assert_eq!(l.greedy, Some(false));
        let l = continuation("ab", 1, &tokens(&[("a", None), ("b", Some(-0.5))], &[])).unwrap();
        assert_eq!(l.greedy, None, "nothing to compare with");
    }

    #[test]
    fn blanks_at_the_end_of_a_context_belong_to_the_continuation() {
        assert_eq!((boundary("Q: "), boundary("Q:"), boundary("  "), boundary("탑\n")), (2, 2, 0, 3));
    }

    /// The sum by offsets: text, where it is scored from, tokens with their offsets.
    fn by_offset(text: &str, from: usize, list: &[(&str, u32)]) -> Result<f64, NoLikelihood> {
        let tokens: Vec<PromptToken<'_>> = list
            .iter()
            .map(|(text, offset)| PromptToken { text, logprob: Some(-1.0), offset: Some(*offset), top: &[] })
            .collect();
        continuation(text, from, &tokens).map(|l| l.sum)
    }

    /// Offsets as some servers make them: the lengths of the tokens' texts, added up.
    fn added_up(list: &[&'static str]) -> Vec<(&'static str, u32)> {
        let mut at = 0;
        let mut add = |text: &&'static str| {
            let offset = at;
            at += text.chars().count() as u32;
            (*text, offset)
        };
        list.iter().map(&mut add).collect()
    }

    #[test]
    fn offsets_that_lead_elsewhere_say_nothing() {
        const PART: &str = "\u{fffd}";
        let lost = Err(NoLikelihood::NoOffsets);
        // Lengths of texts added up where tokens lost their blanks.
        let words = ["<s>", "What", "is", "it", "?", "four", "yes"];
        assert_eq!(by_offset("What is it? four yes", 11, &added_up(&words)), lost);
        assert_eq!(by_offset("What is it? four yes", 11, &added_up(&words[1..])), lost);
        // … and where each part of a character counts as one.
        let parts = ["<s>", "Q:", PART, PART, PART, " one"];
        assert_eq!(by_offset("Q:탑 one", 5, &added_up(&parts)), lost);
        // The same at the text's end, where nothing that can be read follows.
        for n in [2, 3, 4, 5, 6, 7] {
            let mut parts = vec!["Q:"];
            parts.extend(std::iter::repeat_n(PART, n));
            assert_eq!(by_offset("Q:탑은", 2, &added_up(&parts)), lost, "{n}");
            assert_eq!(by_offset("Q:탑은", 5, &added_up(&parts)), lost, "{n}");
        }
        assert_eq!(by_offset("Q:탑", 2, &[("Q:", 0), ("", 2)]), lost, "hidden text");
        assert_eq!(by_offset("ab", 1, &[("x", 0), ("y", 1)]), lost);
        assert_eq!(by_offset("ab탑", 1, &[("a", 1), ("b", 2), (PART, 2)]), lost, "does not begin at 0");
    }

    #[test]
    fn true_offsets_serve_whatever_the_texts_lost() {
        const PART: &str = "\u{fffd}";
        // A blank in front of a token is not shown.
        let words = [("What", 0), ("is", 4), ("it", 7), ("?", 10), ("four", 11), ("yes", 16)];
        assert_eq!(by_offset("What is it? four yes", 11, &words), Ok(-2.0));
        assert_eq!(by_offset("What is it? four no!", 11, &words), Err(NoLikelihood::NoOffsets));
        // A token before all text is counted in the offsets, or it is not.
        let parts = |front: u32| {
            [("<s>", 0), ("Q:", front), (PART, front + 2), (PART, front + 2), (" one", front + 3)]
        };
        assert_eq!(by_offset("Q:탑 one", 5, &parts(3)), Ok(-1.0));
        assert_eq!(by_offset("Q:탑 one", 5, &parts(0)), Ok(-1.0));
        assert_eq!(by_offset("Q:탑 one", 2, &parts(3)), Ok(-3.0));
        assert_eq!(by_offset("Q:탑 one", 5, &parts(2)), Err(NoLikelihood::NoOffsets));
        // What was generated is not the text's.
        let more = [("a", 0), (PART, 1), (PART, 1), (PART, 2)];
        assert_eq!(by_offset("a탑", 1, &more), Ok(-2.0));
    }
}
