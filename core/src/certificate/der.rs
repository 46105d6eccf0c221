//! Certificates and keys in DER, for the TLS library of a host.

use super::key::PrivateKey;
use crate::content::ContentProblem;
use crate::pem;
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

/// The certificates of a PEM file in DER, in their order; none of them is parsed.
///
/// ```
/// use kubecred_core::certificate;
///
/// let pem = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
/// assert!(certificate::chain(pem).eq([vec![0x30, 0]]));
/// ```
pub fn chain(pem: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    super::certificates(pem).map(|block| block.der.to_vec())
}

/// A private key in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPem {
    /// How the DER is structured, whatever the PEM label says.
    pub format: KeyFormat,
    /// The key.
    pub der: Secret,
    /// What kind of key it is, for messages: `an RSA key of 1024 bits`.
    pub kind: String,
}

/// The structure of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host has to handle each")]
pub enum KeyFormat {
    /// `RSAPrivateKey` (RFC 8017).
    Pkcs1,
    /// `OneAsymmetricKey` (RFC 5958).
    Pkcs8,
    /// `ECPrivateKey` (RFC 5915).
    Sec1,
}

/// The first private key of a PEM file. Its format is found in the DER: tools write
/// `BEGIN PRIVATE KEY` around PKCS #1, and `BEGIN RSA PRIVATE KEY` around PKCS #8 (UA-34).
///
/// # Errors
/// [`ContentProblem::BadKey`] without one, or if it cannot be parsed; an encrypted key cannot.
pub fn private_key(pem: &[u8]) -> Result<KeyPem, ContentProblem> {
    let block = key_block(pem).ok_or(ContentProblem::BadKey)?;
    let key = PrivateKey::parse(&block.der).ok_or(ContentProblem::BadKey)?;
    let (format, kind) = (key.format, key.kind());
    Ok(KeyPem { format, der: Secret::from(block.der.to_vec()), kind })
}

/// The block that Go takes for the key: the first with such a label.
pub(super) fn key_block(pem: &[u8]) -> Option<pem::Block<'_>> {
    pem::blocks(pem)
        .find(|block| block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY"))
}
