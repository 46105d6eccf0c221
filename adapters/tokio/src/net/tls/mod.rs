//! TLS as a profile wants it: whom to trust, what to present, in rustls's terms.

mod anchor;
mod critical;
mod failure;
mod raw_key;
mod trust;

#[cfg(feature = "explain")]
pub(crate) use anchor::UnusableAnchor;
pub(crate) use failure::find as find_failure;
pub use failure::{TlsFailure, TlsFailureKind};
use kubecred_core::certificate::{self, KeyFormat};
use kubecred_core::{Identity, redact};
use rustls::ClientConfig;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::net::IpAddr;
use std::sync::Arc;
pub(crate) use trust::Trust;

/// Why TLS cannot be set up. Holds nothing of what it speaks of.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The client certificate or its key is not for TLS.
    #[error("the client certificate cannot be used: {0}")]
    Identity(String),
    /// No cryptography was chosen: see
    /// [`Builder::crypto_provider`](crate::Builder::crypto_provider).
    #[error(
        "no cryptography for TLS: built without the features \"aws-lc-rs\" and \"ring\", and none was given"
    )]
    NoProvider,
    /// The certificate authorities are not.
    #[error("the certificate authorities cannot be used: {0}")]
    Roots(String),
    /// This is neither a host name nor an IP address.
    #[error("{0:?} is not a server name for TLS")]
    ServerName(String),
}

/// The name to ask a server for and to verify: the profile's `tls-server-name`, or the host of the
/// server (UA-30). An IPv4-mapped address of IPv6 is the IPv4 address, as in Go.
///
/// # Errors
/// When that is no name for TLS.
pub fn server_name(name: Option<&str>, host: &str) -> Result<ServerName<'static>, TlsError> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or(host);
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.to_canonical().into()));
    }
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::ServerName(redact::url(name)))
}

/// The `tls-server-name`, if there is one.
pub(crate) fn given_name(name: Option<&str>) -> Result<Option<ServerName<'static>>, TlsError> {
    name.filter(|name| !name.is_empty()).map(|name| server_name(None, name)).transpose()
}

/// The configuration for connections with just this credential.
pub(crate) fn fixed(
    trust: Trust,
    identity: Option<&Identity>,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsError> {
    let config = builder(provider)?.dangerous().with_custom_certificate_verifier(Arc::new(trust));
    Ok(match identity {
        Some(identity) => config.with_client_cert_resolver(present(identity, provider)?),
        None => config.with_no_client_auth(),
    })
}

/// A client certificate as rustls presents it.
fn present(
    identity: &Identity,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, TlsError> {
    Ok(Arc::new(SingleCertAndKey::from(certified_key(identity, provider)?)))
}

/// The certificate may be of any version of X.509, and the key under any label (UA-34).
pub(crate) fn certified_key(
    identity: &Identity,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let (pem, key) = (identity.certificate.expose(), identity.key.expose());
    let unusable = |problem| TlsError::Identity(format!("it {problem}"));
    certificate::check_pair(pem, key).map_err(unusable)?;
    let chain = certificate::chain(pem).map(CertificateDer::from).collect();
    let key = certificate::private_key(key).map_err(unusable)?;
    let der = key.der.expose().to_vec();
    let der = match key.format {
        KeyFormat::Pkcs1 => PrivateKeyDer::Pkcs1(der.into()),
        KeyFormat::Pkcs8 => PrivateKeyDer::Pkcs8(der.into()),
        KeyFormat::Sec1 => PrivateKeyDer::Sec1(der.into()),
    };
    let signing = provider.key_provider.load_private_key(der).map_err(|_| {
        TlsError::Identity(format!("its key is {}, which is not supported", key.kind))
    })?;
    Ok(CertifiedKey::new(chain, signing))
}

/// TLS 1.2 and later (UA-34).
pub(crate) fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TlsError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::NoProvider)
}

/// The cryptography to use: the given one, that of the process, or what this was built with.
pub(crate) fn provider(
    given: Option<&Arc<CryptoProvider>>,
) -> Result<Arc<CryptoProvider>, TlsError> {
    if let Some(provider) = given.cloned().or_else(|| CryptoProvider::get_default().cloned()) {
        return Ok(provider);
    }
    #[cfg(feature = "aws-lc-rs")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
    Err(TlsError::NoProvider)
}
