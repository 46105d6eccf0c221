//! Which context, cluster, user, namespace and server (KC-41…KC-51, KC-70…KC-73, KC-82, KC-83).

use crate::{cluster, kinds, parse, rules, select, select_with, text};
use kubecred_core::kubeconfig::{EmptyReason, ProblemKind};
use kubecred_core::{
    Authentication, Authorization, Environment, Namespace, Overrides, Profile, Proxy, Secret,
};

const TWO: &str = "current-context: a\n\
    contexts:\n- {name: a, context: {cluster: k1, user: u1, namespace: n1}}\n\
    - {name: b, context: {cluster: k2, user: u2}}\n\
    - {name: ghosts, context: {cluster: gone, user: gone}}\n\
    - {name: ghost-user, context: {cluster: k1, user: gone}}\n- {name: bare}\n\
    clusters:\n- {name: k1, cluster: {server: 'https://1'}}\n\
    - {name: k2, cluster: {server: 'https://2'}}\n- {name: hollow, cluster: {}}\n\
    users:\n- {name: u1, user: {token: t1}}\n- {name: u2, user: {token: t2}}\n";

fn with(overrides: Overrides) -> Result<Profile, kubecred_core::ConfigError> {
    parse(TWO).unwrap().select(&overrides, &Environment::default())
}

fn context(name: &str) -> Result<Profile, kubecred_core::ConfigError> {
    with(Overrides { context: name.into(), ..Overrides::default() })
}

fn strict(name: &str) -> Result<Profile, kubecred_core::ConfigError> {
    with(Overrides { context: name.into(), strict: true, ..Overrides::default() })
}

#[test]
fn kc_41_the_context_asked_for_or_the_current_one() {
    let profile = context("").unwrap();
    assert_eq!(profile.context.as_deref(), Some("a"));
    assert_eq!(
        (profile.cluster.name.as_str(), profile.cluster.server.as_str()),
        ("k1", "https://1")
    );
    assert_eq!(profile.authentication.user, "u1");
    assert_eq!(context("b").unwrap().cluster.server, "https://2");
}

#[test]
fn kc_42_cluster_and_user_may_be_asked_for_by_name() {
    let overrides = Overrides { cluster: "k2".into(), ..Overrides::default() };
    let profile = with(overrides).unwrap();
    assert_eq!(profile.cluster.server, "https://2");
    assert_eq!(profile.authentication.authorization, Authorization::Token(Secret::from("t1")));
    let profile = with(Overrides { user: "u2".into(), ..Overrides::default() }).unwrap();
    assert_eq!(profile.cluster.server, "https://1");
    assert_eq!(profile.authentication.authorization, Authorization::Token(Secret::from("t2")));
}

#[test]
fn kc_43_what_is_asked_for_must_exist_user_first() {
    let overrides = Overrides {
        user: "x".into(),
        context: "y".into(),
        cluster: "z".into(),
        ..Default::default()
    };
    let error = with(overrides.clone()).unwrap_err();
    assert_eq!(error.to_string(), "user \"x\" does not exist (asked for by --user)");
    assert!(!error.is_invalid() && !error.is_context_not_found() && !error.is_empty_config());
    let overrides = Overrides { user: String::new(), ..overrides };
    assert_eq!(
        text(with(overrides.clone())),
        "context \"y\" does not exist (asked for by --context)"
    );
    let overrides = Overrides { context: String::new(), ..overrides };
    assert_eq!(text(with(overrides)), "cluster \"z\" does not exist (asked for by --cluster)");
}

/// O: as in client-go with a notice, or an error.
#[test]
fn kc_44_a_missing_user_is_anonymous_or_an_error_if_strict() {
    let profile = context("ghost-user").unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Anonymous);
    assert_eq!(rules(&profile), ["KC-44"]);
    assert!(profile.notices[0].text.contains("user \"gone\""), "{:?}", profile.notices);
    let error = strict("ghost-user").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid configuration: /k/config:6: context \"ghost-user\": user names user \"gone\", which \
         does not exist"
    );
}

/// O: of client-go's class and in more precise words, or an error of another class.
#[test]
fn kc_45_a_missing_cluster_is_no_configuration_and_says_which() {
    let error = context("ghosts").unwrap_err();
    assert!(error.is_empty_config() && error.is_invalid());
    assert!(error.to_string().contains("context \"ghosts\" names cluster \"gone\""), "{error}");
    let error = strict("ghosts").unwrap_err();
    assert!(!error.is_empty_config() && error.problems().len() == 2, "{error}");
    let error = context("bare").unwrap_err();
    assert!(error.is_empty_config() && error.to_string().contains("\"bare\""), "{error}");
    // kubectl has a server for such cases (KC-74).
    let default_server = "http://localhost:8080".to_owned();
    let overrides = Overrides { context: "bare".into(), default_server, ..Overrides::default() };
    assert_eq!(with(overrides).unwrap().cluster.server, "http://localhost:8080");
}

