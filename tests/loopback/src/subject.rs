//! The subject of a client certificate, as Kubernetes reads it: CN is the user, each O a group.

use rcgen::SigningKey;
use rustls::pki_types::CertificateDer;
use std::ops::RangeInclusive;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Any, BitString, ObjectIdentifier};
use x509_cert::der::{Decode, Encode, Tag};
use x509_cert::ext::pkix::name::DirectoryString;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// What a certificate says about its holder.
pub(crate) struct Subject {
    pub(crate) common_name: Option<String>,
    pub(crate) organizations: Vec<String>,
    /// Seconds and less since the Unix epoch.
    pub(crate) valid: RangeInclusive<Duration>,
}

impl Subject {
    /// Reads a certificate; `None` if it is not one that can be understood.
    pub(crate) fn read(certificate: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let body = certificate.tbs_certificate();
        let validity = body.validity();
        let valid = validity.not_before.to_unix_duration()..=validity.not_after.to_unix_duration();
        let mut subject = Self { common_name: None, organizations: Vec::new(), valid };
        for attribute in body.subject().iter() {
            let Ok(value) = DirectoryString::try_from(&attribute.value) else { continue };
            let value = value.value().into_owned();
            match attribute.oid {
                COMMON_NAME => subject.common_name = Some(value),
                ORGANIZATION => subject.organizations.push(value),
                _ => {}
            }
        }
        Some(subject)
    }
}

/// The same certificate with another subject, signed again by the key of its issuer.
///
/// `certificate` is one that [`crate::Authority`] has just made: version 3, so that the subject is the sixth part of its
/// body (RFC 5280 section 4.1).
pub(crate) fn renamed(
    certificate: &[u8],
    common_name: &str,
    organizations: &[&str],
    issuer: &impl SigningKey,
) -> CertificateDer<'static> {
    const SUBJECT: usize = 5;
    let resign = || -> x509_cert::der::Result<Vec<u8>> {
        let [body, algorithm, _]: [Any; 3] =
            Vec::from_der(certificate)?.try_into().map_err(|_| Tag::Sequence.length_error())?;
        let mut body: Vec<Any> = body.decode_as()?;
        body[SUBJECT] = Any::from_der(&name(common_name, organizations)?.to_der()?)?;
        let body = body.to_der()?;
        let signature = issuer.sign(&body).expect("a P-256 key signs");
        let signature = BitString::from_bytes(&signature)?;
        vec![Any::from_der(&body)?, algorithm, Any::from_der(&signature.to_der()?)?].to_der()
    };
    resign().expect("a certificate made here can be taken apart and put together").into()
}

fn name(common_name: &str, organizations: &[&str]) -> x509_cert::der::Result<RdnSequence> {
    let organizations = organizations.iter().map(|value| (ORGANIZATION, *value));
    let mut name = RdnSequence::default();
    for (oid, value) in organizations.chain([(COMMON_NAME, common_name)]) {
        let value = Any::new(Tag::Utf8String, value.as_bytes())?;
        let mut part = RelativeDistinguishedName::default();
        part.insert(AttributeTypeAndValue { oid, value })?;
        name.push(part);
    }
    Ok(name)
}
