//! The server's side of TLS: one certificate to present, and a question for the client's.

use crate::pki::{Authority, Issued};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use std::sync::Arc;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

/// Settings for a server that presents `identity` and offers `protocols` by ALPN.
///
/// With `ask_for_client` any client certificate is let through the handshake, whoever issued it, once the client has
/// proved that it holds the key; [`ClientCheck`] judges it afterwards. Sessions are never resumed, so every connection
/// shows what its client presents today.
pub(crate) fn server_config(
    identity: &Issued,
    protocols: &[&[u8]],
    ask_for_client: bool,
) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    // Whether it fits is for clients to say: a server may present what its own library cannot parse.
    let key = provider.key_provider.load_private_key(identity.key_der());
    let key = key.expect("a key that can sign");
    let presented = SingleCertAndKey::from(CertifiedKey::new(identity.chain().to_vec(), key));
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("AWS-LC has the suites of TLS 1.2 and 1.3");
    let builder = if ask_for_client {
        builder.with_client_cert_verifier(Arc::new(AnyClient { algorithms }))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(presented));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// Whether a client's certificate was issued by an authority, for a client.
#[derive(Clone, Debug)]
pub(crate) struct ClientCheck {
    verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientCheck {
    pub(crate) fn new(authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(authority.certificate_der().clone())
            .expect("an authority's certificate is a root");
        let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Self { verifier: verifier.expect("there is a root") }
    }

    /// Whether the path from the chain's first certificate reaches the authority at `time`.
    pub(crate) fn trusts(&self, chain: &[CertificateDer<'_>], time: UnixTime) -> bool {
        let Some((leaf, path)) = chain.split_first() else { return false };
        self.verifier.verify_client_cert(leaf, path, time).is_ok()
    }
}

/// Asks for a client certificate, hints at no issuer, insists on none, and takes any whose key the client holds.
#[derive(Debug)]
struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _path: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the key alone: a client may present what this library cannot parse.
        let parsed = Certificate::from_der(certificate).ok();
        let key = parsed.and_then(|c| c.tbs_certificate().subject_public_key_info().to_der().ok());
        let key = SubjectPublicKeyInfoDer::from(key.ok_or(CertificateError::BadEncoding)?);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
