//! A TLS configuration that outlives a rotation: each handshake asks for what holds then.

use crate::Auth;
use crate::net::tls::{self, TlsError, Trust, certified_key};
use arc_swap::ArcSwapOption;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// A rustls configuration that follows a profile: each handshake presents the client certificate,
/// and trusts the roots, of that moment. For clients of one's own; [`Client`](crate::Client) has
/// it built in.
///
/// It fetches nothing by itself: await [`Auth::credential`] before connecting. Sessions are not
/// resumed, for a resumed one would go on with the old certificate. What a rotation cannot do from
/// here is to end connections that are open: watch [`Credential::connection`](crate::Credential::connection). Nor is the
/// `tls-server-name` of the profile part of it: use [`server_name`](crate::tls::server_name).
///
/// # Errors
/// When there is no cryptography to do it with.
pub fn rustls_config(auth: &Auth) -> Result<ClientConfig, TlsError> {
    let provider = auth.crypto_provider()?;
    let skip = auth.profile().cluster.insecure_skip_tls_verify;
    let current = Arc::new(Current::new(auth.clone(), Arc::clone(&provider), skip));
    let mut config = tls::builder(&provider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&current) as _)
        .with_client_cert_resolver(current);
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Verifies servers and presents certificates by what an [`Auth`] holds now.
struct Current {
    auth: Auth,
    provider: Arc<CryptoProvider>,
    skip_verify: bool,
    made: ArcSwapOption<Made>,
}

/// What was made of the credential with this number.
struct Made {
    connection: u64,
    trust: Trust,
    identity: Option<Arc<CertifiedKey>>,
}

impl Current {
    fn new(auth: Auth, provider: Arc<CryptoProvider>, skip_verify: bool) -> Self {
        Self { auth, provider, skip_verify, made: ArcSwapOption::empty() }
    }

    /// `None` before the first credential.
    fn made(&self) -> Result<Option<Arc<Made>>, Error> {
        let made = self.made.load_full();
        // While there is none, a handshake goes on with the last: its request was told the same.
        let Some(credential) = self.auth.peek() else { return Ok(made) };
        if made.as_ref().is_some_and(|made| made.connection == credential.connection()) {
            return Ok(made);
        }
        let general = |error: TlsError| Error::General(error.to_string());
        let trust = match self.skip_verify {
            true => Trust::dangerously_anybody(&self.provider),
            false => Trust::new(credential.roots(), &self.provider).map_err(general)?,
        };
        let identity =
            credential.identity().map(|identity| certified_key(identity, &self.provider));
        let identity = identity.transpose().map_err(general)?.map(Arc::new);
        let connection = credential.connection();
        let made = Arc::new(Made { connection, trust, identity });
        self.made.store(Some(Arc::clone(&made)));
        Ok(Some(made))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl ResolvesClientCert for Current {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.made().ok()??.identity.clone()
    }

    fn has_certs(&self) -> bool {
        true // perhaps; asked when a configuration is made
    }
}

impl ServerCertVerifier for Current {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.made()? {
            Some(made) => made.trust.verify_server_cert(leaf, intermediates, name, ocsp, now),
            None => Err(Error::General("there is no credential yet".to_owned())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
