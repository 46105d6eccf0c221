//! Services that cannot be cloned, made so that they can.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Mutex;
use tower_layer::Layer;
use tower_service::Service;

/// Makes [`Shared`] services, to put under an [`AuthLayer`](super::AuthLayer).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SharedLayer;

impl SharedLayer {
    /// The layer.
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for SharedLayer {
    type Service = Shared<S>;

    fn layer(&self, inner: S) -> Shared<S> {
        Shared { inner: Arc::new(Mutex::new(inner)) }
    }
}

/// One service behind many handles. Requests take turns to be started, not to be answered.
#[derive(Debug)]
pub struct Shared<S> {
    inner: Arc<Mutex<S>>,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S, R> Service<R> for Shared<S>
where
    S: Service<R> + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    /// Waiting for the inner service is part of the call.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let answer = {
                let mut service = inner.lock().await;
                std::future::poll_fn(|context| service.poll_ready(context)).await?;
                service.call(request)
            };
            answer.await
        })
    }
}
