//! Which files are changed.

use crate::beside::{agree_on, run};
use crate::folder::{EVERYTHING, Folder, Program};
use std::os::unix::fs::PermissionsExt;

const ONE: &str = "\
current-context: one # of the first file
clusters:
- {name: c, cluster: {server: 'https://one'}}
contexts:
- {name: one, context: {cluster: c, user: u}}
- {name: both, context: {cluster: first}}
";
const TWO: &str = "\
current-context: two
users:
- {name: u, user: {token: t, client-certificate: pki/u.crt}} # of the second file
contexts:
- {name: two, context: {cluster: c, user: u}}
- {name: both, context: {cluster: second}}
";

#[test]
fn kb_1_changes_go_to_the_files_that_kubeconfig_names() {
    let files = [("one", ONE), ("two", TWO)];
    for line in [
        "use-context two",
        "set-context one --namespace=n",
        "set-context two --namespace=n",
        "set-context both --user=u",
        "set-context new --user=u",
        "rename-context two three",
        "set-cluster c --server=https://new",
        "set-cluster other --server=https://new",
        "set-credentials u --token=new",
        "set-credentials u --client-key=key.pem",
        "set-credentials other --token=new",
        "unset current-context",
        "unset contexts.both",
        "set users.u.username n",
    ] {
        agree_on(line, &files, "one:two");
        agree_on(line, &files, "none:two:one");
    }
}

#[test]
fn kb_1_a_flag_names_the_one_file_that_counts() {
    let files = [("one", ONE), ("two", TWO)];
    for line in [
        "use-context two --kubeconfig=two",
        "use-context one --kubeconfig=two",
        "--kubeconfig=two set-context new --user=u",
        "delete-context two --kubeconfig=two",
        "set-credentials u --token=new --kubeconfig=two",
        "set-credentials u --token=new --kubeconfig=",
    ] {
        agree_on(line, &files, "one");
    }
}

#[test]
fn kb_1_paths_stay_as_they_are_written() {
    for line in ["set-credentials u --token=new", "set-cluster filed --server=https://new"] {
        let (folder, ended) = run(Program::Kubecred, line, &[("config", EVERYTHING)], "config");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(folder.read("config").unwrap().contains("certificate-authority: pki/../ca.crt"));
    }
}

/// I: kubectl truncates an old file and writes it anew, in place; a new one is as one of its own.
#[test]
fn kc_86_a_file_that_is_not_there_is_made_for_its_owner_alone() {
    for (program, kubeconfig, flag) in [
        (Program::Kubecred, "", ""),
        (Program::Kubectl, "", ""),
        (Program::Kubecred, "none:.kube/config", ""),
        (Program::Kubectl, "none:.kube/config", ""),
        (Program::Kubecred, "", ".kube/config"),
        (Program::Kubectl, "", ".kube/config"),
    ] {
        let folder = Folder::with(&[]);
        let flag = ["--kubeconfig=", flag].concat();
        let arguments = ["config", &flag, "set-credentials", "u", "--token=t"];
        let ended = folder.run(program, kubeconfig, &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(folder.view(".kube/config")["users"][0]["user"]["token"], "t");
        let mode = |path: &str| {
            let metadata = std::fs::metadata(folder.path(path)).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(".kube/config"), 0o600, "{kubeconfig:?}");
        // As far as the umask of this process lets them.
        assert_eq!(mode(".kube") & !0o022, 0o755 & !0o022, "{kubeconfig:?}");
        assert_eq!(folder.names(), [".kube", "cert.pem", "empty.pem", "key.pem"]);
    }
}

/// I: kubectl says that the lock exists, and no more.
#[test]
fn kc_87_a_lock_that_is_left_over_is_reported_with_its_age_and_owner() {
    let folder = Folder::with(&[("config", EVERYTHING), ("config.lock", "")]);
    let made = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 3600 + 60);
    let lock = std::fs::File::options().write(true).open(folder.path("config.lock")).unwrap();
    lock.set_modified(made).unwrap();
    let said = folder.run(Program::Kubecred, "config", &["config", "use", "a.b"]);
    assert_eq!(said.code, Some(3));
    for fact in ["config.lock", "made 3 h ago", "by user ", "remove it"] {
        assert!(said.stderr.contains(fact), "{fact}: {said:?}");
    }
    let theirs = folder.run(Program::Kubectl, "config", &["config", "use", "a.b"]);
    assert_eq!(theirs.code, Some(1), "kubectl heeds the same lock");
    assert_eq!(folder.read("config").unwrap(), EVERYTHING);
    std::fs::remove_file(folder.path("config.lock")).unwrap();
    let said = folder.run(Program::Kubecred, "config", &["config", "use", "a.b"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}
