//! Tokens, and what goes beside them.

use super::Case;
use super::certificates::{CERTIFICATE, valid};
use super::setup::Setup;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// A JWT that ends so many seconds after 1970.
pub(super) fn jwt(end: u64) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{end}}}"));
    format!("e30.{claims}.c2ln")
}

/// Tokens, files of tokens, names and passwords.
pub(super) fn of_tokens() -> Vec<Case> {
    let good = valid(-1, 300);
    vec![
        (
            "expired-token",
            Setup::user(&format!("{{token: {}}}", jwt(1_700_000_000))),
            Setup::user(&format!("{{token: {}}}", jwt(17_000_000_000))),
        ),
        (
            "token-beside-token-file",
            Setup::user("{token: t, tokenFile: tok}").with("tok", "t", 0o600),
            Setup::user("{token: t, tokenFile: tok}").flag("--token=t"),
        ),
        (
            "readable-token-file",
            Setup::user("{tokenFile: tok}").with("tok", "t", 0o644),
            Setup::user("{tokenFile: tok}").with("tok", "t", 0o400),
        ),
        (
            "empty-credential",
            Setup::user("{tokenFile: tok}").with("tok", "\n", 0o600),
            Setup::user("{tokenFile: tok}").with("tok", "\nt\n", 0o600),
        ),
        ("bad-header-text", Setup::user("{token: \"a\\nb\"}"), Setup::user("{token: 'a b'}")),
        (
            "differs-from-kubectl",
            Setup::user("{tokenFile: tok}").flag("--token=t"),
            Setup::user("{token: tok}").flag("--token=t"),
        ),
        (
            "certificate-beside-token",
            Setup::user(CERTIFICATE).pair(&good).flag("--token=t"),
            Setup::user(CERTIFICATE).pair(&good),
        ),
        (
            "several-methods",
            Setup::user("{token: t, username: u}"),
            Setup::user("{username: u, password: p}"),
        ),
        ("password-without-username", Setup::user("{password: p}"), Setup::user("{username: u}")),
        (
            "impersonation-without-user",
            Setup::user("{as-uid: '1'}"),
            Setup::user("{as: ann, as-uid: '1'}"),
        ),
    ]
}
