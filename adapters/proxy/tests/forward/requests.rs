//! Plain requests: what is sent on, what comes back, what is said when nothing does.

use crate::upstream::{Stage, Upstream, header};
use kubecred_core::{Authentication, Profile};
use kubecred_proxy::forward::{Filter, Patterns, Settings};
use kubecred_tokio::Auth;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A login for a port that nothing listens on.
fn nowhere() -> Auth {
    let mut profile = Profile::new("https://127.0.0.1:1");
    profile.authentication = Authentication::token("ours");
    Auth::from_profile(profile)
}

#[tokio::test]
async fn px_19_raw_path_and_query_go_through() {
    let upstream = Upstream::answering(OK).await;
    let stage = Stage::new(&upstream).await;
    for path in ["/api/x%2Fy/%7Ea;b?c=d;e&f", "//api//v1", "/api?a=/../b", "/", "/%C3%A9?%00"] {
        let answer = stage.request(&format!("GET {path}"), "").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
        let line = upstream.last().lines().next().unwrap().to_owned();
        assert_eq!(line, format!("GET {path} HTTP/1.1"));
    }
    let before = upstream.heads().len();
    for path in ["/a/../b", "/a/%2e%2E/b", "/a%2f..%2fb", "/.", "/a%2"] {
        let answer = stage.request(&format!("GET {path}"), "").await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
    assert_eq!(upstream.heads().len(), before);
}

#[tokio::test]
async fn kb_55_px_22_the_credential_is_put_on_and_a_callers_own_stays() {
    let upstream = Upstream::answering(OK).await;
    let stage = Stage::new(&upstream).await;
    stage.request("GET /a", "User-Agent: mine\r\n").await;
    let head = upstream.last();
    assert_eq!(header(&head, "authorization"), ["Bearer ours"]);
    assert_eq!(header(&head, "user-agent"), ["mine"]);
    assert_eq!(header(&head, "host"), [upstream.address.to_string()]);
    assert_eq!(header(&head, "x-forwarded-for"), ["127.0.0.1"]);
    assert!(header(&head, "kubectl-command").is_empty());

    stage.request("GET /a", "Authorization: Bearer mine\r\n").await;
    assert_eq!(header(&upstream.last(), "authorization"), ["Bearer mine"]);
    stage.request("GET /a", "Authorization:\r\n").await;
    assert_eq!(header(&upstream.last(), "authorization"), ["Bearer ours"]);
}

/// I: kubectl asks for gzip where the caller does not, and inflates the answer.
#[tokio::test]
async fn px_24_encodings_are_the_callers_affair() {
    let gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nzzz";
    let upstream = Upstream::answering(gzip).await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.request("GET /a", "Accept-Encoding: gzip, br\r\n").await;
    assert_eq!(header(&upstream.last(), "accept-encoding"), ["gzip, br"]);
    assert!(answer.contains("content-encoding: gzip") && answer.ends_with("zzz"), "{answer}");
    let answer = stage.request("GET /a", "").await;
    assert!(header(&upstream.last(), "accept-encoding").is_empty());
    assert!(answer.ends_with("zzz"), "{answer}");
}

#[tokio::test]
async fn px_26_headers_and_redirects_come_back_as_they_are() {
    let upstream = Upstream::answering(
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere/x\r\nServer: s\r\nVia: v\r\n\
         Access-Control-Allow-Origin: *\r\nWWW-Authenticate: Basic\r\nKeep-Alive: timeout=5\r\n\
         Connection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.request("GET /a", "").await;
    assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    for (name, values) in [
        ("location", vec!["https://elsewhere/x"]),
        ("server", vec!["s"]),
        ("via", vec!["v"]),
        ("access-control-allow-origin", vec!["*"]),
        ("www-authenticate", vec!["Basic"]),
        ("set-cookie", vec!["a=1", "b=2"]),
        ("keep-alive", vec![]),
        ("x-hop", vec![]),
    ] {
        assert_eq!(header(&answer, name), values, "{name}: {answer}");
    }
}

/// M: but CONNECT, which no API server knows, is refused.
#[tokio::test]
async fn px_27_methods_and_bodies_are_passed_on() {
    let upstream = Upstream::start(|mut stream, head, mut rest| async move {
        if head.starts_with("HEAD") || head.starts_with("GET") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await.ok()?;
            return Some(stream);
        }
        let is_chunked = header(&head, "transfer-encoding") == ["chunked"];
        let length = header(&head, "content-length").first().and_then(|n| n.parse::<usize>().ok());
        while if is_chunked {
            !rest.ends_with(b"0\r\n\r\n")
        } else {
            rest.len() < length.unwrap_or(0)
        } {
            let mut piece = [0; 4096];
            let size = stream.read(&mut piece).await.ok().filter(|size| *size > 0)?;
            rest.extend_from_slice(&piece[..size]);
        }
        let said =
            format!("chunked {is_chunked} {}", String::from_utf8_lossy(&rest).replace("\r\n", "|"));
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(stream)
    })
    .await;
    let stage = Stage::new(&upstream).await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"] {
        let mut stream = stage.connect().await;
        let request = format!(
            "{method} /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("chunked false body"), "{method}: {answer}");
    }
    let answer = stage.request("HEAD /a", "").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(header(&answer, "content-length"), ["5"]);

    let mut stream = stage.connect().await;
    let head = "POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut piece = [0; 256];
    let size = stream.read(&mut piece).await.unwrap();
    assert!(
        piece[..size].starts_with(b"HTTP/1.1 100"),
        "{:?}",
        String::from_utf8_lossy(&piece[..size])
    );
    stream.write_all(b"3\r\nabc\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("chunked true 3|abc|0||"), "{answer}");

    let answer = stage.raw("CONNECT example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
}

/// I: kubectl answers 500 with Go's text, which names files of this machine.
#[tokio::test]
async fn px_29_failures_are_status_objects() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut settings = Settings::default();
    let heard = Arc::clone(&told);
    settings.problems = Some(Arc::new(move |text| heard.lock().unwrap().push(text.to_owned())));
    let stage = Stage::with(nowhere(), settings.clone()).await;
    let answer = stage.request("POST /a", "Content-Length: 0\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert_eq!(header(&answer, "retry-after"), ["1"]);
    let body: serde_json::Value =
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&body["kind"], &body["code"]), (&"Status".into(), &503.into()));
    assert_eq!(body["details"]["retryAfterSeconds"], 1);
    assert!(!answer.contains("127.0.0.1"), "{answer}");
    stage.request("GET /a", "").await;
    assert_eq!(told.lock().unwrap().len(), 1, "the same is told once: {told:?}");

    // It breaks off instead of answering: a GET may be asked again, a POST may have been done.
    let upstream = Upstream::start(|_, _, _| async { None }).await;
    let stage = Stage::with(Auth::from_profile(upstream.with_token()), settings.clone()).await;
    for (line, retry) in [("GET /a", vec!["1"]), ("POST /a", vec![])] {
        let answer = stage.request(line, "Content-Length: 0\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
        assert_eq!(header(&answer, "retry-after"), retry, "{line}");
    }

    let provider = || async { Err::<kubecred_tokio::ProvidedToken, _>("/home/me/plugin broke") };
    let failing = Auth::builder().with_token_provider(provider).profile(upstream.profile());
    let stage = Stage::with(failing, settings).await;
    let answer = stage.request("GET /a", "").await;
    assert!(answer.starts_with("HTTP/1.1 503") && !answer.contains("/home/me"), "{answer}");
    assert!(told.lock().unwrap().iter().any(|text| text.contains("/home/me")), "{told:?}");
}

#[tokio::test]
async fn px_33_a_quiet_watch_has_its_headers_and_events_come_at_once() {
    let upstream = Upstream::start(|mut stream, _, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
        tokio::time::sleep(Duration::from_millis(700)).await;
        stream.write_all(b"6\r\nevent\n\r\n").await.ok()?;
        std::future::pending().await
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stream = stage.connect().await;
    stream
        .write_all(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    let mut piece = [0; 4096];
    let limit = Duration::from_secs(20);
    while !text.contains("event\n") {
        let size =
            tokio::time::timeout(limit, stream.read(&mut piece)).await.expect("an event").unwrap();
        assert!(size > 0, "{text}");
        if text.is_empty() {
            let head = String::from_utf8_lossy(&piece[..size]).into_owned();
            assert!(head.starts_with("HTTP/1.1 200") && !head.contains("event"), "{head}");
        }
        text += &String::from_utf8_lossy(&piece[..size]);
    }
}

/// I: kubectl leaves the path of the server's URL out.
#[tokio::test]
async fn px_11_the_path_of_the_servers_url_is_sent() {
    let upstream = Upstream::answering(OK).await;
    let mut profile = upstream.with_token();
    profile.cluster.server = format!("{}/base/", upstream.url());
    let auth = Auth::from_profile(profile);
    let stage = Stage::with(auth.clone(), Settings::default()).await;
    stage.request("GET /api?x", "").await;
    assert!(upstream.last().starts_with("GET /base/api?x "), "{}", upstream.last());

    let mut settings = Settings::default();
    settings.upstream.without_server_path = true;
    let stage = Stage::with(auth, settings).await;
    stage.request("GET /api?x", "").await;
    assert!(upstream.last().starts_with("GET /api?x "), "{}", upstream.last());
}

#[tokio::test]
async fn px_20_prefixes_are_cut_off_but_those_that_begin_with_api() {
    let upstream = Upstream::answering(OK).await;
    for (prefix, asked, sent) in [
        ("/custom", "/custom/api/v1", Some("/api/v1")),
        ("/custom/", "/custom", Some("/")),
        ("custom", "/api", None),
        ("/api", "/api/v1", Some("/api/v1")),
        ("/api", "/apis/apps", None),
        ("/api-x/", "/api-x/y", Some("/api-x/y")),
    ] {
        let mut settings = Settings::default();
        settings.api_prefix = prefix.into();
        let stage = Stage::with(Auth::from_profile(upstream.with_token()), settings).await;
        let before = upstream.heads().len();
        let answer = stage.request(&format!("GET {asked}"), "").await;
        match sent {
            Some(sent) => {
                let line = format!("GET {sent} ");
                assert!(
                    upstream.last().starts_with(&line),
                    "{prefix} {asked}: {}",
                    upstream.last()
                );
            }
            None => {
                assert!(answer.starts_with("HTTP/1.1 404"), "{prefix} {asked}: {answer}");
                assert_eq!(upstream.heads().len(), before);
            }
        }
    }
}

/// M: but files are inside the filter, and for GET and HEAD only.
#[tokio::test]
async fn px_16_files_have_listings_and_ranges_for_accepted_hosts() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.txt"), "0123456789").unwrap();
    std::fs::create_dir(folder.path().join("b & c")).unwrap();
    let mut settings = Settings::default();
    settings.files = Some((folder.path().to_owned(), "/static/".into()));
    let stage = Stage::with(nowhere(), settings).await;
    let answer = stage.request("GET /static/a.txt", "Range: bytes=2-4\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 206") && answer.ends_with("234"), "{answer}");
    assert_eq!(header(&answer, "content-type"), ["text/plain"]);
    let answer = stage.request("GET /static/", "").await;
    assert!(
        answer.contains(">a.txt</a>") && answer.contains("./b%20%26%20c/\">b &amp; c/"),
        "{answer}"
    );
    for (line, code) in [
        ("GET /static/none", 404),
        ("POST /static/a.txt", 405),
        ("GET /static/../main.rs", 400),
        ("GET /static/%2e%2e/x", 400),
    ] {
        let answer = stage.request(line, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{line}: {answer}");
    }
    let foreign = "GET /static/a.txt HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert!(stage.raw(foreign).await.starts_with("HTTP/1.1 403"));
}

/// I: kubectl panics.
#[tokio::test]
async fn px_6_one_prefix_for_both_is_refused() {
    use kubecred_proxy::forward::{Proxy, Upstreams};
    let mut settings = Settings::default();
    settings.api_prefix = "/static".into();
    settings.files = Some((".".into(), "/static/".into()));
    let refused = Proxy::new(Upstreams::one(nowhere()), settings).unwrap_err();
    assert_eq!(refused.to_string(), "the API and the files cannot both be under /static/");
}

/// I: kubectl answers with the text `Forbidden`.
#[tokio::test]
async fn px_12_a_refusal_names_the_rule() {
    let upstream = Upstream::answering(OK).await;
    let stage = Stage::new(&upstream).await;
    let path = "/api/v1/namespaces/n/pods/p/exec?command=ls";
    let answer = stage.request(&format!("POST {path}"), "").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("--allow exec"), "{answer}");
    assert_eq!(header(&answer, "content-type"), ["application/json"]);
    assert!(upstream.heads().is_empty());

    let mut settings = Settings::default();
    let patterns = Patterns { reject_paths: String::new(), ..Patterns::default() };
    settings.filter = Some(Filter::new(&patterns).unwrap());
    let stage = Stage::with(Auth::from_profile(upstream.with_token()), settings).await;
    assert!(stage.request(&format!("POST {path}"), "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn the_log_tells_who_left_before_the_end() {
    let upstream = Upstream::start(|mut stream, head, _| async move {
        if head.starts_with("GET /never") {
            std::future::pending::<()>().await;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ").await.ok()?;
        if head.starts_with("GET /half") {
            std::future::pending::<()>().await;
        }
        stream.write_all(b"whole").await.ok()?;
        Some(stream)
    })
    .await;
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut settings = Settings::default();
    let written = Arc::clone(&log);
    settings.access_log = Some(Arc::new(move |record| {
        let line = (record.path.clone(), record.status.as_u16(), record.complete, record.bytes_out);
        written.lock().unwrap().push(line);
    }));
    let stage = Stage::with(Auth::from_profile(upstream.with_token()), settings).await;
    for path in ["/never", "/half", "/whole"] {
        let mut stream = stage.connect().await;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut piece = [0; 1024];
        let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut piece));
        let _ = read.await;
    }
    let limit = tokio::time::timeout(Duration::from_secs(20), async {
        while log.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    limit.await.expect("three lines");
    let mut lines = log.lock().unwrap().clone();
    lines.sort();
    let expected = [("/half", 200, false, 5), ("/never", 499, false, 0), ("/whole", 200, true, 10)];
    assert_eq!(
        lines,
        expected.map(|(path, code, whole, bytes)| (path.to_owned(), code, whole, bytes))
    );
}

#[tokio::test]
async fn metrics_count_requests_by_kind_and_status() {
    let upstream = Upstream::answering(OK).await;
    let stage = Stage::new(&upstream).await;
    stage.request("GET /a", "").await;
    stage.request("DELETE /a", "").await;
    stage.request("GET /../a", "").await;
    let text = stage.proxy.metrics();
    for line in [
        "kubecred_proxy_requests_total{context=\"\",kind=\"read\",code=\"200\"} 1",
        "kubecred_proxy_requests_total{context=\"\",kind=\"write\",code=\"200\"} 1",
        "kubecred_proxy_requests_total{context=\"\",kind=\"read\",code=\"400\"} 1",
        "kubecred_proxy_requests_in_flight 0",
        "kubecred_proxy_request_duration_seconds_count 3",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
    assert!(stage.proxy.is_ready());
}
