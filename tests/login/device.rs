//! The device flow.

use crate::error;
use kubecred_core::login::{BrowserMode, Event, Grant, Operation, Settings};
use serde_json::json;
use std::time::Duration;
use world::login::{Lie, Place, User};

fn settings() -> Settings {
    let mut settings = Place::settings();
    settings.grant = Grant::Device;
    settings.browser = BrowserMode::Never;
    settings
}

#[test]
fn lg_101_the_request_has_a_challenge_and_the_polls_have_the_verifier() {
    let mut place = Place::default();
    let process = place.run(settings());
    // The provider compares the two.
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert_eq!(place.provider.forms[0]["code_verifier"].len(), 43);
}

#[test]
fn lg_102_the_code_and_the_address_are_always_shown() {
    for mode in [BrowserMode::Never, BrowserMode::Always] {
        let mut place = Place::default();
        let mut settings = settings();
        settings.browser = mode;
        let process = place.run(settings);
        let shown: Vec<String> = process.events.iter().map(ToString::to_string).collect();
        let text = shown.join("\n");
        for part in ["WDJB-MJHT", "https://login.example/enter", "900 s"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(process.opened.len(), usize::from(mode == BrowserMode::Always));
    }
}

#[test]
fn lg_105_slow_down_adds_five_seconds_for_good_and_a_lost_answer_doubles_once() {
    let mut place = Place::default();
    // Taken from the end.
    place.provider.device_errors =
        vec!["authorization_pending", "lost", "slow_down", "slow_down", "authorization_pending"];
    let before = place.now().monotonic;
    let process = place.run(settings());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    // 5, 5, 10, 15, 30 after the lost one, 15.
    assert_eq!(place.now().monotonic.since(before), Duration::from_secs(5 + 5 + 10 + 15 + 30 + 15));
    assert_eq!(place.provider.count("/token"), 6);
}

/// The provider has used the code up with the answer that was lost, and says so.
#[test]
fn lg_105_after_a_lost_answer_the_same_code_is_sent_once_more() {
    let mut place = Place::default();
    place.provider.lie = Lie::AnswerLost;
    assert!(error(place.run(settings())).contains("invalid_grant"));
    assert_eq!(place.provider.count("/token"), 2);
    assert_eq!(place.provider.forms[0]["device_code"], place.provider.forms[1]["device_code"]);
}

#[test]
fn lg_106_every_other_error_ends_it() {
    for code in ["access_denied", "expired_token", "invalid_grant", "server_error"] {
        let mut place = Place::default();
        place.provider.device_errors = vec![code, "authorization_pending"];
        assert!(error(place.run(settings())).contains(code));
        assert_eq!(place.provider.count("/token"), 2);
    }
}

#[test]
fn lg_106_after_a_suspend_it_asks_once_and_not_in_a_burst() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    let id = place.start(settings(), Operation::Token);
    place.settle_now();
    place.pass(Duration::from_secs(600));
    for _ in 0..3 {
        place.input(id, kubecred_core::login::Input::Tick);
        place.settle_now();
    }
    assert_eq!(place.provider.count("/token"), 1);
}

#[test]
fn lg_11_lg_106_the_device_flow_ends_after_a_quarter_of_an_hour() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    let before = place.now().monotonic;
    let text = error(place.run(settings()));
    assert!(text.contains("900 s (--device-timeout-sec)"), "{text}");
    assert_eq!(place.now().monotonic.since(before), Duration::from_secs(900));
}

#[test]
fn lg_103_an_address_that_is_not_https_is_not_shown() {
    for (uri, good) in [("https://a/b", true), ("http://a/b", false), ("javascript:x", false)] {
        let mut place = Place::default();
        place
            .provider
            .discovery
            .insert("token_endpoint".into(), json!("https://login.example/token"));
        place.provider.verification_uri = uri.into();
        let process = place.run(settings());
        assert_eq!(process.token().is_some(), good, "{uri}");
        let shows = |event: &Event| matches!(event, Event::Device { .. });
        assert_eq!(process.events.iter().any(shows), good, "{uri}");
    }
}
