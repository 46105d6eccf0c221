//! How the program is called, which flow it takes, and which provider it believes.

use crate::{error, exit_code};
use kubecred_core::login::{BrowserMode, Desktop, Event, Grant, HostFacts, Operation, Success};
use serde_json::json;
use world::login::{Lie, Place, Process};

fn run(place: &mut Place, settings: kubecred_core::login::Settings, facts: HostFacts) -> usize {
    let id = place.start_with(settings, Operation::Token, facts);
    place.settle();
    id
}

fn info(version: &str, interactive: bool) -> String {
    json!({
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "kind": "ExecCredential", "spec": {"interactive": interactive},
    })
    .to_string()
}

#[test]
fn lg_1_the_version_of_kubernetes_exec_info_is_the_answers() {
    for (info, version) in [
        (Some(info("v1", true)), "v1"),
        (Some(info("v1beta1", true)), "v1beta1"),
        (None, "v1"),
        (Some(String::new()), "v1"),
    ] {
        let mut place = Place::default();
        let facts = HostFacts { exec_info: info, ..Process::desktop() };
        let id = run(&mut place, Place::settings(), facts);
        let Some(Ok(Success::Credential(granted))) = &place.processes[id].outcome else { panic!() };
        let text = granted.output.expose_str().unwrap();
        assert!(text.contains(&format!("k8s.io/{version}\"")), "{text}");
        assert!(text.ends_with("}\n") && text.matches('\n').count() == 1);
    }
    for bad in ["{", "[]", &info("v2", true), r#"{"kind":"ExecCredential"}"#] {
        let mut place = Place::default();
        let facts = HostFacts { exec_info: Some(bad.into()), ..Process::desktop() };
        let id = run(&mut place, Place::settings(), facts);
        assert!(error(&place.processes[id]).contains("KUBERNETES_EXEC_INFO"), "{bad}");
        assert_eq!(place.processes[id].actions, ["Finish"]);
        assert_eq!(exit_code(&place.processes[id].outcome), 2);
    }
}

#[test]
fn lg_2_the_version_of_the_settings_counts_where_nobody_says_another() {
    let mut settings = Place::settings();
    settings.api_version = kubecred_core::ExecApiVersion::V1Beta1;
    let mut place = Place::default();
    let process = place.run(settings);
    let Some(Ok(Success::Credential(granted))) = &process.outcome else { panic!() };
    assert!(granted.output.expose_str().unwrap().contains("k8s.io/v1beta1"));
}

#[test]
fn lg_6_a_flow_that_must_ask_fails_at_once_where_nothing_may_be_asked() {
    for grant in [Grant::Password, Grant::Paste] {
        let mut settings = Place::settings();
        settings.grant = grant;
        settings.redirect_uri = Some("https://app.example/cb".into());
        let mut place = Place::default();
        let facts = HostFacts { exec_info: Some(info("v1", false)), ..Process::desktop() };
        let id = run(&mut place, settings, facts);
        let process = &place.processes[id];
        assert!(error(process).contains("interactiveMode"), "{:?}", process.outcome);
        assert_eq!(process.count("Prompt"), 0);
    }
}

#[test]
fn lg_12_auto_takes_the_best_flow_that_the_surroundings_allow() {
    let headless = HostFacts::default;
    let device = |place: &mut Place, there: bool| {
        if !there {
            let name = "device_authorization_endpoint";
            place.provider.discovery.insert(name.into(), json!(null));
        }
    };
    let begun = |process: &Process| {
        let event = process.events.iter().find_map(|event| match event {
            Event::Visit { opened: true, .. } => Some("browser"),
            Event::Visit { opened: false, .. } => Some("address"),
            Event::Device { .. } => Some("device"),
            Event::VisitAndPaste { .. } => Some("paste"),
            Event::Warning(text) if text.contains("password") => Some("password"),
            _ => None,
        });
        event.unwrap_or("error")
    };
    for (facts, has_device, redirect, user, flow) in [
        (Process::desktop(), true, None, None, "browser"),
        (Process::desktop(), true, None, Some("anne"), "password"),
        (headless(), true, None, None, "device"),
        (HostFacts { can_prompt: true, ..headless() }, false, Some("https://a/cb"), None, "paste"),
        (HostFacts { can_prompt: true, ..headless() }, false, None, None, "error"),
        (headless(), false, Some("https://a/cb"), None, "error"),
    ] {
        let mut place = Place::default();
        device(&mut place, has_device);
        let mut settings = Place::settings();
        settings.redirect_uri = redirect.map(String::from);
        settings.username = user.map(String::from);
        let id = place.start_with(settings, Operation::Token, facts);
        place.processes[id].types.push_back("typed".into());
        place.settle();
        assert_eq!(begun(&place.processes[id]), flow, "{:?}", place.processes[id].outcome);
        if flow == "error" {
            let text = error(&place.processes[id]);
            assert!(text.contains("no browser") && text.contains("device_auth"), "{text}");
            assert_eq!(exit_code(&place.processes[id].outcome), 3);
        }
    }
}

