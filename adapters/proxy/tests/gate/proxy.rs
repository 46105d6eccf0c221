//! The gate as a reverse proxy: what reaches the application, whatever a caller writes.

use crate::stage::{
    ANN, Application, PATIENCE, Stage, bearer, exchange, get, read, request, route, serve,
};
use http::StatusCode;
use kubecred_core::reviewer::Settings;
use kubecred_proxy::gate::{AccessRule, Exchange, Gate, Groups};
use kubecred_proxy::server::Drain;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A gate before an application, with what a test changes of it.
struct Place {
    stage: Stage,
    application: Application,
    gate: SocketAddr,
    _drain: Drain,
}

async fn place() -> Place {
    place_with(|builder, _| builder).await
}

async fn place_with(
    change: impl FnOnce(kubecred_proxy::gate::GateBuilder, &Stage) -> kubecred_proxy::gate::GateBuilder,
) -> Place {
    let (stage, application, drain) =
        (Stage::new().await, Application::start().await, Drain::new());
    let upstream = route(&format!("http://{}", application.address));
    let builder = change(stage.gate().drain(&drain).upstream(upstream), &stage);
    let gate = serve(builder.build(), &drain);
    Place { stage, application, gate, _drain: drain }
}

#[tokio::test]
async fn rv_3_rv_18_the_application_sees_who_it_is_and_no_token() {
    let place = place().await;
    let answer = get(place.gate, "/a/%7eb?c=d", &[&bearer(ANN), "X-Custom: kept"]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["target"], "/a/%7eb?c=d");
    assert_eq!(answer.seen("x-remote-user"), ["ann"]);
    assert_eq!(answer.seen("x-remote-uid"), ["u-1"]);
    assert_eq!(answer.seen("x-remote-group"), ["dev", "has,comma", "system:authenticated"]);
    assert_eq!(answer.seen("x-remote-extra-example.com%2frole"), ["a", "b c"]);
    assert_eq!(answer.seen("x-remote-identity").len(), 1);
    assert_eq!(answer.seen("x-custom"), ["kept"]);
    assert_eq!(answer.seen("host"), ["app.example"]);
    assert_eq!(answer.seen("x-forwarded-for"), ["127.0.0.1"]);
    assert!(answer.seen("authorization").is_empty());
    assert!(!answer.body.contains(ANN));
}

#[tokio::test]
async fn rv_18_rv_21_no_forged_identity_reaches_the_application_in_any_spelling() {
    let place = place().await;
    let forged = [
        "X-Remote-User: root",
        "x-remote-user: root",
        "X_Remote_User: root",
        "X-Remote_User: root",
        "X-Remote-Group: system:masters",
        "X_REMOTE_GROUP: system:masters",
        "X-Remote-Uid: 0",
        "X-Remote-Extra-Scopes: root",
        "x_remote_extra_scopes: root",
        "X-Remote-Identity: cm9vdA",
        "X.Remote.User: root",
        "Connection: close, X-Remote-User, x-remote-group, X-Remote-Identity, Authorization",
    ];
    let authorization = bearer(ANN);
    let lines: Vec<&str> = forged.iter().copied().chain([authorization.as_str()]).collect();
    let answer = get(place.gate, "/", &lines).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.seen("x-remote-user"), ["ann"]);
    assert_eq!(answer.seen("x-remote-group").len(), 3);
    assert!(!answer.body.contains("root") && !answer.body.contains("masters"), "{}", answer.body);
}

/// Some servers add trailers to the headers.
#[tokio::test]
async fn trailers_name_no_identity() {
    let place = place().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\n{}\r\nConnection: close\r\nTE: trailers\r\n\
         Trailer: X-Remote-User, X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n",
        bearer(ANN)
    );
    let body =
        "3\r\nabc\r\n0\r\nX-Remote-User: root\r\nAuthorization: Bearer x\r\nX-Sum: 1\r\n\r\n";
    let answer = exchange(place.gate, [head, body.to_owned()].concat().as_bytes()).await;
    assert_eq!((answer.status, answer.json()["body"].as_str()), (200, Some("abc")));
    assert!(!answer.body.contains("root") && !answer.body.contains("Bearer"), "{}", answer.body);
}

