//! Which configurations are taken, what is made of them, and why others are not.

use kubecred_core::{Authorization, Roots};
use kubecred_envoy::settings::{ClientImpersonation, Settings};
use serde_json::{Value, json};
use std::time::Duration;

fn kubeconfig(cluster: &Value, user: &Value) -> Value {
    json!({
        "current-context": "here",
        "contexts": [
            { "name": "here", "context": { "cluster": "east", "user": "me" } },
            { "name": "there", "context": { "cluster": "west", "user": "me" } },
        ],
        "clusters": [
            { "name": "east", "cluster": cluster },
            { "name": "west", "cluster": { "server": "https://west.example" } },
        ],
        "users": [{ "name": "me", "user": user }],
    })
}

fn https() -> Value {
    json!({ "server": "https://east.example" })
}

fn taken(plugin: &Value) -> Settings {
    Settings::read(plugin.to_string().as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The lines of a refusal, in which no secret may be.
fn refused(plugin: &Value) -> Vec<String> {
    let refusal = Settings::read(plugin.to_string().as_bytes()).expect_err("refused");
    assert!(!refusal.to_string().contains("hush"), "{refusal}");
    refusal.0
}

#[test]
fn a_kubeconfig_is_a_text_or_written_out() {
    let config = kubeconfig(&https(), &json!({ "token": "t" }));
    for kubeconfig in [config.clone(), config.to_string().into()] {
        let settings = taken(&json!({ "kubeconfig": kubeconfig }));
        assert_eq!(settings.profile.cluster.server, "https://east.example");
        assert_eq!(settings.hold.requests, 1000);
        assert_eq!(settings.hold.time, Duration::from_secs(10));
        assert_eq!(settings.client_impersonation, ClientImpersonation::Remove);
    }
    let settings = taken(&json!({ "kubeconfig": config, "context": "there" }));
    assert_eq!(settings.profile.cluster.server, "https://west.example");
}

#[test]
fn a_pods_account_is_found_in_variables_and_files() {
    let folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    let authority = include_str!("../../../tests/vectors/certificates/p256.crt");
    let settings = taken(&json!({
        "environment": { "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443" },
        "files": { (format!("{folder}/token")): "t", (format!("{folder}/ca.crt")): authority },
        "connections": "envoy",
    }));
    assert_eq!(settings.profile.cluster.server, "https://10.0.0.1:443");
    assert!(matches!(
        settings.profile.authentication.authorization,
        Authorization::TokenFile { .. }
    ));
}

#[test]
fn every_unknown_field_is_named_and_no_value_is_shown() {
    let lines = refused(&json!({ "kubekonfig": "hush", "hold": {}, "token": "hush" }));
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("kubekonfig: unknown field; there are: "), "{lines:?}");
    assert!(lines[1].contains("token: unknown field"), "{lines:?}");
    let lines = refused(&json!({ "kubeconfig": {}, "hold": { "seconds": 1 } }));
    assert!(lines[0].contains("hold.seconds: unknown field; there are: milliseconds, requests"));
    for (field, value) in [
        ("connections", json!("hush")),
        ("clientImpersonation", json!("hush")),
        ("files", json!({ "/a": 7 })),
        ("hold", json!({ "requests": -1 })),
        ("clusters", json!(["hush"])),
    ] {
        let lines = refused(&json!({ "kubeconfig": {}, field: value }));
        assert!(lines[0].contains(field), "{field}: {lines:?}");
    }
    assert_eq!(refused(&Value::Null), ["configuration: it is empty"]);
}

#[test]
fn what_only_a_connection_needs_is_envoys_or_it_is_refused() {
    let cluster = json!({
        "server": "https://east.example", "tls-server-name": "api",
        "certificate-authority": "/ca.crt", "proxy-url": "http://me:hush@proxy",
    });
    let user = json!({ "token": "t", "client-certificate": "/c.crt", "client-key": "/c.key" });
    let mut plugin = json!({ "kubeconfig": kubeconfig(&cluster, &user) });
    let lines = refused(&plugin);
    for field in [
        "cluster \"east\": certificate-authority: ",
        "cluster \"east\": tls-server-name: ",
        "cluster \"east\": proxy-url: ",
        "user \"me\": client-certificate: ",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(field)), "{field}: {lines:?}");
    }
    assert_eq!(lines.len(), 4);
    plugin["connections"] = json!("envoy");
    let profile = taken(&plugin).profile;
    assert_eq!(profile.cluster.roots, Roots::System);
    assert_eq!(profile.authentication.certificate, None);
    let mut plugin = json!({ "kubeconfig": kubeconfig(&https(), &json!({ "token": "t" })) });
    plugin["environment"] = json!({ "HTTPS_PROXY": "http://me:hush@proxy" });
    assert!(refused(&plugin)[0].starts_with("environment: HTTPS_PROXY: "));
}

