//! Paste, client credentials, token exchange, password files, logout.

use crate::{error, logged_in};
use kubecred_core::login::{
    Event, Grant, LoginError, Operation, PasswordSource, Settings, Success, TokenExchange,
    TokenKind,
};
use serde_json::json;
use world::login::{Lie, Place};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

fn paste() -> Settings {
    let mut settings = Place::settings();
    settings.grant = Grant::Paste;
    settings.redirect_uri = Some("https://app.example/cb".into());
    settings
}

/// What the browser ends at, once the user has logged in.
fn pasted(place: &mut Place, id: usize) -> String {
    let url = place.processes[id].events.iter().find_map(|event| match event {
        Event::VisitAndPaste { url } => Some(url.clone()),
        _ => None,
    });
    place.provider.authorize(&url.unwrap()).unwrap()
}

/// Starts the paste flow up to its prompt, and answers that by hand.
fn paste_with(change: impl Fn(String) -> String, settings: Settings) -> (Place, usize) {
    let mut place = Place::default();
    let id = place.start(settings, Operation::Token);
    let prompt = place.until_prompt(id).expect("the paste flow asks for the code");
    let address = change(pasted(&mut place, id));
    place.input(id, prompt.done(Ok(kubecred_core::login::Typed(address.as_str().into()))));
    place.settle();
    (place, id)
}

#[test]
fn lg_107_the_address_is_checked_and_a_bare_code_is_safe_by_pkce() {
    let code =
        |url: String| url.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    for (what, change) in [
        ("address", Box::new(|url| url) as Box<dyn Fn(String) -> String>),
        ("query", Box::new(|url: String| url.split_once('?').unwrap().1.to_owned())),
        ("code", Box::new(code)),
        ("spaces", Box::new(|url| format!("  {url}\n"))),
    ] {
        let (place, id) = paste_with(change, paste());
        let process = &place.processes[id];
        assert!(process.token().is_some(), "{what}: {:?}", process.outcome);
    }
    for (what, change) in [
        (
            "state",
            Box::new(|url: String| url.replace("state=", "state=x"))
                as Box<dyn Fn(String) -> String>,
        ),
        (
            "iss",
            Box::new(|url: String| {
                url.replace("iss=https%3A%2F%2Flogin", "iss=https%3A%2F%2Fevil")
            }),
        ),
        ("is empty", Box::new(|_| String::new())),
    ] {
        let (place, id) = paste_with(change, paste());
        assert!(error(&place.processes[id]).contains(what), "{what}");
        assert_eq!(place.provider.count("/token"), 0);
    }
    let mut without = paste();
    without.pkce = false;
    let (place, id) = paste_with(code, without);
    assert!(error(&place.processes[id]).contains("PKCE"));
}

#[test]
fn lg_108_client_credentials_bring_an_access_token_and_keep_no_refresh_token() {
    let mut settings = Place::settings();
    settings.grant = Grant::ClientCredentials;
    settings.token = TokenKind::Access;
    settings.client_credential =
        kubecred_core::login::ClientCredential::Secret("hush-client".into());
    settings.extra_params.insert("audience".into(), "cluster".into());
    let mut place = Place::default();
    place.provider.lie = Lie::NoIdToken;
    let process = place.run(settings.clone());
    assert!(process.token().unwrap().starts_with("access-canary"), "{:?}", process.outcome);
    assert_eq!(process.count("RandomBytes"), 0);
    let form = &place.provider.forms[0];
    assert_eq!((&*form["grant_type"], &*form["audience"]), ("client_credentials", "cluster"));
    assert!(place.stores.keyring.is_empty());
    // From the cache, then asked again.
    assert_eq!(place.run(settings.clone()).actions, ["ReadEntry", "Finish"]);
    place.pass(HOUR);
    assert!(place.run(settings).token().is_some());
    assert_eq!(place.provider.count("/token"), 2);
}

fn exchange() -> Settings {
    let mut settings = Place::settings();
    settings.grant = Grant::TokenExchange;
    settings.token = TokenKind::Access;
    settings.exchange = Some(TokenExchange {
        subject_token_file: "/run/subject".into(),
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt".into(),
        requested_token_type: None,
    });
    settings
}

