//! The same files, read by the kubectl on `PATH`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kubecred_core::kubeconfig::{ClusterEntry, ContextEntry, Extension, UserEntry, search};
use kubecred_core::{ConfigError, Environment, Kubeconfig, Secret};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of files, and what two programs make of them.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubeconfig").join(name);
        for (index, text) in files.iter().enumerate() {
            let file = folder.join(index.to_string()).join("config");
            std::fs::create_dir_all(file.parent().unwrap()).expect("a folder for a kubeconfig");
            std::fs::write(file, text).expect("a kubeconfig");
        }
        Self(folder)
    }

    fn list(&self, files: usize) -> String {
        let paths = (0..files).map(|index| self.0.join(index.to_string()).join("config"));
        paths.map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(":")
    }

    /// `None`: refused.
    fn kubectl(&self, files: usize) -> Option<Value> {
        let output = Command::new(kubecred_kubectl::kubectl())
            .args(["config", "view", "--raw", "--output=json"])
            .env("KUBECONFIG", self.list(files))
            .env("HOME", &self.0)
            .output()
            .expect("kubectl can be run");
        let read = || serde_json::from_slice(&output.stdout).expect("kubectl's JSON");
        output.status.success().then(read)
    }

    fn ours(&self, files: usize) -> Result<Kubeconfig, ConfigError> {
        let environment = Environment::new([("KUBECONFIG", self.list(files))]);
        let search = search(None, &environment);
        let read = |path: &String| Ok(Secret::from(std::fs::read(path).unwrap()));
        search.load(search.paths().iter().map(read))
    }
}

fn data(secret: &Secret) -> Value {
    json!(BASE64_STANDARD.encode(secret.expose()))
}

fn words(secret: &Secret) -> Value {
    json!(secret.expose_str())
}

fn extensions(extensions: &BTreeMap<String, Extension>) -> Value {
    let each = extensions.iter();
    each.map(|(name, extension)| json!({"name": name, "extension": extension.value()})).collect()
}

fn cluster(c: &ClusterEntry) -> Value {
    json!({
        "server": c.server,
        "tls-server-name": c.tls_server_name,
        "insecure-skip-tls-verify": c.insecure_skip_tls_verify,
        "certificate-authority": c.certificate_authority,
        "certificate-authority-data": data(&c.certificate_authority_data),
        "proxy-url": c.proxy_url,
        "disable-compression": c.disable_compression,
        "extensions": extensions(&c.extensions),
    })
}

fn user(u: &UserEntry) -> Value {
    let provider = u.auth_provider.as_ref().map(|provider| {
        let config = provider.config.iter().map(|(key, value)| (key.clone(), words(value)));
        json!({"name": provider.name, "config": config.collect::<Map<_, _>>()})
    });
    let exec = u.exec.as_ref().map(|exec| {
        let pair =
            |v: &kubecred_core::protocol::EnvVar| json!({"name": v.name, "value": words(&v.value)});
        json!({
            "command": exec.command, "args": exec.args,
            "env": exec.env.iter().map(pair).collect::<Vec<_>>(),
            "apiVersion": exec.api_version, "installHint": exec.install_hint,
            "provideClusterInfo": exec.provide_cluster_info,
            "interactiveMode": exec.interactive_mode,
        })
    });
    json!({
        "client-certificate": u.client_certificate,
        "client-certificate-data": data(&u.client_certificate_data),
        "client-key": u.client_key,
        "client-key-data": data(&u.client_key_data),
        "token": words(&u.token),
        "tokenFile": u.token_file,
        "as": u.impersonate_user,
        "as-uid": u.impersonate_uid,
        "as-groups": u.impersonate_groups,
        "as-user-extra": u.impersonate_extra,
        "username": u.username,
        "password": words(&u.password),
        "auth-provider": provider,
        "exec": exec,
        "extensions": extensions(&u.extensions),
    })
}

fn context(c: &ContextEntry) -> Value {
    json!({
        "cluster": c.cluster, "user": c.user, "namespace": c.namespace,
        "extensions": extensions(&c.extensions),
    })
}

