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
        let long = secrets.iter().filter(|s| s.len() >= MIN_SECRET);
        let mut forms: Vec<String> = long.flat_map(|s| forms_of(s)).collect();
        forms.retain(|f| f.len() >= MIN_SECRET);
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
    #[must_use]
    pub fn longest(&self) -> usize {
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

    /// The text without secrets where its end may be cut: nor with the beginning of one
    /// at its end or before a closing quote.
    #[must_use]
    pub fn cut_text(&self, text: String) -> String {
        let mut text = self.text(text);
        let body = text.trim_end_matches(['\'', '"', ')', '\u{2026}', '.', ' ']).len();
        for end in [text.len(), body] {
            if let Some(from) = self.begun(&text.as_bytes()[..end]) {
                text.replace_range(from..end, STARS);
                return text;
            }
        }
        text
    }

    /// The same for bytes.
    pub(crate) fn cut_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut bytes = self.bytes(bytes);
        if let Some(from) = self.begun(&bytes) {
            bytes.truncate(from);
            bytes.extend_from_slice(STARS.as_bytes());
        }
        bytes
    }

    /// Where the beginning of a secret stands at the very end: 8 bytes of it or more.
    fn begun(&self, bytes: &[u8]) -> Option<usize> {
        let longest = |form: &String| {
            let most = form.len().min(bytes.len());
            (MIN_SECRET..=most).rev().find(|n| bytes.ends_with(&form.as_bytes()[..*n]))
        };
        self.0.iter().filter_map(longest).max().map(|n| bytes.len() - n)
    }

    /// The bytes without secrets.
    #[must_use]
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.iter().fold(bytes, |b, secret| strike(b, secret))
    }
}

/// The ways in which a value may be written in what a server sends back.
fn forms_of(secret: &str) -> Vec<String> {
    let escaped = |text: &str| {
        let json = serde_json::to_string(text).expect("a string always serialises");
        json[1..json.len() - 1].to_owned()
    };
    // Inside of JSON text, by writers that escape the slash and by those that do not; and
    // that again inside of JSON text, as a gateway quotes the answer that it got.
    let mut forms = vec![secret.to_owned()];
    for _ in 0..2 {
        let once: Vec<String> = forms.iter().map(|f| escaped(f)).collect();
        forms.extend(once.iter().map(|f| f.replace('/', "\\/")));
        forms.extend(once);
    }
    let percent = |upper: bool| -> String {
        let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let code = |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
        secret.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { code(b) }).collect()
    };
    forms.extend([percent(true), percent(false), percent(true).replace("%20", "+")]);
    for before in 0..3 {
        let standard = base64_core(secret.as_bytes(), before);
        forms.push(standard.replace('+', "-").replace('/', "_"));
        // Within JSON a slash may be escaped.
        forms.push(standard.replace('/', "\\/"));
        forms.push(standard);
    }
    forms
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What Base64 makes of a value behind so many other bytes: the letters in which
/// nothing else has a part, the same whatever stands around it.
fn base64_core(secret: &[u8], before: usize) -> String {
    let (from, to) = (8 * before, 8 * (before + secret.len()));
    let bit = |at: usize| {
        let byte = secret[(at - from) / 8];
        usize::from(byte >> (7 - (at - from) % 8) & 1)
    };
    let letter = |l: usize| (6 * l..6 * l + 6).fold(0, |value, at| value << 1 | bit(at));
    (from.div_ceil(6)..to / 6).map(|l| char::from(BASE64[letter(l)])).collect()
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
            // echo -n 'sk-"quoted"-1' | base64, alone and behind "Bearer ".
            ("b64 c2stInF1b3RlZCItMQ== end", "b64 ***Q== end"),
            ("QmVhcmVyIHNrLSJxdW90ZWQiLTE=", "QmVhcmVyIH***E="),
            ("url sk-%22quoted%22-1 end", "url *** end"),
            ("EMPTY is a placeholder", "EMPTY is a placeholder"),
        ] {
            assert_eq!(mask.text(text.to_owned()), want);
            assert_eq!(mask.bytes(text.as_bytes().to_vec()), want.as_bytes());
        }
    }

    #[test]
    fn base64_is_struck_out_wherever_it_stands() {
        let secret = "canary/4f1d+9c2e~77aa=";
        let mask = Mask::new(&[secret.into()]);
        for before in 0..7 {
            for after in 0..4 {
                let plain = [&vec![b'x'; before][..], secret.as_bytes(), &vec![b'y'; after][..]].concat();
                let struck = mask.text(base64_core(&plain, 0));
                // The letters in which neighbours have a part stay, and no more.
                let rest = struck.replacen(STARS, "", 1).len();
                assert!(struck.contains(STARS) && rest <= (before + after) * 4 / 3 + 2, "{struck}");
            }
        }
    }

    #[test]
    fn the_beginning_of_a_secret_at_a_cut_is_struck_out() {
        let mask = Mask::new(&["canary/4f1d+9c2e~77aa=".into()]);
        for (text, want) in [
            ("key canary/4", "key ***"),
            ("line 'canary/4f1d+9'", "line '***'"),
            ("key canary/", "key canary/"),
            ("canary/4f1d in the middle", "canary/4f1d in the middle"),
            ("url canary%2F4f1", "url ***"),
        ] {
            assert_eq!(mask.cut_text(text.to_owned()), want);
        }
        assert_eq!(mask.cut_bytes(b"key canary/4f".to_vec()), b"key ***");
    }

    #[test]
    fn values_are_trimmed_and_never_shown() {
        let secrets = Secrets::from_fn(|n| (n == "KEY").then(|| " abc\n".to_owned()));
        assert_eq!(secrets.get("KEY").as_deref(), Some("abc"));
        assert_eq!(secrets.get("OTHER"), None);
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
    }
}
