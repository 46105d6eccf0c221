//! `kubecred get`: what is sent, and what is printed.

use crate::stage::{Stage, plugin};
use bytes::Bytes;
use http::Response;
use kubecred_loopback::{ApiServer, User};
use serde_json::{Value, json};

/// What the server saw of the one request.
async fn echo(stage: &Stage, more: &[&str]) -> Value {
    let ended = stage.kubecred(&[&["get", "/echo"], more].concat()).await;
    serde_json::from_str(ended.good()).expect("an echo is JSON")
}

#[tokio::test]
async fn a_token_a_password_a_certificate_and_a_plugin_all_come_in() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "by-token");
    stage.accounts().allow_basic("ann", "pa:ss", "by-password");
    stage.accounts().allow_token("printed", "by-plugin");
    let pair = stage.server.authority().client("by-certificate", &["staff"]);
    stage.write_pair(&pair);
    stage.write("token", " t0ken\n");
    stage.script(
        "login",
        r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"printed"}}'"#,
    );
    let certificate = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    for (user, name) in [
        (json!({ "token": "t0ken" }), "by-token"),
        (json!({ "tokenFile": "token" }), "by-token"),
        (json!({ "username": "ann", "password": "pa:ss" }), "by-password"),
        (certificate, "by-certificate"),
        (plugin("./login"), "by-plugin"),
    ] {
        stage.kubeconfig(user);
        assert_eq!(echo(&stage, &[]).await["user"]["username"], name);
    }
}

#[tokio::test]
async fn the_body_is_printed_as_it_is() {
    let body = Bytes::from_static("no line break at the end, ümlaut, \u{1b}[1m, \0".as_bytes());
    let sent = body.clone();
    let builder = ApiServer::builder().respond(move |_| Some(Response::new(sent.clone())));
    let stage = Stage::with(builder).await;
    stage.kubeconfig(json!({}));
    let ended = stage.kubecred(&["get", "/x"]).await;
    assert_eq!(ended.good().as_bytes(), body);
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn a_large_body_is_printed_whole() {
    let stage = Stage::new().await;
    stage.accounts().accept_any(true);
    stage.kubeconfig(json!({}));
    let ended = stage.kubecred(&["get", "/big?bytes=20000000"]).await;
    assert_eq!(ended.good().len(), 20_000_000);
}

#[tokio::test]
async fn a_compressed_body_is_asked_for_and_unpacked_unless_told_otherwise() {
    let packed = gzip("hello\n");
    let builder = ApiServer::builder().respond(move |request| {
        let asked = request.headers().get("accept-encoding").is_some_and(|v| v == "gzip");
        let reply = Response::builder();
        Some(
            match asked {
                true => reply.header("content-encoding", "gzip").body(packed.clone().into()),
                false => reply.body("plain\n".into()),
            }
            .unwrap(),
        )
    });
    let stage = Stage::with(builder).await;
    stage.kubeconfig(json!({}));
    assert_eq!(stage.kubecred(&["get", "/x"]).await.good(), "hello\n");
    assert_eq!(stage.kubecred(&["get", "/x", "--disable-compression"]).await.good(), "plain\n");
    stage.kubeconfig_with(json!({ "disable-compression": true }), json!({}));
    assert_eq!(stage.kubecred(&["get", "/x"]).await.good(), "plain\n");
}

/// RFC 1952 with one stored block (RFC 1951, 3.2.4).
fn gzip(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut crc = !0u32;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(text.bytes());
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

#[tokio::test]
async fn kc_72_the_path_of_the_server_is_a_prefix() {
    let builder = ApiServer::builder().respond(|_| Some(Response::new("".into())));
    let stage = Stage::with(builder).await;
    let server = format!("{}/k8s/c-1/", stage.server.url());
    stage.kubeconfig_with(json!({ "server": server }), json!({}));
    stage.kubecred(&["get", "/api/v1/pods?b=2&a=1&c=%2F"]).await.good();
    let [exchange] = &stage.server.exchanges()[..] else { panic!("one request") };
    assert_eq!(exchange.path_and_query, "/k8s/c-1/api/v1/pods?b=2&a=1&c=%2F");
}

#[tokio::test]
async fn kc_67_flags_mean_what_they_mean_to_kubectl() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("given", User::new("ann"));
    stage.kubeconfig(json!({ "token": "stale" }));
    let flags = [
        "--token=given",
        "--as=bob",
        "--as-uid=u1",
        "--as-group=one,two",
        "--as-group=three",
        "--as-user-extra=example.com/Scope=a=b",
        "--as-user-extra=example.com/Scope=c",
    ];
    let seen = echo(&stage, &flags).await;
    let user = &seen["user"];
    assert_eq!(user["username"], "bob");
    assert_eq!(user["uid"], "u1");
    let groups = user["groups"].as_array().unwrap();
    assert!(groups.contains(&json!("one,two")) && groups.contains(&json!("three")), "{user}");
    assert_eq!(user["extra"]["example.com/scope"], json!(["a=b", "c"]));
}

#[tokio::test]
async fn kc_67_all_there_is_can_be_said_without_a_kubeconfig() {
    let stage = Stage::new().await;
    stage.accounts().allow_basic("ann", "secret", "ann");
    let port = stage.server.address().port();
    let server = format!("-shttps://127.0.0.1:{port}");
    let flags = ["--certificate-authority=ca.crt", "--tls-server-name=api.internal"];
    let user = ["--username=ann", "--password", "secret"];
    let all = [&[&server, "get", "/version"], &flags[..], &user].concat();
    let ended = crate::stage::ended(stage.start(&all)).await;
    assert!(ended.good().contains("gitVersion"));
    let [exchange] = &stage.server.exchanges()[..] else { panic!("one request") };
    assert_eq!(exchange.sni.as_deref(), Some("api.internal"));
}

#[tokio::test]
async fn kc_74_kubernetes_master_is_the_server_of_last_resort() {
    let stage = Stage::with(ApiServer::builder().plain_http()).await;
    stage.accounts().accept_any(true);
    let mut command = crate::stage::command(stage.folder.path());
    command.args(["get", "/version"]).env("KUBERNETES_MASTER", stage.server.url());
    let ended = crate::stage::ended(crate::stage::start(&mut command)).await;
    assert!(ended.good().contains("gitVersion"));
}

#[tokio::test]
async fn kc_71_credentials_are_kept_from_plain_http_and_this_is_said() {
    let stage = Stage::with(ApiServer::builder().plain_http()).await;
    stage.accounts().accept_any(true);
    let cluster = json!({ "certificate-authority": null });
    stage.kubeconfig_with(cluster, json!({ "token": crate::stage::CANARY }));
    let ended = stage.kubecred(&["get", "/echo", "-v"]).await;
    assert!(ended.good().contains("system:anonymous"));
    assert!(ended.stderr.contains("KC-71"), "{ended:?}");
    ended.hides_the_canary();
    let [exchange] = &stage.server.exchanges()[..] else { panic!("one request") };
    assert_eq!(exchange.header("authorization"), None);
}

#[tokio::test]
async fn ex_63_a_401_is_made_good_within_the_same_request() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("second", "ann");
    stage.script(
        "login",
        r#"[ -e asked ] && token=second || token=first; : >asked
echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$token'"}}'"#,
    );
    stage.kubeconfig(plugin("./login"));
    assert_eq!(echo(&stage, &[]).await["user"]["username"], "ann");
    let counters = stage.server.counters();
    assert_eq!((counters.unauthorized, counters.successes), (1, 1));
}