/// A configuration in the words of kubectl's JSON.
fn whole(config: &Kubeconfig) -> Value {
    fn named<T>(field: &str, entries: &BTreeMap<String, T>, body: fn(&T) -> Value) -> Value {
        entries.iter().map(|(name, entry)| json!({"name": name, field: body(entry)})).collect()
    }
    json!({
        "clusters": named("cluster", &config.clusters, cluster),
        "users": named("user", &config.users, user),
        "contexts": named("context", &config.contexts, context),
        "current-context": config.current_context,
        "extensions": extensions(&config.extensions),
        "preferences": {
            "colors": config.preferences.colors,
            "extensions": extensions(&config.preferences.extensions),
        },
    })
}

/// Takes out what says nothing: which of the empty values are written differs between versions.
fn squeeze(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_extension = fields.contains_key("extension");
            let fields = fields
                .into_iter()
                .filter(|(key, _)| key != "kind" && key != "apiVersion" || fields_of_exec(key))
                .map(|(key, value)| {
                    let keep = is_extension && key == "extension";
                    let value = if keep { value } else { squeeze(value) };
                    (key, value)
                })
                .filter(|(key, value)| (is_extension && key == "extension") || !is_empty(value));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(squeeze).collect(),
        value => value,
    }
}

/// `apiVersion` means something in a plugin alone, and there it is never kubeconfig's own `v1`.
fn fields_of_exec(key: &str) -> bool {
    key == "apiVersion"
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || text == "v1",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A path as kubectl shows it: as it stands in the file.
fn relative(value: Value, folder: &str) -> Value {
    match value {
        Value::String(text) => {
            // The folder, the number of the file, and what the file says.
            let inner = text.strip_prefix(folder).and_then(|text| text.splitn(3, '/').nth(2));
            Value::String(inner.map(ToOwned::to_owned).unwrap_or(text))
        }
        Value::Array(items) => items.into_iter().map(|item| relative(item, folder)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(key, value)| (key, relative(value, folder))).collect())
        }
        value => value,
    }
}

