//! kuberc: which plugins may run, as kubectl's preferences say (KB-60…KB-63).

use crate::stage::{Ended, Stage, clean, command, ended, plugin, start};
use serde_json::json;

const DENY: &str = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n\
    credentialPluginPolicy: DenyAll\n";

/// A stage whose login is a plugin that works, and leaves a trace.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    stage.script(
        "login",
        r#"cd "$(dirname "$0")"; echo x >>ran
        echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t0ken"}}'"#,
    );
    stage.kubeconfig(plugin("./login"));
    std::fs::create_dir(stage.folder.path().join(".kube")).unwrap();
    stage
}

async fn get(stage: &Stage, flags: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = command(stage.folder.path());
    command.args(["get", "/version", "--kubeconfig=config"]).args(flags);
    ended(start(command.envs(variables.iter().copied()))).await
}

fn has_run(stage: &Stage) -> bool {
    stage.folder.path().join("ran").exists()
}

#[tokio::test]
async fn kb_60_the_file_in_the_home_directory_is_obeyed() {
    let stage = stage().await;
    stage.write(".kube/kuberc", DENY);
    let denied = get(&stage, &[], &[]).await;
    let said = denied.failed(4);
    for word in ["DenyAll", "login", ".kube/kuberc:3", "--kuberc"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let credential = stage.kubecred(&["credential"]).await;
    assert!(credential.failed(4).contains("DenyAll"), "{credential:?}");
    assert!(!has_run(&stage));
    get(&stage, &[], &[("KUBERC", "off")]).await.good();
    get(&stage, &[], &[("KUBECTL_KUBERC", "false")]).await.good();
    assert!(has_run(&stage));
}

#[tokio::test]
async fn kb_60_the_flag_and_the_variable_name_other_files() {
    let stage = stage().await;
    stage.write(".kube/kuberc", DENY);
    let list = DENY.replace("DenyAll", "Allowlist\ncredentialPluginAllowlist: [{command: X}]");
    let login = stage.folder.path().join("login");
    stage.write("mine", &list.replace('X', login.to_str().unwrap()));
    stage.write("other", &list);
    get(&stage, &["--kuberc", "mine"], &[]).await.good();
    get(&stage, &[], &[("KUBERC", "mine")]).await.good();
    get(&stage, &["--kuberc=mine"], &[("KUBERC", "other")]).await.good();
    let other = get(&stage, &[], &[("KUBERC", "other")]).await;
    assert!(other.failed(4).contains("not in the allowlist"), "{other:?}");

    let missing = get(&stage, &["--kuberc=none"], &[]).await;
    assert!(missing.failed(3).contains("none: cannot be read"), "{missing:?}");
    let both = get(&stage, &["--kuberc=mine"], &[("KUBERC", "off")]).await;
    assert!(both.failed(2).contains("KUBERC=off"), "{both:?}");
    assert!(get(&stage, &["--kuberc="], &[]).await.failed(2).contains("--kuberc"));
}

/// I: kubectl warns, and runs the plugin.
#[tokio::test]
async fn kb_60_a_broken_file_that_may_forbid_plugins_lets_none_run() {
    let stage = stage().await;
    stage.write(".kube/kuberc", &DENY.replace("Policy: DenyAll", "Polciy: DenyAll"));
    let closed = get(&stage, &[], &[]).await;
    let said = closed.failed(3);
    for word in [".kube/kuberc:3", "credentialPluginPolciy", "KUBERC=off"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!has_run(&stage));
    // Who runs no plugin is told, and goes on.
    let token = get(&stage, &["--token=t0ken"], &[]).await;
    token.good();
    assert!(token.stderr.contains("warning: ") && token.stderr.contains(".kube/kuberc:3"));

    stage.write(".kube/kuberc", "aliases: [");
    let open = get(&stage, &[], &[]).await;
    open.good();
    assert!(open.stderr.contains("warning: kuberc is left out"), "{open:?}");
}

#[tokio::test]
async fn kb_62_a_policy_that_contradicts_itself_is_an_error_for_everybody() {
    let stage = stage().await;
    stage.write(".kube/kuberc", &DENY.replace("DenyAll", "Deny"));
    let ended = get(&stage, &["--token=t0ken"], &[]).await;
    let said = ended.failed(3);
    assert!(said.contains(".kube/kuberc:3: credentialPluginPolicy"), "{said}");
    assert!(said.contains("AllowAll, DenyAll and Allowlist"), "{said}");
}

#[tokio::test]
async fn kb_63_who_runs_no_plugin_is_not_concerned() {
    let stage = stage().await;
    stage.write(".kube/kuberc", DENY);
    stage.kubeconfig(json!({ "token": "t0ken" }));
    let ended = get(&stage, &["-v"], &[]).await;
    ended.good();
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
    assert!(!ended.stderr.contains("credentialPluginPolicy"), "{ended:?}");
    stage.kubeconfig(plugin("./login"));
    let denied = get(&stage, &["-v"], &[]).await;
    assert!(denied.stderr.contains("credentialPluginPolicy is from"), "{denied:?}");
}

/// What `kuberc` may say of the policy and its list.
const POLICIES: [&str; 5] = ["", "AllowAll", "DenyAll", "Allowlist", "Nonsense"];
const LISTS: [&str; 8] = [
    "",
    "[]",
    "[{name: login}]",
    "[{name: ./login}]",
    "[{name: FOLDER/login}]",
    "[{name: other}, {name: FOLDER/login}]",
    "[{name: ''}]",
    "[{}]",
];
const COMMANDS: [&str; 3] = ["login", "./login", "FOLDER/login"];

/// Whether a program answers with this kuberc, and whether the plugin was run.
async fn outcome(stage: &Stage, mut command: tokio::process::Command) -> (bool, bool) {
    let folder = stage.folder.path();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path);
    let path = std::env::join_paths([folder.to_owned()].into_iter().chain(path)).unwrap();
    command.args(["--kubeconfig=config", "--kuberc=policy"]).env("PATH", path);
    let ended = ended(start(&mut command)).await;
    let ran = std::fs::remove_file(folder.join("ran")).is_ok();
    (ended.code == Some(0), ran)
}

