//! With which settings kubectl would connect, and with which it refuses.

use crate::{file, parse};
use kubecred_core::{Environment, Overrides};
use std::path::Path;
use std::process::{Command, Stdio};

/// Nobody listens there.
const TLS: &str = "server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true";
const PLAIN: &str = "server: 'http://127.0.0.1:1'";
const EXEC: &str =
    "command: /nonexistent, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never";
const OIDC: &str = "{name: oidc, config: {idp-issuer-url: 'https://127.0.0.1:1', client-id: c}}";

/// Whether kubectl gets as far as trying to connect, or to log in.
fn kubectl_connects(name: &str, file: &str, flags: &[&str]) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubectl_connect").join(name);
    std::fs::create_dir_all(&folder).expect("a folder for a kubeconfig");
    let config = folder.join("config");
    std::fs::write(&config, file).expect("a kubeconfig");
    let output = Command::new(kubecred_kubectl::kubectl())
        .args(["get", "--raw", "/x", "--request-timeout=1"])
        .args(flags)
        .env("KUBECONFIG", &config)
        .env("HOME", &folder)
        .stdin(Stdio::null())
        .output()
        .expect("kubectl can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let tried = ["was refused - did you specify", "Unable to connect to the server", "EOF"];
    if tried.iter().any(|words| said.contains(words)) { Ok(()) } else { Err(said) }
}

fn compare(rule: &str, cases: &[(String, String)], flags: &[&str], overrides: &Overrides) {
    // What kubectl has for want of a server (KC-74).
    let default_server = "http://localhost:8080".to_owned();
    let overrides = Overrides { default_server, ..overrides.clone() };
    for (index, (cluster, user)) in cases.iter().enumerate() {
        let text = file(&format!("{{{cluster}}}"), &format!("{{{user}}}"));
        let theirs = kubectl_connects(&format!("{rule}-{index}"), &text, flags);
        let config = parse(&text).unwrap();
        let ours = config.select(&overrides, &Environment::default());
        assert_eq!(
            ours.is_ok(),
            theirs.is_ok(),
            "{rule}: {cluster} {user} {flags:?}\nours: {ours:?}\ntheirs: {theirs:?}"
        );
    }
}

fn users(cluster: &str, users: &[&str]) -> Vec<(String, String)> {
    users.iter().map(|user| (cluster.to_owned(), (*user).to_owned())).collect()
}

fn clusters(clusters: &[&str]) -> Vec<(String, String)> {
    clusters.iter().map(|cluster| ((*cluster).to_owned(), "token: t".to_owned())).collect()
}

#[test]
fn kc_56_ua_11_users_that_kubectl_connects_with() {
    let with = |fields: &str| fields.replace("EXEC", EXEC).replace("OIDC", OIDC);
    let bodies = [
        "",
        "token: t",
        "token: t, username: u",
        "token: t, password: p",
        "username: u, tokenFile: /etc/hosts",
        "password: p",
        "password: p, tokenFile: /etc/hosts",
        "token: t, tokenFile: /nonexistent",
        "exec: {EXEC}",
        "token: t, exec: {EXEC}",
        "exec: {EXEC}, auth-provider: OIDC",
        "exec: {}",
        "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}",
        "exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1}",
        "exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}",
        "token: t, exec: {command: x, apiVersion: v9, interactiveMode: Never}",
        "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: never}",
        "exec: {EXEC, env: [{value: x}]}",
        "auth-provider: {name: gcp}",
        "token: t, auth-provider: {name: gcp}",
        "token: t, auth-provider: {name: nope}",
        "auth-provider: {name: azure}",
        "auth-provider: {name: nope}",
        "token: t, auth-provider: OIDC",
        "username: u, auth-provider: OIDC",
        "as-uid: i",
        "as-groups: [g]",
        "as-user-extra: {k: [v]}",
        "as-user-extra: {k: []}",
        "as-user-extra: {}",
        "as: a, as-groups: [g]",
        "client-certificate-data: Y3J0",
        "client-key-data: Y3J0",
        "client-key: a, client-key-data: Y3J0",
        "client-certificate: /etc/hosts, client-certificate-data: Y3J0, client-key: /etc/hosts",
    ];
    let cases: Vec<_> = bodies.map(with).into_iter().map(|user| (TLS.to_owned(), user)).collect();
    compare("users", &cases, &[], &Overrides::default());
}

