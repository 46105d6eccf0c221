//! Several files, and paths in them (KC-13, KC-32…KC-40).

use crate::{load, parse};
use kubecred_core::kubeconfig::search;
use kubecred_core::{Environment, Kubeconfig, PathFlavour, Secret};

const RED: &str = "users: [{name: red-user, user: {token: red-token}}]\n\
    clusters: [{name: cow, cluster: {server: http://cow.org:8080}}]\n\
    contexts: [{name: federal, context: {user: red-user, cluster: cow, namespace: hammer-ns}}]\n";

#[test]
fn kc_32_first_file_wins_per_named_entry() {
    let config = load(&[
        ("/a", RED),
        (
            "/b",
            "users: [{name: red-user, user: {token: other, username: filled}}, \
             {name: yellow-user, user: {token: yellow}}]\n\
             clusters: [{name: cow, cluster: {server: http://other, proxy-url: http://p}}, \
             {name: donkey, cluster: {server: http://donkey, insecure-skip-tls-verify: true, \
             disable-compression: true}}]\ncurrent-context: federal\n",
        ),
    ])
    .unwrap();
    let red = &config.users["red-user"];
    assert_eq!((&red.token, red.username.as_str()), (&Secret::from("red-token"), ""));
    assert_eq!(config.clusters["cow"].proxy_url, "");
    assert_eq!(config.users["yellow-user"].token, Secret::from("yellow"));
    let donkey = &config.clusters["donkey"];
    assert!(donkey.insecure_skip_tls_verify && donkey.disable_compression);
    assert_eq!(config.current_context, "federal");
}

#[test]
fn kc_32_an_empty_entry_masks_a_full_one() {
    for empty in
        ["users: [{name: u}]", "users: [{name: u, user: ~}]", "users: [{name: u, user: {}}]"]
    {
        let config =
            load(&[("/a", empty), ("/b", "users: [{name: u, user: {token: t}}]")]).unwrap();
        assert!(config.users["u"].token.is_empty());
        assert_eq!(config.users["u"].origin.path, "/a");
    }
}

#[test]
fn kc_33_scalars_come_from_the_first_file_that_has_them() {
    let files = [
        ("/a", "current-context: ''\npreferences: {colors: false}"),
        ("/b", "current-context: b\npreferences: {colors: true}"),
        ("/c", "current-context: c\npreferences: {colors: false}"),
    ];
    let config = load(&files).unwrap();
    assert_eq!(config.current_context, "b");
    assert_eq!(config.current_context_origin.path, "/b");
    assert!(config.preferences.colors);
}

#[test]
fn kc_34_top_level_extensions_merge_by_name() {
    let a = "extensions: [{name: x, extension: {a: 1}}]\npreferences: {extensions: [{name: p, extension: 1}]}";
    let b = "extensions: [{name: x, extension: {b: 2}}, {name: w, extension: 3}]\n\
        preferences: {extensions: [{name: p, extension: 2}, {name: q, extension: 4}]}";
    let config = load(&[("/a", a), ("/b", b)]).unwrap();
    assert_eq!(config.extensions["x"].as_json(), r#"{"a":1}"#);
    assert_eq!(config.extensions["w"].as_json(), "3");
    let preferences = &config.preferences.extensions;
    assert_eq!((preferences["p"].as_json(), preferences["q"].as_json()), ("1", "4"));
}

#[test]
fn kc_35_entries_know_their_file_and_contexts_cross_files() {
    let a = "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]";
    let b = "clusters: [{name: k, cluster: {server: 'https://h'}}]";
    let c = "users: [{name: u, user: {token: t}}]";
    let config = load(&[("/a", a), ("/b", b), ("/c", c)]).unwrap();
    let paths = (
        config.contexts["c"].origin.path.as_str(),
        config.clusters["k"].origin.path.as_str(),
        config.users["u"].origin.path.as_str(),
    );
    assert_eq!(paths, ("/a", "/b", "/c"));
    assert!(config.select(&Default::default(), &Environment::default()).is_ok());
}

#[test]
fn kc_36_four_disjoint_files_make_one() {
    let files = ["a", "b", "c", "d"].map(|name| {
        let text = format!(
            "users: [{{name: u-{name}, user: {{token: t}}}}]\n\
             clusters: [{{name: k-{name}, cluster: {{server: 'https://{name}'}}}}]\n\
             contexts: [{{name: c-{name}, context: {{cluster: k-{name}, user: u-{name}}}}}]"
        );
        (format!("/{name}"), text)
    });
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let config = load(&files).unwrap();
    assert_eq!((config.users.len(), config.clusters.len(), config.contexts.len()), (4, 4, 4));
    assert_eq!(config.files, ["/a", "/b", "/c", "/d"]);
}

const PATHS: &str = "clusters:\n- {name: rel, cluster: {certificate-authority: pki/../ca.crt}}\n\
    - {name: abs, cluster: {certificate-authority: /abs/./ca.crt}}\n- {name: none, cluster: {}}\n\
    users:\n- {name: rel, user: {client-certificate: crt, client-key: ./key, tokenFile: ~/tok}}\n\
    - {name: dots, user: {tokenFile: ../../t, client-certificate: '$HOME/x'}}\n\
    - {name: path, user: {exec: {command: plug}}}\n- {name: dot, user: {exec: {command: ./plug}}}\n\
    - {name: bin, user: {exec: {command: bin/plug}}}\n\
    - {name: abs, user: {exec: {command: /usr/bin/../plug}}}\n\
    - {name: idp, user: {auth-provider: {name: oidc, config: {idp-certificate-authority: ca}}}}\n";

fn command<'c>(config: &'c Kubeconfig, user: &str) -> &'c str {
    &config.users[user].exec.as_ref().unwrap().command
}

