//! Secrets: where they come from and how they are kept out of records.
//!
//! Main types: [`Secrets`] resolves names that the plan holds, [`Mask`] strikes
//! the values out of whatever is kept. Must not read the environment itself.

use memchr::memmem;
use std::fmt;
use std::sync::Arc;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Resolves names of secrets, usually of environment variables.
#[derive(Clone)]
pub struct Secrets(Arc<Lookup>);

impl Secrets {
    /// Secrets by a function from name to value.
    pub fn from_fn(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// No secret is known.
    #[must_use]
    pub fn none() -> Self {
        Self::from_fn(|_| None)
    }

    /// The value of a name, white space around it removed; none if empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.0)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// Shortest value that is struck out. Shorter ones (`none`, `EMPTY`) are
/// placeholders, and striking them out would falsify answers.
const MIN_SECRET: usize = 8;
const STARS: &str = "***";

/// Strikes known secret values out of texts. Cheap to clone.
#[derive(Clone, Default)]
pub struct Mask(Arc<[String]>);

impl Mask {
    /// A mask for these values; those shorter than 8 bytes are taken for placeholders and left alone.
    #[must_use]
    pub fn new(secrets: &[String]) -> Self {
        let mut forms: Vec<String> = Vec::new();
        for secret in secrets.iter().filter(|s| s.len() >= MIN_SECRET) {
            forms.push(secret.clone());
            // The same value inside of JSON text.
            let json = serde_json::to_string(secret).expect("a string always serialises");
            forms.push(json[1..json.len() - 1].to_owned());
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        forms.dedup();
        Self(forms.into())
    }

    /// The mask with more values.
    pub(crate) fn and(&self, secrets: &[String]) -> Self {
        let all: Vec<String> = self.0.iter().cloned().chain(secrets.iter().cloned()).collect();
        Self::new(&all)
    }

    /// Length of the longest form that is looked for.
    pub(crate) fn longest(&self) -> usize {
        self.0.first().map_or(0, String::len)
    }

    /// Whether a text holds a secret.
    pub(crate) fn hits(&self, text: &str) -> bool {
        self.0.iter().any(|s| text.contains(s.as_str()))
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        if !self.hits(&text) {
            return text;
        }
        self.0.iter().fold(text, |t, secret| t.replace(secret.as_str(), STARS))
    }

    /// The bytes without secrets.
    #[must_use]
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.iter().fold(bytes, |b, secret| strike(b, secret))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} values)", self.0.len())
    }
}

fn strike(bytes: Vec<u8>, secret: &str) -> Vec<u8> {
    if memmem::find(&bytes, secret.as_bytes()).is_none() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memmem::find_iter(&bytes, secret.as_bytes()) {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(STARS.as_bytes());
        from = at + secret.len();
    }
    out.extend_from_slice(&bytes[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_struck_out_in_every_form() {
        let mask = Mask::new(&["sk-\"quoted\"-1".into(), "EMPTY".into()]);
        for (text, want) in [
            ("key sk-\"quoted\"-1 end", "key *** end"),
            (r#"{"k":"sk-\"quoted\"-1"}"#, r#"{"k":"***"}"#),
            ("EMPTY is a placeholder", "EMPTY is a placeholder"),
        ] {
            assert_eq!(mask.text(text.to_owned()), want);
            assert_eq!(mask.bytes(text.as_bytes().to_vec()), want.as_bytes());
        }
    }

    #[test]
    fn values_are_trimmed_and_never_shown() {
        let secrets = Secrets::from_fn(|n| (n == "KEY").then(|| " abc\n".to_owned()));
        assert_eq!(secrets.get("KEY").as_deref(), Some("abc"));
        assert_eq!(secrets.get("OTHER"), None);
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
    }
}
