//! Where each setting came from, to the line.

use crate::{load, parse};
use kubecred_core::{Environment, Origin, Overrides, Profile};

fn origins(profile: &Profile) -> Vec<String> {
    let each = profile.provenance.iter().map(|known| {
        let origin = match &known.origin {
            Origin::Default => "default".to_owned(),
            Origin::File { path, entry, line } => format!("{path}:{line} {entry}"),
            Origin::Override(flag) => format!("--{flag}"),
            other => format!("{other:?}"),
        };
        format!("{} = {}", known.setting, origin.trim_end())
    });
    each.collect()
}

const A: &str = "current-context: c
contexts:
- name: c
  context:
    cluster: k
    user: u
    namespace: ns
";

const B: &str = "apiVersion: v1
clusters:
- name: k
  cluster:
    server: https://h
    certificate-authority-data: |
      Y2E=
    tls-server-name: t
users:
- name: other
- name: u
  user:
    client-certificate: c
    client-key: k
    token: t
    as: someone
    as-groups:
    - g
";

#[test]
fn every_effective_setting_names_its_file_entry_and_line() {
    let config = load(&[("/a", A), ("/b", B)]).unwrap();
    let profile = config.select(&Overrides::default(), &Environment::default()).unwrap();
    assert_eq!(
        origins(&profile),
        [
            "context = /a:1",
            "cluster = /a:5 context \"c\"",
            "server = /b:5 cluster \"k\"",
            "certificate-authority-data = /b:6 cluster \"k\"",
            "tls-server-name = /b:8 cluster \"k\"",
            "user = /a:6 context \"c\"",
            "client-certificate = /b:13 user \"u\"",
            "client-key = /b:14 user \"u\"",
            "token = /b:15 user \"u\"",
            "as = /b:16 user \"u\"",
            "as-groups = /b:17 user \"u\"",
            "namespace = /a:7 context \"c\"",
        ]
    );
}

#[test]
fn overrides_are_named_by_their_flags() {
    let config = load(&[("/a", A), ("/b", B)]).unwrap();
    let overrides = Overrides {
        context: "c".into(),
        user: "u".into(),
        server: "https://x".into(),
        certificate_authority: "ca".into(),
        token_file: "/t".into(),
        impersonate_groups: vec!["h".into()],
        timeout: Some(std::time::Duration::from_secs(1)),
        namespace: "m".into(),
        ..Overrides::default()
    };
    let profile = config.select(&overrides, &Environment::default()).unwrap();
    assert_eq!(
        origins(&profile),
        [
            "context = --context",
            "cluster = /a:5 context \"c\"",
            "server = --server",
            "certificate-authority = --certificate-authority",
            "user = --user",
            "client-certificate = /b:13 user \"u\"",
            "client-key = /b:14 user \"u\"",
            "tokenFile = --token-file",
            "as = /b:16 user \"u\"",
            "as-groups = --as-group",
            "namespace = --namespace",
            "request-timeout = --request-timeout",
        ]
    );
}

#[test]
fn what_nobody_said_is_a_default() {
    let overrides =
        Overrides { default_server: "http://localhost:8080".into(), ..Default::default() };
    let profile = parse("").unwrap().select(&overrides, &Environment::default()).unwrap();
    assert_eq!(origins(&profile), ["server = default", "namespace = default"]);
}

#[test]
fn a_plugin_is_found_at_its_line() {
    let text = A.replace("    namespace: ns\n", "")
        + "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers:\n- name: u\n  user:\n    exec:\n      \
           apiVersion: client.authentication.k8s.io/v1\n      command: x\n      interactiveMode: Never\n";
    let config = parse(&text).unwrap();
    let profile = config.select(&Overrides::default(), &Environment::default()).unwrap();
    assert_eq!(
        origins(&profile)[2..],
        [
            "server = /k/config:7 cluster \"k\"",
            "user = /k/config:6 context \"c\"",
            "exec = /k/config:11 user \"u\"",
            "namespace = default"
        ]
    );
    let broken = text.replace("interactiveMode: Never", "interactiveMode: Sometimes");
    let error = parse(&broken).unwrap().select(&Overrides::default(), &Environment::default());
    assert!(
        error.unwrap_err().to_string().contains("/k/config:14: user \"u\": exec.interactiveMode ")
    );
    let missing = text.replace("      command: x\n", "");
    let error = parse(&missing).unwrap().select(&Overrides::default(), &Environment::default());
    assert!(error.unwrap_err().to_string().contains("/k/config:11: user \"u\": exec.command "));
}
