//! Refreshing without a person.

use crate::{error, logged_in};
use kubecred_core::login::{Event, Grant, Operation, Storage};
use std::time::Duration;
use world::login::{Lie, Place, Process};

const HOUR: Duration = Duration::from_secs(3600);
/// Less than the margin is left of a token of one hour, which is still good.
const NEARLY: Duration = Duration::from_secs(3580);

fn refreshed(process: &Process) -> bool {
    process.token().is_some() && process.count("Listen") == 0
}

#[test]
fn lg_84_a_provider_that_is_down_leaves_what_is_still_good_and_opens_no_browser() {
    for lie in [Lie::Unreachable, Lie::Down] {
        for (time, good) in [(NEARLY, true), (HOUR, false)] {
            let mut place = logged_in(&Place::settings());
            place.pass(time);
            place.provider.lie = lie;
            let process = place.run(Place::settings());
            assert_eq!(process.token().is_some(), good, "{lie:?}: {:?}", process.outcome);
            assert_eq!(process.opened.len(), 0);
            let said = process.events.iter().any(|event| matches!(event, Event::RefreshFailed(_)));
            assert_eq!(said, good);
        }
    }
}

#[test]
fn lg_85_a_refresh_token_that_is_not_taken_is_forgotten_and_a_login_follows() {
    let mut place = logged_in(&Place::settings());
    place.pass(HOUR);
    place.provider.forgets = true;
    let process = place.run(Place::settings());
    assert!(process.token().is_some() && process.opened.len() == 1);
    let said = |event: &Event| matches!(event, Event::RefreshTokenRefused(_));
    assert!(process.events.iter().any(said));
    // Another refusal forgets nothing.
    place.provider.forgets = false;
    place.pass(HOUR);
    place.provider.lie = Lie::Repeats;
    assert!(error(place.run(Place::settings())).contains("invalid_target"));
    place.provider.lie = Lie::None;
    assert!(refreshed(place.run(Place::settings())));
}

#[test]
fn lg_86_a_rotated_refresh_token_is_stored_before_the_credential_is_printed() {
    let mut place = logged_in(&Place::settings());
    for _ in 0..3 {
        place.pass(HOUR);
        let process = place.run(Place::settings());
        assert!(refreshed(process), "{:?}", process.outcome);
        let at = |name| process.actions.iter().position(|action| *action == name).unwrap();
        assert!(at("KeyringSet") < at("Finish") && at("WriteEntry") < at("Finish"));
    }
    // None in the answer keeps the old one.
    place.provider.rotates = false;
    for _ in 0..3 {
        place.pass(HOUR);
        assert!(refreshed(place.run(Place::settings())));
    }
}

#[test]
fn lg_87_ten_processes_refresh_once() {
    for storage in [Storage::Auto, Storage::Disk, Storage::Keyring] {
        let mut settings = Place::settings();
        settings.storage = storage;
        let mut place = logged_in(&settings);
        place.pass(HOUR);
        for _ in 0..10 {
            place.start(settings.clone(), Operation::Token);
        }
        place.settle();
        assert_eq!(place.provider.count("/token"), 2, "{storage:?}");
        assert!(place.processes[1..].iter().all(refreshed));
    }
}

#[test]
fn lg_88_an_answer_without_an_id_token_is_asked_for_again_with_the_scopes() {
    let mut place = logged_in(&Place::settings());
    place.provider.id_token_on_refresh = false;
    place.pass(HOUR);
    let process = place.run(Place::settings());
    assert!(refreshed(process), "{:?}", process.outcome);
    assert_eq!(place.provider.count("/token"), 3);
    assert_eq!(place.provider.forms[2]["scope"], "openid offline_access");
    // Never: the old one while it lasts, with the rotated refresh token kept; then an error.
    place.provider.lie = Lie::NoIdToken;
    place.pass(NEARLY);
    let process = place.run(Place::settings());
    assert!(refreshed(process), "{:?}", process.outcome);
    place.pass(HOUR);
    assert!(error(place.run(Place::settings())).contains("openid"));
    place.provider.lie = Lie::None;
    assert!(refreshed(place.run(Place::settings())));
}

#[test]
fn lg_88_a_login_without_an_id_token_is_refreshed_once() {
    let mut settings = Place::settings();
    settings.grant = Grant::Device;
    let mut place = Place::default();
    place.provider.lie = Lie::NoIdToken;
    let process = place.run(settings);
    assert!(error(process).contains("id_token"), "{:?}", process.outcome);
    assert_eq!(place.provider.forms.last().unwrap()["grant_type"], "refresh_token");
}

#[test]
fn lg_89_a_refresh_token_whose_answer_was_lost_is_not_presented_again() {
    let mut place = logged_in(&Place::settings());
    place.pass(NEARLY);
    place.provider.lie = Lie::AnswerLost;
    let process = place.run(Place::settings());
    assert!(process.token().is_some());
    assert_eq!(place.provider.count("/token"), 2);
}

#[test]
fn lg_77_a_refresh_for_somebody_else_keeps_nothing() {
    for lie in [Lie::Subject, Lie::TokenIssuer, Lie::Audience, Lie::Nonce] {
        let mut place = logged_in(&Place::settings());
        place.pass(HOUR);
        let before = place.stores.entries.clone();
        place.provider.lie = lie;
        let process = place.run(Place::settings());
        assert!(process.outcome.as_ref().unwrap().is_err(), "{lie:?}");
        assert_eq!(place.stores.entries, before, "{lie:?}");
    }
}

#[test]
fn lg_60_the_other_client_authentication_is_tried_after_invalid_client_and_remembered() {
    let mut settings = Place::settings();
    let secret = kubecred_core::login::ClientCredential::Secret("hush-client".into());
    settings.client_credential = secret;
    let mut place = Place::default();
    place.provider.lie = Lie::InvalidClient;
    let process = place.run(settings.clone());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    assert_eq!(place.provider.had_header, [true, false]);
    assert_eq!(place.provider.forms[0]["code"], place.provider.forms[1]["code"]);
    // LG-24: what worked comes first.
    place.pass(HOUR);
    place.run(settings);
    assert_eq!(place.provider.had_header, [true, false, false]);
}

#[test]
fn lg_24_a_public_client_is_named_in_the_body_only() {
    let mut place = Place::default();
    place.provider.lie = Lie::InvalidClient;
    let process = place.run(Place::settings());
    assert!(error(process).contains("invalid_client"));
    assert_eq!(place.provider.had_header, [false]);
    assert_eq!(place.provider.forms[0]["client_id"], "kubernetes");
}

#[test]
fn lg_25_a_client_assertion_is_read_anew_each_time() {
    let mut settings = Place::settings();
    settings.client_credential =
        kubecred_core::login::ClientCredential::AssertionFile("/run/token".into());
    let mut place = Place::default();
    place.stores.files.insert("/run/token".into(), "first\n".into());
    assert!(place.run(settings.clone()).token().is_some());
    place.stores.files.insert("/run/token".into(), "second\n".into());
    place.pass(HOUR);
    assert!(refreshed(place.run(settings.clone())));
    let sent: Vec<&str> =
        place.provider.forms.iter().map(|form| &*form["client_assertion"]).collect();
    assert_eq!(sent, ["first", "second"]);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(place.provider.forms[0]["client_assertion_type"], kind);
    place.stores.files.clear();
    place.pass(HOUR);
    assert!(error(place.run(settings)).contains("/run/token"));
}
