//! TLS with a certificate and a token for this run, kubeconfigs that point to the proxy, all contexts.

use crate::run::{Running, TOKEN, program, stage};
use crate::stage::{command, ended, start};
use kubecred_loopback::{ApiServer, User};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// I: kubectl's proxy has no TLS and asks its callers for nothing.
#[tokio::test]
async fn px_18_kubectl_uses_the_written_kubeconfig_and_others_are_refused() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &["--tls", "--write-kubeconfig", "proxy.yaml"]).await;
    let path = stage.folder.path().join("proxy.yaml");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(TOKEN), "our own login is not written");
    for (_, kubectl) in kubecred_kubectl::versions() {
        let arguments = ["--kubeconfig", "proxy.yaml", "get", "pods", "-o", "name"];
        let pods = program(&stage, &kubectl, &arguments).await;
        assert_eq!(pods.good(), "pod/web-0\npod/web-1\n", "{kubectl:?}: {pods:?}");
    }
    let url = format!("https://{}/version", running.place);
    let refused = program(&stage, "curl".as_ref(), &["-sk", &url]).await;
    assert!(refused.good().contains("\"code\":401"), "{refused:?}");
    let sent = stage.server.exchanges();
    assert!(
        sent.iter().all(|sent| sent.header("authorization") == Some(&format!("Bearer {TOKEN}")))
    );
    // A file that is not a proxy's is not replaced.
    stage.write("mine.yaml", "users: []");
    let other =
        stage.kubecred(&["proxy", "--port=0", "--tls", "--write-kubeconfig", "mine.yaml"]).await;
    assert!(other.failed(7).contains("mine.yaml"), "{other:?}");
    assert_eq!(running.stop().await.code, Some(0));
    assert!(!path.exists(), "its token opens nothing any more, and the file stays");
}

#[tokio::test]
async fn a_command_is_served_alone_and_its_exit_code_is_ours() {
    let stage = stage().await;
    let kubectl = kubecred_kubectl::kubectl();
    let kubectl = kubectl.to_str().unwrap();
    let run = async |words: &[&str]| {
        let mut program = command(stage.folder.path());
        program.args(["proxy", "--kubeconfig", "config", "--"]).args(words);
        ended(start(&mut program)).await
    };
    let pods = run(&[kubectl, "get", "pods", "-o", "name"]).await;
    assert_eq!(pods.good(), "pod/web-0\npod/web-1\n");
    let environment = run(&["/bin/sh", "-c", "cat \"$KUBECONFIG\"; exit 7"]).await;
    assert_eq!(environment.code, Some(7), "{environment:?}");
    assert!(environment.stdout.contains("https://127.0.0.1:"), "{environment:?}");
    assert!(!environment.stdout.contains(TOKEN), "{environment:?}");
    assert_eq!(run(&["/bin/sh", "-c", "kill -9 $$"]).await.code, Some(137));
    run(&["./no-such-program"]).await.failed(2);
}

/// I: one process of kubectl serves one context.
#[tokio::test]
async fn px_21_every_context_has_a_path() {
    let stage = stage().await;
    let other = ApiServer::builder().start().await.unwrap();
    other.accounts().allow_token("token-of-joe", User::new("joe"));
    stage.write("other.crt", other.authority().certificate_pem());
    let name = "arn:aws:eks:eu:1:cluster/other";
    stage.write("config", &json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "main",
        "clusters": [
            { "name": "main", "cluster": { "server": stage.server.url(), "certificate-authority": "ca.crt" } },
            { "name": "other", "cluster": { "server": other.url(), "certificate-authority": "other.crt" } },
        ],
        "users": [
            { "name": "main", "user": { "token": TOKEN } },
            { "name": "other", "user": { "token": "token-of-joe" } },
        ],
        "contexts": [
            { "name": "main", "context": { "cluster": "main", "user": "main" } },
            { "name": name, "context": { "cluster": "other", "user": "other", "namespace": "kube-system" } },
            { "name": "broken", "context": { "cluster": "none", "user": "other" } },
        ],
    }).to_string());
    let flags = ["--tls", "--write-kubeconfig", "proxy.yaml", "--all-contexts"];
    let running = Running::kubecred(&stage, &flags).await;
    let kubectl = kubecred_kubectl::kubectl();
    let pods = async |context: &str| {
        let arguments =
            ["--kubeconfig", "proxy.yaml", "--context", context, "get", "pods", "-o", "name"];
        program(&stage, &kubectl, &arguments).await
    };
    assert_eq!(pods("main").await.good(), "pod/web-0\npod/web-1\n");
    assert_eq!(pods(name).await.good(), "pod/kube-apiserver\n");
    assert!(other.counters().requests > 0);
    let broken = pods("broken").await;
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let ended = running.stop().await;
    assert!(ended.stderr.contains("broken"), "the operator is told: {ended:?}");
}
