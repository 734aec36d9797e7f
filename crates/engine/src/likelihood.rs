//! Opinions on log-likelihoods: the sum, whether it is greedy, and which choice is right.
//!
//! Main type: [`Tally`], which holds the steps of slots that are still going on.
//! Its arithmetic comes from `metrics`. Must not send anything.

use crate::score::{Scored as Said, verdict};
use crate::steps::{Asked, Choice, Scored, Seen};
use acidtest_metrics::text::{NoLikelihood, PromptToken, continuation, is_python_space};
use acidtest_record::{
    Answer, CORRECT, IS_GREEDY, Key, LOGLIKELIHOOD, LogprobSide, OutcomeClass, SCORED_BYTES, SCORED_TOKENS,
    SCORED_WORDS, Status, Value, Verdict,
};
use std::collections::HashMap;

/// What was found of slots whose last step is still to come.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    slots: HashMap<u32, Pending>,
}

/// What is known of a slot so far.
#[derive(Debug, Default)]
struct Pending {
    steps: Vec<Option<Seen>>,
    /// Why the first step without a log-likelihood has none.
    why: Option<String>,
}

/// What to do about a text whose first token has no log-probability.
const PREFIX: &str = "a server gives none for the first token of all: put text in front with \
    'likelihood: { prefix: … }'";

impl Tally {
    /// Opinions on one attempt of a step; with the last step of a slot, on the slot too.
    /// `is_over`: no other attempt of this step will follow.
    pub(crate) fn opinions(
        &mut self,
        key: Key,
        class: OutcomeClass,
        answer: &Answer,
        asked: &Asked,
        is_over: bool,
        at_unix_ns: i64,
    ) -> Vec<Verdict> {
        let mut out = Vec::new();
        let mut seen = None;
        let mut lost = None;
        if let Some(scored) = asked.scored.as_ref().filter(|_| class.delivered()) {
            let found = of_answer(answer, scored).map_err(|why| why.to_string());
            let found = found.and_then(|l| whole(l, asked.choice.is_some()));
            lost = found.as_ref().err().cloned();
            seen = found.as_ref().ok().map(|l| Seen { sum: l.sum, greedy: l.greedy });
            out.push(verdict(key, at_unix_ns, LOGLIKELIHOOD, None, &sum_words(&found)));
            // What is asked for without a choice is a document: its size makes a perplexity.
            if let (Ok(found), None) = (&found, &asked.choice) {
                out.extend(sizes(key, at_unix_ns, scored, found, asked.step == 0));
            }
            if let Some(greedy) = seen.and_then(|s| s.greedy) {
                out.push(verdict(key, at_unix_ns, IS_GREEDY, None, &yes(greedy, None)));
            }
        }
        let (Some(choice), true) = (&asked.choice, is_over) else {
            return out;
        };
        let fresh = || Pending { steps: choice.before.clone(), why: None };
        let Pending { steps, why } = self.slots.entry(key.slot).or_insert_with(fresh);
        let at = usize::from(asked.step);
        if steps.len() <= at {
            steps.resize(at + 1, None);
        }
        steps[at] = seen;
        *why = why.take().or(lost);
        if asked.last {
            let slot = self.slots.remove(&key.slot).unwrap_or_default();
            let said = judged(choice, &slot.steps, slot.why.as_deref());
            out.extend(said.map(|said| verdict(key, at_unix_ns, CORRECT, None, &said)));
        }
        out
    }
}

/// How much of a document was scored. Bytes and words only where every token of the part has a
/// log-probability and none begins in the text before it: else the sum is of less text than they are.
fn sizes(
    key: Key,
    at_unix_ns: i64,
    scored: &Scored,
    found: &acidtest_metrics::text::Likelihood,
    is_first: bool,
) -> Vec<Verdict> {
    let number = |n: usize| Said {
        status: Status::Scored,
        value: Some(Value::Number(n as f64)),
        pass: None,
        why: None,
    };
    let of = |name, n| verdict(key, at_unix_ns, name, None, &number(n));
    let mut out = vec![of(SCORED_TOKENS, found.tokens.saturating_sub(found.unknown))];
    if found.unknown == 0 && found.straddling == 0 {
        out.push(of(SCORED_WORDS, words(&scored.text, scored.from) + usize::from(is_first)));
        out.push(of(SCORED_BYTES, scored.text.len().saturating_sub(scored.from)));
    }
    out
}

/// Runs of white space that begin in a text from that byte on.
fn words(text: &str, from: usize) -> usize {
    let mut is_space = text.get(..from).and_then(|t| t.chars().next_back()).is_some_and(is_python_space);
    let mut runs = 0;
    for c in text.get(from..).unwrap_or_default().chars() {
        let before = std::mem::replace(&mut is_space, is_python_space(c));
        runs += usize::from(is_space && !before);
    }
    runs
}

