//! Identity and time: run ids, keys, digests and nanoseconds.
//!
//! Main type: [`Key`], the identity of one attempt. Must not generate ids: chance
//! and clocks are the caller's.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Nanoseconds since the zero of one of the run's clocks. May be negative for
/// what happened before the zero. Never compare values of different clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ns(pub i64);

impl Ns {
    /// Whole seconds as nanoseconds.
    #[must_use]
    pub const fn from_secs(s: i64) -> Self {
        Self(s * 1_000_000_000)
    }
    /// Whole milliseconds as nanoseconds.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms * 1_000_000)
    }
    /// This duration or moment in seconds.
    #[must_use]
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl std::ops::Sub for Ns {
    type Output = Ns;
    fn sub(self, other: Ns) -> Ns {
        Ns(self.0 - other.0)
    }
}

impl std::ops::Add for Ns {
    type Output = Ns;
    fn add(self, other: Ns) -> Ns {
        Ns(self.0 + other.0)
    }
}

/// A run's id: 64 random bits, written as 16 hexadecimal digits. People type a
/// unique prefix of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// A text that is no run id.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a run id: expected 16 hexadecimal digits")]
pub struct BadRunId(String);

impl RunId {
    /// The first four digits: enough to tell a handful of runs apart.
    #[must_use]
    pub fn short(self) -> String {
        self.to_string()[..4].to_owned()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({self})")
    }
}

impl FromStr for RunId {
    type Err = BadRunId;
    fn from_str(s: &str) -> Result<Self, BadRunId> {
        let hex = s.len() == 16 && s.bytes().all(|b| b.is_ascii_hexdigit());
        match u64::from_str_radix(s, 16) {
            Ok(n) if hex => Ok(Self(n)),
            _ => Err(BadRunId(s.chars().take(40).collect())),
        }
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Identity of one attempt; unique in a store, which makes resume and
/// redelivery exactly-once.
///
/// A *slot* is one intended send of the schedule; *steps* are turns, tool
/// rounds, choices or pipeline nodes; *attempts* are retries. Slot + step is a
/// *request*: it has one final outcome, that of its last attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The run.
    pub run: RunId,
    /// The intended send, counted over the whole run.
    pub slot: u32,
    /// Turn, tool round, choice or node within the slot, from 0.
    pub step: u16,
    /// Retry within the step, from 0.
    pub attempt: u8,
}

/// A content address: the first 128 bits of BLAKE3, written as 32 hexadecimal
/// digits. Names blobs, cases and prompts.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// Digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// Digest of several parts; each part's length is hashed too, so that the
    /// parts cannot run into each other.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut h = blake3::Hasher::new();
        for part in parts {
            h.update(&(part.len() as u64).to_le_bytes());
            h.update(part);
        }
        let mut out = [0; 16];
        out.copy_from_slice(&h.finalize().as_bytes()[..16]);
        Self(out)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "'{}' is not a digest: expected 32 hexadecimal digits",
                s.chars().take(40).collect::<String>()
            )
        };
        if s.len() != 32 || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut out = [0; 16];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(out))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_reject_noise() {
        let id = RunId(0x7f3a_0000_0000_0001);
        assert_eq!(id.to_string().parse::<RunId>().unwrap(), id);
        assert_eq!(id.short(), "7f3a");
        for bad in ["", "7f3a", "+f3a000000000001", "zz3a000000000001"] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
        let d = Digest::of(b"x");
        assert_eq!(d.to_string().parse::<Digest>().unwrap(), d);
        assert!("+0".repeat(16).parse::<Digest>().is_err());
    }

    #[test]
    fn digest_parts_do_not_run_into_each_other() {
        assert_ne!(Digest::of_parts(&[b"ab", b"c"]), Digest::of_parts(&[b"a", b"bc"]));
    }
}
