//! Verification of a provider's tokens, as a pure function of the token, the provider's keys, what
//! is expected, and the time (LG-65…LG-80).
//!
//! Header, claims and the choice of the key are read here; the primitives are RustCrypto's.

mod claims;
mod keys;
mod problem;
mod signature;
#[cfg(test)]
mod tests;

pub use claims::Claims;
pub use keys::KeySet;
pub use problem::TokenProblem;
pub(crate) use signature::Algorithm;

use crate::oauth::Object;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use core::time::Duration;
use zeroize::Zeroizing;

/// An end is forgiven for this long after it (LG-73).
const LATE: Duration = Duration::from_secs(30);
/// A beginning may lie ahead by this much (LG-73).
const EARLY: Duration = Duration::from_secs(5 * 60);
/// The most characters of a subject (LG-76).
const LONGEST_SUBJECT: usize = 255;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must decide about each")]
pub struct Expected<'e> {
    /// The issuer, as discovery spells it (LG-20, LG-71).
    pub issuer: &'e str,
    /// This client (LG-72).
    pub client_id: &'e str,
    /// The algorithms that discovery lists; empty if it lists none, which means RS256 (LG-66).
    pub algorithms: &'e [String],
    /// What `nonce` must be (LG-74, LG-77).
    pub nonce: Nonce<'e>,
    /// The access token that came with it, for `at_hash` (LG-75).
    pub access_token: Option<&'e Secret>,
    /// The claims of the login, when this is a refresh (LG-77).
    pub before: Option<&'e Claims>,
    /// `max_age` of the request, in seconds (LG-78).
    pub max_age: Option<u64>,
    /// `acr_values` of the request (LG-78).
    pub acr_values: Option<&'e str>,
    /// The wall clock.
    pub now: UnixTime,
}

