//! Authentication for any HTTP service: headers on the way out, one retry after a 401.
//!
//! ```no_run
//! # async fn show<S>(auth: kubecred_tokio::Auth, transport: S) {
//! use kubecred_tokio::tower::AuthLayer;
//! use tower_layer::Layer;
//!
//! let authenticated = AuthLayer::new(auth).layer(transport);
//! # }
//! ```

mod kept;
mod replay;
mod shared;

pub use replay::{ByTrait, Never, Replay, ReplayBody, With};
pub use shared::{Shared, SharedLayer};

use crate::{Auth, Credential};
use http::{Request, Response, StatusCode};
use kept::Kept;
use kubecred_core::Generation;
use kubecred_host::headers;
use pin_project_lite::pin_project;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// What the layered service fails with: an [`AuthError`](crate::AuthError), or the inner service's own error
/// unchanged. Downcasting tells which.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Authenticates the requests of a service.
///
/// - A request that has an `authorization` header already is left alone, and nothing is asked for
///   (UA-1); the same goes for `impersonate-user` and the impersonation of the profile (UA-23).
/// - Another waits for a [`Credential`] and gets its headers.
/// - After a 401 the credential is reported, and the request sent once more if there is a newer
///   one by then and the body can be had again; see [`Replay`].
///
/// The inner service must be [`Clone`]; [`SharedLayer`] makes it so.
#[derive(Clone, Debug)]
pub struct AuthLayer<R = ByTrait> {
    auth: Auth,
    carry: bool,
    replay: R,
}

impl AuthLayer {
    /// With bodies that say themselves whether they can be sent again: [`Replay`].
    pub fn new(auth: Auth) -> Self {
        Self { auth, carry: false, replay: ByTrait }
    }
}

impl<R> AuthLayer<R> {
    /// Lets each request carry its [`Credential`] as an extension, for services further in.
    #[must_use]
    pub fn with_extension(self) -> Self {
        Self { carry: true, ..self }
    }

    /// With another way to have a body again, for foreign types: `|body: &Body| body.try_clone()`.
    pub fn with_replay<B, F: Fn(&B) -> Option<B>>(self, replay: F) -> AuthLayer<With<F>> {
        AuthLayer { auth: self.auth, carry: self.carry, replay: With(replay) }
    }

    /// Without retries: a 401 is reported, and handed on.
    pub fn without_replay(self) -> AuthLayer<Never> {
        AuthLayer { auth: self.auth, carry: self.carry, replay: Never }
    }
}

impl<S, R: Clone> Layer<S> for AuthLayer<R> {
    type Service = AuthService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { auth, carry, replay } = self.clone();
        AuthService { auth, carry, replay, inner }
    }
}

/// A service whose requests are authenticated; see [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct AuthService<S, R = ByTrait> {
    auth: Auth,
    carry: bool,
    replay: R,
    inner: S,
}

impl<S, R, B, T> Service<Request<B>> for AuthService<S, R>
where
    S: Service<Request<B>, Response = Response<T>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: ReplayBody<B>,
    B: Send + 'static,
    T: Send + 'static,
{
    type Response = Response<T>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, S, B, T>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if headers::is_authenticated(request.headers()) {
            return match self.auth.impersonation() {
                Ok(impersonation) => {
                    headers::impersonate(request.headers_mut(), impersonation);
                    ResponseFuture::sent(self.inner.call(request), None)
                }
                Err(error) => ResponseFuture::later(async { Err(error.into()) }),
            };
        }
        let ready = self.auth.with_ready(|credential| {
            let retry = self.retry(&request, credential.generation());
            prepare(&mut request, credential, self.carry);
            retry
        });
        if let Some(retry) = ready {
            return ResponseFuture::sent(self.inner.call(request), retry);
        }
        let retry = self.retry(&request, Generation::default());
        // What is ready now is the inner service that was asked, so that is the one to keep.
        let waiting = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, waiting);
        ResponseFuture::later(send(self.auth.clone(), self.carry, inner, request, retry))
    }
}

