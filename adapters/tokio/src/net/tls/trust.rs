//! Whether to believe a server.

use super::TlsError;
#[cfg(feature = "explain")]
use super::anchor::UnusableAnchor;
use super::anchor::{Anchor, Flaw};
use super::raw_key::{self, Parts};
use kubecred_core::certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

/// Whom to believe.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    verifier: Verifier,
    provider: Arc<CryptoProvider>,
}

#[derive(Clone, Debug)]
enum Verifier {
    Anybody,
    Either(Box<(Self, Self)>),
    Nobody,
    Roots(Arc<[Anchor]>),
    System(Arc<rustls_platform_verifier::Verifier>),
}

/// What a server shows, when, and by which name.
#[derive(Clone, Copy)]
struct Shown<'a> {
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    ocsp: &'a [u8],
    now: UnixTime,
}

impl Trust {
    /// These PEM roots and no others (UA-32), nobody if it is empty (UA-33); those of the system
    /// if there are none.
    pub(crate) fn new(
        roots: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::clone(provider);
        let verifier = match roots {
            Some([]) => Verifier::Nobody,
            Some(pem) => Verifier::roots(pem)?,
            None => Verifier::system(&provider)?,
        };
        Ok(Self { verifier, provider })
    }

    /// Anybody who answers: `insecure-skip-tls-verify`.
    pub(crate) fn dangerously_anybody(provider: &Arc<CryptoProvider>) -> Self {
        Self { verifier: Verifier::Anybody, provider: Arc::clone(provider) }
    }

    /// These roots, or else those of the system, if there are any: for a proxy on the way, and where
    /// it is asked for.
    pub(crate) fn with_system(
        roots: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let given = Self::new(roots, provider)?;
        Ok(match (roots, Verifier::system(provider)) {
            (Some(_), Ok(system)) => {
                Self { verifier: Verifier::Either(Box::new((given.verifier, system))), ..given }
            }
            _ => given,
        })
    }

    /// What is wrong with the given roots, if any, at this time: each that vouches for no server,
    /// and how many they are.
    #[cfg(feature = "explain")]
    pub(crate) fn unusable(&self, now: UnixTime) -> (Vec<UnusableAnchor>, usize) {
        match &self.verifier {
            Verifier::Roots(anchors) => {
                let unusable = anchors.iter().filter_map(|anchor| anchor.unusable(now));
                (unusable.collect(), anchors.len())
            }
            _ => (Vec::new(), 0),
        }
    }

    fn believes_anybody(&self) -> bool {
        matches!(self.verifier, Verifier::Anybody)
    }
}

impl Verifier {
    fn roots(pem: &[u8]) -> Result<Self, TlsError> {
        // As client-go's pool does: what is not a certificate is passed over.
        let roots: Arc<[_]> =
            certificate::chain(pem).filter_map(|der| Anchor::new(der.into())).collect();
        match roots.is_empty() {
            true => Err(TlsError::Roots("none of them can be parsed".to_owned())),
            false => Ok(Self::Roots(roots)),
        }
    }

    fn system(provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        match verifier {
            Ok(verifier) => Ok(Self::System(Arc::new(verifier))),
            Err(error) => Err(TlsError::Roots(super::TlsFailure::from(&error).to_string())),
        }
    }

    fn verify(&self, shown: Shown<'_>, provider: &CryptoProvider) -> Result<(), Error> {
        match self {
            Self::Anybody => Ok(()),
            Self::Nobody => Err(CertificateError::UnknownIssuer.into()),
            Self::Either(both) => {
                both.0.verify(shown, provider).or_else(|_| both.1.verify(shown, provider))
            }
            Self::System(verifier) => {
                let Shown { leaf, intermediates, name, ocsp, now } = shown;
                verifier.verify_server_cert(leaf, intermediates, name, ocsp, now).map(drop)
            }
            Self::Roots(anchors) => {
                let parsed = ParsedCertificate::try_from(shown.leaf)?;
                path(anchors, &parsed, shown, provider)?;
                verify_server_name(&parsed, shown.name)
            }
        }
    }
}

/// Whether there is a path from the server's certificate to an anchor that may vouch for it.
fn path(
    anchors: &[Anchor],
    leaf: &ParsedCertificate<'_>,
    shown: Shown<'_>,
    provider: &CryptoProvider,
) -> Result<(), Error> {
    // Go takes a certificate that is trusted itself, whatever else it is, and clusters are set up so.
    if anchors.iter().any(|anchor| anchor.certificate == *shown.leaf) {
        return for_servers_today(shown);
    }
    let (usable, flawed): (Vec<&Anchor>, Vec<_>) =
        anchors.iter().partition(|anchor| anchor.flaw(shown.now).is_none());
    let Err(error) = by_any(&usable, leaf, shown, provider) else { return Ok(()) };
    // Which one would have done says more than that none did.
    let would = |anchor: &&&Anchor| by_any(&[**anchor], leaf, shown, provider).is_ok();
    let flaw = flawed.iter().find(would).and_then(|anchor| anchor.unusable(shown.now));
    Err(flaw.map_or(error, |flaw| CertificateError::Other(OtherError(Arc::new(flaw))).into()))
}

