//! Exec plugins: when they run, how often, and what a request gets meanwhile.

use kubecred_core::policy::Backoff;
use kubecred_core::protocol::{Exit, FileBytes};
use kubecred_core::{
    Action, Authenticator, Event, Exec, FailureKind, Input, InteractiveMode, Now, Policy, Profile,
    Roots,
};
use world::profiles::{self, PLUGIN, PLUGIN_ROOTS};
use world::{Content, Faults, Refusal, Run, Span, Step, World};

fn world(runs: &[Run]) -> World {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, runs);
    world
}

fn hourly() -> Run {
    Run::token("token-*").living(1.h())
}

#[test]
fn ex_60_a_plugin_runs_on_demand_and_its_credential_is_kept() {
    let mut world = world(&[Run::token("one")]);
    world.pass(24.h());
    assert_eq!(world.runs(PLUGIN), 0);
    for _ in 0..100 {
        world.pass(10.minutes()).request().is("200 as one");
    }
    assert_eq!(world.runs(PLUGIN), 1, "without an end it is kept for ever");
}

#[test]
fn ex_61_improved_a_busy_machine_renews_ahead_beside_the_requests() {
    let mut world = world(&[hourly()]);
    world.request().is("200 as token-1");
    world.at(46.minutes()).request().is("200 as token-1");
    world.at(49.minutes());
    assert_eq!(world.runs(PLUGIN), 2, "a fifth of the hour ahead, and a little for jitter");
    let before = world.elapsed();
    world.request().is("200 as token-2");
    assert_eq!(world.elapsed(), before, "nobody had to wait");
}

#[test]
fn ex_61_improved_an_idle_machine_renews_once_and_then_rests() {
    let mut world = world(&[hourly()]);
    world.request().is("200 as token-1");
    world.pass(1.minutes()).request().is("200 as token-1");
    world.pass(48.h());
    assert_eq!(world.runs(PLUGIN), 2);
    assert_eq!(world.next_tick_in(), None);
    world.request().is("200 as token-3");
}

/// O: client-go's laziness is a policy; the default renews ahead.
#[test]
fn ex_61_client_go_runs_only_when_it_has_ended_and_somebody_asks() {
    let mut world = World::with_policy(&profiles::exec(), Policy::client_go());
    world.program(PLUGIN, &[hourly().taking(0.ms())]);
    world.request().is("200 as token-1");
    world.at(3_599_999.ms()).request().is("200 as token-1");
    world.at(24.h());
    assert_eq!(world.runs(PLUGIN), 1);
    world.request().is("200 as token-2");
}

#[test]
fn the_next_attempt_that_a_failure_announces_respects_the_least_interval() {
    let quick = Backoff { initial: 300.ms(), max: 60.s() };
    let policy = Policy { backoff: quick, ..Policy::default() };
    let mut world = World::with_policy(&profiles::exec(), policy);
    world.program(PLUGIN, &[Run::exit(1).taking(10.ms())]);
    let start = world.now().wall;
    world.demand().pass(100.ms());
    let announced = world.take_events().into_iter().find_map(|event| match event {
        Event::Failed { retry_at, .. } => Some(retry_at.since(start)),
        _ => None,
    });
    assert_eq!(announced, Some(1.s()), "0.3 s after the failure is too soon after the start");
    world.at(999.ms()).demand();
    assert_eq!(world.runs(PLUGIN), 1);
    world.at(1.s()).demand();
    assert_eq!(world.runs(PLUGIN), 2);
}

/// I: client-go runs the plugin for every request then.
#[test]
fn ex_62_improved_a_credential_that_comes_dead_is_held_a_while_and_reported() {
    let mut world = world(&[Run::token("dead-*").dead_since(5.minutes())]);
    world.demand().pass(1.s());
    let skew = |event: &Event| matches!(event, Event::ClockSkew { millis: 300_250, .. });
    let events = world.take_events();
    assert!(events.iter().any(skew), "{events:?}");
    for _ in 0..500 {
        world.pass(100.ms());
        assert!(world.credential().is_ok() || world.credential() == Err(Refusal::Pending));
        world.demand();
    }
    assert!(world.runs(PLUGIN) <= 12, "{} runs in 50 s", world.runs(PLUGIN));
}

#[test]
fn a_45_second_token_is_not_fetched_for_each_request() {
    let mut world = world(&[Run::token("short-*").living(45.s())]);
    world.request().is("200 as short-1");
    for _ in 0..3_000 {
        world.pass(100.ms());
        assert!(world.request().as_str().starts_with("200"));
    }
    assert!(world.runs(PLUGIN) <= 10, "{} runs in five minutes", world.runs(PLUGIN));
}

