//! The rules for writing, one by one.

use std::collections::BTreeMap;

use kubecred_core::kubeconfig::edit::{Chain, EditError, Rewritten};
use kubecred_core::kubeconfig::{ClusterEntry, ContextEntry, ExecEntry, UserEntry, search};
use kubecred_core::protocol::WriteFile;
use kubecred_core::{Environment, Failure, FailureKind, Kubeconfig, PathFlavour, Secret};
use serde_json::{Value, json};

use crate::kubectl::{Folder, view};

/// Changes one file that is named `config`, and gives its text and how much of it is new.
fn edited(text: &str, change: impl FnOnce(&mut Kubeconfig)) -> (String, Rewritten) {
    let folder = Folder::with([("config", text)]);
    let chain = folder.chain(&["config"]);
    let mut config = chain.config().clone();
    change(&mut config);
    let mut changes = chain.changes(&config).expect("a change");
    assert_eq!(changes.len(), 1);
    let change = changes.remove(0);
    assert_eq!(change.replaces, Some(Secret::from(text)));
    (change.contents.expose_str().expect("text").to_owned(), change.rewritten)
}

/// Changes files, and says which got which text.
fn spread(
    files: &[(&str, &str)],
    names: &[&str],
    change: impl FnOnce(&mut Kubeconfig),
) -> BTreeMap<String, Value> {
    let folder = Folder::with(files.iter().copied());
    let chain = folder.chain(names);
    let mut config = chain.config().clone();
    change(&mut config);
    let changes = chain.changes(&config).expect("a change");
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    changes.iter().map(|change| (name(&change.path), view(change.contents.expose()))).collect()
}

const EXEC: &str = "\
users:
- name: ann
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: ./plugin # beside this file
      args: [get, token]
      env:
      - {name: A, value: b, more: kept}
      - {name: C, value: d}
";

#[test]
fn kc_85_a_new_file_is_written_as_kubectl_writes_one() {
    let folder = Folder::new();
    folder.kubectl_ok(&["theirs"], &["set-context", "1", "--cluster=0", "--user=433e40"]);
    let theirs = folder.read("theirs").expect("written");
    let chain = folder.chain(&["ours"]);
    let mut config = chain.config().clone();
    let context = ContextEntry { cluster: "0".into(), user: "433e40".into(), ..Default::default() };
    config.contexts.insert("1".into(), context);
    let changes = chain.changes(&config).unwrap();
    let ours = changes[0].contents.expose_str().unwrap();
    // kubectl 1.34 no longer writes the former.
    assert_eq!(ours, theirs.replace("preferences: {}\n", ""));
    assert_eq!(changes[0].replaces, None);
    assert_eq!(WriteFile::from(changes[0].clone()).mode, 0o600);
}

