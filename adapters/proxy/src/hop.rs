//! Headers of one connection, which are not for the next (RFC 9110, section 7.6.1).

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue};

const OF_ONE_CONNECTION: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Removes what is for this connection only: what `Connection` lists, and what is so by definition.
/// `TE: trailers` stays, which gRPC needs.
pub(crate) fn remove(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    let trailers = headers.get_all(TE).iter().any(accepts_trailers);
    for name in listed {
        headers.remove(name);
    }
    for name in OF_ONE_CONNECTION {
        headers.remove(name);
    }
    headers.remove(TE);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

fn accepts_trailers(line: &HeaderValue) -> bool {
    let mut words = line.as_bytes().split(|byte| *byte == b',');
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// The protocol that a request asks to go on with.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(UPGRADE).filter(|_| super::token::wants_upgrade(headers)).cloned()
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
        remove(&mut headers);
        let left: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(
            (&headers["te"], &headers["accept"]),
            (&"trailers".parse().unwrap(), &"*/*".parse().unwrap())
        );
        assert!(upgrade(&headers).is_none());
    }
}
