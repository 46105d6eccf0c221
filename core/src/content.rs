//! What the content of files and fields is for, and what can be wrong with it.

use crate::secret::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use core::fmt;
use zeroize::Zeroizing;

/// What a file, or data in its stead, is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum FileRole {
    /// `client-certificate`.
    ClientCertificate,
    /// `client-key`.
    ClientKey,
    /// `certificate-authority`.
    Roots,
    /// `tokenFile`, or `token`.
    Token,
    /// `username` and `password`.
    Basic,
    /// `as`, `as-uid`, `as-groups`, `as-user-extra`.
    Impersonation,
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientCertificate => "client certificate",
            Self::ClientKey => "client key",
            Self::Roots => "certificate authority",
            Self::Token => "token",
            Self::Basic => "user name or password",
            Self::Impersonation => "impersonation",
        })
    }
}

/// What is wrong with the content of a file or field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ContentProblem {
    /// Nothing but white space (TK-3).
    #[error("is empty")]
    Empty,
    /// A byte that an HTTP header cannot carry, such as a line break (HT-4).
    #[error("contains a character that an HTTP header cannot carry (a line break?)")]
    NotHeaderText,
    /// No PEM block of the right kind (UA-32, EX-55).
    #[error("contains no PEM block of the expected kind")]
    NoPem,
    /// The PEM block holds something else than a certificate (UA-32, EX-55).
    #[error("contains a certificate that cannot be parsed")]
    BadCertificate,
    /// No PEM block that holds a private key in clear (UA-34, EX-55).
    #[error("contains no private key that can be read (is it encrypted?)")]
    BadKey,
    /// Certificate and key belong to different pairs: perhaps one of them is being replaced just
    /// now (EX-55).
    #[error("does not match the client key (is one of them being replaced?)")]
    PairMismatch,
}

/// Whether an HTTP header can carry these bytes (RFC 9110, 5.5).
pub(crate) fn header_text(bytes: &[u8]) -> Result<(), ContentProblem> {
    let carried = |b: &u8| *b == b'\t' || (*b >= b' ' && *b != 0x7f);
    if bytes.iter().all(carried) { Ok(()) } else { Err(ContentProblem::NotHeaderText) }
}

/// `Basic <base64>` (UA-10).
pub(crate) fn basic_header(username: &str, password: &Secret) -> Secret {
    let pair = Zeroizing::new([username.as_bytes(), b":", password.expose()].concat());
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_slice()));
    Secret::new([b"Basic ", encoded.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ua_10_basic_is_base64_of_user_colon_password() {
        assert_eq!(basic_header("me", &Secret::from("a:b")).expose(), b"Basic bWU6YTpi");
        assert_eq!(basic_header("me", &Secret::default()).expose(), b"Basic bWU6");
    }
}
