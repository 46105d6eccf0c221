//! The login on the way: renewed, and asked for once more after a 401.

use crate::upstream::{Stage, Upstream, counting, header};
use kubecred_proxy::forward::Settings;
use kubecred_tokio::{Auth, ProvidedToken};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

const UNAUTHORIZED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// Takes only `good`; reads bodies of known length; speaks `foo` after an upgrade.
async fn strict(good: &'static str) -> Upstream {
    Upstream::start(move |mut stream, head, mut rest| async move {
        let length = header(&head, "content-length").first().and_then(|n| n.parse().ok());
        while rest.len() < length.unwrap_or(0) {
            let mut piece = [0; 65536];
            let size = stream.read(&mut piece).await.ok().filter(|size| *size > 0)?;
            rest.extend_from_slice(&piece[..size]);
        }
        if header(&head, "authorization") != [format!("Bearer {good}")] {
            stream.write_all(UNAUTHORIZED).await.ok()?;
            return Some(stream);
        }
        if header(&head, "upgrade") == ["foo"] {
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nhi";
            stream.write_all(answer).await.ok()?;
            return None;
        }
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{:7}", rest.len());
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(stream)
    })
    .await
}

/// I: kubectl passes the 401 on, and renews for the next request only.
#[tokio::test]
async fn px_30_a_401_is_answered_by_one_renewal_and_one_more_try() {
    let upstream = strict("token-2").await;
    for (line, headers, body) in
        [("GET /a", "", ""), ("DELETE /a", "", ""), ("POST /a", "Content-Length: 4\r\n", "body")]
    {
        let (auth, logins) = counting(&upstream, Duration::ZERO);
        let stage = Stage::with(auth, Settings::default()).await;
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}"
        );
        let answer = stage.raw(&request).await;
        let expected = format!("{:7}", body.len());
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with(&expected),
            "{line}: {answer}"
        );
        assert_eq!(logins.load(Ordering::SeqCst), 2, "{line}");
        assert!(stage.proxy.metrics().contains("retries_after_401_total 1"));
    }
}

/// I: as above. A body that is too large to keep gets the 401, and the next request succeeds.
#[tokio::test]
async fn px_30_a_large_body_is_not_kept_and_the_next_request_succeeds() {
    let upstream = strict("token-2").await;
    let (auth, logins) = counting(&upstream, Duration::ZERO);
    let stage = Stage::with(auth, Settings::default()).await;
    let body = "x".repeat(70_000);
    let request = format!(
        "POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n{body}"
    );
    assert!(stage.raw(&request).await.starts_with("HTTP/1.1 401"));
    let mut tries = 0;
    while logins.load(Ordering::SeqCst) < 2 && tries < 100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        tries += 1;
    }
    let answer = stage.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("  70000"), "{answer}");
    assert_eq!(logins.load(Ordering::SeqCst), 2);
}

/// I: in kubectl each 401 is one more run of the plugin.
#[tokio::test]
async fn px_30_of_many_refused_requests_one_logs_in_and_a_refused_caller_none() {
    let upstream = strict("token-2").await;
    let (auth, logins) = counting(&upstream, Duration::from_millis(50));
    let stage = Stage::with(auth, Settings::default()).await;
    let requests: Vec<_> = (0..20).map(|_| stage.request("GET /a", "")).collect();
    for answer in futures_join(requests).await {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(logins.load(Ordering::SeqCst), 2);

    let own = stage.request("GET /a", "Authorization: Bearer theirs\r\n").await;
    assert!(own.starts_with("HTTP/1.1 401"), "{own}");
    assert_eq!(logins.load(Ordering::SeqCst), 2);
}

async fn futures_join(futures: Vec<impl Future<Output = String>>) -> Vec<String> {
    let mut answers = Vec::new();
    let mut open: Vec<_> = futures.into_iter().map(Box::pin).collect();
    // Polled together: all are on their way before the first is answered.
    std::future::poll_fn(|context| {
        open.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if open.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

/// I: kubectl never renews for an upgrade: exec fails until a plain request comes.
#[tokio::test]
async fn px_31_an_upgrade_that_got_401_is_tried_once_more() {
    let upstream = strict("token-2").await;
    let (auth, logins) = counting(&upstream, Duration::ZERO);
    let stage = Stage::with(auth, Settings::default()).await;
    let answer = stage
        .raw("POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 101") && answer.ends_with("hi"), "{answer}");
    assert_eq!(logins.load(Ordering::SeqCst), 2);
}

/// I: kubectl's first request after an expiry waits for the plugin.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a token that ends needs a time at which it does")]
async fn px_32_a_login_that_ends_is_renewed_ahead_and_no_request_waits() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let count = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(1));
    let (counted, gated) = (Arc::clone(&count), Arc::clone(&gate));
    let provider = move || {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let gate = Arc::clone(&gated);
        async move {
            gate.acquire().await.map_err(|error| error.to_string())?.forget();
            let ends = SystemTime::now() + Duration::from_secs(20);
            Ok::<_, String>(ProvidedToken::new(format!("token-{number}")).expires_at(ends))
        }
    };
    let auth = Auth::builder().with_token_provider(provider).profile(upstream.profile());
    let stage = Stage::with(auth, Settings::default()).await;
    stage.request("GET /a", "").await;
    while count.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.request("GET /a", "").await;
    }
    // The renewal is on its way, and goes on for as long as we want: requests do not wait for it.
    let answer = stage.request("GET /while", "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(header(&upstream.last(), "authorization"), ["Bearer token-0"]);
    gate.add_permits(1);
    let limit = tokio::time::timeout(Duration::from_secs(20), async {
        while header(&upstream.last(), "authorization") != ["Bearer token-1"] {
            stage.request("GET /a", "").await;
        }
    });
    limit.await.expect("the new token is used");
}
