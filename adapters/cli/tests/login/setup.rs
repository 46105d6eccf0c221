//! `kubecred setup`: what it says is what the provider has, and what it writes works.

use crate::place::{Ended, Place, ended, log_in, run, start};
use crate::webdriver::Browser;
use serde_json::{Value, json};
use std::fs;

/// Runs `setup` with a person in the browser.
fn setup(place: &Place, more: &[&str]) -> Ended {
    let browser = Browser::start();
    let count = place.opened().len() + 1;
    let mut child = start(&mut place.kubecred("setup", more));
    let url = place.wait_opened(count, &mut child);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    ended(child)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_the_provider_has_and_what_kubeconfig_and_cluster_need() {
    let place = Place::new(3600).await;
    let setup = setup(&place, &[]);
    let text = setup.good();
    let issuer = &place.provider.issuer;
    let discovery = place.curl("/.well-known/openid-configuration", &[]);
    let named = |name: &str| discovery[name].as_str().expect("text").to_owned();
    for (row, name) in [
        ("authorization", "authorization_endpoint"),
        ("token", "token_endpoint"),
        ("device flow", "device_authorization_endpoint"),
        ("revocation", "revocation_endpoint"),
        ("logout page", "end_session_endpoint"),
    ] {
        let line = format!("{row:<16} {}\n", named(name));
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(text.contains("PKCE             S256\n"), "{text}");
    assert!(text.contains("Logged in as ann@example.com.\n"), "{text}");
    assert!(text.contains("\"email\": \"ann@example.com\""), "the claims are shown: {text}");
    for flag in ["--oidc-client-id=kube", "--oidc-username-claim=sub", "--oidc-groups-claim=groups"]
    {
        assert!(text.contains(&format!("  {flag}\n")), "{flag}: {text}");
    }
    assert!(text.contains(&format!("    name: \"{issuer}#ann\"\n")), "{text}");
    // A JWT begins with this.
    assert!(!text.contains("eyJ") && !setup.stderr.contains("eyJ"), "no token is shown");
    assert!(!place.path(".kube/config").exists(), "nothing is written without --write");

    let status = run(&mut place.kubecred("status", &["--claims"]));
    let (_, claims) = status.good().split_once("\n{").expect("an object");
    let claims: Value = serde_json::from_str(&format!("{{{claims}")).expect("JSON");
    assert_eq!((&claims["sub"], &claims["groups"]), (&json!("ann"), &json!(["dev"])));
    assert_eq!(claims["iss"], issuer.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_logs_kubectl_in_and_leaves_the_rest_as_it_was() {
    let place = Place::new(3600).await;
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "clusters": [{ "name": "main", "cluster": {
            "server": place.server.url(), "certificate-authority": "ca.crt" } }],
        "contexts": [
            { "name": "main", "context": { "cluster": "main", "user": "old", "namespace": "web" } },
            { "name": "other", "context": { "cluster": "main", "user": "old" } },
        ],
        "users": [{ "name": "old", "user": { "token": "old-token" } }],
    });
    let file = place.write("config", &config.to_string());
    let refused = run(&mut place.kubecred("setup", &["--context=main"]));
    assert_eq!(refused.code, Some(2), "--context needs --write: {refused:?}");
    let setup = setup(&place, &["--write", "--kubeconfig=config", "--user=ann", "--context=main"]);
    assert!(setup.good().contains("Context \"main\" uses it.\n"), "{setup:?}");
    let written: Value =
        serde_yaml::from_str(&fs::read_to_string(&file).expect("text")).expect("YAML");
    assert_eq!(written["clusters"], config["clusters"]);
    assert_eq!(written["contexts"][1], config["contexts"][1]);
    assert_eq!(written["users"][0], config["users"][0]);
    let context = json!({ "cluster": "main", "user": "ann", "namespace": "web" });
    assert_eq!(written["contexts"][0]["context"], context);
    assert_eq!(written["users"][1]["name"], "ann");

    // The login of the setup is used; no other one is made.
    let kubectl = run(&mut place.kubectl());
    assert!(kubectl.good().contains("gitVersion"), "{kubectl:?}");
    assert_eq!((place.opened().len(), place.provider.grants("authorization_code")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_what_it_should_be_is_said_before_any_login() {
    let place = Place::new(3600).await;
    let other = format!("--issuer={}/other", place.provider.issuer);
    let flags = [
        &*other,
        "--client-id=kube",
        &format!("--certificate-authority={}", place.path("idp.crt").display()),
    ];
    let mut command = place.clean(env!("CARGO_BIN_EXE_kubecred"));
    let wrong = run(command.arg("setup").args(flags));
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "{wrong:?}");
    assert!(wrong.stderr.contains("discovery"), "{wrong:?}");
    assert_eq!(place.opened().len(), 0);
}
