//! Request bodies: what all protocols do alike when they write one.
//!
//! Main functions: [`params`], [`finish`] and [`prompt_text`]. Must not know a
//! vendor's names beyond what it is told.

use crate::protocol;
use crate::seam::BuildError;
use acidtest_record::{Ask, Message};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The parameters of a question, none of which acidtest decides itself.
pub(crate) fn params(ask: &Ask, reserved: &[&str]) -> Result<Map<String, Value>, BuildError> {
    let reserved = reserved.iter().chain(&["model"]);
    if let Some(field) = reserved.into_iter().find(|f| ask.params.contains_key(**f)) {
        return Err(BuildError::Reserved((*field).to_owned()));
    }
    Ok(ask.params.clone())
}

/// The body with the target's own fields, which win (`null` removes a field).
pub(crate) fn finish(mut map: Map<String, Value>, extra: &Map<String, Value>) -> Result<Bytes, BuildError> {
    for (field, value) in extra {
        match value {
            Value::Null => drop(map.shift_remove(field)),
            _ => drop(map.insert(field.clone(), value.clone())),
        }
    }
    let bytes = serde_json::to_vec(&map).expect("a JSON object always serialises");
    protocol::bounded(bytes)
}

/// The messages of a question; raw text is one user message.
pub(crate) fn messages(ask: &Ask) -> Result<Vec<Message>, BuildError> {
    match (&ask.prompt, ask.messages.as_slice()) {
        (Some(text), []) => Ok(vec![Message { role: "user".into(), content: text.clone() }]),
        (None, []) => Err(BuildError::NoMessages),
        (_, messages) => Ok(messages.to_vec()),
    }
}

/// The raw text of a question: its own, else the contents of its messages in
/// order with a blank line between them, roles left out.
pub(crate) fn prompt_text(ask: &Ask) -> Result<String, BuildError> {
    match (&ask.prompt, ask.messages.as_slice()) {
        (Some(text), _) => Ok(text.clone()),
        (None, []) => Err(BuildError::NoMessages),
        (None, messages) => {
            let texts: Vec<&str> = messages.iter().map(|m| m.content.as_str()).collect();
            Ok(texts.join("\n\n"))
        }
    }
}

/// Messages as most protocols write them.
pub(crate) fn chat(messages: &[Message]) -> Value {
    messages.iter().map(|m| json!({"role": m.role, "content": m.content})).collect()
}

/// Takes the first of those parameters that is set; the others are dropped.
pub(crate) fn take(params: &mut Map<String, Value>, names: &[&str]) -> Option<Value> {
    let mut found = None;
    for name in names {
        let value = params.shift_remove(*name);
        found = found.or(value);
    }
    found
}

/// A tool in OpenAI's form as (name, the function's object); other forms are left as they are.
pub(crate) fn function(tool: &Value) -> Option<&Map<String, Value>> {
    (tool.get("type")?.as_str()? == "function").then(|| tool.get("function")?.as_object())?
}
