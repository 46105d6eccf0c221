//! What a file's fields mean (KC-18…KC-31).

use crate::{kinds, parse, text};
use kubecred_core::kubeconfig::{ProblemKind, UserEntry};
use kubecred_core::{Kubeconfig, Secret};

fn user_of(body: &str) -> UserEntry {
    let config = parse(&format!("users:\n- name: u\n  user:\n{body}")).unwrap();
    config.users["u"].clone()
}

/// I: client-go refuses the escapes `\/` and `\ud83e\udd80`, which are good JSON.
#[test]
fn kc_18_json_is_read_and_so_are_its_escapes() {
    let text = r#"{"current-context": "a\/b", "users": [{"name": "\ud83e\udd80", "user": {}}]}"#;
    let config = parse(text).unwrap();
    assert_eq!(config.current_context, "a/b");
    assert!(config.users.contains_key("🦀"));
    assert!(parse("{\n\t\"current-context\": \"x\"\n}").is_ok());
    assert!(parse("clusters:\n\t- name: x").is_err());
}

#[test]
fn kc_19_anchors_merge_keys_marks_and_later_documents() {
    let config = parse(
        "\u{feff}x: &base {server: 'https://h', proxy-url: 'http://p'}\n1: ignored\n\
         clusters:\n- name: a\n  cluster: {<<: *base, proxy-url: 'http://q'}\n\
         - name: b\n  cluster: *base\n---\n{ not yaml",
    )
    .unwrap();
    let server = |name: &str| config.clusters[name].server.as_str();
    assert_eq!((server("a"), server("b")), ("https://h", "https://h"));
    assert_eq!(config.clusters["a"].proxy_url, "http://q");
}

#[test]
fn kc_19_utf_16_is_read() {
    let units = "\u{feff}current-context: ünï".encode_utf16();
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    assert_eq!(Kubeconfig::from_bytes(&bytes).unwrap().current_context, "ünï");
}

#[test]
fn kc_20_unknown_fields_are_ignored_and_case_matters_but_for_the_version() {
    let config = parse(
        "Clusters: [{name: x}]\nnovelty: {}\nAPIVERSION: v1\nKIND: Config\nusers:\n\
         - name: u\n  more: 1\n  user: {Token: hush, token: t, novelty: [1]}",
    )
    .unwrap();
    assert!(config.clusters.is_empty());
    assert_eq!(config.users["u"].token, Secret::from("t"));
    let kind = ProblemKind::UnknownVersion { api_version: "v2".into(), kind: "Config".into() };
    assert_eq!(kinds(&parse("APIVERSION: v2")), [kind]);
    // Go meets `APIVERSION` first and `apiVersion` after it.
    assert!(parse("apiVersion: v1\nAPIVERSION: v2").is_ok());
}

