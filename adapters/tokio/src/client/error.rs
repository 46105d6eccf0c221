//! Why there is no answer.

use crate::AuthError;
use crate::net::ConnectError;
use crate::net::informational::{self, TooMany};
use crate::net::pool::PoolError;
use crate::net::tls::{self, TlsError, TlsFailure};
use crate::net::words::Chain;
use kubecred_host::net::{AddressError, ProxyError};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Why [`Client`](crate::Client) has no answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no credential.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    Answer(Box<dyn Error + Send + Sync>),
    /// The body of the request could not be had.
    #[error("the request's body failed: {0}")]
    Body(Box<dyn Error + Send + Sync>),
    /// There is no connection.
    #[error("no answer from the server: {0}")]
    Connect(Arc<ConnectError>),
    /// The connection broke, or the other side does not speak HTTP.
    #[error("no answer from the server: {}", Chain(.0))]
    Http(hyper::Error),
    /// The server's URL is not one, or the request is not for this server.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The head of the answer does not say where its body ends, in a way that Go takes: another
    /// `Transfer-Encoding` than `chunked`, a `Content-Length` that is no number.
    #[error("no answer from the server: {0}")]
    Framing(String),
    /// The server sent more informational answers (1xx) than this, and no other after them.
    #[error("no answer from the server: {}", TooMany)]
    Informational(usize),
    /// The proxy's URL is not one.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The profile's time limit is over, plugins and connecting included.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl ClientError {
    /// Why there is no connection, if that is what is missing.
    pub fn connect(&self) -> Option<&ConnectError> {
        match self {
            Self::Connect(error) => Some(error),
            _ => None,
        }
    }

    /// A body that broke off, or took too long.
    pub(crate) fn from_body(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self::Answer(error),
        }
    }

    /// What is wrong with TLS, if that is it: in the handshake, or where the server told us later,
    /// as those of TLS 1.3 do that refuse a client certificate.
    pub fn tls(&self) -> Option<TlsFailure> {
        match (self, self.connect()) {
            (_, Some(ConnectError::Tls { failure, .. })) => Some(failure.clone()),
            (Self::Http(error), _) => tls::find_failure(error),
            _ => None,
        }
    }

    /// What a layer handed on is one of these, or an [`AuthError`].
    pub(crate) fn from_layer(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => match error.downcast::<AuthError>() {
                Ok(error) => Self::Auth(*error),
                Err(error) => Self::Body(error),
            },
        }
    }
}

impl From<PoolError> for ClientError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Connect(error) => Self::Connect(error),
            PoolError::Http(error) => Self::Http(error),
            PoolError::Framing(error) => Self::Framing(error.to_string()),
            PoolError::Informational(TooMany) => Self::Informational(informational::MOST),
        }
    }
}
