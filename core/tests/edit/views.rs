//! Minify, flatten, redact, beside kubectl's.

use kubecred_core::kubeconfig::ViewError;
use kubecred_core::{Environment, Failure, FailureKind, Kubeconfig, Secret};
use serde_json::Value;

use crate::kubectl::Folder;

const CONFIG: &str = "\
current-context: one
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: ns}}
- {name: two, context: {cluster: c2, user: u1}}
- {name: bare, context: {}}
- {name: lost-cluster, context: {cluster: z, user: u1}}
- {name: lost-user, context: {cluster: c1, user: z}}
clusters:
- {name: c1, cluster: {server: 'https://one', certificate-authority: pki/ca.crt}}
- {name: c2, cluster: {server: 'https://two', certificate-authority-data: aGk=}}
users:
- name: u1
  user:
    client-certificate: pki/u.crt
    client-key: pki/u.key
    tokenFile: token
    exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1}
- {name: u2, user: {token: t, username: name, password: p, client-key-data: aGk=}}
";

/// Like kubectl's, but for what it no longer writes since 1.34.
fn json(config: &Kubeconfig) -> Value {
    serde_json::from_slice(config.to_json().unwrap().expose()).unwrap()
}

fn theirs(folder: &Folder, args: &[&str]) -> Result<Value, String> {
    let output = folder.kubectl(&["config"], &[&["view", "--output=json"], args].concat());
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let mut json: Value = serde_json::from_slice(&output.stdout).unwrap();
    json.as_object_mut().unwrap().remove("preferences");
    Ok(json)
}

#[test]
fn kc_92_minify_keeps_what_the_current_context_needs() {
    for context in ["one", "two", "bare", "lost-cluster", "lost-user", "lost", ""] {
        let text = CONFIG.replace("current-context: one", &format!("current-context: {context}"));
        let folder = Folder::with([("config", text.as_str())]);
        let theirs = theirs(&folder, &["--raw", "--minify"]);
        let mut config = folder.chain(&["config"]).config().clone();
        let before = config.clone();
        match config.minify() {
            Ok(()) => assert_eq!(Ok(json(&config)), theirs, "{context}"),
            Err(error) => {
                let theirs = theirs.expect_err(context);
                let same = match &error {
                    ViewError::NoCurrentContext => "current-context must exist",
                    ViewError::NoSuchEntry { kind, name } => {
                        &format!("cannot locate {kind} {name}")
                    }
                    other => panic!("{other}"),
                };
                assert!(theirs.contains(same), "{theirs}: {error}");
                assert_eq!(config, before);
            }
        }
    }
}

#[test]
fn kc_93_flatten_takes_in_certificates_and_keys_and_nothing_else() {
    let folder = Folder::with([("config", CONFIG)]);
    std::fs::create_dir(folder.path("pki")).unwrap();
    for name in ["pki/ca.crt", "pki/u.crt", "pki/u.key"] {
        folder.write(name, name.as_bytes());
    }
    let theirs = theirs(&folder, &["--raw", "--flatten"]).unwrap();
    let environment = Environment::default().in_directory("/somewhere/else");
    let flattening = folder.chain(&["config"]).config().clone().flatten(&environment).unwrap();
    assert_eq!(
        flattening.paths(),
        ["pki/ca.crt", "pki/u.crt", "pki/u.key"].map(|p| folder.path(p))
    );
    let reads: Vec<_> = flattening
        .paths()
        .iter()
        .map(|path| Ok(Secret::from(std::fs::read(path).unwrap())))
        .collect();
    assert_eq!(json(&flattening.finish(reads).unwrap()), theirs);
}

#[test]
fn kc_93_what_is_there_twice_or_cannot_be_read_is_an_error() {
    let both = b"users: [{name: u, user: {client-key: k, client-key-data: aGk=}}]";
    let config = Kubeconfig::from_bytes(both).unwrap();
    let error = config.flatten(&Environment::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "user \"u\": client-key and client-key-data are both set; remove one"
    );
    let config =
        Kubeconfig::from_bytes(b"clusters: [{name: c, cluster: {certificate-authority: ca}}]");
    let flattening = config.unwrap().flatten(&Environment::default().in_directory("/w")).unwrap();
    let missing = Err(Failure::new(FailureKind::NotFound, "no such file"));
    let error = flattening.finish([missing]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster \"c\": certificate-authority: cannot read \"/w/ca\": no such file"
    );
}

#[test]
fn kc_94_what_kubectl_hides_is_hidden_as_kubectl_does() {
    let folder = Folder::with([("config", CONFIG)]);
    let theirs = theirs(&folder, &[]).unwrap();
    let mut config = folder.chain(&["config"]).config().clone();
    config.redact();
    // The one thing that it forgets here.
    let ours =
        json(&config).to_string().replace("\"username\":\"REDACTED\"", "\"username\":\"name\"");
    assert_eq!(ours, theirs.to_string());
}

#[test]
fn kc_94_improved_nothing_is_forgotten() {
    let text = "\
clusters:
- name: c
  cluster:
    server: https://me:hunter2@host/path
    proxy-url: socks5://me:hunter2@proxy:1080
    certificate-authority-data: aHVudGVyMg==
    extensions: [{name: client.authentication.k8s.io/exec, extension: {key: hunter2}}]
users:
- name: u
  user:
    token: hunter2
    username: hunter2
    password: hunter2
    client-certificate-data: aHVudGVyMg==
    client-key-data: aHVudGVyMg==
    exec:
      command: plugin
      args: [--secret, hunter2, '']
      env: [{name: SECRET, value: hunter2}, {name: EMPTY, value: ''}]
    auth-provider:
      name: oidc
      config:
        client-id: app
        client-secret: hunter2
        id-token: hunter2
        refresh-token: hunter2
        idp-issuer-url: https://me:hunter2@issuer
        whatever: hunter2
    extensions: [{name: e, extension: hunter2}]
contexts: [{name: x, context: {extensions: [{name: e, extension: [hunter2]}]}}]
extensions: [{name: e, extension: {a: {b: hunter2}}}]
preferences: {extensions: [{name: e, extension: hunter2}]}
";
    let mut config = Kubeconfig::from_bytes(text.as_bytes()).unwrap();
    config.redact();
    let yaml = config.to_yaml().unwrap();
    let shown = yaml.expose_str().unwrap();
    assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMg"), "{shown}");
    for kept in
        ["SECRET", "command: plugin", "client-id: app", "://***@proxy:1080", "://***@issuer"]
    {
        assert!(shown.contains(kept), "{kept}: {shown}");
    }
    // What is empty is seen to be.
    assert_eq!(config.users["u"].exec.as_ref().unwrap().args, ["REDACTED", "REDACTED", ""]);
}
