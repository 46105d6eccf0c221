//! The kubeconfig is looked into before a refresh: somebody else may have refreshed, or logged in.

use super::{asked, changed, from_file, id, tokens};
use world::profiles::{self, KUBECONFIG};
use world::{Content, Faults, OpenId, Span, World};

fn holding(world: &mut World, id: Option<(&str, i64)>, refresh: Option<&str>) {
    world.file(KUBECONFIG, Content::OpenId(tokens(id, refresh)));
}

#[test]
fn a_good_id_token_needs_no_look() {
    let mut world = World::new(&from_file(|oidc| oidc.id_token = id(1.h())));
    world.request().is("200 as id-1");
    assert_eq!((world.reads(KUBECONFIG), asked(&world)), (0, (0, 0)));
}

#[test]
fn an_id_token_that_somebody_else_has_got_is_used() {
    let mut world = World::new(&from_file(|_| {}));
    holding(&mut world, Some(("id-8", 3600)), Some("refresh-8"));
    world.request().is("200 as id-8");
    assert_eq!(asked(&world), (0, (0)));
}

#[test]
fn a_refresh_token_that_somebody_else_has_used_up_is_not_presented() {
    let mut world = World::new(&from_file(|oidc| oidc.id_token = id(10.minutes())));
    world.request().is("200 as id-1");
    // kubectl has refreshed long ago, and what it got has expired as well.
    world.openid(OpenId { refresh: "refresh-5".into(), ..OpenId::default() });
    holding(&mut world, Some(("id-5", 60)), Some("refresh-5"));
    world.at(11.minutes()).request().is("200 as id-2");
    assert_eq!((world.presented("refresh-1"), world.presented("refresh-5")), (0, 1));
}

#[test]
fn a_login_after_the_end_of_everything_is_noticed() {
    let mut world = World::new(&from_file(|_| {}));
    world.openid(OpenId { refresh: "another".into(), ..OpenId::default() });
    holding(&mut world, None, Some("refresh-1"));
    let refused = world.request();
    assert!(refused.as_str().contains("invalid_grant"), "{refused}");
    world.pass(1.h()).request().is(refused.as_str());
    assert_eq!(world.presented("refresh-1"), 1);
    holding(&mut world, None, Some("another"));
    world.pass(2.minutes()).request().is("200 as id-2");
}

#[test]
fn a_login_after_a_401_is_noticed() {
    let mut world = World::new(&from_file(|oidc| {
        oidc.id_token = id(1.h());
        oidc.refresh_token = None;
    }));
    holding(&mut world, Some(("id-9", 3600)), None);
    world.revoke("id-1").request().is("200 as id-9");
}

#[test]
fn what_this_machine_has_got_is_better_than_what_the_file_still_holds() {
    let mut world = World::new(&from_file(|_| {}));
    holding(&mut world, None, Some("refresh-1"));
    world.faults(Faults { refuse: vec!["write".into()], ..Faults::default() });
    for round in 0..4 {
        world.at((61 * round).minutes()).request().is(&format!("200 as id-{}", round + 2));
    }
    assert_eq!(world.presented("refresh-1"), 1);
}

#[test]
fn an_entry_that_is_about_something_else_by_now_is_not_followed() {
    let other = "users: [{name: me, user: {auth-provider: {name: oidc, config: {idp-issuer-url: \
                 'https://other', client-id: kube, refresh-token: theirs}}}}]";
    for text in [
        other.to_owned(),
        other.replace("https://other", "https://id.example/realm").replace("kube", "other"),
        other.replace("name: me", "name: you"),
        other.replace("name: oidc", "name: gcp"),
        "users: [{name: me, user: {token: t}}]".into(),
        "users: [".into(),
        String::new(),
    ] {
        let mut world = World::new(&from_file(|_| {}));
        world.file(KUBECONFIG, Content::Text(text)).request().is("200 as id-2");
        assert_eq!(world.presented("refresh-1"), 1);
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_no_obstacle() {
    let mut world = World::new(&from_file(|_| {}));
    world.request().is("200 as id-2");
    let mut world = World::new(&from_file(|_| {}));
    world.faults(Faults { refuse: vec!["file".into()], ..Faults::default() });
    world.request().is("200 as id-2");
    let mut world = World::new(&from_file(|_| {}));
    world.perform(world::Step::SlowFiles(true));
    world.request().is("200 as id-2");
    assert!((10_000..12_000).contains(&world.elapsed()), "it waits for the time limit");
}

#[test]
fn oi_3_improved_each_user_has_a_machine_and_tokens_of_its_own() {
    let mut one = World::new(&changed(profiles::oidc(), |oidc| oidc.id_token = id(1.h())));
    let mut other = World::new(&changed(profiles::oidc(), |oidc| {
        oidc.refresh_token = Some(world::secret("refresh-9").into());
    }));
    other.openid(OpenId { refresh: "refresh-9".into(), ..OpenId::default() });
    one.request().is("200 as id-1");
    other.request().is("200 as id-2");
    assert_eq!((one.presented("refresh-9"), other.presented("refresh-1")), (0, 0));
}
