//! What `--help` teaches.

use crate::folder::{Folder, Program};

#[test]
fn help_shows_examples_and_only_the_flags_that_mean_something() {
    for (command, some, none) in [
        ("use-context", "--kubeconfig", "--token"),
        ("set-context", "--namespace", "--token"),
        ("set-cluster", "--embed-certs", "--token"),
        ("set-credentials", "--exec-arg", "--server"),
        ("delete-context", "--kubeconfig", "--context"),
        ("delete-cluster", "--kubeconfig", "--cluster "),
        ("delete-user", "--kubeconfig", "--user "),
        ("import", "--dry-run", "--token"),
        ("rename-cluster", "<NEW_NAME>", "--token"),
        ("rename-user", "<NEW_NAME>", "--token"),
        ("rename-context", "<NEW_NAME>", "--context"),
        ("set", "--set-raw-bytes", "--token"),
        ("unset", "--kubeconfig", "--token"),
        ("current-context", "--kubeconfig", "--token"),
    ] {
        let said = Folder::with(&[]).run(Program::Kubecred, "", &["config", command, "--help"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let (usage, examples) = said.stdout.split_once("Examples:\n").expect("there are examples");
        assert!(usage.contains(some) && !usage.contains(none), "{command}: {usage}");
        assert!(examples.contains(&["kubecred config ", command].concat()), "{command}");
        assert!(examples.contains("Exit codes:"), "{command}");
    }
    let said = Folder::with(&[]).run(Program::Kubecred, "", &["config", "--help"]);
    assert!(said.stdout.contains("Examples:") && !said.stdout.contains("--token <"), "{said:?}");
}