#[test]
fn lg_109_the_subject_token_is_read_each_time_and_the_issued_type_must_fit() {
    let mut place = Place::default();
    place.provider.lie = Lie::NoIdToken;
    place.stores.files.insert("/run/subject".into(), "subject-1\n".into());
    let process = place.run(exchange());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    let form = &place.provider.forms[0];
    assert_eq!(form["subject_token"], "subject-1");
    assert_eq!(form["requested_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    place.stores.files.insert("/run/subject".into(), "subject-2".into());
    place.pass(HOUR);
    place.run(exchange());
    assert_eq!(place.provider.forms[1]["subject_token"], "subject-2");
    place.stores.files.clear();
    assert!(error(place.run(exchange())).contains("/run/subject"));
}

#[test]
fn lg_110_a_password_comes_from_a_file_or_is_given() {
    for source in
        [PasswordSource::File("/pw".into()), PasswordSource::Value("hush-password".into())]
    {
        let mut settings = Place::settings();
        settings.username = Some("anne".into());
        settings.password = source;
        let mut place = Place::default();
        place.stores.files.insert("/pw".into(), "hush-password\r\n".into());
        let process = place.run(settings);
        assert!(process.token().is_some() && process.count("Prompt") == 0);
        assert_eq!(place.provider.forms[0]["password"], "hush-password");
    }
}

#[test]
fn lg_115_logout_removes_what_this_key_has_in_every_store() {
    let mut place = logged_in(&Place::settings());
    let mut other = Place::settings();
    other.account = Some("other".into());
    place.run(other.clone());
    let id =
        place.start(Place::settings(), Operation::Logout { revoke: false, end_session: false });
    place.settle();
    assert_eq!(place.processes[id].outcome, Some(Ok(Success::LoggedOut)));
    assert_eq!(place.stores.keyring.len(), 1);
    assert_eq!(place.processes[id].count("SendRequest"), 0);
    assert_eq!(place.run(other).actions, ["ReadEntry", "Finish"]);
    assert_eq!(place.run(Place::settings()).count("Listen"), 1);
}

#[test]
fn lg_116_tokens_are_revoked_and_removed_even_if_that_fails() {
    let revoke = Operation::Logout { revoke: true, end_session: false };
    let mut place = logged_in(&Place::settings());
    let id = place.start(Place::settings(), revoke);
    place.settle();
    assert_eq!(place.processes[id].outcome, Some(Ok(Success::LoggedOut)));
    assert_eq!(place.provider.count("/revoke"), 1);
    for (name, value) in [
        ("revocation_endpoint", json!(null)),
        ("revocation_endpoint", json!("https://login.example/nothing")),
    ] {
        let mut place = Place::default();
        place.provider.discovery.insert(name.into(), value);
        place.run(Place::settings());
        let id = place.start(Place::settings(), revoke);
        place.settle();
        let process = &place.processes[id];
        assert_eq!(process.outcome, Some(Ok(Success::LoggedOut)));
        let said = |event: &Event| {
            matches!(
                event,
                Event::NotRevoked(LoginError::NoEndpoint(_) | LoginError::Status { .. })
            )
        };
        assert!(process.events.iter().any(said), "{:?}", process.events);
        assert!(place.stores.keyring.is_empty());
    }
}

#[test]
fn lg_117_the_logout_page_opens_by_the_start_address_once_nothing_is_left_here() {
    let operation = Operation::Logout { revoke: false, end_session: true };
    let mut place = logged_in(&Place::settings());
    let token = place.run(Place::settings()).token().unwrap();
    let id = place.start(Place::settings(), operation);
    place.settle();
    let process = &place.processes[id];
    assert_eq!(process.outcome, Some(Ok(Success::LoggedOut)));
    let [query] = &place.provider.logouts[..] else { panic!("{:?}", place.provider.logouts) };
    assert_eq!((query["client_id"].as_str(), &query["id_token_hint"]), ("kubernetes", &token));
    assert!(!query.contains_key("post_logout_redirect_uri"));
    let [opened] = &process.opened[..] else { panic!("{:?}", process.opened) };
    assert!(opened.starts_with("http://127.0.0.1:") && !opened.contains(&token), "{opened}");
    assert!(place.stores.keyring.is_empty());
    // A browser that does not come, or does not open, keeps nobody logged in.
    for browser in [Ok(()), Err(kubecred_core::FailureKind::NotFound)] {
        let mut place = logged_in(&Place::settings());
        let id = place.start(Place::settings(), operation);
        place.processes[id].browser = browser;
        if browser.is_ok() {
            place.settle_now();
            place.input(id, kubecred_core::login::Input::Interrupt);
        }
        place.settle();
        assert!(place.stores.keyring.is_empty());
        assert!(place.processes[id].opened.len() <= 1);
    }
    // Without a browser the address is shown, and has no token in it.
    let mut settings = Place::settings();
    settings.browser = kubecred_core::login::BrowserMode::Never;
    let mut place = logged_in(&Place::settings());
    let id = place.start(settings, operation);
    place.settle();
    let shown = place.processes[id].events.iter().find_map(|event| match event {
        Event::EndSession { url } => Some(url.as_str()),
        _ => None,
    });
    assert_eq!(shown, Some("https://login.example/logout?client_id=kubernetes"));
    assert_eq!(place.processes[id].count("Listen"), 0);
}
