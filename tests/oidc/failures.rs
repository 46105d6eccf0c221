//! Providers that are gone, slow, wrong or hostile.

use super::{asked, profile};
use kubecred_core::FailureKind;
use world::openid::{DISCOVERY, TOKEN_ENDPOINT};
use world::{CANARY, Faults, Http, OpenId, Span, World, hides_secrets, profiles};

const ERROR: &str = "error: oidc auth-provider of user \"me\", issuer https://id.example/realm: ";

/// The error when this URL is answered so.
fn failure(url: &str, answer: Http) -> String {
    let mut world = World::new(&profiles::oidc());
    let text = world.answers(url, &[answer]).request().to_string();
    hides_secrets(&world.machine);
    hides_secrets(&world.take_events());
    assert!(!text.contains(CANARY), "{text}");
    let problem = text.strip_prefix(ERROR).unwrap_or_else(|| panic!("{text}")).to_owned();
    world.pass(2.s()).request().is("200 as id-2");
    problem
}

#[test]
fn oi_20_discovery_that_fails_says_how() {
    let answer = |status, body: &str| failure(DISCOVERY, Http::Answer(status, body.into()));
    assert_eq!(answer(404, "x"), "discovery: the provider answered with status 404");
    let moved = "discovery: the provider answered with status 301";
    assert_eq!(answer(301, ""), moved, "it does not say where to");
    let malformed = answer(200, "<html>");
    assert!(malformed.starts_with("discovery: the answer is not usable: "), "{malformed}");
    let missing = "discovery: the answer has no token_endpoint that is a URL";
    assert_eq!(answer(200, "{\"token_endpoint\":\"\"}"), missing);
    assert_eq!(failure(DISCOVERY, Http::Fail(FailureKind::Network)), "discovery: network failure");
    assert_eq!(failure(DISCOVERY, Http::Hang), "discovery: no answer within 30 s");
}

#[test]
fn oi_23_a_refresh_that_fails_says_how() {
    let answer = |status, body: &str| failure(TOKEN_ENDPOINT, Http::Answer(status, body.into()));
    assert_eq!(answer(500, "SECRET"), "refresh: the provider answered with status 500");
    let malformed = answer(200, "SECRET");
    assert!(malformed.starts_with("refresh: the answer is not usable: "), "{malformed}");
    let words = "{\"error\":\"temporarily_unavailable\",\"error_description\":\"Come\\nback\"}";
    let text = "refresh: the provider refused: temporarily_unavailable: Come back";
    assert_eq!(answer(503, words), text);
    let large = Http::Fail(FailureKind::TooLarge);
    assert_eq!(failure(TOKEN_ENDPOINT, large), "refresh: answer too large");
    assert_eq!(failure(TOKEN_ENDPOINT, Http::Hang), "refresh: no answer within 30 s");
}

#[test]
fn what_a_provider_repeats_does_not_show() {
    for (error, shown) in
        [("invalid_request", "invalid_request: token …"), ("SECRET", "(not shown): token …")]
    {
        let body = format!("{{\"error\":\"{error}\",\"error_description\":\"token SECRET\"}}");
        // Not for the client, so that it is not tried again.
        let text = failure(TOKEN_ENDPOINT, Http::Answer(500, body));
        assert_eq!(text, ["refresh: the provider refused: ", shown].concat());
    }
}

#[test]
fn oi_22_improved_a_refresh_token_that_was_refused_is_never_presented_again() {
    let mut world = World::new(&profiles::oidc());
    world.openid(OpenId { refresh: "another".into(), ..OpenId::default() });
    let refused = "refresh: the provider refused: invalid_grant: Token … is dead; log in again";
    for _ in 0..50 {
        world.request().is(&[ERROR, refused].concat());
        world.pass(2.minutes());
    }
    assert_eq!((world.presented("refresh-1"), asked(&world)), (1, (1, 1)));
    assert_eq!(world.next_tick_in(), None);
}

#[test]
fn oi_20_improved_a_provider_that_has_moved_is_looked_up_again() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    world.answers(TOKEN_ENDPOINT, &[Http::Answer(404, String::new())]);
    world.at(59.minutes()).request().is("200 as id-3");
    assert_eq!(asked(&world), (2, 3));
}

