//! 401: one refresh for each credential that is refused, whoever complains and how often.

use kubecred_core::{Event, Generation, Policy};
use world::profiles::{self, PLUGIN, TOKEN};
use world::{Refusal, Run, Span, Step, World};

fn world(runs: &[Run]) -> World {
    let mut world = World::new(&profiles::exec());
    world.program(PLUGIN, runs);
    world
}

/// O: client-go hands the 401 on though it holds a fresh credential; here a host may send the
/// request again, or not.
#[test]
fn ex_63_a_401_runs_the_plugin_once_and_the_request_once_more() {
    let mut world = world(&[Run::token("first"), Run::token("second")]);
    world.request().is("200 as first");
    world.pass(5.s()).revoke("first");
    world.request().is("200 as second");
    assert_eq!(world.runs(PLUGIN), 2);
    world.pass(1.h()).request().is("200 as second");
    assert_eq!(world.runs(PLUGIN), 2);
}

#[test]
fn ex_63_a_storm_of_401s_is_one_run() {
    let mut world = world(&[Run::token("first"), Run::token("second").taking(2.s())]);
    world.request().is("200 as first");
    world.pass(5.s()).revoke("first");
    for answer in world.requests(100) {
        answer.is("200 as second");
    }
    assert_eq!(world.runs(PLUGIN), 2);
    let rejected = |event: &&Event| matches!(event, Event::Rejected { .. });
    assert_eq!(world.take_events().iter().filter(rejected).count(), 1, "one complaint is enough");
}

#[test]
fn ex_63_a_complaint_about_an_old_generation_changes_nothing() {
    let mut world = world(&[Run::token("first"), Run::token("second"), Run::token("third")]);
    world.request().is("200 as first");
    world.pass(5.s()).revoke("first").request().is("200 as second");
    let ignored = world.stats().ignored;
    for old in [1, 7] {
        world.pass(5.s()).perform(Step::Reject(old));
    }
    world.pass(5.s()).request().is("200 as second");
    assert_eq!((world.runs(PLUGIN), world.stats().ignored), (2, ignored + 2));
}

#[test]
fn tk_20_a_token_that_came_while_a_request_was_under_way_is_not_dropped_by_it() {
    let mut world = World::new(&profiles::token_file());
    world.token(TOKEN, "first").request().is("200 as first");
    let began_with = world.credential().expect("served").generation.as_u64();
    world.token(TOKEN, "second").pass(5.s()).revoke("first").request().is("200 as second");
    let reads = world.reads(TOKEN);
    world.pass(5.s()).perform(Step::Reject(began_with));
    world.request().is("200 as second");
    assert_eq!(world.reads(TOKEN), reads, "the 401 of an older request");
    world.token(TOKEN, "third").pass(5.s()).revoke("second").request().is("200 as third");
    assert_eq!(world.reads(TOKEN), reads + 1, "the 401 of a newer one");
}

#[test]
fn ex_63_requests_wait_while_a_refused_credential_is_replaced() {
    let mut world = world(&[Run::token("first"), Run::token("second").taking(3.s())]);
    world.request().is("200 as first");
    world.pass(5.s()).reject();
    assert_eq!(world.credential(), Err(Refusal::Pending));
    let before = world.elapsed();
    world.request().is("200 as second");
    assert_eq!(world.elapsed() - before, 3_000);
}

#[test]
fn ex_64_after_a_failed_refresh_the_old_credential_serves_again() {
    let mut world = world(&[Run::token("first"), Run::exit(1), Run::token("second")]);
    world.request().is("200 as first");
    world.pass(5.s()).revoke("first").request().is("401 as first");
    assert!(world.credential().is_ok());
    world.perform(Step::Unrevoke);
    world.request().is("200 as first");
    let failed = |event: &Event| matches!(event, Event::Failed { serving: true, .. });
    assert!(world.take_events().iter().any(failed));
}

/// O: client-go runs it for every 401; here there are pauses between, of a length to choose.
#[test]
fn ex_64_improved_401s_in_a_row_are_not_runs_in_a_row() {
    let mut world = world(&[Run::token("first"), Run::exit(1)]);
    world.request().is("200 as first");
    world.revoke("first");
    for _ in 0..6_000 {
        world.pass(100.ms()).request().is("401 as first");
    }
    assert!(world.runs(PLUGIN) <= 20, "{} runs in ten minutes", world.runs(PLUGIN));
}

#[test]
fn a_server_that_refuses_everything_costs_few_runs() {
    for run in [Run::token("new-*"), Run::token("same")] {
        let mut world = world(&[run]);
        world.revoke("*");
        while world.elapsed() < 600_000 {
            assert!(world.request().as_str().starts_with("401"));
            world.pass(100.ms());
        }
        let runs = world.runs(PLUGIN);
        assert!(runs <= 10 + world.elapsed() / 40_000, "{runs} runs in ten minutes");
    }
}

#[test]
fn a_refresh_that_brings_the_same_bytes_keeps_the_generation_and_slows_down() {
    let mut world = world(&[Run::token("same")]);
    world.request().is("200 as same");
    world.pass(5.s()).revoke("same");
    let mut runs = Vec::new();
    for _ in 0..4 {
        for _ in 0..60 {
            world.pass(1.s()).request().is("401 as same");
        }
        runs.push(world.runs(PLUGIN));
    }
    assert_eq!(world.credential().map(|served| served.generation), Ok(Generation::from_u64(1)));
    let each: Vec<u64> = runs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(runs[0] <= 8 && each.iter().all(|runs| *runs <= 2), "{runs:?}");
}

