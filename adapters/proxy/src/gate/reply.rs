//! What the gate itself answers: a `Status` each, as an API server would (RV-23, CK-6).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode, Version};
use http_body_util::Full;
use kubecred_core::api::status::{Status, StatusDetails};
use std::time::Duration;

/// No token, or a bad one: 401. Why is for logs, never for the caller (CK-11). A connection of
/// HTTP/1.1 is closed with it, so that it cannot be used to try tokens (RV-22).
pub(crate) fn unauthorized(version: Version) -> Response<Full<Bytes>> {
    let mut reply = status(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized", 0);
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    if version < Version::HTTP_2 {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

/// The user may not.
pub(crate) fn forbidden(message: &str) -> Response<Full<Bytes>> {
    status(StatusCode::FORBIDDEN, "Forbidden", message, 0)
}

/// It cannot be said whether the token is good, or whether the user may: 503, never 401.
pub(crate) fn unavailable(message: &str, retry_after: Duration) -> Response<Full<Bytes>> {
    // Rounded up: a client that comes back early comes back for nothing.
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).max(1);
    status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message, seconds)
}

/// The request is not one that can be judged.
pub(crate) fn bad_request(message: &str) -> Response<Full<Bytes>> {
    status(StatusCode::BAD_REQUEST, "BadRequest", message, 0)
}

/// No application is for this request.
pub(crate) fn not_found(message: &str) -> Response<Full<Bytes>> {
    status(StatusCode::NOT_FOUND, "NotFound", message, 0)
}

/// The application cannot be reached.
pub(crate) fn bad_gateway(message: &str) -> Response<Full<Bytes>> {
    status(StatusCode::BAD_GATEWAY, "", message, 0)
}

fn status(
    code: StatusCode,
    reason: &str,
    message: &str,
    retry_after_seconds: u32,
) -> Response<Full<Bytes>> {
    let status = Status {
        status: "Failure".into(),
        message: message.into(),
        reason: reason.into(),
        details: StatusDetails { retry_after_seconds, ..StatusDetails::default() },
        code: code.as_u16(),
    };
    let body = Bytes::copy_from_slice(status.to_json().expose());
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = code;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if retry_after_seconds > 0 {
        headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
    }
    reply
}
