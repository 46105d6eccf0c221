//! A certificate authority for one run of a server, and what else is made up for it.

use super::TlsError;
use super::tls::random;
use crate::clock;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kubecred_core::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// Clients whose clocks are a little slow take it too.
const BACKDATED: Duration = Duration::from_secs(5 * 60);

/// Longer than a proxy runs. It is of use while the proxy runs only: nothing else has the key.
const LIFE: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// A certificate for this run, signed by an authority whose key is forgotten at once.
pub struct OwnCertificate {
    /// The authority's certificate, which clients trust: PEM.
    pub authority: String,
    /// The server's: PEM.
    pub certificate: String,
    /// Its key: PEM.
    pub key: Secret,
}

impl OwnCertificate {
    /// For these DNS names and addresses.
    ///
    /// # Errors
    /// When one is neither, or the system has no randomness.
    pub fn generate(names: &[String]) -> Result<Self, TlsError> {
        let failed = |error: rcgen::Error| TlsError::Certificate(format!("its own ({error})"));
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params("kubecred proxy");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = params.self_signed(&key).map_err(failed)?.pem();
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().map_err(failed)?;
        let mut params = self::params("kubecred proxy server");
        let named = CertificateParams::new(names.to_vec()).map_err(failed)?;
        params.subject_alt_names = named.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?.pem();
        Ok(Self { authority, certificate, key: Secret::from(key.serialize_pem().as_str()) })
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = UNIX_EPOCH + Duration::from_millis(clock::unix_millis());
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + LIFE).into();
    params
}

/// The key is not shown.
impl fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnCertificate").finish_non_exhaustive()
    }
}

/// A token that cannot be guessed: 32 random bytes, base64url.
///
/// # Errors
/// When the system has no randomness.
pub fn random_token() -> Result<Secret, TlsError> {
    let bytes: [u8; 32] =
        random().ok_or(TlsError::Unusable(rustls::Error::FailedToGetRandomBytes))?;
    Ok(Secret::from(BASE64_URL_SAFE_NO_PAD.encode(bytes).as_str()))
}
