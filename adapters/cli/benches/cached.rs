//! What a cached credential costs: `kubecred cache -- aws eks get-token` beside `aws eks get-token`
//! itself and beside `kubecred --version`, whole processes; and kubectl with either as its plugin.
//!
//! Needs aws and kubectl on PATH. aws signs its token here; nothing is sent anywhere.

use kubecred_loopback::ApiServer;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 40;
const SLOW_ROUNDS: usize = 7;
const PLUGIN: [&str; 8] =
    ["aws", "eks", "get-token", "--cluster-name", "demo", "--region", "eu-west-1", "--output=json"];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(ApiServer::builder().record(false).start()).expect("a server");
    server.accounts().accept_any(true);
    let folder = tempfile::tempdir().expect("a folder");
    let kubecred = |arguments: &[&str]| {
        let mut command = command(env!("CARGO_BIN_EXE_kubecred"), folder.path());
        command.args(arguments);
        command
    };
    let cached = [&["cache", "--"], &PLUGIN[..]].concat();
    println!("median wall time of a whole process, in milliseconds");
    let version = line("kubecred --version", ROUNDS, || kubecred(&["--version"]));
    let ours = line("kubecred cache -- aws …, cached", ROUNDS, || kubecred(&cached));
    let bare = line("aws eks get-token", SLOW_ROUNDS, || {
        let mut command = command(PLUGIN[0], folder.path());
        command.args(&PLUGIN[1..]);
        command
    });
    println!(
        "cached: {:.1} ms more than --version (goal: at most 3), at most 5 in all",
        ours - version
    );
    println!("cached: {:.0} times as fast as aws", bare / ours);

    let cached_user = user(env!("CARGO_BIN_EXE_kubecred"), &cached);
    for (name, user) in
        [("kubectl, cached", cached_user), ("kubectl, aws", user(PLUGIN[0], &PLUGIN[1..]))]
    {
        let config = folder.path().join("config");
        std::fs::write(&config, kubeconfig(&server, &user)).expect("the folder can be written");
        line(name, SLOW_ROUNDS, || {
            let mut command = command("kubectl", folder.path());
            command.args(["get", "--raw", "/version", "--kubeconfig"]).arg(&config);
            command
        });
    }
}

/// In an environment with made-up AWS keys, and a folder for what is kept.
fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).env_clear();
    for name in ["PATH", "HOME"] {
        command.env(name, std::env::var_os(name).unwrap_or_default());
    }
    command.env("XDG_RUNTIME_DIR", folder);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "made-up");
    command
}

/// Prints a line of the table, and gives its figure.
fn line(name: &str, rounds: usize, command: impl Fn() -> Command) -> f64 {
    let run = || {
        let begin = Instant::now();
        let status = command().status();
        assert!(status.is_ok_and(|status| status.success()), "{name} fails");
        begin.elapsed()
    };
    run();
    let mut times: Vec<Duration> = (0..rounds).map(|_| run()).collect();
    times.sort();
    let median = times[times.len() / 2].as_secs_f64() * 1e3;
    println!("{name:>34} {median:>9.1}");
    median
}

fn user(program: &str, arguments: &[&str]) -> String {
    let args: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1beta1, interactiveMode: Never, \
         command: {program}, args: [{}]}}}}",
        args.join(", ")
    )
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