#[test]
fn kc_46_a_missing_current_context_is_named() {
    let config = parse("# 1\ncurrent-context: gone\nclusters: [{name: k}]").unwrap();
    let error = config.select(&Overrides::default(), &Environment::default()).unwrap_err();
    assert!(error.is_context_not_found() && error.is_invalid() && !error.is_empty_config());
    assert_eq!(
        error.to_string(),
        "invalid configuration: /k/config:2: context \"gone\" is the current context and does not \
         exist"
    );
}

/// O: of client-go's class and in more precise words.
#[test]
fn kc_47_a_lone_context_is_not_selected_by_itself() {
    let file = TWO.replace("current-context: a\n", "");
    let config = parse(&file).unwrap();
    let result = config.select(&Overrides::default(), &Environment::default());
    assert_eq!(kinds(&result), [ProblemKind::EmptyConfig(EmptyReason::NoContext)]);
    assert!(result.unwrap_err().is_empty_config());
    let overrides = Overrides { server: "https://x".into(), ..Overrides::default() };
    let profile = config.select(&overrides, &Environment::default()).unwrap();
    assert_eq!((profile.context, profile.cluster.server.as_str()), (None, "https://x"));
}

#[test]
fn kc_48_kc_50_every_problem_in_order() {
    let result = select(
        "{server: '', proxy-url: 'ftp://p', certificate-authority: a, certificate-authority-data: Y2E=}",
        "{client-certificate: c, client-certificate-data: Y3J0, token: hush, username: me, as-uid: i}",
    );
    assert_eq!(
        text(result),
        "invalid configuration: \
         /k/config:8: user \"u\" has both client-certificate and client-certificate-data; remove one; \
         /k/config:8: user \"u\" has a client certificate without client-key or client-key-data; \
         /k/config:8: user \"u\" has more than one authentication method: token and \
         username/password; remove one; \
         /k/config:7: user \"u\" impersonates a uid, groups or extra without as, the user \
         to impersonate; \
         /k/config:5: cluster \"k\" has no server; \
         /k/config:5: cluster \"k\": proxy-url has the scheme \"ftp\"; it must be http, https or \
         socks5; \
         /k/config:5: cluster \"k\" has both certificate-authority and certificate-authority-data; \
         remove one"
    );
}

#[test]
fn kc_49_only_what_is_selected_is_checked() {
    let dirty = "- {name: dirty, user: {token: a, username: b}}\n";
    let config = parse(&[TWO, dirty].concat()).unwrap();
    assert!(config.select(&Overrides::default(), &Environment::default()).is_ok());
    assert!(config.validate().is_err());
}

#[test]
fn kc_51_an_entry_that_is_there_is_not_no_configuration() {
    let overrides = Overrides { cluster: "hollow".into(), ..Overrides::default() };
    let error = with(overrides).unwrap_err();
    assert!(!error.is_empty_config());
    assert_eq!(
        error.to_string(),
        "invalid configuration: /k/config:11: cluster \"hollow\" has no server"
    );
    let overrides =
        Overrides { context: "bare".into(), disable_compression: true, ..Default::default() };
    assert_eq!(text(with(overrides)), "invalid configuration: default cluster has no server");
}

#[test]
fn kc_52_proxies() {
    for proxy in ["socks5://p", "https://p:8080", "HTTP://me:pw@p", "http://127.0.0.1:3128", "''"] {
        let profile = cluster(&format!("{{server: 'https://h', proxy-url: {proxy}}}")).unwrap();
        let expected =
            if proxy == "''" { Proxy::Environment } else { Proxy::Url(proxy.to_owned()) };
        assert_eq!(profile.cluster.proxy, expected);
    }
    for proxy in [
        "socks6://p",
        "socks5h://p",
        "example.com",
        "host:3128",
        "chewbacca@example.com",
        "http://%zz",
    ] {
        let error = text(cluster(&format!("{{server: 'https://h', proxy-url: '{proxy}'}}")));
        assert!(
            error.contains("cluster \"k\": proxy-url has the scheme") || error.contains("URL"),
            "{error}"
        );
    }
}