#[test]
fn kc_85_what_is_always_written_is_and_keys_are_sorted() {
    let text = "\
users:
- name: ann
  user: {exec: {command: c, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}
- name: bob
  user: {auth-provider: {name: oidc}}
clusters: [{name: c}]
contexts: [{name: x, context: {namespace: ns}}]
preferences: {colors: true}
extensions: [{name: e, extension: {b: 1, a: [x]}}]
";
    let expected = "\
apiVersion: v1
clusters:
- cluster:
    server: \"\"
  name: c
contexts:
- context:
    cluster: \"\"
    namespace: ns
    user: \"\"
  name: x
current-context: \"\"
extensions:
- extension:
    a:
    - x
    b: 1
  name: e
kind: Config
preferences:
  colors: true
users:
- name: ann
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args: null
      command: c
      env: null
      interactiveMode: Never
      provideClusterInfo: false
- name: bob
  user:
    auth-provider:
      config: null
      name: oidc
";
    let config = Kubeconfig::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(config.to_yaml().unwrap().expose_str(), Some(expected));
    // kubectl's own, of the same file.
    let folder = Folder::with([("config", text)]);
    let theirs = folder.kubectl_ok(&["config"], &["view", "--raw"]);
    assert_eq!(theirs, expected);
}

#[test]
fn kc_85_json_is_what_kubectl_prints() {
    let text = "clusters: [{name: c, cluster: {certificate-authority-data: aGk=}}]\nusers: []\n";
    let config = Kubeconfig::from_bytes(text.as_bytes()).unwrap();
    let ours = config.to_json().unwrap();
    let mut theirs = view(text.as_bytes());
    theirs.as_object_mut().unwrap().remove("preferences");
    let ours: Value = serde_json::from_slice(ours.expose()).unwrap();
    assert_eq!(ours, theirs);
}

/// kubectl loses comments and unknown fields, and writes defaults of reading.
#[test]
fn kc_85_improved_nothing_but_the_change_is_written() {
    let change = |config: &mut Kubeconfig| {
        let ann = config.users.get_mut("ann").unwrap();
        ann.exec.as_mut().unwrap().env[0].value = "new".into();
    };
    let expected = EXEC.replace("value: b", "value: new");
    assert_eq!(edited(EXEC, change), (expected, Rewritten::Fields));
}

#[test]
fn kc_30_a_default_mode_is_written_once_it_is_none() {
    let change = |config: &mut Kubeconfig| {
        let exec = config.users.get_mut("ann").unwrap().exec.as_mut().unwrap();
        exec.api_version = "client.authentication.k8s.io/v1".into();
    };
    let expected = EXEC.replace("/v1beta1", "/v1") + "      interactiveMode: IfAvailable\n";
    assert_eq!(edited(EXEC, change).0, expected);
    // And back: what is said is not what is left out.
    let change = |config: &mut Kubeconfig| {
        let exec = config.users.get_mut("ann").unwrap().exec.as_mut().unwrap();
        exec.interactive_mode = "Never".into();
    };
    assert_eq!(edited(EXEC, change).0, EXEC.to_owned() + "      interactiveMode: Never\n");
}

const FIRST: &str = "\
clusters: [{name: c1, cluster: {server: 'https://one'}}]
users: [{name: both, user: {token: first}}]
contexts: [{name: x1, context: {cluster: c1}}]
";
const SECOND: &str = "\
clusters: [{name: c2, cluster: {server: 'https://two'}}]
users: [{name: both, user: {token: second}}, {name: u2, user: {token: two}}]
current-context: x1
";
const CHAIN: &[(&str, &str)] = &[("first", FIRST), ("second", SECOND)];
const NAMES: &[&str] = &["absent", "first", "second"];

#[test]
fn kc_88_entries_are_changed_and_deleted_in_the_file_that_they_came_from() {
    let files = spread(CHAIN, NAMES, |config| {
        config.clusters.get_mut("c1").unwrap().server = "https://new".into();
        config.users.get_mut("u2").unwrap().token = "new".into();
        config.delete_cluster("c2").unwrap();
    });
    assert_eq!(files.keys().collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(files["first"]["clusters"][0]["cluster"]["server"], "https://new");
    assert_eq!(files["second"]["clusters"], Value::Null);
    assert_eq!(files["second"]["users"][1]["user"]["token"], "new");
    // What a later file has as well is changed in the first only, and comes to light if deleted.
    let files = spread(CHAIN, NAMES, |config| config.delete_user("both").unwrap());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["first"]);
    assert_eq!(files["first"]["users"], Value::Null);
}

#[test]
fn kc_88_an_entry_made_anew_under_an_old_name_stays_in_its_file() {
    let files = spread(CHAIN, NAMES, |config| {
        config.users.insert("u2".into(), UserEntry { token: "new".into(), ..Default::default() });
    });
    assert_eq!(files.keys().collect::<Vec<_>>(), ["second"]);
}

#[test]
fn kc_88_a_renamed_context_stays_in_its_file() {
    let files = spread(
        &[
            ("first", "current-context: x\n"),
            ("second", "contexts: [{name: x, context: {user: u}}]"),
        ],
        &["first", "second"],
        |config| config.rename_context("x", "y").unwrap(),
    );
    assert_eq!(files["first"]["current-context"], "y");
    assert_eq!(
        files["second"]["contexts"],
        json!([{"name": "y", "context": {"cluster": "", "user": "u"}}])
    );
}

#[test]
fn kb_10_a_renamed_context_keeps_its_comments_and_unknown_fields() {
    let text = "\
current-context: x
contexts:
- name: x # mine
  more: kept
  context: {cluster: c}
- {name: a, context: {cluster: a}, more: a}
# end
";
    let (renamed, rewritten) = edited(text, |config| config.rename_context("x", "y z").unwrap());
    let expected = text.replace("name: x", "name: \"y z\"").replace("text: x", "text: \"y z\"");
    assert_eq!((renamed, rewritten), (expected, Rewritten::Fields));
    // On one line they are told apart by what they are.
    let text =
        "contexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b}, x: b}]\n";
    let (renamed, _) = edited(text, |config| {
        config.rename_context("b", "1").unwrap();
        config.rename_context("a", "2").unwrap();
    });
    assert_eq!(renamed, text.replace("name: a", "name: \"2\"").replace("name: b", "name: \"1\""));
}

#[test]
fn kc_88_what_is_new_goes_to_the_default_file() {
    let missing = || Err(Failure::new(FailureKind::NotFound, "no such file"));
    let default = |explicit: Option<&str>, variable: &str, there: &[&str]| {
        let environment =
            Environment::new([("HOME", "/home/me"), ("KUBECONFIG", variable)]).in_directory("/w");
        let search = search(explicit, &environment);
        let reads = search.paths().iter().map(|path| {
            if there.contains(&path.as_str()) { Ok(Secret::default()) } else { missing() }
        });
        let chain = search.open(reads.collect::<Vec<_>>()).unwrap();
        let default = chain.default_file().map(str::to_owned);
        let mut config = chain.config().clone();
        config.clusters.insert("new".into(), ClusterEntry::default());
        let written = chain.changes(&config).map(|changes| changes[0].path.clone());
        assert_eq!(written.ok(), default);
        default
    };
    for (explicit, variable, there, file) in [
        (Some("e"), "a:b", vec!["a"], Some("e")),
        (None, "a", vec![], Some("a")),
        (None, "a:b:c", vec!["b", "c"], Some("b")),
        (None, "a:b:c", vec![], Some("c")),
        (None, "a:b:c", vec!["a"], Some("a")),
        (None, "", vec![], Some("/home/me/.kube/config")),
        (None, ":", vec![], None),
    ] {
        assert_eq!(default(explicit, variable, &there).as_deref(), file, "{explicit:?} {variable}");
    }
}

#[test]
fn kc_89_current_context_is_set_in_the_default_file_and_cleared_in_the_first_that_sets_it() {
    let files = spread(CHAIN, NAMES, |config| config.current_context = "y".into());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["first"]);
    assert_eq!(files["first"]["current-context"], "y");
    let files = spread(CHAIN, NAMES, |config| config.current_context.clear());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["second"]);
    assert_eq!(files["second"]["current-context"], "");
    // A later one comes to light.
    let both = [("a", "current-context: a # first\n"), ("b", "current-context: b\n")];
    let folder = Folder::with(both);
    let chain = folder.chain(&["b", "a"]);
    let mut config = chain.config().clone();
    assert_eq!(config.current_context, "b");
    config.current_context.clear();
    let changes = chain.changes(&config).unwrap();
    assert_eq!((changes.len(), changes[0].path.clone()), (1, folder.path("b")));
    folder.write("b", changes[0].contents.expose());
    assert_eq!(folder.view(&["b", "a"])["current-context"], "a");
}