#[tokio::test]
async fn verbose_tells_what_was_decided_and_no_secret() {
    let stage = Stage::new().await;
    let token = crate::stage::CANARY;
    stage.accounts().allow_token(token, "ann");
    stage.script(
        "login",
        &format!(r#"echo '{{"apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"{token}"}}}}'"#),
    );
    stage.kubeconfig(plugin("./login"));
    let ended = stage.kubecred(&["-v", "get", "/version", "--proxy-url="]).await;
    assert!(ended.good().contains("gitVersion"));
    for word in ["read config", "context \"main\"", &stage.server.url(), "login", "credential 1"] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    ended.hides_the_canary();
    // Quiet otherwise.
    assert_eq!(stage.kubecred(&["get", "/version"]).await.stderr, "");
}

#[tokio::test]
async fn ua_3_a_token_goes_before_a_plugin_without_a_word() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("given", "ann");
    stage.script("login", "echo asked >asked");
    stage.kubeconfig(plugin("./login"));
    let ended = stage.kubecred(&["get", "/version", "--token=given"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!stage.folder.path().join("asked").exists());
    let verbose = stage.kubecred(&["get", "/version", "--token=given", "-v"]).await;
    assert!(verbose.stderr.contains("UA-3"), "{verbose:?}");
}

#[tokio::test]
async fn a_kubeconfig_may_come_through_a_pipe() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    let cluster = json!({
        "server": stage.server.url(),
        "certificate-authority": stage.folder.path().join("ca.crt"),
    });
    stage.write(
        "config",
        &crate::stage::kubeconfig(cluster, json!({ "token": "t0ken" })).to_string(),
    );
    let mut command = crate::stage::clean("/bin/sh".as_ref(), stage.folder.path());
    let program = env!("CARGO_BIN_EXE_kubecred");
    let line = format!("cat config | {program} get /version --kubeconfig /dev/fd/3 3<&0");
    command.args(["-c", &line]);
    let ended = crate::stage::ended(crate::stage::start(&mut command)).await;
    assert!(ended.good().contains("gitVersion"));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let stage = Stage::new().await;
    stage.accounts().accept_any(true);
    stage.kubeconfig(json!({}));
    let ended = stage.kubecred(&["get", "/slow?ms=300", "--request-timeout=60"]).await;
    assert_eq!(ended.good(), "ok");
}