#[test]
fn kc_21_of_equal_keys_the_last_wins() {
    assert_eq!(parse("current-context: a\ncurrent-context: b").unwrap().current_context, "b");
    assert_eq!(
        parse(r#"{"current-context": 1, "current-context": "b"}"#).unwrap().current_context,
        "b"
    );
    assert_eq!(user_of("    token: a\n    token: b\n").token, Secret::from("b"));
}

#[test]
fn kc_22_version_and_kind_may_be_missing_and_not_wrong() {
    for text in ["apiVersion: v1", "kind: Config", "apiVersion: ''\nkind: ~", "apiVersion: /v1"] {
        assert!(parse(text).is_ok(), "{text}");
    }
    for text in
        ["apiVersion: v2", "kind: config", "kind: Pod", "apiVersion: foo/v1", "apiVersion: a/b/c"]
    {
        let error = parse(&["# 1\n", text].concat()).unwrap_err();
        assert!(matches!(error.problems()[0].kind, ProblemKind::UnknownVersion { .. }), "{text}");
        assert!(error.to_string().starts_with("/k/config:2: "), "{error}");
    }
    assert!(parse("apiVersion: 1").is_err());
}

#[test]
fn kc_23_the_root_is_a_mapping() {
    for (file, found) in [("[]", "a list"), ("bogus value", "a string"), ("12", "a number")] {
        assert_eq!(text(parse(file)), format!("/k/config:1: expected a mapping, found {found}"));
    }
}

#[test]
fn kc_24_scalars_have_their_types_and_all_that_are_wrong_are_told() {
    let file = "current-context: yes\n\
        clusters:\n- name: 1234\n- name: k\n  cluster:\n    server: 1_000\n    \
        insecure-skip-tls-verify: 'true'\n\
        users:\n- name: u\n  user:\n    token: 433e40\n    password: [hush]\n    exec:\n      \
        args: [a, 1]\n    auth-provider: {name: oidc, config: {key: 7}}\n";
    let error = parse(file).unwrap_err();
    let places: Vec<_> = error
        .problems()
        .iter()
        .map(|p| (p.line, p.entry.as_str(), p.field.trim_end_matches(':')))
        .collect();
    assert_eq!(
        places,
        [
            (1, "", "current-context"),
            (3, "", "clusters: name"),
            (6, "cluster \"k\"", "server"),
            (7, "cluster \"k\"", "insecure-skip-tls-verify"),
            (11, "user \"u\"", "token"),
            (12, "user \"u\"", "password"),
            (14, "user \"u\"", "exec.args[1]"),
            (15, "user \"u\"", "auth-provider.config.?"),
        ]
    );
    assert!(!error.to_string().contains("hush") && !error.to_string().contains("433"), "{error}");
    for token in ["2020-01-02", "1:20", "'12'", "!!str 12", "!!binary aGk="] {
        assert!(parse(&format!("users: [{{name: u, user: {{token: {token}}}}}]")).is_ok());
    }
}

#[test]
fn kc_24_yaml_1_1_booleans_are_booleans() {
    for word in ["yes", "on", "y", "true", "True", "Y"] {
        let config = parse(&format!(
            "clusters: [{{name: k, cluster: {{insecure-skip-tls-verify: {word}}}}}]"
        ));
        assert!(config.unwrap().clusters["k"].insecure_skip_tls_verify, "{word}");
    }
}

#[test]
fn kc_25_null_is_empty() {
    let config = parse(
        "clusters: ~\ncontexts: [~]\ncurrent-context: ~\nextensions: ~\npreferences: ~\n\
         users:\n- name: a\n- name: b\n  user: ~\n- name: ~\n  user: {token: ~, as-groups: ~,\n    \
         exec: ~, auth-provider: {name: x, config: {k: ~}}, client-key-data: ~}",
    )
    .unwrap();
    assert!(config.clusters.is_empty() && config.contexts.contains_key(""));
    assert_eq!(config.users.keys().collect::<Vec<_>>(), ["", "a", "b"]);
    let unnamed = &config.users[""];
    assert!(unnamed.token.is_empty() && unnamed.exec.is_none());
    assert!(unnamed.auth_provider.as_ref().unwrap().config["k"].is_empty());
}

#[test]
fn kc_26_lists_are_lists() {
    for field in ["clusters", "users", "contexts", "extensions"] {
        let error = text(parse(&format!("{field}: {{a: {{}}}}")));
        assert_eq!(error, format!("/k/config:1: {field}: expected a list, found a mapping"));
        assert!(parse(&format!("{field}: [a]")).is_err());
    }
    let error = text(parse("users: [{name: u, user: [hush]}]"));
    assert_eq!(error, "/k/config:1: user \"u\": user: expected a mapping, found a list");
}

/// I: client-go shows both entries whole, tokens and all.
#[test]
fn kc_27_names_are_unique_and_the_error_shows_no_entry() {
    for (list, body) in [("clusters", "cluster"), ("users", "user"), ("contexts", "context")] {
        let file = format!(
            "{list}:\n- {{name: a, {body}: {{token: hush}}}}\n- name: b\n- name: a\n- ~\n- ~\n"
        );
        let error = parse(&file).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "/k/config:4: {body} \"a\" is in this file twice; remove or rename one; \
                 /k/config:6: {body} \"\" is in this file twice; remove or rename one"
            )
        );
    }
}

