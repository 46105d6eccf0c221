//! Refusals in the words of an API server: `metav1.Status` as JSON.

use crate::body::ReplyBody;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// A reply with a JSON document.
pub(crate) fn document(status: StatusCode, document: &Value) -> Response<ReplyBody> {
    let mut body = document.to_string();
    body.push('\n');
    reply(status, "application/json", body.into())
}

/// A reply with plain text.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response<ReplyBody> {
    reply(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

/// 401 Unauthorized: the API server says no more than that.
pub(crate) fn unauthorized() -> Response<ReplyBody> {
    refusal(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
}

/// A refusal with its `reason` of the API conventions and a message for people.
pub(crate) fn refusal(status: StatusCode, reason: &str, message: &str) -> Response<ReplyBody> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status.as_u16(),
    });
    document(status, &body)
}

/// The same about an object of that name.
pub(crate) fn refusal_of(
    status: StatusCode,
    reason: &str,
    message: &str,
    name: &str,
) -> Response<ReplyBody> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": { "name": name, "kind": "serviceaccounts" },
        "code": status.as_u16(),
    });
    document(status, &body)
}

fn reply(status: StatusCode, kind: &'static str, body: Bytes) -> Response<ReplyBody> {
    let mut reply = Response::new(ReplyBody::Whole(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    reply
}
