//! What went wrong with TLS, in words: the messages of rustls show Rust
//! (`invalid peer certificate: Other(OtherError(…))`).

use super::anchor::UnusableAnchor;
use kubecred_core::UnixTime;
use rustls::pki_types::UnixTime as TlsTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use std::fmt;
use std::io;
use std::net::IpAddr;

/// Why TLS with a server, or with a proxy, failed. `Display` gives a sentence about the other side
/// (`its certificate expired on …`) that holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    kind: TlsFailureKind,
    words: String,
}

/// What can be done about a failure depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFailureKind {
    /// No authority that is trusted vouches for the certificate.
    UnknownAuthority,
    /// The certificate is for other names.
    Name,
    /// The other side does not accept our certificate, or wants one.
    ClientCertificate,
    /// What came back is not TLS.
    NotTls,
    /// Anything else.
    Other,
}

impl TlsFailure {
    /// What can be done about it.
    #[must_use]
    pub fn kind(&self) -> TlsFailureKind {
        self.kind
    }

    /// What rustls puts into an I/O error.
    pub(crate) fn wrapped(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        let failure = inner.downcast_ref::<Self>().cloned();
        failure.or_else(|| inner.downcast_ref::<Error>().map(Self::from))
    }

    pub(crate) fn of(error: &io::Error) -> Self {
        if let Some(failure) = Self::wrapped(error) {
            return failure;
        }
        let words = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                "it closed the connection during the handshake".to_owned()
            }
            _ => error.to_string(),
        };
        Self { kind: TlsFailureKind::Other, words }
    }
}

impl std::error::Error for TlsFailure {}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<&Error> for TlsFailure {
    fn from(error: &Error) -> Self {
        use TlsFailureKind::{ClientCertificate, NotTls, Other};
        let (kind, words) = match error {
            Error::InvalidCertificate(error) => return certificate(error),
            Error::AlertReceived(alert) => match certificate_alert(*alert) {
                Some(words) => (ClientCertificate, words.to_owned()),
                None => (Other, other_alert(*alert)),
            },
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) => (NotTls, "it does not speak TLS".to_owned()),
            Error::InvalidMessage(_) => (Other, "it sent a malformed TLS message".to_owned()),
            Error::PeerIncompatible(what) => (Other, incompatible(what).to_owned()),
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::PeerSentOversizedRecord
            | Error::DecryptError => (Other, "it broke the rules of TLS".to_owned()),
            Error::NoCertificatesPresented => (Other, "it presented no certificate".to_owned()),
            Error::NoApplicationProtocol => (Other, "it speaks neither HTTP/1.1 nor HTTP/2".into()),
            Error::InconsistentKeys(_) => {
                (Other, "the private key is not the one of the certificate".to_owned())
            }
            Error::FailedToGetCurrentTime => (Other, "this machine has no clock".to_owned()),
            Error::FailedToGetRandomBytes => (Other, "this machine has no randomness".to_owned()),
            Error::General(words) => (Other, words.clone()),
            _ => (Other, "TLS failed".to_owned()),
        };
        Self { kind, words }
    }
}

/// Of an error by its causes: the one of TLS, if there is one.
pub(crate) fn find(error: &(dyn std::error::Error + 'static)) -> Option<TlsFailure> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        let failure = io.and_then(TlsFailure::wrapped);
        if let Some(failure) = failure.or_else(|| by_text(&error.to_string())) {
            return Some(failure);
        }
        // What an I/O error wraps is not its source: that is the source of what it wraps.
        cause = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// HTTP/2 keeps of an I/O error only its text. What refuses a client certificate in TLS 1.3 comes
/// after the handshake, and so by this way.
fn by_text(text: &str) -> Option<TlsFailure> {
    let words = (0..=u8::MAX).filter_map(|alert| certificate_alert(alert.into()));
    let words = { words }.find(|words| text.ends_with(words))?;
    Some(TlsFailure { kind: TlsFailureKind::ClientCertificate, words: words.to_owned() })
}

/// What is wrong with the certificate of the other side.
fn certificate(error: &CertificateError) -> TlsFailure {
    use CertificateError as E;
    let kind = match error {
        E::UnknownIssuer => TlsFailureKind::UnknownAuthority,
        E::NotValidForName | E::NotValidForNameContext { .. } => TlsFailureKind::Name,
        _ => TlsFailureKind::Other,
    };
    let words = match error {
        E::UnknownIssuer => "its certificate is signed by an unknown authority".to_owned(),
        E::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            match &presented[..] {
                [] => format!(
                    "its certificate has no names (subject alternative names), not {expected}"
                ),
                names => format!("its certificate is for {}, not for {expected}", listed(names)),
            }
        }
        E::NotValidForName => "its certificate is for another name".to_owned(),
        E::ExpiredContext { not_after, .. } => {
            format!("its certificate expired on {}", time(*not_after))
        }
        E::NotValidYetContext { not_before, time: now } => format!(
            "its certificate is not valid before {}, and here it is {}",
            time(*not_before),
            time(*now)
        ),
        E::Expired => "its certificate, or one above it, has expired".to_owned(),
        E::NotValidYet => "its certificate, or one above it, is not valid yet".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "its certificate, or one above it, is not for servers (extended key usage)".to_owned()
        }
        E::BadSignature => "a signature is wrong in the path of its certificate".to_owned(),
        E::BadEncoding => "its certificate cannot be parsed".to_owned(),
        E::UnhandledCriticalExtension => {
            "its certificate, or one above it, has a critical extension that is not understood"
                .to_owned()
        }
        E::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id, .. } => {
            format!(
                "its certificate, or one above it, is signed with {}, which is not supported",
                algorithm(signature_algorithm_id)
            )
        }
        E::Revoked => "its certificate has been revoked".to_owned(),
        E::Other(other) => other_problem(other.0.as_ref()),
        _ => "its certificate is not accepted".to_owned(),
    };
    TlsFailure { kind, words }
}

