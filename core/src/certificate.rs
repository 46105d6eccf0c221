//! What PEM certificates and keys say of themselves: when they end, and whether they belong
//! together. Nothing is verified; that is the TLS library's part.

use crate::content::ContentProblem;
use crate::pem;
use crate::time::UnixTime;
use leaf::Certificate;
use x509_cert::time::Validity;

mod der;
mod key;
mod leaf;

pub use der::{KeyFormat, KeyPem, chain, private_key};

/// The most certificates looked at in one file. A system's whole bundle has some 150.
const MOST: usize = 1000;

/// When the first certificate of a chain ends; `None` if it says that it never does
/// (`99991231235959Z`, RFC 5280 4.1.2.5).
///
/// # Errors
/// [`ContentProblem::NoPem`] without a certificate, [`ContentProblem::BadCertificate`] if the first
/// one cannot be parsed.
pub fn not_after(pem: &[u8]) -> Result<Option<UnixTime>, ContentProblem> {
    leaf(pem, |leaf| end(&leaf.validity))
}

/// When the first certificate of a chain begins.
///
/// # Errors
/// As [`not_after`].
pub fn not_before(pem: &[u8]) -> Result<UnixTime, ContentProblem> {
    leaf(pem, |leaf| begin(&leaf.validity))
}

/// From when to when each certificate of a file is good, as [`not_before`] and [`not_after`] have it.
/// Those that cannot be parsed are left out.
pub fn validities(pem: &[u8]) -> impl Iterator<Item = (UnixTime, Option<UnixTime>)> {
    certificates(pem).take(MOST).filter_map(|block| {
        let certificate = Certificate::parse(&block.der).ok()?;
        Some((begin(&certificate.validity), end(&certificate.validity)))
    })
}

/// Whether the first certificate of a chain and a private key belong together (UA-34, EX-55).
///
/// No cryptography is done: the key's own note of its public half is compared with the
/// certificate. A key without such a note (Ed25519 as most tools write it; an elliptic curve key
/// that leaves the optional field out) passes if it is of the same kind.
///
/// # Errors
/// [`ContentProblem::NoPem`] and [`ContentProblem::BadCertificate`] speak of the certificate,
/// [`ContentProblem::BadKey`] of the key, [`ContentProblem::PairMismatch`] of both.
pub fn check_pair(certificate_pem: &[u8], key_pem: &[u8]) -> Result<(), ContentProblem> {
    leaf(certificate_pem, |leaf| {
        let block = der::key_block(key_pem).ok_or(ContentProblem::BadKey)?;
        let key = key::PrivateKey::parse(&block.der).ok_or(ContentProblem::BadKey)?;
        match key.belongs_to(&leaf.key) {
            true => Ok(()),
            false => Err(ContentProblem::PairMismatch),
        }
    })?
}

/// Whether a CA file can be used: it holds at least one certificate (UA-32), or nothing at all, which
/// trusts no server (UA-33). What else it holds does not matter. Of a certificate only its frame, its
/// times and its key are parsed; a host's TLS library parses the rest, and trusts what it can parse.
///
/// # Errors
/// [`ContentProblem::NoPem`] or [`ContentProblem::BadCertificate`].
pub fn check_roots(pem: &[u8]) -> Result<(), ContentProblem> {
    if pem.is_empty() {
        return Ok(());
    }
    let mut problem = ContentProblem::NoPem;
    for block in certificates(pem).filter(|block| !block.headers).take(MOST) {
        if Certificate::parse(&block.der).is_ok() {
            return Ok(());
        }
        problem = ContentProblem::BadCertificate;
    }
    Err(problem)
}

/// What the first certificate says.
fn leaf<T>(pem: &[u8], of: impl FnOnce(Certificate<'_>) -> T) -> Result<T, ContentProblem> {
    let block = certificates(pem).next().ok_or(ContentProblem::NoPem)?;
    Certificate::parse(&block.der).map(of).map_err(|_| ContentProblem::BadCertificate)
}

fn certificates(pem: &[u8]) -> impl Iterator<Item = pem::Block<'_>> {
    pem::blocks(pem).filter(|block| block.label == "CERTIFICATE")
}

fn begin(validity: &Validity) -> UnixTime {
    unix_time(validity.not_before.to_unix_duration().as_secs())
}

fn end(validity: &Validity) -> Option<UnixTime> {
    /// The last second of the year 9999.
    const NEVER: u64 = 253_402_300_799;
    let seconds = validity.not_after.to_unix_duration().as_secs();
    (seconds != NEVER).then(|| unix_time(seconds))
}

fn unix_time(seconds: u64) -> UnixTime {
    UnixTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
