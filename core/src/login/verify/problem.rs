//! Why a token is not to be trusted.

use crate::time::UnixTime;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// What is wrong with a token of the provider (LG-65…LG-80). No text holds a piece of it, except
/// names of algorithms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenProblem {
    /// It has not three parts (LG-65).
    #[error("is not a signed JWT")]
    NotJwt,
    /// It has five parts (LG-65).
    #[error("is encrypted; configure the client at the provider for signed tokens")]
    Encrypted,
    /// A part is not base64url without padding (LG-65).
    #[error("has a {0} that is not base64url")]
    Encoding(&'static str),
    /// A part is not a JSON object, or names a member twice (LG-65).
    #[error("has a {0} that is not a JSON object with unique members")]
    NotJson(&'static str),
    /// The header has `crit` (LG-70).
    #[error("has critical header parameters")]
    Critical,
    /// The algorithm is not one that is supported, or not one that discovery lists (LG-66).
    #[error("is signed with the algorithm {0}, which is not accepted here")]
    Algorithm(String),
    /// The provider publishes no key that could have made the signature (LG-67).
    #[error("is signed with a key that the provider does not publish")]
    UnknownKey,
    /// The key is too short or too long (LG-68).
    #[error("is signed with an RSA key that has not 2048 to 8192 bits")]
    KeySize,
    /// The signature is not that of the key (LG-69).
    #[error("has a signature that does not verify")]
    Signature,
    /// `iss` (LG-71).
    #[error("was not issued by the configured issuer")]
    Issuer,
    /// `aud` (LG-72).
    #[error("is not for this client (aud)")]
    Audience,
    /// `azp` (LG-72).
    #[error("was issued to another client (azp)")]
    AuthorizedParty,
    /// `exp`, `nbf` or `iat` is missing where it must be, or is no time (LG-73).
    #[error("has no usable {0}")]
    Time(&'static str),
    /// `exp` has passed (LG-73).
    #[error("expired at {expired}{}", Clock(*expired, *now))]
    Expired {
        /// When.
        expired: UnixTime,
        /// This machine's time.
        now: UnixTime,
    },
    /// `nbf` or `iat` lies ahead (LG-73).
    #[error("is valid from {from}{}", Clock(*now, *from))]
    NotYet {
        /// From when.
        from: UnixTime,
        /// This machine's time.
        now: UnixTime,
    },
    /// `nonce` (LG-74).
    #[error("does not belong to this login (nonce)")]
    Nonce,
    /// `at_hash` (LG-75).
    #[error("does not belong to the access token beside it (at_hash)")]
    AccessTokenHash,
    /// `sub` (LG-76).
    #[error("does not name a subject of 1 to 255 characters")]
    Subject,
    /// A claim is not as it was in the token of the login (LG-77).
    #[error("has another {0} than the token of the login")]
    Changed(&'static str),
    /// `auth_time` (LG-78).
    #[error("does not say that the login was recent enough (auth_time)")]
    AuthTime,
    /// `acr` (LG-78).
    #[error("does not say that the login was of a requested class (acr)")]
    AuthContext,
    /// The access token is not to be used as a bearer token (LG-61).
    #[error("is of a type that is not supported: only Bearer is")]
    TokenType,
    /// It cannot be sent in a header.
    #[error("contains a character that an HTTP header cannot carry")]
    NotHeaderText,
}

/// A difference of less than a day is more likely a wrong clock (LG-73).
struct Clock(UnixTime, UnixTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(earlier, later) = self;
        if later.since(*earlier) < Duration::from_secs(24 * 60 * 60) {
            write!(f, "; is the clock of this machine or of the provider wrong? ")?;
            return write!(f, "(the times compared are {earlier} and {later})");
        }
        Ok(())
    }
}