#[test]
fn kc_27_extensions_of_one_owner_have_unique_names_unless_null() {
    let twice = "[{name: e, extension: 1}, {name: e, extension: hush}]";
    for (file, at) in [
        (format!("extensions: {twice}"), "extension \"e\" "),
        (format!("preferences: {{extensions: {twice}}}"), "extension \"e\" "),
        (
            format!("clusters: [{{name: k, cluster: {{extensions: {twice}}}}}]"),
            "extension \"e\" of cluster \"k\" ",
        ),
        (
            format!("users: [{{name: u, user: {{extensions: {twice}}}}}]"),
            "extension \"e\" of user \"u\" ",
        ),
        (
            format!("contexts: [{{name: c, context: {{extensions: {twice}}}}}]"),
            "extension \"e\" of context \"c\" ",
        ),
    ] {
        let error = text(parse(&file));
        assert!(error.contains(at) && !error.contains("hush"), "{error}");
    }
    let extensions = |list: &str| parse(&format!("extensions: {list}"));
    assert_eq!(
        extensions("[{name: e}, {name: e, extension: 1}]").unwrap().extensions["e"].as_json(),
        "1"
    );
    assert!(extensions("[{name: e, extension: 1}, {name: e}]").is_err());
}

#[test]
fn kc_28_data_is_standard_base64() {
    let ca = |data: &str| {
        parse(&format!(
            "clusters:\n- name: k\n  cluster:\n    certificate-authority-data: {data}\n"
        ))
    };
    for (data, bytes) in [
        ("aGVsbG8=", "hello"),
        ("|\n      aGVs\n      bG8=\n", "hello"),
        ("\"aGVs\\r\\nbG8=\"", "hello"),
        ("''", ""),
    ] {
        let config = ca(data).unwrap();
        assert_eq!(config.clusters["k"].certificate_authority_data, Secret::from(bytes), "{data}");
    }
    for (data, at) in [(">\n      aGVs\n      bG8=\n", 4), ("aGVs_G8=", 4), ("aGVsbG8", 7)] {
        let error = ca(data).unwrap_err();
        assert_eq!(error.problems()[0].kind, ProblemKind::Base64(at), "{data}");
        assert_eq!(
            error.to_string(),
            format!(
                "/k/config:4: cluster \"k\": certificate-authority-data is not standard base64 with \
                 padding (at byte {at})"
            )
        );
    }
    for field in ["client-certificate-data", "client-key-data"] {
        assert!(parse(&format!("users: [{{name: u, user: {{{field}: 'hush!'}}}}]")).is_err());
    }
}

