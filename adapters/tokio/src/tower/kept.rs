//! A request that is kept for a second try: most are never needed, so keeping one has to be cheap.
//! A copy of its header map costs five allocations; this costs one, and is taken apart when it is
//! needed.

use http::request::Builder;
use http::uri::{Authority, Scheme};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// A request, for once more.
pub(super) struct Kept<B> {
    method: Method,
    version: Version,
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    /// The path, then each header: see [`pack`].
    text: Vec<u8>,
    path: usize,
    extensions: Extensions,
    body: B,
}

/// The lengths of a name and of a value, and whether the value is sensitive.
const LENGTHS: usize = 4 + 4 + 1;

impl<B> Kept<B> {
    /// Keeps a request with this body.
    pub(super) fn new(request: &Request<B>, body: B) -> Self {
        let uri = request.uri();
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        Self {
            method: request.method().clone(),
            version: request.version(),
            scheme: uri.scheme().cloned(),
            authority: uri.authority().cloned(),
            text: pack(path, request.headers()),
            path: path.len(),
            extensions: request.extensions().clone(),
            body,
        }
    }

    /// The request again. `None` cannot be, since all of it was part of a request.
    pub(super) fn into_request(self) -> Option<Request<B>> {
        let (path, mut rest) = self.text.split_at_checked(self.path)?;
        let mut parts = http::uri::Parts::default();
        (parts.scheme, parts.authority) = (self.scheme, self.authority);
        if !path.is_empty() {
            parts.path_and_query = Some(path.try_into().ok()?);
        }
        let builder = Builder::new().method(self.method).version(self.version);
        let mut request = builder.uri(Uri::from_parts(parts).ok()?).body(self.body).ok()?;
        while !rest.is_empty() {
            let (name, value);
            (name, value, rest) = unpack(rest)?;
            request.headers_mut().append(name, value);
        }
        *request.extensions_mut() = self.extensions;
        Some(request)
    }
}

fn pack(path: &str, headers: &HeaderMap) -> Vec<u8> {
    let size =
        |(name, value): (&HeaderName, &HeaderValue)| LENGTHS + name.as_str().len() + value.len();
    let mut text = Vec::with_capacity(path.len() + headers.iter().map(size).sum::<usize>());
    text.extend_from_slice(path.as_bytes());
    for (name, value) in headers {
        // A header is shorter than 4 GiB: `HeaderName` has a limit, and a value is in memory.
        for length in [name.as_str().len(), value.len()] {
            text.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        text.push(value.is_sensitive().into());
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(value.as_bytes());
    }
    text
}

/// The first header, and what comes after it.
fn unpack(text: &[u8]) -> Option<(HeaderName, HeaderValue, &[u8])> {
    let (name, text) = text.split_first_chunk::<4>()?;
    let (value, text) = text.split_first_chunk::<4>()?;
    let (is_sensitive, text) = text.split_first()?;
    let length = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
    let (name, text) = text.split_at_checked(length(name)?)?;
    let (value, text) = text.split_at_checked(length(value)?)?;
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(*is_sensitive != 0);
    Some((HeaderName::from_bytes(name).ok()?, value, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(request: Request<&str>) -> Request<&str> {
        let body = *request.body();
        Kept::new(&request, body).into_request().expect("it was a request")
    }

    #[test]
    fn a_request_is_the_same_again() {
        for uri in ["/", "/a?b=c", "*", "https://me.example:6443/x?y", "https://[::1]", "a.b:443"] {
            let method = if uri == "a.b:443" { Method::CONNECT } else { Method::PATCH };
            let mut request = Request::builder().method(method).uri(uri).body("body").unwrap();
            *request.version_mut() = Version::HTTP_2;
            request.extensions_mut().insert(7_u8);
            let headers = request.headers_mut();
            for (name, value) in
                [("accept", "a"), ("x-own", ""), ("accept", "b"), ("x-\u{7e}", "\u{fc}")]
            {
                headers.append(name, value.parse().unwrap());
            }
            let mut secret = HeaderValue::from_static("hush");
            secret.set_sensitive(true);
            headers.insert("cookie", secret);
            let (before, after) = (request.clone(), again(request));
            assert_eq!(after.uri(), before.uri());
            assert_eq!(after.method(), before.method());
            assert_eq!(after.version(), before.version());
            assert_eq!(after.headers(), before.headers());
            assert_eq!(after.body(), before.body());
            assert_eq!(after.extensions().get(), Some(&7_u8));
            assert!(after.headers()["cookie"].is_sensitive());
            assert!(!after.headers()["accept"].is_sensitive());
        }
    }
}