fn same(name: &str, files: &[&str]) {
    let folder = Folder::new(name, files);
    let ours = folder.ours(files.len()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let theirs = folder.kubectl(files.len()).unwrap_or_else(|| panic!("kubectl refuses {name}"));
    let ours = relative(whole(&ours), folder.0.to_str().unwrap());
    assert_eq!(squeeze(ours), squeeze(theirs), "{name}");
}

const FULL: &str = r#"
kind: Config
preferences: {colors: true, extensions: [{name: p, extension: {a: yes}}]}
current-context: c
extensions: [{name: t, extension: {z: 1.0, a: [010, 2020-01-02, ~, no]}}, {name: m}]
clusters:
- name: k
  cluster: {server: "https://h/p?q", tls-server-name: tls, insecure-skip-tls-verify: on,
    certificate-authority: pki/ca.crt, proxy-url: "http://p", disable-compression: true,
    extensions: [{name: client.authentication.k8s.io/exec, extension: {b: 1, a: x}}]}
- name: "0"
  cluster: {certificate-authority-data: "aGVs\nbG8=", certificate-authority: /abs/./ca}
- name: empty
contexts:
- {name: c, context: {cluster: k, user: u, namespace: ns, extensions: [{name: e, extension: x}]}}
- name: bare
users:
- name: u
  user: {client-certificate: crt, client-key: key, client-certificate-data: Y3J0, client-key-data: a2V5,
    token: t, tokenFile: ~/tok, as: a, as-uid: i, as-groups: [g, ''], as-user-extra: {K: [v, w], e: []},
    username: me, password: "p w", auth-provider: {name: gcp, config: {k: v, m: ~}},
    exec: {command: bin/plug, args: [a, ''], env: [{name: A, value: V}, {name: M}],
      apiVersion: client.authentication.k8s.io/v1beta1, installHint: "h\e", provideClusterInfo: true},
    extensions: [{name: e, extension: {}}]}
- name: path
  user: {exec: {command: plug, apiVersion: client.authentication.k8s.io/v1}}
- name: deep
  user: {exec: {command: bin/more/plug, interactiveMode: Always, apiVersion: x}, tokenFile: /abs/../t}
- ~
"#;

#[test]
fn kc_18_kc_39_one_file_with_everything() {
    same("everything", &[FULL]);
}

#[test]
fn kc_32_kc_38_several_files() {
    let masks = "users: [{name: u}, {name: other, user: {tokenFile: tok}}]\ncurrent-context: ''\n\
        extensions: [{name: t, extension: first}]\npreferences: {colors: no}\n\
        clusters: [{name: k, cluster: {server: first}}]";
    same("masked", &[masks, FULL]);
    same("masking", &[FULL, masks]);
    same("three", &["current-context: z", masks, FULL]);
    same("with-empty", &["", masks, "---\n", FULL, "null", "# nothing"]);
    let merge = "x: &b {server: a, proxy-url: 'http://p'}\nclusters:\n- {name: m, cluster: {<<: *b, server: c}}\n\
        - {name: o, cluster: *b}\n";
    same("anchors", &[merge, FULL]);
}

/// Files that one of the two might refuse.
#[test]
fn kc_18_kc_28_what_is_refused_is_refused_by_both() {
    for (index, text) in [
        "apiVersion: v2", "apiVersion: /v1", "apiVersion: /", "apiVersion: a/b/c", "apiVersion: 1", "kind: config",
        "kind: ~", "APIVERSION: v2", "apiVersion: v1\nAPIVERSION: v2", "Kind: Pod\nkind: Config", "kInd: Pod",
        "[]", "text", "12", "clusters: {}", "clusters: [a]", "clusters: [[]]", "clusters: ~", "clusters: [~]",
        "clusters: [~, ~]", "clusters: [{name: a}, {name: a}]", "clusters: [{name: 1}]", "clusters: [{name: a, cluster: []}]",
        "clusters: [{name: a, cluster: x}]", "clusters: [{cluster: {server: yes}}]", "users: [{user: {token: 1e3}}]",
        "users: [{user: {client-key-data: 'a b='}}]", "users: [{user: {client-key-data: aGl=}}]",
        "users: [{user: {client-key-data: aGk}}]", "users: [{user: {client-key-data: \"aGk\\n=\\n\"}}]",
        "users: [{user: {client-key-data: ''}}]", "users: [{user: {client-key-data: _w==}}]",
        "users: [{user: {client-key-data: aGk=aGk=}}]", "users: [{user: {client-key-data: [1]}}]",
        "users: [{user: {as-groups: x}}]", "users: [{user: {as-groups: [1]}}]", "users: [{user: {as-groups: [~]}}]",
        "users: [{user: {as-user-extra: {k: v}}}]", "users: [{user: {as-user-extra: {k: ~}}}]",
        "users: [{user: {exec: []}}]", "users: [{user: {exec: {}}}]", "users: [{user: {exec: {args: [1]}}}]",
        "users: [{user: {exec: {env: [~]}}}]", "users: [{user: {exec: {env: {a: b}}}}]", "users: [{user: {auth-provider: x}}]",
        "users: [{user: {auth-provider: {config: {a: 1}}}}]", "extensions: [{name: a, extension: 1}, {name: a, extension: 1}]",
        "extensions: [{name: a}, {name: a, extension: 1}]", "extensions: [{name: a, extension: 1}, {name: a}]",
        "extensions: [{name: a}, {name: a}]", "extensions: [1]", "extensions: {}", "preferences: []", "preferences: ~",
        "preferences: {colors: 'yes'}", "preferences: {colors: yes}", "current-context: no", "current-context: [a]",
        "contexts: [{name: a, context: {namespace: 1}}]", "contexts: [{name: a, context: {extensions: [{name: x, extension: 1}, {name: x, extension: 1}]}}]",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = Folder::new(&format!("refused-{index}"), &[text]);
        let (ours, theirs) = (folder.ours(1), folder.kubectl(1));
        assert_eq!(ours.is_ok(), theirs.is_some(), "{text}: {ours:?}");
        if let (Ok(ours), Some(theirs)) = (ours, theirs) {
            assert_eq!(squeeze(whole(&ours)), squeeze(theirs), "{text}");
        }
    }
}
