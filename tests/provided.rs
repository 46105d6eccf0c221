//! Tokens that the program itself gives.

use kubecred_core::{Error, Event, FailureKind, ProviderProblem};
use world::profiles::{self, PROVIDER};
use world::{Faults, Run, Span, World};

fn world(runs: &[Run]) -> World {
    let mut world = World::new(&profiles::provided());
    world.program(PROVIDER, runs);
    world
}

/// Why the last attempt failed.
fn problem(world: &mut World) -> ProviderProblem {
    let failed = |event| match event {
        Event::Failed { error: Error::Provider { provider, problem }, .. } => {
            assert_eq!(provider, PROVIDER);
            Some(problem)
        }
        _ => None,
    };
    world.take_events().into_iter().filter_map(failed).next_back().expect("a failed provider")
}

#[test]
fn a_day_of_requests_asks_ahead_and_never_sends_an_expired_token() {
    let mut world = world(&[Run::token("token-*").living(1.h()).failing_one_in(5)]);
    while !world.request().is_ok() {
        world.pass(1.s());
    }
    for _ in 0..24 * 60 * 2 {
        assert!(world.pass(30.s()).request().is_ok());
    }
    assert_eq!((world.traffic().expired, world.traffic().refused), (0, 0));
    let (asked, failed) = (world.runs(PROVIDER), world.failures(PROVIDER));
    assert!((28..=34).contains(&(asked - failed)), "{asked} times, {failed} in vain");
    assert!(failed > 0, "it did fail");
}

#[test]
fn a_storm_of_requests_and_of_401s_asks_once_each() {
    let mut world = world(&[Run::token("token-*")]);
    world.requests(100);
    assert_eq!(world.runs(PROVIDER), 1);
    world.pass(5.s()).revoke("token-1").requests(100);
    assert_eq!(world.runs(PROVIDER), 2);
}

#[test]
fn what_it_says_when_it_fails_reaches_people_without_a_secret() {
    let mut world = world(&[Run::exit(7)]);
    let answer = world.request();
    answer.is("error: the program's token provider \"vault\": the vault is sealed (7)");
    let ProviderProblem::NotProvided(failure) = problem(&mut world) else { panic!() };
    assert_eq!(failure.kind, FailureKind::Other);
}

#[test]
fn one_that_hangs_is_given_up_and_asked_again() {
    let mut world = world(&[Run::hang(), Run::token("good")]);
    world.request().is("error: the program's token provider \"vault\": no answer within 60 s");
    world.pass(2.s()).request().is("200 as good");
}

#[test]
fn what_is_no_token_is_not_sent() {
    let mut world = world(&[Run::print(""), Run::print("line\nbreak")]);
    world.request().is("error: the program's token provider \"vault\": its token is empty");
    assert!(matches!(problem(&mut world), ProviderProblem::Token(_)));
    world
        .pass(5.s())
        .request()
        .is("error: the program's token provider \"vault\": its token contains");
}

#[test]
fn a_host_without_a_provider_says_so() {
    let mut world = world(&[Run::token("t")]);
    world.faults(Faults { refuse: vec!["provide".into()], ..Faults::default() });
    world.request().is("error: the program's token provider \"vault\": not supported by this host");
}

#[test]
fn tr_21_a_service_account_can_be_asked_for_with_it() {
    let mut world = World::new(&profiles::service_account(profiles::provided()));
    world.program(PROVIDER, &[Run::token("boot-*").living(10.minutes())]);
    world.request().is("200 as sa-1");
    assert_eq!(world.token_requests(), ["boot-1"]);
}
