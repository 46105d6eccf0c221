//! The gate as a tower layer, for an application that is written in Rust.

use super::authenticate::{Credentials, Verdict, take_off};
use super::{Caller, Reviewer, identity, reply, token};
use bytes::Bytes;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{Request, Response, Version};
use http_body_util::{Either, Full};
use kubecred_core::reviewer::Decision;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Lets in requests with a good token, and tells the services behind who sends them: [`Caller`] is
/// an extension of each.
///
/// The token is in `Authorization`, or among the subprotocols of a WebSocket; it is taken off the
/// request, and so are headers that name an identity (`X-Remote-…`, in all spellings). The others
/// are answered with a `Status`: 401 for no token or a bad one; 503 with `Retry-After` when the API
/// server cannot be asked. What is remembered is answered without a task or a wait.
///
/// ```no_run
/// # async fn show<S>(client: kubecred_tokio::Client, application: S) -> Result<(), Box<dyn std::error::Error>> {
/// use kubecred_core::reviewer::Settings;
/// use kubecred_proxy::gate::{ReviewLayer, Reviewer};
/// use tower_layer::Layer;
///
/// let reviewer = Reviewer::new(client, Settings::for_audiences(["reports"]))?;
/// let service = ReviewLayer::new(reviewer).layer(application);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReviewLayer {
    reviewer: Reviewer,
}

impl ReviewLayer {
    /// With a reviewer, which other layers may share.
    #[must_use]
    pub fn new(reviewer: Reviewer) -> Self {
        Self { reviewer }
    }
}

impl<S> Layer<S> for ReviewLayer {
    type Service = ReviewService<S>;

    fn layer(&self, inner: S) -> ReviewService<S> {
        ReviewService { reviewer: self.reviewer.clone(), inner }
    }
}

/// A service that only those reach who have a good token; see [`ReviewLayer`].
#[derive(Clone, Debug)]
pub struct ReviewService<S> {
    reviewer: Reviewer,
    inner: S,
}

impl<S, A, B> Service<Request<A>> for ReviewService<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    A: Send + 'static,
{
    type Response = Response<Either<Full<Bytes>, B>>;
    type Error = S::Error;
    type Future = ReviewFuture<S::Future, B, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let headers = request.headers();
        // The usual case: one token, in the usual place, and known.
        if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
            && let Some(token) = token::bearer(headers)
            && let Some(Decision::Accepted(identity)) = self.reviewer.known(token)
        {
            admit(&mut request, Caller::new(identity), None);
            return ReviewFuture::Inner { future: self.inner.call(request) };
        }
        // The service that was asked whether it is ready is the one to be called.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let (reviewer, version) = (self.reviewer.clone(), request.version());
        let credentials = Credentials::of(request.headers(), true);
        ReviewFuture::Review {
            future: Box::pin(async move {
                match credentials.judge(&reviewer).await {
                    Verdict::Accepted(caller) => {
                        admit(&mut request, caller, Some(&credentials));
                        inner.call(request).await.map(|response| response.map(Either::Right))
                    }
                    refused => Ok(refusal(&refused, version).map(Either::Left)),
                }
            }),
        }
    }
}

/// Makes the request one of the caller's.
fn admit<A>(request: &mut Request<A>, caller: Caller, credentials: Option<&Credentials>) {
    take_off(request.headers_mut(), credentials);
    identity::remove(request.headers_mut());
    request.extensions_mut().insert(caller);
}

/// The answer to a request that is not let in.
pub(crate) fn refusal(verdict: &Verdict, version: Version) -> Response<Full<Bytes>> {
    match verdict {
        Verdict::Unavailable(_, retry_after) => {
            reply::unavailable("the token cannot be reviewed at the moment", *retry_after)
        }
        _ => reply::unauthorized(version),
    }
}

type Answer<B, E> = Result<Response<Either<Full<Bytes>, B>>, E>;

pin_project! {
    /// The answer of a [`ReviewService`].
    #[project = Projected]
    #[must_use = "futures do nothing unless polled"]
    pub enum ReviewFuture<F, B, E> {
        #[doc(hidden)]
        Inner { #[pin] future: F },
        #[doc(hidden)]
        Review { future: Pin<Box<dyn Future<Output = Answer<B, E>> + Send>> },
    }
}

impl<F, B, E> Future for ReviewFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Answer<B, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Inner { future } => {
                future.poll(context).map_ok(|response| response.map(Either::Right))
            }
            Projected::Review { future } => future.as_mut().poll(context),
        }
    }
}
