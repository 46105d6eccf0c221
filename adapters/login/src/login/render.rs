//! From the machine's answer to an HTTP response.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use kubecred_core::Header;
use kubecred_core::login::ResponseBody;

/// A response, ready to send.
#[derive(Clone, Debug)]
pub struct Rendered(Response<Full<Bytes>>);

impl Rendered {
    /// With the machine's status and headers; `html` is the page, if the body is one.
    #[must_use]
    pub fn new(status: u16, headers: &[Header], body: &ResponseBody, html: String) -> Self {
        let (kind, text) = match body {
            ResponseBody::Empty => (None, String::new()),
            ResponseBody::Text(text) => (Some("text/plain; charset=utf-8"), (*text).to_owned()),
            ResponseBody::Page(_) => (Some("text/html; charset=utf-8"), html),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for Header { name, value } in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.expose());
            // The machine makes no header that is not one.
            if let (Ok(name), Ok(value)) = (name, value) {
                response.headers_mut().append(name, value);
            }
        }
        if let Some(kind) = kind {
            let value = HeaderValue::from_static(kind);
            response.headers_mut().insert(http::header::CONTENT_TYPE, value);
        }
        Self(response)
    }

    #[cfg(test)]
    pub(super) fn text(status: u16, text: &str) -> Self {
        let mut rendered = Self::new(status, &[], &ResponseBody::Empty, String::new());
        *rendered.0.body_mut() = Full::new(Bytes::from(text.to_owned()));
        rendered
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        self.0
    }
}