/// The log-likelihood of a text's end from an answer's log-probabilities.
fn of_answer(answer: &Answer, scored: &Scored) -> Result<acidtest_metrics::text::Likelihood, NoLikelihood> {
    let tokens = |side| -> Vec<PromptToken<'_>> {
        let all = answer.logprobs(side);
        all.map(|t| PromptToken { text: &t.token, logprob: t.logprob, offset: t.offset, top: &t.top })
            .collect()
    };
    // Some servers do not say which tokens are the prompt's; their texts do.
    let mut found = tokens(LogprobSide::Prompt);
    if found.is_empty() {
        found = tokens(LogprobSide::Completion);
    }
    continuation(&scored.text, scored.from, &found)
}

/// A log-likelihood as it is; that of a choice only where every token of it is known.
fn whole(
    found: acidtest_metrics::text::Likelihood,
    is_choice: bool,
) -> Result<acidtest_metrics::text::Likelihood, String> {
    match found.unknown {
        n if n > 0 && is_choice => {
            Err(format!("{n} of {} tokens without a log-probability; {PREFIX}", found.tokens))
        }
        _ => Ok(found),
    }
}

fn yes(is: bool, why: Option<String>) -> Said {
    Said { status: Status::Scored, value: Some(Value::Bool(is)), pass: None, why }
}

fn sum_words(found: &Result<acidtest_metrics::text::Likelihood, String>) -> Said {
    match found {
        Err(why) => Said { status: Status::Unparsable, value: None, pass: None, why: Some(why.clone()) },
        Ok(l) => {
            let mut why = format!("sum over {} tokens", l.tokens);
            if l.unknown > 0 {
                why.push_str(&format!("; {} without a log-probability left out", l.unknown));
            }
            if l.straddling > 0 {
                why.push_str("; the token across the boundary counts as context");
            }
            Said { status: Status::Scored, value: Some(Value::Number(l.sum)), pass: None, why: Some(why) }
        }
    }
}

/// Whether a slot is right: the likeliest choice (the first one of equals) is a right
/// one, or greedy decoding gives an expected answer.
fn judged(choice: &Choice, steps: &[Option<Seen>], lost: Option<&str>) -> Option<Said> {
    if choice.right.is_empty() {
        return None;
    }
    if let Some(missing) = steps.iter().position(Option::is_none) {
        let mut why = format!("continuation {} has no log-likelihood", missing + 1);
        if let Some(lost) = lost {
            why.push_str(&format!(": {lost}"));
        }
        return Some(Said { status: Status::Failed, value: None, pass: None, why: Some(why) });
    }
    let seen: Vec<Seen> = steps.iter().flatten().copied().collect();
    if !choice.is_choice {
        let known = seen.iter().all(|s| s.greedy.is_some());
        let greedy = seen.iter().any(|s| s.greedy == Some(true));
        return (known || greedy)
            .then(|| yes(greedy, (!greedy).then(|| "greedy decoding gives another text".to_owned())));
    }
    let mut best = 0;
    for (i, s) in seen.iter().enumerate() {
        if s.sum > seen[best].sum {
            best = i;
        }
    }
    let right = choice.right.contains(&best);
    Some(yes(right, (!right).then(|| format!("choice {} is the likeliest", best + 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_the_answer() {
        let of = |right: &[usize], sums: &[f64]| {
            let choice = Choice { right: right.to_vec(), is_choice: true, before: Vec::new() };
            let steps: Vec<_> = sums.iter().map(|s| Some(Seen { sum: *s, greedy: None })).collect();
            judged(&choice, &steps, None).and_then(|s| s.value)
        };
        assert_eq!(of(&[0], &[-1.0, -1.0]), Some(Value::Bool(true)));
        assert_eq!(of(&[1], &[-1.0, -1.0]), Some(Value::Bool(false)));
        assert_eq!(of(&[2], &[-3.0, -2.0, -1.0]), Some(Value::Bool(true)));
        assert_eq!(of(&[0], &[f64::NEG_INFINITY, f64::NEG_INFINITY]), Some(Value::Bool(true)));
        assert_eq!(of(&[], &[-1.0]), None);
        let choice = Choice { right: vec![0], is_choice: true, before: Vec::new() };
        let missing = judged(&choice, &[Some(Seen { sum: -1.0, greedy: None }), None], None).unwrap();
        assert_eq!(missing.status, Status::Failed);
    }

    #[test]
    fn words_of_parts_add_up_to_those_of_the_document() {
        let document = "one two\n\n three  four ";
        let whole = acidtest_metrics::text::word_split_count(document);
        for cut in (1..document.len()).filter(|i| document.is_char_boundary(*i)) {
            let parts = words(&document[..cut], 0) + 1 + words(document, cut);
            assert_eq!(parts, whole as usize, "cut at {cut}");
        }
    }

    #[test]
    fn without_choices_greedy_decoding_decides() {
        let of = |greedy: &[Option<bool>]| {
            let choice = Choice { right: vec![0], is_choice: false, before: Vec::new() };
            let steps: Vec<_> = greedy.iter().map(|g| Some(Seen { sum: -1.0, greedy: *g })).collect();
            judged(&choice, &steps, None).and_then(|s| s.value)
        };
        assert_eq!(of(&[Some(false), Some(true)]), Some(Value::Bool(true)));
        assert_eq!(of(&[Some(false)]), Some(Value::Bool(false)));
        assert_eq!(of(&[Some(false), None]), None);
    }
}
