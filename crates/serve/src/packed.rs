//! A JSON answer that is made once and sent often: compressed as it is written.
//!
//! Main type: [`Packed`]. The plain text of a large answer never lies in memory as a whole while it
//! is made.

use crate::kept::Weighed;
use crate::refusal::Refusal;
use acidtest_record::Digest;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::io::{BufWriter, Read as _};

/// Fast, and within a tenth of the smallest.
const LEVEL: Compression = Compression::new(4);
/// The serialiser writes a few bytes at a time.
const BUFFER: usize = 32 << 10;

/// An answer as gzip.
pub(crate) struct Packed {
    gzip: Bytes,
    etag: String,
}

impl Packed {
    /// Writes a value as JSON.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Refusal> {
        let fault = |e: String| Refusal::fault(format!("an answer cannot be written as JSON: {e}"));
        let mut out = BufWriter::with_capacity(BUFFER, GzEncoder::new(Vec::new(), LEVEL));
        serde_json::to_writer(&mut out, value).map_err(|e| fault(e.to_string()))?;
        let packer = out.into_inner().map_err(|e| fault(e.to_string()))?;
        let mut gzip = packer.finish().map_err(|e| fault(e.to_string()))?;
        gzip.shrink_to_fit();
        // The same bytes packed by the same program: the tag names the content.
        let etag = format!("W/\"{}\"", Digest::of(&gzip));
        Ok(Self { gzip: gzip.into(), etag })
    }

    /// The answer to one who may have it already, and may not take gzip.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let known = asked.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let beside = [(ETAG, self.etag.as_str()), (VARY, "accept-encoding")];
        if known.split(',').any(|tag| tag.trim() == self.etag) {
            return (StatusCode::NOT_MODIFIED, beside).into_response();
        }
        let kind = [(CONTENT_TYPE, "application/json")];
        if takes_gzip(asked) {
            return (beside, kind, [(CONTENT_ENCODING, "gzip")], self.gzip.clone()).into_response();
        }
        let mut plain = Vec::new();
        match GzDecoder::new(&self.gzip[..]).read_to_end(&mut plain) {
            Ok(_) => (beside, kind, plain).into_response(),
            Err(e) => Refusal::fault(format!("a kept answer cannot be unpacked: {e}")).into_response(),
        }
    }
}

impl Weighed for Packed {
    fn weight(&self) -> usize {
        self.gzip.len() + self.etag.len()
    }
}

/// Whether gzip is among what is accepted, and not refused by a weight of 0.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let all = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f64>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_given_to_those_who_take_it() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5, zstd"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("identity, x-gzip") && !takes("gzip;q=x"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn who_knows_it_gets_nothing_again() {
        let packed = Packed::of(&vec![1, 2, 3]).unwrap();
        let mut asked = HeaderMap::new();
        assert_eq!(packed.answer(&asked).status(), 200);
        asked.insert(IF_NONE_MATCH, format!("\"x\", {}", packed.etag).parse().unwrap());
        assert_eq!(packed.answer(&asked).status(), 304);
        assert_ne!(Packed::of(&vec![1, 2]).unwrap().etag, packed.etag);
    }
}