#[test]
fn kc_70_kc_72_servers() {
    let server = |server: &str| {
        cluster(&format!("{{server: '{server}'}}")).map(|profile| profile.cluster.server)
    };
    assert_eq!(server("https://h/a/b?x#y").unwrap(), "https://h/a/b");
    assert_eq!(server("https://h/?q=1").unwrap(), "https://h/?q=1");
    assert_eq!(server("https://h//").unwrap(), "https://h//");
    assert_eq!(server("h:8080").unwrap(), "http://h:8080");
    assert_eq!(
        text(server("h/path")),
        "invalid configuration: /k/config:5: cluster \"k\": server must be an http or https URL or \
         host:port"
    );
    assert!(kinds(&server("ftp://h")) == [ProblemKind::BadServer]);
}

#[test]
fn kc_71_a_plain_http_server_gets_no_credentials_and_someone_is_told() {
    let user = "{token: hush, client-certificate: c, client-key: k, as: someone, as-groups: [g]}";
    for server in ["http://me:hush@h", "h:443", "HTTP://h"] {
        let entry = format!(
            "{{server: '{server}', certificate-authority: ca, tls-server-name: tls, \
             proxy-url: 'http://p', disable-compression: true}}"
        );
        let profile = select(&entry, user).unwrap();
        let impersonation = profile.authentication.impersonation.clone();
        assert_eq!((impersonation.user.as_str(), impersonation.groups.len()), ("someone", 1));
        assert_eq!(
            Authentication {
                impersonation: Default::default(),
                user: String::new(),
                ..profile.authentication.clone()
            },
            Authentication::default()
        );
        assert_eq!(profile.cluster.roots, kubecred_core::Roots::System);
        assert_eq!(profile.cluster.tls_server_name, None);
        assert_eq!(profile.cluster.proxy, Proxy::Url("http://p".into()));
        assert!(profile.cluster.disable_compression);
        let [notice] = profile.notices.as_slice() else { panic!("{:?}", profile.notices) };
        assert_eq!(notice.rule, "KC-71");
        for setting in ["token", "client-certificate", "certificate-authority", "tls-server-name"] {
            assert!(notice.text.contains(setting), "{}", notice.text);
        }
        assert!(!notice.text.contains("hush"), "{}", notice.text);
        assert!(profile.provenance.iter().all(|known| known.setting != "token"));
    }
    let plain = select("{server: 'http://h'}", "{}").unwrap();
    assert!(plain.notices.is_empty());
}

#[test]
fn kc_71_insecure_and_plugins_are_withheld_too() {
    let user =
        "{exec: {command: x, apiVersion: client.authentication.k8s.io/v9, interactiveMode: Never}}";
    let profile = select("{server: 'http://h', insecure-skip-tls-verify: true}", user).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Anonymous);
    assert!(!profile.cluster.insecure_skip_tls_verify);
    assert_eq!(rules(&profile), ["KC-71"]);
    // Checks that come before the connection still hold.
    assert!(select("{server: 'http://h'}", "{exec: {command: x}}").is_err());
}

#[test]
fn kc_73_compression_proxy_and_timeout_are_taken_over() {
    let overrides =
        Overrides { timeout: Some(std::time::Duration::from_secs(7)), ..Overrides::default() };
    let profile = select_with("{server: 'https://h', disable-compression: true}", "{}", &overrides);
    let profile = profile.unwrap();
    assert_eq!(profile.timeout, Some(std::time::Duration::from_secs(7)));
    assert!(profile.cluster.disable_compression);
    assert_eq!(profile.cluster.proxy, Proxy::Environment);
}

#[test]
fn kc_82_kc_83_namespaces() {
    let namespace = |name: &str, overridden| Namespace { name: name.into(), overridden };
    assert_eq!(context("a").unwrap().namespace, namespace("n1", false));
    assert_eq!(context("b").unwrap().namespace, namespace("default", false));
    let overrides = Overrides { namespace: "other".into(), ..Overrides::default() };
    assert_eq!(with(overrides).unwrap().namespace, namespace("other", true));
}

#[test]
fn kc_25_kc_83_empty_and_null_references_are_none() {
    let config = parse(
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: ~, namespace: ''}}]\n\
         clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: ~\n",
    )
    .unwrap();
    let profile = config.select(&Overrides::default(), &Environment::default()).unwrap();
    assert_eq!(profile.authentication, Authentication::default());
    assert_eq!(profile.namespace, Namespace::default());
    assert!(profile.notices.is_empty());
    let nothing = parse("current-context: ''").unwrap();
    let result = nothing.select(&Overrides::default(), &Environment::default());
    assert!(result.unwrap_err().is_empty_config());
}
