//! What a refresh brings is written back to the kubeconfig, beside the requests (OI-26, OI-27, KC-91).

use super::{changed, from_file, id, tokens};
use kubecred_core::{Event, FailureKind, Kubeconfig};
use world::openid::TOKEN_ENDPOINT;
use world::profiles::{self, KUBECONFIG};
use world::{CANARY, Content, Faults, Http, OpenId, Span, Step, World, hides_secrets};

/// A machine from a kubeconfig with `refresh-1`, which the file still holds.
fn world() -> World {
    let mut world = World::new(&from_file(|_| {}));
    world.file(KUBECONFIG, Content::OpenId(tokens(None, Some("refresh-1"))));
    world
}

fn text(world: &World) -> String {
    let content = world.content(KUBECONFIG).expect("it is there");
    content.expose_str().expect("it is text").to_owned()
}

/// The names of the id-token and the refresh token that the file holds.
fn held(world: &World) -> (String, String) {
    let config = Kubeconfig::from_bytes(text(world).as_bytes()).expect("it can be read");
    let provider = config.users["me"].auth_provider.clone().expect("it has one");
    let name = |key: &str| {
        let token = provider.config.get(key).and_then(|token| token.expose_str());
        token.and_then(|token| token.rsplit_once(CANARY)).map_or("", |(_, name)| name).to_owned()
    };
    (name("id-token"), name("refresh-token"))
}

fn names(id: &str, refresh: &str) -> (String, String) {
    (id.into(), refresh.into())
}

