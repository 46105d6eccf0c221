//! Callers who mean harm: what is one request for us must be one request for the server, and ours
//! in every part that says who asks.

use crate::upstream::{Stage, Upstream, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Reads bodies as RFC 9112 says, and answers each request with `ok`.
async fn careful() -> Upstream {
    Upstream::start(|mut stream, head, mut rest| async move {
        let is_chunked = header(&head, "transfer-encoding") == ["chunked"];
        let length = header(&head, "content-length").first().and_then(|n| n.parse::<usize>().ok());
        assert!(!(is_chunked && length.is_some()), "two lengths: {head}");
        while if is_chunked {
            !rest.ends_with(b"0\r\n\r\n")
        } else {
            rest.len() < length.unwrap_or(0)
        } {
            let mut piece = [0; 4096];
            let size = stream.read(&mut piece).await.ok().filter(|size| *size > 0)?;
            rest.extend_from_slice(&piece[..size]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
        Some(stream)
    })
    .await
}

#[tokio::test]
async fn smuggled_requests_are_bodies_or_refused() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (name, request) in [
        (
            "CL.TE",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
                smuggled.len() + 5
            ),
        ),
        (
            "TE.CL",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
                smuggled.len()
            ),
        ),
        (
            "two lengths",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: {}\r\n\r\n{smuggled}",
                smuggled.len()
            ),
        ),
        (
            "TE twice",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "TE with a tab",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "TE of another name",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}",
                smuggled.len() + 5
            ),
        ),
        (
            "folded",
            format!(
                "POST /a HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "length with a sign",
            format!("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n{smuggled}"),
        ),
        ("NUL", format!("GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n{smuggled}")),
        (
            "bare CR",
            format!(
                "GET /a HTTP/1.1\r\nHost: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n{smuggled}"
            ),
        ),
    ] {
        let upstream = careful().await;
        let stage = Stage::new(&upstream).await;
        let answer = stage.raw(&request).await;
        let heads = upstream.heads();
        let answers = answer.matches("HTTP/1.1 ").count();
        // What the server saw is what the caller was answered for: no request of which the proxy
        // does not know.
        let served = answer.matches("HTTP/1.1 200").count();
        assert_eq!(heads.len(), served, "{name}: {answers} answers\n{answer}\n{heads:?}");
        for head in &heads {
            assert_eq!(header(head, "authorization"), ["Bearer ours"], "{name}: {head}");
            assert!(header(head, "host") == [upstream.address.to_string()], "{name}: {head}");
        }
    }
}

#[tokio::test]
async fn a_line_that_ends_without_cr_hides_nothing() {
    let upstream = careful().await;
    let stage = Stage::new(&upstream).await;
    let request = "GET /a HTTP/1.1\nHost: localhost\nImpersonate-User: root\nConnection: close\n\n";
    let answer = stage.raw(request).await;
    // Lines may end so (RFC 9112, 2.2); then it is a header like others, and is not repeated as is.
    for head in upstream.heads() {
        assert!(!head.replace("\r\n", "").contains('\n'), "{head:?}");
        assert_eq!(header(&head, "impersonate-user"), ["root"]);
    }
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn connection_takes_nothing_off_that_the_proxy_puts_on() {
    let upstream = careful().await;
    let stage = Stage::new(&upstream).await;
    let headers = "X-Forwarded-For: 9.9.9.9\r\nConnection: authorization, x-forwarded-for, host, user-agent, content-length\r\n";
    stage.request("POST /a", headers).await;
    let head = upstream.last();
    assert_eq!(header(&head, "authorization"), ["Bearer ours"]);
    assert_eq!(header(&head, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(header(&head, "host"), [upstream.address.to_string()]);
}

#[tokio::test]
async fn a_host_is_named_once_and_the_same_everywhere() {
    let upstream = careful().await;
    let stage = Stage::new(&upstream).await;
    for (request, code) in [
        ("GET http://evil.example/a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("GET http://localhost/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
        ("GET http://evil.example/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        ("GET /a HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\n\r\n", 400),
        ("GET /a HTTP/1.0\r\n\r\n", 403),
        ("GET /a HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n", 403),
    ] {
        let answer = stage.raw(request).await;
        assert!(
            answer
                .starts_with(&format!("HTTP/1.{} {code}", u8::from(!request.contains("HTTP/1.0")))),
            "{request}: {answer}"
        );
    }
    assert!(upstream.heads().is_empty(), "{:?}", upstream.heads());
    let answer = stage
        .raw("GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(upstream.last().starts_with("GET /a "), "{}", upstream.last());
}

/// I: both reach the API server through kubectl's proxy, with its credential.
#[tokio::test]
async fn px_17_a_foreign_page_opens_no_websocket_and_posts_no_form() {
    let upstream = careful().await;
    let stage = Stage::new(&upstream).await;
    for headers in [
        "Origin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\nContent-Type: text/plain\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Origin: null\r\n",
    ] {
        let answer = stage.request("POST /api/v1/namespaces/n/pods/p/portforward", headers).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{headers}: {answer}");
    }
    assert!(upstream.heads().is_empty());
}