#[test]
fn what_a_filter_cannot_do_is_refused() {
    let exec = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "args": ["hush"],
        "interactiveMode": "Never",
    } });
    let lines = refused(&json!({ "kubeconfig": kubeconfig(&https(), &exec) }));
    assert!(lines[0].starts_with("user \"me\": exec: a filter starts no processes"), "{lines:?}");
    let file = json!({ "tokenFile": "/run/token" });
    let mut plugin = json!({ "kubeconfig": kubeconfig(&https(), &file) });
    let expected = "user \"me\": tokenFile: a filter reads no files: put the content of \
                    \"/run/token\" under \"files\"";
    assert_eq!(refused(&plugin), [expected]);
    plugin["files"] = json!({ "/run/token": "t" });
    let _ = taken(&plugin);
}

#[test]
fn tr_21_a_service_account_takes_a_login_that_a_filter_can_present_and_a_way_to_the_server() {
    let account = json!({ "namespace": "prod", "name": "deployer", "seconds": 600 });
    let plugin = |user: Value, clusters: Value| {
        json!({
            "kubeconfig": kubeconfig(&https(), &user), "serviceAccount": account,
            "clusters": clusters, "connections": "envoy",
        })
    };
    let way = || json!({ "east.example": "east" });
    let settings = taken(&plugin(json!({ "token": "t" }), way()));
    let account = settings.profile.authentication.service_account.expect("it is set");
    assert_eq!((account.namespace.as_str(), account.name.as_str()), ("prod", "deployer"));
    assert_eq!(account.lifetime, Some(Duration::from_secs(600)));

    let lines = refused(&plugin(json!({ "token": "hush" }), json!({})));
    assert!(lines[0].starts_with("serviceAccount: clusters: none is named for"), "{lines:?}");
    let certificate = json!({ "client-certificate": "/c.crt", "client-key": "/c.key" });
    let lines = refused(&plugin(certificate, way()));
    assert!(lines[0].contains("a filter presents no certificate"), "{lines:?}");
    let mut other = plugin(json!({ "token": "hush" }), way());
    other["serviceAccount"] = json!({ "namespace": "prod", "nam": "x" });
    assert!(refused(&other)[0].contains("serviceAccount.nam: unknown field"));
    other["serviceAccount"] = json!({ "namespace": "", "name": "x" });
    assert!(refused(&other)[0].contains("may not be empty"));
}

#[test]
fn an_issuer_is_mapped_to_a_cluster_with_or_without_its_port() {
    let user = |issuer: &str| {
        json!({ "auth-provider": { "name": "oidc", "config": {
            "idp-issuer-url": issuer, "client-id": "c", "refresh-token": "hush",
        } } })
    };
    let plugin = |issuer: &str, name: &str| json!({ "kubeconfig": kubeconfig(&https(), &user(issuer)), "clusters": { name: "it" } });
    for (issuer, name) in [
        ("https://id.example", "id.example"),
        ("https://ID.example/realm", "id.EXAMPLE"),
        ("https://id.example:443/", "id.example"),
        ("https://id.example", "id.example:443"),
        ("https://id.example:8443?x", "id.example:8443"),
    ] {
        let _ = taken(&plugin(issuer, name));
    }
    for (issuer, name) in [
        ("https://id.example", "other.example"),
        ("https://id.example:8443", "id.example"),
        ("https://id.example", "id.example:80"),
        ("https://me:hush@id.example", "id.example"),
    ] {
        let lines = refused(&plugin(issuer, name));
        assert!(lines[0].contains("idp-issuer-url: "), "{lines:?}");
    }
}

#[test]
fn everything_that_is_wrong_with_a_kubeconfig_is_told() {
    let lines = refused(&json!({ "kubeconfig": {
        "current-context": "here",
        "contexts": [{ "name": "here", "context": { "cluster": "east", "user": "nobody" } }],
        "clusters": [{ "name": "east", "cluster": https() }],
    } }));
    assert!(lines[0].contains("nobody"), "{lines:?}");
    let broken = json!({ "token": "hush\nhush" });
    let lines = refused(&json!({ "kubeconfig": kubeconfig(&https(), &broken) }));
    assert!(lines[0].contains("user \"me\""), "{lines:?}");
}
