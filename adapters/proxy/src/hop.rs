//! Headers of one connection, which are not for the next (RFC 9110, section 7.6.1).

use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Removes what is for this connection only: what `Connection` lists, and what is so by definition.
pub(crate) fn remove(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> =
        listed(headers).filter_map(|name| HeaderName::from_bytes(name).ok()).collect();
    for name in listed {
        headers.remove(name);
    }
    for name in [
        &CONNECTION,
        &KEEP_ALIVE,
        &PROXY_AUTHORIZATION,
        &PROXY_CONNECTION,
        &TRANSFER_ENCODING,
        &UPGRADE,
    ] {
        headers.remove(name);
    }
}

/// The same, and `TE` but for `trailers`, which gRPC needs, even where `Connection` lists it.
pub(crate) fn remove_but_trailers(headers: &mut HeaderMap) {
    let trailers = headers.get_all(TE).iter().any(|line| lists(line, b"trailers"));
    remove(headers);
    headers.remove(TE);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// The protocol that a message asks to go on with, or agrees to.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_asked = listed(headers).any(|option| option.eq_ignore_ascii_case(b"upgrade"));
    headers.get(UPGRADE).filter(|_| is_asked)
}

/// What the `Connection` headers list.
fn listed(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(CONNECTION).iter().flat_map(items)
}

fn lists(line: &HeaderValue, wanted: &[u8]) -> bool {
    items(line).any(|item| item.eq_ignore_ascii_case(wanted))
}

fn items(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether a request says twice how long it is, or not in one way: a sign of smuggling.
pub(crate) fn is_ambiguous(headers: &HeaderMap) -> bool {
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    let codings = headers.get_all(TRANSFER_ENCODING).iter().count();
    lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_lists_goes_with_what_is_of_one_connection() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-One"),
            ("connection", "upgrade,, x two,x-remote-user"),
            ("x-one", "1"),
            ("keep-alive", "5"),
            ("upgrade", "websocket"),
            ("te", "gzip, Trailers"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("x-remote-user", "root"),
            ("accept", "*/*"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        assert_eq!(upgrade(&headers).unwrap(), "websocket");
        remove_but_trailers(&mut headers);
        let left: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(
            (&headers["te"], &headers["accept"]),
            (&"trailers".parse().unwrap(), &"*/*".parse().unwrap())
        );
        assert!(upgrade(&headers).is_none());
    }
}
