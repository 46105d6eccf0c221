//! Real clients through the proxy.

use crate::run::{Running, code, program, stage};
use rustix::process::Signal;

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