#[tokio::test]
async fn requests_that_could_be_read_as_two_are_refused_or_made_one() {
    let place = place().await;
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let authorization = bearer(ANN);
    for head in [
        // CL.TE and TE.CL
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        // Which of the two?
        "Content-Length: 0\r\nContent-Length: 60\r\n",
        "Content-Length: 0, 60\r\n",
        "Content-Length: +0\r\n",
        // Codings that one side knows.
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        // A header's line that goes on (obs-fold), and one that ends too early.
        "X-A: b\r\n Transfer-Encoding: chunked\r\n",
        "X-A: b\rTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nX: \0\r\n",
    ] {
        let bytes = format!(
            "POST /first HTTP/1.1\r\nHost: a\r\n{authorization}\r\nConnection: close\r\n{head}\r\n0\r\n\r\n{hidden}"
        );
        let answer = exchange(place.gate, bytes.as_bytes()).await;
        let seen = place.application.requests.lock().unwrap().clone();
        assert!(
            seen.iter().all(|request| !request["target"].as_str().unwrap().contains("smuggled")),
            "{head:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_whole_url_as_target_leads_nowhere_else() {
    let place = place().await;
    for target in ["http://169.254.169.254/meta", "//evil.example/x", "/x"] {
        let answer = get(place.gate, target, &[&bearer(ANN)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json()["target"].as_str().unwrap().starts_with('/'), "{answer:?}");
    }
    let answer = request(place.gate, "CONNECT", "evil.example:443", &[&bearer(ANN)]).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

/// I: the API server's 401 names no scheme.
#[tokio::test]
async fn rv_23_who_is_not_let_in_does_not_reach_the_application() {
    let place = place().await;
    for lines in [vec![], vec![bearer("bad")], vec!["Authorization: Basic cm9vdA==".to_owned()]] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = get(place.gate, "/", &lines).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.line("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.json()["kind"], "Status");
    }
    place.stage.api.accounts().reviews().fail_next(1, StatusCode::FORBIDDEN, None);
    let answer = get(place.gate, "/", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, answer.line("retry-after")), (503, Some("1")));
    assert_eq!(place.application.count(), 0);
}

/// A connection is not to be used for trying tokens.
#[tokio::test]
async fn rv_22_a_401_closes_the_connection_in_http_2_too() {
    let place = place().await;
    let stream = TcpStream::connect(place.gate).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut send = async |token: &str| {
        let request = http::Request::get("http://app.example/")
            .header("authorization", format!("Bearer {token}"))
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap();
        sender.ready().await.unwrap();
        sender.send_request(request).await.unwrap().status()
    };
    assert_eq!(send(ANN).await, 200);
    // A token may be as long as one is reviewed at most.
    assert_eq!(send(&"x".repeat(16 << 10)).await, 401);
    let ended = tokio::time::timeout(PATIENCE, driver).await;
    assert!(ended.expect("it ends").unwrap().is_ok(), "by GOAWAY, and not by an error");
}

#[tokio::test]
async fn an_application_that_is_down_is_502_and_a_status() {
    let stage = Stage::new().await;
    let drain = Drain::new();
    let gate = stage.gate().upstream(route("http://127.0.0.1:1")).build();
    let gate = serve(gate, &drain);
    let answer = get(gate, "/", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (502, Some(502)));
}

#[tokio::test]
async fn the_application_may_be_on_a_unix_socket() {
    let (stage, folder) = (Stage::new().await, TempDir::new().unwrap());
    let path = folder.path().join("app.sock");
    let (application, drain) = (Application::on_socket(&path), Drain::new());
    let gate = stage.gate().upstream(route(&format!("unix:{}", path.display()))).build();
    let gate = serve(gate, &drain);
    let answer = get(gate, "/x", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, answer.json()["target"].as_str()), (200, Some("/x")), "{answer:?}");
    application.end();
}

async fn open_echo(gate: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(gate).await.unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\n{}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        bearer(ANN)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = Vec::new();
    while !buffer.ends_with(b"\r\n\r\n") {
        buffer.push(stream.read_u8().await.unwrap());
    }
    let answer = read(&String::from_utf8_lossy(&buffer));
    assert_eq!((answer.status, answer.line("upgrade")), (101, Some("echo")), "{answer:?}");
    stream
}

#[tokio::test]
async fn an_upgrade_is_passed_and_each_side_may_end_first() {
    let place = place().await;
    let mut stream = open_echo(place.gate).await;
    stream.write_all(b"hello").await.unwrap();
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"hello");
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "the end");
    let seen = place.application.requests.lock().unwrap()[0].clone();
    assert_eq!(seen["headers"]["x-remote-user"], json!(["ann"]));
}

