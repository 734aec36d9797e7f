//! Which output tokens of a streamed answer came to us, and from when on.
//!
//! Main type: [`Answered`], which [`Answered::streamed`] turns into [`Streamed`]. A summary of
//! reasoning is not the reasoning: its tokens are not those that the server counts. Must not
//! guess: where nobody says how many tokens were kept back, there is no number.

use acidtest_metrics::speed::{self, Tokens};

/// What a record says of its output tokens and their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Whether what the protocol shows of reasoning is a summary of it, or none of it.
    pub(crate) is_summary: bool,
    /// Whether there was reasoning beside the answer.
    pub(crate) has_reasoning: bool,
    /// Output tokens, reasoning included, as the server counts.
    pub(crate) output: Option<u32>,
    /// Reasoning tokens among them, as the server counts.
    pub(crate) reasoning: Option<u32>,
    /// Tokens of the first content event, where the server says so.
    pub(crate) first_tokens: Option<u32>,
    /// First content of any kind.
    pub(crate) first: Option<i64>,
    /// First content that is no reasoning: visible text or a tool call.
    pub(crate) first_answer: Option<i64>,
}

/// The output tokens that came as events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streamed {
    /// All of them.
    pub(crate) tokens: u32,
    /// Those in the first event; 1 where the server does not say.
    pub(crate) first_tokens: u32,
    /// When the first of them came.
    pub(crate) start: i64,
    /// Whether every content event carried some of them: none was of a summary.
    pub(crate) is_all: bool,
}

impl Answered {
    /// Time per output token in seconds, of an answer whose last content came then.
    pub(crate) fn tpot(self, last: i64) -> Option<f64> {
        let came = self.streamed()?;
        let tokens = Tokens {
            output: u64::from(came.tokens),
            first_event: u64::from(came.first_tokens),
            unstreamed: Some(0),
        };
        speed::tpot(came.start, last, tokens).map(|ns| ns / 1e9)
    }

    /// Absent where the number of tokens that were kept back is not known.
    pub(crate) fn streamed(self) -> Option<Streamed> {
        let is_summary = self.has_reasoning && self.is_summary;
        let kept_back = match self.has_reasoning {
            true if is_summary => self.reasoning?,
            true => 0,
            false => self.reasoning.unwrap_or(0),
        };
        Some(Streamed {
            tokens: self.output?.checked_sub(kept_back)?,
            first_tokens: self.first_tokens.filter(|_| !is_summary).unwrap_or(1),
            start: if is_summary { self.first_answer? } else { self.first? },
            is_all: !is_summary,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1010 tokens, text from 50 on.
    const PLAIN: Answered = Answered {
        is_summary: true,
        has_reasoning: false,
        output: Some(1010),
        reasoning: None,
        first_tokens: None,
        first: Some(50),
        first_answer: Some(50),
    };

    #[test]
    fn a_summary_is_not_the_reasoning() {
        let summed = Answered { has_reasoning: true, first: Some(10), ..PLAIN };
        assert_eq!(summed.streamed(), None, "nobody says how many tokens were kept back");
        let told = Answered { reasoning: Some(1000), ..summed }.streamed().unwrap();
        assert_eq!((told.tokens, told.first_tokens, told.start, told.is_all), (10, 1, 50, false));
        let streamed = Answered { is_summary: false, ..summed }.streamed().unwrap();
        assert_eq!((streamed.tokens, streamed.start, streamed.is_all), (1010, 10, true));
    }

    #[test]
    fn hidden_reasoning_is_subtracted_and_none_is_nothing() {
        let hidden = Answered { reasoning: Some(1000), ..PLAIN }.streamed().unwrap();
        assert_eq!((hidden.tokens, hidden.start), (10, 50));
        assert_eq!(PLAIN.streamed().unwrap().tokens, 1010);
        assert_eq!(Answered { reasoning: Some(2000), ..PLAIN }.streamed(), None, "counts that contradict");
        assert_eq!(Answered { output: None, ..PLAIN }.streamed(), None);
        let only_thought = Answered { has_reasoning: true, reasoning: Some(9), first_answer: None, ..PLAIN };
        assert_eq!(only_thought.streamed(), None);
    }
}
