//! `kubecred gate`: the program, from its flags to its end.

use crate::stage::{CANARY, Ended, Stage, ended};
use kubecred_loopback::{API_AUDIENCE, Authority, User};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

const ANN: &str = "ann-4c1d7e0b2f9a8835";

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.accounts().allow_token(CANARY, "gate");
    stage.accounts().allow_token(ANN, User::new("ann").member_of(["dev"]));
    stage.kubeconfig(json!({ "token": CANARY }));
    stage
}

/// A gate that runs.
struct Gate {
    process: Child,
    /// What it has said to listen on.
    places: Vec<String>,
}

impl Gate {
    async fn start(stage: &Stage, flags: &[&str], places: usize) -> Self {
        let mut process = stage.start(&[&["gate", "--kubeconfig", "config"], flags].concat());
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut said = Vec::new();
        while said.len() < places {
            let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
            let Some(line) = line.expect("it starts in time").unwrap() else { break };
            said.push(line.rsplit(' ').next().unwrap().to_owned());
        }
        Self { process, places: said }
    }

    fn address(&self) -> SocketAddr {
        self.places[0].parse().unwrap_or_else(|_| panic!("no address: {:?}", self.places))
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id().expect("it runs")).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    async fn end(self) -> Ended {
        self.signal(Signal::TERM);
        ended(self.process).await
    }
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn get(path: &str, token: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         X-Remote-User: root\r\nX-Original-Method: GET\r\nX-Original-URI: /x\r\n\r\n"
    )
}

/// An application that answers each request with its head.
async fn application(delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                tokio::time::sleep(delay).await;
                let length = head.len();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream.write_all(&[answer.as_bytes(), &head].concat()).await
            });
        }
    });
    address
}

/// However soon after its first line: between two waits a signal is kept.
#[tokio::test]
async fn a_signal_that_comes_as_it_starts_to_serve_ends_it() {
    let stage = stage().await;
    let flags = ["--any-audience", "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"];
    for _ in 0..20 {
        let gate = Gate::start(&stage, &flags, 1).await;
        let ended = tokio::time::timeout(Duration::from_secs(60), gate.end()).await;
        assert_eq!(ended.expect("it hangs").code, Some(0));
    }
}

#[tokio::test]
async fn it_lets_in_logs_without_secrets_and_ends_with_0() {
    let stage = stage().await;
    let upstream = format!("http://{}", application(Duration::ZERO).await);
    let flags = [
        "--upstream",
        &upstream,
        "--audience",
        API_AUDIENCE,
        "--listen",
        "127.0.0.1:0",
        "--health",
        "127.0.0.1:0",
    ];
    let gate = Gate::start(&stage, &flags, 2).await;
    let answer = exchange(gate.address(), &get("/a?b=query-secret", ANN)).await;
    assert!(answer.contains("x-remote-user: ann") && !answer.contains("root"), "{answer}");
    assert!(!answer.contains(ANN), "{answer}");
    let answer = exchange(gate.address(), &get("/", "bad-token-0123456789")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let health: SocketAddr = gate.places[1].parse().unwrap();
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(exchange(health, &ask("/readyz")).await.ends_with("ok"));
    let metrics = exchange(health, &ask("/metrics")).await;
    for line in [
        "kubecred_gate_requests_total{outcome=\"admitted\"} 1",
        "kubecred_gate_requests_total{outcome=\"unauthorized\"} 1",
        "kubecred_gate_reviews_total{verdict=\"accepted\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }

    let ended = gate.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("\"ann\" GET /a 200"), "{}", ended.stderr);
    assert!(ended.stderr.contains("401") && ended.stderr.contains("invalid bearer token"));
    for secret in [ANN, CANARY, "bad-token", "query-secret"] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_request_that_has_begun_is_finished_after_sigterm() {
    let stage = stage().await;
    let upstream = format!("http://{}", application(Duration::from_millis(1500)).await);
    let flags =
        ["--upstream", &upstream, "--any-audience", "--listen", "127.0.0.1:0", "--log", "off"];
    let gate = Gate::start(&stage, &flags, 1).await;
    let address = gate.address();
    let slow = tokio::spawn(async move { exchange(address, &get("/slow", ANN)).await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let ended = gate.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(slow.await.unwrap().contains("x-remote-user: ann"));
    assert!(TcpStream::connect(address).await.is_err(), "it listens no more");
}

#[tokio::test]
async fn as_a_check_on_a_unix_socket_over_which_only_its_owner_may_ask() {
    let stage = stage().await;
    let flags = [
        "--check",
        "--origin",
        "original",
        "--audience",
        API_AUDIENCE,
        "--groups",
        "joined:|",
        "--listen",
        "unix:gate.sock",
    ];
    let gate = Gate::start(&stage, &flags, 1).await;
    let socket = stage.folder.path().join("gate.sock");
    let mut stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    stream.write_all(get("/", ANN).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("x-remote-group: dev|system:authenticated"), "{answer}");
    assert_eq!(gate.end().await.code, Some(0));
    assert!(!socket.exists());
}

#[tokio::test]
async fn with_tls_the_certificate_is_read_again() {
    let stage = stage().await;
    let upstream = format!("http://{}", application(Duration::ZERO).await);
    let issued = Authority::new("gate").server(&["localhost"]);
    stage.write("tls.crt", issued.certificate_pem());
    stage.write("tls.key", issued.key_pem());
    let flags = [
        "--upstream",
        &upstream,
        "--any-audience",
        "--listen",
        "127.0.0.1:0",
        "--tls-certificate",
        "tls.crt",
        "--tls-key",
        "tls.key",
    ];
    let gate = Gate::start(&stage, &flags, 1).await;
    // Plain HTTP is not answered.
    let mut stream = TcpStream::connect(gate.address()).await.unwrap();
    stream.write_all(get("/", ANN).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"));
    let other = Authority::new("other").server(&["localhost"]);
    stage.write("tls.key", other.key_pem());
    stage.write("tls.crt", other.certificate_pem());
    tokio::time::sleep(Duration::from_secs(12)).await;
    let ended = gate.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("the certificate was read again"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_it_cannot_do_is_said_at_once() {
    let stage = stage().await;
    let target = ["--upstream", "http://127.0.0.1:1"];
    for (flags, code, text) in [
        (&[][..], 2, "neither --upstream nor --check"),
        (&target[..], 2, "--audience"),
        (&["--check", "--audience", "a"], 2, "--origin"),
        (&["--upstream", "http://u:canary-secret@h", "--any-audience"], 2, "http://HOST"),
        (&["--upstream", "http://a/b", "--any-audience"], 2, "http://HOST"),
        (&["--check", "--origin", "envoy", "--any-audience", "--listen", "nowhere"], 2, "--listen"),
        (&["--check", "--origin", "envoy", "--audience", ""], 2, "empty"),
        (&["--check", "--origin", "envoy", "--any-audience", "--authorize", "x"], 2, "--authorize"),
    ] {
        let ended = stage.kubecred(&[&["gate"], flags].concat()).await;
        assert_eq!(ended.code, Some(code), "{flags:?}: {ended:?}");
        assert!(ended.stderr.contains(text), "{flags:?}: {ended:?}");
        assert!(!ended.stderr.contains("canary-secret"), "{ended:?}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let flags = [&target[..], &["--any-audience", "--listen", &place]].concat();
    let ended = stage.kubecred(&[&["gate"], &flags[..]].concat()).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("cannot listen on"), "{ended:?}");
}
