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
use std::time::Duration;

/// A body whose length is known, up to this, is read before it is sent, so that it can be sent again
/// on another connection.
const KEEP: u64 = 64 << 10;

/// What can be chosen about an [`Upstream`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handful of switches")]
pub struct UpstreamOptions {
    /// Leaves the path of the server's URL out, as `kubectl proxy` does by default (PX-11). Without
    /// it, it is put before each path.
    pub without_server_path: bool,
    /// The pace of TCP keep-alive; `None` is client-go's, 30 s.
    pub keep_alive: Option<Duration>,
}

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
    /// To the server of what the [`Auth`] authenticates to. Connects to nothing yet.
    ///
    /// # Errors
    /// When the settings cannot be honoured: the server's or the proxy's URL, a server name, TLS
    /// without cryptography.
    pub fn new(auth: Auth, options: UpstreamOptions) -> Result<Self, ClientError> {
        let mut address = Address::parse(&auth.profile().cluster)?;
        if options.without_server_path {
            address = address.without_path();
        }
        let transport = Transport::new(auth.clone(), address, options.keep_alive)?;
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
