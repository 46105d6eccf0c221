//! What goes before what (KC-62…KC-66, and the quirks of section 8.1 that it touches).

use crate::{kinds, rules, select_with};
use kubecred_core::kubeconfig::{AuthProvider, ExecEntry, ProblemKind};
use kubecred_core::{
    Authorization, ClientCertificate, ConfigError, Material, Overrides, Profile, Roots, Secret,
    Token,
};

const TRUST: &str =
    "{server: 'https://h', tls-server-name: name, certificate-authority-data: Y2E=}";

fn cluster(overrides: Overrides) -> Profile {
    select_with(TRUST, "{}", &overrides).unwrap()
}

fn user(body: &str, overrides: Overrides) -> Result<Profile, ConfigError> {
    select_with("{server: 'https://h'}", body, &overrides)
}

#[test]
fn kc_62_a_setting_that_is_given_replaces_and_one_that_is_not_leaves() {
    let nothing = cluster(Overrides::default());
    assert_eq!(nothing.cluster.server, "https://h");
    let overrides = Overrides {
        server: "https://x".into(),
        proxy_url: "http://p".into(),
        disable_compression: true,
        default_server: "http://localhost:8080".into(),
        ..Overrides::default()
    };
    let given = cluster(overrides);
    assert_eq!(given.cluster.server, "https://x");
    assert!(given.cluster.disable_compression);
}

#[test]
fn kc_62_lists_replace_and_maps_merge() {
    let body = "{as: a, as-uid: i, as-groups: [g1, g2], as-user-extra: {k: [1a], l: [2a]}}";
    let mut overrides = Overrides { impersonate_groups: vec!["g3".into()], ..Overrides::default() };
    overrides.add_extra("k=x=y");
    overrides.add_extra("k=z");
    overrides.add_extra("nothing");
    let impersonation = user(body, overrides).unwrap().authentication.impersonation;
    assert_eq!((impersonation.user.as_str(), impersonation.uid.as_str()), ("a", "i"));
    assert_eq!(impersonation.groups, ["g3"]);
    let extra = [("k", vec!["x=y", "z"]), ("l", vec!["2a"])]
        .map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect()));
    assert_eq!(impersonation.extra, extra);
}

#[test]
fn kc_62_plugins_replace_whole() {
    let body = "{exec: {command: old, args: [a], apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}";
    let exec = ExecEntry {
        command: "new".into(),
        api_version: "client.authentication.k8s.io/v1".into(),
        interactive_mode: "Never".into(),
        ..ExecEntry::default()
    };
    let profile = user(body, Overrides { exec: Some(exec), ..Overrides::default() }).unwrap();
    let Authorization::Exec(exec) = profile.authentication.authorization else { panic!() };
    assert_eq!((exec.command.as_str(), exec.args.len()), ("new", 0));
    let auth_provider = Some(AuthProvider { name: "x".into(), ..AuthProvider::default() });
    let result = user(body, Overrides { auth_provider, ..Overrides::default() });
    assert_eq!(kinds(&result), [ProblemKind::ExecAndAuthProvider]);
}

#[test]
fn kc_63_the_ways_to_trust_replace_each_other() {
    let insecure = cluster(Overrides { insecure_skip_tls_verify: true, ..Default::default() });
    assert_eq!(insecure.cluster.roots, Roots::System);
    assert!(insecure.cluster.insecure_skip_tls_verify);
    let file = cluster(Overrides { certificate_authority: "ca".into(), ..Default::default() });
    assert_eq!(file.cluster.roots, Roots::File("ca".into()));
    let overrides = Overrides { certificate_authority: "ca".into(), ..Default::default() };
    let profile =
        select_with("{server: 'https://h', insecure-skip-tls-verify: true}", "{}", &overrides);
    assert!(!profile.unwrap().cluster.insecure_skip_tls_verify);
    let data = Overrides { certificate_authority_data: "new".into(), ..Default::default() };
    assert_eq!(cluster(data).cluster.roots, Roots::Pem(Secret::from("new")));
    let both = Overrides {
        insecure_skip_tls_verify: true,
        certificate_authority: "ca".into(),
        ..Default::default()
    };
    let result = select_with(TRUST, "{}", &both);
    assert_eq!(kinds(&result), [ProblemKind::RootsAndInsecure("certificate-authority")]);
}

