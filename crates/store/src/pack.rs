//! Between the vocabulary and the bytes in a column: compression, the detail of
//! a record, marks, and words for enums.
//!
//! Main types: [`Zip`] and [`Detail`]. Must not run SQL. Everything read here may
//! be hostile: lengths are checked before anything is allocated.

use crate::error::{Step, Trouble};
use crate::numbers::{self, Places};
use acidtest_record::{Answer, Head, Key, Mark, MarkName, Ns, Outcome, Place, Record, Request, ServerSaid};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

/// Largest blob or detail, plain.
pub(crate) const MAX_BYTES: usize = 256 << 20;
/// Below this, compression has nothing to win.
const MIN_ZIP: usize = 48;
/// Level 3: as quick as level 1 on texts this short, and 7 % off the whole store
/// (example `figures`).
const LEVEL: i32 = 3;

/// Codec 0: the bytes as they are.
const PLAIN: i64 = 0;
/// Codec 1: zstd with [`DICTIONARY_1`].
const ZSTD_1: i64 = 1;

/// What most details and requests look like, so that short ones shrink too.
/// Stored files need it byte for byte: it never changes, a better one becomes
/// another codec.
const DICTIONARY_1: &str = concat!(
    r#"{"error":{"message":"Rate limit reached, please try again later.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#,
    r#"{"id":"","hash":"","vars":{"question":""},"expected":[""],"refuse":false,"cluster":null,"split":null,"tags":{"lang":"en"},"scorers":null,"extraction":null}"#,
    r#"{"model":"","messages":[{"role":"system","content":"You are a helpful assistant. Answer in one sentence."},{"role":"user","content":""}],"max_tokens":128,"temperature":0,"stream":true,"stream_options":{"include_usage":true}}"#,
    r#","outcome":{"not_sent":{"reason":"stopped"}},"outcome":{"failed":{"stage":"body","cause":"cut","status":200,"detail":"the stream ended before its regular end"}}"#,
    r#""logprobs":{"side":"completion","tokens":[{"token":"","logprob":-0.,"offset":null,"top":[["",-1."#,
    r#"{"tool_call":{"index":0,"id":"call_","name":"","arguments":"{\""#,
    r#"{"parent":null,"request":{"path":"/v1/chat/completions","body":"","bytes":,"stream":true,"nonce":null},"outcome":{"completed":{"finish":"length"}},"outcome":{"completed":{"finish":"stop"}},"#,
    r#""head":{"status":200,"headers":[["content-type","application/json"],["x-request-id","req_"],["retry-after","1"],["x-ratelimit-remaining-requests",""],["content-type","text/event-stream; charset=utf-8"]]},"#,
    r#""answer":{"parts":[{"reasoning":""},{"refusal":""},{"text":""}],"raw":null},"#,
    r#""said":{"model":"","fingerprint":null,"id":"chatcmpl-","usage":{"input":,"output":,"cached":null,"reasoning":null},"timings":[]},"#,
    r#""fault":null,"place":{"worker":0,"shard":0,"connection":0,"reused":true}}"#,
);

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1.as_bytes(), LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1.as_bytes()));

/// Bytes as they lie in a column.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    pub(crate) codec: i64,
    pub(crate) len: i64,
    pub(crate) body: Cow<'a, [u8]>,
}

/// The compressor and decompressor of an open store.
pub(crate) struct Zip {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
}

impl Zip {
    pub(crate) fn new() -> io::Result<Self> {
        let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        let decompressor = Decompressor::with_prepared_dictionary(&DECODER)?;
        Ok(Self { compressor, decompressor })
    }

    /// Compresses where it pays.
    pub(crate) fn pack<'a>(&mut self, plain: &'a [u8]) -> Packed<'a> {
        let len = plain.len() as i64;
        let zipped = (plain.len() >= MIN_ZIP)
            .then(|| self.compressor.compress(plain).ok())
            .flatten()
            .filter(|z| z.len() < plain.len() - plain.len() / 10);
        match zipped {
            Some(z) => Packed { codec: ZSTD_1, len, body: Cow::Owned(z) },
            None => Packed { codec: PLAIN, len, body: Cow::Borrowed(plain) },
        }
    }

    /// The plain bytes again; the error says what is wrong with them.
    pub(crate) fn unpack<'a>(
        &mut self,
        codec: i64,
        len: i64,
        body: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, String> {
        let len = usize::try_from(len)
            .ok()
            .filter(|n| *n <= MAX_BYTES)
            .ok_or_else(|| format!("a length of {len} bytes is outside of 0 to {MAX_BYTES}"))?;
        let plain = match codec {
            PLAIN => Cow::Borrowed(body),
            ZSTD_1 => Cow::Owned(
                self.decompressor
                    .decompress(body, len)
                    .map_err(|e| format!("compressed bytes are broken: {e}"))?,
            ),
            _ => return Err(format!("unknown codec {codec}")),
        };
        if plain.len() == len {
            Ok(plain)
        } else {
            Err(format!("{} bytes where {len} were expected", plain.len()))
        }
    }
}

/// What a record holds beyond its columns and its packed timing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Detail<'a> {
    pub(crate) parent: Option<Key>,
    pub(crate) request: Cow<'a, Request>,
    pub(crate) outcome: Cow<'a, Outcome>,
    pub(crate) head: Cow<'a, Option<Head>>,
    pub(crate) answer: Cow<'a, Answer>,
    pub(crate) said: Cow<'a, Option<ServerSaid>>,
    pub(crate) fault: Option<u32>,
    pub(crate) place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copied_from: Option<Key>,
    /// Where numbers stood that JSON cannot hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) odd: Places,
}

