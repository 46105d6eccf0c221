//! The connections that belong to one client certificate and one set of roots.

use super::body::Body;
use crate::net::ConnectionSettings;
use crate::net::pool::Pool;
use crate::net::tls::TlsError;
use crate::{Credential, clock};
use http::{Response, StatusCode, Uri};
use kubecred_core::{Identity, UnixTime};
use std::sync::atomic::{AtomicBool, Ordering};

/// The connections of one credential.
#[derive(Debug)]
pub(crate) struct IdentityPool {
    /// Of the credential that they were made for.
    pub(crate) connection: u64,
    pub(crate) pool: Pool,
    /// When that credential ends, if it is known.
    expires: Option<UnixTime>,
    /// The server has answered 401 on them.
    is_refused: AtomicBool,
}

impl IdentityPool {
    pub(crate) fn new(
        settings: &ConnectionSettings,
        server: Uri,
        credential: Option<&Credential>,
        (roots, identity): (Option<&[u8]>, Option<&Identity>),
    ) -> Result<Self, TlsError> {
        let http1 = settings.connector(roots, identity, false)?;
        let any = match settings.http2 {
            true => settings.connector(roots, identity, true)?,
            false => http1.clone(),
        };
        Ok(Self {
            connection: credential.map_or(0, Credential::connection),
            pool: Pool::new(any, http1, server),
            expires: credential.and_then(Credential::expires),
            is_refused: AtomicBool::new(false),
        })
    }

    /// Whether requests may still use them when there are newer ones: the credential has not ended,
    /// and the server has not refused it.
    pub(crate) fn is_usable(&self) -> bool {
        let is_refused = self.is_refused.load(Ordering::Relaxed);
        !is_refused && self.expires.is_none_or(|end| clock::wall() < end)
    }

    /// Takes note of an answer that came over them.
    pub(crate) fn told(&self, answer: Response<Body>) -> Response<Body> {
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.is_refused.store(true, Ordering::Relaxed);
        }
        answer
    }
}
