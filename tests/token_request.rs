//! Being a service account: tokens that are asked for with another login (TR-18…TR-22).

use kubecred_core::{Authentication, Error, Event, Profile, TokenRequestProblem};
use std::time::Duration;
use world::profiles::{self, CERTIFICATE, KEY, PLUGIN};
use world::token_request::{TOKEN_REQUEST, status};
use world::{Content, Http, Run, Span, World};

fn by_exec(life: Duration) -> World {
    let mut world = World::new(&profiles::service_account(profiles::exec()));
    world.program(PLUGIN, &[Run::token("boot-*").living(life)]);
    world
}

/// Why the last attempt failed.
fn problem(world: &mut World) -> TokenRequestProblem {
    let failed = |event| match event {
        Event::Failed { error: Error::TokenRequest { problem, namespace, name }, .. } => {
            assert_eq!((namespace.as_str(), name.as_str()), ("prod", "deployer"));
            Some(problem)
        }
        _ => None,
    };
    world.take_events().into_iter().filter_map(failed).next_back().expect("a failed TokenRequest")
}

#[test]
fn tr_21_a_day_of_requests_costs_one_token_request_for_each_48_minutes() {
    let mut world = by_exec(10.minutes());
    for _ in 0..24 * 60 * 2 {
        world.request();
        world.pass(30.s());
    }
    assert_eq!(world.traffic().refused, 0);
    let asked = world.asked(TOKEN_REQUEST);
    assert!((29..=32).contains(&asked), "{asked} in a day: at 80 % of an hour");
    assert_eq!(
        world.runs(PLUGIN),
        asked,
        "the plugin runs when a TokenRequest is due, and only then"
    );
    assert!(world.token_requests().iter().all(|caller| caller.starts_with("boot-")));
}

#[test]
fn tr_21_nothing_of_the_bootstrap_login_is_sent_with_other_requests() {
    let mut world = by_exec(10.minutes());
    world.request().is("200 as sa-1");
    assert_eq!(world.token_requests(), ["boot-1"]);
    let served = world.credential().expect("served");
    assert_eq!(served.headers.len(), 1, "one header: the minted token");
    assert_eq!((served.identity, served.roots), (None, None));
}

#[test]
fn tr_21_a_certificate_goes_into_the_tls_of_the_token_request_alone() {
    let mut world = World::new(&profiles::service_account(profiles::certificate_files()));
    world.file(CERTIFICATE, Content::Certificate("a".into())).file(KEY, Content::Key("a".into()));
    world.request().is("200 as sa-1");
    assert_eq!(world.token_requests(), ["certificate a"]);
    assert_eq!(world.credential().expect("served").identity, None);
}

#[test]
fn tr_21_impersonation_is_the_bootstrap_logins() {
    let mut world =
        World::new(&profiles::service_account(profiles::impersonating(profiles::literal())));
    world.request().is("200 as sa-1");
    assert_eq!(world.token_requests(), ["literal for jane"]);
}

/// I: the controller manager answers with the 401, and only the next request gets a new token.
#[test]
fn tr_20_tr_21_a_401_to_the_token_brings_one_new_token_and_wakes_no_plugin_for_nothing() {
    let mut world = by_exec(10.minutes());
    world.request().is("200 as sa-1");
    world.pass(5.s()).revoke("sa-1");
    world.request().is("200 as sa-2");
    assert_eq!((world.asked(TOKEN_REQUEST), world.runs(PLUGIN)), (2, 1));
}

#[test]
fn tr_21_a_refused_token_request_is_the_bootstrap_logins_problem() {
    let mut world = by_exec(10.minutes());
    world.revoke("boot-1");
    world.request().is("error: no token for service account prod/deployer: the login that asks");
    let rejected = problem(&mut world);
    assert!(matches!(rejected, TokenRequestProblem::BootstrapRejected { status: 401, .. }));
    assert_eq!(world.runs(PLUGIN), 1);
    world.pass(5.s()).request().is("200 as sa-1");
    assert_eq!((world.runs(PLUGIN), world.token_requests()[1].as_str()), (2, "boot-2"));
}

#[test]
fn tr_21_a_bootstrap_login_that_fails_is_blamed() {
    let mut world = by_exec(10.minutes());
    world.program(PLUGIN, &[Run::exit(1)]);
    world.request().is("error: no token for service account prod/deployer: the login that asks");
    let text = problem(&mut world).to_string();
    assert!(text.starts_with("the login that asks for it failed: exec plugin"), "{text}");
    assert_eq!(world.asked(TOKEN_REQUEST), 0);
}

#[test]
fn tr_21_an_account_that_does_not_exist_is_asked_for_once_a_minute() {
    let mut world = by_exec(10.minutes());
    let missing = status(404, "NotFound", "serviceaccounts \"deployer\" not found");
    let answers = vec![Http::Answer(404, missing); 100];
    world.answers(TOKEN_REQUEST, &answers);
    for _ in 0..600 {
        world.request();
        world.pass(1.s());
    }
    assert!(matches!(problem(&mut world), TokenRequestProblem::NotFound(_)));
    let asked = world.asked(TOKEN_REQUEST);
    assert!((8..=11).contains(&asked), "{asked} in ten minutes");
}

#[test]
fn tr_18_a_failed_renewal_leaves_the_token_in_use_to_its_end() {
    let mut world = by_exec(10.minutes());
    world.request().is("200 as sa-1");
    world.answers(TOKEN_REQUEST, &vec![Http::Answer(503, String::new()); 1000]);
    for _ in 0..59 {
        world.pass(60.s()).request().is("200 as sa-1");
    }
    assert!(matches!(problem(&mut world), TokenRequestProblem::Status { status: 503, .. }));
}

#[test]
fn tr_21_a_clock_that_is_hours_ahead_does_not_shorten_the_life() {
    let mut world = by_exec(10.minutes());
    world.wall_forward(300.minutes());
    for _ in 0..40 {
        world.request().is("200 as sa-1");
        world.pass(60.s());
    }
    assert_eq!(world.asked(TOKEN_REQUEST), 1);
}

#[test]
fn a_name_that_is_no_path_segment_is_an_error_before_anything_is_sent() {
    let login = profiles::exec().authentication;
    let profile: Profile =
        profiles::with(Authentication::service_account("prod", "../secrets/x", login));
    let mut world = World::new(&profile);
    world.program(PLUGIN, &[Run::token("boot-*")]);
    world.request().is("error: no token for service account prod/../secrets/x");
    assert_eq!((world.runs(PLUGIN), world.asked(TOKEN_REQUEST)), (0, 0));
}
