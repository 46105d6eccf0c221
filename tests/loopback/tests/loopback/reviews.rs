//! TokenRequest, TokenReview and their relatives, asked by kubectl and by curl.

use http::StatusCode;
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use serde_json::{Value, json};
use std::time::Duration;

/// POSTs JSON by curl, and gives status, `Warning` header and answer.
async fn post(server: &ApiServer, path: &str, body: &Value, token: &str) -> (u16, String, Value) {
    let url = format!("{}{path}", server.url());
    let authorization = format!("Authorization: Bearer {token}");
    let body = body.to_string();
    let mut command = tokio::process::Command::new("curl");
    command
        .args(["-sS", "-X", "POST", "-H", "Content-Type: application/json"])
        .args(["-w", "\n%{http_code} %header{warning}", "-H", &authorization])
        .args(["-d", &body, &url]);
    let output = command.output().await.expect("curl is needed on PATH for this test");
    let text = String::from_utf8(output.stdout).unwrap();
    let (answer, end) = text.rsplit_once('\n').expect("a status line");
    let (status, warning) = end.split_once(' ').unwrap();
    (status.parse().unwrap(), warning.to_owned(), serde_json::from_str(answer).unwrap())
}

async fn server() -> ApiServer {
    let server = ApiServer::builder().plain_http().start().await.expect("a free port on loopback");
    server.accounts().allow_token("root", User::new("root"));
    server
}

async fn token(server: &ApiServer, spec: Value) -> (u16, String, Value) {
    let body = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec,
    });
    post(server, "/api/v1/namespaces/default/serviceaccounts/default/token", &body, "root").await
}

async fn review(server: &ApiServer, token: &str, audiences: &[&str]) -> Value {
    let body = json!({
        "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1",
        "spec": { "token": token, "audiences": audiences },
    });
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    post(server, path, &body, "root").await.2["status"].clone()
}

#[tokio::test]
async fn tr_2_tr_3_tr_5_a_token_is_granted_by_default_for_an_hour_and_the_server() {
    let server = server().await;
    let (status, warning, answer) = token(&server, json!({})).await;
    assert_eq!((status, warning.as_str()), (201, ""));
    assert_eq!(answer["spec"]["audiences"], json!([API_AUDIENCE]));
    assert_eq!(answer["spec"]["expirationSeconds"], 3600);
    let granted = answer["status"]["token"].as_str().unwrap();
    // It lets its bearer in, as the account.
    let who = json!({ "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1" });
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (_, _, answer) = post(&server, path, &who, granted).await;
    let info = &answer["status"]["userInfo"];
    assert_eq!(info["username"], "system:serviceaccount:default:default");
    for seconds in [10, 599, -1] {
        let (status, _, answer) = token(&server, json!({ "expirationSeconds": seconds })).await;
        assert_eq!((status, &answer["reason"]), (422, &json!("Invalid")));
    }
    server.accounts().service_accounts().limit_life(Duration::from_secs(900));
    let (status, warning, answer) = token(&server, json!({ "expirationSeconds": 1000 })).await;
    assert_eq!((status, &answer["spec"]["expirationSeconds"]), (201, &json!(900)));
    let text = r#"299 - "requested expiration of 1000 seconds shortened to 900 seconds""#;
    assert_eq!(warning, text);
}

#[tokio::test]
async fn tr_6_tr_7_tr_8_tr_9_a_bound_token_ends_with_its_object() {
    let server = server().await;
    let accounts = server.accounts().service_accounts();
    let bound = |uid: &str| json!({ "boundObjectRef": { "kind": "Pod", "apiVersion": "v1", "name": "web-0", "uid": uid } });
    assert_eq!(token(&server, bound("other")).await.0, 409);
    let (status, _, answer) = token(&server, bound("")).await;
    assert_eq!(status, 201);
    let granted = answer["status"]["token"].as_str().unwrap();
    let verdict = review(&server, granted, &[]).await;
    assert_eq!(verdict["authenticated"], true);
    let extra = &verdict["user"]["extra"];
    assert_eq!(extra["authentication.kubernetes.io/pod-name"], json!(["web-0"]));
    assert!(accounts.delete_object("Pod", "default", "web-0"));
    let verdict = review(&server, granted, &[]).await;
    assert_eq!(verdict["error"], "invalid bearer token");
    assert_eq!(token(&server, bound("")).await.0, 404);
    let kind = json!({ "boundObjectRef": { "kind": "Job", "apiVersion": "v1", "name": "x" } });
    assert_eq!(token(&server, kind).await.0, 400);
    let (_, _, answer) = token(&server, json!({})).await;
    let granted = answer["status"]["token"].as_str().unwrap();
    assert!(accounts.delete("default", "default"));
    assert_eq!(review(&server, granted, &[]).await["authenticated"], Value::Null);
    assert_eq!(token(&server, json!({})).await.0, 404);
    let body = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": { "name": "other" }, "spec": {},
    });
    let path = "/api/v1/namespaces/kube-system/serviceaccounts/default/token";
    assert_eq!(post(&server, path, &body, "root").await.0, 422);
}

#[tokio::test]
async fn rv_14_a_review_looks_at_audiences_and_needs_a_token() {
    let server = server().await;
    let (_, _, answer) = token(&server, json!({ "audiences": ["a", "b"] })).await;
    let granted = answer["status"]["token"].as_str().unwrap();
    assert_eq!(review(&server, granted, &["b", "c"]).await["audiences"], json!(["b"]));
    let verdict = review(&server, granted, &["c"]).await;
    let text = r#"token audiences ["a", "b"] is invalid for the target audiences ["c"]"#;
    assert_eq!(verdict["error"], text);
    assert_eq!(verdict["authenticated"], Value::Null);
    // It is not for the API server.
    assert!(review(&server, granted, &[]).await["error"].is_string());
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let who = json!({ "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1" });
    assert_eq!(post(&server, path, &who, granted).await.0, 401);
    assert_eq!(review(&server, "unknown", &[]).await["error"], "invalid bearer token");
    let empty = json!({ "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1" });
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    assert_eq!(post(&server, reviews, &empty, "root").await.0, 400);
    server.accounts().reviews().fail_next(1, StatusCode::TOO_MANY_REQUESTS, Some(3));
    assert_eq!(post(&server, reviews, &empty, "root").await.0, 429);
    server.accounts().reviews().answer_error(Some("boom"));
    assert_eq!(review(&server, "root", &[]).await["error"], "boom");
}

#[tokio::test]
async fn rv_24_access_is_decided_as_the_test_says() {
    let server = server().await;
    let ask = || async {
        let body = json!({
            "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
            "spec": { "user": "ann", "nonResourceAttributes": { "path": "/x", "verb": "get" } },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        post(&server, path, &body, "root").await.2["status"]["allowed"].clone()
    };
    assert_eq!(ask().await, json!(false));
    server.accounts().reviews().decide(|spec| json!({ "allowed": spec["user"] == "ann" }));
    assert_eq!(ask().await, json!(true));
}
