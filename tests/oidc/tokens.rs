//! Which id-token is served, and when another is got.

use super::{asked, id, profile};
use kubecred_core::{Policy, Secret};
use world::openid::{self, TOKEN_ENDPOINT};
use world::{Http, OpenId, Span, World, profiles};

const ERROR: &str = "error: oidc auth-provider of user \"me\", issuer https://id.example/realm: ";

fn error(text: &str) -> String {
    [ERROR, text].concat()
}

#[test]
fn oi_10_an_id_token_that_is_good_is_served_and_nobody_is_asked() {
    let mut world = World::new(&profile(|oidc| oidc.id_token = id(1.h())));
    world.request().is("200 as id-1");
    assert_eq!(world.elapsed(), 0);
    world.pass(40.minutes()).request().is("200 as id-1");
    assert_eq!(asked(&world), (0, 0));
}

#[test]
fn nobody_is_asked_before_somebody_wants_to_send_a_request() {
    let mut world = World::new(&profiles::oidc());
    world.pass(24.h());
    world.perform(world::Step::Tick);
    assert_eq!(asked(&world), (0, 0));
    world.request().is("200 as id-2");
    assert_eq!(asked(&world), (1, 1));
}

#[test]
fn oi_11_improved_an_id_token_that_is_none_leads_to_a_refresh() {
    for token in ["foobar", "a.!.c", "e30.e30.c", "e30.bm8.c", "a.b.c\n"] {
        let mut world = World::new(&profile(|oidc| oidc.id_token = Some(Secret::from(token))));
        world.request().is("200 as id-2");
    }
}

#[test]
fn oi_11_oi_12_an_id_token_that_is_none_is_an_error_without_a_refresh_token() {
    for (token, text) in [
        (
            "foobar".into(),
            "the id-token is not a JWT, and there is no refresh-token to get another",
        ),
        ("a.!.c".into(), "the id-token has a payload that is not base64url, and there is no "),
        ("a.bm8.c".into(), "the id-token has a payload that is not JSON, and there is no refresh"),
        (openid::jwt("{\"exp\":null}", "x"), "the id-token has an exp claim that is not a number"),
        (openid::jwt("{}", "x"), "there is no valid id-token, and no refresh-token to get one"),
    ] {
        let mut world = World::new(&profile(|oidc| {
            oidc.id_token = Some(token.into());
            oidc.refresh_token = None;
        }));
        world.request().is(&error(text));
        assert_eq!(asked(&world), (0, 0));
    }
}

#[test]
fn oi_12_ten_seconds_before_its_end_an_id_token_is_too_old() {
    for (left, served) in [(11.s(), "200 as id-1"), (10.s(), "200 as id-2"), (1.s(), "200 as id-2")]
    {
        let mut world = World::new(&profile(|oidc| oidc.id_token = id(left)));
        world.request().is(served);
    }
}

#[test]
fn oi_12_improved_an_id_token_is_used_to_its_end_when_there_can_be_no_other() {
    let mut world = World::new(&profile(|oidc| {
        oidc.id_token = id(60.s());
        oidc.refresh_token = None;
    }));
    for second in [0, 40, 55, 59] {
        world.at(second.s()).request().is("200 as id-1");
    }
    let events = format!("{:?}", world.take_events());
    assert!(!events.contains("Failed"), "there is nothing to try: {events}");
    world
        .at(60.s())
        .request()
        .is(&error("there is no valid id-token, and no refresh-token to get"));
    // The same when it is met in its last seconds.
    let mut world = World::new(&profile(|oidc| {
        oidc.id_token = id(5.s());
        oidc.refresh_token = None;
    }));
    world.request().is("200 as id-1");
}

#[test]
fn oi_4_oi_13_without_any_token_there_is_only_to_log_in_again() {
    let mut world = World::new(&profile(|oidc| oidc.refresh_token = None));
    let text = "there is no valid id-token, and no refresh-token to get one with; log in again";
    world.request().is(&error(text));
}

#[test]
fn oi_14_improved_a_401_leads_to_a_refresh() {
    let mut world = World::new(&profile(|oidc| oidc.id_token = id(1.h())));
    world.request().is("200 as id-1");
    world.pass(5.s()).revoke("id-1").request().is("200 as id-2");
    assert_eq!(asked(&world), (1, 1));
}

#[test]
fn oi_14_a_401_that_no_refresh_can_help_is_an_answer() {
    let mut world = World::new(&profile(|oidc| {
        oidc.id_token = id(1.h());
        oidc.refresh_token = None;
    }));
    world.revoke("id-1").request().is("401 as id-1");
}

#[test]
fn oi_15_a_hundred_callers_are_one_refresh() {
    let mut world = World::new(&profiles::oidc());
    for answer in world.requests(100) {
        answer.is("200 as id-2");
    }
    assert_eq!(asked(&world), (1, 1));
    assert_eq!(world.presented("refresh-1"), 1);
}

#[test]
fn a_busy_machine_refreshes_ahead_and_no_request_waits() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    for minute in 1..600 {
        world.at(minute.minutes());
        let before = world.elapsed();
        assert!(world.request().as_str().starts_with("200 as id-"));
        assert_eq!(world.elapsed(), before, "nobody waits");
    }
    let (discovery, refreshes) = asked(&world);
    assert_eq!(discovery, 1, "OI-20 improved: once in a life");
    assert!((11..=14).contains(&refreshes), "{refreshes} in ten hours");
}

