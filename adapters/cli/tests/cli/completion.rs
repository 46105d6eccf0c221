//! Completion, in real shells: a person types, presses the tab key and then Return, and the command
//! prints the words that it got.

use crate::stage::{Ended, clean, ended, start};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubecred");

const FILE: &str = r#"
current-context: staging
contexts:
- {name: kubernetes-admin@kubernetes, context: {cluster: here, user: ann}}
- {name: "arn:aws:eks:eu-west-1:1:cluster/prod", context: {cluster: here, user: ann}}
- {name: staging, context: {cluster: here, user: ann}}
- {name: my context, context: {cluster: here, user: ann}}
clusters:
- {name: here, cluster: {server: "https://u:hunter2@here"}}
users:
- {name: ann, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}}}
"#;

const OTHER: &str = "clusters: [{name: elsewhere, cluster: {server: 'https://elsewhere'}}]";

/// What is typed, and the words that are to come of it.
const TYPED: &[(&str, &[&str])] = &[
    (
        "config use-context kubernetes-admin@ku",
        &["config", "use-context", "kubernetes-admin@kubernetes"],
    ),
    (
        "config use-context arn:aws:eks:eu",
        &["config", "use-context", "arn:aws:eks:eu-west-1:1:cluster/prod"],
    ),
    ("config use-context my", &["config", "use-context", "my context"]),
    ("get /version --context=st", &["get", "/version", "--context=staging"]),
    ("whoami --context st", &["whoami", "--context", "staging"]),
    ("--context st", &["--context", "staging"]),
    ("whoami --user a", &["whoami", "--user", "ann"]),
    (
        "whoami --kubeconfig other --cluster el",
        &["whoami", "--kubeconfig", "other", "--cluster", "elsewhere"],
    ),
    ("whoami --kubeconfig oth", &["whoami", "--kubeconfig", "other"]),
    ("config use", &["config", "use-context"]),
    ("get --certificate-auth", &["get", "--certificate-authority"]),
    ("config view -o js", &["config", "view", "-o", "json"]),
    ("get /version --context nothing", &["get", "/version", "--context", "nothing"]),
];

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("config"), FILE).expect("the folder is ours");
    std::fs::write(folder.path().join("other"), OTHER).expect("the folder is ours");
    folder
}

/// Types into a shell on a terminal, and holds the words of each command to what they should be.
async fn completes(shell: &str, before: &str) {
    let folder = folder();
    let mut typed = format!("{before}\n");
    for (line, _) in TYPED {
        typed.push_str(&format!("kubecred {line}\t\n"));
    }
    typed.push_str("exit\n");
    let mut command = clean(Path::new("script"), folder.path());
    command.args(["-qec", shell, "/dev/null"]).env("KUBECONFIG", "config").env("TERM", "dumb");
    command.env("PROGRAM", PROGRAM).env("LANG", "C.UTF-8").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("`script`, of bsdutils, is needed for this test");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(typed.as_bytes()).await.expect("the shell reads");
    let Ended { stdout, .. } = ended(child).await;
    drop(stdin);
    let printed: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.split_once("words:")?.1.strip_suffix(":end"))
        .collect();
    for ((line, words), printed) in TYPED.iter().zip(printed.iter().chain(&["nothing"; 99])) {
        let wanted: String = words.iter().map(|word| format!("<{word}>")).collect();
        assert_eq!(*printed, wanted, "{shell}: {line}\n{stdout}");
    }
}

#[tokio::test]
async fn bash_completes() {
    let before = r#"source <("$PROGRAM" completion bash)
kubecred() { printf 'words'; printf ':'; printf '<%s>' "$@"; printf ':end\n'; }"#;
    completes("bash --norc --noprofile -i", before).await;
}

#[tokio::test]
async fn zsh_completes() {
    let before = r#"PS1=; autoload -Uz compinit; compinit -D -u; source <("$PROGRAM" completion zsh)
kubecred() { printf 'words'; printf ':'; printf '<%s>' "$@"; printf ':end\n'; }"#;
    completes("zsh -f -i", before).await;
}

