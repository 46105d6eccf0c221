//! The command line and what `--help` teaches.

use crate::stage::{CANARY, Ended, command, ended, start};
use tempfile::TempDir;

async fn run(arguments: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    ended(start(command(folder.path()).args(arguments))).await
}

#[tokio::test]
async fn help_has_examples_exit_codes_and_variables() {
    for arguments in [
        &["--help"][..],
        &["get", "--help"],
        &["credential", "--help"],
        &["demo", "--help"],
        &["demo", "proxy", "--help"],
    ] {
        let help = run(arguments).await;
        let help = help.good();
        let (_, examples) = help.split_once("Examples:\n").expect("there are examples");
        let (examples, after) = examples.split_once("\n\n").expect("and something after them");
        // A line that is continued on the next is one with it.
        let count = examples.replace("\\\n", "").lines().count();
        assert!(count >= 3 && examples.contains("kubecred"), "{arguments:?}: {examples}");
        assert!(after.contains("Exit codes:"), "{arguments:?}: {help}");
    }
    let help = run(&["--help"]).await;
    for word in ["KUBECONFIG", "KUBERC", "KUBERNETES_MASTER", "HTTPS_PROXY", "NO_PROXY", "kubectl"]
    {
        assert!(help.good().contains(word), "{word}");
    }
    assert!(!help.good().contains("demo-plugin"), "that is nobody's business");
}

#[tokio::test]
async fn the_version_is_told() {
    let version = run(&["--version"]).await;
    assert_eq!(version.good(), concat!("kubecred ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn what_is_not_understood_ends_with_2_and_shows_no_secret() {
    let token = ["--token=", CANARY].concat();
    let typo = ["--tokn=", CANARY].concat();
    let short = ["-t", CANARY].concat();
    for arguments in [
        &[][..],
        &["get"],
        &["fetch", "/version"],
        &["get", "version", &token],
        &["get", "/version", &token, "/twice"],
        &["get", "/version", &typo],
        &["get", "/version", &short],
        &["get", "/version", &token, "--as-user-extra=no-value"],
        &["get", "/version", &token, "--request-timeout=soon"],
        &["get", "/version", &token, "--disable-compression=perhaps"],
        &["demo", &token],
        &["demo", "--seconds=1"],
        &["credential", &token, "-o", "yaml"],
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        ended.hides_the_canary();
    }
}
