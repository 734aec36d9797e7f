//! Vectors in base64: 32-bit floats, little-endian.
//!
//! Main function: [`floats`].

use crate::custom::base64::decode;

/// The numbers of a base64 text, padded or not.
pub(super) fn floats(text: &str) -> Result<Vec<f64>, String> {
    let bytes = decode(text).ok_or("'embedding' is text that is not base64")?;
    if bytes.is_empty() || bytes.len() % 4 != 0 {
        let len = bytes.len();
        return Err(format!("'embedding' has {len} bytes, expected a multiple of 4 for 32-bit floats"));
    }
    let all: Vec<f64> =
        bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
    match all.iter().all(|x| x.is_finite()) {
        true => Ok(all),
        false => Err("'embedding' holds something that is no finite number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_numbers() {
        assert_eq!(floats("AACAPwAAAMA="), Ok(vec![1.0, -2.0]));
        assert_eq!(floats("AACAPw"), Ok(vec![1.0]));
        for (bad, words) in [
            ("", "0 bytes"),
            ("AAA=", "2 bytes"),
            ("AA*A", "not base64"),
            ("A", "not base64"),
            ("AADAfw==", "finite"),
        ] {
            assert!(floats(bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
