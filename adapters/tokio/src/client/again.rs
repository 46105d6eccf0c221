//! Requests that the server asks to send again, as client-go sends them again (HT-5).

use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};
use std::time::Duration;

use crate::net::pool::Outgoing;
use crate::tower::Replay;

/// How often a request is sent again, as client-go has it.
pub(super) const MOST: usize = 10;

/// How long the server asks to wait: after 429, or a failure of its own, with whole seconds in
/// `Retry-After`. A date there is not client-go's way, and no request to send it again.
pub(super) fn pause<B>(answer: &Response<B>) -> Option<Duration> {
    let status = answer.status();
    let asks = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    let seconds = answer.headers().get(RETRY_AFTER).filter(|_| asks)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse::<u32>().ok()?.into()))
}

/// The same request once more; `None` if its body cannot be had again.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, after: &str) -> Option<u64> {
        let answer = Response::builder().status(status).header("retry-after", after).body(());
        pause(&answer.expect("an answer")).map(|pause| pause.as_secs())
    }

    #[test]
    fn ht_5_what_the_server_asks_for_in_seconds_counts() {
        for (status, after, pause) in [
            (429, "0", Some(0)),
            (429, "7", Some(7)),
            (500, "1", Some(1)),
            (503, "1", Some(1)),
            (599, "1", Some(1)),
            (429, "-1", None),
            (429, "1.5", None),
            (429, "", None),
            (429, "Wed, 21 Oct 2026 07:28:00 GMT", None),
            (200, "1", None),
            (301, "1", None),
            (401, "1", None),
            (404, "1", None),
        ] {
            assert_eq!(asked(status, after), pause, "{status} {after:?}");
        }
        assert_eq!(pause(&Response::builder().status(429).body(()).expect("an answer")), None);
    }
}
