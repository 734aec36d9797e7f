//! The older form of log-probabilities (four lists side by side), and vLLM's
//! `prompt_logprobs`.
//!
//! Main functions: [`completion`] and [`prompt`].

use acidtest_record::TokenLogprob;
use serde_json::{Map, Value};

/// Four lists, one entry a token.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) tokens: Option<Vec<String>>,
    pub(crate) token_logprobs: Option<Vec<Option<f64>>>,
    pub(crate) top_logprobs: Option<Vec<Option<Map<String, Value>>>>,
    pub(crate) text_offset: Option<Vec<i64>>,
}

/// The tokens of a completion; lists that are shorter than the tokens leave gaps.
pub(crate) fn completion(lists: Lists) -> Vec<TokenLogprob> {
    let values = lists.token_logprobs.unwrap_or_default();
    let offsets = lists.text_offset.unwrap_or_default();
    let mut top = lists.top_logprobs.unwrap_or_default().into_iter();
    let token = |(i, token): (usize, String)| TokenLogprob {
        token,
        logprob: values.get(i).copied().flatten().filter(|p| p.is_finite()),
        offset: offsets.get(i).and_then(|o| u32::try_from(*o).ok()),
        top: top.next().flatten().unwrap_or_default().into_iter().filter_map(number).collect(),
    };
    lists.tokens.unwrap_or_default().into_iter().enumerate().map(token).collect()
}

fn number((token, p): (String, Value)) -> Option<(String, f64)> {
    Some((token, p.as_f64()?))
}

/// vLLM's list: null for the first token, then by token id what was likely there,
/// the prompt's own token first.
pub(crate) fn prompt(list: Vec<Option<Map<String, Value>>>) -> Vec<TokenLogprob> {
    let entry = |(id, said): (&String, &Value)| {
        let token =
            said.get("decoded_token").and_then(Value::as_str).map_or_else(|| id.clone(), str::to_owned);
        Some((token, said.get("logprob")?.as_f64()?))
    };
    let token = |place: Option<Map<String, Value>>| {
        let top: Vec<(String, f64)> = place.iter().flatten().filter_map(entry).collect();
        let own = top.first().cloned();
        TokenLogprob {
            token: own.as_ref().map(|o| o.0.clone()).unwrap_or_default(),
            logprob: own.map(|o| o.1),
            offset: None,
            top,
        }
    };
    list.into_iter().map(token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_side_by_side() {
        let top = serde_json::from_str(r#"[null,{" b":-0.5,"x":-2,"y":"?"}]"#).unwrap();
        let lists = Lists {
            tokens: Some(vec!["a".into(), " b".into(), "c".into()]),
            token_logprobs: Some(vec![None, Some(-0.5)]),
            top_logprobs: Some(top),
            text_offset: Some(vec![0, 1, -7]),
        };
        let all = completion(lists);
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].logprob, all[0].offset), (None, Some(0)));
        assert_eq!(all[1].top, [(" b".to_owned(), -0.5), ("x".to_owned(), -2.0)]);
        assert_eq!((all[2].logprob, all[2].offset), (None, None));
    }

    #[test]
    fn vllms_prompt_side() {
        let list = serde_json::from_str(
            r#"[null,{"7":{"logprob":-3.5,"rank":9,"decoded_token":" jar"},
                "1":{"logprob":-0.25,"rank":1,"decoded_token":" pot"}},{"4":{"logprob":-1}},{"5":3}]"#,
        )
        .unwrap();
        let all = prompt(list);
        assert_eq!((all[0].token.as_str(), all[0].logprob), ("", None));
        assert_eq!((all[1].token.as_str(), all[1].logprob, all[1].top.len()), (" jar", Some(-3.5), 2));
        assert_eq!((all[2].token.as_str(), all[3].logprob), ("4", None));
    }
}
