//! Where a request carries its token (RV-1, RV-2).

use crate::hop;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue};
use kubecred_core::Secret;

const PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// The token in `Authorization`, as kube-apiserver reads it: the first such header, trimmed and
/// split at single spaces; the scheme in any case; the second word. Another scheme, or none, is no
/// token, and not an error (RV-1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let header = headers.get(AUTHORIZATION)?.as_bytes().trim_ascii();
    let mut words = header.splitn(3, |byte| *byte == b' ');
    let (scheme, token) = (words.next()?, words.next()?);
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then_some(token)
}

/// A token among the subprotocols of a WebSocket request.
#[derive(Debug)]
pub(crate) struct InProtocol {
    pub(crate) token: Secret,
    /// The other subprotocols, to be sent on in place of all.
    pub(crate) others: HeaderValue,
}

/// The token among the subprotocols, if the request is one for a WebSocket and carries one there
/// (RV-2): exactly one, of text, and beside another subprotocol.
pub(crate) fn in_protocol(headers: &HeaderMap) -> Result<Option<InProtocol>, &'static str> {
    if !is_websocket(headers) {
        return Ok(None);
    }
    let (mut token, mut others) = (None, Vec::new());
    for line in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        for protocol in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            match protocol.strip_prefix(PROTOCOL.as_bytes()) {
                None => others.push(protocol),
                Some(_) if token.is_some() => return Err("two tokens among the subprotocols"),
                Some(encoded) => {
                    let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map(Secret::from);
                    let bytes = bytes.map_err(|_| "a subprotocol is no token in base64url")?;
                    if bytes.expose_str().is_none() {
                        return Err("the token among the subprotocols is not UTF-8");
                    }
                    token = Some(bytes);
                }
            }
        }
    }
    let Some(token) = token else { return Ok(None) };
    if others.is_empty() {
        return Err("a token is the only subprotocol");
    }
    let others = HeaderValue::from_bytes(&others.join(&b","[..]));
    let others = others.map_err(|_| "a subprotocol is no header text")?;
    Ok(Some(InProtocol { token, others }))
}

fn is_websocket(headers: &HeaderMap) -> bool {
    let is = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    hop::upgrade(headers).is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn rv_1_the_token_is_the_second_word_of_the_first_authorization() {
        let of = |value: &str| bearer(&headers(&[("authorization", value)])).map(<[u8]>::to_vec);
        for value in ["Bearer t", "bearer t", "BEARER t", "  Bearer t ", "Bearer t and more"] {
            assert_eq!(of(value).as_deref(), Some(&b"t"[..]), "{value:?}");
        }
        for value in
            ["", "Bearer", "Bearer ", "Bearer  t", "Basic t", "Bearert", "Token Bearer t", "t"]
        {
            assert_eq!(of(value), None, "{value:?}");
        }
        let two = headers(&[("authorization", "Basic x"), ("authorization", "Bearer t")]);
        assert_eq!(bearer(&two), None);
    }

    #[test]
    fn rv_2_a_websocket_may_carry_it_as_a_subprotocol_beside_another() {
        let of = |protocols: &[&'static str]| {
            let mut lines = vec![("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")];
            lines.extend(protocols.iter().map(|value| ("sec-websocket-protocol", *value)));
            in_protocol(&headers(&lines))
        };
        const TOKEN: &str = "base64url.bearer.authorization.k8s.io.dC10";
        let found = of(&["a, base64url.bearer.authorization.k8s.io.dC10", "b"]).unwrap().unwrap();
        assert_eq!((found.token.expose(), found.others.as_bytes()), (&b"t-t"[..], &b"a,b"[..]));
        assert!(of(&["a", "b"]).unwrap().is_none() && of(&[]).unwrap().is_none());
        assert!(of(&[TOKEN]).is_err(), "alone");
        assert!(of(&["a", TOKEN, TOKEN]).is_err(), "twice");
        assert!(of(&["a", "base64url.bearer.authorization.k8s.io.dC10="]).is_err(), "padded");
        assert!(of(&["a", "base64url.bearer.authorization.k8s.io._w"]).is_err(), "not UTF-8");
        // Without an upgrade it is a header like any other.
        let plain = headers(&[("sec-websocket-protocol", TOKEN), ("connection", "upgrade")]);
        assert!(in_protocol(&plain).unwrap().is_none());
    }
}
