//! A pod's service account. Neither program can be told of another directory for it, so both run in
//! a mount namespace where `/var/run` is a memory of its own with the case's files in it; nothing
//! outside of it changes.

use crate::case::{Case, TOKEN};
use crate::programs::Program;
use kubecred_loopback::ApiServer;
use serde_json::json;
use std::net::Ipv6Addr;
use std::process::Command;
use std::sync::LazyLock;

/// Makes `$0` the service account's directory, then becomes what follows.
const ENTER: &str = "mount -t tmpfs none /var/run && mkdir -p /var/run/secrets/kubernetes.io \
    && ln -s \"$0\" /var/run/secrets/kubernetes.io/serviceaccount && exec \"$@\"";

/// How this user gets a mount namespace: as root, or as one who is root only in there.
static UNSHARE: LazyLock<&[&str]> = LazyLock::new(|| {
    let ways: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-rm"]];
    let works = |way: &&&[&str]| {
        let test = ["sh", "-c", ENTER, "/nowhere", "true"];
        let status = Command::new(way[0]).args(&way[1..]).args(test).output();
        status.is_ok_and(|output| output.status.success())
    };
    ways.iter().find(works).expect(
        "a mount namespace is needed: run as root, or allow user namespaces \
         (sysctl kernel.apparmor_restrict_unprivileged_userns=0 where that is the obstacle)",
    )
});

/// A pod without a kubeconfig: the files of its service account, and the variables that say where
/// the server is.
async fn pod(server: kubecred_loopback::ApiServerBuilder) -> Case {
    let case = Case::with(server).await.without_kubeconfig_flag();
    let account = case.directory().join("account").to_string_lossy().into_owned();
    let address = case.server.address();
    let pem = case.server.authority().certificate_pem().to_owned();
    let words = [*UNSHARE, &["sh", "-c", ENTER, &account]].concat();
    case.within(&words)
        .file("account/token", "good\n")
        .file("account/ca.crt", &pem)
        .file("account/namespace", "web")
        .env("KUBERNETES_SERVICE_HOST", &address.ip().to_string())
        .env("KUBERNETES_SERVICE_PORT", &address.port().to_string())
}

#[tokio::test]
async fn ic_6_the_service_account_is_used() {
    let both = pod(ApiServer::builder()).await.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
    assert_eq!(both.kubectl.request().sni, None);
}

#[tokio::test]
async fn ic_4_an_ipv6_address_gets_its_brackets() {
    let server = ApiServer::builder().listen(Ipv6Addr::LOCALHOST.into());
    let both = pod(server).await.agree().await.succeed();
    let authority = both.kubectl.request().authority.as_deref().expect("a host");
    assert!(authority.starts_with("[::1]:"), "{authority}");
}

#[tokio::test]
async fn kc_80_a_token_by_flag_replaces_the_service_accounts() {
    let case = pod(ApiServer::builder()).await.file("account/token", "of the pod");
    let both = case.flags(&["--token", TOKEN]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn kc_76_a_kubeconfig_goes_before_the_service_account() {
    let case = pod(ApiServer::builder()).await.file("account/token", "of the pod");
    let case = case.user(json!({ "token": TOKEN }));
    let config = case.kubeconfig();
    let both = case.file("home/.kube/config", &config).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn tk_2_an_empty_token_sends_nothing() {
    let case = pod(ApiServer::builder()).await.file("account/token", "\n");
    assert!(case.agree().await.fail_saying(&[]).kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ic_5_a_broken_authority_trusts_no_stranger() {
    let case = pod(ApiServer::builder()).await.file("account/ca.crt", "broken");
    assert!(case.agree().await.fail_saying(&["certificate"]).kubectl.exchanges.is_empty());
}

/// An intended difference: see the table in `differences.rs`.
#[tokio::test]
async fn kc_79_impersonation_stays_with_the_service_account() {
    let case = pod(ApiServer::builder()).await.flags(&["--as", "joe"]);
    let kubectl = case.run(&Program::kubectl()).await;
    assert!(kubectl.exchanges.is_empty(), "kubectl calls localhost:8080");
    let kubecred = case.run(&Program::kubecred()).await;
    assert!(kubecred.success, "{}", kubecred.stderr);
    assert_eq!(kubecred.request().header("authorization"), Some("Bearer good"));
    assert_eq!(kubecred.request().header("impersonate-user"), Some("joe"));
}
