//! What the proxy answers by itself: `Status` objects, so that kubectl and client libraries can tell
//! what it says.

use super::body::ProxyBody;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use kubecred_core::api::status::{Status, StatusDetails};

/// A request that is not sent on, or has no answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: StatusCode,
    reason: &'static str,
    message: String,
    retry_after: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), retry_after: None }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// It may be asked again after so many seconds: nothing has been sent, or what was sent changes
    /// nothing. Client libraries do so by themselves, whatever the method.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(crate) fn code(&self) -> StatusCode {
        self.code
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_response(self) -> Response<ProxyBody> {
        let status = Status {
            status: "Failure".into(),
            message: self.message,
            reason: self.reason.into(),
            details: StatusDetails {
                retry_after_seconds: self.retry_after.unwrap_or_default(),
                ..StatusDetails::default()
            },
            code: self.code.as_u16(),
        };
        let mut body = status.to_json().expose().to_vec();
        body.push(b'\n');
        let mut response = Response::new(ProxyBody::whole(body));
        *response.status_mut() = self.code;
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(CONTENT_TYPE, "application/json");
        set(CACHE_CONTROL, "no-cache, private");
        set(HeaderName::from_static("x-content-type-options"), "nosniff");
        match self.code {
            StatusCode::UNAUTHORIZED => set(WWW_AUTHENTICATE, "Bearer"),
            // What follows a request that was not understood may not be a request.
            StatusCode::BAD_REQUEST => set(CONNECTION, "close"),
            _ => {}
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
