//! Bytes from outside, up to a limit, leaving no copies behind.

use super::too_large;
use kubecred_core::{Failure, Secret};
use zeroize::Zeroizing;

/// What came so far, piece by piece: nothing is copied until all of it is there.
pub(crate) struct Pieces {
    pieces: Vec<Zeroizing<Vec<u8>>>,
    len: u64,
    limit: u64,
}

impl Pieces {
    pub(crate) fn new(limit: u64) -> Self {
        Self { pieces: Vec::new(), len: 0, limit }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: Vec<u8>) -> Result<(), Failure> {
        let piece = Zeroizing::new(piece);
        self.len = self.len.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.len > self.limit {
            return Err(too_large(self.limit));
        }
        self.pieces.push(piece);
        Ok(())
    }

    /// All that was taken.
    pub(crate) fn into_secret(self) -> Secret {
        let len = self.pieces.iter().map(|piece| piece.len()).sum();
        let mut all = Vec::with_capacity(len); // it never grows, so no copy is left behind
        for piece in &self.pieces {
            all.extend_from_slice(piece);
        }
        Secret::new(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubecred_core::FailureKind;

    #[test]
    fn pieces_make_a_whole_up_to_the_limit() {
        let mut pieces = Pieces::new(5);
        pieces.push(b"ab".to_vec()).unwrap();
        pieces.push(Vec::new()).unwrap();
        pieces.push(b"cde".to_vec()).unwrap();
        assert_eq!(pieces.push(b"f".to_vec()).unwrap_err().kind, FailureKind::TooLarge);
        assert_eq!(pieces.into_secret().expose(), b"abcde");
    }
}