#[test]
fn an_idle_machine_refreshes_nothing() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    world.pass(24.h());
    assert!(asked(&world).1 <= 2, "once more at the most: somebody has used it");
    assert_eq!(world.next_tick_in(), None);
}

#[test]
fn oi_12_as_lazy_as_client_go_if_that_is_asked_for() {
    let mut world = World::with_policy(&profiles::oidc(), Policy::client_go());
    world.request().is("200 as id-2");
    let end = world.credential().unwrap().expires.unwrap().since(world.now().wall);
    let now = world.elapsed().ms();
    world.at(now + end - 10_001.ms()).request().is("200 as id-2");
    world.pass(1.ms());
    assert_eq!(asked(&world), (1, 1), "nothing happens by itself");
    world.request().is("200 as id-3");
}

#[test]
fn a_refresh_that_fails_keeps_the_old_id_token_to_its_end() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    world.answers(TOKEN_ENDPOINT, &vec![Http::Answer(503, "SECRET".into()); 1000]);
    for minute in 1..60 {
        world.at(minute.minutes()).request().is("200 as id-2");
    }
    let (_, refreshes) = asked(&world);
    assert!((5..=30).contains(&refreshes), "it is tried, and not in a storm: {refreshes}");
    world.pass(2.minutes());
    world.request().is(&error("refresh: the provider answered with status 503"));
}

/// I: client-go loses the new refresh token, and sends an empty id-token.
#[test]
fn oi_24_an_answer_without_an_id_token_says_so_and_its_refresh_token_is_kept() {
    for name in [None, Some(String::new())] {
        let mut world = World::new(&profiles::oidc());
        let answer = match name {
            None => Http::Tokens(None, Some("refresh-7".into())),
            Some(_) => {
                let refresh = world::secret("refresh-7");
                let body = format!("{{\"id_token\":\"\",\"refresh_token\":\"{refresh}\"}}");
                world.openid(OpenId { refresh: "refresh-7".into(), ..OpenId::default() });
                Http::Answer(200, body)
            }
        };
        world.answers(TOKEN_ENDPOINT, &[answer]);
        world.request().is(&error("refresh: the provider's answer has no id_token: perhaps"));
        world.pass(2.s()).request().is("200 as id-2");
        assert_eq!((world.presented("refresh-1"), world.presented("refresh-7")), (0, 1));
    }
}

#[test]
fn oi_25_improved_an_id_token_that_is_none_is_refused_and_the_old_one_goes_on() {
    for (token, text) in [
        ("opaque".to_owned(), "is not a JWT"),
        (openid::jwt("{}", "x"), "has no exp claim"),
        (openid::jwt("{\"exp\":\"soon\"}", "x"), "has an exp claim that is not a number"),
    ] {
        let mut world = World::new(&profiles::oidc());
        world.request().is("200 as id-2");
        world.at(45.minutes()).request().is("200 as id-2");
        let body = format!("{{\"access_token\":\"a\",\"id_token\":\"{token}\"}}");
        world.answers(TOKEN_ENDPOINT, &vec![Http::Answer(200, body); 100]);
        world.take_events();
        world.at(50.minutes()).request().is("200 as id-2");
        let events = format!("{:?}", world.take_events());
        assert!(events.contains("NewIdToken"), "{events}");
        world.at(59.minutes()).request().is("200 as id-2");
        world.at(61.minutes());
        world.request().is(&error(&["refresh: the provider's id_token ", text].concat()));
    }
}

#[test]
fn oi_26_improved_a_rotated_refresh_token_is_in_use_at_once() {
    let mut world = World::new(&profiles::oidc());
    for round in 0..5 {
        world.at((61 * round).minutes());
        world.request().is(&format!("200 as id-{}", round + 2));
    }
    for number in 1..=5 {
        assert_eq!(world.presented(&format!("refresh-{number}")), 1);
    }
}

#[test]
fn a_refresh_token_that_does_not_rotate_is_kept() {
    let mut world = World::new(&profiles::oidc());
    world.openid(OpenId { rotates: false, ..OpenId::default() });
    for round in 0..3 {
        world.at((61 * round).minutes());
        world.request().is(&format!("200 as id-{}", round + 2));
    }
    assert_eq!(world.presented("refresh-1"), 3);
}

#[test]
fn a_clock_that_is_five_minutes_fast_makes_no_storm() {
    let mut world = World::new(&profiles::oidc());
    world.openid(OpenId { life: 240_000, ..OpenId::default() });
    world.wall_forward(5.minutes());
    for _ in 0..600 {
        world.pass(100.ms());
        assert!(world.request().as_str().starts_with("200 as id-"));
    }
    let (_, refreshes) = asked(&world);
    assert!(refreshes <= 15, "{refreshes} in a minute");
    let events = format!("{:?}", world.take_events());
    assert!(events.contains("ClockSkew"), "{events}");
}

#[test]
fn a_clock_that_is_five_minutes_slow_is_put_right_by_a_401() {
    let mut world = World::new(&profile(|oidc| oidc.id_token = id(60.s())));
    world.wall_back(5.minutes());
    world.request().is("200 as id-1");
    world.at(2.minutes()).revoke("id-1").request().is("200 as id-2");
}
