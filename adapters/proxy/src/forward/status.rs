//! `/metrics` and `/healthz` of the proxy itself, on a port of their own: on the proxy's port these
//! paths are the API server's.

use super::Proxy;
use super::body::ProxyBody;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// Answers `/metrics` with counts for Prometheus; `/livez` with 200; `/healthz` and `/readyz` with
/// 200 while the proxy has a credential, else with 503.
#[derive(Clone, Debug)]
pub struct StatusService(Proxy);

impl StatusService {
    /// Of this proxy.
    #[must_use]
    pub fn new(proxy: &Proxy) -> Self {
        Self(proxy.clone())
    }

    fn answer(&self, path: &str) -> (StatusCode, String) {
        match path {
            "/metrics" => (StatusCode::OK, self.0.metrics()),
            "/livez" => (StatusCode::OK, "ok\n".into()),
            "/healthz" | "/readyz" if self.0.is_ready() => (StatusCode::OK, "ok\n".into()),
            "/healthz" | "/readyz" => {
                (StatusCode::SERVICE_UNAVAILABLE, "no credential for the API server\n".into())
            }
            _ => (StatusCode::NOT_FOUND, "there are /metrics, /healthz, /readyz, /livez\n".into()),
        }
    }
}

impl<B> Service<Request<B>> for StatusService {
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<ProxyBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (status, text) = self.answer(request.uri().path());
        let mut response = Response::new(ProxyBody::whole(text));
        *response.status_mut() = status;
        let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        ready(Ok(response))
    }
}