impl<'a> Detail<'a> {
    pub(crate) fn of(r: &'a Record) -> Self {
        let mut d = Self {
            parent: r.parent,
            request: Cow::Borrowed(&r.request),
            outcome: Cow::Borrowed(&r.outcome),
            head: Cow::Borrowed(&r.head),
            answer: Cow::Borrowed(&r.answer),
            said: Cow::Borrowed(&r.said),
            fault: r.fault,
            place: r.place,
            copied_from: r.copied_from,
            odd: Places::new(),
        };
        if numbers::any_odd(&r.answer, r.said.as_ref()) {
            let (answer, said) = (d.answer.to_mut(), d.said.to_mut());
            d.odd = numbers::set_aside(|f| numbers::of_answer(answer, said, f));
        }
        d
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a detail has text keys and finite numbers")
    }

    pub(crate) fn parse(json: &[u8]) -> Result<Detail<'static>, String> {
        let mut d: Detail<'static> =
            serde_json::from_slice(json).map_err(|e| format!("its detail is not readable: {e}"))?;
        if !d.odd.is_empty() {
            let places = std::mem::take(&mut d.odd);
            let (answer, said) = (d.answer.to_mut(), d.said.to_mut());
            numbers::put_back(&places, |f| numbers::of_answer(answer, said, f));
        }
        Ok(d)
    }
}

/// Mark names by their stored number. New ones go to the end.
const MARKS: [MarkName; 15] = [
    MarkName::QueueStart,
    MarkName::QueueEnd,
    MarkName::DnsStart,
    MarkName::DnsEnd,
    MarkName::ConnectStart,
    MarkName::ConnectEnd,
    MarkName::TlsStart,
    MarkName::TlsEnd,
    MarkName::Head,
    MarkName::JobAccepted,
    MarkName::JobRunning,
    MarkName::JobDone,
    MarkName::SessionStart,
    MarkName::SessionEnd,
    MarkName::SessionExpired,
];

/// Bytes of one packed mark.
const MARK_BYTES: usize = 9;

/// Packs marks: a byte of name and eight of time each, little end first.
pub(crate) fn pack_marks(marks: &[Mark]) -> Vec<u8> {
    let mut out = Vec::with_capacity(marks.len() * MARK_BYTES);
    for m in marks {
        let no = MARKS.iter().position(|n| *n == m.name).expect("every mark name is in the list");
        out.push(no as u8);
        out.extend_from_slice(&m.at.0.to_le_bytes());
    }
    out
}

/// Unpacks what [`pack_marks`] wrote.
pub(crate) fn unpack_marks(bytes: &[u8]) -> Result<Vec<Mark>, String> {
    let (marks, rest) = bytes.as_chunks::<MARK_BYTES>();
    if !rest.is_empty() {
        return Err("packed marks end too early".into());
    }
    marks
        .iter()
        .map(|[no, at @ ..]| {
            let name = *MARKS.get(usize::from(*no)).ok_or_else(|| format!("unknown mark {no}"))?;
            Ok(Mark { name, at: Ns(i64::from_le_bytes(*at)) })
        })
        .collect()
}

/// The stored word of a plain enum: its name in JSON.
pub(crate) fn word_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => unreachable!("plain enums of the vocabulary are words in JSON"),
    }
}

/// The plain enum of a stored word.
pub(crate) fn of_word<'a, T: Deserialize<'a>>(word: &'a str) -> Step<T> {
    T::deserialize(word.into_deserializer())
        .map_err(|e: serde::de::value::Error| Trouble::Corrupt(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::{Digest, Kind, Role};

    #[test]
    fn words_round_trip() {
        assert_eq!(word_of(&Kind::LogLikelihood), "log_likelihood");
        assert_eq!(of_word::<Kind>("log_likelihood").unwrap(), Kind::LogLikelihood);
        assert!(of_word::<Role>("king").is_err());
    }

    #[test]
    fn dictionary_1_never_changes() {
        // Another digest here means that every stored detail has become unreadable.
        assert_eq!(Digest::of(DICTIONARY_1.as_bytes()).to_string(), "1254e244119c9ab61cc74c3d4e2923c4");
    }

    #[test]
    fn compression_is_identity_and_only_where_it_pays() {
        let mut zip = Zip::new().unwrap();
        let text = "the same words again and again, ".repeat(20).into_bytes();
        let noise: Vec<u8> = (0..400u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (plain, codec) in [(text, ZSTD_1), (noise, PLAIN), (b"short".to_vec(), PLAIN), (vec![], PLAIN)] {
            let p = zip.pack(&plain);
            assert_eq!(p.codec, codec);
            let (codec, len, body) = (p.codec, p.len, p.body.into_owned());
            assert_eq!(zip.unpack(codec, len, &body).unwrap(), plain);
        }
    }

    #[test]
    fn hostile_lengths_and_bytes_are_refused() {
        let mut zip = Zip::new().unwrap();
        let body = zip.pack(&[7; 1000]).body.into_owned();
        for (codec, len) in [(1, -1), (1, i64::MAX), (1, 999), (1, 1001), (0, 1000), (9, 1000)] {
            assert!(zip.unpack(codec, len, &body).is_err(), "{codec} {len}");
        }
        let mut broken = body.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(zip.unpack(1, 1000, &broken).is_err());
        assert!(unpack_marks(&[0; 10]).is_err());
        assert!(unpack_marks(&[200; 9]).is_err());
    }
}