#[test]
fn secrets_are_not_sent_in_clear() {
    for issuer in ["http://id.example/realm", "HTTP://10.0.0.1"] {
        let mut world = World::new(&profile(|oidc| oidc.issuer = issuer.into()));
        let answer = world.request();
        let text = ": the idp-issuer-url is plain http, and secrets would be sent to it in clear";
        assert!(answer.as_str().contains(text), "{answer}");
        assert_eq!(world.stats().started, 0);
    }
    let endpoint = Http::Answer(200, "{\"token_endpoint\":\"http://id.example/token\"}".into());
    let text = failure(DISCOVERY, endpoint);
    let expected = "the token_endpoint that the provider names is plain http, and secrets would \
                    be sent to it in clear; it must be https";
    assert_eq!(text, expected);
}

#[test]
fn an_issuer_that_is_no_url_is_an_error_and_its_password_does_not_show() {
    let mut world = World::new(&profile(|oidc| oidc.issuer = "id.example".into()));
    let answer = world.request();
    assert!(answer.as_str().ends_with("idp-issuer-url is not an http or https URL with a host"));
    let issuer = format!("http://me:{}@id.example", world::secret("password"));
    let mut world = World::new(&profile(|oidc| oidc.issuer = issuer));
    let answer = world.request();
    assert!(answer.as_str().contains("issuer http://***@id.example:"), "{answer}");
}

#[test]
fn a_host_without_http_says_so() {
    let mut world = World::new(&profiles::oidc());
    world.faults(Faults { refuse: vec!["http".into()], ..Faults::default() });
    world.request().is(&[ERROR, "discovery: not supported by this host"].concat());
}

#[test]
fn a_storm_of_401s_does_not_become_one_of_refreshes() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    world.revoke("*");
    for _ in 0..600 {
        world.pass(100.ms()).request();
    }
    let (_, refreshes) = asked(&world);
    assert!(refreshes <= world.elapsed() / 1000 + 1, "{refreshes} in {} ms", world.elapsed());
}

/// As Go's client, for nothing secret goes to the discovery document; tokens are never sent on.
#[test]
fn oi_20_a_discovery_document_that_has_moved_is_followed_and_no_other_answer() {
    let mut world = World::new(&profiles::oidc());
    let document = format!("{{\"token_endpoint\":\"{TOKEN_ENDPOINT}\"}}");
    world.answers(DISCOVERY, &[Http::Moved("https://new.example/d".into())]);
    world.answers("https://new.example/d", &[Http::Moved("../e".into())]);
    world.answers("https://new.example/e", &[Http::Answer(200, document)]);
    world.request().is("200 as id-2");

    let clear = failure(DISCOVERY, Http::Moved("http://id.example/d".into()));
    let expected = "discovery: the provider answered with status 301: it redirects to \
                    \"http://id.example/d\", which is not an https URL";
    assert_eq!(clear, expected);
    let mut world = World::new(&profiles::oidc());
    world.answers(DISCOVERY, &vec![Http::Moved(DISCOVERY.into()); 11]);
    let endless = world.request();
    assert!(endless.as_str().ends_with("it was redirected more than 10 times"), "{endless}");
    let sent_on = failure(TOKEN_ENDPOINT, Http::Moved("https://new.example/token".into()));
    let expected = "refresh: the provider answered with status 301 (redirects are not followed)";
    assert_eq!(sent_on, expected);
}

/// OI-23: a gateway in front of the provider, or a provider with a format of its own.
#[test]
fn oi_23_what_the_provider_says_is_told_whatever_the_shape_of_its_json() {
    let said = |url, status, body: &str| failure(url, Http::Answer(status, body.into()));
    let body = r#"{"errors":[{"message":"realm\u001b[31m is gone"}]}"#;
    assert_eq!(
        said(DISCOVERY, 404, body),
        "discovery: the provider answered with status 404: realm [31m is gone"
    );
    let body = r#"{"error":{"code":422,"message":"token SECRET is unknown"}}"#;
    assert_eq!(
        said(TOKEN_ENDPOINT, 422, body),
        "refresh: the provider answered with status 422: token … is unknown"
    );
    let body = r#"{"error":"Client is disabled"}"#;
    assert_eq!(
        said(TOKEN_ENDPOINT, 409, body),
        "refresh: the provider refused: (not shown): Client is disabled"
    );
    let body = r#"{"error":"invalid_scope","message":"ask for openid"}"#;
    assert_eq!(
        said(TOKEN_ENDPOINT, 400, body),
        "refresh: the provider refused: invalid_scope: ask for openid"
    );
}
