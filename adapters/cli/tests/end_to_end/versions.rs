//! A sample of everything with each version of kubectl that is at hand: the oracle says today what
//! it said before.

use crate::case::{Case, Proxy, TOKEN};
use crate::plugin::{Answer, V1BETA1};
use crate::programs::Program;
use kubecred_loopback::HttpProxy;
use serde_json::json;

/// Holds kubecred to doing what every kubectl at hand does.
async fn agree_with_all(case: Case) {
    let ours = case.run(&Program::kubecred()).await;
    let oracles = kubecred_kubectl::versions();
    assert!(!oracles.is_empty(), "tests/tools kubectl installs the versions to compare with");
    let oracles: Vec<_> =
        oracles.into_iter().map(|(minor, _)| Program::kubectl_version(minor)).collect();
    println!("{:?}", oracles.iter().map(|oracle| &oracle.name).collect::<Vec<_>>());
    for oracle in oracles {
        let theirs = case.run(&oracle).await;
        let differences = theirs.facts().differences(&ours.facts());
        assert!(theirs.success && differences.is_empty(), "{} (-)\n{differences}", oracle.name);
    }
}

#[tokio::test]
async fn ua_2_token_and_impersonation() {
    let user = json!({ "token": TOKEN, "as": "joe", "as-groups": ["a", "b"], "as-uid": "7" });
    let case = Case::start().await.user(user).cluster(json!({ "tls-server-name": "api.internal" }));
    agree_with_all(case).await;
}

#[tokio::test]
async fn ua_2_certificate_files() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &["a"]);
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    agree_with_all(case.user(user).client_files(&issued)).await;
}

#[tokio::test]
async fn kc_73_token_file_through_a_proxy() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", "good\n");
    let proxy = HttpProxy::builder().route("api.internal:443", case.server.address());
    let proxy = proxy.credentials("jane", "s3cret").start().await.unwrap();
    let url = proxy.url().replace("://", "://jane:s3cret@");
    let cluster = json!({ "server": "https://api.internal", "proxy-url": url });
    agree_with_all(case.cluster(cluster).proxy(Proxy::Http(proxy))).await;
}

#[tokio::test]
async fn ex_32_plugin_with_cluster_info() {
    let extension = json!({ "audience": "<here>" });
    let cluster = json!({
        "extensions": [{ "name": "client.authentication.k8s.io/exec", "extension": extension }],
    });
    let stanza = json!({
        "apiVersion": V1BETA1,
        "provideClusterInfo": true,
        "args": ["get-token"],
        "env": [{ "name": "REGION", "value": "eu" }],
    });
    let case = Case::start().await.cluster(cluster).exec(stanza);
    let issued = case.server.authority().client("jane", &[]);
    let status = json!({
        "token": "any",
        "clientCertificateData": issued.certificate_pem(),
        "clientKeyData": issued.key_pem(),
    });
    agree_with_all(case.plugin(&[Answer::versioned(V1BETA1, &status)])).await;
}