/// What `nonce` must be.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller must choose")]
pub enum Nonce<'e> {
    /// None was sent: it is not looked at.
    Any,
    /// This one was sent.
    Sent(&'e Secret),
    /// A refresh: if it is there it is the one of the login.
    OfLogin(Option<&'e Secret>),
}

/// Verifies an ID token.
///
/// # Errors
/// What is wrong with it first: form, algorithm, key and signature before any claim.
pub fn id_token(
    token: &Secret,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, TokenProblem> {
    let (algorithm, claims) = signed(token, keys, expected.issuer, Some(expected.algorithms))?;
    check_audience(&claims, expected.client_id)?;
    check_times(&claims, expected.now)?;
    check_nonce(&claims, expected.nonce)?;
    if let (Some(hash), Some(token)) = (&claims.access_token_hash, expected.access_token) {
        check_access_token(algorithm, hash, token)?;
    }
    if claims.subject.is_empty() || claims.subject.chars().count() > LONGEST_SUBJECT {
        return Err(TokenProblem::Subject);
    }
    if let Some(before) = expected.before {
        check_same(&claims, before)?;
    }
    check_authentication(&claims, expected)?;
    Ok(claims)
}

/// Verifies an access token that is a JWT: signature, issuer and end, not the audience, which is
/// the API server's concern (LG-80). Discovery's list of algorithms is about ID tokens.
///
/// # Errors
/// As in [`id_token`].
pub fn access_token(
    token: &Secret,
    keys: &KeySet,
    issuer: &str,
    now: UnixTime,
) -> Result<Claims, TokenProblem> {
    let (_, claims) = signed(token, keys, issuer, None)?;
    check_times(&claims, now)?;
    Ok(claims)
}

/// Whether a token has the form of a JWT: three parts, and a header that is a JSON object. An
/// access token that has not is opaque (LG-80).
#[must_use]
pub fn is_jwt(token: &Secret) -> bool {
    let parts: Vec<&[u8]> = token.expose().split(|byte| *byte == b'.').collect();
    let [header, _, _] = parts.as_slice() else { return false };
    decoded(header, "header").is_ok_and(|header| Object::parse(&header, "it").is_ok())
}

/// Algorithm and claims of a token whose signature and issuer are right.
fn signed(
    token: &Secret,
    keys: &KeySet,
    issuer: &str,
    listed: Option<&[String]>,
) -> Result<(Algorithm, Claims), TokenProblem> {
    let parts: Vec<&[u8]> = token.expose().split(|byte| *byte == b'.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        let encrypted = parts.len() == 5;
        return Err(if encrypted { TokenProblem::Encrypted } else { TokenProblem::NotJwt });
    };
    let header_json = decoded(header, "header")?;
    let (algorithm, key_id) = read_header(&header_json, listed)?;
    let claims_json = decoded(payload, "payload")?;
    let signature_bytes = decoded(signature, "signature")?;
    let size = header.len().saturating_add(payload.len()).saturating_add(1);
    let message = token.expose().get(..size).ok_or(TokenProblem::NotJwt)?;
    keys.verify(key_id.as_deref(), algorithm, message, &signature_bytes)?;
    let claims = Claims::parse(&claims_json)?;
    if claims.issuer != issuer {
        return Err(TokenProblem::Issuer);
    }
    Ok((algorithm, claims))
}

fn decoded(part: &[u8], name: &'static str) -> Result<Zeroizing<Vec<u8>>, TokenProblem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
    bytes.map(Zeroizing::new).map_err(|_| TokenProblem::Encoding(name))
}

/// The algorithm and the key's id. Keys in the header are not looked at (LG-67).
fn read_header(
    json: &[u8],
    listed: Option<&[String]>,
) -> Result<(Algorithm, Option<String>), TokenProblem> {
    let not_json = TokenProblem::NotJson("header");
    let header = Object::parse(json, "it").map_err(|_| not_json.clone())?;
    if header.has_duplicates() || json.trim_ascii_start().first() != Some(&b'{') {
        return Err(not_json);
    }
    // An empty list is against RFC 7515, 4.1.11, and means nothing else.
    if header.raw("crit").is_some() {
        return Err(TokenProblem::Critical);
    }
    let name = header.text("alg").unwrap_or_default();
    let is_listed = match listed {
        None => true,
        Some([]) => name == "RS256",
        Some(listed) => listed.iter().any(|listed| *listed == *name),
    };
    let algorithm = Algorithm::named(&name).filter(|_| is_listed);
    let algorithm = algorithm.ok_or_else(|| TokenProblem::Algorithm(shown(&name)))?;
    let key_id = match header.raw("kid") {
        Some(_) => Some(header.text("kid").map(String::from).ok_or(not_json)?),
        None => None,
    };
    Ok((algorithm, key_id))
}

/// The name of an algorithm, if it has the form of one.
fn shown(name: &str) -> String {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let good = (1..=16).contains(&name.len()) && name.bytes().all(good);
    if good { name } else { "(not shown)" }.into()
}

/// LG-72.
fn check_audience(claims: &Claims, client_id: &str) -> Result<(), TokenProblem> {
    if !claims.audience.iter().any(|audience| audience == client_id) {
        return Err(TokenProblem::Audience);
    }
    match &claims.authorized_party {
        Some(party) if party != client_id => Err(TokenProblem::AuthorizedParty),
        None if claims.audience.len() > 1 => Err(TokenProblem::AuthorizedParty),
        _ => Ok(()),
    }
}

/// LG-73.
fn check_times(claims: &Claims, now: UnixTime) -> Result<(), TokenProblem> {
    let expired = claims.expires;
    if expired.saturating_add(LATE) <= now {
        return Err(TokenProblem::Expired { expired, now });
    }
    for from in [claims.not_before, claims.issued].into_iter().flatten() {
        if from > now.saturating_add(EARLY) {
            return Err(TokenProblem::NotYet { from, now });
        }
    }
    Ok(())
}

/// LG-74, LG-77.
fn check_nonce(claims: &Claims, expected: Nonce<'_>) -> Result<(), TokenProblem> {
    let good = match (expected, &claims.nonce) {
        (Nonce::Any, _) | (Nonce::OfLogin(_), None) => true,
        (Nonce::Sent(sent), Some(found)) => sent == found,
        (Nonce::OfLogin(Some(sent)), Some(found)) => sent == found,
        (Nonce::OfLogin(None), Some(_)) | (Nonce::Sent(_), None) => false,
    };
    if good { Ok(()) } else { Err(TokenProblem::Nonce) }
}

/// The left half of the hash of the access token, base64url (LG-75).
fn check_access_token(
    algorithm: Algorithm,
    hash: &str,
    token: &Secret,
) -> Result<(), TokenProblem> {
    let full = algorithm.hash(token.expose());
    let half = full.get(..full.len() / 2).unwrap_or_default();
    let good = BASE64_URL_SAFE_NO_PAD.encode(half) == hash;
    if good { Ok(()) } else { Err(TokenProblem::AccessTokenHash) }
}

/// LG-77; `iss` has been compared with what is configured, and `aud` with this client.
fn check_same(claims: &Claims, before: &Claims) -> Result<(), TokenProblem> {
    if claims.issuer != before.issuer {
        return Err(TokenProblem::Changed("issuer"));
    }
    if claims.subject != before.subject {
        return Err(TokenProblem::Changed("subject"));
    }
    if claims.authorized_party != before.authorized_party {
        return Err(TokenProblem::Changed("authorized party"));
    }
    Ok(())
}

/// LG-78.
fn check_authentication(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenProblem> {
    if let Some(max_age) = expected.max_age {
        let limit = Duration::from_secs(max_age).saturating_add(LATE);
        let recent = |time: UnixTime| expected.now.since(time) <= limit;
        if !claims.auth_time.is_some_and(recent) {
            return Err(TokenProblem::AuthTime);
        }
    }
    if let Some(values) = expected.acr_values {
        let requested = |class: &String| values.split(' ').any(|value| value == class);
        if !claims.auth_context.as_ref().is_some_and(requested) {
            return Err(TokenProblem::AuthContext);
        }
    }
    Ok(())
}
