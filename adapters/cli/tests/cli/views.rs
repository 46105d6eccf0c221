//! `kubecred config view`, `get-contexts`, `get-clusters` and `get-users` beside the real kubectl.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Kubeconfigs by name: what one of each line of the table is about.
const FILES: &[(&str, &str)] = &[
    ("empty", ""),
    ("comment", "# nothing\n"),
    ("current", "current-context: x\n"),
    ("json", r#"{"users":[{"name":"u","user":{"token":"t"}}],"kind":"Config","apiVersion":"v1"}"#),
    (
        "plain",
        "\
current-context: two
contexts:
- {name: two, context: {cluster: c2, user: u2, namespace: ns}}
- {name: one, context: {cluster: a-rather-long-cluster-name, user: u1}}
- {name: '', context: {cluster: x, user: z}}
clusters:
- {name: c2, cluster: {server: 'https://h', certificate-authority-data: aGk=}}
- {name: c1, cluster: {server: 'https://h/x', tls-server-name: t, insecure-skip-tls-verify: true}}
users:
- {name: u2, user: {token: t, client-key-data: aGk=, client-certificate-data: aGk=}}
- {name: u1, user: {tokenFile: ./tok, as: a, as-groups: [g, h], as-uid: '1', as-user-extra: {k: [v]}}}
",
    ),
    (
        "letters",
        "contexts: [{name: 'ümlaut', context: {cluster: 'çluster', user: 'ü'}}, {name: a}]\n",
    ),
    (
        "files",
        "\
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: ca.crt}}]
users:
- name: u
  user: {client-certificate: sub/u.crt, client-key: ./u.key, tokenFile: tok}
- name: gone
  user: {client-key: gone.key}
",
    ),
    (
        "inline",
        "\
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: ca.crt}}]
users: [{name: u, user: {client-certificate: sub/u.crt, client-key: u.key}}]
",
    ),
    (
        "exec",
        "\
current-context: x
contexts: [{name: x, context: {cluster: '', user: u}}]
users:
- name: u
  user:
    exec:
      command: ./login
      args: [a, '0123', 'yes']
      env: [{name: NAME, value: v}]
      apiVersion: client.authentication.k8s.io/v1beta1
      installHint: |
        Get it
        there.
",
    ),
    (
        "quotes",
        "\
contexts: [{name: 'a: b', context: {namespace: '1', cluster: 'null', user: '~'}}]
clusters: [{name: '433e40', cluster: {server: 'https://[::1]:6443/x?y=z#w'}}]
users: [{name: '- x', user: {username: it's, password: \"q\\\"\\n\"}}]
current-context: 'a: b'
",
    ),
    (
        "extended",
        "\
extensions: [{name: e, extension: {b: 1, a: [true, 1.5, null]}}]
preferences: {colors: true}
clusters:
- name: c
  cluster: {server: 'https://h', extensions: [{name: note, extension: {k: v}}], disable-compression: true}
contexts:
- name: x
  context: {cluster: c, user: '', extensions: [{name: note, extension: text}]}
",
    ),
    (
        "dangling",
        "\
current-context: x
contexts: [{name: x, context: {cluster: nowhere, user: u}}]
users: [{name: u, user: {auth-provider: {name: oidc, config: {client-id: a}}}}]
",
    ),
    (
        "other",
        "\
current-context: one
contexts: [{name: two, context: {cluster: masked, user: masked}}]
users: [{name: u2}, {name: u3, user: {proxy: 1}}]
clusters: [{name: c3, cluster: {server: h, proxy-url: 'http://p:1'}}]
",
    ),
];

/// Files with texts that kubectl writes in another of the ways that YAML has.
const OTHERWISE: &[&str] = &["exec", "letters", "quotes"];

struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in FILES {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["ca.crt", "sub/u.crt", "u.key"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        Self(folder)
    }

    /// `files`: one, by `--kubeconfig`; several, by `KUBECONFIG`; none, by the home directory.
    fn run(&self, program: &Path, files: &[&str], arguments: &str) -> Output {
        let mut command = Command::new(program);
        command.arg("config").args(arguments.split_whitespace()).current_dir(self.0.path());
        command.env_clear().env("HOME", self.0.path());
        match files {
            [] => {}
            [file] => drop(command.args(["--kubeconfig", file])),
            files => drop(command.env("KUBECONFIG", files.join(":"))),
        }
        command.output().unwrap_or_else(|error| panic!("{program:?} is needed: {error}"))
    }

    fn ours(&self, files: &[&str], arguments: &str) -> Output {
        self.run(env!("CARGO_BIN_EXE_kubecred").as_ref(), files, arguments)
    }

    fn theirs(&self, files: &[&str], arguments: &str) -> Output {
        self.run(&kubecred_kubectl::kubectl(), files, arguments)
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What kubectl before 1.34 writes although there is nothing to say.
fn without_preferences(yaml: &str) -> String {
    yaml.replace("preferences: {}\n", "")
}

fn both(ours: &str, theirs: &str, word: &str) -> bool {
    ours.contains(word) && theirs.contains(word)
}

fn parsed(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{error}: {yaml}"))
}

const VIEWS: &[(&[&str], &str)] = &[
    (&["empty"], "view"),
    (&["comment"], "view --raw"),
    (&["current"], "view"),
    (&["current"], "view --minify"),
    (&["json"], "view"),
    (&["json"], "view --raw"),
    (&["plain"], "view"),
    (&["plain"], "view --raw"),
    (&["plain"], "view --raw=false"),
    (&["plain"], "view --minify --raw"),
    (&["plain"], "view --minify --context=one --raw"),
    (&["plain"], "view --minify --context=two"),
    (&["plain"], "view --context=one --raw"),
    (&["plain"], "view --minify --context=nowhere"),
    (&["plain"], "view --minify=false --context=nowhere --raw"),
    (&["plain"], "view --merge=false --raw"),
    (&["plain"], "view -o=yaml --raw"),
    (&["files"], "view --raw"),
    (&["files"], "view --flatten --raw"),
    (&["files"], "view --minify --flatten --raw"),
    (&["files"], "view --minify"),
    (&["inline"], "view --flatten --raw"),
    (&["inline"], "view --flatten --minify --raw"),
    (&["sub/../inline"], "view --flatten --raw"),
    (&["exec"], "view --raw"),
    (&["exec"], "view --raw --minify"),
    (&["quotes"], "view --raw"),
    (&["quotes"], "view --raw --minify"),
    (&["letters"], "view"),
    (&["extended"], "view --raw"),
    (&["dangling"], "view --raw"),
    (&["dangling"], "view --minify"),
    (&["plain", "other"], "view --raw"),
    (&["other", "plain"], "view --raw"),
    (&["other", "plain"], "view --raw --minify"),
    (&["gone", "plain"], "view --raw"),
    (&["plain", "plain"], "view --raw --merge"),
    (&["plain", "other"], "view --merge=false"),
    (&["gone"], "view"),
    (&["gone"], "view --merge=true --raw"),
    (&["gone"], "view --merge=false"),
    (&[], "view"),
    (&[], "view --merge=false"),
];

#[test]
fn kb_2_view_prints_what_kubectl_prints() {
    let stage = Stage::new();
    for (files, arguments) in VIEWS {
        let (ours, theirs) = (stage.ours(files, arguments), stage.theirs(files, arguments));
        let case = format!("{files:?} {arguments}: {ours:?} {theirs:?}");
        assert_eq!(ours.status.success(), theirs.status.success(), "{case}");
        let yaml = without_preferences(text(&theirs.stdout));
        match files.iter().any(|file| OTHERWISE.contains(file)) {
            true => assert_eq!(parsed(text(&ours.stdout)), parsed(&yaml), "{case}"),
            false => assert_eq!(text(&ours.stdout), yaml, "{case}"),
        }
        if !ours.status.success() {
            let plain = |said: &[u8]| text(said).trim().to_lowercase().replace('"', "");
            let (ours, theirs) = (plain(&ours.stderr), plain(&theirs.stderr));
            let fact = theirs.rsplit(": ").next().unwrap_or_default();
            let same = ours.contains(fact) || both(&ours, &theirs, "current-context");
            assert!(same, "{case}");
        }
        let json = |output: Output| -> Option<Value> {
            let mut json: Value = serde_json::from_slice(&output.stdout).ok()?;
            let preferences =
                json.get("preferences").is_some_and(|p| p.as_object().unwrap().is_empty());
            json.as_object_mut().filter(|_| preferences).map(|json| json.remove("preferences"));
            Some(json)
        };
        if !arguments.contains("-o") {
            let arguments = format!("{arguments} -o json");
            let (ours, theirs) = (stage.ours(files, &arguments), stage.theirs(files, &arguments));
            assert_eq!(json(ours), json(theirs), "{case}");
        }
    }
}

/// I: kubectl shows user names, plugin arguments and variables, provider settings, extensions and
/// passwords in URLs, and with `--flatten` everything.
#[test]
fn kb_2_view_shows_no_secret_unless_it_is_told_to() {
    const CANARY: &str = "hunter2";
    let stage = Stage::new();
    let config = "\
clusters:
- name: c
  cluster:
    server: https://me:hunter2@h
    proxy-url: http://me:hunter2@p
    extensions: [{name: e, extension: hunter2}]
    certificate-authority: ca.crt
users:
- name: u
  user:
    username: hunter2
    password: hunter2
    token: hunter2
    client-key: u.key
    exec: {command: x, args: [hunter2], env: [{name: NAME, value: hunter2}], apiVersion: v1}
    auth-provider: {name: oidc, config: {refresh-token: hunter2}}
";
    fs::write(stage.0.path().join("config"), config).unwrap();
    fs::write(stage.0.path().join("u.key"), CANARY).unwrap();
    for arguments in ["view", "view -o json", "view --flatten", "view --flatten -o json"] {
        let ours = stage.ours(&["config"], arguments);
        assert!(ours.status.success(), "{ours:?}");
        assert!(!text(&ours.stdout).contains(CANARY), "{ours:?}");
        assert!(text(&ours.stdout).contains("REDACTED"), "{ours:?}");
        assert!(!text(&ours.stdout).contains("aHVudGVyMg"), "{ours:?}");
        assert!(text(&stage.theirs(&["config"], arguments).stdout).contains(CANARY));
    }
    assert!(text(&stage.ours(&["config"], "view --raw").stdout).contains(CANARY));
}

#[test]
fn kb_2_view_understands_what_kubectl_understands() {
    let stage = Stage::new();
    for arguments in ["view extra", "view -o toml", "view --raw maybe"] {
        assert!(!stage.theirs(&["plain"], arguments).status.success(), "{arguments}");
        assert_eq!(stage.ours(&["plain"], arguments).status.code(), Some(2), "{arguments}");
    }
    let (ours, theirs) =
        (stage.ours(&["plain"], "view -o YAML"), stage.theirs(&["plain"], "view -o YAML"));
    assert_eq!(text(&ours.stdout), without_preferences(text(&theirs.stdout)));
}

const LISTS: &[(&[&str], &str)] = &[
    (&["plain"], "get-contexts"),
    (&["plain"], "get-contexts two"),
    (&["plain"], "get-contexts two one"),
    (&["plain"], "get-contexts two two"),
    (&["plain"], "get-contexts two zz one yy"),
    (&["plain"], "get-contexts zz"),
    (&["plain"], "get-contexts zz -o name"),
    (&["plain"], "get-contexts -o name"),
    (&["plain"], "get-contexts two -o=name"),
    (&["plain"], "get-contexts -o name --no-headers"),
    (&["plain"], "get-contexts --no-headers"),
    (&["plain"], "get-contexts --no-headers=true two"),
    (&["plain"], "get-contexts --no-headers=false"),
    (&["plain"], "get-contexts --context=one"),
    (&["plain"], "get-contexts --output="),
    (&["quotes"], "get-contexts"),
    (&["letters"], "get-contexts"),
    (&["letters"], "get-contexts --no-headers"),
    (&["current"], "get-contexts"),
    (&["current"], "get-contexts --no-headers"),
    (&["current"], "get-contexts -o name"),
    (&["dangling"], "get-contexts"),
    (&["plain", "other"], "get-contexts"),
    (&["other", "plain"], "get-contexts"),
    (&["gone", "other"], "get-contexts"),
    (&["gone"], "get-contexts"),
    (&[], "get-contexts"),
];

#[test]
fn kb_4_contexts_are_listed_as_kubectl_lists_them() {
    let stage = Stage::new();
    for (files, arguments) in LISTS {
        let (ours, theirs) = (stage.ours(files, arguments), stage.theirs(files, arguments));
        let case = format!("{files:?} {arguments}: {ours:?} {theirs:?}");
        assert_eq!(ours.status.success(), theirs.status.success(), "{case}");
        assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{case}");
        let said = text(&ours.stderr).trim_start_matches("error: ");
        assert_eq!(said, text(&theirs.stderr).trim_start_matches("error: "), "{case}");
    }
}

#[test]
fn kb_4_other_forms_are_refused() {
    let stage = Stage::new();
    for form in ["wide", "json", "yaml", "NAME"] {
        let arguments = format!("get-contexts -o {form}");
        let (ours, theirs) =
            (stage.ours(&["plain"], &arguments), stage.theirs(&["plain"], &arguments));
        assert!(!theirs.status.success() && ours.status.code() == Some(2), "{ours:?} {theirs:?}");
        assert!(ours.stdout.is_empty() && theirs.stdout.is_empty(), "{ours:?} {theirs:?}");
    }
}

#[test]
fn clusters_and_users_are_listed_in_order() {
    let stage = Stage::new();
    for files in [&["plain"][..], &["current"], &["plain", "other"], &["gone"]] {
        for arguments in ["get-clusters", "get-users"] {
            let (ours, theirs) = (stage.ours(files, arguments), stage.theirs(files, arguments));
            // kubectl's order changes from run to run.
            let mut sorted: Vec<&str> = text(&theirs.stdout).lines().collect();
            sorted[1..].sort_unstable();
            assert_eq!(text(&ours.stdout).lines().collect::<Vec<_>>(), sorted, "{files:?}");
            assert!(ours.status.success() && theirs.status.success());
        }
    }
}
