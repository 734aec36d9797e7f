//! Base64 as applications send it: standard or URL alphabet, padded or not, lines broken or not.
//!
//! Main function: [`decode`].

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a base64 text; none when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let plain = text.bytes().filter(|b| !b.is_ascii_whitespace()).map(|b| match b {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    });
    ANY_PADDING.decode(plain.collect::<Vec<u8>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_decode_and_others_do_not() {
        for (text, want) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zg", Some(b"f")),
            ("Zm9v", Some(b"foo")),
            ("Zm9v\r\nYmFy", Some(b"foobar")),
            ("_-8=", Some(b"\xff\xef")),
            ("/+8=", Some(b"\xff\xef")),
            ("Z", None),
            ("Zh==", None),
            ("Zg==Zg==", None),
            ("Zg===", None),
            ("Zm9*", None),
        ] {
            assert_eq!(decode(text).as_deref(), want, "{text}");
        }
    }
}
