//! What a bearer token says of itself.

use crate::oauth::id_token;
use crate::secret::Secret;
use crate::time::UnixTime;

/// When a bearer token ends, if it is a JWT that says so. Nothing is verified: this is for warnings.
///
/// ```
/// use kubecred_core::{Secret, UnixTime, token_expiry};
///
/// let token = Secret::from("e30.eyJleHAiOjE3MDAwMDAwMDB9.c2ln"); // {"exp":1700000000}
/// assert_eq!(token_expiry(&token), Some(UnixTime::from_secs(1_700_000_000)));
/// assert_eq!(token_expiry(&Secret::from("opaque")), None);
/// ```
#[must_use]
pub fn token_expiry(token: &Secret) -> Option<UnixTime> {
    id_token::expiry(token).ok().flatten()
}
