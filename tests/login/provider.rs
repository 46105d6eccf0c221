//! The provider: where it is described, what can be said in its place, what it says too much.

use crate::{error, logged_in};
use kubecred_core::login::{Event, HostFacts, Operation, Page, Success};
use serde_json::json;
use world::login::{Lie, Place, Process, User};

#[test]
fn lg_8_the_clusters_config_may_give_an_audience_and_a_setting_goes_before_it() {
    let info = |config: &str| HostFacts {
        exec_info: Some(format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{{
                "interactive":true,"cluster":{{"server":"https://a","config":{config}}}}}}}"#
        )),
        ..Process::desktop()
    };
    let audience = |config: &str, given: Option<&str>| {
        let mut place = Place::default();
        let mut settings = Place::settings();
        settings.extra_params.extend(given.map(|value| ("audience".into(), value.into())));
        let id = place.start_with(settings, Operation::Token, info(config));
        place.settle();
        assert!(place.processes[id].token().is_some(), "{config}");
        place.provider.queries[0].get("audience").cloned()
    };
    let ours = r#"{"audience":"prod","apiVersion":"other.example/v1","more":{"a":[1]}}"#;
    assert_eq!(audience(ours, None).as_deref(), Some("prod"));
    assert_eq!(audience(ours, Some("mine")).as_deref(), Some("mine"));
    for config in ["null", "{}", r#"{"audience":""}"#, r#"{"audience":7}"#, r#"["audience"]"#] {
        assert_eq!(audience(config, None), None, "{config}");
    }
    // Another audience is another token: it has an entry of its own.
    let mut place = Place::default();
    for config in [r#"{"audience":"a"}"#, r#"{"audience":"b"}"#, r#"{"audience":"a"}"#] {
        place.start_with(Place::settings(), Operation::Token, info(config));
        place.settle();
    }
    assert_eq!(place.provider.count("/authorize"), 2);
}

#[test]
fn lg_19_discovery_is_at_the_issuer_and_on_404_once_at_rfc_8414s_path() {
    let mut place = Place::default();
    place.provider.discovery_path = "/.well-known/oauth-authorization-server";
    assert!(place.run(Place::settings()).token().is_some());
    assert_eq!(place.provider.count("/.well-known/openid-configuration"), 1);
    assert_eq!(place.provider.count("/.well-known/oauth-authorization-server"), 1);
    let mut place = Place::default();
    place.provider.discovery_path = "/nowhere";
    let text = error(place.run(Place::settings()));
    assert!(text.contains("discovery") && text.contains("404"), "{text}");
    assert_eq!(place.provider.count("/.well-known/oauth-authorization-server"), 1);
}

#[test]
fn lg_23_an_endpoint_that_discovery_leaves_out_can_be_given() {
    let mut place = Place::default();
    place.provider.discovery.insert("revocation_endpoint".into(), json!(null));
    let mut settings = Place::settings();
    settings.endpoints.revocation = Some("https://login.example/revoke".into());
    place.run(settings.clone());
    let id = place.start(settings, Operation::Logout { revoke: true, end_session: false });
    place.settle();
    assert_eq!(place.processes[id].outcome, Some(Ok(Success::LoggedOut)));
    assert_eq!(place.provider.count("/revoke"), 1);
    assert!(place.processes[id].events.is_empty(), "{:?}", place.processes[id].events);
}

#[test]
fn lg_81_a_large_token_and_groups_that_were_left_out_are_said_once() {
    let said = |name: &str, value| {
        let mut place = Place::default();
        place.provider.claims.insert(name.into(), value);
        let first = place.run(Place::settings()).events.clone();
        // The next run prints it from the cache, and is quiet.
        assert!(place.run(Place::settings()).events.is_empty());
        first
    };
    let large = said("groups", json!(vec!["a-group-with-a-long-name"; 400]));
    let sizes =
        large.iter().filter(|event| matches!(event, Event::LargeToken { bytes } if *bytes > 8192));
    assert_eq!(sizes.count(), 1, "{large:?}");
    let elsewhere = said("_claim_names", json!({"groups": "src1"}));
    let left_out = elsewhere.iter().filter(|event| matches!(event, Event::GroupsLeftOut));
    assert_eq!(left_out.count(), 1, "{elsewhere:?}");
    let usual = said("groups", json!(["dev"]));
    let odd = |event: &Event| matches!(event, Event::LargeToken { .. } | Event::GroupsLeftOut);
    assert!(!usual.iter().any(odd), "{usual:?}");
}

#[test]
fn lg_114_words_of_the_provider_are_cleaned_and_cut_on_the_terminal_and_in_the_page() {
    let mut place = Place::default();
    place.provider.user = User::Refuses;
    let process = place.run(Place::settings());
    let said = [error(process)];
    let shown = process.pages.iter().map(|(_, page)| match page {
        Page::Failure { message } => message.clone(),
        Page::Success(_) => panic!("it has failed"),
    });
    let texts: Vec<String> = said.into_iter().chain(shown).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    for text in texts {
        assert!(text.contains("no [31m thanks"), "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    let mut place = Place::default();
    place.provider.lie = Lie::Repeats;
    let text = error(place.run(Place::settings()));
    assert!(text.contains('…') && text.chars().count() < 400, "{text:?}");
}

#[test]
fn what_a_provider_offers_is_asked_anew_and_changes_nothing() {
    let mut place = logged_in(&Place::settings());
    let entries = place.stores.entries.clone();
    place.provider.discovery.insert("scopes_supported".into(), json!(["openid", "a\u{1b}b"]));
    place.provider.discovery.insert("code_challenge_methods_supported".into(), json!(["S256"]));
    let id = place.start(Place::settings(), Operation::Inspect);
    place.settle();
    let process = &place.processes[id];
    let Some(Ok(Success::Provider(facts))) = &process.outcome else {
        panic!("{:?}", process.outcome)
    };
    assert_eq!(facts.scopes.as_deref(), Some(&["openid".to_owned(), "a b".into()][..]));
    assert_eq!(facts.pkce_methods.as_deref(), Some(&["S256".to_owned()][..]));
    assert_eq!((facts.keys, facts.claims.as_ref()), (1, None));
    assert_eq!(facts.device_authorization_endpoint, "https://login.example/device");
    assert_eq!(process.count("ReadEntry") + process.count("Lock") + process.count("KeyringGet"), 0);
    assert_eq!(place.stores.entries, entries);
    for lie in [Lie::Unreachable, Lie::OtherIssuer, Lie::InClear] {
        let mut place = Place::default();
        place.provider.lie = lie;
        let id = place.start(Place::settings(), Operation::Inspect);
        place.settle();
        assert!(matches!(place.processes[id].outcome, Some(Err(_))), "{lie:?}");
    }
}
