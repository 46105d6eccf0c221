//! A request once more.

use crate::net::pool::Outgoing;
use crate::tower::Replay;
use http::Request;

/// The same request; `None` if its body cannot be had again.
pub(super) fn copy(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let body = request.body().replay()?;
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}
