//! Names that are not typed to the end, or not quite right.

use crate::beside::run;
use crate::folder::Folder;
use crate::folder::Program::{Kubecred, Kubectl};

const FILE: &str = "\
current-context: prod-eu
contexts:
- {name: prod-eu, context: {cluster: prod, user: ann}}
- {name: prod-us, context: {cluster: prod, user: ann}}
- {name: staging, context: {cluster: staging, user: bob}} # soon gone
clusters:
- {name: prod, cluster: {server: https://prod}}
- {name: staging, cluster: {server: https://staging}}
users:
- {name: ann, user: {token: t}}
- {name: bob, user: {token: t}}
";

#[test]
fn the_beginning_of_one_name_is_enough_for_use_context_and_it_says_which() {
    let files = [("config", FILE)];
    let (folder, ended) = run(Kubecred, "use-context stag", &files, "config");
    let said = "Switched to context \"staging\", the only one whose name begins with \"stag\".\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), said), "{ended:?}");
    assert_eq!(folder.view("config")["current-context"], "staging");
    let (_, they) = run(Kubectl, "use-context stag", &files, "config");
    assert_eq!(they.code, Some(1), "kubectl does not: {they:?}");

    let (folder, ended) = run(Kubecred, "use-context prod", &files, "config");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("2 contexts have a name that begins with \"prod\""), "{ended:?}");
    assert!(ended.stderr.contains("Did you mean \"prod-eu\" or \"prod-us\"?"), "{ended:?}");
    assert_eq!(folder.read("config").as_deref(), Some(FILE));
}

#[test]
fn a_dash_is_the_context_before() {
    let folder = Folder::with(&[("config", FILE), ("other", FILE)]);
    let switch =
        |file: &str, name: &str| folder.run(Kubecred, file, &["config", "use-context", name]);
    let unknown = switch("config", "-");
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.stderr.contains("no context before the current one is known"), "{unknown:?}");
    switch("config", "staging");
    for name in ["prod-eu", "staging", "prod-eu"] {
        let ended = switch("config", "-");
        assert_eq!(ended.stdout, format!("Switched to context {name:?}.\n"), "{ended:?}");
    }
    // Switching to where one is changes nothing.
    switch("config", "prod-eu");
    assert_eq!(switch("config", "-").stdout, "Switched to context \"staging\".\n");
    assert_eq!(switch("other", "-").code, Some(3), "other files have another one before");
    // It may be gone.
    folder.run(Kubecred, "config", &["config", "delete-context", "prod-eu"]);
    let gone = switch("config", "-");
    assert!(gone.stderr.contains("no context exists with the name: \"prod-eu\""), "{gone:?}");
    assert!(gone.stderr.contains("Did you mean"), "{gone:?}");
}

#[test]
fn a_name_that_does_not_exist_gets_a_suggestion_and_nothing_is_done() {
    for (line, meant) in [
        ("config use-context prud-eu", "\"prod-eu\""),
        ("config delete-context stagin", "\"staging\""),
        ("config delete-cluster Prod", "\"prod\""),
        ("config delete-user anne", "\"ann\""),
        ("config rename-context stageing x", "\"staging\""),
        ("config rename-cluster pord x", "\"prod\""),
        ("config rename-user bobb x", "\"bob\""),
        ("config get-contexts prod_eu", "\"prod-eu\""),
        ("config view --minify --context prodeu", "\"prod-eu\""),
        ("get /version --context stag", "\"staging\""),
        ("get /version --cluster prd", "\"prod\""),
        ("whoami --user bop", "\"bob\""),
        ("credential --context prod-", "\"prod-eu\" or \"prod-us\""),
    ] {
        let folder = Folder::with(&[("config", FILE)]);
        let ended = folder.run(Kubecred, "config", &line.split(' ').collect::<Vec<_>>());
        assert_eq!(ended.code, Some(3), "{line}: {ended:?}");
        let said = format!("Did you mean {meant}? kubecred config get-");
        assert!(ended.stderr.contains(&said), "{line}: {ended:?}");
        assert_eq!(folder.read("config").as_deref(), Some(FILE), "{line}");
    }
    let folder = Folder::with(&[("config", FILE)]);
    let ended = folder.run(Kubecred, "config", &["get", "/version", "--context", "minikube"]);
    assert!(!ended.stderr.contains("Did you mean"), "nothing is like it: {ended:?}");
}

#[test]
fn contexts_follow_a_renamed_cluster_and_user() {
    let (folder, ended) = run(Kubecred, "rename-cluster prod east", &[("config", FILE)], "config");
    let said = "Cluster \"prod\" renamed to \"east\", also in 2 contexts.\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), said), "{ended:?}");
    let text = FILE.replace("cluster: prod,", "cluster: east,");
    assert_eq!(folder.read("config"), Some(text.replace("name: prod,", "name: east,")));
    let ended = folder.run(Kubecred, "config", &["config", "rename-user", "bob", "rob"]);
    assert_eq!(ended.stdout, "User \"bob\" renamed to \"rob\", also in 1 context.\n", "{ended:?}");
    assert!(folder.read("config").unwrap().contains("user: rob}} # soon gone"));
    let taken = folder.run(Kubecred, "config", &["config", "rename-user", "rob", "ann"]);
    assert_eq!(taken.code, Some(3), "{taken:?}");
    assert!(taken.stderr.contains("a user exists with the name: \"ann\""), "{taken:?}");
}
