//! Another kubeconfig taken in.

use crate::beside::run;
use crate::folder::Program::Kubecred;

const OURS: &str = "\
# ours
current-context: prod
clusters:
- name: prod # east
  cluster: {server: https://east}
users:
- name: ann
  user: {token: hunter2}
contexts:
- {name: prod, context: {cluster: prod, user: ann}}
";

const THEIRS: &str = "\
current-context: staging
clusters:
- {name: prod, cluster: {server: https://west, certificate-authority: pki/ca.crt}}
- {name: staging, cluster: {server: https://staging}}
users:
- {name: ann, user: {token: hunter2}}
- {name: bob, user: {token: hunter3}}
contexts:
- {name: west, context: {cluster: prod, user: ann}}
- {name: staging, context: {cluster: staging, user: bob}}
";

const FILES: [(&str, &str); 2] = [("config", OURS), ("theirs", THEIRS)];

#[test]
fn a_conflict_is_shown_and_nothing_is_written() {
    for flags in ["", " --dry-run"] {
        let (folder, ended) = run(Kubecred, &["import theirs", flags].concat(), &FILES, "config");
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert_eq!(ended.stdout, "");
        let said =
            "cluster \"prod\" exists (config:4) and differs in server, certificate-authority";
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert!(ended.stderr.contains("--rename, --overwrite or --skip"), "{ended:?}");
        assert!(!ended.stderr.contains("hunter"), "{ended:?}");
        assert_eq!(folder.read("config").as_deref(), Some(OURS));
    }
}

#[test]
fn a_renamed_cluster_takes_its_contexts_with_it() {
    let (folder, ended) = run(Kubecred, "import theirs --rename", &FILES, "config");
    let said = "added cluster \"prod\" as \"prod-2\"\nadded cluster \"staging\"\n\
                unchanged user \"ann\"\nadded user \"bob\"\n\
                added context \"staging\"\nadded context \"west\"\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), said), "{ended:?}");
    let view = folder.view("config");
    let named = |list: &str, name: &str| {
        let entries = view[list].as_array().unwrap().iter();
        entries.clone().find(|entry| entry["name"] == name).unwrap().clone()
    };
    assert_eq!(named("contexts", "west")["context"]["cluster"], "prod-2");
    assert_eq!(named("clusters", "prod-2")["cluster"]["certificate-authority"], "pki/ca.crt");
    assert_eq!(named("clusters", "prod")["cluster"]["server"], "https://east");
    assert_eq!(view["current-context"], "prod");
    assert!(folder.read("config").unwrap().starts_with(&OURS[..OURS.find("users").unwrap()]));
}

#[test]
fn what_is_replaced_stays_where_it_is() {
    let (folder, ended) = run(Kubecred, "merge theirs --overwrite", &FILES, "config");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("replaced cluster \"prod\"\n"), "{ended:?}");
    let text = folder.read("config").unwrap();
    assert!(text.contains("- name: prod # east\n") && text.contains("https://west"), "{text}");
}

#[test]
fn a_context_is_not_moved_to_another_cluster_by_skipping_its_own() {
    let (folder, ended) = run(Kubecred, "import theirs --skip", &FILES, "config");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for said in ["skipped cluster \"prod\"\n", "skipped context \"west\"\n", "added user \"bob\"\n"]
    {
        assert!(ended.stdout.contains(said), "{said}: {ended:?}");
    }
    assert!(!folder.read("config").unwrap().contains("west"));
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let empty = [("config", "# mine\n"), ("theirs", THEIRS)];
    let (_, done) = run(Kubecred, "import theirs", &empty, "config");
    let (folder, dry) = run(Kubecred, "import theirs --dry-run", &empty, "config");
    assert!(done.stdout.ends_with("current-context is now \"staging\"\n"), "{done:?}");
    assert_eq!(dry.stdout, done.stdout + "nothing was written (--dry-run)\n");
    assert_eq!(folder.read("config").as_deref(), Some("# mine\n"));
}

#[test]
fn what_was_imported_is_unchanged_the_next_time() {
    let files = [("config", ""), ("theirs", THEIRS)];
    let (folder, ended) = run(Kubecred, "import theirs", &files, "config");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let all = folder.read("config").unwrap().replace("pki/ca.crt", "");
    let theirs = THEIRS.replace("pki/ca.crt", "''");
    let (folder, ended) =
        run(Kubecred, "import theirs", &[("config", &all), ("theirs", &theirs)], "config");
    assert!(ended.stdout.lines().all(|line| line.starts_with("unchanged ")), "{ended:?}");
    assert_eq!(folder.read("config"), Some(all));
}

#[test]
fn a_file_that_is_not_there_or_is_no_kubeconfig_is_named() {
    for (file, text) in [("gone", ""), ("broken", "clusters: [")] {
        let files = [("config", OURS), ("broken", text)];
        let line = ["import ", file].concat();
        let (folder, ended) = run(Kubecred, &line, &files, "config");
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains(file), "{ended:?}");
        assert_eq!(folder.read("config").as_deref(), Some(OURS));
    }
}
