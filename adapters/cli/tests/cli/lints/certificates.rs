//! Client certificates and keys.

use super::Case;
use super::setup::Setup;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubecred_loopback::{Authority, Issued};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) const CERTIFICATE: &str = "{client-certificate: crt, client-key: key}";

/// A certificate whose life begins and ends so many days from now.
pub(super) fn valid(from: i32, to: i32) -> Issued {
    let at = |days: i32| match u32::try_from(days) {
        Ok(days) => SystemTime::now() + DAY * days,
        Err(_) => SystemTime::now() - DAY * days.unsigned_abs(),
    };
    Authority::new("some").client_valid("ann", &[], at(from), at(to))
}

/// Pairs, halves of them, and when they end.
pub(super) fn of_certificates() -> Vec<Case> {
    let (good, other) = (valid(-1, 300), valid(-1, 300));
    let mixed = |key: &Issued| {
        let setup = Setup::user(CERTIFICATE).with("crt", good.certificate_pem(), 0o644);
        setup.with("key", key.key_pem(), 0o600)
    };
    let data = format!(
        "{{client-certificate-data: {}, client-key-data: {}}}",
        BASE64_STANDARD.encode(good.certificate_pem()),
        BASE64_STANDARD.encode(good.key_pem()),
    );
    vec![
        (
            "file-and-data",
            Setup::user(
                "{client-certificate: crt, client-certificate-data: aGk=, client-key: key}",
            ),
            Setup::user(CERTIFICATE).pair(&good),
        ),
        ("certificate-without-key", Setup::user("{client-certificate: crt}"), Setup::user(&data)),
        ("key-without-certificate", Setup::user("{client-key: key}"), Setup::user(&data)),
        ("unreadable-file", Setup::user(CERTIFICATE), Setup::user(CERTIFICATE).pair(&good)),
        (
            "bad-certificate",
            Setup::user(CERTIFICATE).with("crt", "x", 0o600).with("key", good.key_pem(), 0o600),
            mixed(&good),
        ),
        (
            "bad-key",
            Setup::user(CERTIFICATE).with("key", "x", 0o600).with(
                "crt",
                good.certificate_pem(),
                0o600,
            ),
            mixed(&good),
        ),
        ("certificate-key-mismatch", mixed(&other), mixed(&good)),
        (
            "expired-certificate",
            Setup::user(CERTIFICATE).pair(&valid(-300, -1)),
            Setup::user(CERTIFICATE).pair(&valid(-300, 1)),
        ),
        (
            "early-certificate",
            Setup::user(CERTIFICATE).pair(&valid(1, 300)),
            Setup::user(CERTIFICATE).pair(&valid(-1, 300)),
        ),
        (
            "certificate-ends-soon",
            Setup::user(CERTIFICATE).pair(&valid(-300, 6)),
            Setup::user(CERTIFICATE).pair(&valid(-300, 8)),
        ),
        (
            "readable-key",
            Setup::user(CERTIFICATE).with("crt", good.certificate_pem(), 0o644).with(
                "key",
                good.key_pem(),
                0o640,
            ),
            Setup::user(CERTIFICATE).pair(&good),
        ),
    ]
}
