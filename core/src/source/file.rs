//! Tokens, certificates and roots, from files or given outright.

use super::{Fetched, Next, Stage, Work};
use crate::certificate;
use crate::content::{ContentProblem, FileRole, header_text};
use crate::credential::Identity;
use crate::error::Error;
use crate::policy::Policy;
use crate::profile::{ClientCertificate, Material};
use crate::protocol::ReadFile;
use crate::secret::Secret;

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// What a token file holds, as a header (TK-3).
pub(super) fn token(path: &str, content: &Secret) -> Result<Fetched, Error> {
    let wrong = |problem| Error::FileContent { role: FileRole::Token, path: path.into(), problem };
    let token = trimmed(content.expose());
    if token.is_empty() {
        return Err(wrong(ContentProblem::Empty));
    }
    header_text(token).map_err(wrong)?;
    Ok(Fetched { authorization: Some(bearer(token)), ..Fetched::default() })
}

/// What a CA file holds. An empty one trusts nothing (UA-33).
pub(super) fn roots(path: &str, content: Secret) -> Result<Fetched, Error> {
    certificate::check_roots(content.expose()).map_err(|problem| Error::FileContent {
        role: FileRole::Roots,
        path: path.into(),
        problem,
    })?;
    Ok(Fetched { roots: Some(content), ..Fetched::default() })
}

/// The key is at hand: what now? The key is read first, since who replaces a pair in two steps
/// mostly writes the certificate first; either way [`pair`] notices a torn one.
pub(super) fn certificate(
    pair: &ClientCertificate,
    key: Secret,
    policy: &Policy,
) -> Result<Next, Error> {
    match &pair.certificate {
        Material::Data(certificate) => self::pair(pair, certificate.clone(), key).map(Next::Done),
        Material::File(path) => {
            let work = Work::Read(ReadFile { path: path.clone(), limit: policy.max_reply });
            Ok(Next::Work(Stage::Certificate { key }, work))
        }
    }
}

/// Certificate and key, if they belong together.
pub(super) fn pair(
    pair: &ClientCertificate,
    certificate: Secret,
    key: Secret,
) -> Result<Fetched, Error> {
    let wrong = |problem| {
        let (role, material) = match problem {
            ContentProblem::BadKey => (FileRole::ClientKey, &pair.key),
            _ => (FileRole::ClientCertificate, &pair.certificate),
        };
        match material {
            Material::File(path) => Error::FileContent { role, path: path.clone(), problem },
            Material::Data(_) => Error::Data { role, user: "".into(), problem },
        }
    };
    certificate::check_pair(certificate.expose(), key.expose()).map_err(wrong)?;
    let expires = certificate::not_after(certificate.expose()).map_err(wrong)?;
    let identity = Some(Identity { certificate, key });
    Ok(Fetched { identity, expires, ..Fetched::default() })
}

/// A pair given outright. Nothing can replace it, so its end is no reason to withhold it.
pub(crate) fn fixed_pair(user: &str, certificate: &Secret, key: &Secret) -> Result<Fetched, Error> {
    let both = ClientCertificate {
        certificate: Material::Data(certificate.clone()),
        key: Material::Data(key.clone()),
    };
    match pair(&both, certificate.clone(), key.clone()) {
        Ok(fetched) => Ok(Fetched { expires: None, ..fetched }),
        Err(Error::Data { role, problem, .. }) => {
            Err(Error::Data { role, user: user.into(), problem })
        }
        Err(other) => Err(other),
    }
}

/// Roots given outright.
pub(crate) fn fixed_roots(user: &str, pem: &Secret) -> Result<Fetched, Error> {
    certificate::check_roots(pem.expose()).map_err(|problem| Error::Data {
        role: FileRole::Roots,
        user: user.into(),
        problem,
    })?;
    Ok(Fetched { roots: Some(pem.clone()), ..Fetched::default() })
}

/// A token given outright.
pub(crate) fn fixed_token(user: &str, token: &Secret) -> Result<Fetched, Error> {
    let wrong = |problem| Error::Data { role: FileRole::Token, user: user.into(), problem };
    if token.is_empty() {
        return Err(wrong(ContentProblem::Empty));
    }
    header_text(token.expose()).map_err(wrong)?;
    Ok(Fetched { authorization: Some(bearer(token.expose())), ..Fetched::default() })
}

/// `Bearer <token>`.
pub(crate) fn bearer(token: &[u8]) -> Secret {
    Secret::new([b"Bearer ", token].concat())
}

/// `Basic <base64>` (UA-10).
pub(crate) fn basic(username: &str, password: &Secret) -> Secret {
    let pair = Zeroizing::new([username.as_bytes(), b":", password.expose()].concat());
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_slice()));
    Secret::new([b"Basic ", encoded.as_bytes()].concat())
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => bytes.trim_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn token_of(content: &[u8]) -> Result<Vec<u8>, Error> {
        token("/t", &Secret::new(content)).map(|f| f.authorization.unwrap().expose().to_vec())
    }

    #[test]
    fn tk_3_a_token_is_trimmed_and_an_empty_one_is_an_error() {
        assert_eq!(token_of(b" \r\n abc.def \r\n"), Ok(b"Bearer abc.def".to_vec()));
        let empty = Error::FileContent {
            role: FileRole::Token,
            path: "/t".into(),
            problem: ContentProblem::Empty,
        };
        for content in [vec![], b" \n\t\r\n".to_vec()] {
            assert_eq!(token_of(&content), Err(empty.clone()));
        }
    }

    #[test]
    fn ht_4_a_line_break_inside_a_token_is_an_error_that_does_not_show_it() {
        let error = token_of(b"hush\r\nhush").unwrap_err();
        assert!(!alloc::format!("{error} {error:?}").contains("hush"));
        assert!(alloc::format!("{error}").contains("/t"));
    }

    #[test]
    fn ua_10_basic_is_base64_of_user_colon_password() {
        assert_eq!(basic("me", &Secret::from("a:b")).expose(), b"Basic bWU6YTpi");
        assert_eq!(basic("me", &Secret::default()).expose(), b"Basic bWU6");
    }
}
