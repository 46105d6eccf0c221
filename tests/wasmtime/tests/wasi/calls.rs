//! The typed calls of the client (WH-1, TR-1, RV-6, RV-24), beside what the server saw.

use crate::{Embedder, embedder};
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use serde_json::json;
use std::time::Duration;

async fn stage() -> (ApiServer, Embedder) {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("hush", User::new("jane").member_of(["dev"]));
    let embedder = embedder(&server, "token: hush");
    (server, embedder)
}

#[tokio::test(flavor = "multi_thread")]
async fn wh_1_whoami_asks_in_the_newest_version_that_the_server_has() {
    let (server, embedder) = stage().await;
    for (versions, asked) in [
        (&["v1", "v1beta1"][..], &["v1"][..]),
        (&["v1beta1"], &["v1", "v1beta1"]),
        (&["v1alpha1"], &["v1", "v1beta1", "v1alpha1"]),
    ] {
        server.accounts().reviews().serve_versions(versions);
        server.take_exchanges();
        let ended = embedder.call(&["whoami"]).await;
        assert_eq!(ended.stdout, "jane [dev system:authenticated]\n", "{ended:?}");
        let paths = server.take_exchanges().into_iter().map(|exchange| exchange.path_and_query);
        let expected = asked
            .iter()
            .map(|version| format!("/apis/authentication.k8s.io/{version}/selfsubjectreviews"));
        assert_eq!(paths.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
    server.accounts().reviews().serve_versions(&[]);
    let none = embedder.call(&["whoami"]).await;
    none.failed_with(&["the server could not find the requested resource"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tr_1_a_token_is_asked_for_and_its_warnings_are_told() {
    let (server, embedder) = stage().await;
    server.accounts().service_accounts().limit_life(Duration::from_secs(900));
    let ended = embedder.call(&["create-token", "default", "default", "1000"]).await;
    assert_eq!(ended.stdout, "900 s\n", "{ended:?}");
    let warning = "warning: requested expiration of 1000 seconds shortened to 900 seconds\n";
    assert!(ended.stderr.starts_with(warning), "{ended:?}");
    let missing = embedder.call(&["create-token", "default", "none"]).await;
    missing.failed_with(&["serviceaccounts \"none\" not found"]);
    let no_name = embedder.call(&["create-token", "default", "a/b"]).await;
    no_name.failed_with(&["invalid resource name \"a/b\": [may not contain '/']"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rv_6_a_token_is_reviewed_and_never_printed() {
    let (server, embedder) = stage().await;
    server.accounts().allow_token("of-web", User::new("web"));
    embedder.write("token", "of-web");
    embedder.write("other", "of-none");
    let ended = embedder.call(&["review", "/kube/token"]).await;
    assert_eq!(ended.stdout, "web []\n", "{ended:?}");
    let ended = embedder.call(&["review", "/kube/token", API_AUDIENCE, "x"]).await;
    assert_eq!(ended.stdout, format!("web [{API_AUDIENCE}]\n"), "{ended:?}");
    let ended = embedder.call(&["review", "/kube/other"]).await;
    ended.failed_with(&["invalid bearer token"]);
    assert!(!ended.stderr.contains("of-none"), "{ended:?}");
    let posted = server.accounts().reviews().take_posted();
    assert_eq!(posted[1]["spec"]["audiences"], json!([API_AUDIENCE, "x"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rv_24_access_is_reviewed() {
    let (server, embedder) = stage().await;
    let decide = |spec: &serde_json::Value| json!({ "allowed": spec["user"] == "ann" });
    server.accounts().reviews().decide(decide);
    for (user, answer) in [("ann", "yes\n"), ("bob", "no\n")] {
        let ended = embedder.call(&["can", user, "get", "pods", "prod"]).await;
        assert_eq!(ended.stdout, answer, "{ended:?}");
        let posted = server.accounts().reviews().take_posted().pop().expect("a review");
        let attributes = json!({ "namespace": "prod", "verb": "get", "resource": "pods" });
        assert_eq!(posted["spec"]["resourceAttributes"], attributes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_or_of_another_kind_is_an_error() {
    for (body, text) in [
        (" ".repeat((1 << 20) + 1), "the answer is larger than 1048576 bytes"),
        (r#"{"kind":"Pod","apiVersion":"v1"}"#.into(), "kind Pod of v1, not a SelfSubjectReview"),
    ] {
        let respond =
            move |_: &http::Request<bytes::Bytes>| Some(embedder::answer(201, body.clone()));
        let server = ApiServer::builder().respond(respond).start().await.expect("a server");
        let embedder = embedder(&server, "token: hush");
        embedder.call(&["whoami"]).await.failed_with(&[text]);
    }
}
