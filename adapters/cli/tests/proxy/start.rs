//! How it starts, where it listens, how it ends.

use crate::run::{Running, TOKEN, code, program, stage};
use crate::stage::{Stage, command, ended, plugin, start};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// kubectl's flags of `proxy` and their defaults, by its help.
async fn kubectls_flags(stage: &Stage, minor: u8) -> BTreeMap<String, String> {
    let kubectl = kubecred_kubectl::version(minor);
    let help = program(stage, &kubectl, &["proxy", "--help"]).await.stdout;
    let options = help.split("Options:\n").nth(1).unwrap().split("Usage:").next().unwrap();
    let flags = options.lines().filter_map(|line| line.trim_start().split_once("--"));
    let flags = flags.filter(|(before, _)| before.is_empty() || before.ends_with(", "));
    let flags = flags.filter_map(|(_, flag)| flag.trim_end_matches(':').split_once('='));
    flags
        .map(|(name, default)| (name.to_owned(), default.trim_matches('\'').replace("\\\\", "\\")))
        .collect()
}

/// M: but names under .localhost are accepted, and the path of the server's URL is sent.
#[tokio::test]
async fn kb_50_px_1_kubectls_flags_have_kubectls_defaults() {
    let stage = stage().await;
    let help = stage.kubecred(&["proxy", "--help"]).await;
    let help = help.good().split_whitespace().collect::<Vec<_>>().join(" ");
    for minor in [33, 35] {
        let flags = kubectls_flags(&stage, minor).await;
        assert!(flags.len() >= 13, "{flags:?}");
        for (name, default) in flags {
            let default = match name.as_str() {
                "accept-hosts" => format!("{default},^.+\\.localhost$"),
                "append-server-path" => "true".into(),
                _ => default,
            };
            let at = help.find(&format!("--{name} ")).or_else(|| help.find(&format!("--{name}[")));
            let text = &help[at.unwrap_or_else(|| panic!("no --{name}"))..];
            if !default.is_empty() {
                let shown = text.split("[default: ").nth(1).unwrap_or_default();
                let fits = shown.starts_with(&format!("{default}]"))
                    || shown.starts_with(&format!("{default};"));
                assert!(fits, "--{name}: {default:?} in {}", &text[..200.min(text.len())]);
            }
        }
    }
}

#[tokio::test]
async fn px_2_it_says_where_it_serves_and_nothing_else() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &["--port", "0"]).await;
    let port = running.place.strip_prefix("127.0.0.1:").unwrap().parse::<u16>().unwrap();
    assert_ne!(port, 0);
    assert_eq!(code(&running.get("/version").await), 200);
    let ended = running.stop().await;
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
}

/// M: but `::1` is an address without brackets, too.
#[tokio::test]
async fn px_3_a_port_that_cannot_be_had_ends_it_with_1() {
    let stage = stage().await;
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    for (flags, said) in [
        (["proxy", "--port", port.as_str()], port.as_str()),
        (["proxy", "--port", "99999"], "99999"),
        (["proxy", "--port", "-1"], "-1"),
    ] {
        let ended = stage.kubecred(&flags).await;
        assert!(ended.failed(1).contains(said), "{ended:?}");
    }
    for address in ["::1", "[::1]", "localhost"] {
        let running = Running::kubecred(&stage, &["--address", address]).await;
        assert_eq!(code(&running.get("/version").await), 200, "{address}");
        running.stop().await;
    }
    let ended = stage.kubecred(&["proxy", "--address", "nowhere"]).await;
    ended.failed(2);
}

/// I: kubectl listens everywhere without a word, and anyone uses its login (#122816).
#[tokio::test]
async fn px_18_others_are_served_only_if_they_show_a_token() {
    let stage = stage().await;
    let ended = stage.kubecred(&["proxy", "--port=0", "--address=0.0.0.0"]).await;
    assert!(ended.failed(2).contains("--tls"), "{ended:?}");
    let unknown = stage.kubecred(&["proxy", "--port=0", "--tls"]).await;
    assert!(unknown.failed(2).contains("--write-kubeconfig"), "{unknown:?}");
    let open = ["--address=0.0.0.0", "--insecure-allow-unauthenticated"];
    let running = Running::kubecred(&stage, &open).await;
    let port = running.place.rsplit(':').next().unwrap().to_owned();
    let stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await;
    assert!(stream.is_ok());
    let ended = running.stop().await;
    assert!(ended.stderr.contains("everyone who can reach 0.0.0.0"), "{ended:?}");
}

/// M: but a socket that another process listens on is not taken from it.
#[tokio::test]
async fn px_4_a_socket_has_its_owner_and_is_replaced_after_a_kill() {
    let stage = stage().await;
    let both = stage.kubecred(&["proxy", "--port=1234", "--unix-socket", "s"]).await;
    assert!(both.failed(2).contains("cannot set --unix-socket and --port at the same time"));

    let path = stage.folder.path().join("s");
    let get = ["-s", "--unix-socket", "s", "http://localhost/version"];
    let running = Running::kubecred(&stage, &["--unix-socket", "s"]).await;
    assert_eq!(running.place, "s");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let answer = program(&stage, "curl".as_ref(), &get).await;
    assert!(answer.good().contains("gitVersion"), "{answer:?}");
    let second = stage.kubecred(&["proxy", "--unix-socket", "s"]).await;
    assert!(second.failed(1).contains("another process is listening"), "{second:?}");

    running.signal(Signal::KILL);
    running.ended().await;
    assert!(path.exists(), "a killed process removes nothing");
    let running = Running::kubecred(&stage, &["-u", "s"]).await;
    let answer = program(&stage, "curl".as_ref(), &get).await;
    assert!(answer.good().contains("gitVersion"), "{answer:?}");
    assert_eq!(running.stop().await.code, Some(0));
    assert!(!path.exists(), "the socket's file stays");

    stage.write("s", "not a socket");
    stage.kubecred(&["proxy", "--unix-socket", "s"]).await.failed(1);
}