#[test]
fn ex_57_an_end_can_come_and_go() {
    let mut world = world(&[Run::token("a").living(1.minutes()), Run::token("b")]);
    world.request().is("200 as a");
    world.pass(2.minutes()).request().is("200 as b");
    assert_eq!(world.credential().map(|served| served.expires), Ok(None));
    world.pass(48.h()).request().is("200 as b");
    assert_eq!(world.runs(PLUGIN), 2);
}

#[test]
fn ex_65_a_failure_with_nothing_held_is_the_callers_error() {
    let mut world = world(&[Run::exit(1), Run::token("good")]);
    world.request().is("error: exec plugin \"login\" of user \"me\": failed with exit code 1");
    world.pass(2.s()).request().is("200 as good");
}

#[test]
fn ex_65_improved_a_failing_plugin_is_not_run_for_each_request() {
    let mut world = world(&[Run::exit(1)]);
    for _ in 0..6_000 {
        world.pass(100.ms());
        world.demand();
    }
    let runs = world.runs(PLUGIN);
    assert!((8..=20).contains(&runs), "{runs} runs in ten minutes");
}

#[test]
fn ex_65_a_demand_in_a_pause_is_remembered_until_its_end() {
    let mut world = world(&[Run::exit(1), Run::token("good")]);
    world.request().is("error: exec plugin");
    world.demand();
    assert_eq!(world.runs(PLUGIN), 1);
    world.pass(2.s());
    assert_eq!(world.runs(PLUGIN), 2);
    assert!(world.credential().is_ok());
}

#[test]
fn ex_65_a_failing_plugin_that_nobody_asks_is_left_alone() {
    let mut world = world(&[Run::exit(1)]);
    world.request().is("error: exec plugin");
    world.pass(24.h());
    assert_eq!(world.runs(PLUGIN), 1);
}

#[test]
fn the_old_credential_serves_while_renewals_fail() {
    let runs = [hourly(), Run::exit(1), Run::exit(1), Run::exit(1), hourly()];
    let mut world = world(&runs);
    world.request().is("200 as token-1");
    for minute in 1..55 {
        world.at((minute * 60).s());
        assert!(world.request().as_str().starts_with("200"), "minute {minute}");
    }
    world.request().is("200 as token-5");
    let events = world.take_events();
    let serving = |event: &&Event| matches!(event, Event::Failed { serving: true, .. });
    assert_eq!(events.iter().filter(serving).count(), 3);
}

#[test]
fn an_expired_credential_is_withdrawn_and_never_sent() {
    let mut world = world(&[Run::token("token-*").living(1.minutes()), Run::exit(1)]);
    world.request().is("200 as token-1");
    world.at(59.s()).request().is("200 as token-1");
    world.at(61.s()).request().is("error: exec plugin");
    let events = world.take_events();
    assert!(events.iter().any(|event| matches!(event, Event::Withdrawn { .. })), "{events:?}");
}

#[test]
fn ex_72_a_hundred_callers_on_a_cold_start_are_one_run() {
    let mut world = world(&[hourly().taking(3.s())]);
    for answer in world.requests(100) {
        answer.is("200 as token-1");
    }
    assert_eq!((world.runs(PLUGIN), world.elapsed()), (1, 3_000));
}

/// I: in client-go the old credential gets the new one's expiry.
#[test]
fn ex_67_improved_a_refresh_with_a_bad_pair_changes_nothing() {
    let bad = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{
        "token":"{}","clientCertificateData":"no","clientKeyData":"no",
        "expirationTimestamp":"2030-01-02T00:00:00Z"}}}}"#,
        world::secret("bad")
    );
    let mut world = world(&[hourly(), Run::print(&bad)]);
    world.request().is("200 as token-1");
    let before = world.credential();
    world.at(50.minutes()).request().is("200 as token-1");
    assert!(world.runs(PLUGIN) >= 2);
    let end = |served: world::Served| (served.generation, served.expires);
    assert_eq!(world.credential().map(end), before.map(end));
}