fn other_problem(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    if let Some(unusable) = error.downcast_ref::<UnusableAnchor>() {
        return unusable.to_string();
    }
    let words = match error.downcast_ref::<webpki::Error>() {
        Some(webpki::Error::CaUsedAsEndEntity) => {
            "its certificate is one of an authority (CA:TRUE), and not signed by a trusted one itself"
        }
        Some(webpki::Error::EndEntityUsedAsCa) => {
            "its certificate is signed with one that is none of an authority"
        }
        Some(webpki::Error::UnsupportedCertVersion) => {
            "its certificate is X.509 version 1 or 2, which has no names of servers"
        }
        Some(webpki::Error::NameConstraintViolation) => {
            "an authority above its certificate may not sign for its name (name constraints)"
        }
        Some(webpki::Error::UnsupportedCriticalExtension) => {
            "its certificate, or one above it, has a critical extension that is not understood"
        }
        Some(webpki::Error::PathLenConstraintViolated) => {
            "there are more authorities above its certificate than the first allows"
        }
        _ => "its certificate is malformed or breaks a rule of RFC 5280",
    };
    words.to_owned()
}

/// Names as rustls lists them: `DnsName("api.internal")`, `IpAddress(10.0.0.1)`.
fn listed(names: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let name = inner.unwrap_or(name).trim_matches('"');
        name.parse::<IpAddr>().map_or_else(|_| name.to_owned(), |address| address.to_string())
    };
    names.iter().map(bare).collect::<Vec<_>>().join(", ")
}

fn time(time: TlsTime) -> UnixTime {
    UnixTime::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// An algorithm by its identifier's bytes in DER.
fn algorithm(der: &[u8]) -> &'static str {
    const SHA1_WITH_RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
    const MD5_WITH_RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
    const SHA1_WITH_ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
    const ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    let has = |id: &[u8]| der.windows(id.len()).any(|part| part == id);
    match () {
        () if has(&SHA1_WITH_RSA) => "RSA and SHA-1",
        () if has(&MD5_WITH_RSA) => "RSA and MD5",
        () if has(&SHA1_WITH_ECDSA) => "ECDSA and SHA-1",
        () if has(&ECDSA) => "ECDSA on a curve",
        () => "an algorithm",
    }
}

/// An alert that is about our certificate.
fn certificate_alert(alert: AlertDescription) -> Option<&'static str> {
    use AlertDescription as A;
    Some(match alert {
        A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown | A::AccessDenied => {
            "it refused the client certificate"
        }
        A::CertificateRevoked => "it refused the client certificate as revoked",
        A::CertificateExpired => "it refused the client certificate as expired",
        A::UnknownCA => "it does not trust the authority of the client certificate",
        A::CertificateRequired | A::NoCertificate => "it wants a client certificate",
        A::DecryptError => "it refused the signature of the client certificate's key",
        _ => return None,
    })
}

fn other_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let words = match alert {
        A::HandshakeFailure | A::InsufficientSecurity => {
            "it supports none of the cipher suites and key exchanges offered"
        }
        A::ProtocolVersion => "it supports neither TLS 1.2 nor TLS 1.3",
        A::UnrecognisedName => "it does not know the server name it was asked for",
        A::NoApplicationProtocol => "it speaks neither HTTP/1.1 nor HTTP/2",
        A::InternalError => "it reports an internal error (TLS alert)",
        alert => return format!("it ended TLS with alert {}", u8::from(alert)),
    };
    words.to_owned()
}

/// What the other side offers and this one does not take.
fn incompatible(what: &PeerIncompatible) -> &'static str {
    use PeerIncompatible as P;
    match what {
        P::NoCipherSuitesInCommon => {
            "it offers only cipher suites that are not supported (CBC, RSA key exchange)"
        }
        P::NoKxGroupsInCommon => "it offers only key exchanges that are not supported",
        P::ServerDoesNotSupportTls12Or13
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled
        | P::ServerTlsVersionIsDisabledByOurConfig => "it supports neither TLS 1.2 nor TLS 1.3",
        P::NoSignatureSchemesInCommon | P::NoCertificateRequestSignatureSchemesInCommon => {
            "it accepts no signature that the client certificate's key can make"
        }
        _ => "it does not support what TLS needs here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::ServerName;

    #[test]
    fn names_of_a_certificate_are_listed_bare() {
        let error = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("other.internal").unwrap(),
            presented: vec![r#"DnsName("api.internal")"#.into(), "IpAddress(10.0.0.1)".into()],
        };
        let failure = TlsFailure::from(&Error::from(error));
        let words = "its certificate is for api.internal, 10.0.0.1, not for other.internal";
        assert_eq!((failure.kind(), failure.to_string()), (TlsFailureKind::Name, words.to_owned()));
    }

    #[test]
    fn a_failure_is_found_where_it_is_wrapped() {
        let wrapped = io::Error::other(Error::AlertReceived(AlertDescription::CertificateRequired));
        let outer = io::Error::other(wrapped);
        assert_eq!(find(&outer).unwrap().to_string(), "it wants a client certificate");
        assert!(find(&io::Error::other("x")).is_none());
        let text = io::Error::other("connection error: it wants a client certificate");
        assert_eq!(find(&text).unwrap().kind(), TlsFailureKind::ClientCertificate);
    }
}
