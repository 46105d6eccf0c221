//! `kubecred credential`: every login in one form.

use crate::stage::{CANARY, Ended, Stage, command, ended, plugin, start};
use serde_json::{Value, json};

fn status(ended: &Ended) -> Value {
    let printed: Value = serde_json::from_str(ended.good()).expect("it prints JSON");
    assert_eq!(printed["kind"], "ExecCredential");
    assert_eq!(printed["apiVersion"], "client.authentication.k8s.io/v1");
    assert_eq!(ended.stderr, "");
    printed["status"].clone()
}

#[tokio::test]
async fn a_token_and_a_certificate_are_printed_as_an_exec_credential() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "token": "t\"0" }));
    assert_eq!(status(&stage.kubecred(&["credential"]).await), json!({ "token": "t\"0" }));

    let pair = stage.server.authority().client("ann", &[]);
    stage.write_pair(&pair);
    stage.kubeconfig(json!({ "client-certificate": "client.crt", "client-key": "client.key" }));
    let printed = status(&stage.kubecred(&["credential"]).await);
    assert_eq!(printed["clientCertificateData"], pair.certificate_pem());
    assert_eq!(printed["clientKeyData"], pair.key_pem());
    assert_eq!(printed["token"], Value::Null);
    assert!(printed["expirationTimestamp"].is_string(), "{printed}");
    assert_eq!(stage.server.counters().connections, 0, "nobody has to be asked");
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_no_obstacle() {
    let stage = Stage::new().await;
    let cluster = json!({ "certificate-authority": "gone.crt" });
    stage.kubeconfig_with(cluster, json!({ "token": "t0ken" }));
    assert_eq!(stage.kubecred(&["credential", "-o=token"]).await.good(), "t0ken\n");
}

#[tokio::test]
async fn a_plugins_answer_is_handed_on_with_its_end() {
    let stage = Stage::new().await;
    stage.script(
        "login",
        r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","status":
            {"token":"printed","expirationTimestamp":"2999-12-31T23:00:00+01:00"}}'"#,
    );
    stage.kubeconfig(plugin("./login"));
    let expected = json!({ "token": "printed", "expirationTimestamp": "2999-12-31T22:00:00Z" });
    assert_eq!(status(&stage.kubecred(&["credential"]).await), expected);
    assert_eq!(stage.kubecred(&["credential", "-o", "token"]).await.good(), "printed\n");
}

#[tokio::test]
async fn what_has_no_such_form_is_refused_without_being_shown() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "username": "ann", "password": CANARY }));
    let ended = stage.kubecred(&["credential"]).await;
    assert!(ended.failed(4).contains("user name and a password"), "{ended:?}");
    ended.hides_the_canary();

    stage.kubeconfig(json!({}));
    assert!(stage.kubecred(&["credential"]).await.failed(4).contains("anonymous"));

    stage.write_pair(&stage.server.authority().client("ann", &[]));
    stage.kubeconfig(json!({ "client-certificate": "client.crt", "client-key": "client.key" }));
    let ended = stage.kubecred(&["credential", "-o", "token"]).await;
    assert!(ended.failed(4).contains("no token"), "{ended:?}");
}

#[tokio::test]
async fn impersonation_is_left_out_with_a_warning() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "token": "t0ken" }));
    let ended = stage.kubecred(&["credential", "--as=bob", "-o=token"]).await;
    assert_eq!(ended.good(), "t0ken\n");
    assert!(ended.stderr.starts_with("warning: ") && ended.stderr.contains("--as"), "{ended:?}");
}

#[tokio::test]
async fn ex_37_the_version_asked_for_is_the_version_printed() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({ "token": "t0ken" }));
    let run = async |info: &str| {
        let mut command = command(stage.folder.path());
        command.args(["credential", "--kubeconfig=config"]).env("KUBERNETES_EXEC_INFO", info);
        ended(start(&mut command)).await
    };
    let info = |version: &str| {
        json!({ "kind": "ExecCredential", "spec": { "interactive": false },
                "apiVersion": format!("client.authentication.k8s.io/{version}") })
        .to_string()
    };
    let old = run(&info("v1beta1")).await;
    let printed: Value = serde_json::from_str(old.good()).unwrap();
    assert_eq!(printed["apiVersion"], "client.authentication.k8s.io/v1beta1");
    let unknown = run(&info("v7")).await;
    assert!(unknown.failed(2).contains("KUBERNETES_EXEC_INFO"), "{unknown:?}");
    assert!(run("{").await.failed(2).contains("KUBERNETES_EXEC_INFO"));
}

#[tokio::test]
async fn ex_20_who_asks_without_a_person_gets_no_plugin_that_needs_one() {
    let stage = Stage::new().await;
    stage.script("login", "echo asked >asked");
    let mut user = plugin("./login");
    user["exec"]["interactiveMode"] = "Always".into();
    stage.kubeconfig(user);
    let ended = stage.kubecred(&["credential"]).await;
    assert!(ended.failed(4).contains("interactiveMode Always"), "{ended:?}");
    assert!(!stage.folder.path().join("asked").exists());
}

#[tokio::test]
async fn a_login_that_is_itself_ends() {
    let stage = Stage::new().await;
    let mut user = plugin(env!("CARGO_BIN_EXE_kubecred"));
    user["exec"]["args"] = json!(["credential", "--kubeconfig=config"]);
    stage.kubeconfig(user);
    let ended = stage.kubecred(&["credential"]).await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("without end"), "{ended:?}");
}
