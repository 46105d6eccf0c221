//! Health and metrics of a gate, without a login: on a listener of their own.

use super::Gate;
use crate::server::Drain;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// `/healthz`, `/readyz` (503 while the server drains) and `/metrics`: a service for
/// [`Server`](crate::server::Server).
#[derive(Clone, Debug)]
pub struct Health {
    gate: Gate,
    drain: Drain,
}

impl Health {
    /// Of this gate, which ends with this drain.
    #[must_use]
    pub fn new(gate: &Gate, drain: &Drain) -> Self {
        Self { gate: gate.clone(), drain: drain.clone() }
    }
}

impl Service<Request<Incoming>> for Health {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (status, text) = match request.uri().path() {
            "/healthz" => (StatusCode::OK, "ok".to_owned()),
            "/readyz" if self.drain.is_begun() => {
                (StatusCode::SERVICE_UNAVAILABLE, "draining".to_owned())
            }
            "/readyz" => (StatusCode::OK, "ok".to_owned()),
            "/metrics" => (StatusCode::OK, self.gate.metrics()),
            _ => (StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        ready(Ok(response))
    }
}