#[test]
fn kc_29_extensions_are_json_with_sorted_keys() {
    let config = parse(
        "extensions:\n- name: e\n  extension:\n    z: yes\n    a: 1.0\n    o: 010\n    \
         d: 2020-01-02\n    w: {b: [~, x], a: {}}\n- name: s\n  extension: bare\n",
    )
    .unwrap();
    let json = |name: &str| config.extensions[name].as_json();
    assert_eq!(json("e"), r#"{"a":1,"d":"2020-01-02","o":8,"w":{"a":{},"b":[null,"x"]},"z":true}"#);
    assert_eq!(json("s"), r#""bare""#);
}

#[test]
fn kc_30_the_versions_before_v1_have_a_default_mode() {
    let mode = |version: &str, mode: &str| {
        let body = format!("    exec: {{apiVersion: {version}, command: x, {mode}}}\n");
        user_of(&body).exec.unwrap().interactive_mode
    };
    assert_eq!(mode("client.authentication.k8s.io/v1alpha1", ""), "IfAvailable");
    assert_eq!(mode("client.authentication.k8s.io/v1beta1", ""), "IfAvailable");
    assert_eq!(mode("client.authentication.k8s.io/v1beta1", "interactiveMode: Never"), "Never");
    assert_eq!(mode("client.authentication.k8s.io/v1", ""), "");
    assert_eq!(mode("~", ""), "");
}

#[test]
fn kc_31_every_field_has_its_wire_name() {
    let config = parse(
        "kind: Config\napiVersion: v1\npreferences: {colors: true, extensions: [{name: p, extension: 1}]}\n\
         current-context: c\nextensions: [{name: t, extension: 2}]\n\
         clusters:\n- name: k\n  cluster: {server: s, tls-server-name: tls, insecure-skip-tls-verify: true,\n    \
         certificate-authority: /ca, certificate-authority-data: Y2E=, proxy-url: p,\n    \
         disable-compression: true, extensions: [{name: e, extension: 3}]}\n\
         contexts:\n- name: c\n  context: {cluster: k, user: u, namespace: ns, extensions: [{name: e, extension: 4}]}\n\
         users:\n- name: u\n  user:\n    client-certificate: /crt\n    client-certificate-data: Y3J0\n    \
         client-key: /key\n    client-key-data: a2V5\n    token: t\n    tokenFile: /tf\n    as: a\n    \
         as-uid: i\n    as-groups: [g, h]\n    as-user-extra: {x: [v, w]}\n    username: un\n    \
         password: pw\n    auth-provider: {name: ap, config: {k: v}}\n    exec: {command: cmd, args: [1a, 2b],\n      \
         env: [{name: A, value: V}], apiVersion: av, installHint: ih, provideClusterInfo: true,\n      \
         interactiveMode: im}\n    extensions: [{name: e, extension: 5}]\n",
    )
    .unwrap();
    assert!(config.preferences.colors);
    assert_eq!(config.preferences.extensions["p"].as_json(), "1");
    assert_eq!(config.extensions["t"].as_json(), "2");
    let k = &config.clusters["k"];
    assert_eq!(
        (k.server.as_str(), k.tls_server_name.as_str(), k.proxy_url.as_str()),
        ("s", "tls", "p")
    );
    assert!(k.insecure_skip_tls_verify && k.disable_compression);
    assert_eq!(k.certificate_authority, "/ca");
    assert_eq!(k.certificate_authority_data, Secret::from("ca"));
    assert_eq!(k.extensions["e"].as_json(), "3");
    let c = &config.contexts["c"];
    assert_eq!((c.cluster.as_str(), c.user.as_str(), c.namespace.as_str()), ("k", "u", "ns"));
    assert_eq!(c.extensions["e"].as_json(), "4");
    let u = &config.users["u"];
    assert_eq!((u.client_certificate.as_str(), u.client_key.as_str()), ("/crt", "/key"));
    assert_eq!(u.client_certificate_data, Secret::from("crt"));
    assert_eq!(u.client_key_data, Secret::from("key"));
    assert_eq!((u.token.clone(), u.token_file.as_str()), (Secret::from("t"), "/tf"));
    assert_eq!((u.impersonate_user.as_str(), u.impersonate_uid.as_str()), ("a", "i"));
    assert_eq!(u.impersonate_groups, ["g", "h"]);
    assert_eq!(u.impersonate_extra["x"], ["v", "w"]);
    assert_eq!((u.username.as_str(), u.password.clone()), ("un", Secret::from("pw")));
    let provider = u.auth_provider.as_ref().unwrap();
    assert_eq!((provider.name.as_str(), &provider.config["k"]), ("ap", &Secret::from("v")));
    let exec = u.exec.as_ref().unwrap();
    assert_eq!(
        (exec.command.as_str(), exec.args.as_slice()),
        ("cmd", ["1a".into(), "2b".into()].as_slice())
    );
    assert_eq!((exec.env[0].name.as_str(), &exec.env[0].value), ("A", &Secret::from("V")));
    assert_eq!((exec.api_version.as_str(), exec.install_hint.as_str()), ("av", "ih"));
    assert!(exec.provide_cluster_info);
    assert_eq!(exec.interactive_mode, "im");
    assert_eq!(u.extensions["e"].as_json(), "5");
}

#[test]
fn a_file_of_nothing_but_problems_is_told_the_first_hundred() {
    let error = parse(&format!("clusters: [{}]", "x, ".repeat(10_000))).unwrap_err();
    assert_eq!(error.problems().len(), 100);
    let contexts = (0..1000).map(|index| format!("- name: c{index}\n"));
    let config = parse(&["contexts:\n", &contexts.collect::<String>()].concat()).unwrap();
    assert_eq!(config.validate().unwrap_err().problems().len(), 100);
}
