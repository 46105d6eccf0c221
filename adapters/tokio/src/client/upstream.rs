//! The way to a profile's server for a proxy: connections, and nothing on top.

use super::ClientError;
use super::body::Body;
use super::transport::Transport;
use crate::Auth;
use crate::net::pool::Outgoing;
use crate::tower::BoxError;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kubecred_host::net::Address;

/// A body whose length is known, up to this, is read before it is sent, so that it can be sent again
/// on another connection.
const KEEP: u64 = 64 << 10;

/// Sends requests to the server of a profile as they are: for proxies.
///
/// The connections are those of [`Client`](crate::Client): trusted roots, client certificate, server
/// name and proxy are the profile's, upgrades included, which get a connection of HTTP/1.1 of their
/// own. But no credential is put on a request, no time limit holds, no encoding is asked for or
/// undone, and bodies are passed on as they come.
///
/// A request should carry the [`Credential`](crate::Credential) it was made with as an extension:
/// it decides which client certificate its connection presents. After an answer of 101 the stream is
/// had by `hyper::upgrade::on`.
#[derive(Clone, Debug)]
pub struct Upstream {
    transport: Transport,
    auth: Auth,
}

impl Upstream {
    /// To the server of what the [`Auth`] authenticates to. Connects to nothing yet. The path of the
    /// server's URL is put before each path.
    ///
    /// # Errors
    /// When the settings cannot be honoured: the server's or the proxy's URL, a server name, TLS
    /// without cryptography.
    pub fn new(auth: Auth) -> Result<Self, ClientError> {
        let address = Address::parse(&auth.profile().cluster)?;
        Self::to(auth, address)
    }

    /// The same, without the path of the server's URL, as `kubectl proxy` has it by default (PX-11).
    ///
    /// # Errors
    /// As [`Upstream::new`].
    pub fn without_server_path(auth: Auth) -> Result<Self, ClientError> {
        let address = Address::parse(&auth.profile().cluster)?.without_path();
        Self::to(auth, address)
    }

    fn to(auth: Auth, address: Address) -> Result<Self, ClientError> {
        let transport = Transport::new(auth.clone(), address)?;
        auth.check()?;
        Ok(Self { transport, auth })
    }

    /// Where the credentials come from.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Sends a request whose URI is a path. One with an `upgrade` header is taken to want another
    /// protocol.
    ///
    /// # Errors
    /// When there is no connection, or it broke. An answer with a status of failure is an answer.
    pub async fn send<B>(&self, request: Request<B>) -> Result<Response<Body>, ClientError>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let body = if body.is_end_stream() {
            Outgoing::Whole(Full::default())
        } else if body.size_hint().exact().is_some_and(|size| size <= KEEP) {
            let whole = body.collect().await.map_err(|error| ClientError::Body(error.into()))?;
            Outgoing::Whole(Full::new(whole.to_bytes()))
        } else {
            Outgoing::Stream(UnsyncBoxBody::new(body.map_err(Into::into)))
        };
        self.transport.send_as_is(Request::from_parts(head, body)).await
    }
}
