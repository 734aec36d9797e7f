//! Log-probabilities in the form of a list with an object a token.
//!
//! Main function: [`tokens`]. Responses and Ollama write it beside a text; what it
//! reads may be hostile: wrong types are told, never a panic.

use crate::json::{self, Wrong};
use acidtest_record::TokenLogprob;
use serde_json::Value;

/// The tokens of `logprobs` in that object; none where there is no such list.
pub(crate) fn tokens(holder: &Value) -> Result<Vec<TokenLogprob>, Wrong> {
    let mut out = Vec::new();
    for entry in json::list(holder, "logprobs")? {
        let mut top = Vec::new();
        for other in json::list(entry, "top_logprobs")? {
            if let (Some(token), Some(p)) = (json::text(other, "token")?, json::number(other, "logprob")?) {
                top.push((token.to_owned(), p));
            }
        }
        let token = json::text(entry, "token")?.unwrap_or_default().to_owned();
        out.push(TokenLogprob { token, logprob: json::number(entry, "logprob")?, offset: None, top });
    }
    Ok(out)
}
