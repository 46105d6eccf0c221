//! Real nginx, Envoy and Caddy with the configurations of the documentation, word for word but for
//! the ports: what a caller forges does not reach the application.

use crate::stage::{ANN, Answer, Application, PATIENCE, Stage, bearer, get, serve};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kubecred_proxy::gate::{Groups, Origin};
use kubecred_proxy::server::Drain;
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// What forged headers would say.
const FORGED: [&str; 8] = [
    "X-Remote-User: root",
    "x_remote_user: root",
    "X-Remote-Group: system:masters",
    "X-Remote-Uid: root",
    "X-Remote-Identity: cm9vdA",
    "X-Remote-Identity: cm9vdA",
    "X_Remote_Extra_Role: root",
    "X-Original-URI: /public",
];

/// A proxy before an application, with a gate beside it.
struct Beside {
    stage: Stage,
    application: Application,
    proxy: SocketAddr,
    drain: Drain,
    _process: Child,
    _folder: TempDir,
}

impl Beside {
    async fn start(
        document: &str,
        origin: Origin,
        groups: Groups,
        command: impl FnOnce(&Path) -> Command,
    ) -> Self {
        let (stage, application, drain) =
            (Stage::new().await, Application::start().await, Drain::new());
        let gate = stage.gate().groups(groups).check(origin, "/check");
        let gate = serve(gate.build(), &drain);
        let proxy = free();
        let text = documented(document);
        let text = replaced(&text, 9000, gate);
        let text = replaced(&text, 8080, application.address);
        let text = replaced(&text, 8000, proxy);
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(document);
        std::fs::write(&file, text).unwrap();
        let mut command = command(&file);
        command.current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("the proxy can be started");
        let listening = async {
            while TcpStream::connect(proxy).await.is_err() {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "it has ended: {ended:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listening).await.expect("it listens in time");
        Self { stage, application, proxy, drain, _process: process, _folder: folder }
    }

    async fn get(&self, path: &str, token: Option<&str>, lines: &[&str]) -> Answer {
        let authorization = token.map(bearer);
        let lines: Vec<&str> = lines.iter().copied().chain(authorization.as_deref()).collect();
        get(self.proxy, path, &lines).await
    }

    /// What holds behind each of them.
    async fn holds(self, groups: &[&str], retry_after: bool) {
        // No token, a bad one.
        for token in [None, Some("bad")] {
            let answer = self.get("/reports", token, &FORGED).await;
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_eq!(answer.line("www-authenticate"), Some("Bearer"), "{answer:?}");
        }
        assert_eq!(self.application.count(), 0);

        let answer = self.get("/reports?q=1", Some(ANN), &FORGED).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["target"], "/reports?q=1");
        assert_eq!(answer.seen("x-remote-user"), ["ann"], "{answer:?}");
        assert_eq!(answer.seen("x-remote-uid"), ["u-1"]);
        assert_eq!(answer.seen("x-remote-group"), groups);
        let identity = answer.seen("x-remote-identity");
        let [identity] = identity.as_slice() else { panic!("{answer:?}") };
        let identity = BASE64_URL_SAFE_NO_PAD.decode(identity).unwrap();
        let identity: Value = serde_json::from_slice(&identity).unwrap();
        assert_eq!(identity["groups"][1], "has,comma");
        assert!(answer.seen("authorization").is_empty(), "{answer:?}");
        let identities: Vec<_> = ["x_remote_user", "x_remote_extra_role"]
            .iter()
            .filter(|name| !answer.seen(name).is_empty())
            .collect();
        assert!(identities.is_empty(), "{answer:?}");

        // A token that is revoked is out when its ten seconds are over; here, at once, since another
        // was never seen.
        self.stage.api.accounts().allow_token("short-lived", "bob");
        self.stage.api.accounts().revoke_token("short-lived");
        assert_eq!(self.get("/", Some("short-lived"), &[]).await.status, 401);

        // The API server is down: 503, and not 401.
        let Self { stage, proxy, .. } = &self;
        stage.api.accounts().reviews().fail_next(1, http::StatusCode::FORBIDDEN, None);
        let answer = get(*proxy, "/", &[&bearer("never-seen")]).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.line("retry-after").is_some(), retry_after, "{answer:?}");

        // The gate is down: no one is let in.
        let before = self.application.count();
        self.drain.begin();
        self.drain.end();
        let down = async {
            loop {
                let answer = self.get("/", Some(ANN), &FORGED).await;
                if answer.status != 200 {
                    break answer;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let answer = tokio::time::timeout(PATIENCE, down).await.expect("the gate ends");
        assert!([500, 502, 503].contains(&answer.status), "{answer:?}");
        let reached = self.application.count();
        assert_eq!(self.get("/", Some(ANN), &FORGED).await.status, answer.status);
        assert_eq!(self.application.count(), reached, "{before}");
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A configuration of the documentation.
fn documented(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/docs/gate");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The configuration with another port.
fn replaced(text: &str, documented: u16, address: SocketAddr) -> String {
    let port = address.port();
    let text = text.replace(&format!("127.0.0.1:{documented}"), &format!("127.0.0.1:{port}"));
    let text = text.replace(&format!("http://:{documented} "), &format!("http://:{port} "));
    text.replace(&format!("port_value: {documented} "), &format!("port_value: {port} "))
}

/// A test that lacks its tool fails.
fn needed(path: impl Into<PathBuf>) -> PathBuf {
    let path = path.into();
    assert!(path.exists(), "{} is missing: run tests/tools", path.display());
    path
}

fn tool(name: &str) -> PathBuf {
    needed(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin").join(name))
}

fn joined() -> Groups {
    Groups::Joined("|".into())
}

const JOINED: [&str; 1] = ["dev|has,comma|system:authenticated"];

#[tokio::test]
async fn ck_8_behind_nginx_no_forged_header_reaches_the_application() {
    let nginx = needed("/usr/sbin/nginx");
    let beside = Beside::start("nginx.conf", Origin::Original, joined(), |file| {
        let folder = file.parent().unwrap();
        let globals = format!(
            "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;",
            folder.display()
        );
        let mut command = Command::new(nginx);
        command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log"));
        command.arg("-c").arg(file).arg("-g").arg(globals);
        command
    });
    beside.await.holds(&JOINED, true).await;
}

#[tokio::test]
async fn ck_7_behind_envoy_groups_and_extra_arrive_and_no_forged_header() {
    let beside = Beside::start("envoy.yaml", Origin::Envoy, Groups::Repeated, |file| {
        let mut command = Command::new(tool("envoy"));
        command.arg("--config-path").arg(file).args(["--concurrency", "1"]);
        command.args(["--use-dynamic-base-id", "--log-level", "error"]);
        command
    });
    let beside = beside.await;
    let answer = beside.get("/", Some(ANN), &["X-Remote-Extra-Admin: root"]).await;
    assert_eq!(answer.seen("x-remote-extra-example.com%2frole"), ["a", "b c"], "{answer:?}");
    assert!(answer.seen("x-remote-extra-admin").is_empty(), "{answer:?}");
    // What is judged and what is sent on is the same path.
    let answer = beside.get("/a%2f../b", Some(ANN), &[]).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    beside.application.requests.lock().unwrap().clear();
    beside.holds(&["dev", "has,comma", "system:authenticated"], false).await;
}

#[tokio::test]
async fn behind_caddy_no_forged_header_reaches_the_application() {
    let caddy = tool("caddy");
    let beside = Beside::start("Caddyfile", Origin::Forwarded, joined(), |file| {
        let mut command = Command::new(caddy);
        command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(file);
        command.env("HOME", file.parent().unwrap()).env("XDG_DATA_HOME", file.parent().unwrap());
        command.stderr(Stdio::null());
        command
    });
    let beside = beside.await;
    let answer = beside.get("/", Some(ANN), &["X-Remote-Extra-Admin: root"]).await;
    assert!(answer.seen("x-remote-extra-admin").is_empty(), "{answer:?}");
    // A caller cannot say which path is checked.
    let answer = beside.get("/x", Some(ANN), &["X-Forwarded-Uri: relative"]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    beside.application.requests.lock().unwrap().clear();
    beside.holds(&JOINED, true).await;
}

/// No Traefik to be had here: what is to be read in its configuration.
#[test]
fn ck_9_traefik_removes_and_copies_all_identity_headers() {
    let text = documented("traefik.yaml");
    for line in
        ["trustForwardHeader: false", "authResponseHeadersRegex: ^X-Remote-", "Authorization: \"\""]
    {
        assert!(text.contains(line), "{line}");
    }
}
