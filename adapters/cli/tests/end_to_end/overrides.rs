//! Flags laid over the kubeconfig.

use crate::case::{Case, TOKEN};
use crate::plugin::Answer;
use kubecred_loopback::{ApiServer, Authority};
use serde_json::{Value, json};

#[tokio::test]
async fn kc_66_kb_21_a_token_goes_along_with_the_kubeconfigs_certificate() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let case = case.user(user).client_files(&issued).flags(&["--token", "of-the-flag"]);
    let both = case.agree().await.succeed();
    let request = both.kubectl.request();
    assert_eq!(request.header("authorization"), Some("Bearer of-the-flag"));
    assert!(request.client_certificate.is_some());
}

#[tokio::test]
async fn kc_62_a_token_replaces_the_kubeconfigs() {
    let case = Case::start().await.user(json!({ "token": "of the kubeconfig" }));
    let both = case.flags(&["--token=good"]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn kc_66_a_token_does_not_replace_the_kubeconfigs_password() {
    let case = Case::start().await.user(json!({ "username": "jane", "password": "secret" }));
    let both = case.flags(&["--token", TOKEN]).agree().await;
    both.fail_saying(&["more than one authentication method"]);
}

#[tokio::test]
async fn kc_67_a_user_name_and_a_password_by_flag() {
    let case = Case::start().await.flags(&["--username", "jane", "--password", "secret"]);
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Basic amFuZTpzZWNyZXQ="));
}

#[tokio::test]
async fn kc_65_a_certificate_by_flag_replaces_the_kubeconfigs() {
    let case = Case::start().await;
    let authority = case.server.authority();
    let (ours, theirs) = (authority.client("jane", &[]), authority.client("joe", &[]));
    let user = json!({ "client-certificate": "theirs.crt", "client-key": "theirs.key" });
    let case = case.user(user).client_files(&ours);
    let case =
        case.file("theirs.crt", theirs.certificate_pem()).file("theirs.key", theirs.key_pem());
    let flags = ["--client-certificate", "client.crt", "--client-key", "client.key"];
    let both = case.flags(&flags).agree().await.succeed();
    let shown = both.kubectl.request().client_certificate.as_ref().expect("it is presented");
    assert_eq!(shown.common_name.as_deref(), Some("jane"));
}

#[tokio::test]
async fn kc_40_paths_in_flags_start_at_the_working_directory() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let config = case.kubeconfig();
    let pem = case.server.authority().certificate_pem().to_owned();
    let case = case
        .file("elsewhere/config", &config)
        .file("elsewhere/ca.crt", "of the kubeconfig's directory")
        .file("ca.crt", &pem)
        .without_kubeconfig_flag()
        .flags(&["--kubeconfig", "elsewhere/config", "--certificate-authority", "ca.crt"]);
    case.agree().await.succeed();
}

#[tokio::test]
async fn kc_63_an_authority_by_flag_replaces_the_kubeconfigs_trust() {
    let other = Authority::new("other").certificate_pem().to_owned();
    let case = Case::start().await.user(json!({ "token": TOKEN })).file("ca.crt", &other);
    let both = case.flags(&["--certificate-authority", "ca.crt"]).agree().await;
    assert!(both.fail_saying(&["certificate"]).kubectl.exchanges.is_empty());

    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let pem = case.server.authority().certificate_pem().to_owned();
    let cluster = json!({ "certificate-authority-data": null, "insecure-skip-tls-verify": true });
    let case = case.cluster(cluster).file("ca.crt", &pem);
    case.flags(&["--certificate-authority", "ca.crt"]).agree().await.succeed();
}

#[tokio::test]
async fn kc_63_trusting_anyone_by_flag_replaces_the_kubeconfigs_trust() {
    // With the kubeconfig's authority this would be UA-31's error; and the name is not the
    // server's.
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.flags(&["--insecure-skip-tls-verify", "--tls-server-name=x.y"]);
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().sni.as_deref(), Some("x.y"));
}

