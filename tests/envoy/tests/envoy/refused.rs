//! Configurations that a filter cannot carry out are refused when Envoy starts, and the log says why.

use crate::stage::{api_server, kubeconfig, plugin};
use kubecred_envoy_tests::{Envoy, Setup};
use serde_json::{Value, json};

async fn refusal(plugin: &Value) -> String {
    let server = api_server().await;
    match Envoy::try_start(&Setup::new(plugin, &server)).await {
        Ok(envoy) => panic!("Envoy takes it:\n{}", envoy.log()),
        Err(log) => log,
    }
}

#[tokio::test]
async fn what_a_filter_cannot_do_is_refused_in_a_line_of_the_log() {
    let exec = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "aws",
        "args": ["--secret", "hush"], "interactiveMode": "Never",
    } });
    let log = refusal(&plugin(&exec)).await;
    assert!(log.contains("kubecred: user \"me\": exec: a filter starts no processes"), "{log}");
    assert!(!log.contains("hush"), "{log}");

    let log = refusal(&plugin(&json!({ "tokenFile": "/run/token" }))).await;
    assert!(log.contains("user \"me\": tokenFile: a filter reads no files"), "{log}");
    assert!(log.contains("\"/run/token\" under \"files\""), "{log}");

    let oidc = json!({ "auth-provider": { "name": "oidc", "config": {
        "idp-issuer-url": "https://id.example", "client-id": "c", "refresh-token": "hush",
    } } });
    let log = refusal(&plugin(&oidc)).await;
    assert!(log.contains("clusters: none is named for \"id.example\""), "{log}");
    assert!(!log.contains("hush"), "{log}");
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_a_line_of_the_log() {
    let mut plugin = plugin(&json!({ "token": "t0ken" }));
    plugin["kubekonfig"] = json!({});
    let log = refusal(&plugin).await;
    assert!(log.contains("configuration: line 1: kubekonfig: unknown field"), "{log}");
    let log =
        refusal(&json!({ "kubeconfig": kubeconfig("https://a", &json!({ "token": 7 })) })).await;
    assert!(log.contains("token: expected a string, found a number"), "{log}");
}