#[tokio::test]
async fn a_stream_is_cut_when_its_token_is_revoked() {
    let (stage, application, drain) =
        (Stage::new().await, Application::start().await, Drain::new());
    let mut settings = Settings { accepted_for: Duration::from_millis(500), ..Stage::settings() };
    settings.refused_for = Duration::from_secs(1);
    let gate = Gate::builder(stage.reviewer(settings))
        .review_streams_every(Duration::from_secs(1))
        .drain(&drain)
        .upstream(route(&format!("http://{}", application.address)))
        .build();
    let address = serve(gate.clone(), &drain);
    let mut upgraded = open_echo(address).await;
    let endless = tokio::spawn(async move { get(address, "/endless", &[&bearer(ANN)]).await });
    tokio::time::sleep(Duration::from_millis(2500)).await;
    upgraded.write_all(b"x").await.unwrap();
    assert_eq!(upgraded.read_u8().await.unwrap(), b'x', "it goes on while the token is good");
    assert!(!endless.is_finished());

    stage.api.accounts().revoke_token(ANN);
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, upgraded.read_to_end(&mut rest)).await;
    let _ = ended.expect("the upgraded stream is cut");
    let answer = tokio::time::timeout(PATIENCE, endless).await.expect("the answer is cut").unwrap();
    assert!(answer.body.starts_with("tick\ntick\n"), "{answer:?}");
    assert!(gate.metrics().contains("kubecred_gate_streams_cut_total 2"), "{}", gate.metrics());
}

#[tokio::test]
async fn rv_24_rv_25_rv_26_rv_27_who_may_not_is_403_and_the_answer_is_remembered() {
    let place = place_with(|builder, stage| {
        builder.access(AccessRule::Path, stage.client.clone()).open_path("/healthz").unwrap()
    })
    .await;
    let accounts = place.stage.api.accounts();
    accounts.allow_token("master", kubecred_loopback::User::new("m").member_of(["system:masters"]));
    let reviews = accounts.reviews();
    reviews.decide(|spec| {
        let attributes = &spec["nonResourceAttributes"];
        let known = spec["user"] == "ann" && spec["groups"][0] == "dev" && spec["uid"] == "u-1";
        let allowed = known && attributes["path"] == "/metrics" && attributes["verb"] == "get";
        match attributes["path"].as_str() {
            Some("/both") => json!({ "allowed": true, "denied": true }),
            _ => json!({ "allowed": allowed }),
        }
    });
    let status = async |method: &str, path: &str, token: &str| {
        request(place.gate, method, path, &[&bearer(token)]).await.status
    };
    for _ in 0..3 {
        assert_eq!(status("GET", "/metrics?x=y", ANN).await, 200);
        // The same path in another spelling is the same path.
        assert_eq!(status("GET", "/%6detrics", ANN).await, 200);
        assert_eq!(status("POST", "/metrics", ANN).await, 403);
        assert_eq!(status("GET", "/admin", ANN).await, 403);
        assert_eq!(status("GET", "/both", ANN).await, 403);
        assert_eq!(status("GET", "/admin", "master").await, 200);
    }
    let asked = |posted: &Vec<serde_json::Value>| {
        posted.iter().filter(|object| object["kind"] == "SubjectAccessReview").count()
    };
    assert_eq!(asked(&reviews.take_posted()), 4, "each was asked once");
    // What one side reads as /metrics and the other as something else is not asked about.
    for path in ["/metrics/..;/admin", "/x/../metrics", "/%2e%2e/metrics", "/x%2f..%2fmetrics"] {
        assert_eq!(status("GET", path, ANN).await, 400, "{path}");
    }
    // Open to all, by exactly this path; a bad token is refused there, too (RV-5).
    let answer = get(place.gate, "/healthz", &[]).await;
    assert_eq!(answer.seen("x-remote-user"), ["system:anonymous"]);
    assert_eq!(get(place.gate, "/healthz/", &[]).await.status, 401);
    assert_eq!(status("GET", "/healthz", "bad").await, 401);
    assert_eq!(status("GET", "/healthz", ANN).await, 200);
    // A server that cannot be asked allows nothing, and denies nothing.
    reviews.fail_next(1, StatusCode::INTERNAL_SERVER_ERROR, None);
    assert_eq!(status("GET", "/new", ANN).await, 503);
    assert_eq!(status("GET", "/new", ANN).await, 403);
}

