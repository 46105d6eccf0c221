//! The answer to a proxy that asks about a request (CK-2, CK-5).

use super::identity;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;
use std::collections::BTreeSet;

/// Envoy removes the headers that this one lists from the request that it checked.
const TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// 200, which is the only status that every proxy takes for yes; empty, and not to be stored.
pub(crate) fn allowed() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Tells Envoy to take the credential off, and every identity header that it showed and that the
/// answer does not set.
pub(crate) fn remove_at_envoy(answer: &mut HeaderMap, shown: &HeaderMap) {
    let mut names = BTreeSet::from([AUTHORIZATION.as_str()]);
    let forged = shown.keys().filter(|name| identity::is_identity(name));
    names.extend(forged.filter(|name| !answer.contains_key(*name)).map(HeaderName::as_str));
    let list = names.into_iter().collect::<Vec<_>>().join(",");
    if let Ok(list) = HeaderValue::from_str(&list) {
        answer.insert(TO_REMOVE, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ck_2_ck_5_envoy_is_told_what_to_remove() {
        let mut shown = HeaderMap::new();
        for name in ["x-remote-extra-forged", "x-remote-user", "x_remote_uid", "accept"] {
            shown.insert(name, HeaderValue::from_static("root"));
        }
        let mut response = allowed();
        response.headers_mut().insert("x-remote-user", HeaderValue::from_static("ann"));
        remove_at_envoy(response.headers_mut(), &shown);
        assert_eq!(
            response.headers()[TO_REMOVE],
            "authorization,x-remote-extra-forged,x_remote_uid"
        );
        assert_eq!(
            (response.status().as_u16(), &response.headers()["cache-control"]),
            (200, &HeaderValue::from_static("no-store"))
        );
    }
}
