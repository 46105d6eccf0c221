//! Beside the real kubectl: the same requests, the same login.

use crate::stage::{Stage, clean, ended, plugin, start};
use kubecred_loopback::{Exchange, User};
use serde_json::{Value, json};

/// What a request shows of its sender, without what each program says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    method: String,
    path: String,
    version: http::Version,
    headers: Vec<(String, Vec<u8>)>,
    certificate: Option<Vec<Vec<u8>>>,
    sni: Option<String>,
}

impl Shown {
    fn of(exchange: &Exchange) -> Self {
        let own = |name: &str| name == "user-agent" || name.starts_with("kubectl-");
        let mut headers = exchange.headers.clone();
        headers.retain(|(name, _)| !own(name));
        headers.sort();
        let certificate = exchange.client_certificate.as_ref();
        Self {
            method: exchange.method.to_string(),
            path: exchange.path_and_query.clone(),
            version: exchange.version,
            headers,
            certificate: certificate
                .map(|certificate| certificate.chain.iter().map(|c| c.to_vec()).collect()),
            sni: exchange.sni.clone(),
        }
    }
}

/// The latest request for this path.
fn latest(stage: &Stage, path: &str) -> Exchange {
    let exchanges = stage.server.take_exchanges();
    // A kubectl may be a front that asks for the server's version first.
    let mut of_path = exchanges.into_iter().filter(|exchange| exchange.path_and_query == path);
    of_path.next_back().expect("there was a request")
}

async fn kubectl(stage: &Stage, arguments: &[&str]) -> String {
    let mut command = clean(&kubecred_kubectl::kubectl(), stage.folder.path());
    command.args(["--kubeconfig", "config"]).args(arguments);
    ended(start(&mut command)).await.good().to_owned()
}

/// Both programs, one after the other.
async fn compare(stage: &Stage, flags: &[&str]) {
    const PATH: &str = "/api/v1/namespaces/default/pods?limit=5";
    let theirs = kubectl(stage, &[&["get", "--raw", PATH], flags].concat()).await;
    let kubectl = latest(stage, PATH);
    let ours = stage.kubecred(&[&["get", PATH], flags].concat()).await;
    let kubecred = latest(stage, PATH);
    assert_eq!(ours.good(), theirs);
    assert_eq!(Shown::of(&kubecred), Shown::of(&kubectl), "{flags:?}");
    let agent = kubecred.header("user-agent").unwrap().to_owned();
    assert!(agent.starts_with(concat!("kubecred/", env!("CARGO_PKG_VERSION"), " (")), "{agent}");
}

#[tokio::test]
async fn both_send_the_same_whatever_the_login() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    stage.accounts().allow_basic("ann", "pass", "ann");
    stage.write("token", "t0ken");
    stage.write_pair(&stage.server.authority().client("ann", &["staff", "admins"]));
    stage.script(
        "login",
        r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t0ken"}}'"#,
    );
    let certificate = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let mut both = certificate.clone();
    both["token"] = "t0ken".into();
    for user in [
        json!({ "token": "t0ken" }),
        json!({ "tokenFile": "token" }),
        json!({ "username": "ann", "password": "pass" }),
        certificate,
        both,
        plugin("./login"),
    ] {
        stage.kubeconfig(user);
        compare(&stage, &[]).await;
    }
}

#[tokio::test]
async fn both_send_the_same_with_flags() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    stage.kubeconfig(json!({ "token": "t0ken", "as": "carl", "as-groups": ["x", "y"] }));
    let localhost = format!("--server=https://localhost:{}", stage.server.address().port());
    for flags in [
        &["--disable-compression"][..],
        &["--as=bob", "--as-uid=7", "--as-group=a", "--as-group=b,c"],
        &["--tls-server-name=api.internal"],
        &[&localhost],
        &[&localhost, "--insecure-skip-tls-verify"],
    ] {
        compare(&stage, flags).await;
    }
    let extra = json!({ "example.com/a b": ["1", "2"], "plain": ["x"] });
    stage.kubeconfig(json!({ "token": "t0ken", "as": "carl", "as-user-extra": extra }));
    compare(&stage, &[]).await;
}

#[tokio::test]
async fn kubectl_logs_in_with_kubecred_credential() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", User::new("by-token"));
    stage.write_pair(&stage.server.authority().client("by-certificate", &["staff"]));
    let certificate = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    for (login, name) in
        [(json!({ "token": "t0ken" }), "by-token"), (certificate, "by-certificate")]
    {
        stage.kubeconfig(login);
        std::fs::rename(stage.folder.path().join("config"), stage.folder.path().join("login"))
            .unwrap();
        for version in ["v1", "v1beta1"] {
            stage.kubeconfig(json!({ "exec": {
                "apiVersion": format!("client.authentication.k8s.io/{version}"),
                "command": env!("CARGO_BIN_EXE_kubecred"),
                "args": ["credential", "--kubeconfig=login"],
                "interactiveMode": "IfAvailable",
                "provideClusterInfo": true,
            }}));
            let seen = kubectl(&stage, &["get", "--raw", "/echo"]).await;
            let seen: Value = serde_json::from_str(&seen).unwrap();
            assert_eq!(seen["user"]["username"], name, "{version}");
        }
    }
}
