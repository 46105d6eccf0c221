//! Requests that the server asks to send again, and servers that never come to the answer.

use crate::case::{Case, TOKEN};
use crate::programs::Program;
use http::{Response, StatusCode};
use kubecred_loopback::ApiServer;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A case whose server answers so with `Retry-After`, if there is one, and every `turn`th request
/// well.
async fn case(status: StatusCode, after: Option<&'static str>, turn: usize) -> Case {
    let seen = AtomicUsize::new(0);
    let server = ApiServer::builder().respond(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) % turn == turn - 1 {
            return None;
        }
        let answer = after.into_iter().fold(Response::builder().status(status), |answer, after| {
            answer.header("retry-after", after)
        });
        Some(answer.body("later"[..].into()).expect("an answer"))
    });
    Case::with(server).await.user(json!({ "token": TOKEN }))
}

#[tokio::test]
async fn ht_5_a_request_is_sent_again_if_the_server_says_when() {
    for status in [429, 500, 502, 503, 504, 599] {
        let case = case(StatusCode::from_u16(status).unwrap(), Some("0"), 3).await;
        let both = case.agree().await.succeed();
        assert_eq!(both.kubecred.exchanges.len(), 3, "{status}");
    }
    // Ten times, and the eleventh answer counts.
    let case = case(StatusCode::TOO_MANY_REQUESTS, Some("0"), 100).await;
    let both = case.agree().await;
    assert_eq!(both.kubecred.exchanges.len(), 11);
    assert!(both.kubecred.stderr.contains("429"), "{}", both.kubecred.stderr);
}

#[tokio::test]
async fn ht_5_without_a_number_of_seconds_nothing_is_sent_again() {
    let whens = [None, Some("soon"), Some("Wed, 21 Oct 2015 07:28:00 GMT")];
    for (status, after) in whens.map(|after| (429, after)).into_iter().chain([(404, Some("0"))]) {
        let case = case(StatusCode::from_u16(status).unwrap(), after, 100).await;
        let both = case.agree().await;
        assert_eq!(both.kubecred.exchanges.len(), 1, "{status} {after:?}");
    }
}

/// I: kubectl's `--request-timeout` holds for each request alone, and it waits the whole hour.
#[tokio::test]
async fn ht_5_improved_the_time_limit_ends_the_pause() {
    let case = case(StatusCode::TOO_MANY_REQUESTS, Some("3600"), 100).await;
    let run = case.flags(&["--request-timeout=1s"]).run(&Program::kubecred()).await;
    assert_eq!((run.exchanges.len(), run.code), (1, Some(6)), "{}", run.stderr);
}

#[tokio::test]
async fn informational_answers_end_if_the_answer_does_not_come() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 4096];
            let _ = stream.read(&mut first).await;
            while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {}
        }
    });
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.cluster(json!({ "server": server, "certificate-authority-data": null }));
    let run = case.run(&Program::kubecred()).await;
    assert!(run.stderr.contains("more than 5 informational answers"), "{}", run.stderr);
}
