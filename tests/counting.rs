//! What an operator can count from what a machine says: runs of plugins, decisions of a policy, the
//! ends of certificates.

use kubecred_core::{
    Authentication, Error, Event, Exec, InteractiveMode, PluginPolicy, PluginProblem, Policy,
    UnixTime, certificate,
};
use std::collections::BTreeMap;
use world::profiles::{self, PLUGIN};
use world::{Run, Span, World};

fn world(exec: Exec, runs: &[Run]) -> World {
    let profile = profiles::with(Authentication::exec(exec));
    let mut world = World::with_policy(&profile, Policy::client_go());
    if !runs.is_empty() {
        world.program(PLUGIN, runs);
    }
    world
}

/// client-go's labels for a run, of a machine whose only source is a plugin.
fn call(event: &Event) -> Option<(i32, &'static str)> {
    match event {
        Event::Renewed { .. } => Some((0, "no_error")),
        Event::Failed { error: Error::Plugin { problem, .. }, .. } => match problem {
            PluginProblem::Exit(code) => Some((*code, "plugin_execution_error")),
            PluginProblem::Output(_) => Some((0, "no_error")),
            PluginProblem::NotFound | PluginProblem::NotRun(_) => {
                Some((1, "plugin_not_found_error"))
            }
            PluginProblem::TimedOut(_) | PluginProblem::TooLarge(_) => {
                Some((1, "client_internal_error"))
            }
            _ => None, // it was not started
        },
        _ => None,
    }
}

fn calls(world: &mut World) -> BTreeMap<(i32, &'static str), u64> {
    let mut calls = BTreeMap::new();
    for call in world.take_events().iter().filter_map(call) {
        *calls.entry(call).or_default() += 1;
    }
    calls
}

/// Makes the machine try this often, each time when it is ready to.
fn tries(world: &mut World, times: u32) {
    for _ in 0..times {
        world.pass(2.minutes()).request();
    }
}

#[test]
fn ex_90_every_run_can_be_counted_by_what_came_of_it() {
    let short = |run: Run| run.living(1.minutes());
    let runs = [short(Run::token("a")), Run::exit(1), Run::exit(2), short(Run::token("b"))];
    let mut counted = world(Exec::new(PLUGIN), &runs);
    tries(&mut counted, 4);
    let calls_of = calls(&mut counted);
    let expected = [
        ((0, "no_error"), 2),
        ((1, "plugin_execution_error"), 1),
        ((2, "plugin_execution_error"), 1),
    ];
    assert_eq!(calls_of, expected.into());
    assert_eq!(calls_of.values().sum::<u64>(), counted.runs(PLUGIN), "one for each start");
    let stats = counted.stats();
    assert_eq!((stats.started, stats.succeeded, stats.failed), (4, 2, 2));

    let mut missing = world(Exec::new(PLUGIN), &[]);
    tries(&mut missing, 3);
    assert_eq!(calls(&mut missing), [((1, "plugin_not_found_error"), 3)].into());

    // What was not started is not counted.
    let always = Exec { interactive_mode: InteractiveMode::Always, ..Exec::new(PLUGIN) };
    let denied = Exec { policy: PluginPolicy::DenyAll, ..Exec::new(PLUGIN) };
    for exec in [always, denied] {
        let mut stopped = world(exec, &[Run::token("a")]);
        tries(&mut stopped, 3);
        assert_eq!((calls(&mut stopped), stopped.stats().started), ([].into(), 0));
    }
}

