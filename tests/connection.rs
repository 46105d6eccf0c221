//! What a connection takes, for a request that brings an `authorization` of its own (UA-1).

use kubecred_core::Event;
use world::profiles::{self, CERTIFICATE, KEY, PLUGIN, ROOTS};
use world::token_request::TOKEN_REQUEST;
use world::{Content, Refusal, Run, Span, Step, World};

#[test]
fn ua_1_a_connection_reads_its_files_and_runs_no_plugin() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.program(PLUGIN, &[Run::token("t")]).file(ROOTS, Content::Roots("a".into()));
    assert_eq!(world.connection(), Err(Refusal::Pending));
    world.perform(Step::DemandConnection);
    world.pass(1.s());
    let connection = world.connection().expect("roots are at hand");
    assert!(connection.roots.is_some() && connection.identity.is_none());
    assert_eq!((world.runs(PLUGIN), world.reads(ROOTS)), (0, 1));
    assert_eq!(world.credential(), Err(Refusal::Pending));
}

#[test]
fn a_certificate_in_files_goes_along_and_is_read_again() {
    let mut world = World::new(&profiles::certified(profiles::token_file()));
    world.file(CERTIFICATE, Content::Certificate("a".into())).file(KEY, Content::Key("a".into()));
    world.perform(Step::DemandConnection);
    world.pass(1.s());
    let identity = |world: &mut World| {
        world.connection().expect("it is at hand").identity.expect("a certificate")
    };
    let first = identity(&mut world);
    world.file(CERTIFICATE, Content::Certificate("b".into())).file(KEY, Content::Key("b".into()));
    world.pass(5.minutes());
    world.perform(Step::DemandConnection);
    world.pass(1.s());
    assert_ne!(identity(&mut world), first);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_is_no_fault_of_the_login() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.program(PLUGIN, &[Run::token("t")]);
    world.perform(Step::DemandConnection);
    world.pass(10.ms());
    let Err(Refusal::Failed(error)) = world.connection() else { panic!() };
    assert!(error.contains(ROOTS), "{error}");
    assert!(world.take_events().iter().any(|event| matches!(event, Event::Failed { .. })));
}

#[test]
fn tr_21_the_bootstrap_certificate_is_for_the_token_request_alone() {
    let mut world = World::new(&profiles::service_account(profiles::certificate_files()));
    world.file(CERTIFICATE, Content::Certificate("a".into())).file(KEY, Content::Key("a".into()));
    world.perform(Step::DemandConnection);
    world.pass(1.s());
    let connection = world.connection().expect("it takes nothing");
    assert_eq!(connection.identity, None);
    assert_eq!((world.asked(TOKEN_REQUEST), world.reads(KEY)), (0, 0));
}
