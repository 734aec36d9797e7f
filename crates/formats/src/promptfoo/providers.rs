//! `providers:` of a promptfoo configuration.
//!
//! Main function: [`read`]. Providers that speak like OpenAI become targets;
//! keys stay names of environment variables. Programs and code are losses.

use super::Reading;
use crate::error::brief;
use crate::suite::{Draft, distinct};
use crate::tree::Node;
use serde_json::{Map, Value, json};

/// Prefix, address, name of the key's variable.
const LIKE_OPENAI: [(&str, &str, &str); 11] = [
    ("openai:chat:", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    ("openai:", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    ("openrouter:", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    ("groq:", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    ("togetherai:", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    ("mistral:", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    ("deepseek:", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    ("xai:", "https://api.x.ai/v1", "XAI_API_KEY"),
    ("cerebras:", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    ("ollama:chat:", "http://127.0.0.1:11434/v1", ""),
    ("localai:chat:", "http://127.0.0.1:8080/v1", ""),
];
/// Kinds of the first provider that are no chat.
const NOT_CHAT: [&str; 9] = [
    "completion",
    "embedding",
    "image",
    "responses",
    "realtime",
    "assistant",
    "moderation",
    "video",
    "agents",
];
/// Settings that go into the request's body as they are.
const BODY: [&str; 12] = [
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "seed",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "logit_bias",
    "n",
];

/// Reads all providers into the draft's targets.
pub(super) fn read(r: &mut Reading<'_>, root: &Node, draft: &mut Draft) {
    let file = r.input.name.to_owned();
    let mut names = Vec::new();
    if let Some(node) = root.get("providers").or(root.get("targets")) {
        for item in node.items() {
            match one(r, &file, item, &mut names) {
                Ok(target) => draft.targets.push(target),
                Err(why) => r.lost(&file, item.line, why),
            }
        }
    }
    draft.closed = if draft.closed == 0 { 4 } else { draft.closed };
    if draft.targets.is_empty() {
        let line = root.get("providers").map_or(root.line, |n| n.line);
        r.lost(&file, line, "no provider could be carried over: set 'url' and 'model' in suite.yaml");
        draft.targets.push(json!({"name": "target", "url": "http://127.0.0.1:8000/v1", "model": "MODEL"}));
    }
}

fn one(r: &mut Reading<'_>, file: &str, item: &Node, names: &mut Vec<String>) -> Result<Value, String> {
    // `{ "openai:gpt-4o": { config … } }` is the oldest form.
    let old = (item.get("id").is_none()).then(|| item.pairs().first()).flatten();
    let (id, options) = match (item.as_text(), item.get("id").and_then(Node::as_text), old) {
        (Some(id), ..) => (id, None),
        (None, Some(id), _) => (id, Some(item)),
        (None, None, Some((key, value))) => (key.name.as_str(), Some(value)),
        _ => return Err(format!("a provider that is {} is not carried over", item.noun())),
    };
    let label = options.and_then(|o| o.get("label")).and_then(Node::as_text);
    let config = options.and_then(|o| o.get("config"));
    if let Some(options) = options {
        for (key, value) in options.pairs() {
            match key.name.as_str() {
                "id" | "label" | "config" | "delay" => {}
                "transform" | "prompts" | "env" => {
                    r.lost(file, value.line, format!("'{}' of a provider is not carried over", key.name));
                }
                other => r.ignored(
                    file,
                    value.line,
                    format!("'{}' of a provider is not carried over", brief(other)),
                ),
            }
        }
    }
    if id == "echo" {
        let name = distinct(names, label.unwrap_or("echo"));
        return Ok(json!({"name": name, "url": "sim:echo", "model": "echo", "stream": false,
            "price": {"currency": "USD", "input": 0, "output": 0},
            "sim": {"ttft_ms": 0, "gap_ms": 0, "answers": {"echo": true}}}));
    }
    let Some((model, url, key)) = address(id) else {
        return Err(not_ours(id));
    };
    let mut target = Map::new();
    target.insert("name".into(), json!(distinct(names, label.unwrap_or(id))));
    target.insert("url".into(), json!(url));
    target.insert("model".into(), json!(model));
    if !key.is_empty() {
        target.insert("key".into(), json!(key));
    }
    target.insert("stream".into(), json!(false));
    let mut body = Map::new();
    if id.starts_with("openai:") {
        // What promptfoo sends where nothing is said.
        body.insert("temperature".into(), json!(0));
        body.insert("max_tokens".into(), json!(1024));
    }
    if let Some(config) = config {
        settings(r, file, config, &mut target, &mut body);
    }
    target.insert("body".into(), Value::Object(body));
    Ok(Value::Object(target))
}

fn address(id: &str) -> Option<(&str, &'static str, &'static str)> {
    let (prefix, url, key) = LIKE_OPENAI.iter().find(|(prefix, ..)| id.starts_with(prefix))?;
    let model = id.strip_prefix(prefix)?;
    let kind = model.split(':').next().unwrap_or_default();
    let is_chat = *prefix != "openai:" || !NOT_CHAT.contains(&kind);
    (is_chat && !model.is_empty()).then_some((model, *url, *key))
}

fn not_ours(id: &str) -> String {
    let shown = brief(id);
    let code = ["exec:", "python:", "file:", "package:", "golang:", "ruby:", "javascript:"];
    if code.iter().any(|c| id.starts_with(c)) {
        return format!("the provider '{shown}' is a program or code, which is never run");
    }
    format!("the provider '{shown}' is not supported")
}

fn settings(
    r: &mut Reading<'_>,
    file: &str,
    config: &Node,
    target: &mut Map<String, Value>,
    body: &mut Map<String, Value>,
) {
    let price = price(config);
    if let Some(price) = &price {
        target.insert("price".into(), price.clone());
    }
    for (key, value) in config.pairs() {
        match (key.name.as_str(), value.as_text()) {
            ("apiBaseUrl", Some(url))
                if url.starts_with("http") && !url.contains("{{") && !url.contains('@') =>
            {
                target.insert("url".into(), json!(url.trim_end_matches('/')));
            }
            ("apiHost", Some(host)) if !host.contains(['{', '@', '/']) => {
                target.insert("url".into(), json!(format!("https://{host}/v1")));
            }
            ("apiKeyEnvar", Some(name)) => {
                target.insert("key".into(), json!(name));
            }
            ("apiKey", _) => {
                let what =
                    "'apiKey' is a secret and is not copied: put it into the variable that 'key' names";
                r.ignored(file, value.line, what);
            }
            ("max_completion_tokens", _) => {
                body.remove("max_tokens");
                body.insert(key.name.clone(), value.to_json());
            }
            ("cost" | "inputCost" | "outputCost", _) if price.is_some() => {}
            (name, _) if BODY.contains(&name) && !contains_reference(value) => {
                body.insert(key.name.clone(), value.to_json());
            }
            (other, _) => {
                r.lost(file, key.line, format!("config.{} of a provider is not carried over", brief(other)));
            }
        }
    }
    // A foreign file must not lead our key to a stranger unseen.
    let moved = ["apiBaseUrl", "apiHost"].into_iter().find_map(|k| config.get(k));
    if let (Some(node), Some(key)) = (moved, target.get("key").and_then(Value::as_str)) {
        let url = target.get("url").and_then(Value::as_str).unwrap_or_default();
        let what = format!("the value of {} will be sent to {}: is that right?", brief(key), brief(url));
        r.ignored(file, node.line, what);
    }
}

/// Dollars per token, where both directions are given, as a price per million.
fn price(config: &Node) -> Option<Value> {
    let of = |key: &str| config.get(key).or_else(|| config.get("cost")).and_then(Node::as_number);
    let fits = |n: &f64| (0.0..=1.0).contains(n);
    let (input, output) = (of("inputCost").filter(fits)?, of("outputCost").filter(fits)?);
    // To nine digits: a product of floats is not 0.15 but nearly.
    let million = |n: f64| (n * 1e15).round() / 1e9;
    Some(json!({"currency": "USD", "input": million(input), "output": million(output)}))
}

/// Whether some text in it points at a file or is a template.
fn contains_reference(node: &Node) -> bool {
    let text = node.to_json().to_string();
    text.contains("file://") || text.contains("{{")
}
