//! Authorization code with PKCE on a loopback address.

use crate::{error, logged_in};
use kubecred_core::FailureKind;
use kubecred_core::login::{
    Action, BrowserMode, Event, Grant, HostFacts, Input, Operation, Page, Storage,
};
use serde_json::json;
use std::time::Duration;
use world::login::{Lie, Place, Process, User};

/// A login that waits for the browser, whose user has not done anything yet.
fn waiting() -> (Place, usize) {
    let mut place = Place::default();
    let mut settings = Place::settings();
    settings.grant = Grant::AuthorizationCode;
    settings.browser = BrowserMode::Never;
    let id = place.start(settings, Operation::Token);
    place.settle_now();
    (place, id)
}

/// The state, and the path of the start address, of a login that waits.
fn state_and_path(place: &Place, id: usize) -> (String, String) {
    let visit = place.processes[id].events.iter().find_map(|event| match event {
        Event::Visit { local, remote, .. } => Some((local.clone(), remote.clone())),
        _ => None,
    });
    let (local, remote) = visit.unwrap();
    let state = remote.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let path = local.rsplit('/').next().unwrap().to_owned();
    (state, path)
}

fn status(place: &mut Place, id: usize, target: &str, headers: &[(&'static str, &str)]) -> u16 {
    place.fetch(id, "GET", target, headers).unwrap().status
}

#[test]
fn lg_16_lg_27_lg_29_lg_30_lg_31_the_request_has_fresh_state_nonce_and_an_s256_challenge() {
    let mut place = Place::default();
    let mut settings = Place::settings();
    settings.storage = Storage::None;
    for _ in 0..2 {
        let process = place.run(settings.clone());
        assert!(process.token().is_some(), "{:?}", process.outcome);
    }
    let [first, second] = &place.provider.queries[..] else { panic!() };
    assert_eq!(first["response_type"], "code");
    assert_eq!(first["code_challenge_method"], "S256");
    assert_eq!(first["scope"], "openid offline_access");
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(first[name].len(), 43, "{name}");
        assert_ne!(first[name], second[name], "{name}");
    }
    assert_eq!(first["redirect_uri"], "http://127.0.0.1:41000/callback");
    assert_eq!(place.provider.forms[0]["redirect_uri"], first["redirect_uri"]);
    assert_eq!(place.provider.forms[0]["code_verifier"].len(), 43);
}

#[test]
fn lg_28_too_little_entropy_or_the_same_again_ends_the_login() {
    for short in [true, false] {
        let mut place = Place::default();
        let id = place.start(Place::settings(), Operation::Token);
        place.processes[id].short_entropy = short;
        place.processes[id].stuck_entropy = !short;
        place.settle();
        assert!(error(&place.processes[id]).starts_with("no random bytes"), "{short}");
        assert_eq!(place.provider.count("/authorize"), 0);
    }
}

#[test]
fn lg_28_a_cached_run_draws_no_entropy() {
    let mut place = logged_in(&Place::settings());
    let process = place.run(Place::settings());
    assert_eq!(process.actions, ["ReadEntry", "Finish"]);
}

#[test]
fn lg_29_pkce_that_is_switched_off_is_obeyed_with_a_warning() {
    let mut settings = Place::settings();
    settings.pkce = false;
    let mut place = Place::default();
    let process = place.run(settings);
    assert!(process.token().is_some());
    assert!(process.events.iter().any(|event| event.to_string().contains("PKCE is off")));
    assert!(!place.provider.queries[0].contains_key("code_challenge"));
}

#[test]
fn lg_32_scopes_are_openid_then_the_extra_ones_each_once() {
    let mut settings = Place::settings();
    settings.extra_scopes = ["groups", "openid", "email", "groups"].map(String::from).into();
    settings.offline_access = Some(false);
    let place = logged_in(&settings);
    assert_eq!(place.provider.queries[0]["scope"], "openid groups email");
}

#[test]
fn lg_33_offline_access_is_left_out_if_the_provider_does_not_know_it() {
    let mut place = Place::default();
    place.provider.discovery.insert("scopes_supported".into(), json!(["openid"]));
    place.run(Place::settings());
    assert_eq!(place.provider.queries[0]["scope"], "openid");

    // Listed, and refused all the same: once more without it, in the same tab.
    let mut place = Place::default();
    place.provider.lie = Lie::InvalidScope;
    let process = place.run(Place::settings());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert_eq!(process.count("Listen"), 1);
    let scopes: Vec<&str> = place.provider.queries.iter().map(|query| &*query["scope"]).collect();
    assert_eq!(scopes, ["openid offline_access", "openid"]);
    let states: Vec<&String> = place.provider.queries.iter().map(|query| &query["state"]).collect();
    assert_ne!(states[0], states[1]);
}

#[test]
fn lg_33_consent_is_asked_for_after_a_login_that_brought_no_refresh_token() {
    let mut place = Place::default();
    place.provider.discovery.insert("scopes_supported".into(), json!(["openid"]));
    let mut settings = Place::settings();
    settings.offline_access = Some(true);
    settings.extra_scopes = vec!["x".into()];
    place.provider.life = 60;
    place.run(settings.clone());
    assert!(!place.provider.queries[0].contains_key("prompt"));
    settings.consent = true;
    place.start(settings, Operation::Login);
    place.settle();
    assert_eq!(place.provider.queries[1]["prompt"], "consent");
}

#[test]
fn lg_34_extra_parameters_are_sorted_and_cannot_replace_the_flows_own() {
    let mut settings = Place::settings();
    for (name, value) in [("resource", "r"), ("audience", "a b")] {
        settings.extra_params.insert(name.into(), value.into());
    }
    let place = logged_in(&settings);
    assert_eq!(place.provider.queries[0]["audience"], "a b");
    for name in ["state", "redirect_uri", "code_challenge", "response_type", "nonce", "scope"] {
        let mut settings = Place::settings();
        settings.extra_params.insert(name.into(), "mine".into());
        let mut place = Place::default();
        let process = place.run(settings);
        assert!(error(process).contains(name));
        assert_eq!(process.actions, ["Finish"]);
    }
}

#[test]
fn lg_35_a_provider_that_wants_pushed_requests_gets_them() {
    let mut place = Place::default();
    let wants = "require_pushed_authorization_requests";
    place.provider.discovery.insert(wants.into(), json!(true));
    let process = place.run(Place::settings());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert_eq!(place.provider.count("/par"), 1);
    let Event::Visit { remote, .. } = &place.processes[0].events[0] else { panic!() };
    assert!(remote.contains("request_uri=") && !remote.contains("state="), "{remote}");
}

#[test]
fn lg_36_lg_37_the_launcher_gets_a_start_address_and_no_secret() {
    let place = logged_in(&Place::settings());
    let process = &place.processes[0];
    let [opened] = &process.opened[..] else { panic!() };
    let path = opened.strip_prefix("http://127.0.0.1:41000/login/").unwrap();
    assert_eq!(path.len(), 43);
    let query = &place.provider.queries[0];
    for name in ["state", "nonce", "code_challenge"] {
        assert!(!opened.contains(&query[name]));
    }
    let verifier = &place.provider.forms[0]["code_verifier"];
    assert!(!format!("{:?}", process.events).contains(verifier));
}

#[test]
fn lg_31_lg_44_a_redirect_uri_is_obeyed_with_its_host_path_and_port() {
    for (uri, sent) in [
        ("http://localhost/cb", "http://localhost:41000/cb"),
        ("http://localhost:0/cb", "http://localhost:41000/cb"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:41000/a/b", "http://127.0.0.1:41000/a/b"),
    ] {
        let mut settings = Place::settings();
        settings.redirect_uri = Some(uri.into());
        let mut place = Place::default();
        let process = place.run(settings);
        assert!(process.token().is_some(), "{uri}: {:?}", process.outcome);
        assert_eq!(place.provider.queries[0]["redirect_uri"], sent);
    }
}

#[test]
fn lg_39_ports_that_are_all_taken_are_named() {
    let mut place = Place::default();
    let id = place.start(Place::settings(), Operation::Token);
    place.processes[id].port = None;
    place.settle();
    let error = error(&place.processes[id]);
    assert!(error.contains("port 0") && error.contains("--listen-address"), "{error}");
}

#[test]
fn lg_43_another_host_changes_nothing() {
    let (mut place, id) = waiting();
    let (state, path) = state_and_path(&place, id);
    let callback = format!("/callback?code=x&state={state}");
    for host in ["evil.example", "evil.example:41000", "127.0.0.1", "127.0.0.1:41001", ""] {
        assert_eq!(status(&mut place, id, &callback, &[("host", host)]), 421, "{host}");
    }
    let two = [("host", "127.0.0.1:41000"), ("host", "evil.example")];
    assert_eq!(status(&mut place, id, &callback, &two), 421);
    let start = format!("/login/{path}");
    for host in ["localhost:41000", "[::1]:41000", "LOCALHOST:41000"] {
        assert_eq!(status(&mut place, id, &start, &[("host", host)]), 303, "{host}");
    }
    assert_eq!(place.provider.count("/token"), 0);
}

#[test]
fn lg_44_other_paths_and_methods_change_nothing() {
    let (mut place, id) = waiting();
    let (state, _) = state_and_path(&place, id);
    for target in ["/favicon.ico", "/", "/callback/", "/login/x", "/done/x", ""] {
        assert_eq!(status(&mut place, id, target, &[]), 404, "{target}");
    }
    let callback = format!("/callback?code=x&state={state}");
    for method in ["HEAD", "POST", "PUT", "OPTIONS"] {
        assert_eq!(place.fetch(id, method, &callback, &[]).unwrap().status, 405, "{method}");
    }
    assert_eq!(place.provider.count("/token"), 0);
}

#[test]
fn lg_45_lg_46_foreign_callbacks_change_nothing_and_are_said_once() {
    let (mut place, id) = waiting();
    let (state, _) = state_and_path(&place, id);
    for query in [
        "",
        "code=x",
        "error=access_denied",
        "code=x&state=",
        "code=x&state=another",
        &format!("error=x&state={}x", &state[..42]),
    ] {
        assert_eq!(status(&mut place, id, &format!("/callback?{query}"), &[]), 400, "{query}");
    }
    let said = |place: &Place| {
        let events = &place.processes[id].events;
        events.iter().filter(|event| **event == Event::ForeignCallbacks).count()
    };
    assert_eq!(said(&place), 1);
    // The login goes on.
    let callback = format!("/callback?error=access_denied&state={state}&iss=https://login.example");
    assert_eq!(status(&mut place, id, &callback, &[]), 303);
    place.settle();
    assert!(error(&place.processes[id]).contains("access_denied"));
}

#[test]
fn lg_47_the_state_is_burned_by_the_first_answer() {
    let (mut place, id) = waiting();
    place.provider.lie = Lie::Html;
    let (state, path) = state_and_path(&place, id);
    let callback = format!("/callback?code=x&state={state}&iss=https://login.example");
    assert_eq!(status(&mut place, id, &callback, &[]), 303);
    assert_eq!(status(&mut place, id, &callback, &[]), 409);
    assert_eq!(status(&mut place, id, &format!("/login/{path}"), &[]), 409);
    assert_eq!(place.provider.count("/token"), 1);
}

#[test]
fn lg_48_a_parameter_that_occurs_twice_makes_a_callback_foreign() {
    let (mut place, id) = waiting();
    let (state, _) = state_and_path(&place, id);
    for query in [
        format!("code=x&state={state}&state={state}"),
        format!("code=x&code=y&state={state}"),
        format!("code=x&c%6fde=y&state={state}"),
    ] {
        assert_eq!(status(&mut place, id, &format!("/callback?{query}"), &[]), 400, "{query}");
    }
}

#[test]
fn lg_49_a_prefetch_burns_nothing() {
    let (mut place, id) = waiting();
    let (state, _) = state_and_path(&place, id);
    let callback = format!("/callback?code=x&state={state}");
    for header in
        [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")]
    {
        assert_eq!(status(&mut place, id, &callback, &[header]), 503, "{header:?}");
    }
    assert_eq!(place.provider.count("/token"), 0);
}

#[test]
fn lg_50_only_a_navigation_to_a_document_is_an_answer() {
    let (mut place, id) = waiting();
    let (state, _) = state_and_path(&place, id);
    let callback = format!("/callback?code=x&state={state}");
    for header in [
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "iframe"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        assert_eq!(status(&mut place, id, &callback, &[header]), 400, "{header:?}");
    }
    assert_eq!(place.provider.count("/token"), 0);
}

#[test]
fn lg_52_every_answer_is_stored_nowhere_and_framed_by_nobody() {
    let (mut place, id) = waiting();
    let (_, path) = state_and_path(&place, id);
    for target in ["/nothing", "/callback", &format!("/login/{path}")] {
        let answer = place.fetch(id, "GET", target, &[]).unwrap();
        let header = |name: &str| {
            let found = answer.headers.iter().find(|header| header.name == name);
            found.and_then(|header| header.value.expose_str()).unwrap_or_default().to_owned()
        };
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script"), "{policy}");
    }
}

#[test]
fn lg_53_lg_54_the_page_is_shown_after_the_token_is_verified_and_stored() {
    let place = logged_in(&Place::settings());
    let process = &place.processes[0];
    let [(200, Page::Success(page))] = &process.pages[..] else { panic!("{:?}", process.pages) };
    assert_eq!(page.name, "Anne <b>");
    // Stored before the page is given; and what the browser shows last has neither code nor state.
    let at = |name| process.actions.iter().rposition(|action| *action == name).unwrap();
    assert!(at("WriteEntry") < at("Respond"));
    let mut place = Place::default();
    place.provider.lie = Lie::Signature;
    place.run(Place::settings());
    let pages = &place.processes[0].pages;
    assert!(matches!(&pages[..], [(502, Page::Failure { .. })]), "{pages:?}");
}

#[test]
fn lg_55_the_credential_comes_first_and_the_page_has_half_a_second() {
    let (mut place, id) = waiting();
    let (state, path) = state_and_path(&place, id);
    let callback = format!("/callback?error=access_denied&state={state}&iss=https://login.example");
    assert_eq!(status(&mut place, id, &callback, &[]), 303);
    place.settle_now();
    let process = &place.processes[id];
    assert!(process.outcome.is_some());
    assert_eq!(process.count("StopListening"), 0);
    place.pass(Duration::from_millis(499));
    place.input(id, Input::Tick);
    let answer = place.fetch(id, "GET", &format!("/done/{path}"), &[]).unwrap();
    assert_eq!(answer.status, 400);
    place.settle();
    assert_eq!(place.processes[id].count("StopListening"), 1);
}

#[test]
fn lg_57_another_issuer_in_the_callback_is_refused_and_a_promised_one_must_be_there() {
    for lie in [Lie::CallbackIssuer, Lie::NoCallbackIssuer] {
        for user in [User::LogsIn, User::Refuses] {
            let mut place = Place::default();
            (place.provider.lie, place.provider.user) = (lie, user);
            let process = place.run(Place::settings());
            assert!(error(process).contains("iss"), "{:?}", process.outcome);
            assert_eq!(place.provider.count("/token"), 0);
        }
    }
    // Not promised, and not there.
    let mut place = Place::default();
    let promise = "authorization_response_iss_parameter_supported";
    place.provider.discovery.insert(promise.into(), json!(null));
    place.provider.lie = Lie::NoCallbackIssuer;
    assert!(place.run(Place::settings()).token().is_some());
}

#[test]
fn lg_58_a_refusal_is_shown_cleaned() {
    let mut place = Place::default();
    place.provider.user = User::Refuses;
    let process = place.run(Place::settings());
    let text = error(process);
    assert!(text.contains("access was denied (access_denied): no [31m thanks"), "{text}");
    let [(400, Page::Failure { message })] = &process.pages[..] else { panic!() };
    assert!(message.contains("access_denied"), "{message}");
    assert_eq!(crate::exit_code(&process.outcome), 4);
}

#[test]
fn lg_59_an_answer_without_code_and_error_says_which_setting_is_wrong() {
    for (query, text) in [("", "behind a #"), ("&response=eyJ", "in a JWT")] {
        let (mut place, id) = waiting();
        let (state, _) = state_and_path(&place, id);
        let callback = format!("/callback?state={state}&iss=https://login.example{query}");
        assert_eq!(status(&mut place, id, &callback, &[]), 303);
        place.settle();
        assert!(error(&place.processes[id]).contains(text));
    }
}

#[test]
fn lg_15_a_launcher_that_fails_leaves_the_address_or_leads_to_the_device_flow() {
    let mut place = Place::default();
    let id = place.start(Place::settings(), Operation::Token);
    place.processes[id].browser = Err(FailureKind::NotFound);
    place.settle();
    let process = &place.processes[id];
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert!(process.events.iter().any(|event| matches!(event, Event::Device { .. })));
    // The listener was closed before the other flow began.
    let at = |name| process.actions.iter().position(|action| *action == name).unwrap();
    assert!(
        at("StopListening") < process.actions.iter().rposition(|a| *a == "RandomBytes").unwrap()
    );

    let mut place = Place::default();
    let mut settings = Place::settings();
    settings.grant = Grant::AuthorizationCode;
    let id = place.start(settings, Operation::Token);
    place.processes[id].browser = Err(FailureKind::NotFound);
    place.processes[id].reads_terminal = true;
    place.settle();
    assert!(place.processes[id].token().is_some());
    assert_eq!(place.provider.count("/device"), 0);
}

#[test]
fn lg_10_an_interrupt_closes_the_listener_and_gives_the_lock_back() {
    let (mut place, id) = waiting();
    let entries = place.stores.entries.len();
    place.input(id, Input::Interrupt);
    place.settle();
    let process = &place.processes[id];
    assert_eq!(crate::exit_code(&process.outcome), 130);
    assert_eq!((process.count("StopListening"), process.count("Unlock")), (1, 1));
    assert_eq!(place.stores.entries.len(), entries);
}

#[test]
fn lg_11_a_login_has_a_limit_and_the_error_names_it() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    let mut settings = Place::settings();
    settings.timeout = Duration::from_secs(90);
    let before = place.now();
    let process = place.run(settings);
    assert_eq!(error(process), "timed out after 90 s (--authentication-timeout-sec)");
    assert_eq!(crate::exit_code(&process.outcome), 6);
    assert!(place.now().monotonic.since(before.monotonic) < Duration::from_secs(92));
}

/// Without a store there is no lock, whose taking begins the limit elsewhere.
#[test]
fn lg_11_a_login_that_stores_nothing_has_the_limit_too() {
    let mut place = Place::default();
    let mut settings = Place::settings();
    settings.storage = Storage::None;
    let mut machine = kubecred_core::login::Login::new(settings, Operation::Token);
    machine.handle_input(place.now(), Input::Start(Process::desktop()));
    let begun: Vec<Action> = std::iter::from_fn(|| machine.poll_action()).collect();
    // The provider never answers.
    assert!(begun.iter().any(|action| matches!(action, Action::SendRequest(_))), "{begun:?}");
    let alarm = begun.iter().find_map(|action| match action {
        Action::RefreshAt(at) => Some(*at),
        _ => None,
    });
    place.pass(alarm.expect("an end of the wait").since(place.now().monotonic));
    machine.handle_input(place.now(), Input::Tick);
    let outcome = std::iter::from_fn(|| machine.poll_action()).find_map(|action| match action {
        Action::Finish(outcome) => Some(outcome),
        _ => None,
    });
    assert_eq!(crate::exit_code(&outcome), 6);
}

#[test]
fn lg_7_no_terminal_does_not_forbid_a_browser() {
    let mut place = Place::default();
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;
    let facts = HostFacts { exec_info: Some(info.into()), ..Process::desktop() };
    place.start_with(Place::settings(), Operation::Token, facts);
    place.settle();
    assert!(place.processes[0].token().is_some());
}

#[test]
fn nothing_comes_after_close() {
    let mut machine = kubecred_core::login::Login::new(Place::settings(), Operation::Token);
    let place = Place::default();
    machine.handle_input(place.now(), Input::Start(HostFacts::default()));
    assert!(matches!(machine.poll_action(), Some(Action::ReadEntry(_))));
    machine.handle_input(place.now(), Input::Close);
    machine.handle_input(place.now(), Input::Tick);
    assert!(machine.poll_action().is_none() && machine.is_done());
}
