//! An HTTP client for one profile, which supports all its settings.

mod again;
mod api;
mod body;
#[cfg(feature = "explain")]
mod check;
mod current;
mod error;
mod gzip;
mod pool;
mod transport;
mod upstream;

pub use crate::net::ConnectError;
pub use api::{ApiError, CallReply};
pub use body::Body;
#[cfg(feature = "explain")]
pub use check::check_connection;
pub use current::rustls_config;
pub use error::ClientError;
pub use kubecred_core::api::calls::Answer;
pub use kubecred_host::net::ProxyError;
#[cfg(feature = "reqwest")]
pub(crate) use transport::USER_AGENT_OURS;
pub use upstream::{Upstream, UpstreamOptions};

use crate::Auth;
use crate::tower::{AuthLayer, AuthService, BoxError};
use body::outgoing;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use kubecred_host::net::{Address, AddressError};
use kubecred_host::retry::{MAX_RETRIES, retry_after};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::sleep;
use tower_layer::Layer;
use tower_service::Service;
use transport::Transport;

/// Sends authenticated requests to the server of a profile.
///
/// It supports all settings of a profile: trusted roots, client certificates, server name, proxy,
/// compression, path prefix, time limit. It uses HTTP/2 if the server offers it. After a 401 it
/// refreshes the credential and sends the request once more, as [`AuthLayer`] does. After a 429 or
/// 5xx with `Retry-After` in seconds it sends the request again, up to ten times (HT-5). When the
/// client certificate or the roots change, new requests use new connections; requests in flight are
/// finished on the old ones.
///
/// It is also a tower [`Service`], for bodies of any type, on which `kube::Client` can be built.
/// The URI of a request may be a path only.
#[derive(Clone, Debug)]
pub struct Client {
    service: AuthService<Transport>,
    auth: Auth,
}

impl Client {
    /// A client for the server of the [`Auth`]'s profile. It does not connect yet.
    ///
    /// # Errors
    /// If the server's URL, the proxy's URL or the server name is invalid, or there is no crypto
    /// provider for TLS.
    pub fn new(auth: Auth) -> Result<Self, ClientError> {
        let address = Address::parse(&auth.profile().cluster)?;
        let transport = Transport::new(auth.clone(), address, None)?;
        auth.check()?;
        Ok(Self { service: AuthLayer::new(auth.clone()).with_extension().layer(transport), auth })
    }

    /// Sends a request. A URI without a host is a path on the server; the path of the server's URL
    /// is put before it (KC-72). A URI with another host is an error, since that host would get the
    /// credential.
    ///
    /// # Errors
    /// If there is no credential, no connection, or no response in time. A response with an error
    /// status is `Ok`.
    pub async fn request(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Body>, ClientError> {
        self.clone().call(request).await
    }

    /// Sends a GET request for a path, such as `/api/v1/namespaces?limit=10`.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn get(&self, path: &str) -> Result<Response<Body>, ClientError> {
        let request = Request::builder().method(Method::GET).uri(path).body(Full::default());
        self.request(request.map_err(|_| AddressError::Path(path.to_owned()))?).await
    }

    /// The [`Auth`] that provides the credentials.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }
}

impl<B> Service<Request<B>> for Client
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut service = self.service.clone();
        let limit = self.auth.profile().timeout;
        // A pause that the time limit would end is not waited for: the answer says more.
        let fits = move |pause: Duration| limit.is_none_or(|limit| pause < limit);
        Box::pin(async move {
            let answer = async {
                let (head, body) = request.into_parts();
                let mut request = Request::from_parts(head, outgoing(body).await?);
                let mut left = MAX_RETRIES;
                loop {
                    let copy = again::copy(&request);
                    let answer = service.call(request).await.map_err(ClientError::from_layer)?;
                    let pause = retry_after(answer.status(), answer.headers());
                    let pause = pause.filter(|pause| left > 0 && fits(*pause));
                    let (Some(pause), Some(copy)) = (pause, copy) else { return Ok(answer) };
                    drop(answer);
                    sleep(pause).await;
                    (request, left) = (copy, left - 1);
                }
            };
            let Some(limit) = limit else { return answer.await };
            let mut over = Box::pin(sleep(limit));
            tokio::select! {
                answer = answer => answer.map(|answer| answer.map(|body| body.until(over, limit))),
                () = &mut over => Err(ClientError::TimedOut(limit)),
            }
        })
    }
}
