//! What stands for a token in memory: a keyed hash (RV-15).

use alloc::string::String;
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Stands for a token and the audiences it is reviewed for. It tells nothing of the token to whoever
/// does not have the process' key. `Debug` shows its first four bytes, which may stand in logs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(")?;
        for byte in self.0.iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…)")
    }
}

/// A keyed hash that has taken in the audiences.
#[derive(Clone)]
pub(super) struct Hasher(Hmac<Sha256>);

impl Hasher {
    pub(super) fn new(key: &[u8; 32], audiences: &[String]) -> Self {
        // HMAC fills a key up with zeros to the size of a block (RFC 2104).
        let mut block = [0; 64];
        block.iter_mut().zip(key).for_each(|(byte, own)| *byte = *own);
        let mut hmac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        // Every part with its length before it, so that no two lists give the same bytes.
        hmac.update(&length(audiences.len()));
        for audience in audiences {
            hmac.update(&length(audience.len()));
            hmac.update(audience.as_bytes());
        }
        Self(hmac)
    }

    pub(super) fn key(&self, token: &[u8]) -> Key {
        let mut hmac = self.0.clone();
        hmac.update(&length(token.len()));
        hmac.update(token);
        Key(hmac.finalize().into_bytes().into())
    }
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}
