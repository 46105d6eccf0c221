//! TLS of a server: its certificate, which may be replaced, and those of its clients.

use arc_swap::ArcSwap;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Files are looked at this often for another certificate.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why a server has no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path:?}: {error}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// There is no certificate in what should be one.
    #[error("{0} is not a certificate in PEM")]
    Certificate(String),
    /// There is no key in what should be one.
    #[error("{0} is not a private key in PEM")]
    Key(String),
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("the certificate of the server cannot be used: {0}")]
    Unusable(rustls::Error),
    /// The authorities of client certificates cannot be used.
    #[error("the authorities of client certificates cannot be used: {0}")]
    ClientAuthorities(String),
}

/// TLS of a server. A clone is the same: what one reloads, all present.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    config: ArcSwap<ServerConfig>,
    files: Option<Files>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// With a certificate, followed by those that lead to its root, and its key.
    ///
    /// # Errors
    /// When they are not PEM, or do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let config = config(certificate, key, ["the certificate", "the key"], None)?;
        Ok(Self(Arc::new(Inner { config: ArcSwap::new(config), files: None, clients: None })))
    }

    /// With certificate and key from files, which are read again by [`Tls::reload`]. Client
    /// certificates are verified against `client_authorities` (PEM), if there are any; a client
    /// without one is served too, and the service decides.
    ///
    /// # Errors
    /// When they cannot be read, are not PEM, or do not belong together.
    pub fn from_files(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        client_authorities: Option<&[u8]>,
    ) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.into(), key: key.into() };
        let clients = client_authorities.map(verifier).transpose()?;
        let config = files.read(clients.clone())?;
        Ok(Self(Arc::new(Inner { config: ArcSwap::new(config), files: Some(files), clients })))
    }

    /// Reads the files again. New connections get what is in them; those that are open go on.
    ///
    /// # Errors
    /// When they cannot be used. Then what was read before stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let Some(files) = &self.0.files else { return Ok(()) };
        self.0.config.store(files.read(self.0.clients.clone())?);
        Ok(())
    }

    /// Reloads whenever the files change, for ever; tells what came of it.
    pub async fn follow(&self, told: impl Fn(Result<(), TlsError>)) {
        let Some(files) = &self.0.files else { return std::future::pending().await };
        let mut known = files.contents().await;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let found = files.contents().await;
            if found != known {
                let outcome = self.reload();
                // Of two files that are being replaced, one may be new already: look again.
                if outcome.is_ok() {
                    known = found;
                }
                told(outcome);
            }
        }
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.0.config.load_full()
    }
}

impl Files {
    fn read(
        &self,
        clients: Option<Arc<dyn ClientCertVerifier>>,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
        };
        let names = [&self.certificate, &self.key].map(|path| format!("{path:?}"));
        let [certificate, key] = &names;
        config(&read(&self.certificate)?, &read(&self.key)?, [certificate, key], clients)
    }

    async fn contents(&self) -> [Option<Vec<u8>>; 2] {
        [tokio::fs::read(&self.certificate).await.ok(), tokio::fs::read(&self.key).await.ok()]
    }
}

fn config(
    certificate: &[u8],
    key: &[u8],
    [certificate_name, key_name]: [&str; 2],
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(certificate)
        .ok_or_else(|| TlsError::Certificate(certificate_name.to_owned()))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key(key_name.to_owned()))?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty())
}

fn verifier(authorities: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unusable = |error: &dyn fmt::Display| TlsError::ClientAuthorities(error.to_string());
    let found = certificates(authorities).ok_or_else(|| unusable(&"they are not PEM"))?;
    let mut roots = RootCertStore::empty();
    for authority in found {
        roots.add(authority).map_err(|error| unusable(&error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    builder.allow_unauthenticated().build().map_err(|error| unusable(&error))
}

/// Bytes that cannot be guessed; `None`: the system has none.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    provider().secure_random.fill(&mut bytes).is_ok().then_some(bytes)
}

pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.0.files.as_ref().map(|files| &files.certificate))
            .field("verifies_clients", &self.0.clients.is_some())
            .finish_non_exhaustive()
    }
}
