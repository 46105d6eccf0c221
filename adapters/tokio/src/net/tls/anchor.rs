//! A certificate that was given as one to trust, and what it may vouch for.
//!
//! webpki takes of an anchor its name and key and believes the rest; Go looks at it as it looks at
//! every certificate of a path (UA-32), and so does this: dates, CA flag, usages, critical extensions,
//! length of the path.

use super::critical;
use kubecred_core::UnixTime as Time;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::fmt;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::{rfc5280::ANY_EXTENDED_KEY_USAGE, rfc5280::ID_KP_SERVER_AUTH};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

/// One of the certificates of a CA bundle.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    pub(super) certificate: CertificateDer<'static>,
    /// As webpki takes it.
    pub(super) anchor: TrustAnchor<'static>,
    subject: String,
    not_before: u64,
    not_after: u64,
    /// Its CA flag.
    pub(super) is_authority: bool,
    may_sign: bool,
    /// It is for servers, or for anything.
    serves: bool,
    /// A critical extension that is not understood.
    not_understood: Option<ObjectIdentifier>,
    /// How many authorities may stand between it and a server.
    pub(super) path_length: Option<u8>,
    /// It has names of hosts, as a server's certificate has.
    names_hosts: bool,
}

/// Why an anchor vouches for nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Expired(u64),
    NotYet(u64),
    NoAuthority,
    NotForServers,
    /// It has this critical extension, which may limit what it vouches for.
    NotUnderstood(ObjectIdentifier),
}

/// An anchor that would vouch for a server, if it had no flaw.
#[derive(Clone, Debug)]
pub(crate) struct UnusableAnchor {
    subject: String,
    flaw: Flaw,
    #[cfg_attr(not(feature = "explain"), expect(dead_code, reason = "it is for explain alone"))]
    names_hosts: bool,
}

impl Anchor {
    /// `None` for what webpki cannot take as an anchor, and what Go does not parse.
    pub(super) fn new(certificate: CertificateDer<'static>) -> Option<Self> {
        let anchor = webpki::anchor_from_trusted_cert(&certificate).ok()?.to_owned();
        let parsed = Certificate::from_der(&certificate).ok()?;
        let parsed = parsed.tbs_certificate();
        let extensions = parsed.extensions().map_or(&[][..], Vec::as_slice);
        if critical::is_marked_wrongly(extensions) {
            return None;
        }
        let basic = parsed.get_extension::<BasicConstraints>().ok()?.map(|(_, basic)| basic);
        let usage = parsed.get_extension::<KeyUsage>().ok()?.map(|(_, usage)| usage);
        let purposes =
            parsed.get_extension::<ExtendedKeyUsage>().ok()?.map(|(_, purposes)| purposes);
        // Before version 3 there were no extensions to say that it is an authority.
        let is_authority = match &basic {
            Some(basic) => basic.ca,
            None => parsed.version() != Version::V3,
        };
        let signs = usage.is_none_or(|usage| usage.0.is_empty() || usage.key_cert_sign());
        let any_of = [ANY_EXTENDED_KEY_USAGE, ID_KP_SERVER_AUTH];
        let serves = purposes.is_none_or(|purposes| purposes.0.iter().any(|p| any_of.contains(p)));
        let validity = parsed.validity();
        Some(Self {
            anchor,
            subject: parsed.subject().to_string(),
            not_before: validity.not_before.to_unix_duration().as_secs(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
            is_authority,
            may_sign: is_authority && signs,
            serves,
            not_understood: critical::not_understood(extensions),
            path_length: basic.and_then(|basic| basic.path_len_constraint),
            names_hosts: extensions.iter().any(|one| one.extn_id == SubjectAltName::OID),
            certificate,
        })
    }

    /// Why it vouches for nothing at this time; `None`: it does.
    pub(super) fn flaw(&self, now: UnixTime) -> Option<Flaw> {
        let signing = || (!self.may_sign).then_some(Flaw::NoAuthority);
        self.flaw_as_server(now).or_else(signing)
    }

    /// The same of a certificate that a server presents, which signs nothing.
    pub(super) fn flaw_as_server(&self, now: UnixTime) -> Option<Flaw> {
        match now.as_secs() {
            now if now < self.not_before => Some(Flaw::NotYet(self.not_before)),
            now if now > self.not_after => Some(Flaw::Expired(self.not_after)),
            _ => self
                .not_understood
                .map(Flaw::NotUnderstood)
                .or_else(|| (!self.serves).then_some(Flaw::NotForServers)),
        }
    }

    /// What to say if it is the one that would vouch for a server and may not at this time.
    pub(super) fn unusable(&self, now: UnixTime) -> Option<UnusableAnchor> {
        let subject = self.subject.clone();
        let names_hosts = self.names_hosts;
        self.flaw(now).map(|flaw| UnusableAnchor { subject, flaw, names_hosts })
    }
}

#[cfg(feature = "explain")]
impl UnusableAnchor {
    /// Whether its dates are what is wrong.
    pub(crate) fn is_of_another_time(&self) -> bool {
        matches!(self.flaw, Flaw::Expired(_) | Flaw::NotYet(_))
    }

    /// Whether it can be a server's own, which is believed all the same if it presents it.
    pub(crate) fn may_be_presented(&self) -> bool {
        self.flaw == Flaw::NoAuthority && self.names_hosts
    }
}

impl fmt::Display for UnusableAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |seconds: u64| Time::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        write!(f, "the certificate authority {:?} ", self.subject)?;
        match self.flaw {
            Flaw::Expired(end) => write!(f, "expired on {}", time(end)),
            Flaw::NotYet(begin) => write!(f, "is not valid before {}", time(begin)),
            Flaw::NoAuthority => f.write_str("is no authority: it may not sign certificates"),
            Flaw::NotUnderstood(id) => {
                write!(f, "has a critical extension that is not understood ({id})")
            }
            Flaw::NotForServers => f.write_str("is not for the certificates of servers"),
        }
    }
}

impl std::error::Error for UnusableAnchor {}