#[test]
fn kc_90_only_paths_that_change_are_made_relative() {
    let text = "\
users:
- name: ann
  user:
    client-certificate: ../pki/ann.crt
    client-key: ./ann.key
    tokenFile: /run/token
    exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1}
clusters:
- name: c
  cluster: {certificate-authority: /etc/ca.crt, server: s}
";
    let folder = Folder::with([("config", text)]);
    let chain = folder.chain(&["config"]);
    let mut config = chain.config().clone();
    config.users.get_mut("ann").unwrap().client_key = folder.path("keys/ann.key");
    let exec = config.users.get_mut("ann").unwrap().exec.as_mut().unwrap();
    exec.args.push("go".into());
    config.clusters.get_mut("c").unwrap().certificate_authority = folder.path("ca.crt");
    let changes = chain.changes(&config).unwrap();
    let expected = text
        .replace("./ann.key", "keys/ann.key")
        .replace("client.authentication.k8s.io/v1}", "client.authentication.k8s.io/v1, args: [go]}")
        .replace("/etc/ca.crt", "ca.crt");
    assert_eq!(changes[0].contents.expose_str(), Some(expected.as_str()));
}

/// kubectl makes `plugin` of it, which is looked up on PATH.
#[test]
fn kc_90_improved_a_plugin_beside_the_file_stays_there() {
    let (text, _) = edited(EXEC, |config| {
        config.users.get_mut("ann").unwrap().token = "new".into();
    });
    assert_eq!(text, EXEC.to_owned() + "    token: new\n");
    let folder = Folder::with([("config", "users: []\n")]);
    let chain = folder.chain(&["config"]);
    let mut config = chain.config().clone();
    let exec = ExecEntry { command: folder.path("plugin"), ..Default::default() };
    config.users.insert("ann".into(), UserEntry { exec: Some(exec), ..Default::default() });
    let changes = chain.changes(&config).unwrap();
    let expected = "users:\n- name: ann\n  user:\n    exec:\n      command: ./plugin\n";
    assert_eq!(changes[0].contents.expose_str(), Some(expected));
}

