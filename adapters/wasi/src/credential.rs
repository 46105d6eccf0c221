//! What a request needs.

use crate::AuthError;
use http::{HeaderMap, HeaderName, HeaderValue};
use kubecred_core::{Generation, Identity, UnixTime};
use std::fmt;
use wasip2::http::types::{Fields, HeaderError};

/// What to put on a request now.
///
/// Ask for it for each request rather than keep it: [`Auth::credential`](crate::Auth::credential)
/// knows when this one has ended.
#[derive(Clone)]
pub struct Credential {
    generation: Generation,
    connection: u64,
    headers: HeaderMap,
    identity: Option<Identity>,
    roots: Option<Box<[u8]>>,
    expires: Option<UnixTime>,
}

impl Credential {
    pub(crate) fn new(
        lent: &kubecred_core::Credential<'_>,
        connection: u64,
    ) -> Result<Self, AuthError> {
        let mut headers = HeaderMap::with_capacity(lent.headers.len());
        for header in lent.headers {
            let unfit = || AuthError::Header(header.name.clone().into_owned());
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unfit())?;
            let mut value = HeaderValue::from_bytes(header.value.expose()).map_err(|_| unfit())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self {
            generation: lent.generation,
            connection,
            headers,
            identity: lent.identity.cloned(),
            roots: lent.roots.map(Box::from),
            expires: lent.expires,
        })
    }

    /// What to tell [`Auth::unauthorized`](crate::Auth::unauthorized) on a 401. It rises when the
    /// bytes change, and only then.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// `authorization` and `impersonate-*`: complete, marked sensitive, in order. A name may
    /// repeat.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Puts the headers on a request of `wasi:http`, and takes off what is there of these names.
    ///
    /// # Errors
    /// When the embedder does not let a guest set one of them.
    pub fn apply(&self, fields: &Fields) -> Result<(), HeaderError> {
        for name in self.headers.keys() {
            fields.delete(name.as_str())?;
        }
        for (name, value) in &self.headers {
            fields.append(name.as_str(), value.as_bytes())?;
        }
        Ok(())
    }

    /// The client certificate for the TLS connection. A guest cannot give it to `wasi:http`: see
    /// [`Need::Identity`](crate::Need::Identity).
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The trusted roots as PEM; `None`: those of the system. Empty: trust nothing (UA-33). A guest
    /// cannot give them to `wasi:http`: see [`Need::Roots`](crate::Need::Roots).
    pub fn roots(&self) -> Option<&[u8]> {
        self.roots.as_deref()
    }

    /// When it ends by the wall clock, if that is known.
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    /// Rises when connections made with an earlier credential must not be used again, because the
    /// client certificate or the trusted roots are others now (EX-69, HT-30, HT-31).
    pub fn connection(&self) -> u64 {
        self.connection
    }
}

/// Names of headers, no values.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("generation", &self.generation)
            .field("connection", &self.connection)
            .field("headers", &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("identity", &self.identity.is_some())
            .field("roots", &self.roots.as_ref().map(|roots| roots.len()))
            .field("expires", &self.expires)
            .finish()
    }
}
