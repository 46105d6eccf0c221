//! Logging in: whole runs in a place where everything goes as the bytes say, and what a provider
//! sends.

use crate::MARK;
use kubecred_core::login::verify::{Expected, KeySet, Nonce, access_token, id_token, is_jwt};
use kubecred_core::{Secret, UnixTime};

/// Runs of a login: all the laws hold, whatever hosts, provider and user do.
///
/// # Panics
/// When one does not.
pub fn login(bytes: &[u8]) {
    world::login::chaos(bytes);
}

/// A key set and a token, with a zero byte between them: nothing panics, a token without a signature
/// of one of the keys is not believed, and no error shows a piece of it.
///
/// # Panics
/// When one does.
pub fn login_token(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (keys, token) = bytes.split_at(at);
    let keys = KeySet::parse(keys).unwrap_or_default();
    let token = Secret::new([token.get(1..).unwrap_or_default(), MARK.as_bytes()].concat());
    let now = UnixTime::from_secs(1_800_000_000);
    let expected = Expected {
        issuer: "https://login.example",
        client_id: "kubernetes",
        algorithms: &[],
        nonce: Nonce::Any,
        access_token: Some(&token),
        before: None,
        max_age: None,
        acr_values: None,
        now,
    };
    _ = is_jwt(&token);
    // The mark is no base64url, so the signature cannot be right.
    for result in
        [id_token(&token, &keys, &expected), access_token(&token, &keys, expected.issuer, now)]
    {
        let problem = result.expect_err("it has no signature");
        let shown = format!("{problem} {problem:?}");
        assert!(!shown.contains(MARK), "{shown}");
    }
}
