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
    #[error("the tokens are not those of the text, and the server gave no offsets")]
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
/// texts when they spell the text, else from the server's offsets.
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

/// Where tokens begin by the server's offsets, which count characters.
fn offsets(text: &str, tokens: &[PromptToken<'_>]) -> Option<Vec<Option<usize>>> {
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    places.push(text.len());
    let mut last = 0;
    let begin = |token: &PromptToken<'_>| {
        let offset = token.offset? as usize;
        // Offsets that go back are of another text.
        if offset < last {
            return None;
        }
        last = offset;
        Some(Some(places.get(offset).copied().unwrap_or(text.len())))
    };
    tokens.iter().map(begin).collect()
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
        assert_eq!(continuation("탑 x", 3, &tokens), Err(NoLikelihood::NothingLeft));
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
}