#[tokio::test]
async fn fish_completes() {
    let before = r#"function fish_prompt; end; "$PROGRAM" completion fish | source
function kubecred; printf 'words'; printf ':'; printf '<%s>' $argv; printf ':end\n'; end"#;
    completes("fish --no-config -i", before).await;
}

/// What the program answers for a line that ends here.
async fn answer(folder: &Path, line: &str) -> Ended {
    let mut command = clean(Path::new(PROGRAM), folder);
    command.args(["--", line]).env("KUBECRED_COMPLETE", "bash").env("KUBECONFIG", "config");
    command.env("KUBECRED_COMPLETE_WORD", line.rsplit(' ').next().unwrap());
    ended(start(&mut command)).await
}

#[tokio::test]
async fn completion_is_silent_whatever_is_wrong_and_runs_nothing() {
    let folder = folder();
    let plugin = folder.path().join("plugin");
    std::fs::write(&plugin, "#!/bin/sh\n: >ran\n").unwrap();
    std::fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let contexts = "arn:aws:eks:eu-west-1:1:cluster/prod\nkubernetes-admin@kubernetes\n\
                    my\\ context\nstaging\n";
    let said = answer(folder.path(), "kubecred config use-context ").await;
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), contexts, ""));
    assert!(!folder.path().join("ran").exists(), "the plugin ran");

    std::fs::write(folder.path().join("broken"), "contexts: [").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    for line in [
        "",
        "kubecred",
        "kubecred nonsense --bogus=\"x ",
        "kubecred whoami --kubeconfig broken --context ",
        "kubecred whoami --kubeconfig gone --context ",
        "kubecred whoami --kubeconfig pipe --context ",
        "kubecred get /version extra ",
        "kubecred cache -- aws eks --profile ",
    ] {
        let said = answer(folder.path(), line).await;
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{line}: {said:?}");
        assert!(!said.stdout.contains("staging"), "{line}: {said:?}");
    }
}

#[tokio::test]
async fn a_script_names_the_program_and_a_shell_must_be_known() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "pwsh"] {
        let mut command = clean(Path::new(PROGRAM), folder.path());
        let said = ended(start(command.args(["completion", shell]))).await;
        assert!(said.good().contains(PROGRAM), "{said:?}");
        assert!(said.stdout.contains("KUBECRED_COMPLETE"), "{said:?}");
    }
    let mut command = clean(Path::new(PROGRAM), folder.path());
    let said = ended(start(command.args(["completion", "tcsh"]))).await;
    assert!(said.failed(2).contains("it must be one of bash, zsh, fish, powershell"), "{said:?}");
}

/// kubectl asks a plugin's helper; what comes of it is what kubectl itself offers.
#[tokio::test]
async fn kubectl_cred_completes_contexts_as_kubectl_does() {
    let folder = folder();
    for name in ["kubectl-cred", "kubectl_complete-cred"] {
        symlink(PROGRAM, folder.path().join(name)).unwrap();
    }
    let complete = async |words: &[&str]| {
        let mut command = clean(&kubecred_kubectl::kubectl(), folder.path());
        command.arg("__complete").args(words).env("KUBECONFIG", "config");
        command.env("PATH", folder.path());
        let said = ended(start(&mut command)).await;
        let lines = said.good().lines();
        let names: Vec<_> = lines.map(|line| line.split('\t').next().unwrap().to_owned()).collect();
        let mut names = names;
        names.sort();
        names
    };
    for words in [
        ["config", "use-context", ""],
        ["config", "use-context", "st"],
        ["config", "delete-context", ""],
    ] {
        let theirs = complete(&words).await;
        let ours = complete(&[&["cred"], &words[..]].concat()).await;
        assert_eq!(ours, theirs, "{words:?}");
        assert!(ours.contains(&"staging".to_owned()), "{ours:?}");
    }
}