#[tokio::test]
async fn px_5_a_bad_pattern_ends_the_start_and_missing_files_only_warn() {
    let stage = stage().await;
    let ended = stage.kubecred(&["proxy", "--port=0", "--accept-paths=("]).await;
    let said = ended.failed(2);
    assert!(said.contains("--accept-paths") && said.contains("regular expression"), "{said}");
    let running = Running::kubecred(&stage, &["--www", "none"]).await;
    assert_eq!(code(&running.get("/version").await), 200);
    let ended = running.stop().await;
    assert!(ended.stderr.contains("warning: --www"), "{ended:?}");
}

/// I: kubectl starts towards localhost:8080, and runs the plugin at the first request.
#[tokio::test]
async fn px_7_without_a_login_it_does_not_start() {
    let stage = Stage::new().await;
    let none = start(command(stage.folder.path()).args(["proxy", "--port=0"]));
    ended(none).await.failed(3);
    let all = ["proxy", "--port=0", "--all-contexts"];
    ended(start(command(stage.folder.path()).args(all))).await.failed(3);
    stage.kubeconfig(plugin("./broken"));
    stage.script("broken", "exit 7");
    let broken = stage.kubecred(&["proxy", "--port=0"]).await;
    assert!(broken.failed(4).contains("broken"), "{broken:?}");
    let unknown = stage.kubecred(&["proxy", "--port=0", "--context=none"]).await;
    unknown.failed(3);
}

/// I: kubectl is killed by the signal, and requests with it.
#[tokio::test]
async fn px_8_a_signal_lets_requests_end() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &[]).await;
    let mut slow = running.connect().await;
    slow.write_all(b"GET /slow?ms=800 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.signal(Signal::TERM);
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
    assert_eq!(running.ended().await.code, Some(0));

    // What does not end is cut, and said.
    let running = Running::kubecred(&stage, &["--drain-timeout=1s"]).await;
    let mut held = running.connect().await;
    held.write_all(b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    stage.server.holds(1).await;
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(143), "{ended:?}");
    assert!(ended.stderr.contains("One connection was cut"), "{ended:?}");
}

#[tokio::test]
async fn px_9_the_time_limit_is_for_the_login_and_not_for_requests() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &["--request-timeout=1s", "--keepalive=10s"]).await;
    let answer = running.get("/slow?ms=1500").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.stop().await;
    stage.kubeconfig(plugin("./slow"));
    stage.script("slow", "exec sleep 30");
    stage.kubecred(&["proxy", "--port=0", "--request-timeout=1s"]).await.failed(6);
}

#[tokio::test]
async fn kb_53_px_10_without_a_filter_it_warns_on_tcp_only() {
    let stage = stage().await;
    let foreign = "GET /version HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n";
    let running = Running::kubecred(&stage, &["--disable-filter"]).await;
    assert_eq!(code(&running.raw(foreign).await), 200);
    let ended = running.stop().await;
    assert!(ended.stderr.contains("Request filter disabled"), "{ended:?}");
    let running = Running::kubecred(&stage, &["--disable-filter=true", "--unix-socket=s"]).await;
    assert_eq!(running.stop().await.stderr, "");
    let running = Running::kubecred(&stage, &["--disable-filter=false"]).await;
    assert_eq!(code(&running.raw(foreign).await), 403);
    running.stop().await;
}

/// However soon after its first line: between two waits a signal is kept.
#[tokio::test]
async fn a_signal_that_comes_as_it_starts_to_serve_ends_it() {
    let stage = stage().await;
    for _ in 0..30 {
        let ended = Running::kubecred(&stage, &[]).await.stop().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[tokio::test]
async fn requests_are_logged_without_secrets_and_counted() {
    let stage = stage().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let flags =
        ["--access-log", "log", "--metrics-address", &free, "--upstream-header", "X-Pass=canary-1"];
    let running = Running::kubecred(&stage, &flags).await;
    let get = "GET /version?token=canary-2 HTTP/1.1\r\nHost: localhost\r\nCookie: canary-3\r\nConnection: close\r\n\r\n";
    assert_eq!(code(&running.raw(get).await), 200);
    let exchange = stage.server.exchanges().pop().unwrap();
    assert_eq!(exchange.header("x-pass"), Some("canary-1"));
    let metrics =
        program(&stage, "curl".as_ref(), &["-s", &format!("http://{free}/metrics")]).await;
    assert!(metrics.good().contains("kind=\"read\",code=\"200\"} 1"), "{metrics:?}");
    let health = program(&stage, "curl".as_ref(), &["-s", &format!("http://{free}/healthz")]).await;
    assert_eq!(health.good(), "ok\n");
    let ended = running.stop().await;
    let log = std::fs::read_to_string(stage.folder.path().join("log")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!((&line["path"], &line["status"]), (&json!("/version"), &json!(200)));
    for text in [&log, &ended.stderr] {
        assert!(!text.contains("canary") && !text.contains(TOKEN), "{text}");
    }
}