/// An IPv4 address in the form of IPv6, which a certificate may have it in.
fn mapped(name: &ServerName<'_>) -> Option<ServerName<'static>> {
    let ServerName::IpAddress(address) = name else { return None };
    match IpAddr::from(*address) {
        IpAddr::V4(address) => {
            Some(ServerName::IpAddress(IpAddr::V6(address.to_ipv6_mapped()).into()))
        }
        IpAddr::V6(_) => None,
    }
}

/// Whether the certificate is good, and for another name.
fn is_of_name(error: &Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}

fn other(problem: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(problem))).into()
}

/// Whether one of these anchors vouches for the server's certificate.
fn by_any(
    anchors: &[&Anchor],
    leaf: &ParsedCertificate<'_>,
    shown: Shown<'_>,
    provider: &CryptoProvider,
) -> Result<(), Error> {
    let known = provider.signature_verification_algorithms.all;
    let store: Vec<TrustAnchor<'_>> = anchors.iter().map(|one| one.anchor.clone()).collect();
    let Shown { intermediates, now, .. } = shown;
    if is_path_within_limits(anchors, &store, shown, known) {
        return Ok(());
    }
    // The same once more, for its error.
    let store = RootCertStore { roots: store };
    let found = verify_server_cert_signed_by_trust_anchor(leaf, &store, intermediates, now, known);
    let too_long = || other(webpki::Error::PathLenConstraintViolated);
    let error = found.err().unwrap_or_else(too_long);
    // Go asks of no server's certificate that it is none of an authority; webpki does, but only for
    // what an anchor signed itself is this looked at without it.
    if anchors.iter().any(|anchor| is_authority_signed_by(anchor, shown, provider)) {
        return for_servers_today(shown);
    }
    Err(error)
}

/// Whether one of the anchors vouches for the server's certificate, with no more authorities between
/// them than it allows.
fn is_path_within_limits(
    anchors: &[&Anchor],
    store: &[TrustAnchor<'_>],
    shown: Shown<'_>,
    known: &[&dyn SignatureVerificationAlgorithm],
) -> bool {
    let Ok(leaf) = EndEntityCert::try_from(shown.leaf) else { return false };
    let few = |path: &VerifiedPath<'_>| {
        let between = path.intermediate_certificates().count();
        // There may be several with the same name and key.
        let same = anchors.iter().filter(|anchor| anchor.anchor == *path.anchor());
        let mut limits = same.map(|anchor| anchor.path_length.map_or(usize::MAX, usize::from));
        let allowed = limits.any(|most| between <= most);
        if allowed { Ok(()) } else { Err(webpki::Error::PathLenConstraintViolated) }
    };
    let Shown { intermediates, now, .. } = shown;
    leaf.verify_for_usage(known, store, intermediates, now, ForServers, None, Some(&few)).is_ok()
}

/// Certificates for servers, or for anything, which Go takes as well.
struct ForServers;

impl ExtendedKeyUsageValidator for ForServers {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        const SERVER: [usize; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 1];
        const ANY: [usize; 5] = [2, 5, 29, 37, 0];
        let mut none = true;
        for purpose in purposes {
            let purpose = purpose?.to_decoded_oid();
            if purpose == SERVER || purpose == ANY {
                return Ok(());
            }
            none = false;
        }
        if none { Ok(()) } else { Err(webpki::Error::UnknownIssuer) }
    }
}

/// Whether the server's certificate is one of an authority, and an anchor signed it.
fn is_authority_signed_by(anchor: &Anchor, shown: Shown<'_>, provider: &CryptoProvider) -> bool {
    let known = &provider.signature_verification_algorithms;
    let parts = Parts::of(shown.leaf).ok().zip(Parts::of(&anchor.certificate).ok());
    anchor.anchor.name_constraints.is_none()
        && Anchor::new(shown.leaf.clone().into_owned()).is_some_and(|leaf| leaf.is_authority)
        && parts.is_some_and(|(leaf, anchor)| {
            leaf.issuer == anchor.subject && leaf.is_signed_by(anchor.key, known)
        })
}

/// Whether the server's certificate is for servers, and its dates are good.
fn for_servers_today(shown: Shown<'_>) -> Result<(), Error> {
    let Shown { leaf, now: time, .. } = shown;
    let leaf = Anchor::new(leaf.clone().into_owned()).ok_or(CertificateError::BadEncoding)?;
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    Err(match leaf.flaw_as_server(time) {
        None | Some(Flaw::NoAuthority) => return Ok(()),
        Some(Flaw::Expired(end)) => CertificateError::ExpiredContext { time, not_after: at(end) },
        Some(Flaw::NotYet(begin)) => {
            CertificateError::NotValidYetContext { time, not_before: at(begin) }
        }
        Some(Flaw::NotUnderstood(_)) => CertificateError::UnhandledCriticalExtension,
        Some(Flaw::NotForServers) => CertificateError::InvalidPurpose,
    }
    .into())
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
        let shown = Shown { leaf, intermediates, name, ocsp, now };
        let verified = self.verifier.verify(shown, &self.provider);
        let other = mapped(name).filter(|_| verified.as_ref().is_err_and(is_of_name));
        if let Some(name) = &other
            && self.verifier.verify(Shown { name, ..shown }, &self.provider).is_ok()
        {
            return Ok(ServerCertVerified::assertion());
        }
        verified.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        match self.believes_anybody() {
            true => raw_key::verify_tls12(message, leaf, signed, known),
            false => verify_tls12_signature(message, leaf, signed, known),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        match self.believes_anybody() {
            true => raw_key::verify_tls13(message, leaf, signed, known),
            false => verify_tls13_signature(message, leaf, signed, known),
        }
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
