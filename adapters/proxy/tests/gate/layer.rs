//! The tower layer, in front of a service in the same process.

use crate::stage::{ANN, Stage};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kubecred_core::reviewer::Settings;
use kubecred_loopback::API_AUDIENCE;
use kubecred_proxy::gate::{Caller, ReviewLayer, Reviewer};
use std::convert::Infallible;
use std::time::Duration;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

type Reply = Response<String>;

/// Sends a request through the layer, to an application that says who sends it, and what is left of
/// the credential.
async fn send(reviewer: &Reviewer, lines: &[(&str, &str)]) -> Reply {
    let application = service_fn(async |request: Request<()>| {
        let caller = request.extensions().get::<Caller>().expect("the layer says who it is");
        let left: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
        let protocol = request.headers().get("sec-websocket-protocol");
        let text = format!("{} {:?} {left:?} {protocol:?}", caller.username, caller.groups);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
    });
    let service = ReviewLayer::new(reviewer.clone()).layer(application);
    let mut request = Request::get("/");
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
}

async fn with_token(reviewer: &Reviewer, token: &str) -> Reply {
    send(reviewer, &[("authorization", &format!("Bearer {token}"))]).await
}

#[tokio::test]
async fn rv_3_a_good_token_is_taken_off_and_says_who_it_is() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    for _ in 0..3 {
        let reply = send(
            &reviewer,
            &[
                ("authorization", &format!("Bearer {ANN}")),
                ("authorization", "Bearer other"),
                ("x-remote-user", "root"),
                ("x_remote_group", "system:masters"),
                ("accept", "*/*"),
            ],
        )
        .await;
        assert_eq!(reply.status(), StatusCode::OK);
        let groups = r#"["dev", "has,comma", "system:authenticated"]"#;
        assert_eq!(reply.body(), &format!(r#"ann {groups} ["accept"] None"#));
    }
    assert_eq!(stage.reviews(), 1, "it is remembered");
}

/// I: the API server's 401 names no scheme.
#[tokio::test]
async fn rv_3_rv_23_no_token_and_a_bad_one_are_401_with_a_status() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    for lines in [&[][..], &[("authorization", "Basic x")], &[("authorization", "Bearer bad")]] {
        let reply = send(&reviewer, lines).await;
        assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(reply.headers()["www-authenticate"], "Bearer");
        assert_eq!(reply.headers()["connection"], "close");
        let status: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
        assert_eq!((&status["kind"], &status["code"]), (&"Status".into(), &401.into()));
        assert_eq!(status["message"], "Unauthorized", "it tells no more");
    }
    assert_eq!(stage.reviews(), 1);
}

#[tokio::test]
async fn rv_2_a_websocket_brings_it_as_a_subprotocol_which_is_removed() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, ANN);
    let protocols = format!("v5, base64url.bearer.authorization.k8s.io.{encoded},v4");
    let websocket = [("connection", "Upgrade"), ("upgrade", "websocket")];
    let reply =
        send(&reviewer, &[&websocket[..], &[("sec-websocket-protocol", &protocols)]].concat())
            .await;
    assert!(reply.body().ends_with(r#"Some("v5,v4")"#), "{}", reply.body());
    // A bad bearer token beside it does not stop it; the first that is good counts.
    let lines = [
        &websocket[..],
        &[("sec-websocket-protocol", &protocols), ("authorization", "Bearer bad")],
    ];
    assert_eq!(send(&reviewer, &lines.concat()).await.status(), StatusCode::OK);
    let alone = protocols.split(',').nth(1).unwrap();
    let lines = [&websocket[..], &[("sec-websocket-protocol", alone)]].concat();
    assert_eq!(send(&reviewer, &lines).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_503_and_never_401() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    stage.api.accounts().reviews().fail_next(1, StatusCode::FORBIDDEN, None);
    let reply = with_token(&reviewer, ANN).await;
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers()["retry-after"], "1");
    assert!(!reply.body().contains("auth-delegator"), "why is for the log");
    assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::OK);

    let Stage { api, client } = stage;
    api.shutdown().await;
    assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::OK, "it is remembered");
    let down = Reviewer::new(client, Stage::settings()).unwrap();
    let reply = with_token(&down, ANN).await;
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE, "{}", reply.body());
}

#[tokio::test]
async fn rv_7_a_failure_that_may_pass_is_not_seen() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    stage.api.accounts().reviews().fail_next(2, StatusCode::INTERNAL_SERVER_ERROR, None);
    assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::OK);
    assert_eq!(reviewer.stats().attempts, 3);
}

#[tokio::test]
async fn rv_10_rv_11_a_token_must_be_for_one_of_the_audiences() {
    let stage = Stage::new().await;
    let mut wanted = kubecred_core::api::token_request::TokenRequest::default();
    wanted.spec.audiences = vec!["web".into()];
    stage.api.accounts().allow_token("gate", kubecred_loopback::User::new("gate"));
    let answer = stage.client.create_token("default", "default", &wanted).await.unwrap();
    let token = answer.object.status.token.expose_str().unwrap().to_owned();

    let status = async |audiences: &[&str], token: &str| {
        let reviewer = stage.reviewer(Settings::for_audiences(audiences.iter().copied()));
        with_token(&reviewer, token).await.status()
    };
    assert_eq!(status(&["web"], &token).await, StatusCode::OK);
    assert_eq!(status(&["other", "web"], &token).await, StatusCode::OK);
    assert_eq!(status(&[API_AUDIENCE], &token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&["web"], ANN).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&[], &token).await, StatusCode::UNAUTHORIZED);
    // A server that knows no audiences says of none that it was looked at.
    stage.api.accounts().reviews().know_audiences(false);
    assert_eq!(status(&["web"], ANN).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn rv_17_a_hundred_requests_at_once_are_one_review() {
    let stage = Stage::new().await;
    let reviewer = stage.reviewer(Stage::settings());
    stage.api.accounts().reviews().delay(Duration::from_millis(300));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let reviewer = reviewer.clone();
        tasks.spawn(async move {
            // Some give up waiting; the others get their answer all the same.
            let limit = Duration::from_millis(if number % 10 == 0 { 20 } else { 60_000 });
            let reply = tokio::time::timeout(limit, with_token(&reviewer, ANN)).await;
            assert!(number % 10 == 0 || reply.unwrap().status() == StatusCode::OK);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(stage.reviews(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_out_within_its_time_and_a_flood_keeps_no_one_out() {
    let stage = Stage::new().await;
    let mut settings = Stage::settings();
    settings.accepted_for = Duration::from_millis(1500);
    settings.max_refused = 50;
    let reviewer = stage.reviewer(settings);
    assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::OK);
    let flood = reviewer.clone();
    let flooding = tokio::spawn(async move {
        for number in 0..300 {
            let reply = with_token(&flood, &format!("unknown-{number}")).await;
            assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
        }
    });
    while !flooding.is_finished() {
        assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::OK);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    flooding.await.unwrap();
    assert!(reviewer.stats().refused_held <= 50);

    stage.api.accounts().revoke_token(ANN);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(with_token(&reviewer, ANN).await.status(), StatusCode::UNAUTHORIZED);
}
