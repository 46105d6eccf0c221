//! Whether to believe a server.

use super::TlsError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Whom to believe.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    whom: Whom,
    provider: Arc<CryptoProvider>,
}

#[derive(Clone, Debug)]
enum Whom {
    Anybody,
    Either(Box<(Self, Self)>),
    Nobody,
    Roots { verifier: Arc<WebPkiServerVerifier>, roots: Vec<CertificateDer<'static>> },
    System(Arc<rustls_platform_verifier::Verifier>),
}

impl Trust {
    /// These PEM roots and no others (UA-32), nobody if it is empty (UA-33); those of the system
    /// if there are none.
    pub(crate) fn new(
        roots: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::clone(provider);
        let whom = match roots {
            Some([]) => Whom::Nobody,
            Some(pem) => Whom::roots(pem, &provider)?,
            None => Whom::system(&provider)?,
        };
        Ok(Self { whom, provider })
    }

    /// Anybody who answers: `insecure-skip-tls-verify`.
    pub(crate) fn dangerously_anybody(provider: &Arc<CryptoProvider>) -> Self {
        Self { whom: Whom::Anybody, provider: Arc::clone(provider) }
    }

    /// These roots, or else those of the system, if there are any: for a proxy on the way.
    pub(crate) fn with_system(
        roots: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let given = Self::new(roots, provider)?;
        Ok(match (roots, Whom::system(provider)) {
            (Some(_), Ok(system)) => {
                Self { whom: Whom::Either(Box::new((given.whom, system))), ..given }
            }
            _ => given,
        })
    }
}

impl Whom {
    fn roots(pem: &[u8], provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        // As client-go's pool does: what is not a certificate is passed over.
        let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
        let mut store = RootCertStore::empty();
        let (usable, _) = store.add_parsable_certificates(roots.iter().cloned());
        if usable == 0 {
            return Err(TlsError::Roots("none of them can be parsed".to_owned()));
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                .build()
                .map_err(|error| TlsError::Roots(error.to_string()))?;
        Ok(Self::Roots { verifier, roots })
    }

    fn system(provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        match verifier {
            Ok(verifier) => Ok(Self::System(Arc::new(verifier))),
            Err(error) => Err(TlsError::Roots(error.to_string())),
        }
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self {
            Self::Anybody => Ok(ServerCertVerified::assertion()),
            Self::Nobody => Err(CertificateError::UnknownIssuer.into()),
            Self::Either(both) => both
                .0
                .verify(leaf, intermediates, name, ocsp, now)
                .or_else(|_| both.1.verify(leaf, intermediates, name, ocsp, now)),
            Self::System(verifier) => {
                verifier.verify_server_cert(leaf, intermediates, name, ocsp, now)
            }
            Self::Roots { verifier, roots } => {
                let verified = verifier.verify_server_cert(leaf, intermediates, name, ocsp, now);
                match verified {
                    // Go takes a certificate that is trusted itself, and clusters are set up so.
                    // webpki looks for an authority above it, which it may find by its name alone,
                    // or refuses an authority as a server; where only that is against it.
                    Err(Error::InvalidCertificate(
                        CertificateError::UnknownIssuer
                        | CertificateError::BadSignature
                        | CertificateError::Other(_),
                    )) if roots.contains(leaf) => {
                        verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
                        Ok(ServerCertVerified::assertion())
                    }
                    verified => verified,
                }
            }
        }
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.whom.verify(leaf, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(all(test, feature = "ring"))]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    fn self_signed(name: &str) -> (String, CertificateDer<'static>) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        (certificate.pem(), certificate.der().clone())
    }

    fn verify(roots: &str, leaf: &CertificateDer<'_>, name: &str) -> Result<(), Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = Trust::new(Some(roots.as_bytes()), &provider).unwrap();
        let name = super::super::server_name(None, name).unwrap();
        trust.verify_server_cert(leaf, &[], &name, &[], UnixTime::now()).map(drop)
    }

    #[test]
    fn a_server_certificate_that_is_its_own_authority_is_believed_if_it_is_trusted() {
        let (pem, leaf) = self_signed("api.internal");
        verify(&pem, &leaf, "api.internal").unwrap();
        assert!(verify(&pem, &leaf, "other.internal").is_err(), "its names count");
        let (other, _) = self_signed("api.internal");
        assert!(verify(&other, &leaf, "api.internal").is_err());
        assert!(verify("", &leaf, "api.internal").is_err());
    }

    #[test]
    fn a_server_certificate_that_is_trusted_itself_needs_no_authority() {
        let subject = |name: &str, year| {
            let mut params = CertificateParams::new(["api.internal".to_owned()]).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            params
        };
        // An issuer may have the same name as what it issues.
        for issuer in ["issuer", "server"] {
            let issuer = rcgen::Issuer::new(subject(issuer, 2999), KeyPair::generate().unwrap());
            let leaf = |year| {
                let key = KeyPair::generate().unwrap();
                let leaf = subject("server", year).signed_by(&key, &issuer).unwrap();
                (leaf.pem(), leaf.der().clone())
            };
            let (pem, good) = leaf(2999);
            verify(&pem, &good, "api.internal").unwrap();
            assert!(verify(&pem, &good, "other.internal").is_err(), "its names count");
            let (other, expired) = leaf(2001);
            assert!(verify(&other, &expired, "api.internal").is_err(), "its dates count");
            assert!(verify(&other, &good, "api.internal").is_err(), "another is another");
        }
    }

    #[test]
    fn ua_32_what_is_no_certificate_is_passed_over_but_one_must_be() {
        let (pem, leaf) = self_signed("api.internal");
        let some = format!("{pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        verify(&some, &leaf, "api.internal").unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        assert!(Trust::new(Some(b"no PEM"), &provider).is_err());
    }
}
