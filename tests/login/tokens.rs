//! What a provider's tokens may not say, and what is never shown.

use crate::error;
use kubecred_core::login::{Grant, Settings, TokenKind};
use world::login::{Lie, Place};

fn refused(lie: Lie, settings: Settings) -> String {
    let mut place = Place::default();
    place.provider.lie = lie;
    let text = error(place.run(settings));
    let stored = place
        .stores
        .entries
        .values()
        .any(|entry| entry.expose_str().is_some_and(|entry| entry.contains("\"token\"")));
    assert!(!stored, "{lie:?} was stored");
    text
}

#[test]
fn lg_79_a_token_that_does_not_verify_is_neither_printed_nor_stored_nor_shown_with_a_name() {
    for (lie, part) in [
        (Lie::Nonce, "nonce"),
        (Lie::Audience, "aud"),
        (Lie::TokenIssuer, "issuer"),
        (Lie::Expired, "expired"),
        (Lie::Unsigned, "none"),
        (Lie::Signature, "verify"),
        (Lie::AccessTokenHash, "at_hash"),
    ] {
        let text = refused(lie, Place::settings());
        assert!(text.contains(part), "{lie:?}: {text}");
        assert!(!text.contains("Anne"), "{text}");
    }
}

#[test]
fn lg_61_an_access_token_is_used_only_as_a_bearer_token() {
    let mut settings = Place::settings();
    settings.token = TokenKind::Access;
    let mut place = Place::default();
    let process = place.run(settings.clone());
    assert!(process.token().unwrap().starts_with("access-canary"));
    let mut place = Place::default();
    place.provider.token_type = "DPoP".into();
    assert!(error(place.run(settings)).contains("Bearer"));
    // An ID token is none of its business.
    let mut place = Place::default();
    place.provider.token_type = "DPoP".into();
    assert!(place.run(Place::settings()).token().is_some());
}

#[test]
fn lg_80_an_opaque_access_token_lives_as_long_as_the_answer_says() {
    let mut settings = Place::settings();
    settings.token = TokenKind::Access;
    let mut place = Place::default();
    place.provider.life = 1000;
    place.run(settings.clone());
    place.pass(std::time::Duration::from_secs(900));
    assert_eq!(place.run(settings.clone()).actions, ["ReadEntry", "Finish"]);
    place.pass(std::time::Duration::from_secs(60));
    assert!(place.run(settings.clone()).count("SendRequest") > 0);
    // An ID token that came along is verified in full.
    assert!(refused(Lie::Nonce, settings).contains("nonce"));
}

#[test]
fn lg_63_lg_64_no_secret_is_shown_whatever_the_provider_repeats() {
    for grant in [Grant::AuthorizationCode, Grant::Device, Grant::Password] {
        for lie in [Lie::Repeats, Lie::Html] {
            let mut place = Place::default();
            place.provider.lie = lie;
            let mut settings = Place::settings();
            settings.grant = grant;
            settings.username = Some("anne".into());
            settings.password = kubecred_core::login::PasswordSource::Value("hush-password".into());
            settings.client_credential =
                kubecred_core::login::ClientCredential::Secret("hush-client".into());
            // `run` checks codes, verifiers and tokens.
            let text = error(place.run(settings));
            assert!(!text.contains("hush"), "{grant:?} {lie:?}: {text}");
        }
    }
}
