//! The gate as a reverse proxy: one request to the application, and its answer.

use super::identity;
use super::upstream::{BoxError, Outgoing, Upstream};
use crate::hop;
use bytes::Bytes;
use http::header::{CONNECTION, FORWARDED, HOST, HeaderName, PROXY_AUTHENTICATE, TRAILER, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Frame, Incoming};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers by which some frameworks take another path or method than that of the request, and so
/// another than the one that was judged.
const OVERRIDES: [&str; 7] = [
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-forwarded-uri",
];

/// The body of an answer.
pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;

/// What the gate knows of a request beside what is in it.
pub(crate) struct Circumstances {
    /// The address of the peer.
    pub(crate) peer: Option<std::net::IpAddr>,
    /// Whether it came over TLS.
    pub(crate) tls: bool,
}

/// Both ends of a connection that goes on with another protocol.
pub(crate) struct Tunnel {
    pub(crate) caller: OnUpgrade,
    pub(crate) application: OnUpgrade,
}

impl Tunnel {
    /// Copies both ways to the end of both. One that ends first does not end the other (PX-36).
    pub(crate) async fn copy(self) {
        let Ok((caller, application)) = tokio::try_join!(self.caller, self.application) else {
            return;
        };
        let io = |upgraded: Upgraded| TokioIo::new(upgraded);
        // What ends it is the affair of the two.
        let _ = tokio::io::copy_bidirectional(&mut io(caller), &mut io(application)).await;
    }
}

/// Why there is no answer of the application.
pub(crate) enum NoAnswer {
    /// The request cannot be sent as it is.
    Invalid(String),
    /// The application cannot be reached, or broke off: why, for a log.
    Unreachable(String),
}

/// Makes the request one for the application: without what is of this connection, without any
/// identity that it came with, and without the credential. Then `set` puts in what the gate says, so
/// that nothing that the caller lists in `Connection` can take that away (RV-21).
pub(crate) fn prepare<E>(
    headers: &mut HeaderMap,
    circumstances: &Circumstances,
    set: impl FnOnce(&mut HeaderMap) -> Result<(), E>,
) -> Result<(), E> {
    let host = headers.get(HOST).cloned();
    remove_hop(headers);
    identity::remove(headers);
    for name in OVERRIDES {
        headers.remove(name);
    }
    headers.remove(FORWARDED);
    forwarded(headers, circumstances, host.as_ref());
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
    set(headers)
}

/// What is for one connection, in either direction.
fn remove_hop(headers: &mut HeaderMap) {
    hop::remove_but_trailers(headers);
    headers.remove(PROXY_AUTHENTICATE);
    headers.remove(TRAILER);
}

/// `X-Forwarded-For` is extended; the others say what is true of this request.
fn forwarded(headers: &mut HeaderMap, circumstances: &Circumstances, host: Option<&HeaderValue>) {
    if let Some(peer) = circumstances.peer {
        let before = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
        let peer = peer.to_string();
        let all: Vec<&[u8]> = before.chain([peer.as_bytes()]).collect();
        if let Ok(value) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
            headers.insert(FORWARDED_FOR, value);
        }
    }
    let proto = if circumstances.tls { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    match host {
        Some(host) => headers.insert(FORWARDED_HOST, host.clone()),
        None => headers.remove(FORWARDED_HOST),
    };
}

/// Sends a request that was [prepared](prepare), and gives the answer, with a tunnel if both sides
/// go on with another protocol.
pub(crate) async fn send(
    upstream: &Upstream,
    mut request: Request<Incoming>,
    upgrade: Option<HeaderValue>,
) -> Result<(Response<ReplyBody>, Option<Tunnel>), NoAnswer> {
    let path = request.uri().path_and_query().cloned();
    let path = path.ok_or_else(|| NoAnswer::Invalid("the request has no path".to_owned()))?;
    *request.uri_mut() =
        upstream.uri(path).map_err(|error| NoAnswer::Invalid(error.to_string()))?;
    let headers = request.headers_mut();
    let mut caller = None;
    if let Some(protocol) = &upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
        caller = Some(hyper::upgrade::on(&mut request));
    }
    *request.version_mut() =
        if upstream.is_http2_only() { Version::HTTP_2 } else { Version::HTTP_11 };
    let request = request.map(outgoing);
    let answer = upstream.send(request, upgrade.is_some()).await;
    let mut answer = answer.map_err(|error| NoAnswer::Unreachable(words(&error)))?;
    let mut tunnel = None;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(caller), Some(protocol)) = (caller, hop::upgrade(answer.headers()).cloned())
        else {
            return Err(NoAnswer::Unreachable("it switches protocols without being asked".into()));
        };
        tunnel = Some(Tunnel { caller, application: hyper::upgrade::on(&mut answer) });
        remove_hop(answer.headers_mut());
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        answer.headers_mut().insert(UPGRADE, protocol);
    } else {
        remove_hop(answer.headers_mut());
    }
    Ok((answer.map(|body| UnsyncBoxBody::new(body.map_err(Into::into))), tunnel))
}

/// The body as it comes; trailers may name no identity either, as some servers add them to the
/// headers.
fn outgoing(body: Incoming) -> Outgoing {
    UnsyncBoxBody::new(body.map_err(Into::into).map_frame(|frame| match frame.into_trailers() {
        Ok(mut trailers) => {
            identity::remove(&mut trailers);
            trailers.remove(http::header::AUTHORIZATION);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }))
}

/// The causes of an error, in one line.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn rv_21_connection_takes_away_no_header_that_the_gate_sets() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "app.example"),
            ("connection", "x-remote-user, x-forwarded-for, x-remote-identity, host"),
            ("x-remote-user", "root"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-original-url", "/admin"),
            ("forwarded", "for=1.1.1.1"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let circumstances = Circumstances { peer: "9.9.9.9".parse().ok(), tls: false };
        prepare(&mut headers, &circumstances, |headers| {
            headers.insert("x-remote-user", "ann".parse().unwrap());
            Ok::<_, Infallible>(())
        })
        .unwrap();
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "host: \"app.example\"",
                "x-forwarded-for: \"9.9.9.9\"",
                "x-forwarded-host: \"app.example\"",
                "x-forwarded-proto: \"http\"",
                "x-remote-user: \"ann\"",
            ]
        );
    }
}
