//! The compact form of reads and events: variable-length deltas.
//!
//! A read is about 6 bytes and an event 2, against 100 as JSON. The form begins
//! with a version byte. Everything read here may be hostile: lengths are checked
//! against what is left before anything is allocated.

use crate::ids::Ns;
use crate::timing::{Event, EventKind, Read};

const VERSION: u8 = 1;
const KINDS: [EventKind; 10] = [
    EventKind::Error,
    EventKind::Visible,
    EventKind::Tool,
    EventKind::Reasoning,
    EventKind::Finish,
    EventKind::Usage,
    EventKind::Role,
    EventKind::Done,
    EventKind::Comment,
    EventKind::Other,
];

/// Bytes that are not a packed timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end too early.
    #[error("packed reads and events end too early")]
    Short,
    /// Another version.
    #[error("packed reads and events have version {0}, expected {VERSION}")]
    Version(u8),
    /// A value outside of its range.
    #[error("packed reads and events hold a value outside of its range")]
    Range,
}

/// Packs reads and events.
#[must_use]
pub fn pack_timing(reads: &[Read], events: &[Event]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + reads.len() * 8 + events.len() * 3);
    out.push(VERSION);
    put(&mut out, reads.len() as u64);
    let mut last = 0i64;
    for r in reads {
        put_signed(&mut out, r.before.0.wrapping_sub(last));
        put_signed(&mut out, r.after.0.wrapping_sub(r.before.0));
        put(
            &mut out,
            (u64::from(r.bytes) << 2) | (u64::from(r.drained) << 1) | u64::from(r.kernel.is_some()),
        );
        if let Some(k) = r.kernel {
            put_signed(&mut out, k.0.wrapping_sub(r.after.0));
        }
        last = r.after.0;
    }
    put(&mut out, events.len() as u64);
    let mut read = 0i64;
    for e in events {
        let kind = KINDS.iter().position(|k| *k == e.kind).expect("every kind is in the list") as u8;
        out.push((kind << 2) | (u8::from(e.last_in_read) << 1) | u8::from(e.tokens.is_some()));
        put_signed(&mut out, i64::from(e.read) - read);
        if let Some(t) = e.tokens {
            put(&mut out, u64::from(t));
        }
        read = i64::from(e.read);
    }
    out
}

/// Unpacks what [`pack_timing`] wrote.
///
/// # Errors
/// The bytes are cut, of another version, or hold values outside of their range.
pub fn unpack_timing(bytes: &[u8]) -> Result<(Vec<Read>, Vec<Event>), CodecError> {
    let mut b = Cursor { bytes, at: 0 };
    let version = b.byte()?;
    if version != VERSION {
        return Err(CodecError::Version(version));
    }
    let n = b.count(3)?;
    let mut reads = Vec::with_capacity(n);
    let mut last = 0i64;
    for _ in 0..n {
        let before = last.wrapping_add(b.signed()?);
        let after = before.wrapping_add(b.signed()?);
        let word = b.unsigned()?;
        let kernel = if word & 1 == 1 { Some(Ns(after.wrapping_add(b.signed()?))) } else { None };
        let size = u32::try_from(word >> 2).map_err(|_| CodecError::Range)?;
        reads.push(Read {
            kernel,
            before: Ns(before),
            after: Ns(after),
            bytes: size,
            drained: word & 2 != 0,
        });
        last = after;
    }
    let n = b.count(2)?;
    let mut events = Vec::with_capacity(n);
    let mut read = 0i64;
    for _ in 0..n {
        let word = b.byte()?;
        let kind = *KINDS.get(usize::from(word >> 2)).ok_or(CodecError::Range)?;
        read = read.checked_add(b.signed()?).ok_or(CodecError::Range)?;
        let index = u32::try_from(read).map_err(|_| CodecError::Range)?;
        let tokens = if word & 1 == 1 {
            Some(u32::try_from(b.unsigned()?).map_err(|_| CodecError::Range)?)
        } else {
            None
        };
        events.push(Event { read: index, kind, tokens, last_in_read: word & 2 != 0 });
    }
    if b.at == bytes.len() { Ok((reads, events)) } else { Err(CodecError::Range) }
}

fn put(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Zigzag: small magnitudes of either sign take few bytes.
fn put_signed(out: &mut Vec<u8>, v: i64) {
    put(out, ((v << 1) ^ (v >> 63)) as u64);
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Result<u8, CodecError> {
        let b = *self.bytes.get(self.at).ok_or(CodecError::Short)?;
        self.at += 1;
        Ok(b)
    }

    fn unsigned(&mut self) -> Result<u64, CodecError> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            if shift == 63 && b > 1 {
                return Err(CodecError::Range);
            }
            v |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Ok(v);
            }
        }
        Err(CodecError::Range)
    }

    fn signed(&mut self) -> Result<i64, CodecError> {
        let v = self.unsigned()?;
        Ok((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    /// A number of entries, each at least `least` bytes long.
    fn count(&mut self, least: usize) -> Result<usize, CodecError> {
        let n = usize::try_from(self.unsigned()?).map_err(|_| CodecError::Range)?;
        if n > (self.bytes.len() - self.at) / least { Err(CodecError::Short) } else { Ok(n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_read() -> impl Strategy<Value = Read> {
        (any::<Option<i64>>(), any::<i64>(), any::<i64>(), any::<u32>(), any::<bool>()).prop_map(
            |(k, before, after, bytes, drained)| Read {
                kernel: k.map(Ns),
                before: Ns(before),
                after: Ns(after),
                bytes,
                drained,
            },
        )
    }

    fn any_event() -> impl Strategy<Value = Event> {
        (any::<u32>(), 0..KINDS.len(), any::<Option<u32>>(), any::<bool>())
            .prop_map(|(read, k, tokens, last_in_read)| Event { read, kind: KINDS[k], tokens, last_in_read })
    }

    proptest! {
        #[test]
        fn packing_is_identity(reads in prop::collection::vec(any_read(), 0..20), events in prop::collection::vec(any_event(), 0..20)) {
            let packed = pack_timing(&reads, &events);
            prop_assert_eq!(unpack_timing(&packed), Ok((reads, events)));
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = unpack_timing(&bytes);
            let mut cut = vec![VERSION];
            cut.extend(bytes);
            let _ = unpack_timing(&cut);
        }
    }

    #[test]
    fn a_plain_token_event_is_small() {
        let reads: Vec<Read> = (0..64)
            .map(|i| Read {
                kernel: None,
                before: Ns(5_000_000 * i),
                after: Ns(5_000_000 * i + 9_000),
                bytes: 230,
                drained: true,
            })
            .collect();
        let events: Vec<Event> = (0..64)
            .map(|i| Event { read: i, kind: EventKind::Visible, tokens: None, last_in_read: true })
            .collect();
        let size = pack_timing(&reads, &events).len();
        assert!(size < 64 * 13, "{size} bytes");
    }
}
