//! Exit codes, and what is said of an error: file, entry, field, what to do; never a secret.

use crate::stage::{CANARY, Stage, command, ended, plugin, start};
use bytes::Bytes;
use http::Response;
use kubecred_loopback::{ApiServer, Authority};
use serde_json::json;
use std::fs::OpenOptions;
use std::net::TcpListener;
use std::process::Stdio;

#[tokio::test]
async fn code_1_the_server_says_no_and_its_words_are_told() {
    let stage = Stage::new().await;
    stage.accounts().allow_token(CANARY, "ann");
    stage.kubeconfig(json!({ "token": CANARY }));
    let refused = stage.kubecred(&["get", "/forbidden"]).await;
    let said = refused.failed(1);
    for word in ["Forbidden", "403", "User \"ann\" cannot get path \"/forbidden\""] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("apiVersion"), "the body is for -v: {said}");
    refused.hides_the_canary();

    let verbose = stage.kubecred(&["get", "/forbidden", "-v"]).await;
    assert_eq!((verbose.code, verbose.stdout.as_str()), (Some(1), ""));
    assert!(verbose.stderr.contains("\"apiVersion\""), "{verbose:?}");
    verbose.hides_the_canary();
}

#[tokio::test]
async fn code_1_a_refusal_in_another_form_is_told_by_its_status() {
    let builder = ApiServer::builder().respond(|request| {
        let reply = Response::builder().status(match request.uri().path() {
            "/moved" => 307,
            _ => 503,
        });
        Some(reply.body(Bytes::from_static(b"<h1>\x1b[2Jnot now</h1>")).unwrap())
    });
    let stage = Stage::with(builder).await;
    stage.kubeconfig(json!({}));
    let ended = stage.kubecred(&["get", "/x"]).await;
    assert!(ended.failed(1).contains("503"), "{ended:?}");
    assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    assert!(stage.kubecred(&["get", "/moved"]).await.failed(1).contains("307"));
}

#[tokio::test]
async fn code_1_a_401_says_who_was_refused() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "token": CANARY }));
    let ended = stage.kubecred(&["get", "/version"]).await;
    let said = ended.failed(1);
    assert!(said.contains("Unauthorized") && said.contains("\"main\""), "{said}");
    ended.hides_the_canary();
}

#[tokio::test]
async fn code_3_no_configuration_says_where_it_was_looked_for() {
    let stage = Stage::new().await;
    let nothing = ended(stage.start(&["get", "/version"])).await;
    let said = nothing.failed(3);
    assert!(said.contains(".kube/config") && said.contains("--kubeconfig"), "{said}");

    let missing = stage.kubecred(&["get", "/version"]).await;
    assert!(missing.failed(3).contains("config"), "{missing:?}");
}

#[tokio::test]
async fn code_3_what_is_wrong_is_named_by_file_line_entry_and_field() {
    let stage = Stage::new().await;
    let broken = format!(
        "current-context: main\nusers:\n- name: ann\n  user:\n    token: {CANARY}\n    \
         client-certificate-data: '{CANARY}'\n"
    );
    stage.write("config", &broken);
    let ended = stage.kubecred(&["get", "/version", "--token", CANARY]).await;
    let said = ended.failed(3);
    for word in ["config:6", "user \"ann\"", "client-certificate-data"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    ended.hides_the_canary();

    stage.kubeconfig(json!({ "token": CANARY }));
    let ended = stage.kubecred(&["get", "/version", "--context=prod"]).await;
    assert!(ended.failed(3).contains("context \"prod\""), "{ended:?}");
    ended.hides_the_canary();
}

#[tokio::test]
async fn code_3_an_authority_that_cannot_be_read_is_configuration() {
    let stage = Stage::new().await;
    stage.kubeconfig_with(json!({ "certificate-authority": "gone.crt" }), json!({}));
    let ended = stage.kubecred(&["get", "/version"]).await;
    assert!(ended.failed(3).contains("gone.crt"), "{ended:?}");
    stage.write("bad.crt", CANARY);
    let ended = stage.kubecred(&["get", "/version", "--certificate-authority=bad.crt"]).await;
    assert!(ended.failed(3).contains("bad.crt"), "{ended:?}");
    ended.hides_the_canary();
}

#[tokio::test]
async fn code_4_a_plugin_that_fails_or_is_missing_is_named() {
    let stage = Stage::new().await;
    stage.script("login", &format!("echo '{{\"status\":{{\"token\":\"{CANARY}\"}}}}'; exit 73"));
    stage.kubeconfig(plugin("./login"));
    let ended = stage.kubecred(&["get", "/version"]).await;
    let said = ended.failed(4);
    assert!(said.contains("login") && said.contains("73") && said.contains("main"), "{said}");
    ended.hides_the_canary();

    stage.script("login", &format!("echo '{{\"kind\":\"{CANARY}\",{CANARY}'"));
    assert!(stage.kubecred(&["-v", "get", "/version"]).await.hides_the_canary().code == Some(4));

    let mut user = plugin("no-such-login");
    user["exec"]["installHint"] = "Get it from the shop.".into();
    stage.kubeconfig(user);
    let ended = stage.kubecred(&["get", "/version"]).await;
    let said = ended.failed(4);
    assert!(said.contains("no-such-login") && said.contains("Get it from the shop."), "{said}");
    assert_eq!(stage.server.counters().requests, 0);
}

#[tokio::test]
async fn code_4_a_token_file_that_is_gone_is_named() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "tokenFile": "gone" }));
    let ended = stage.kubecred(&["get", "/version"]).await;
    // kubectl reads it while it resolves the configuration (UA-8); either way it is this file.
    assert!(ended.failed(4).contains("gone"), "{ended:?}");
}

#[tokio::test]
async fn code_5_nobody_there_and_nobody_known() {
    let stage = Stage::new().await;
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    stage.kubeconfig(json!({ "token": CANARY }));
    let address = format!("127.0.0.1:{port}");
    let server = format!("--server=https://{address}");
    let ended = stage.kubecred(&["get", "/version", &server]).await;
    assert!(ended.failed(5).contains(&address), "{ended:?}");
    ended.hides_the_canary();

    stage.write("other.crt", Authority::new("other").certificate_pem());
    let other = "--certificate-authority=other.crt";
    let ended = stage.kubecred(&["get", "/version", other]).await;
    let said = ended.failed(5).to_lowercase();
    assert!(
        said.contains("an unknown authority") && said.contains("--certificate-authority"),
        "{said}"
    );
    ended.hides_the_canary();
    assert_eq!(stage.server.counters().requests, 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn code_7_output_that_cannot_be_written_is_no_success() {
    let stage = Stage::new().await;
    stage.accounts().accept_any(true);
    stage.kubeconfig(json!({}));
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = command(stage.folder.path());
    command.args(["get", "/version", "--kubeconfig=config"]).stdout(full);
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));

    // Whoever stops reading has had enough: no words then.
    let mut command = crate::stage::clean("/bin/sh".as_ref(), stage.folder.path());
    let program = env!("CARGO_BIN_EXE_kubecred");
    let line = format!(
        "{{ {program} get '/big?bytes=20000000' --kubeconfig=config; echo $? >code; }} | head -c 1"
    );
    let output = ended(start(command.args(["-c", &line]))).await;
    assert_eq!((output.good().len(), output.stderr.as_str()), (1, ""));
    let code = std::fs::read_to_string(stage.folder.path().join("code")).unwrap();
    assert_eq!(code, "7\n");
}
