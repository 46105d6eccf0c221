//! What is given outright, checked once.

use super::{CredentialParts, certificate_files};
use crate::certificate;
use crate::content::{ContentProblem, FileRole, basic_header, header_text};
use crate::error::Error;
use crate::profile::{ClientCertificate, Material};
use crate::secret::Secret;

/// A client certificate and key. Nothing can replace them, so their end is no reason to withhold
/// them.
pub(crate) fn pair(
    user: &str,
    certificate: &Secret,
    key: &Secret,
) -> Result<CredentialParts, Error> {
    let both = ClientCertificate {
        certificate: Material::Data(certificate.clone()),
        key: Material::Data(key.clone()),
    };
    match certificate_files::matched(&both, certificate.clone(), key.clone()) {
        Ok(parts) => Ok(CredentialParts { expires: None, ..parts }),
        Err(Error::Data { role, problem, .. }) => {
            Err(Error::Data { role, user: user.into(), problem })
        }
        Err(other) => Err(other),
    }
}

/// Trusted roots.
pub(crate) fn roots(user: &str, pem: &Secret) -> Result<CredentialParts, Error> {
    let wrong = |problem| Error::Data { role: FileRole::Roots, user: user.into(), problem };
    certificate::check_roots(pem.expose()).map_err(wrong)?;
    Ok(CredentialParts { roots: Some(pem.clone()), ..CredentialParts::default() })
}

/// A token.
pub(crate) fn token(user: &str, token: &Secret) -> Result<CredentialParts, Error> {
    let wrong = |problem| Error::Data { role: FileRole::Token, user: user.into(), problem };
    if token.is_empty() {
        return Err(wrong(ContentProblem::Empty));
    }
    header_text(token.expose()).map_err(wrong)?;
    Ok(CredentialParts::bearer(token.expose()))
}

/// A user name and a password.
pub(crate) fn basic(username: &str, password: &Secret) -> CredentialParts {
    let authorization = Some(basic_header(username, password));
    CredentialParts { authorization, ..CredentialParts::default() }
}