impl<S: Clone, R> AuthService<S, R> {
    /// What a 401 would need, unless nothing can come of one.
    fn retry<B>(&self, request: &Request<B>, used: Generation) -> Option<Box<Retry<S, B>>>
    where
        R: ReplayBody<B>,
    {
        self.auth.renews().then(|| {
            Box::new(Retry {
                auth: self.auth.clone(),
                carry: self.carry,
                used,
                again: self
                    .replay
                    .replay_body(request.body())
                    .map(|body| (self.inner.clone(), Kept::new(request, body))),
            })
        })
    }
}

fn prepare<B>(request: &mut Request<B>, credential: &Credential, carry: bool) {
    headers::authenticate(request.headers_mut(), credential);
    if carry {
        request.extensions_mut().insert(credential.clone());
    }
}

/// A request that has to wait for its credential.
async fn send<S, B, T>(
    auth: Auth,
    carry: bool,
    mut inner: S,
    mut request: Request<B>,
    retry: Option<Box<Retry<S, B>>>,
) -> Result<Response<T>, BoxError>
where
    S: Service<Request<B>, Response = Response<T>>,
    S::Error: Into<BoxError>,
{
    let credential = auth.credential().await?;
    prepare(&mut request, &credential, carry);
    let response = inner.call(request).await.map_err(Into::into)?;
    match retry {
        Some(mut retry) if response.status() == StatusCode::UNAUTHORIZED => {
            retry.used = credential.generation();
            retry.after(response).await
        }
        _ => Ok(response),
    }
}

/// What is kept for the case of a 401.
struct Retry<S, B> {
    auth: Auth,
    carry: bool,
    used: Generation,
    again: Option<(S, Kept<B>)>,
}

impl<S, B> Retry<S, B> {
    /// Reports the credential; sends the request again if that is useful and possible.
    async fn after<T>(self, refusal: Response<T>) -> Result<Response<T>, BoxError>
    where
        S: Service<Request<B>, Response = Response<T>>,
        S::Error: Into<BoxError>,
    {
        let newer = self.auth.unauthorized(self.used).await;
        let Some((mut inner, kept)) = self.again.filter(|_| newer) else {
            return Ok(refusal);
        };
        let Some(mut request) = kept.into_request() else { return Ok(refusal) };
        // Whatever goes wrong with the newer one, there is an answer: the first.
        let Ok(credential) = self.auth.credential().await else { return Ok(refusal) };
        prepare(&mut request, &credential, self.carry);
        std::future::poll_fn(|context| inner.poll_ready(context)).await.map_err(Into::into)?;
        drop(refusal);
        inner.call(request).await.map_err(Into::into)
    }
}

pin_project! {
    /// The answer of an [`AuthService`], in time.
    #[must_use = "nothing happens unless it is awaited"]
    pub struct ResponseFuture<F, S, B, T> {
        #[pin]
        state: State<F, S, B, T>,
    }
}

pin_project! {
    #[project = Projection]
    enum State<F, S, B, T> {
        /// On its way; nothing was allocated for it.
        Sent { #[pin] future: F, retry: Option<Box<Retry<S, B>>> },
        /// Whatever takes longer.
        Later { future: Later<T> },
    }
}

type Later<T> = Pin<Box<dyn Future<Output = Result<Response<T>, BoxError>> + Send>>;

impl<F, S, B, T: Send + 'static> ResponseFuture<F, S, B, T> {
    fn sent(future: F, retry: Option<Box<Retry<S, B>>>) -> Self {
        Self { state: State::Sent { future, retry } }
    }

    fn later(future: impl Future<Output = Result<Response<T>, BoxError>> + Send + 'static) -> Self {
        Self { state: State::Later { future: Box::pin(future) } }
    }
}

impl<F, S, B, T, E> Future for ResponseFuture<F, S, B, T>
where
    F: Future<Output = Result<Response<T>, E>>,
    E: Into<BoxError>,
    S: Service<Request<B>, Response = Response<T>> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    T: Send + 'static,
{
    type Output = Result<Response<T>, BoxError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let later = match state.as_mut().project() {
                Projection::Later { future } => return future.as_mut().poll(context),
                Projection::Sent { future, retry } => {
                    let response = ready!(future.poll(context)).map_err(Into::into)?;
                    match retry.take() {
                        Some(retry) if response.status() == StatusCode::UNAUTHORIZED => {
                            Box::pin(retry.after(response))
                        }
                        _ => return Poll::Ready(Ok(response)),
                    }
                }
            };
            state.set(State::Later { future: later });
        }
    }
}