#[test]
fn lg_13_a_browser_is_usable_where_the_person_can_see_it() {
    let desktop = Desktop::default;
    for (facts, usable) in [
        (Desktop { always_has_display: true, ..desktop() }, true),
        (Desktop { always_has_display: true, ssh: true, ..desktop() }, false),
        (Desktop { has_display: true, launcher: true, ..desktop() }, true),
        (Desktop { has_display: true, ..desktop() }, false),
        (Desktop { launcher: true, ..desktop() }, false),
        (Desktop { has_display: true, launcher: true, ssh: true, ..desktop() }, false),
        (
            Desktop {
                has_display: true,
                launcher: true,
                ssh: true,
                forwarded_display: true,
                ..desktop()
            },
            true,
        ),
    ] {
        assert_eq!(facts.is_usable(), usable, "{facts:?}");
    }
}

#[test]
fn lg_14_a_named_grant_is_obeyed_and_nothing_else_is_tried() {
    let mut settings = Place::settings();
    settings.grant = Grant::Device;
    settings.browser = BrowserMode::Never;
    let mut place = Place::default();
    place.provider.discovery.insert("device_authorization_endpoint".into(), json!(null));
    let process = place.run(settings.clone());
    assert!(error(process).contains("device_authorization_endpoint"));
    assert_eq!(process.count("Listen"), 0);
    // LG-23: it can be given.
    settings.endpoints.device_authorization = Some("https://login.example/device".into());
    let process = place.run(settings);
    assert!(process.token().is_some(), "{:?}", process.outcome);
}

#[test]
fn lg_17_the_password_grant_runs_only_when_asked_for_and_says_that_it_should_not() {
    let mut settings = Place::settings();
    settings.grant = Grant::Password;
    let mut place = Place::default();
    let id = place.start(settings, Operation::Token);
    place.processes[id].types = ["anne".into(), "hush-password".into()].into();
    place.settle();
    let process = &place.processes[id];
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert!(process.events.iter().any(|event| event.to_string().contains("should not be used")));
    assert_eq!(place.provider.forms[0]["username"], "anne");
    assert_eq!(place.provider.forms[0]["password"], "hush-password");
}

#[test]
fn lg_18_the_issuer_is_https_without_user_query_or_fragment() {
    for issuer in [
        "",
        "login.example",
        "http://login.example",
        "ftp://login.example",
        "https://me:hush@login.example",
        "https://login.example?x",
        "https://login.example#x",
    ] {
        let mut place = Place::default();
        let mut settings = Place::settings();
        settings.issuer = issuer.into();
        let process = place.run(settings);
        assert_eq!(exit_code(&process.outcome), 2, "{issuer}");
        assert!(!error(process).contains("hush"));
        assert_eq!(process.actions, ["Finish"]);
    }
}

#[test]
fn lg_20_the_document_must_name_the_issuer_that_was_asked() {
    let mut place = Place::default();
    place.provider.lie = Lie::OtherIssuer;
    let process = place.run(Place::settings());
    let text = error(process);
    assert!(text.contains("other.example") && text.contains("login.example"), "{text}");
    assert_eq!(place.provider.count("/authorize"), 0);
    // One last slash is accepted and said, and then the document's spelling counts.
    let mut place = Place::default();
    place.provider.lie = Lie::IssuerSlash;
    place
        .provider
        .discovery
        .insert("authorization_response_iss_parameter_supported".into(), json!(null));
    let id = place.start(Place::settings(), Operation::Token);
    place.settle_now();
    let events = &place.processes[id].events;
    assert!(events.iter().any(|event| matches!(event, Event::IssuerSlash { .. })));
}

#[test]
fn lg_21_an_endpoint_in_clear_is_refused() {
    let mut place = Place::default();
    place.provider.lie = Lie::InClear;
    assert!(error(place.run(Place::settings())).contains("token_endpoint"));
    let mut place = Place::default();
    let name = "authorization_endpoint";
    place.provider.discovery.insert(name.into(), json!("http://login.example/authorize"));
    assert!(error(place.run(Place::settings())).contains(name));
}

#[test]
fn lg_9_exit_codes_tell_what_happened() {
    for (lie, code) in [(Lie::Unreachable, 5), (Lie::Repeats, 4), (Lie::Nonce, 1)] {
        let mut place = Place::default();
        place.provider.lie = lie;
        assert_eq!(exit_code(&place.run(Place::settings()).outcome), code, "{lie:?}");
    }
}