#[test]
fn three_401s_in_a_row_get_three_new_credentials() {
    let names = ["a", "b", "c", "d"];
    let mut world = world(&names.map(Run::token));
    world.request().is("200 as a");
    for (old, new) in names.iter().zip(&names[1..]) {
        world.pass(5.s()).revoke(old);
        world.request().is(&format!("200 as {new}"));
    }
    assert_eq!(world.runs(PLUGIN), 4);
}

#[test]
fn a_401_at_once_waits_for_the_least_interval() {
    let mut world = world(&[Run::token("first").taking(10.ms()), Run::token("second")]);
    world.revoke("first");
    world.request().is("200 as second");
    assert_eq!(world.runs(PLUGIN), 2);
    assert_eq!(world.elapsed(), 1_250, "a second after the first start, and a run");
}

/// Each of them may have cost a refresh token that can be used once.
#[test]
fn refusals_of_fresh_credentials_are_paced_and_nobody_waits_for_the_pace() {
    let mut world = world(&[Run::token("new-*").taking(10.ms())]);
    world.revoke("*");
    let (mut runs, mut starts) = (0, Vec::new());
    while world.elapsed() < 300_000 {
        let before = world.elapsed();
        assert!(world.request().as_str().starts_with("401"));
        assert!(world.elapsed() - before <= 1_500, "it waited for {} ms", world.elapsed() - before);
        if world.runs(PLUGIN) > runs {
            runs = world.runs(PLUGIN);
            starts.push(world.elapsed());
        }
        world.pass(100.ms());
    }
    let gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The pause, a quarter of it by chance, a run and the time to the next request.
    for (gap, pause) in gaps.iter().zip([1, 1, 2, 4, 8, 16, 32, 60, 60]) {
        let slack = pause * 250 + 1_500;
        assert!((pause * 1_000..=pause * 1_000 + slack).contains(gap), "{gap}: {gaps:?}");
    }
    // As soon as it pleases the server, all is well; and after a while forgotten.
    world.perform(Step::Unrevoke);
    assert!(world.request().is_ok());
    world.pass(5.minutes());
    let (runs, before) = (world.runs(PLUGIN), world.elapsed());
    world.revoke(&format!("new-{runs}"));
    world.request().is(&format!("200 as new-{}", runs + 1));
    assert_eq!(world.elapsed() - before, 10, "a run, and no pause");
}

#[test]
fn a_401_while_a_renewal_is_on_needs_no_run_of_its_own() {
    let first = Run::token("token-*").living(1.h());
    let mut world = world(&[first.clone(), first.taking(30.s())]);
    world.request().is("200 as token-1");
    world.at(2_850.s());
    assert_eq!(world.runs(PLUGIN), 2, "the renewal is on");
    world.revoke("token-1").request().is("200 as token-2");
    assert_eq!(world.runs(PLUGIN), 2);
}

/// Whoever needs a credential gets an answer: a pause after 401s has a reason, as one after a failure.
#[test]
fn what_expires_in_a_pause_after_401s_is_an_error_and_no_endless_wait() {
    let (eager, lazy) = (Policy::default(), Policy::client_go());
    for profile in [profiles::exec(), profiles::exec_interactive()] {
        for policy in [&eager, &lazy] {
            for token in ["same", "new-*"] {
                let mut world = World::with_policy(&profile, policy.clone());
                world.program(PLUGIN, &[Run::token(token).living(1.h())]).revoke("*");
                for _ in 0..3 {
                    world.request();
                }
                let before = world.elapsed();
                let answer = world.wall_forward(2.h()).request();
                answer.is("error: the server rejected the last credentials (401)");
                assert_eq!(world.elapsed(), before, "at once");
                world.perform(Step::Unrevoke);
                assert!(world.pass(2.minutes()).request().is_ok(), "{token} after the pause");
            }
        }
    }
}

#[test]
fn ex_22_a_401_asks_a_person() {
    let mut world = World::new(&profiles::exec_interactive());
    world.program(PLUGIN, &[Run::token("first"), Run::token("second").taking(2.minutes())]);
    world.request().is("200 as first");
    world.pass(1.h()).revoke("first").request().is("200 as second");
    assert_eq!(world.runs(PLUGIN), 2);
}

#[test]
fn a_401_refreshes_all_that_can_be_refreshed() {
    let mut world = World::new(&profiles::certified(profiles::token_file()));
    pair(&mut world, "a");
    world.token(TOKEN, "first").request().is("200 as first with certificate a");
    pair(&mut world, "b");
    world.pass(5.s()).revoke("a").request().is("200 as first with certificate b");
    assert!(world.pushed().expect("pushed").reconnect);
    assert_eq!(world.reads(TOKEN), 2);
}

fn pair(world: &mut World, name: &str) {
    use world::Content;
    world.file(profiles::CERTIFICATE, Content::Certificate(name.into()));
    world.file(profiles::KEY, Content::Key(name.into()));
}

#[test]
fn a_401_in_a_pause_does_not_ask_a_person_after_it() {
    let mut world = World::new(&profiles::exec_interactive());
    world.program(PLUGIN, &[Run::token("first"), Run::exit(1)]);
    world.request().is("200 as first");
    world.pass(5.s()).revoke("first").request().is("401 as first");
    world.request().is("401 as first");
    let runs = world.runs(PLUGIN);
    world.pass(24.h());
    assert_eq!(world.runs(PLUGIN), runs, "{}", world.transcript());
}
