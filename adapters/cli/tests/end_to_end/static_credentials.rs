//! Credentials that a kubeconfig holds or names: tokens, token files, passwords.

use crate::case::{Case, TOKEN};
use kubecred_loopback::ApiServer;
use serde_json::json;

#[tokio::test]
async fn ua_2_a_token_is_sent() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let both = case.agree().await.succeed();
    let request = both.kubectl.request();
    assert_eq!(request.header("authorization"), Some("Bearer good"));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(!both.kubectl.stdout.is_empty());
}

#[tokio::test]
async fn tk_3_a_token_file_is_trimmed_and_lies_beside_the_kubeconfig() {
    let case = Case::start().await.user(json!({ "tokenFile": "secrets/token" }));
    let config = case.kubeconfig();
    let case = case
        .file("elsewhere/config", &config)
        .file("elsewhere/secrets/token", "\n good \r\n\n")
        .file("secrets/token", "of the working directory")
        .without_kubeconfig_flag()
        .flags(&["--kubeconfig", "elsewhere/config"]);
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn ua_7_a_token_file_goes_before_a_token() {
    let case = Case::start().await.user(json!({ "token": "literal", "tokenFile": "token" }));
    let both = case.file("token", TOKEN).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn tk_6_a_token_is_used_while_its_file_is_missing() {
    let case = Case::start().await.user(json!({ "token": TOKEN, "tokenFile": "missing" }));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn ua_8_a_missing_token_file_is_an_error() {
    let case = Case::start().await.user(json!({ "tokenFile": "missing" }));
    let both = case.agree().await.fail_saying(&["missing", "no such file"]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn tk_2_an_empty_token_file_is_an_error() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", " \n");
    let both = case.agree().await.fail_saying(&[]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ua_10_a_user_name_and_a_password_are_sent() {
    for (password, expected) in [
        ("secret", "Basic amFuZTpzZWNyZXQ="),
        ("with:colons:and \u{e9}", "Basic amFuZTp3aXRoOmNvbG9uczphbmQgw6k="),
    ] {
        let case = Case::start().await.user(json!({ "username": "jane", "password": password }));
        let both = case.open().agree().await.succeed();
        assert_eq!(both.kubectl.request().header("authorization"), Some(expected));
    }
}

#[tokio::test]
async fn ua_10_a_user_name_needs_no_password() {
    let case = Case::start().await.user(json!({ "username": "jane" })).open();
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Basic amFuZTo="));
}

#[tokio::test]
async fn kc_57_a_token_and_a_password_exclude_each_other() {
    let user = json!({ "token": TOKEN, "username": "jane", "password": "secret" });
    let both = Case::start().await.user(user).agree().await;
    let both = both.fail_saying(&["more than one authentication method", "main"]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ua_5_a_token_file_and_a_user_name_exclude_each_other() {
    let user = json!({ "tokenFile": "token", "username": "jane", "password": "secret" });
    let both = Case::start().await.user(user).file("token", TOKEN).agree().await;
    assert!(both.fail_saying(&["username"]).kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ht_4_a_token_with_a_line_break_is_never_sent() {
    let case = Case::start().await.user(json!({ "token": "good\nX-Injected: yes" }));
    let both = case.agree().await.fail_saying(&[]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn kc_71_credentials_are_withheld_from_a_server_without_tls() {
    let everything = json!({
        "token": TOKEN,
        "client-certificate": "client.crt",
        "client-key": "client.key",
        "as": "joe",
        "as-groups": ["readers"],
    });
    let case = Case::with(ApiServer::builder().plain_http()).await.open().user(everything);
    let issued = case.server.authority().client("jane", &[]);
    let both = case.client_files(&issued).agree().await;
    let request = both.kubectl.request();
    assert_eq!(request.header("authorization"), None);
    // UA-25: this much is sent to anyone.
    assert_eq!(request.header("impersonate-user"), Some("joe"));
}

#[tokio::test]
async fn kc_71_no_plugin_is_run_for_a_server_without_tls() {
    let case = Case::with(ApiServer::builder().plain_http()).await.open();
    let case = case.exec(json!({})).plugin(&[crate::plugin::Answer::token(TOKEN)]);
    let both = case.agree().await.succeed();
    assert!(both.kubectl.plugin_runs.is_empty());
    assert_eq!(both.kubectl.request().header("authorization"), None);
}

#[tokio::test]
async fn kc_71_a_server_without_a_scheme_is_one_without_tls() {
    let case = Case::with(ApiServer::builder().plain_http()).await.open();
    let address = case.server.address().to_string();
    let cluster = json!({ "server": address, "certificate-authority-data": null });
    let both = case.cluster(cluster).user(json!({ "token": TOKEN })).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), None);
}

#[tokio::test]
async fn ua_1_a_user_in_the_servers_url_goes_before_a_token() {
    let case = Case::start().await.user(json!({ "token": "not sent" }));
    let server = format!("https://jane:s%65cret@{}", case.server.address());
    let both = case.cluster(json!({ "server": server })).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Basic amFuZTpzZWNyZXQ="));
    assert!(!both.kubecred.stderr.contains("s%65cret"), "{}", both.kubecred.stderr);
}