#[test]
fn kc_36_relative_paths_are_taken_from_their_own_file() {
    let second = "users: [{name: other, user: {tokenFile: tok}}]";
    let config = load(&[("/k/config", PATHS), ("/other/dir/config", second)]).unwrap();
    assert_eq!(config.clusters["rel"].certificate_authority, "/k/ca.crt");
    assert_eq!(config.clusters["abs"].certificate_authority, "/abs/./ca.crt");
    assert_eq!(config.clusters["none"].certificate_authority, "");
    let rel = &config.users["rel"];
    assert_eq!(
        (rel.client_certificate.as_str(), rel.client_key.as_str(), rel.token_file.as_str()),
        ("/k/crt", "/k/key", "/k/~/tok")
    );
    assert_eq!(config.users["dots"].token_file, "/t");
    assert_eq!(config.users["dots"].client_certificate, "/k/$HOME/x");
    assert_eq!(config.users["other"].token_file, "/other/dir/tok");
    let config_of_idp = &config.users["idp"].auth_provider.as_ref().unwrap().config;
    assert_eq!(config_of_idp["idp-certificate-authority"], Secret::from("ca"));
}

#[test]
fn kc_37_a_relative_file_is_relative_to_the_working_directory() {
    let config = load(&[("sub/../config", PATHS)]).unwrap();
    assert_eq!(config.clusters["rel"].certificate_authority, "/work/ca.crt");
    assert_eq!(command(&config, "dot"), "/work/plug");
}

#[test]
fn kc_39_a_command_without_a_separator_is_looked_up_on_path() {
    let config = parse(PATHS).unwrap();
    assert_eq!(command(&config, "path"), "plug");
    assert_eq!(command(&config, "dot"), "/k/plug");
    assert_eq!(command(&config, "bin"), "/k/bin/plug");
    assert_eq!(command(&config, "abs"), "/usr/bin/../plug");
}

#[test]
fn kc_39_a_path_never_becomes_a_name_to_look_up() {
    // Neither the working directory nor a file's folder is known.
    let environment = Environment::new([("KUBECONFIG", "config")]);
    let config = search(None, &environment).load([Ok(Secret::from(PATHS))]).unwrap();
    assert_eq!(command(&config, "dot"), "./plug");
    assert_eq!(command(&config, "bin"), "bin/plug");
    assert_eq!(command(&config, "path"), "plug");
}

/// I: for client-go `\` alone makes a path there, and it looks `bin/plug` up on PATH.
#[test]
fn kc_39_windows_knows_both_slashes() {
    let environment = Environment::new([("KUBECONFIG", r"C:\Users\me\.kube\config")])
        .with_paths(PathFlavour::Windows);
    let config = search(None, &environment).load([Ok(Secret::from(PATHS))]).unwrap();
    assert_eq!(command(&config, "path"), "plug");
    assert_eq!(command(&config, "dot"), r"C:\Users\me\.kube\plug");
    assert_eq!(command(&config, "bin"), r"C:\Users\me\.kube\bin\plug");
    assert_eq!(config.clusters["rel"].certificate_authority, r"C:\Users\me\.kube\ca.crt");
    let environment = Environment::new([("KUBECONFIG", "config")])
        .with_paths(PathFlavour::Windows)
        .in_directory(r"D:\work");
    let config = search(None, &environment).load([Ok(Secret::from(PATHS))]).unwrap();
    assert_eq!(config.users["rel"].client_key, r"D:\work\key");
}

#[test]
fn kc_13_bytes_have_no_folder() {
    let config = Kubeconfig::from_bytes(PATHS.as_bytes()).unwrap();
    assert_eq!(config.clusters["rel"].certificate_authority, "pki/../ca.crt");
    assert_eq!(command(&config, "dot"), "./plug");
    assert!(config.files.is_empty());
}
