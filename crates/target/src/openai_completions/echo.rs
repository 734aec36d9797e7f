//! The prompt's echo in front of a completion (`echo: true`).
//!
//! Main type: [`Echo`], what the request says of it. The prompt is no answer: its
//! text is taken off the completion's, and its log-probabilities are kept apart.

use acidtest_record::{TokenLogprob, Usage};
use serde::Deserialize;

/// The echo that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Echo {
    prompt: String,
    /// Bytes of the prompt that came already.
    seen: usize,
    /// Whether the text stopped being the prompt before its end.
    lost: bool,
    /// Whether nothing but the echo was asked for.
    alone: bool,
}

#[derive(Deserialize)]
struct Asked {
    prompt: String,
    #[serde(default)]
    echo: bool,
    max_tokens: Option<u64>,
}

impl Echo {
    /// The echo that a request's body asks for, if it does.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let asked: Asked = serde_json::from_slice(body).ok()?;
        let alone = asked.max_tokens == Some(0);
        asked.echo.then_some(Self { prompt: asked.prompt, seen: 0, lost: false, alone })
    }

    /// What is left of a piece of text without the echo.
    pub(crate) fn strip(&mut self, mut text: String) -> String {
        let rest = &self.prompt.as_bytes()[self.seen..];
        if self.lost || rest.is_empty() {
            return text;
        }
        let len = rest.len().min(text.len());
        if rest[..len] != text.as_bytes()[..len] {
            self.lost = true;
            return text;
        }
        self.seen += len;
        // A whole text's beginning that equals a text's bytes ends between characters.
        text.split_off(len)
    }

    /// How many of the tokens are the prompt's: by the server's counts where they
    /// add up, else by the offsets, else by the count of prompt tokens.
    pub(crate) fn boundary(&self, tokens: &[TokenLogprob], usage: &Usage) -> usize {
        if self.alone {
            return tokens.len();
        }
        let prompt = usage.input.map(|n| n as usize);
        let own = usage.output.map(|n| n as usize);
        if let (Some(prompt), Some(own)) = (prompt, own)
            && prompt.checked_add(own) == Some(tokens.len())
        {
            return prompt;
        }
        let chars = self.prompt.chars().count();
        if tokens.iter().all(|t| t.offset.is_some()) {
            let of_prompt = |t: &&TokenLogprob| t.offset.is_some_and(|o| (o as usize) < chars);
            return tokens.iter().take_while(of_prompt).count();
        }
        prompt.unwrap_or(0).min(tokens.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_is_taken_off_wherever_it_is_cut() {
        let body = r#"{"model":"m","prompt":"한 jar","echo":true}"#;
        let pieces: [&[&str]; 4] =
            [&["한 jar is"], &["한", " j", "ar is"], &["한 jar", " is"], &["한 jar", "", " is"]];
        for parts in pieces {
            let mut echo = Echo::of(body.as_bytes()).unwrap();
            let text: String = parts.iter().map(|p| echo.strip((*p).to_owned())).collect();
            assert_eq!(text, " is", "{parts:?}");
        }
        let mut other = Echo::of(body.as_bytes()).unwrap();
        assert_eq!(other.strip("핝 jar".into()), "핝 jar", "a server that does not echo");
        assert_eq!(Echo::of(br#"{"prompt":"a"}"#), None);
        assert_eq!(Echo::of(b"[1"), None);
    }

    #[test]
    fn the_boundary_by_counts_offsets_or_the_prompt_alone() {
        let tokens = |offsets: &[Option<u32>]| -> Vec<TokenLogprob> {
            let one = |o: &Option<u32>| TokenLogprob {
                token: "x".into(),
                logprob: None,
                offset: *o,
                top: Vec::new(),
            };
            offsets.iter().map(one).collect()
        };
        let usage = |input, output| Usage { input, output, ..Usage::default() };
        let echo = Echo::of(br#"{"prompt":"ab cd","echo":true,"max_tokens":3}"#).unwrap();
        let given = tokens(&[Some(0), Some(2), Some(5), Some(7)]);
        assert_eq!(echo.boundary(&given, &usage(Some(1), Some(3))), 1, "counts that add up");
        assert_eq!(echo.boundary(&given, &usage(Some(9), Some(3))), 2, "offsets");
        assert_eq!(echo.boundary(&given, &usage(None, None)), 2, "offsets");
        assert_eq!(echo.boundary(&tokens(&[None; 4]), &usage(Some(3), None)), 3, "the prompt's count");
        assert_eq!(echo.boundary(&tokens(&[None; 4]), &usage(Some(9), None)), 4);
        let alone = Echo::of(br#"{"prompt":"ab cd","echo":true,"max_tokens":0}"#).unwrap();
        assert_eq!(alone.boundary(&given, &usage(Some(3), Some(1))), 4, "nothing but the echo");
    }
}