#[test]
fn kc_90_windows_paths_are_relative_to_their_folder_too() {
    let environment = Environment::new([("KUBECONFIG", r"C:\kube\config")])
        .with_paths(PathFlavour::Windows)
        .in_directory(r"D:\");
    let chain = search(None, &environment).open([Ok(Secret::from("{}"))]).unwrap();
    let mut config = chain.config().clone();
    let user = UserEntry { client_key: r"c:\KUBE\pki\k".into(), ..Default::default() };
    config.users.insert("u".into(), user);
    let changes = chain.changes(&config).unwrap();
    let read = Kubeconfig::from_bytes(changes[0].contents.expose()).unwrap();
    assert_eq!(read.users["u"].client_key, r"pki\k");
}

const OIDC: &str = "\
users:
- name: ann
  user:
    auth-provider: # by hand
      name: oidc
      config:
        client-id: me # ours
        id-token: old
        refresh-token: old-too
- name: bob
  user: {token: t}
";

#[test]
fn kc_91_an_auth_provider_s_configuration_is_replaced() {
    let (text, rewritten) = edited(OIDC, |config| {
        let entries = [("client-id", "me"), ("id-token", "new"), ("extra", "yes")];
        let entries = entries.map(|(key, value)| (key.to_owned(), Secret::from(value)));
        assert!(config.set_auth_provider_config("ann", entries.into()));
    });
    let expected = OIDC.replace("old\n", "new\n");
    let expected = expected.replace("refresh-token: old-too", "extra: \"yes\"");
    assert_eq!((text, rewritten), (expected, Rewritten::Fields));
}

#[test]
fn kc_91_one_file_can_be_changed_by_itself() {
    let chain = Chain::of_file("config", Secret::from(OIDC)).unwrap();
    let mut config = chain.config().clone();
    let entries = [("id-token".to_owned(), Secret::from("new"))];
    assert!(config.set_auth_provider_config("ann", entries.into()));
    let changes = chain.changes(&config).unwrap();
    let read = Kubeconfig::from_bytes(changes[0].contents.expose()).unwrap();
    let provider = read.users["ann"].auth_provider.as_ref().unwrap();
    assert_eq!(provider.config.keys().collect::<Vec<_>>(), ["id-token"]);
    assert_eq!((changes[0].path.as_str(), changes.len()), ("config", 1));
}

#[test]
fn kc_91_without_such_a_user_nothing_is_done() {
    let folder = Folder::with([("config", OIDC)]);
    let chain = folder.chain(&["config"]);
    let mut config = chain.config().clone();
    for user in ["bob", "cid"] {
        assert!(!config.set_auth_provider_config(user, BTreeMap::new()));
    }
    assert_eq!(chain.changes(&config), Ok(vec![]));
}

#[test]
fn kb_3_and_kb_10_names_must_exist_or_must_not() {
    let mut config =
        Kubeconfig::from_bytes(b"contexts: [{name: a}, {name: b}]\ncurrent-context: a").unwrap();
    let missing = |kind, name: &str| Err(EditError::NoSuchEntry { kind, name: name.to_owned() });
    let exists = |kind, name: &str| Err(EditError::EntryExists { kind, name: name.to_owned() });
    assert_eq!(config.use_context("z"), missing("context", "z"));
    assert_eq!(config.use_context(""), Err(EditError::EmptyName("context")));
    assert_eq!(config.rename_context("a", "b"), exists("context", "b"));
    assert_eq!(config.rename_context("z", "y"), missing("context", "z"));
    assert_eq!(config.delete_context("z"), missing("context", "z"));
    assert_eq!(config.delete_cluster("z"), missing("cluster", "z"));
    assert_eq!(config.delete_user("z"), missing("user", "z"));
    assert_eq!(config.current_context, "a");
    config.rename_context("a", "c").unwrap();
    assert_eq!(config.current_context, "c");
    config.use_context("b").unwrap();
    config.delete_context("b").unwrap();
    assert_eq!((config.current_context.as_str(), config.contexts.len()), ("b", 1));
}

#[test]
fn kc_9_a_chain_with_a_broken_file_is_not_opened() {
    let environment = Environment::new([("KUBECONFIG", "/a:/b:/c")]);
    let search = search(None, &environment);
    let denied = Failure::new(FailureKind::Denied, "permission denied");
    let reads = [Ok(Secret::from("users: {}")), Err(denied), Ok(Secret::from("{}"))];
    let error = search.open(reads).unwrap_err();
    let files: Vec<_> = error.problems().iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["/a", "/b"]);
}

