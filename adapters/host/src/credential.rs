//! The credential for a request, shared.

use crate::AuthError;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use kubecred_core::{Generation, Identity, UnixTime};
use std::fmt;
use std::sync::Arc;

/// The credential for a request: a snapshot, cheap to clone.
///
/// Get it from the host for each request, and do not keep it: it may expire.
#[derive(Clone)]
pub struct Credential(Arc<Parts>);

struct Parts {
    generation: Generation,
    connection: u64,
    headers: HeaderMap,
    /// One of the headers, at hand for each request.
    authorization: Option<HeaderValue>,
    impersonates: bool,
    identity: Option<Identity>,
    roots: Option<Box<[u8]>>,
    expires: Option<UnixTime>,
}

impl Credential {
    /// Of what a machine lends. `connection` counts the changes of certificate and roots.
    ///
    /// # Errors
    /// When a header cannot be sent over HTTP.
    pub fn new(lent: &kubecred_core::Credential<'_>, connection: u64) -> Result<Self, AuthError> {
        let mut headers = HeaderMap::with_capacity(lent.headers.len());
        for header in lent.headers {
            let unfit = |_| AuthError::Header(header.name.clone().into_owned());
            let name = HeaderName::from_bytes(header.name.as_bytes())
                .map_err(|_| AuthError::Header(header.name.clone().into_owned()))?;
            let mut value = HeaderValue::from_bytes(header.value.expose()).map_err(unfit)?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self(Arc::new(Parts {
            generation: lent.generation,
            connection,
            authorization: headers.get(AUTHORIZATION).cloned(),
            impersonates: headers.keys().any(|name| name != AUTHORIZATION),
            headers,
            identity: lent.identity.cloned(),
            roots: lent.roots.map(Box::from),
            expires: lent.expires,
        })))
    }

    /// Whether this is what is lent, so that it can be kept.
    pub fn is_same(&self, lent: &kubecred_core::Credential<'_>, connection: u64) -> bool {
        (self.generation(), self.connection(), self.expires())
            == (lent.generation, connection, lent.expires)
    }

    /// What to tell the host on a 401. It rises when the
    /// bytes change, and only then.
    pub fn generation(&self) -> Generation {
        self.0.generation
    }

    /// `authorization` and `impersonate-*`: complete, marked sensitive, in order. A name may
    /// repeat.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The value of the header of that name.
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.0.authorization.as_ref()
    }

    /// Whether there are other headers than that.
    pub fn impersonates(&self) -> bool {
        self.0.impersonates
    }

    /// The client certificate for the TLS connection.
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    /// The trusted roots as PEM; `None`: those of the system. Empty: trust nothing (UA-33).
    pub fn roots(&self) -> Option<&[u8]> {
        self.0.roots.as_deref()
    }

    /// When it ends by the wall clock, if that is known.
    pub fn expires(&self) -> Option<UnixTime> {
        self.0.expires
    }

    /// Rises when connections made with an earlier credential must not be used again, because the
    /// client certificate or the trusted roots are others now (EX-69, HT-30, HT-31).
    pub fn connection(&self) -> u64 {
        self.0.connection
    }
}

/// Names of headers, no values.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("generation", &self.0.generation)
            .field("connection", &self.0.connection)
            .field("headers", &self.0.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("identity", &self.0.identity.is_some())
            .field("roots", &self.0.roots.as_ref().map(|roots| roots.len()))
            .field("expires", &self.0.expires)
            .finish()
    }
}