/// Anonymous is who brings no credential, and only where that is allowed.
#[tokio::test]
async fn rv_5_anonymous_is_for_exact_paths_and_requests_without_a_credential() {
    let place = place_with(|builder, _| builder.open_path("/open").unwrap()).await;
    assert_eq!(
        get(place.gate, "/open", &[]).await.seen("x-remote-group"),
        ["system:unauthenticated"]
    );
    for path in ["/", "/open/x", "/OPEN", "/open%20"] {
        assert_eq!(get(place.gate, path, &[]).await.status, 401, "{path}");
    }
    assert_eq!(get(place.gate, "/open", &[&bearer("bad")]).await.status, 401);
}

#[tokio::test]
async fn rv_24_a_resource_is_asked_about_with_the_verb_of_the_method() {
    let attributes = kubecred_core::api::subject_access_review::ResourceAttributes {
        namespace: "prod".into(),
        resource: "services".into(),
        subresource: "proxy".into(),
        ..Default::default()
    };
    let place = place_with(|builder, stage| {
        builder.access(AccessRule::Resource(Box::new(attributes)), stage.client.clone())
    })
    .await;
    place.stage.api.accounts().reviews().decide(|spec| {
        let attributes = &spec["resourceAttributes"];
        json!({ "allowed": attributes["verb"] == "create" && attributes["subresource"] == "proxy" })
    });
    assert_eq!(request(place.gate, "POST", "/any", &[&bearer(ANN)]).await.status, 200);
    assert_eq!(request(place.gate, "GET", "/any", &[&bearer(ANN)]).await.status, 403);
}

#[tokio::test]
async fn ck_4_a_group_with_the_separator_is_503_and_not_two_groups() {
    let place = place_with(|builder, _| builder.groups(Groups::Joined(",".into()))).await;
    let answer = get(place.gate, "/", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, place.application.count()), (503, 0));
    let place = place_with(|builder, _| builder.groups(Groups::Joined("|".into()))).await;
    let answer = get(place.gate, "/", &[&bearer(ANN)]).await;
    assert_eq!(answer.seen("x-remote-group"), ["dev|has,comma|system:authenticated"]);
}

#[tokio::test]
async fn the_log_tells_who_and_why_and_no_token() {
    let told: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let sink = Arc::clone(&told);
    let place = place_with(|builder, _| {
        builder.log(move |exchange| sink.lock().unwrap().push(exchange.clone()))
    })
    .await;
    get(place.gate, "/a?secret=1", &[&bearer(ANN)]).await;
    get(place.gate, "/b", &[&bearer("bad-token-1234567")]).await;
    get(place.gate, "/c", &[]).await;
    let told = told.lock().unwrap();
    let [good, bad, none] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((good.path.as_str(), good.user.as_deref()), ("/a", Some("ann")));
    assert_eq!(bad.reason.as_deref(), Some("invalid bearer token"));
    assert_eq!((none.reason.as_deref(), none.token), (Some("no token"), None));
    assert_ne!(good.token, bad.token);
    let all = format!("{told:?}");
    assert!(!all.contains(ANN) && !all.contains("bad-token") && !all.contains("secret"), "{all}");
}
