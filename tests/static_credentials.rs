//! What is given outright: nothing is fetched, nothing ends, and a 401 changes nothing.

use kubecred_core::{Authentication, Authorization, Material, Profile, Roots, Secret};
use world::{Span, Step, World, certificates, profiles, secret};

fn headers(world: &mut World) -> Vec<(String, String)> {
    let served = world.credential().expect("it is there");
    let text = |value: &Secret| String::from_utf8(value.expose().to_vec()).expect("text");
    served.headers.iter().map(|h| (h.name.to_string(), text(&h.value))).collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn ht_4_a_literal_token_is_there_from_birth() {
    let mut world = World::new(&profiles::literal());
    let bearer = format!("Bearer {}", secret("literal"));
    assert_eq!(headers(&mut world), [pair("authorization", &bearer)]);
    let served = world.credential().expect("it is there");
    assert!(!served.demand, "there is nothing to start");
    assert_eq!(served.generation.as_u64(), 1);
}

#[test]
fn the_first_input_of_any_kind_pushes_what_is_there_from_birth() {
    for step in [Step::Tick, Step::Demand, Step::Reject(7)] {
        let mut world = World::new(&profiles::literal());
        world.perform(step);
        let set = world.pushed().expect("it is pushed");
        assert_eq!((set.generation.as_u64(), set.headers.len()), (1, 1));
        assert!(!set.reconnect);
        assert_eq!(world.next_tick_in(), None);
    }
}

#[test]
fn ua_10_a_user_name_and_a_password_are_basic() {
    let mut world = World::new(&profiles::basic());
    world.request().is("200 as basic");
    let mut profile = Profile::new("https://api");
    profile.authentication = Authentication::basic("me", "a:b");
    let mut world = World::new(&profile);
    assert_eq!(headers(&mut world), [pair("authorization", "Basic bWU6YTpi")]);
}

#[test]
fn ua_12_anonymous_sends_nothing_and_is_ready() {
    let mut world = World::new(&profiles::anonymous());
    assert_eq!(headers(&mut world), []);
    world.request().is("200 as nobody");
}

#[test]
fn ua_21_impersonation_headers_come_in_order_and_repeat() {
    let mut world = World::new(&profiles::impersonating(profiles::literal()));
    let bearer = format!("Bearer {}", secret("literal"));
    let expected = [
        pair("authorization", &bearer),
        pair("impersonate-user", "jane"),
        pair("impersonate-uid", "42"),
        pair("impersonate-group", "dev"),
        pair("impersonate-group", "ops"),
        pair("impersonate-extra-scopes", "a"),
        pair("impersonate-extra-scopes", "b"),
    ];
    assert_eq!(headers(&mut world), expected);
}

#[test]
fn kc_71_a_plain_http_server_gets_no_credential() {
    let mut profile = profiles::literal();
    profile.cluster.server = "http://api.example".into();
    World::new(&profile).request().is("200 as nobody");
}

#[test]
fn ua_25_a_plain_http_server_gets_impersonation_all_the_same() {
    let mut profile = profiles::impersonating(profiles::exec());
    profile.cluster.server = "HTTP://api.example".into();
    World::new(&profile).request().is("200 as nobody for jane");
}

#[test]
fn ht_34_a_401_to_a_literal_is_counted_and_changes_nothing() {
    for profile in [profiles::literal(), profiles::basic(), profiles::certificate_data()] {
        let mut world = World::new(&profile);
        let before = world.credential();
        world.revoke("*");
        assert!(world.request().as_str().starts_with("401"));
        assert!(world.request().as_str().starts_with("401"));
        assert_eq!(world.credential(), before);
        let stats = world.stats();
        assert_eq!((stats.started, stats.rejected), (0, 2));
        assert_eq!(world.take_events(), [], "nothing else is being fetched");
    }
}

#[test]
fn ua_2_a_certificate_goes_along_with_a_token() {
    let mut profile = profiles::literal();
    profile.authentication.certificate = profiles::certificate_data().authentication.certificate;
    World::new(&profile).request().is("200 as literal with certificate a");
}

/// What comes of it is for the server to say.
#[test]
fn a_certificate_given_outright_is_served_past_its_end() {
    let data = |pem: &str| Material::Data(pem.into());
    let [certificate, key] = [certificates::certificate("gone"), certificates::key("gone")];
    let profile = profiles::with(Authentication::certificate(data(certificate), data(key)));
    let mut world = World::new(&profile);
    world.request().is("401 as certificate gone");
    assert_eq!(world.credential().map(|served| served.expires), Ok(None));
}

#[test]
fn ua_34_a_key_that_does_not_belong_to_the_certificate_is_an_error() {
    let data = |pem: &str| Material::Data(pem.into());
    let [certificate, key] = [certificates::certificate("a"), certificates::key("b")];
    let profile = profiles::with(Authentication::certificate(data(certificate), data(key)));
    let mut world = World::new(&profile);
    world.request().is("error: client certificate of user \"me\" does not match the client key");
    world.pass(1.h()).request().is("error: client certificate of user \"me\" does not match");
}

#[test]
fn tk_3_an_empty_literal_token_is_an_error() {
    let mut profile = profiles::anonymous();
    profile.authentication.authorization = Authorization::Token(Secret::default());
    World::new(&profile).request().is("error: token of user \"me\" is empty");
}

#[test]
fn ua_32_roots_given_outright_are_lent_as_they_are() {
    let mut profile = profiles::literal();
    profile.cluster.roots = Roots::Pem(certificates::roots("a").into());
    let served = World::new(&profile).credential().expect("they are there");
    assert_eq!(served.roots.as_deref(), Some(certificates::roots("a").as_bytes()));
    let served = World::new(&profiles::literal()).credential().expect("it is there");
    assert_eq!(served.roots, None, "those of the system");
}

#[test]
fn a_hundred_years_do_nothing_to_a_literal() {
    let mut world = World::new(&profiles::literal());
    world.request().is("200 as literal");
    world.pass((100 * 365 * 24).h()).request().is("200 as literal");
    world.wall_back((200 * 365 * 24).h()).request().is("200 as literal");
    assert_eq!(world.stats().started, 0);
}

#[test]
fn ht_34_the_first_input_may_be_a_rejection() {
    let mut world = World::new(&profiles::literal());
    world.revoke("*").request().is("401 as literal");
    assert_eq!(world.stats().rejected, 1);
}
