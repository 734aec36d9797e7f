//! The secret of one start, which writes need and reads beyond loopback.
//!
//! Main type: [`Token`]. Never printed by `Debug`; compared without saying how far it was right.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes of a token.
const BYTES: usize = 24;
/// Fewest characters of a token that somebody chose.
const FEWEST: usize = 16;
/// Most of them.
const MOST: usize = 256;

/// The token of a server.
#[derive(Clone)]
pub struct Token(String);

/// A token that cannot be used, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BadToken {
    /// The system gave no random bytes.
    #[error("the system gives no random bytes for a token")]
    NoChance,
    /// Too short to be a secret, or too long for a header.
    #[error("the token has {0} characters, expected {FEWEST} to {MOST}")]
    Length(usize),
    /// It would not survive an address or a header.
    #[error("the token holds {0:?}, expected letters, digits, '-', '_', '.' or '~'")]
    Letter(char),
}

impl Token {
    /// A new one from the system's random bytes.
    ///
    /// # Errors
    /// The system has none.
    pub fn new() -> Result<Self, BadToken> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| BadToken::NoChance)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// One that somebody chose.
    ///
    /// # Errors
    /// It is too short or too long, or holds what an address would have to escape.
    pub fn chosen(text: &str) -> Result<Self, BadToken> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        if let Some(odd) = text.chars().find(|c| !is_plain(*c)) {
            return Err(BadToken::Letter(odd));
        }
        match text.len() {
            FEWEST..=MOST => Ok(Self(text.to_owned())),
            n => Err(BadToken::Length(n)),
        }
    }

    /// Its text, for the address that is printed once.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether somebody knows it. Takes as long whatever is wrong with what was said.
    pub(crate) fn is(&self, said: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let differs = own.iter().enumerate().fold(0u8, |differs, (i, byte)| {
            let other = said.get(i % said.len().max(1)).copied().unwrap_or(0);
            differs | (byte ^ other)
        });
        differs == 0 && said.len() == own.len()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new().unwrap();
        assert_eq!(token.text().len(), 32);
        assert_ne!(token.text(), Token::new().unwrap().text());
        assert!(token.is(token.text().as_bytes()));
        let longer = format!("{0}{0}", token.text());
        for wrong in ["", "x", &token.text()[1..], &longer, &token.text().to_uppercase()] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn a_chosen_token_is_long_and_plain() {
        assert!(Token::chosen("correct-horse-battery").is_ok());
        assert!(matches!(Token::chosen("short"), Err(BadToken::Length(5))));
        assert!(matches!(Token::chosen("sixteen letters & more"), Err(BadToken::Letter(' '))));
        assert!(Token::chosen(&"x".repeat(257)).is_err());
    }
}
