//! The ticket of a blind vote: a pair of answers that only this server can read.
//!
//! Main type: [`Seal`]. The page learns nothing from a ticket, and cannot make one: it is encrypted
//! with a key of this start, bound to the voter.

use acidtest_record::{Key, RunId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a key of the store in a ticket: run, slot, step, attempt.
const KEY: usize = 8 + 4 + 2 + 1;
/// Longest ticket that is looked at.
pub(crate) const LONGEST: usize = 256;

/// The key of this start, and its seed for what is drawn by lot.
pub(crate) struct Seal {
    key: LessSafeKey,
    chance: SystemRandom,
    pub(crate) seed: u64,
}

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(crate) struct NoChance;

impl Seal {
    /// A new key.
    pub(crate) fn new() -> Result<Self, NoChance> {
        let chance = SystemRandom::new();
        let (mut key, mut seed) = ([0; 32], [0; 8]);
        chance.fill(&mut key).and_then(|()| chance.fill(&mut seed)).map_err(|_| NoChance)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| NoChance)?;
        Ok(Self { key: LessSafeKey::new(key), chance, seed: u64::from_le_bytes(seed) })
    }

    /// A ticket for the left and the right answer.
    pub(crate) fn ticket(&self, voter: &str, [left, right]: [Key; 2]) -> Result<String, NoChance> {
        let mut nonce = [0; NONCE_LEN];
        self.chance.fill(&mut nonce).map_err(|_| NoChance)?;
        let mut sealed = [bytes(left), bytes(right)].concat();
        let aad = Aad::from(voter.as_bytes());
        let whole = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(whole, aad, &mut sealed).map_err(|_| NoChance)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The two answers of a ticket that this server gave to this voter.
    pub(crate) fn open(&self, voter: &str, ticket: &str) -> Option<[Key; 2]> {
        let sealed = URL_SAFE_NO_PAD.decode(ticket.get(..LONGEST.min(ticket.len()))?).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(voter.as_bytes()), &mut plain).ok()?;
        let (left, right) = opened.split_at_checked(KEY)?;
        Some([key(left)?, key(right)?])
    }
}

fn bytes(key: Key) -> Vec<u8> {
    let mut all = key.run.0.to_le_bytes().to_vec();
    all.extend(key.slot.to_le_bytes());
    all.extend(key.step.to_le_bytes());
    all.push(key.attempt);
    all
}

fn key(bytes: &[u8]) -> Option<Key> {
    let (run, rest) = bytes.split_first_chunk::<8>()?;
    let (slot, rest) = rest.split_first_chunk::<4>()?;
    let (step, rest) = rest.split_first_chunk::<2>()?;
    let [attempt] = rest else { return None };
    Some(Key {
        run: RunId(u64::from_le_bytes(*run)),
        slot: u32::from_le_bytes(*slot),
        step: u16::from_le_bytes(*step),
        attempt: *attempt,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_sealed_it_opens_it_for_whom_it_was_made() {
        let (seal, other) = (Seal::new().unwrap(), Seal::new().unwrap());
        let key = |slot| Key { run: RunId(u64::MAX), slot, step: 7, attempt: 255 };
        let pair = [key(1), key(u32::MAX)];
        let ticket = seal.ticket("kim", pair).unwrap();
        assert!(ticket.len() < LONGEST && ticket != seal.ticket("kim", pair).unwrap());
        assert_eq!(seal.open("kim", &ticket), Some(pair));
        assert_eq!(seal.open("lee", &ticket), None);
        assert_eq!(other.open("kim", &ticket), None);
        let mut bent = ticket.clone().into_bytes();
        bent[20] ^= 1;
        for odd in ["", "x", &"A".repeat(10_000), "예", &String::from_utf8_lossy(&bent)] {
            assert_eq!(seal.open("kim", odd), None, "{odd}");
        }
    }
}