/// Whether saving was a success, event by event.
fn outcomes(world: &mut World) -> Vec<bool> {
    let events = world.take_events();
    hides_secrets(&events);
    let outcome = |event: &Event| match event {
        Event::Saved { path } => {
            assert_eq!(path, KUBECONFIG);
            Some(true)
        }
        Event::NotSaved { error, .. } => {
            let text = error.to_string();
            let beginning = "cannot save the refreshed tokens of user \"me\" in \"/home/me/.kube/";
            assert!(text.starts_with(beginning) && !text.contains(CANARY), "{text}");
            Some(false)
        }
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

#[test]
fn oi_26_refreshed_tokens_are_written_back_and_nothing_else_changes() {
    let mut world = world();
    let before = text(&world);
    world.request().is("200 as id-2");
    world.pass(1.s());
    assert_eq!(held(&world), names("id-2", "refresh-2"));
    assert_eq!(outcomes(&mut world), [true]);
    let after = text(&world);
    for line in before.lines().filter(|line| !line.contains(CANARY)) {
        assert!(after.contains(line), "{line} has gone from {after}");
    }
    world.at(70.minutes()).request().is("200 as id-3");
    world.pass(1.s());
    assert_eq!(held(&world), names("id-3", "refresh-3"));
}

#[test]
fn oi_26_improved_no_request_waits_for_the_file() {
    let mut world = world();
    world.request().is("200 as id-2");
    assert_eq!(held(&world), names("", "refresh-1"), "not yet");
    assert!(world.machine.is_saving());
    world.pass(10.ms());
    assert_eq!(held(&world), names("id-2", "refresh-2"));
    assert!(!world.machine.is_saving());
}

#[test]
fn oi_26_quirk_18_a_failure_to_save_costs_no_request() {
    let mut world = world();
    world.faults(Faults { fail_writes: Some(FailureKind::Denied), ..Faults::default() });
    for round in 0..3 {
        world.at((61 * round).minutes()).request().is(&format!("200 as id-{}", round + 2));
    }
    world.pass(1.s());
    assert_eq!(outcomes(&mut world), [false; 3], "once for each refresh");
    assert_eq!(held(&world), names("", "refresh-1"));
    // What was not saved then is saved now.
    world.faults(Faults::default()).at((61 * 3).minutes()).request().is("200 as id-5");
    world.pass(1.s());
    assert_eq!(held(&world), names("id-5", "refresh-5"));
    assert_eq!(outcomes(&mut world), [true]);
    for number in 1..5 {
        assert_eq!(world.presented(&format!("refresh-{number}")), 1);
    }
}

#[test]
fn a_change_that_somebody_else_makes_in_between_is_kept() {
    let mut world = world();
    // The file has been read, and not been written yet.
    world.demand().at(201.ms());
    let other = [&text(&world), "- name: you\n  user: {}\n"].concat();
    world.file(KUBECONFIG, Content::Text(other)).pass(1.ms());
    assert_eq!(held(&world), names("", "refresh-1"), "a conflict");
    world.pass(5.s());
    assert_eq!(held(&world), names("id-2", "refresh-2"));
    assert!(text(&world).contains("- name: you\n"));
    assert_eq!(outcomes(&mut world), [false, true]);
}

#[test]
fn a_login_that_somebody_makes_in_between_is_not_overwritten_but_used_the_next_time() {
    let mut world = world();
    world.demand().at(150.ms());
    world.file(KUBECONFIG, Content::OpenId(tokens(Some(("id-9", 7200)), Some("refresh-9"))));
    world.pass(1.s()).request().is("200 as id-2");
    assert_eq!((world.writes(KUBECONFIG), held(&world)), (0, names("id-9", "refresh-9")));
    assert_eq!(outcomes(&mut world), [false; 0]);
    world.at(61.minutes()).request().is("200 as id-9");
}

#[test]
fn kc_87_a_lock_that_nobody_gives_back_is_tried_a_few_times() {
    let mut world = world();
    world.faults(Faults { fail_writes: Some(FailureKind::Conflict), ..Faults::default() });
    world.request().is("200 as id-2");
    world.pass(3.minutes());
    assert_eq!(outcomes(&mut world), [false; 5]);
    assert!(!world.machine.is_saving());
    // It is given back later. Nothing is lost if another refresh comes.
    world.faults(Faults::default()).pass(30.minutes());
    assert_eq!(held(&world), names("", "refresh-1"));
    world.at(61.minutes()).request();
    world.pass(1.s());
    assert_eq!(held(&world), names("id-3", "refresh-3"));
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for kind in [FailureKind::Denied, FailureKind::Unsupported, FailureKind::NotFound] {
        let mut world = world();
        world.faults(Faults { fail_writes: Some(kind), ..Faults::default() });
        world.request().is("200 as id-2");
        world.pass(3.minutes());
        assert_eq!(outcomes(&mut world), [false], "{kind:?}");
    }
}

#[test]
fn a_file_that_never_answers_is_given_up() {
    let mut world = World::new(&from_file(|_| {}));
    world.perform(Step::SlowFiles(true));
    world.request().is("200 as id-2");
    world.pass(3.minutes());
    assert_eq!(outcomes(&mut world), [false; 5]);
    assert!(!world.machine.is_saving());
}

#[test]
fn kc_91_an_entry_that_is_gone_or_about_something_else_is_left_alone() {
    let other = text(&world()).replace("https://id.example/realm", "https://other");
    for text in
        [String::new(), "users: []".into(), "users: [{name: me, user: {token: t}}]".into(), other]
    {
        let mut world = World::new(&from_file(|_| {}));
        world.file(KUBECONFIG, Content::Text(text.clone())).request().is("200 as id-2");
        world.pass(1.s());
        assert_eq!(super::saving::text(&world), text);
        assert_eq!((outcomes(&mut world), world.writes(KUBECONFIG)), (vec![], 0));
    }
}

#[test]
fn a_kubeconfig_that_is_broken_by_now_is_left_alone_and_told_of() {
    let mut world = world();
    world.file(KUBECONFIG, Content::Text(format!("users: [{}", world::secret("x"))));
    world.request().is("200 as id-2");
    world.pass(1.s());
    assert_eq!((outcomes(&mut world), world.writes(KUBECONFIG)), (vec![false], 0));
}

#[test]
fn oi_27_tokens_that_came_from_no_file_are_written_to_none() {
    let mut world = World::new(&profiles::oidc());
    world.request().is("200 as id-2");
    world.pass(1.h());
    assert_eq!((world.reads(KUBECONFIG), world.writes(KUBECONFIG)), (0, 0));
    assert_eq!(outcomes(&mut world), [false; 0]);
}

#[test]
fn a_rotated_refresh_token_is_saved_even_if_its_id_token_is_of_no_use() {
    let mut world = World::new(&from_file(|oidc| oidc.id_token = id(60.s())));
    world.file(KUBECONFIG, Content::OpenId(tokens(Some(("id-1", 60)), Some("refresh-1"))));
    world.answers(TOKEN_ENDPOINT, &[Http::Tokens(None, Some("refresh-7".into()))]);
    world.at(55.s());
    assert!(world.request().as_str().starts_with("error: "));
    world.pass(100.ms());
    assert_eq!(held(&world), names("id-1", "refresh-7"));
}

#[test]
fn an_id_token_alone_is_saved_too() {
    let mut world = world();
    world.openid(OpenId { rotates: false, ..OpenId::default() }).request().is("200 as id-2");
    world.pass(1.s());
    assert_eq!(held(&world), names("id-2", "refresh-1"));
}

#[test]
fn an_id_token_that_nobody_had_to_refresh_is_not_written() {
    let mut world = World::new(&from_file(|oidc| oidc.id_token = id(1.h())));
    world.request().is("200 as id-1");
    world.pass(10.s());
    assert_eq!((world.reads(KUBECONFIG), world.writes(KUBECONFIG)), (0, 0));
}

#[test]
fn whoever_starts_from_that_file_goes_on_where_this_machine_was() {
    let mut first = world();
    first.request().is("200 as id-2");
    first.pass(1.s());
    let left = text(&first);
    // It was started before, and its tokens are of yesterday.
    let mut second = World::new(&from_file(|_| {}));
    second.file(KUBECONFIG, Content::Text(left)).pass(1.s()).request().is("200 as id-2");
    assert_eq!(second.asked(TOKEN_ENDPOINT), 0);
}

#[test]
fn a_machine_that_is_closed_calls_off_what_it_is_saving() {
    let mut world = world();
    world.demand().at(201.ms());
    assert!(world.machine.is_saving());
    let before = world.transcript().as_str().len();
    world.perform(Step::Close);
    let said = &world.transcript().as_str()[before..];
    let mut said = said.lines().filter(|line| line.contains("  machine  "));
    assert!(said.next().is_some_and(|line| line.contains("cancels #")));
    assert_eq!(said.next(), None);
    assert!(!world.machine.is_saving());
}

#[test]
fn saving_holds_up_no_renewal() {
    let mut world = world();
    world.openid(OpenId { life: 15_000, ..OpenId::default() });
    world.request().is("200 as id-2");
    world.faults(Faults { fail_writes: Some(FailureKind::Conflict), ..Faults::default() });
    for second in 1..120 {
        world.at(second.s());
        assert!(world.request().as_str().starts_with("200 as id-"));
    }
    // What is saved in the end is the newest.
    world.faults(Faults::default()).at(200.s()).request();
    world.pass(1.s());
    let refresh = world.requests(1)[0].as_str().replace("200 as id", "refresh");
    assert_eq!(held(&world).1, refresh);
}

#[test]
fn a_profile_with_roots_of_its_own_saves_too() {
    let mut world = World::new(&changed(profiles::oidc_from_file(), |oidc| oidc.id_token = None));
    world.file(profiles::PROVIDER_ROOTS, Content::Roots("a".into()));
    world.file(KUBECONFIG, Content::OpenId(tokens(None, Some("refresh-1"))));
    world.request().is("200 as id-2");
    world.pass(1.s());
    assert_eq!(held(&world), names("id-2", "refresh-2"));
}
