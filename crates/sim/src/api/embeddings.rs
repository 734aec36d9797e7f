//! OpenAI's embeddings: a vector that follows from the text alone.
//!
//! Main items: [`parse`] and [`whole`].

use super::{bad, needed};
use crate::openai::{Ask, BadAsk, Head};
use crate::pieces;
use acidtest_schedule::Stream;
use serde::Deserialize;
use serde_json::{Value, json};

const DIMENSIONS: u32 = 8;
const MOST_DIMENSIONS: u32 = 8192;

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    input: Option<Value>,
    dimensions: Option<u32>,
    encoding_format: Option<String>,
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vectors {
    dimensions: u32,
    base64: bool,
}

pub(super) fn parse(body: &[u8]) -> Result<Ask, BadAsk> {
    let asked: Request = serde_json::from_slice(body)
        .map_err(|e| bad(format!("the body is not a request for embeddings: {e}"), None))?;
    let input = match needed(asked.input, "input")? {
        Value::String(text) => text,
        Value::Array(all) if all.len() == 1 && all[0].is_string() => {
            all[0].as_str().unwrap_or_default().to_owned()
        }
        _ => return Err(bad("'input' is not one text: expected a string", Some("input"))),
    };
    let dimensions = asked.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        let text = format!("'dimensions' is {dimensions}: expected 1 to {MOST_DIMENSIONS}");
        return Err(bad(text, Some("dimensions")));
    }
    let base64 = match asked.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return Err(bad("'encoding_format': expected float or base64", Some("encoding_format"))),
    };
    Ok(Ask {
        model: needed(asked.model, "model")?,
        prompt_tokens: pieces::count(&input),
        question: input,
        vectors: Vectors { dimensions, base64 },
        ..Ask::default()
    })
}

/// A whole answer.
pub(super) fn whole(head: &Head<'_>, ask: &Ask) -> Value {
    let seed = ask.question.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut chance = Stream::new(seed, "embedding", 0);
    let raw: Vec<f64> = (0..ask.vectors.dimensions).map(|_| chance.unit() - 0.5).collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-9);
    let vector: Vec<f32> = raw.iter().map(|x| (x / length) as f32).collect();
    let embedding = match ask.vectors.base64 {
        true => Value::from(encode(&vector)),
        false => vector.iter().map(|x| f64::from(*x)).collect(),
    };
    json!({
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": embedding}],
        "model": head.model,
        "usage": {"prompt_tokens": ask.prompt_tokens, "total_tokens": ask.prompt_tokens},
    })
}

/// Base64 of little-endian 32-bit floats.
fn encode(vector: &[f32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}