/// I: client-go has a counter for this, which can never be registered.
#[test]
fn ex_91_every_decision_of_a_policy_can_be_counted() {
    let decisions = |policy: PluginPolicy| {
        let mut world = world(Exec { policy, ..Exec::new(PLUGIN) }, &[Run::exit(1)]);
        tries(&mut world, 3);
        let problem = |event: &Event| match event {
            Event::Failed { error: Error::Plugin { problem, .. }, .. } => Some(problem.clone()),
            _ => None,
        };
        let denied = |problem: &PluginProblem| matches!(problem, PluginProblem::NotAllowed(_));
        let problems: Vec<_> = world.take_events().iter().filter_map(problem).collect();
        let denied = problems.iter().filter(|problem| denied(problem)).count();
        (problems.len() - denied, denied)
    };
    assert_eq!(decisions(PluginPolicy::AllowAll), (3, 0));
    assert_eq!(decisions(PluginPolicy::DenyAll), (0, 3));
    for entry in [PLUGIN, "/bin/login"] {
        assert_eq!(decisions(PluginPolicy::Allowlist(vec![entry.into()])), (3, 0));
    }
    assert_eq!(decisions(PluginPolicy::Allowlist(vec!["other".into()])), (0, 3));
}

/// The end of the certificate that a machine presents.
fn end(world: &mut World) -> Option<UnixTime> {
    let identity = world.credential().expect("served").identity?;
    certificate::not_after(identity.certificate.expose()).expect("a certificate")
}

#[test]
fn ex_92_the_earliest_end_and_the_age_at_a_rotation_can_be_told() {
    let presenting = |runs: &[Run]| {
        let mut world = world(Exec::new(PLUGIN), runs);
        world.request();
        world
    };
    let soon = Run::certificate("short");
    let mut one = presenting(&[soon, Run::certificate("a"), Run::token("x")]);
    let mut other = presenting(&[Run::certificate("b").living(1.h()), Run::token("y")]);
    let pem = |name| world::certificates::certificate(name).as_bytes();
    let of = |name| certificate::not_after(pem(name)).unwrap();
    let earliest =
        |one: &mut World, other: &mut World| [end(one), end(other)].into_iter().flatten().min();
    assert_eq!(earliest(&mut one, &mut other), of("short"));

    let held = one.credential().expect("served").identity.expect("a certificate");
    one.pass(11.minutes()).request().is("200 as certificate a");
    assert!(one.pushed().expect("pushed").reconnect, "it was replaced");
    let begun = certificate::not_before(held.certificate.expose()).expect("a certificate");
    assert!(one.now().wall.since(begun) >= 11.minutes(), "its age");

    assert_eq!(earliest(&mut one, &mut other), of("a").min(of("b")));
    other.pass(2.h()).request().is("200 as y");
    assert_eq!(earliest(&mut one, &mut other), of("a"));
    one.reject().pass(2.s()).request().is("200 as x");
    assert_eq!(earliest(&mut one, &mut other), None);
}

/// I: client-go leaves the hint out after ten times in an hour, so that whoever comes last does not
/// get it. Here the pauses between attempts keep logs short, and everybody is told.
#[test]
fn ex_44_the_hint_is_told_to_everybody_and_logged_once_an_attempt() {
    let exec = Exec { install_hint: "install it".into(), ..Exec::new(PLUGIN) };
    let mut world = world(exec, &[]);
    for _ in 0..3_600 {
        let answer = world.pass(1.s()).request();
        assert!(answer.as_str().ends_with("install it"), "{answer}");
    }
    let hints = world.take_events();
    let hints = hints.iter().filter(|event| match event {
        // It stands apart from what happened: a log may leave it out.
        Event::Failed { error: Error::Plugin { hint: Some(hint), problem, .. }, .. } => {
            hint.ends_with("install it") && !problem.to_string().contains("install it")
        }
        _ => false,
    });
    let hints = hints.count();
    assert!((40..=75).contains(&hints), "{hints} in an hour");
}

/// Beside other sources, a host tells a plugin's successes by the programs that it runs itself.
#[test]
fn what_other_sources_give_is_counted_too() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.program(PLUGIN, &[Run::token("a")]);
    world.file(profiles::ROOTS, world::Content::Roots("a".into())).request().is("200 as a");
    let stats = world.stats();
    assert_eq!((stats.started, stats.succeeded, world.runs(PLUGIN)), (2, 2, 1));
}
