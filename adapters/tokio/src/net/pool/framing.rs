//! What an answer of HTTP/1.1 says about where its body ends. hyper takes more than Go does: a body
//! that is encoded twice, of which it undoes one, and a list of lengths.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};

/// Why such an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadFraming {
    /// RFC 9112, section 6.1: who does not know an encoding cannot read the body.
    #[error("its Transfer-Encoding is another than \"chunked\"")]
    Encoding,
    /// RFC 9112, section 6.3: a list of lengths may be refused.
    #[error("its Content-Length is not a number")]
    Length,
}

/// Whether these headers are ones that Go takes.
pub(super) fn check(headers: &HeaderMap) -> Result<(), BadFraming> {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if encodings.next().is_some_and(|value| !is_chunked(value)) || encodings.next().is_some() {
        return Err(BadFraming::Encoding);
    }
    let is_number = |value: &HeaderValue| {
        let value = value.as_bytes();
        !value.is_empty() && value.iter().all(u8::is_ascii_digit)
    };
    match headers.get_all(CONTENT_LENGTH).iter().all(is_number) {
        true => Ok(()),
        false => Err(BadFraming::Length),
    }
}
