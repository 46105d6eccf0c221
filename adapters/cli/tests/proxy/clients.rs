//! Real clients through the proxy.

use crate::containers::Containers;
use crate::run::{LIMIT, Running, code, program, stage};
use crate::stage::{Ended, Stage, clean, ended, kubeconfig, plugin};
use rustix::process::Signal;
use serde_json::json;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn kubectl_and_curl_read_through_it() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &[]).await;
    let url = running.url();
    for (minor, kubectl) in kubecred_kubectl::versions() {
        let arguments = [
            "--kubeconfig=/dev/null",
            "--server",
            &url,
            "get",
            "pods",
            "-n",
            "default",
            "-o",
            "name",
        ];
        let pods = program(&stage, &kubectl, &arguments).await;
        assert_eq!(pods.good(), "pod/web-0\npod/web-1\n", "kubectl 1.{minor}: {pods:?}");
    }
    let get = ["-s", "--fail", "--compressed", &format!("{url}/version")];
    assert!(program(&stage, "curl".as_ref(), &get).await.good().contains("gitVersion"));
    let sent = stage.server.exchanges();
    assert!(sent.len() >= 4 && sent.iter().all(|sent| sent.status.is_success()), "{sent:?}");
    assert_eq!(code(&running.get("/version").await), 200);
    running.signal(Signal::INT);
    assert_eq!(running.ended().await.code, Some(0));
}

/// A pod before a proxy that lets exec and attach through, and a kubeconfig `to-proxy` that leads there.
async fn pod() -> (Stage, Containers, Running) {
    let stage = stage().await;
    let work = stage.folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let containers = Containers::start(work, "fresh");
    stage.write("containers.crt", containers.authority.certificate_pem());
    // The first token is refused: exec must make the proxy log in again.
    stage.script("plugin", "if [ -e once ]; then t=fresh; else t=stale; touch once; fi\n\
        echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$t'\"}}'");
    let cluster = json!({ "server": containers.url, "certificate-authority": "containers.crt" });
    stage.write("config", &kubeconfig(cluster, plugin("./plugin")).to_string());
    let running = Running::kubecred(&stage, &["--allow=exec,attach"]).await;
    let cluster = json!({ "server": running.url() });
    stage.write("to-proxy", &kubeconfig(cluster, json!({})).to_string());
    (stage, containers, running)
}

/// Runs kubectl 1.`minor` towards the proxy, with this on its standard input.
async fn kubectl(stage: &Stage, minor: u8, arguments: &[&str], input: &[u8]) -> Ended {
    let mut command = clean(&kubecred_kubectl::version(minor), stage.folder.path());
    command.args(["--kubeconfig", "to-proxy"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = tokio::spawn(async move {
        // It may end before it has read all.
        let _ = stdin.write_all(&input).await;
    });
    let ended = tokio::time::timeout(LIMIT, ended(child)).await;
    let _ = writing.await;
    ended.unwrap_or_else(|_| panic!("{arguments:?} hangs"))
}

/// M: by WebSocket, with kubectl 1.33 and 1.35. An exec is the first request of all, and its login is
/// refused: the upgrade itself is tried once more (PX-31).
#[tokio::test]
async fn px_37_exec_attach_and_cp_of_kubectl_work() {
    for minor in [33, 35] {
        let (stage, containers, running) = pod().await;
        let upgrade = "GET /api/v1/namespaces/default/pods/web/exec?command=true HTTP/1.1\r\nHost: localhost\r\n\
            Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n";
        assert_eq!(code(&running.raw(upgrade).await), 101, "the first request of all");

        let echo = kubectl(&stage, minor, &["exec", "web", "--", "echo", "a b", "c"], b"").await;
        assert_eq!(echo.good(), "a b c\n", "{echo:?}");
        let failing = ["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 7"];
        let seven = kubectl(&stage, minor, &failing, b"").await;
        assert_eq!((seven.code, seven.stdout.as_str()), (Some(7), "out\n"), "{seven:?}");
        assert!(seven.stderr.contains("err\n"), "{seven:?}");
        let text = "line\n".repeat(100_000);
        let count =
            kubectl(&stage, minor, &["exec", "-i", "web", "--", "wc", "-c"], text.as_bytes()).await;
        assert_eq!(count.good().trim(), "500000", "{count:?}");
        let attach = kubectl(&stage, minor, &["attach", "-i", "web", "-q"], b"hello\n").await;
        assert_eq!(attach.good(), "hello\n", "{attach:?}");

        stage.write("sent", &"0123456789".repeat(100_000));
        let there = kubectl(&stage, minor, &["cp", "sent", "default/web:there"], b"").await;
        assert_eq!(there.code, Some(0), "{there:?}");
        let back = kubectl(&stage, minor, &["cp", "default/web:there", "back"], b"").await;
        assert_eq!(back.code, Some(0), "{back:?}");
        let read = |name: &str| std::fs::read(stage.folder.path().join(name)).unwrap();
        assert!(read("sent") == read("back") && read("sent") == read("work/there"));
        let protocols = containers.protocols();
        assert!(
            protocols.len() >= 6 && protocols.iter().all(|p| p == "v5.channel.k8s.io"),
            "{protocols:?}"
        );
        running.stop().await;
    }
}

/// I: kubectl's proxy says `Forbidden`, and not by which rule (#32026, #33151).
#[tokio::test]
async fn px_12_kubectl_shows_why_exec_is_refused() {
    let (stage, _containers, running) = pod().await;
    running.stop().await;
    let running = Running::kubecred(&stage, &["--allow=attach"]).await;
    let cluster = json!({ "server": running.url() });
    stage.write("to-proxy", &kubeconfig(cluster, json!({})).to_string());
    let refused = kubectl(&stage, 33, &["exec", "web", "--", "true"], b"").await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("--allow exec"), "{refused:?}");
    running.stop().await;
}
