//! Bodies of type `application/x-www-form-urlencoded`, without copies that are not wiped.

use crate::secret::Secret;
use alloc::vec::Vec;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What stays as it is in a form, and in the query of a URL.
pub(crate) const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as forms have it.
pub(crate) fn encoded(value: &[u8]) -> Secret {
    let size = percent_encode(value, PLAIN).map(str::len).sum();
    let mut text = Vec::with_capacity(size);
    percent_encode(value, PLAIN).for_each(|piece| text.extend_from_slice(piece.as_bytes()));
    Secret::from(text)
}

/// A whole form, in this order.
pub(crate) fn form(fields: &[(&str, &[u8])]) -> Secret {
    let encoded: Vec<(Secret, Secret)> =
        fields.iter().map(|(name, value)| (encoded(name.as_bytes()), encoded(value))).collect();
    let mut pieces: Vec<&[u8]> = Vec::new();
    for (name, value) in &encoded {
        let joint: &[u8] = if pieces.is_empty() { b"" } else { b"&" };
        pieces.extend([joint, name.expose(), b"=", value.expose()]);
    }
    Secret::new(pieces.concat())
}
