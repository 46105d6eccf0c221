//! Which kubeconfigs are read, and how several become one.

use crate::case::{Case, TOKEN};
use kubecred_loopback::ApiServer;
use serde_json::json;
use std::os::unix::fs::symlink;

/// A case without `--kubeconfig`, with its kubeconfig's text: `jane` comes in by it.
async fn unplaced() -> (Case, String) {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let config = case.kubeconfig();
    (case.without_kubeconfig_flag(), config)
}

/// The text of a kubeconfig with nothing but users called `main` with this token.
fn only_user(token: &str) -> String {
    format!("apiVersion: v1\nkind: Config\nusers:\n- name: main\n  user:\n    token: {token}\n")
}

#[tokio::test]
async fn kc_2_the_home_directory_has_the_usual_one() {
    let (case, config) = unplaced().await;
    case.file("home/.kube/config", &config).agree().await.succeed();
}

#[tokio::test]
async fn kc_3_an_empty_variable_is_none() {
    let (case, config) = unplaced().await;
    case.file("home/.kube/config", &config).env("KUBECONFIG", "").agree().await.succeed();
}

#[tokio::test]
async fn kc_2_the_variable_goes_before_the_home_directory() {
    let (case, config) = unplaced().await;
    let case = case.file("other", &config).file("home/.kube/config", "not YAML: [");
    case.env("KUBECONFIG", "other").agree().await.succeed();
}

#[tokio::test]
async fn kc_1_the_flag_goes_before_the_variable() {
    let (case, config) = unplaced().await;
    let case = case.file("flagged", &config).file("other", "not YAML: [");
    let case = case.env("KUBECONFIG", "other").flags(&["--kubeconfig=flagged"]);
    case.agree().await.succeed();
}

#[tokio::test]
async fn kc_32_the_first_file_wins_by_entry() {
    let (case, config) = unplaced().await;
    let case = case
        .file("first", &only_user("of-the-first"))
        .file("second", &config)
        .file("third", &only_user("of-the-third"))
        // KC-6, KC-8: what is empty, missing or there twice is passed over.
        .env("KUBECONFIG", ":missing:first::second:first:third:");
    let both = case.agree().await.fail_saying(&["unauthorized"]);
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer of-the-first"));
}

#[tokio::test]
async fn kc_36_paths_start_at_the_file_that_has_them() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" }));
    let pem = case.server.authority().certificate_pem().to_owned();
    let cluster =
        json!({ "certificate-authority-data": null, "certificate-authority": "../ca.crt" });
    let case = case.cluster(cluster);
    let whole = case.kubeconfig();
    let user = "users:\n- name: main\n  user:\n    tokenFile: ./tokens/one\n";
    let case = case
        .file("a/config", user)
        .file("a/tokens/one", TOKEN)
        .file("b/c/config", &whole)
        .file("b/ca.crt", &pem)
        .without_kubeconfig_flag()
        .env("KUBECONFIG", "a/config:b/c/config");
    case.agree().await.succeed();
}

#[tokio::test]
async fn kc_37_a_link_stays_where_it_lies() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" }));
    let config = case.kubeconfig();
    let case = case
        .file("real/config", &config)
        .file("real/token", "beside the target")
        .file("linked/token", TOKEN)
        .without_kubeconfig_flag()
        .flags(&["--kubeconfig", "linked/config"]);
    symlink("../real/config", case.directory().join("linked/config")).unwrap();
    case.agree().await.succeed();
}

#[tokio::test]
async fn kc_7_a_missing_file_by_flag_is_an_error() {
    let (case, _) = unplaced().await;
    let both = case.flags(&["--kubeconfig", "missing"]).agree().await;
    both.fail_saying(&["missing", "no such file"]);
}

#[tokio::test]
async fn kc_9_every_broken_file_is_named() {
    let (case, config) = unplaced().await;
    let case = case
        .file("good", &config)
        .file("one", "clusters: [")
        .file("two", "apiVersion: v1\nkind: Config\nusers: hunter2\n")
        .env("KUBECONFIG", "one:good:two:home");
    let both = case.agree().await.fail_saying(&["one", "two", "home", "directory"]);
    assert!(both.kubectl.exchanges.is_empty());
    assert!(!both.kubecred.stderr.contains("hunter2"));
}

#[tokio::test]
async fn kc_46_a_current_context_that_is_missing_is_named() {
    let (case, config) = unplaced().await;
    let config = config.replace("current-context: main", "current-context: gone");
    let both = case.file("home/.kube/config", &config).agree().await;
    both.fail_saying(&["context", "gone"]);
}

#[tokio::test]
async fn kc_74_kb_20_a_variable_names_the_server_where_no_kubeconfig_does() {
    let case = Case::with(ApiServer::builder().plain_http()).await.open();
    let url = case.server.url();
    let case = case.without_kubeconfig_flag().env("KUBERNETES_MASTER", &url);
    let both = case.flags(&["--as", "joe"]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("impersonate-user"), Some("joe"));
}

#[tokio::test]
async fn kc_44_a_user_that_is_missing_is_nobody() {
    let (case, config) = unplaced().await;
    let config = config.replace("user: main", "user: gone");
    let case = case.file("home/.kube/config", &config).flags(&["--token", TOKEN]);
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn kc_18_a_kubeconfig_may_be_json() {
    let (case, config) = unplaced().await;
    let config: serde_json::Value = serde_yaml::from_str(&config).unwrap();
    case.file("home/.kube/config", &config.to_string()).agree().await.succeed();
}

#[tokio::test]
async fn a_kubeconfig_as_people_write_them() {
    let (case, _) = unplaced().await;
    let pem = case.server.authority().certificate_pem().to_owned();
    let config = format!(
        "# ours\n\
         kind: Config\n\
         apiVersion: v1\n\
         preferences: {{}}\n\
         current-context: &here \"main\"\n\
         contexts: [{{name: *here, context: {{cluster: c, user: 'u', namespace: web}}}}]\n\
         clusters:\n\
         - name: c\n\
         \x20 cluster: {{server: {url}, certificate-authority: ../../ca.crt}}\n\
         users:\n\
         - name: u\n\
         \x20 user:\n\
         \x20   token: >-\n\
         \x20     {TOKEN}\n",
        url = case.server.url(),
    );
    case.file("home/.kube/config", &config).file("ca.crt", &pem).agree().await.succeed();
}
