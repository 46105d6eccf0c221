//! Servers that answer what no server should.

use super::{Expected, LITTLE, none, run};
use crate::stage::{CANARY, Stage, kubeconfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that reads the first bytes of a request, writes `first`, and then `then` for ever; or
/// closes if there is none.
struct Server {
    url: String,
    task: JoinHandle<()>,
}

impl Server {
    async fn new(first: &str, then: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Pieces of some size, so that the time goes into reading them.
        let then = then.repeat(4096 / then.len().max(1));
        let (first, then) = (first.replace("SELF", &url).into_bytes(), then.into_bytes());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (first, then) = (first.clone(), then.clone());
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let mut outcome = stream.write_all(&first).await;
                    while outcome.is_ok() && !then.is_empty() {
                        outcome = stream.write_all(&then).await;
                        // For ever, but not with all the power of this machine.
                        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    }
                });
            }
        });
        Self { url, task }
    }

    /// A kubeconfig for this server, without anything that is not for plain HTTP.
    fn kubeconfig(&self) -> String {
        kubeconfig(json!({ "server": self.url }), json!({})).to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const WAIT: &str = "--request-timeout=3s";

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// An answer that never begins is as good as none: who does not want to wait for one says so with
/// `--request-timeout`.
const WAITED: [&str; 1] = ["a chunk size"];

/// What a server writes first, and then for ever.
const ENDLESS: [(&str, &str, &str); 9] = [
    ("zeros", "", "\0\0\0\0"),
    ("a status line", "HTTP/1.1 200 ", "O"),
    ("a header", "HTTP/1.1 200 OK\r\nX: ", "x"),
    ("headers", OK, "X: y\r\n"),
    ("interim answers", "", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
    ("a chunk size", "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", "0"),
    ("a chunk extension", "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
    (
        "a length beyond numbers",
        "HTTP/1.1 500 No\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "x",
    ),
    ("two lengths", "HTTP/1.1 500 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "x"),
];

#[tokio::test]
async fn an_answer_without_end_is_not_waited_for() {
    let stage = Stage::new().await;
    let mut faults = Vec::new();
    for (case, first, then) in ENDLESS {
        let server = Server::new(first, then).await;
        stage.write("config", &server.kubeconfig());
        let (code, says) = match case {
            _ if WAITED.contains(&case) => (6, "--request-timeout"),
            _ if first.contains(" 500 ") && !first.contains("Length") => (1, "500"),
            _ => (5, "no answer from the server"),
        };
        let ended = run(&stage, case, LITTLE, &["get", "/version", WAIT]).await;
        Expected::new(code, &[says]).check(case, &ended, &mut faults);
    }
    // A refusal is read as far as a refusal can be of use.
    for (case, head) in [
        ("a refusal", "HTTP/1.1 500 No\r\n\r\n"),
        ("a refusal in JSON", "HTTP/1.1 403 No\r\n\r\n{\"kind\":\"Status\",\"message\":\""),
        ("a refusal of depth", "HTTP/1.1 403 No\r\n\r\n[[[["),
        ("a 401", "HTTP/1.1 401 No\r\n\r\n"),
    ] {
        let server = Server::new(head, "[").await;
        stage.write("config", &server.kubeconfig());
        let ended = run(&stage, case, LITTLE, &["get", "/version"]).await;
        Expected::new(1, &[" from http://"]).check(case, &ended, &mut faults);
    }
    none(&faults);
}

#[tokio::test]
async fn a_refusal_of_many_words_is_cut() {
    let stage = Stage::new().await;
    let words = "no \u{1b}[2J".repeat(100_000);
    let body = json!({ "kind": "Status", "reason": words, "message": words }).to_string();
    let head = format!("HTTP/1.1 403 No\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::new(&head, "").await;
    stage.write("config", &server.kubeconfig());
    let ended = run(&stage, "many words", LITTLE, &["get", "/version"]).await;
    let mut faults = Vec::new();
    Expected::new(1, &["403 Forbidden from"]).check("many words", &ended, &mut faults);
    none(&faults);
}

fn oidc(issuer: &str) -> serde_json::Value {
    json!({ "auth-provider": { "name": "oidc", "config": {
        "idp-issuer-url": issuer,
        "client-id": "kube",
        "client-secret": CANARY,
        "refresh-token": CANARY,
    }}})
}

#[tokio::test]
async fn an_openid_provider_without_measure_is_refused() {
    let stage = Stage::new().await;
    let mut faults = Vec::new();
    let answer = |body: String| {
        format!(
            "{OK}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut cases: Vec<(String, String, &str)> = ENDLESS
        .iter()
        .map(|(case, first, then)| ((*case).to_owned(), (*first).to_owned(), *then))
        .collect();
    cases.extend([
        ("a body without end".into(), format!("{OK}\r\n{{\"x\":\""), "x"),
        ("a body of 2 MiB".into(), answer(" ".repeat(2 << 20)), ""),
        ("depth".into(), answer(format!("{{\"x\":{deep}}}")), ""),
        (
            "a long endpoint".into(),
            answer(format!("{{\"token_endpoint\":\"https://{}\"}}", "h".repeat(500_000))),
            "",
        ),
        (
            "an endpoint of no kind".into(),
            answer("{\"token_endpoint\":\"file:///etc/passwd\"}".into()),
            "",
        ),
        (
            "an endpoint in clear".into(),
            answer("{\"token_endpoint\":\"http://10.0.0.1/\"}".into()),
            "",
        ),
        ("no JSON".into(), answer("\u{fffd}\0".into()), ""),
        (
            "a redirect".into(),
            "HTTP/1.1 302 Go\r\nLocation: SELF/\r\nContent-Length: 0\r\n\r\n".into(),
            "",
        ),
        ("nothing".into(), String::new(), ""),
    ]);
    for (case, first, then) in cases {
        let server = Server::new(&first, then).await;
        stage.kubeconfig(oidc(&server.url));
        let ended = run(&stage, &case, LITTLE, &["credential", WAIT]).await;
        let expected = match WAITED.contains(&case.as_str()) {
            true => Expected::new(6, &["--request-timeout"]),
            false => Expected::new(4, &["user \"main\"", &server.url]),
        };
        expected.check(&case, &ended, &mut faults);
    }
    none(&faults);
}

/// Discovery is as it should be, and the answer to the refresh is not.
#[tokio::test]
async fn tokens_without_measure_are_refused() {
    let stage = Stage::new().await;
    let claims = |json: &str| {
        use base64::Engine;
        let encoded = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        json!({ "access_token": "a", "id_token": format!("e30.{encoded}.c2ln") }).to_string()
    };
    let deep = format!("{{\"exp\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let cases = [
        ("a token without claims", 200, json!({ "id_token": "a.b.c" }).to_string()),
        ("a token of dots", 200, json!({ "id_token": ".".repeat(500_000) }).to_string()),
        ("a token with line breaks", 200, json!({ "id_token": "e30.e30.\r\nX: y" }).to_string()),
        ("deep claims", 200, claims(&deep)),
        ("an end at 1e999", 200, claims("{\"exp\":1e999}")),
        ("an end of many digits", 200, claims(&format!("{{\"exp\":{}}}", "9".repeat(300_000)))),
        ("a token that is a map", 200, "{\"id_token\":{}}".into()),
        (
            "a long refusal",
            400,
            json!({
                "error": "invalid\u{1b}[2J_grant".repeat(10_000),
                "error_description": "d\u{1b}[2J".repeat(50_000),
            })
            .to_string(),
        ),
        ("a refusal that is no JSON", 400, "<html>".repeat(50_000)),
    ];
    let mut faults = Vec::new();
    for (case, status, body) in cases {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let tokens = Server::new(&head, "").await;
        let document = json!({ "token_endpoint": tokens.url }).to_string();
        let head = format!("{OK}Content-Length: {}\r\n\r\n{document}", document.len());
        let provider = Server::new(&head, "").await;
        stage.kubeconfig(oidc(&provider.url));
        let ended = run(&stage, case, LITTLE, &["credential"]).await;
        let says = ["user \"main\"", provider.url.as_str(), "refresh"];
        Expected::new(4, &says).check(case, &ended, &mut faults);
    }
    none(&faults);
}