#[test]
fn what_is_no_text_is_not_written() {
    let chain = Folder::with([("config", "{}")]).chain(&["config"]);
    let mut config = chain.config().clone();
    let user = UserEntry { token: Secret::new([0xFF, 0xFE]), ..Default::default() };
    config.users.insert("ann".into(), user);
    let error = chain.changes(&config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "user \"ann\": token is not UTF-8, and cannot be written to a kubeconfig"
    );
}

#[test]
fn extensions_and_preferences_are_changed_where_they_are() {
    let files = spread(
        &[
            ("a", "preferences: {colors: true}\n"),
            ("b", "extensions: [{name: e, extension: 1}]\npreferences: {colors: true}\n"),
        ],
        &["a", "b"],
        |config| {
            config
                .extensions
                .get_mut("e")
                .unwrap()
                .clone_from(&kubecred_core::kubeconfig::Extension::new(json!({"k": ["v"]})));
            config.preferences.colors = false;
        },
    );
    assert_eq!(files.len(), 2);
    assert_eq!(files["b"]["extensions"], json!([{"name": "e", "extension": {"k": ["v"]}}]));
    for file in files.values() {
        assert_eq!(file["preferences"], json!({}));
    }
}

#[test]
fn kc_95_nothing_that_holds_files_shows_them() {
    let canary = "hunter2";
    let text = format!("users: [{{name: u, user: {{token: {canary}, password: {canary}}}}}]");
    let chain = Folder::with([("config", text.as_str())]).chain(&["config"]);
    let mut config = chain.config().clone();
    config.users.get_mut("u").unwrap().token = format!("{canary}-2").into();
    let changes = chain.changes(&config).unwrap();
    let shown = format!("{chain:?} {changes:?} {:?}", WriteFile::from(changes[0].clone()));
    assert!(!shown.contains(canary), "{shown}");
}

#[test]
fn contexts_follow_a_cluster_and_a_user_that_are_renamed() {
    let one = "\
contexts:
- name: a # first
  context: {cluster: c, user: u}
- name: b
  context: {cluster: d, user: u}
clusters:
- name: c # ours
  cluster: {server: https://c}
";
    let two = "users: [{name: u, user: {token: t}}] # theirs\n";
    let folder = Folder::with([("one", one), ("two", two)]);
    let chain = folder.chain(&["one", "two"]);
    let mut config = chain.config().clone();
    assert_eq!(config.rename_cluster("c", "east"), Ok(1));
    assert_eq!(config.rename_user("u", "ann"), Ok(2));
    assert_eq!(
        config.rename_user("ann", ""),
        Err(EditError::EmptyName("user")),
        "an entry has a name"
    );
    let changes = chain.changes(&config).unwrap();
    let text = |place: usize| changes[place].contents.expose_str().unwrap();
    let wanted = one.replace("cluster: c,", "cluster: east,").replace("user: u}", "user: ann}");
    assert_eq!(text(0), wanted.replace("name: c #", "name: east #"));
    assert_eq!(text(1), two.replace("name: u,", "name: ann,"));
}
