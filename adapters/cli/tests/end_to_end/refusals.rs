//! What the server may say no with: the status, and that nothing is sent twice for it.

use crate::case::{Case, TOKEN};
use crate::plugin::Answer;
use serde_json::json;

#[tokio::test]
async fn ht_5_a_401_to_a_token_is_the_answer() {
    let both = Case::start().await.user(json!({ "token": "bad" })).agree().await;
    let both = both.fail_saying(&["unauthorized"]);
    assert_eq!(both.kubectl.request().status, 401);
    assert!(both.kubectl.stdout.is_empty());
    assert_eq!(both.kubecred.code, Some(1));
}

#[tokio::test]
async fn ht_5_a_401_to_a_token_file_is_the_answer() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", "bad");
    let both = case.agree().await.fail_saying(&["unauthorized"]);
    // The file is read again, and says the same again.
    assert_eq!(both.kubecred.exchanges.len(), 1);
}

#[tokio::test]
async fn ht_5_a_403_is_the_answer() {
    let case = Case::start().await.user(json!({ "token": TOKEN })).get("/forbidden");
    let both = case.agree().await;
    let both = both.fail_saying(&["forbidden: User \"jane\" cannot get path \"/forbidden\""]);
    assert_eq!(both.kubectl.request().status, 403);
    assert_eq!(both.kubecred.code, Some(1));
}

#[tokio::test]
async fn a_404_is_the_answer() {
    let case = Case::start().await.user(json!({ "token": TOKEN })).get("/nothing/here");
    let both = case.agree().await;
    both.fail_saying(&["the server could not find the requested resource"]);
}

#[tokio::test]
async fn ex_66_a_403_runs_no_plugin_again() {
    let case = Case::start().await.exec(json!({})).get("/forbidden");
    let both = case.plugin(&[Answer::token(TOKEN)]).agree().await.fail_saying(&["forbidden"]);
    assert_eq!(both.kubectl.plugin_runs.len(), 1);
}

#[tokio::test]
async fn ex_63_a_401_runs_the_plugin_again() {
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::token("bad")]);
    let both = case.agree().await.fail_saying(&["unauthorized"]);
    assert_eq!(both.kubectl.plugin_runs.len(), 2);
    assert_eq!(both.kubectl.exchanges.len(), 1, "it gave the same token, so that is that");
}

#[tokio::test]
async fn ex_64_a_plugin_that_fails_after_a_401_changes_nothing() {
    let case = Case::start().await.exec(json!({}));
    let both = case.plugin(&[Answer::token("bad"), Answer::Fail(1)]).agree().await;
    let both = both.fail_saying(&["unauthorized"]);
    assert_eq!(both.kubectl.plugin_runs.len(), 2);
    assert_eq!(both.kubectl.exchanges.len(), 1);
}

#[tokio::test]
async fn ex_66_a_connection_that_breaks_runs_no_plugin_again() {
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::token(TOKEN)]);
    // Nobody listens there.
    let both = case.cluster(json!({ "server": "https://127.0.0.1:1" })).agree().await;
    let both = both.fail_saying(&["refused"]);
    assert_eq!(both.kubectl.plugin_runs.len(), 1);
}
