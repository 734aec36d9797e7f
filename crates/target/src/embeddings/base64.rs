//! Vectors in base64: 32-bit floats, little-endian.
//!
//! Main function: [`floats`].

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

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        if group.len() == 1 {
            return None;
        }
        let mut bits = 0u32;
        for digit in group {
            bits = bits << 6 | value(*digit)?;
        }
        bits <<= 6 * (4 - group.len()) as u32;
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
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