#[test]
fn ex_69_another_certificate_means_new_connections_and_another_token_does_not() {
    let pair = |token: &str, name: &str| Run::token(token).and_certificate(name).living(1.h());
    let mut world = world(&[pair("one", "a"), pair("two", "a"), pair("two", "b"), Run::token("x")]);
    world.request().is("200 as one with certificate a");
    assert!(!world.pushed().expect("pushed").reconnect);
    world.pass(61.minutes()).request().is("200 as two with certificate a");
    assert!(!world.pushed().expect("pushed").reconnect, "only the token is another");
    world.pass(61.minutes()).request().is("200 as two with certificate b");
    assert!(world.pushed().expect("pushed").reconnect);
    world.pass(61.minutes()).request().is("200 as x");
    assert!(world.pushed().expect("pushed").reconnect, "a certificate that goes away counts");
}

/// I: client-go refuses a second source of certificates when it connects.
#[test]
fn ex_5_a_certificate_that_is_configured_goes_before_the_plugins() {
    let mut profile = profiles::exec();
    profile.authentication.certificate = profiles::certificate_data().authentication.certificate;
    let mut world = World::new(&profile);
    world.program(PLUGIN, &[Run::token("one").and_certificate("b")]);
    world.request().is("200 as one with certificate a");
}

/// I: client-go serves an expired one when its source fails.
#[test]
fn tk_21_while_its_source_fails_a_token_serves_to_its_end_and_not_beyond() {
    let runs = [Run::token("one").living(10.minutes()), Run::exit(1)];
    let mut world = World::with_policy(&profiles::exec(), Policy::client_go());
    world.program(PLUGIN, &runs).request().is("200 as one");
    world.at(10.minutes() - 1.ms()).request().is("200 as one");
    assert_eq!(world.runs(PLUGIN), 1, "no leeway");
    world.at(10.minutes()).reject().pass(1.s()).request().is("error: exec plugin");

    let mut ahead = self::world(&runs);
    ahead.request().is("200 as one");
    ahead.at(9.minutes()).request().is("200 as one");
    ahead.pass(1.s());
    assert!(ahead.runs(PLUGIN) > 1, "its source has failed by then");
    ahead.request().is("200 as one");
}

#[test]
fn certificates_from_plugins_end_when_they_say_so_themselves() {
    let mut world = world(&[Run::certificate("short").living(1.h()), Run::certificate("a")]);
    world.request().is("200 as certificate short");
    let end = world.credential().expect("served").expires.expect("known");
    assert_eq!(end.to_string(), "2030-01-01T00:10:00Z");
    world.at(11.minutes()).request().is("200 as certificate a");
}

#[test]
fn ex_35_the_certificate_authority_is_read_before_the_plugin_runs() {
    let mut world = World::new(&profiles::exec_with_roots());
    world.program(PLUGIN, &[Run::token("one")]);
    world.request().is("error: cannot read certificate authority \"/pki/plugin-ca.crt\"");
    assert_eq!(world.runs(PLUGIN), 0);
    world.file(PLUGIN_ROOTS, Content::Roots("a".into())).pass(2.s()).request().is("200 as one");
    assert_eq!((world.reads(PLUGIN_ROOTS), world.runs(PLUGIN)), (2, 1));
}

fn interactive(runs: &[Run]) -> World {
    let mut world = World::new(&profiles::exec_interactive());
    world.program(PLUGIN, runs);
    world
}

#[test]
fn ex_22_a_plugin_that_talks_to_a_person_is_never_started_by_a_timer() {
    let mut world = interactive(&[hourly()]);
    world.request().is("200 as token-1");
    world.at(59.minutes());
    assert_eq!(world.runs(PLUGIN), 1, "nobody asked since it is due");
    world.request().is("200 as token-1");
    assert_eq!(world.runs(PLUGIN), 2, "the old one serves while it runs");
    world.pass(1.s()).request().is("200 as token-2");
    world.pass(48.h());
    assert_eq!(world.runs(PLUGIN), 2, "no browser opens at night");
}

#[test]
fn a_person_who_asked_in_a_pause_is_not_asked_after_it() {
    let mut world = interactive(&[Run::exit(1), Run::token("good")]);
    world.request().is("error: exec plugin");
    world.demand().pass(24.h());
    assert_eq!(world.runs(PLUGIN), 1);
    world.request().is("200 as good");
}

#[test]
fn ex_23_a_person_may_take_all_the_time() {
    let mut world = interactive(&[hourly().taking(9.minutes())]);
    world.request().is("200 as token-1");
    assert_eq!(world.elapsed(), 540_000);
}

/// I: in client-go every request waits for it, for ever.
#[test]
fn ex_23_improved_a_plugin_that_never_ends_is_stopped() {
    let mut world = world(&[Run::hang(), Run::token("good")]);
    world.request().is("error: exec plugin \"login\" of user \"me\": gave no answer within 60 s");
    assert_eq!(world.elapsed(), 60_000);
    world.pass(2.s()).request().is("200 as good");
}

