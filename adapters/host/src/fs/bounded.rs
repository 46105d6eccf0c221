//! Bytes from outside, up to a limit, leaving no copies behind.

use kubecred_core::{Failure, FailureKind, Secret};
use zeroize::Zeroizing;

/// Credentials fit, so most buffers never grow.
const FIRST: usize = 16 * 1024;

/// A buffer that wipes what it outgrows.
pub struct Bounded {
    /// Zeros up to its capacity; the first `len` bytes are taken.
    bytes: Zeroizing<Vec<u8>>,
    len: usize,
    limit: u64,
}

impl Bounded {
    /// For up to `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self { bytes: Zeroizing::new(vec![0; FIRST]), len: 0, limit }
    }

    /// Where the next bytes go; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        if self.len == self.bytes.len() {
            // One byte over the limit is enough to know.
            let most = usize::try_from(self.limit).unwrap_or(usize::MAX).saturating_add(1);
            let size = (self.len * 2).min(most).max(self.len + 1);
            let mut larger = Zeroizing::new(vec![0; size]);
            larger[..self.len].copy_from_slice(&self.bytes);
            self.bytes = larger;
        }
        &mut self.bytes[self.len..]
    }

    /// Takes `count` bytes that were put into the space.
    ///
    /// # Errors
    /// [`FailureKind::TooLarge`] over the limit.
    pub fn advance(&mut self, count: usize) -> Result<(), Failure> {
        self.len += count;
        fits(self.len as u64, self.limit)
    }

    /// Takes a copy of these bytes.
    ///
    /// # Errors
    /// [`FailureKind::TooLarge`] over the limit.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let space = self.space();
            let (now, later) = bytes.split_at(space.len().min(bytes.len()));
            space[..now.len()].copy_from_slice(now);
            self.advance(now.len())?;
            bytes = later;
        }
        Ok(())
    }

    /// All that was taken.
    pub fn into_secret(self) -> Secret {
        Secret::new(&self.bytes[..self.len])
    }
}

/// Fails for more bytes than the limit.
///
/// # Errors
/// [`FailureKind::TooLarge`].
pub fn fits(len: u64, limit: u64) -> Result<(), Failure> {
    match len <= limit {
        true => Ok(()),
        false => Err(Failure::new(FailureKind::TooLarge, format!("more than {limit} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_stops_at_the_limit() {
        let mut buffer = Bounded::new(40_000);
        let mut taken = 0;
        while taken < 40_000 {
            let space = buffer.space();
            let count = space.len().min(7000).min(40_000 - taken);
            space[..count].fill(b'x');
            buffer.advance(count).unwrap();
            taken += count;
        }
        buffer.space()[0] = b'y';
        assert_eq!(buffer.advance(1).unwrap_err().kind, FailureKind::TooLarge);
        assert_eq!(buffer.into_secret().len(), 40_001);
    }
}