#[test]
fn kc_64_another_server_has_another_tls_name() {
    let server = Overrides { server: "https://x".into(), ..Overrides::default() };
    let profile = cluster(server.clone());
    assert_eq!(profile.cluster.tls_server_name, None);
    assert_eq!(profile.cluster.roots, Roots::Pem(Secret::from("ca")));
    let both = Overrides { tls_server_name: "other".into(), ..server };
    assert_eq!(cluster(both).cluster.tls_server_name.as_deref(), Some("other"));
    let name = Overrides { tls_server_name: "other".into(), ..Overrides::default() };
    assert_eq!(cluster(name).cluster.tls_server_name.as_deref(), Some("other"));
}

#[test]
fn kc_65_a_certificate_or_key_replaces_both_of_its_forms() {
    let certificate =
        |body: &str, overrides| user(body, overrides).unwrap().authentication.certificate;
    let data = "{client-certificate-data: Y3J0, client-key-data: a2V5}";
    let files = Overrides {
        client_certificate: "crt".into(),
        client_key: "key".into(),
        ..Overrides::default()
    };
    let of_files = ClientCertificate {
        certificate: Material::File("crt".into()),
        key: Material::File("key".into()),
    };
    assert_eq!(certificate(data, files), Some(of_files.clone()));
    let overrides = Overrides {
        client_certificate_data: "c".into(),
        client_key_data: "k".into(),
        ..Overrides::default()
    };
    let of_data = ClientCertificate {
        certificate: Material::Data("c".into()),
        key: Material::Data("k".into()),
    };
    assert_eq!(certificate("{client-certificate: crt, client-key: key}", overrides), Some(of_data));
    let half = Overrides { client_certificate: "crt".into(), ..Overrides::default() };
    let mixed = ClientCertificate { key: Material::Data("key".into()), ..of_files };
    assert_eq!(certificate(data, half), Some(mixed));
}

#[test]
fn kc_66_a_token_does_not_clear_basic_authentication() {
    let overrides = Overrides { token: "hush".into(), ..Overrides::default() };
    let result = user("{username: me, password: hush}", overrides);
    assert_eq!(kinds(&result), [ProblemKind::SeveralMethods("token")]);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("user \"u\"") && !error.contains("hush"), "{error}");
}

#[test]
fn kc_66_as_keeps_the_kubeconfigs_groups() {
    let overrides = Overrides { impersonate_user: "b".into(), ..Overrides::default() };
    let profile = user("{as: a, as-groups: [g]}", overrides).unwrap();
    let impersonation = profile.authentication.impersonation;
    assert_eq!(
        (impersonation.user.as_str(), impersonation.groups.as_slice()),
        ("b", ["g".to_owned()].as_slice())
    );
}

/// I: in client-go the file goes before the flag.
#[test]
fn ua_7_a_token_override_replaces_the_token_file() {
    let token = Overrides { token: "flag".into(), ..Overrides::default() };
    let profile = user("{token: t, tokenFile: /f}", token).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Token("flag".into()));
    let file = Overrides { token_file: "/g".into(), ..Overrides::default() };
    let profile = user("{token: t}", file).unwrap();
    assert_eq!(
        profile.authentication.authorization,
        Authorization::TokenFile { path: "/g".into(), fallback: None }
    );
    let both = Overrides { token: "t".into(), token_file: "/g".into(), ..Overrides::default() };
    let fallback = Some(Token("t".into()));
    assert_eq!(
        user("{}", both).unwrap().authentication.authorization,
        Authorization::TokenFile { path: "/g".into(), fallback }
    );
}

#[test]
fn ua_3_a_token_override_turns_a_plugin_off() {
    let body =
        "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}";
    let profile = user(body, Overrides { token: "t".into(), ..Overrides::default() }).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Token("t".into()));
    assert_eq!(rules(&profile), ["UA-3"]);
}

#[test]
fn kc_40_paths_of_overrides_are_not_taken_from_a_kubeconfigs_folder() {
    let overrides = Overrides { token_file: "tok".into(), ..Overrides::default() };
    let profile = user("{}", overrides).unwrap();
    assert!(
        matches!(profile.authentication.authorization, Authorization::TokenFile { path, .. } if path == "tok")
    );
}
