//! Two clocks that stop, jump and step back: nothing dead is served, nothing storms, nothing hangs.

use kubecred_core::policy::{Backoff, Reload};
use kubecred_core::{
    Action, Authenticator, Completion, Failure, FailureKind, Generation, Input, Now, Policy,
};
use std::time::Duration;
use world::profiles::{self, PLUGIN, TOKEN};
use world::{Faults, Run, Span, Step, World};

fn hourly() -> World {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, &[Run::token("token-*").living(1.h())]);
    world.request().is("200 as token-1");
    world
}

#[test]
fn after_a_suspend_the_wall_clock_alone_says_that_it_is_over() {
    let mut world = hourly();
    world.perform(Step::Suspend(2 * 3_600_000));
    assert!(world.credential().is_err(), "asked before any timer could fire");
    world.request().is("200 as token-2");
}

#[test]
fn after_the_wall_clock_was_set_back_the_monotonic_one_alone_says_that_it_is_over() {
    let mut world = hourly();
    world.faults(Faults { refuse: vec!["command".into()], ..Faults::default() });
    world.wall_back(5.h()).pass(59.minutes());
    assert!(world.credential().is_ok());
    world.pass(2.minutes());
    assert!(world.credential().is_err());
}

#[test]
fn ex_73_what_counts_is_the_time_at_which_somebody_asks() {
    let mut world = hourly();
    let later = |world: &World, minutes: u64| {
        let now = world.now();
        let by = minutes.minutes();
        Now { monotonic: now.monotonic.saturating_add(by), wall: now.wall.saturating_add(by) }
    };
    // Nothing happens in between: the same machine is asked about different times.
    let (before, after) = (later(&world, 59), later(&world, 60));
    assert!(world.machine.credential(after).is_err());
    assert!(world.machine.credential(before).is_ok());
    assert_eq!(world.runs(PLUGIN), 1);
    world.request().is("200 as token-1");
}

#[test]
fn a_wall_clock_set_forward_costs_one_run() {
    let mut world = hourly();
    world.wall_forward(30.minutes()).request().is("200 as token-1");
    world.wall_forward(31.minutes());
    assert!(world.credential().is_err());
    // What the plugin's own clock calls an hour is gone by half on this one.
    world.request().is("200 as token-2");
    assert_eq!(world.runs(PLUGIN), 2);
}

#[test]
fn a_wall_clock_that_is_right_again_revives_what_it_had_ended() {
    let mut world = hourly();
    world.wall_forward(2.h());
    world.perform(Step::Tick);
    assert!(world.credential().is_err());
    world.wall_back(2.h());
    world.perform(Step::Tick);
    world.request().is("200 as token-1");
    world.wall_forward(2.h());
    world.perform(Step::Tick);
    assert!(world.credential().is_err(), "and ends it again");
}

#[test]
fn ex_62_improved_a_clock_that_is_hours_ahead_does_not_storm() {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, &[Run::token("token-*").living(1.h())]);
    world.wall_forward(5.h());
    for _ in 0..3_000 {
        assert!(world.request().as_str().starts_with("200"));
        world.pass(100.ms());
    }
    assert!(world.runs(PLUGIN) <= 70, "{} runs in five minutes", world.runs(PLUGIN));
}

#[test]
fn a_monotonic_clock_that_steps_back_freezes_nothing() {
    let mut world = World::new(&profiles::token_file());
    world.token(TOKEN, "first").request().is("200 as first");
    world.perform(Step::RewindMonotonic(2 * 3_600_000));
    world.perform(Step::Tick);
    world.token(TOKEN, "second").pass(55.s());
    world.request().is("200 as second");
    assert_eq!(world.reads(TOKEN), 2);
}

#[test]
fn time_limits_survive_a_clock_that_steps_back() {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, &[Run::hang()]);
    world.demand().pass(30.s());
    world.perform(Step::RewindMonotonic(3_600_000));
    world.perform(Step::Tick);
    // Nobody can say how long it has been since the input before; from here on time counts.
    world.pass(60.s());
    assert_eq!(world.stats().cancelled, 1);
}