#[test]
fn ex_20_always_without_a_terminal_fails_without_a_run() {
    let exec = Exec { interactive_mode: InteractiveMode::Always, ..Exec::new(PLUGIN) };
    let profile = profiles::with(kubecred_core::Authentication::exec(exec));
    let mut world = World::new(&profile);
    world.request().is("error: exec plugin \"login\" of user \"me\": it asks for interactiveMode");
    assert_eq!(world.stats().started, 0);
}

#[test]
fn ex_42_a_missing_plugin_brings_the_hint() {
    let mut world = World::new(&profiles::exec());
    let answer = world.request();
    answer.is("error: exec plugin \"login\" of user \"me\": executable not found");
    assert!(answer.as_str().ends_with("install it"), "{answer}");
}

#[test]
fn a_host_without_processes_says_so() {
    let mut world = world(&[hourly()]);
    world.faults(Faults { refuse: vec!["command".into()], ..Faults::default() });
    world.request().is("error: exec plugin \"login\" of user \"me\": cannot be run: not supported");
    assert_eq!(Run::fail(FailureKind::Unsupported).takes, 250);
}

/// A proxy that is never idle, with a plugin that fails one time in five: for a day, no request
/// fails, waits, or carries an expired token.
#[test]
fn a_day_with_a_plugin_that_fails_one_time_in_five() {
    let mut world = world(&[Run::token("token-*").living(15.minutes())]);
    world.request().is("200 as token-1");
    world.faults(Faults { fail_one_in: 5, ..Faults::default() });
    let profile: Profile = profiles::exec();
    assert!(profile.cluster.is_https());
    for _ in 0..24 * 3600 / 20 {
        world.pass(20.s());
        let before = world.elapsed();
        let answer = world.request();
        assert!(answer.as_str().starts_with("200"), "{answer}\n{}", world.transcript());
        assert_eq!(world.elapsed(), before, "nobody waits");
    }
    let (runs, stats) = (world.runs(PLUGIN), world.stats());
    assert!((96..=200).contains(&runs), "{runs} runs");
    assert!(stats.failed > 10, "{stats:?}");
    world.perform(Step::Close);
}

#[test]
fn ex_64_the_pace_is_that_of_the_plugin_and_not_of_a_file_before_it() {
    let at = |millis: u64| Now::from_millis(millis, 1_700_000_000_000 + millis as i64);
    let mut machine =
        Authenticator::new(&profiles::exec_with_roots(), Policy::default(), world::scenarios::SEED);
    let job = |machine: &mut Authenticator| {
        std::iter::from_fn(|| machine.poll_action()).find(|action| action.job_id().is_some())
    };
    machine.handle_input(at(0), Input::Demand);
    let Some(Action::ReadFile(read)) = job(&mut machine) else { panic!("{machine:?}") };
    let bytes = FileBytes(world::certificates::certificate("a").into());
    machine.handle_input(at(5_000), read.done(Ok(bytes)));
    let Some(Action::RunCommand(run)) = job(&mut machine) else { panic!("{machine:?}") };
    let stdout = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": "first"}}"#;
    let exit = Exit { code: 0, stdout: stdout.into() };
    machine.handle_input(at(5_010), run.done(Ok(exit)));
    let generation = machine.credential(at(5_010)).expect("served").generation;
    machine.handle_input(at(5_020), Input::Reject(generation));
    assert_eq!(job(&mut machine), None, "20 ms after the plugin was started");
    assert_eq!(machine.poll_timeout(), Some(at(6_000).monotonic));
    machine.handle_input(at(6_000), Input::Tick);
    assert!(matches!(job(&mut machine), Some(Action::ReadFile(_))));
}

#[test]
fn no_plugin_runs_for_requests_that_can_never_be_sent() {
    let (mut trusting, mut disguised) = (profiles::exec(), profiles::exec());
    trusting.cluster.roots = Roots::Pem("nothing of the kind".into());
    disguised.authentication.impersonation.user = "two\nlines".into();
    for (profile, error) in [
        (trusting, "error: certificate authority of the cluster"),
        (disguised, "error: impersonation"),
    ] {
        let mut world = World::new(&profile);
        world.program(PLUGIN, &[Run::token("one")]);
        world.request().is(error);
        world.pass(1.h()).request().is(error);
        assert_eq!(world.runs(PLUGIN), 0);
    }
}