#[test]
fn kc_71_users_of_a_plain_server() {
    let bodies = [
        "token: t, tokenFile: /nonexistent",
        "exec: {}",
        "exec: {command: x, apiVersion: v9, interactiveMode: Never}",
        "auth-provider: {name: gcp}",
        "tokenFile: /nonexistent",
        "username: u, tokenFile: /nonexistent",
        "as-uid: i",
    ];
    compare("plain", &users(PLAIN, &bodies), &[], &Overrides::default());
}

#[test]
fn kc_51_kc_55_kc_72_clusters_that_kubectl_connects_to() {
    let servers = [
        "",
        "server: ''",
        PLAIN,
        "server: '127.0.0.1:1'",
        "server: '127.0.0.1:1/x'",
        "server: 'https://'",
        "server: 'https://127.0.0.1:x'",
        "server: 'https://a b'",
        "server: '://x'",
        "server: 'https:///x'",
        "server: 'https://127.0.0.1:1?x', insecure-skip-tls-verify: true",
        "server: 'https://127.0.0.1:1', certificate-authority: /etc/hosts, \
         certificate-authority-data: Y2E=",
        "server: 'http://127.0.0.1:1', certificate-authority-data: Y2E=, \
         insecure-skip-tls-verify: true",
    ];
    compare("servers", &clusters(&servers), &[], &Overrides::default());
    let more = [
        "proxy-url: 'socks6://x'",
        "proxy-url: 'socks5h://x'",
        "proxy-url: 'HTTP://127.0.0.1:1'",
        "proxy-url: 'socks5://127.0.0.1:1'",
        "proxy-url: 'x:1'",
        "proxy-url: 'x'",
        "proxy-url: 'a@b'",
        "proxy-url: 'http://%zz'",
        "proxy-url: 'http://u:p@127.0.0.1:1'",
        "proxy-url: '::'",
        "certificate-authority: /etc/hosts",
        "certificate-authority-data: Y2E=",
    ];
    let cases: Vec<_> = more.iter().map(|field| [TLS, ", ", field].concat()).collect();
    let cases: Vec<_> = cases.iter().map(String::as_str).collect();
    compare("more", &clusters(&cases), &[], &Overrides::default());
}

#[test]
fn kc_43_kc_63_kc_66_flags() {
    let token = || Overrides { token: "t".into(), ..Overrides::default() };
    let one = |cluster: &str, user: &str| vec![(cluster.to_owned(), user.to_owned())];
    compare("basic", &one(TLS, "username: u, password: p"), &["--token=t"], &token());
    compare("file", &one(TLS, "tokenFile: /nonexistent"), &["--token=t"], &token());
    let named = |flag: &str| {
        let mut overrides = Overrides::default();
        match flag {
            "--user=x" => overrides.user = "x".into(),
            "--context=x" => overrides.context = "x".into(),
            _ => overrides.cluster = "x".into(),
        }
        overrides
    };
    for flag in ["--user=x", "--context=x", "--cluster=x"] {
        compare(flag, &one(TLS, "token: t"), &[flag], &named(flag));
    }
    let insecure = Overrides { insecure_skip_tls_verify: true, ..Overrides::default() };
    let cluster = "server: 'https://127.0.0.1:1', certificate-authority-data: Y2E=";
    compare("ca", &one(cluster, "token: t"), &["--insecure-skip-tls-verify"], &insecure);
    let groups = Overrides { impersonate_groups: vec!["g".into()], ..Overrides::default() };
    compare("group", &one(TLS, "token: t"), &["--as-group=g"], &groups);
    let username = Overrides { username: "u".into(), ..Overrides::default() };
    compare("username", &one(TLS, "token: t"), &["--username=u"], &username);
}
