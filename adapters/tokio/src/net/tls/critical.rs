//! Critical extensions of a certificate: who does not understand one must not use the certificate
//! (RFC 5280, 4.2). webpki looks at those of servers and of authorities on the way; an anchor's are
//! looked at here, by the rules of Go's crypto/x509, as kubectl is built with it.

use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5280;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::constraints::name::NameConstraints;
use x509_cert::ext::pkix::name::GeneralName;

/// What is understood: by webpki, by the anchor's own look, or as it bears on no server (policies of
/// which no one asks for a certain one, lists of revoked certificates).
const UNDERSTOOD: [ObjectIdentifier; 7] = [
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
];

/// What must not be critical: with it Go does not parse a certificate.
const NEVER: [ObjectIdentifier; 3] = [
    rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
    rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
    rfc5280::ID_PE_AUTHORITY_INFO_ACCESS,
];

/// Whether an extension is critical that never is, or there are two of one kind.
pub(super) fn is_marked_wrongly(extensions: &[Extension]) -> bool {
    extensions.iter().enumerate().any(|(at, extension)| {
        let before = extensions.iter().take(at);
        extension.critical && NEVER.contains(&extension.extn_id) || { before }
            .any(|other| other.extn_id == extension.extn_id)
    })
}

/// The first critical extension that is not understood.
pub(super) fn not_understood(extensions: &[Extension]) -> Option<ObjectIdentifier> {
    let mut critical = extensions.iter().filter(|extension| extension.critical);
    critical.find(|extension| !is_understood(extension)).map(|extension| extension.extn_id)
}

fn is_understood(extension: &Extension) -> bool {
    let content = extension.extn_value.as_bytes();
    match extension.extn_id {
        // Constraints on names of a kind that is not checked would be no constraints.
        rfc5280::ID_CE_NAME_CONSTRAINTS => NameConstraints::from_der(content).is_ok_and(|names| {
            let subtrees = [names.permitted_subtrees, names.excluded_subtrees];
            subtrees.iter().flatten().flatten().all(|subtree| is_checked(&subtree.base))
        }),
        rfc5280::ID_CE_SUBJECT_ALT_NAME => {
            SubjectAltName::from_der(content).is_ok_and(|names| names.0.iter().any(is_checked))
        }
        id => UNDERSTOOD.contains(&id),
    }
}

/// Names of a kind that Go knows.
fn is_checked(name: &GeneralName) -> bool {
    matches!(
        name,
        GeneralName::DnsName(_)
            | GeneralName::IpAddress(_)
            | GeneralName::Rfc822Name(_)
            | GeneralName::UniformResourceIdentifier(_)
    )
}