#[tokio::test]
async fn kc_64_a_server_by_flag_drops_the_kubeconfigs_server_name() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.cluster(json!({ "tls-server-name": "not.the.name" }));
    let server = format!("https://localhost:{}", case.server.address().port());
    let both = case.flags(&["-s", &server]).agree().await.succeed();
    assert_eq!(both.kubectl.request().sni.as_deref(), Some("localhost"));
}

#[tokio::test]
async fn kc_62_disable_compression_by_flag() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let both = case.flags(&["--disable-compression"]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("accept-encoding"), None);
}

#[tokio::test]
async fn kc_69_a_request_may_be_given_a_time() {
    let slow = || async {
        let case = Case::start().await.user(json!({ "token": TOKEN }));
        // Far longer than both wait: a failure here is theirs, not the machine's slowness.
        case.get("/slow?ms=50000")
    };
    for time in ["1", "200ms"] {
        let both = slow().await.flags(&["--request-timeout", time]).both().await;
        both.fail_saying(&[]);
    }
    let both = Case::start().await.user(json!({ "token": TOKEN })).flags(&["--request-timeout=0"]);
    both.agree().await.succeed();
    let both = Case::start().await.flags(&["--request-timeout=soon"]).agree().await;
    assert!(both.fail_saying(&[]).kubectl.exchanges.is_empty());
}

/// A kubeconfig with two of everything, of which the second is chosen; only the first of each is
/// any good.
async fn two_of_each() -> Case {
    let case = Case::start().await;
    let cluster = json!({ "server": case.server.url(), "insecure-skip-tls-verify": true });
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "two",
        "clusters": [
            { "name": "one", "cluster": cluster },
            { "name": "two", "cluster": { "server": "https://127.0.0.1:1" } },
        ],
        "users": [
            { "name": "one", "user": { "token": TOKEN } },
            { "name": "two", "user": { "token": "of the second" } },
        ],
        "contexts": [
            { "name": "one", "context": { "cluster": "one", "user": "one" } },
            { "name": "two", "context": { "cluster": "two", "user": "two" } },
        ],
    });
    let case = case.file("two-of-each", &config.to_string()).without_kubeconfig_flag();
    case.flags(&["--kubeconfig", "two-of-each"])
}

#[tokio::test]
async fn kc_41_another_context_is_chosen() {
    let both = two_of_each().await.flags(&["--context", "one"]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn kc_42_another_cluster_and_another_user_are_chosen() {
    let both = two_of_each().await.flags(&["--cluster=one", "--user=one"]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
    let both = two_of_each().await.flags(&["--cluster=one"]).agree().await;
    let both = both.fail_saying(&["unauthorized"]);
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer of the second"));
}

#[tokio::test]
async fn kc_43_what_a_flag_names_must_exist() {
    for (flags, message) in [
        (&["--context=three"][..], "context \"three\" does not exist"),
        (&["--cluster=three"], "cluster \"three\" does not exist"),
        (&["--user=three"], "auth info \"three\" does not exist"),
    ] {
        let both = two_of_each().await.flags(flags).both().await;
        let both = both.fail_saying(&["three", "does not exist"]);
        assert!(both.kubectl.stderr.contains(message), "{}", both.kubectl.stderr);
        assert!(both.kubectl.exchanges.is_empty() && both.kubecred.exchanges.is_empty());
    }
}

#[tokio::test]
async fn kc_71_a_server_by_flag_may_be_without_tls() {
    let case = Case::with(ApiServer::builder().plain_http()).await.open();
    let address = case.server.address().to_string();
    let case = case.cluster(json!({ "server": "https://127.0.0.1:1" }));
    let case = case.exec(Value::Object(Default::default())).plugin(&[Answer::token(TOKEN)]);
    let both = case.flags(&["--server", &address, "--token", TOKEN]).agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), None);
    assert!(both.kubectl.plugin_runs.is_empty());
}
