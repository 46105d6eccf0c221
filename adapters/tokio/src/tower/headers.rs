//! Which headers go onto a request, and which are the caller's own affair.

use crate::{Auth, AuthError, Credential};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");

/// Whether the caller has said already who they are (UA-1).
pub(crate) fn is_authenticated(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| !value.is_empty())
}

/// Adds the credential.
pub(crate) fn authenticate(headers: &mut HeaderMap, credential: &Credential) {
    if let Some(value) = credential.authorization() {
        headers.insert(AUTHORIZATION, value.clone());
    }
    if credential.impersonates() {
        add_impersonation(headers, credential.headers());
    }
}

/// Adds whom the profile passes for, which takes no credential to know.
pub(crate) fn impersonate(auth: &Auth, headers: &mut HeaderMap) -> Result<(), AuthError> {
    add_impersonation(headers, auth.impersonation()?);
    Ok(())
}

/// A caller who names a user passes for just that one; other parts of theirs are added to (UA-23).
fn add_impersonation(headers: &mut HeaderMap, of_profile: &HeaderMap) {
    let of_caller = headers.get(IMPERSONATE_USER).is_some_and(|value| !value.is_empty());
    let impersonation = |(name, _): &(&HeaderName, &HeaderValue)| *name != AUTHORIZATION;
    if of_caller || !of_profile.iter().any(|header| impersonation(&header)) {
        return;
    }
    headers.remove(IMPERSONATE_USER); // an empty one
    for (name, value) in of_profile.iter().filter(impersonation) {
        headers.append(name.clone(), value.clone());
    }
}