#[test]
fn timers_that_round_down_are_answered_with_the_same_deadline() {
    let mut world = World::new(&profiles::exec());
    world.faults(Faults { early_timer: 3, ..Faults::default() });
    world.program(PLUGIN, &[Run::token("token-*").living(1.h())]);
    world.request().is("200 as token-1");
    world.pass(47.minutes()).request().is("200 as token-1");
    world.pass(2.minutes()).request().is("200 as token-2");
}

#[test]
fn a_host_that_ticks_once_a_minute_is_late_and_never_wrong() {
    let mut world = World::new(&profiles::exec());
    world.faults(Faults { coarse_timer: 60_000, ..Faults::default() });
    world.program(PLUGIN, &[Run::token("token-*").living(5.minutes())]);
    for _ in 0..600 {
        world.request();
        world.pass(1.s());
        assert!(world.request().as_str().starts_with("200"));
    }
    assert!(world.runs(PLUGIN) <= 4);
}

#[test]
fn ex_57_a_server_clock_five_minutes_off_either_way_is_served() {
    for off in [-300_000, 300_000] {
        let mut world = World::new(&profiles::exec());
        world.program(PLUGIN, &[Run::token("token-*").living(10.minutes())]);
        world.perform(Step::JumpWall(off));
        for _ in 0..60 {
            assert!(world.request().as_str().starts_with("200"), "{}", world.transcript());
            world.pass(30.s());
        }
    }
}

/// Answers every job with a failure.
fn answer_all(machine: &mut Authenticator, now: Now) {
    let actions: Vec<_> = std::iter::from_fn(|| machine.poll_action()).take(32).collect();
    for id in actions.iter().filter_map(Action::job_id) {
        let outcome = Err(Failure::new(FailureKind::Other, ""));
        machine.handle_input(now, Input::Complete(Completion { id, outcome }));
    }
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let forever = Reload { every: Duration::MAX, leeway: Duration::MAX };
    let endless = Policy {
        min_interval: Duration::MAX,
        clock_skew_grace: Duration::MAX,
        token_file: forever,
        certificate_files: forever,
        roots_file: forever,
        backoff: Backoff { initial: Duration::MAX, max: Duration::MAX },
        file_timeout: Duration::MAX,
        command_timeout: Some(Duration::MAX),
        ..Policy::default()
    };
    let monotonic = [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    let wall = [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX];
    for (_, profile) in profiles::all() {
        for policy in [Policy::default(), endless.clone()] {
            let mut machine = Authenticator::new(&profile, policy, 1);
            for (step, wall) in wall.iter().cycle().take(60).enumerate() {
                let now = Now::from_millis(monotonic[(step / 5 + step) % 5], *wall);
                let generation = Generation::from_u64(1);
                for input in [Input::Demand, Input::Tick, Input::Reject(generation)] {
                    machine.handle_input(now, input);
                    answer_all(&mut machine, now);
                }
                let _ = (machine.credential(now), machine.poll_timeout());
            }
        }
    }
}

#[test]
fn ex_57_an_end_at_the_end_of_time_is_an_end() {
    for end in ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
        let text = format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"{}",
            "expirationTimestamp":"{end}"}}}}"#,
            world::secret("far")
        );
        let mut world = World::new(&profiles::exec());
        world.program(PLUGIN, &[Run::print(&text)]);
        world.request().is("200 as far");
    }
}

#[test]
fn after_a_suspend_a_copy_is_not_good_for_longer_than_the_wall_clock_says() {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, &[Run::token("one").living(1.h())]);
    world.request().is("200 as one");
    world.perform(Step::Suspend(1_800_000));
    world.perform(Step::Tick);
    let now = world.now();
    let lent = world.machine.credential(now).expect("half an hour is left");
    let left = lent.good_until.expect("it ends").since(now.monotonic);
    assert!(left <= 30.minutes(), "{left:?}");
}