/// The first kubectl with policies is 1.35: every policy, with every list, for every way to name the
/// plugin. There the field is called `name`; that `command`, as it is called since, means the same
/// is held by the tests above.
#[tokio::test]
async fn kb_62_a_policy_lets_the_same_plugins_run_as_in_kubectl() {
    let stage = stage().await;
    let folder = stage.folder.path().to_str().unwrap().to_owned();
    let newest = kubecred_kubectl::version(kubecred_kubectl::NEWEST);
    let (mut different, mut ran) = (Vec::new(), 0);
    for (policy, list) in POLICIES.iter().flat_map(|policy| LISTS.map(|list| (*policy, list))) {
        let mut kuberc = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n".to_owned();
        for (name, value) in
            [("credentialPluginPolicy", policy), ("credentialPluginAllowlist", list)]
        {
            if !value.is_empty() {
                kuberc += &format!("{name}: {}\n", value.replace("FOLDER", &folder));
            }
        }
        stage.write("policy", &kuberc);
        for name in COMMANDS {
            stage.kubeconfig(plugin(&name.replace("FOLDER", &folder)));
            let mut theirs = clean(&newest, stage.folder.path());
            theirs.args(["get", "--raw", "/version"]);
            let theirs = outcome(&stage, theirs).await;
            let mut ours = command(stage.folder.path());
            ours.args(["get", "/version"]);
            let ours = outcome(&stage, ours).await;
            ran += usize::from(theirs.1);
            if ours != theirs {
                different.push(format!("{policy:?}, {list}, {name}: {theirs:?}, not {ours:?}"));
            }
        }
    }
    assert!(
        different.is_empty(),
        "(answered, ran) of kubectl and kubecred\n{}",
        different.join("\n")
    );
    let all = POLICIES.len() * LISTS.len() * COMMANDS.len();
    assert!(ran * 10 > all && ran < all, "{ran} of {all} ran: the mix is no test");
}
