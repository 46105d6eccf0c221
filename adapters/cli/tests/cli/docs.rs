//! The pages in `docs`: every command in them is run, as it stands there, by a shell that finds
//! kubecred, kubectl, and in place of the clouds' commands programs that print what those print.

use crate::stage::{Ended, Stage, clean, ended, start};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

const TOKEN: &str = "docs-token";

/// What the providers on the pages are called. None is asked: the proxy for them is a closed port.
const PROVIDERS: [&str; 6] = [
    "idp.example",
    "keycloak.example",
    "dex.example",
    "example.okta.com",
    "login.microsoftonline.com",
    "accounts.google.com",
];

/// The commands of a page's shell blocks, in one line each.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = page.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "```sh" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let block = block.join("\n").replace("\\\n", " ");
        commands.extend(block.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    commands
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A home as the pages have it: the contexts prod, whose user a page makes, and admin; and programs
/// to find.
async fn home() -> Stage {
    let stage = Stage::new().await;
    stage.accounts().allow_token(TOKEN, "ann");
    stage.accounts().service_accounts().add("prod", "deployer");
    let path = |name: &str| stage.folder.path().join(name);
    for folder in ["bin", "run", ".kube"] {
        fs::DirBuilder::new().mode(0o700).create(path(folder)).expect("the folder is ours");
    }
    let cluster = json!({ "server": stage.server.url(), "certificate-authority": path("ca.crt") });
    let context = |user: &str| json!({ "cluster": "prod", "user": user });
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{ "name": "prod", "cluster": cluster }],
        "users": [{ "name": "admin", "user": { "token": TOKEN } }],
        "contexts": [
            { "name": "prod", "context": context("prod") },
            { "name": "admin", "context": context("admin") },
        ],
    });
    stage.write(".kube/config", &config.to_string());
    stage.write("client-secret.txt", "not a secret of anyone");
    symlink(env!("CARGO_BIN_EXE_kubecred"), path("bin/kubecred")).expect("the folder is ours");
    symlink(kubecred_kubectl::kubectl(), path("bin/kubectl")).expect("the folder is ours");
    let status = json!({ "token": TOKEN, "expirationTimestamp": "2999-12-31T00:00:00Z" });
    let version = "client.authentication.k8s.io/v1beta1";
    let credential = json!({ "kind": "ExecCredential", "apiVersion": version, "status": status });
    let print = |what: serde_json::Value| format!("cat <<'END'\n{what}\nEND\n");
    stage.script("bin/aws", &print(credential.clone()));
    stage.script("bin/kubelogin", &print(credential));
    let gcloud = json!({ "access_token": TOKEN, "token_expiry": "2999-12-31T00:00:00Z" });
    stage.script("bin/gcloud", &print(json!({ "credential": gcloud })));
    stage
}

/// The shell that runs a command of a page. A socket of the system's is one in the folder.
fn shell(stage: &Stage, command: &str) -> tokio::process::Command {
    let folder = stage.folder.path();
    let mut shell = clean(Path::new("sh"), folder);
    let bin = folder.join("bin").display().to_string();
    let path = std::env::var("PATH").expect("there is one");
    shell.env("PATH", format!("{bin}:{path}")).env("XDG_RUNTIME_DIR", folder.join("run"));
    shell.env("HTTPS_PROXY", "http://127.0.0.1:1");
    let own = format!("{}/", folder.display());
    shell.arg("-c").arg(format!("exec {}", command.replace("/run/kubernetes/", &own)));
    shell
}

async fn run(stage: &Stage, command: &str) -> Ended {
    ended(start(&mut shell(stage, command))).await
}

/// A command that serves until it is told to end.
async fn serve(stage: &Stage, command: &str) {
    let mut process = start(&mut shell(stage, command));
    let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
    let line = line.expect("it starts in time").expect("it is text").unwrap_or_default();
    assert!(line.starts_with("Starting to serve on "), "{command}: {line:?}");
    let id = i32::try_from(process.id().expect("it runs")).expect("an id");
    kill_process(Pid::from_raw(id).expect("not 0"), Signal::TERM).expect("it is ours");
    let ended = tokio::time::timeout(Duration::from_secs(60), ended(process)).await;
    assert_eq!(ended.expect("it hangs").code, Some(0), "{command}");
}

/// Runs a command and judges its end by what it is.
async fn try_out(stage: &Stage, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    match *words.as_slice() {
        // Fifteen seconds of load: `demo` has tests of its own.
        ["kubecred", "demo", ..] => {
            run(stage, &format!("{command} --help")).await.good();
        }
        ["kubecred", "proxy" | "gate", ..] => serve(stage, command).await,
        ["kubecred", "setup" | "login" | "get-token", ..] => {
            let ended = run(stage, command).await;
            assert_eq!(ended.code, Some(5), "{command}: {ended:?}");
            let named = PROVIDERS
                .iter()
                .any(|provider| command.contains(provider) && ended.stderr.contains(provider));
            assert!(named, "{command}: {ended:?}");
        }
        ["kubecred", "status", ..] => {
            assert_eq!(run(stage, command).await.code, Some(3), "{command}: no login is cached");
        }
        ["kubecred" | "kubectl", ..] => {
            let ended = run(stage, command).await;
            assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        }
        _ => panic!("a command that this test does not know: {command}"),
    }
    if words.contains(&"set-credentials") {
        let user =
            words.iter().skip_while(|word| **word != "set-credentials").nth(1).expect("a user");
        let asked = format!("kubecred whoami -o json --context admin --user {user}");
        let ended = run(stage, &asked).await;
        assert!(ended.good().contains("\"username\""), "{command}: {ended:?}");
    }
}

async fn runs_as_it_stands(name: &str, at_least: usize) {
    let stage = home().await;
    let commands = commands(&page(name));
    assert!(commands.len() >= at_least, "{name}: {commands:?}");
    for command in &commands {
        try_out(&stage, command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_about_clouds_run_as_they_stand() {
    runs_as_it_stands("clouds.md", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_about_providers_run_as_they_stand() {
    runs_as_it_stands("providers.md", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_about_pods_run_as_they_stand() {
    runs_as_it_stands("pod.md", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_about_refreshes_and_migrating_run_as_they_stand() {
    runs_as_it_stands("refresh.md", 1).await;
    runs_as_it_stands("migrating.md", 1).await;
}

#[test]
fn every_page_is_run_or_has_no_command_and_its_links_lead_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let run = ["clouds.md", "providers.md", "pod.md", "refresh.md", "migrating.md"];
    let mut pages = 0;
    for entry in fs::read_dir(&folder).expect("it is there") {
        let name = entry.expect("it is ours").file_name().into_string().expect("text");
        let Some(_) = name.strip_suffix(".md") else { continue };
        pages += 1;
        let text = page(&name);
        assert!(run.contains(&name.as_str()) || commands(&text).is_empty(), "{name} is not run");
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap_or_default();
            let is_here = link.is_empty() || folder.join(link).exists();
            assert!(link.contains("://") || is_here, "{name}: {link} is nowhere");
        }
    }
    assert!(pages > run.len());
}
