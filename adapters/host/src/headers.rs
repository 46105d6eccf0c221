//! Which headers go onto a request, and which are the caller's own affair.

use crate::{AuthError, Credential};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use kubecred_core::{Authenticator, Now, Policy, Profile, Unavailable};

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");

/// Whether the caller has set who they are (UA-1).
pub fn is_authenticated(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| !value.is_empty())
}

/// Adds the credential.
pub fn authenticate(headers: &mut HeaderMap, credential: &Credential) {
    if let Some(value) = credential.authorization() {
        headers.insert(AUTHORIZATION, value.clone());
    }
    if credential.impersonates() {
        impersonate(headers, credential.headers());
    }
}

/// Adds the impersonation of the profile: all of these headers but `authorization`. A caller who
/// names a user impersonates that one alone; other parts of theirs are added to (UA-23).
pub fn impersonate(headers: &mut HeaderMap, of_profile: &HeaderMap) {
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

/// The headers of the profile's impersonation, which need no credential: those of a machine that
/// has nothing else to send.
///
/// # Errors
/// When they cannot be sent over HTTP.
pub fn impersonation(profile: &Profile, now: Now) -> Result<HeaderMap, AuthError> {
    let mut bare = Profile::new(String::new());
    bare.authentication.impersonation = profile.authentication.impersonation.clone();
    match Authenticator::new(&bare, Policy::default(), 0).credential(now) {
        Ok(lent) => Credential::new(&lent, 0).map(|credential| credential.headers().clone()),
        Err(Unavailable::Failed(error)) => Err(AuthError::Source(error.clone())),
        Err(Unavailable::Closed | Unavailable::Pending) => Ok(HeaderMap::new()),
    }
}
