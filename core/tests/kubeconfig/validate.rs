//! The whole of a configuration (KC-61).

use crate::{kinds, parse, text};
use kubecred_core::Kubeconfig;
use kubecred_core::kubeconfig::{ClusterEntry, ContextEntry, ProblemKind, UserEntry};

#[test]
fn kc_60_an_empty_configuration_is_its_own_error() {
    let error = Kubeconfig::default().validate().unwrap_err();
    assert!(error.is_empty_config() && error.is_invalid());
    assert!(parse("").unwrap().validate_context("x").unwrap_err().is_empty_config());
}

#[test]
fn kc_61_every_entry_and_every_context() {
    let config = parse(
        "current-context: gone\n\
         contexts:\n- {name: '', context: {cluster: k, user: u}}\n- name: bare\n\
         - {name: lost, context: {cluster: gone, user: gone}}\n\
         - {name: ns, context: {cluster: k, user: u, namespace: Bad_Name}}\n\
         users:\n- {name: u, user: {token: t}}\n- {name: bad, user: {as-uid: i}}\n\
         clusters:\n- {name: k, cluster: {server: s}}\n- {name: none}\n- {name: p, cluster: {proxy-url: x}}\n",
    )
    .unwrap();
    let error = config.validate().unwrap_err();
    let told: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/k/config:1: context \"gone\" is the current context and does not exist",
            "/k/config:3: context \"\" has an empty name",
            "/k/config:4: context \"bare\": user is not set",
            "/k/config:4: context \"bare\": cluster is not set",
            "/k/config:5: context \"lost\": user names user \"gone\", which does not exist",
            "/k/config:5: context \"lost\": cluster names cluster \"gone\", which does not exist",
            "/k/config:6: context \"ns\": namespace \"Bad_Name\" is not a DNS label: at most 63 of \
             a-z, 0-9 and -, with no - at either end",
            "/k/config:9: user \"bad\" impersonates a uid, groups or extra without as, the \
             user to impersonate",
            "/k/config:12: cluster \"none\" has no server",
            "/k/config:13: cluster \"p\" has no server",
            "/k/config:13: cluster \"p\": proxy-url has the scheme \"\"; it must be http, https or \
             socks5",
        ]
    );
    assert!(error.is_context_not_found() && error.is_invalid());
}

#[test]
fn kc_61_a_clean_context_is_usable_in_a_dirty_configuration() {
    let config = parse(
        "contexts: [{name: clean, context: {cluster: k, user: u}}, {name: dirty, context: {cluster: x, user: b}}]\n\
         clusters: [{name: k, cluster: {server: s}}]\n\
         users: [{name: u, user: {token: t}}, {name: b, user: {token: t, username: me}}]",
    )
    .unwrap();
    assert_eq!(config.validate_context("clean"), Ok(()));
    assert_eq!(kinds(&config.validate_context("dirty")).len(), 2);
    assert_eq!(kinds(&config.validate_context("gone")), [ProblemKind::ContextNotFound]);
    let none = config.validate_context("");
    assert_eq!(kinds(&none), [ProblemKind::NoContextChosen]);
    let error = none.unwrap_err();
    assert!(!error.is_invalid() && !error.is_empty_config());
    assert!(config.validate().is_err());
}

#[test]
fn kc_61_a_configuration_by_hand_is_checked_like_one_from_a_file() {
    let mut config = Kubeconfig { current_context: "c".into(), ..Kubeconfig::default() };
    config
        .clusters
        .insert("k".into(), ClusterEntry { server: "https://h".into(), ..Default::default() });
    config.users.insert("u".into(), UserEntry { token: "hush".into(), ..Default::default() });
    let context = ContextEntry { cluster: "k".into(), user: "u".into(), ..Default::default() };
    config.contexts.insert("c".into(), context);
    assert_eq!(config.validate(), Ok(()));
    config.users.insert(
        "v".into(),
        UserEntry { token: "hush".into(), username: "me".into(), ..Default::default() },
    );
    assert_eq!(
        text(config.validate()),
        "invalid configuration: user \"v\" has more than one authentication method: token and \
         username/password; remove one"
    );
}
