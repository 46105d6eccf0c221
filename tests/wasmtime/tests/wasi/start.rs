//! Where settings come from: what the embedder gave, and nothing else.

use crate::{Embedder, embedder, kubeconfig, seen, told, trusting};
use kubecred_loopback::{ApiServer, User};
use wasmtime_wasi::FsPerms;

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_those_that_were_given() {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("hush", User::new("jane"));
    let embedder = embedder(&server, "token: hush");
    // This process has a HOME and a PATH; the guest has not.
    assert!(std::env::var_os("HOME").is_some());
    let bare = Embedder::new();
    bare.run(&["/version"]).await.failed_with(&["configuration"]);
    // What kubectl finds in a home is found in one that was given.
    std::fs::create_dir(embedder.folder.path().join(".kube")).expect("a folder");
    embedder.write(".kube/config", &embedder.read("config"));
    let embedder = embedder.preopen("/home/me", FsPerms::ReadOnly);
    let home = embedder.variable("KUBECONFIG", "").variable("HOME", "/home/me");
    home.run(&["--embedder-does", "roots", "/version"]).await.was_good();
    assert_eq!(told(&server), seen(&[(200, "hush")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_one_whose_files_and_variables_were_given() {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("pod", User::new("system:serviceaccount:ns:sa"));
    let (host, port) = (server.address().ip().to_string(), server.address().port().to_string());
    let embedder = Embedder::new()
        .trust(server.authority())
        .preopen("/var/run/secrets/kubernetes.io/serviceaccount", FsPerms::ReadOnly)
        .variable("KUBERNETES_SERVICE_HOST", &host)
        .variable("KUBERNETES_SERVICE_PORT", &port);
    embedder.write("token", "pod");
    embedder.write("namespace", "ns");
    embedder.write("ca.crt", server.authority().certificate_pem());
    embedder.run(&["--embedder-does", "roots", "/version"]).await.was_good();
    assert_eq!(told(&server), seen(&[(200, "pod")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_is_named() {
    let server = ApiServer::builder().start().await.expect("a server");
    let nowhere = Embedder::new().variable("KUBECONFIG", "/kube/none:/elsewhere/config");
    nowhere.run(&["/version"]).await.failed_with(&["/kube/none", "/elsewhere/config"]);
    let roots = trusting(server.authority());
    for path in ["/kube/token", "/elsewhere/token"] {
        let text = kubeconfig(&server.url(), &roots, &format!("tokenFile: {path}"));
        let embedder = Embedder::new().trust(server.authority()).kubeconfig(&text);
        let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
        ended.failed_with(&["cannot read token", path]);
    }
    assert_eq!(server.counters().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_kubeconfig_is_said_with_its_file_and_line() {
    let embedder = Embedder::new().kubeconfig("clusters:\n- name: [\n");
    embedder.run(&["/version"]).await.failed_with(&["/kube/config:2: "]);
}
