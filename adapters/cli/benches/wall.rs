//! How long a person waits: `kubecred get /version` beside `kubectl get --raw /version`, whole
//! processes, against one TLS server on loopback, with a token and with an exec plugin.

use kubecred_loopback::ApiServer;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 40;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(ApiServer::builder().record(false).start()).expect("a server");
    server.accounts().accept_any(true);
    let folder = tempfile::tempdir().expect("a folder");
    println!("median wall time of {ROUNDS} runs each, in milliseconds");
    println!("{:>12} {:>10} {:>16}  kubecred's share", "login", "kubecred", "kubectl");
    let answer = r#"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"abc"}}"#;
    let exec = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, \
         command: /bin/echo, args: ['{answer}']}}}}"
    );
    for (login, user) in [("token", "{token: abc}"), ("exec plugin", exec.as_str())] {
        let path = folder.path().join("config");
        std::fs::write(&path, kubeconfig(&server, user)).expect("the folder can be written");
        let ours = median(|| get(env!("CARGO_BIN_EXE_kubecred"), &["get"], &path));
        let peer = median(|| get(&kubectl(), &["get", "--raw"], &path));
        println!(
            "{login:>12} {:>10.1} {:>16.1}  {:.2} (goal: at most 0.25)",
            ours.as_secs_f64() * 1e3,
            peer.as_secs_f64() * 1e3,
            ours.as_secs_f64() / peer.as_secs_f64()
        );
    }
    println!("kubectl is {}", kubectl());
}

fn kubectl() -> String {
    kubecred_kubectl::kubectl().to_string_lossy().into_owned()
}

fn get(program: &str, command: &[&str], kubeconfig: &Path) {
    let status = Command::new(program)
        .args(command)
        .arg("/version")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{program} cannot get /version");
}

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn kubeconfig(server: &ApiServer, user: &str) -> String {
    let ca = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        server.authority().certificate_pem(),
    );
    format!(
        "current-context: it\ncontexts: [{{name: it, context: {{cluster: it, user: it}}}}]\n\
         clusters:\n- name: it\n  cluster: {{server: '{}', certificate-authority-data: {ca}}}\n\
         users:\n- name: it\n  user: {user}\n",
        server.url()
    )
}
