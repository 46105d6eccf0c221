//! Jobs that are called off, answers that come late, twice or never, and the end.

use kubecred_core::protocol::{Completion, Exit};
use kubecred_core::{
    Action, ActionId, Authenticator, Generation, Input, Now, Policy, Reply, Unavailable,
};
use world::profiles::{self, PLUGIN, ROOTS, TOKEN};
use world::{Content, Faults, Refusal, Run, Span, Step, World};

fn at(millis: u64) -> Now {
    Now::from_millis(1_000_000 + millis, 1_893_456_000_000 + millis as i64)
}

fn drain(machine: &mut Authenticator) -> Vec<Action> {
    std::iter::from_fn(|| machine.poll_action()).collect()
}

#[test]
fn a_job_past_its_limit_is_cancelled_once() {
    let mut machine = Authenticator::new(&profiles::exec(), Policy::default(), 1);
    machine.handle_input(at(0), Input::Demand);
    let id = drain(&mut machine).iter().find_map(Action::job_id).expect("a run");
    machine.handle_input(at(60_000), Input::Tick);
    let actions = drain(&mut machine);
    assert_eq!(actions.iter().filter(|action| **action == Action::Cancel(id)).count(), 1);
    machine.handle_input(at(60_001), Input::Tick);
    assert!(!drain(&mut machine).contains(&Action::Cancel(id)));
}

#[test]
fn a_cancel_that_meets_its_own_undrained_start_removes_both() {
    let mut machine = Authenticator::new(&profiles::exec(), Policy::default(), 1);
    machine.handle_input(at(0), Input::Demand);
    machine.handle_input(at(60_000), Input::Tick);
    for action in drain(&mut machine) {
        assert!(!matches!(action, Action::RunCommand(_) | Action::Cancel(_)), "{action:?}");
    }
}

#[test]
fn a_late_answer_is_counted_and_changes_nothing() {
    let mut machine = Authenticator::new(&profiles::exec(), Policy::default(), 1);
    machine.handle_input(at(0), Input::Demand);
    let id = drain(&mut machine).iter().find_map(Action::job_id).expect("a run");
    machine.handle_input(at(60_000), Input::Tick);
    drain(&mut machine);
    let exit = Exit { code: 0, stdout: "late".into() };
    let late = Input::Complete(Completion { id, outcome: Ok(Reply::Exit(exit)) });
    machine.handle_input(at(60_500), late);
    assert!(matches!(machine.credential(at(60_500)), Err(Unavailable::Failed(_))));
    assert_eq!(machine.stats().ignored, 1);
}

#[test]
fn a_host_that_does_not_stop_what_is_cancelled_does_no_harm() {
    let mut world = World::new(&profiles::exec());
    world.faults(Faults { deaf: true, ..Faults::default() });
    world.program(PLUGIN, &[Run::token("late").taking(70.s()), Run::token("good").taking(9.s())]);
    world.request().is("error: exec plugin \"login\" of user \"me\": gave no answer within 60 s");
    world.pass(2.s()).request().is("200 as good");
    assert_eq!(world.stats().ignored, 1, "the late one came in between");
}

#[test]
fn answers_that_come_twice_out_of_order_or_never_do_no_harm() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.file(ROOTS, Content::Roots("a".into()));
    world.program(PLUGIN, &[Run::token("token-*").living(2.minutes())]);
    let faults =
        Faults { duplicate_one_in: 2, scatter: 2_000, drop_one_in: 10, ..Faults::default() };
    world.faults(faults);
    let mut served = 0;
    for _ in 0..1_000 {
        world.pass(5.s());
        let answer = world.request();
        assert!(!answer.as_str().starts_with("401") && answer.as_str() != "stuck", "{answer}");
        served += u32::from(answer.as_str().starts_with("200"));
    }
    assert!(served > 900, "{served} of 1000");
    assert!(world.stats().ignored > 10);
}

#[test]
fn an_unknown_answer_is_counted_and_otherwise_a_tick() {
    let mut machine = Authenticator::new(&profiles::token_file(), Policy::default(), 1);
    let reply = Ok(Reply::Written(kubecred_core::protocol::Written));
    let unknown = Completion { id: ActionId::from_u64(99), outcome: reply };
    machine.handle_input(at(0), Input::Complete(unknown));
    assert_eq!(drain(&mut machine), []);
    assert_eq!(machine.stats().ignored, 1);
}

#[test]
fn the_wrong_kind_of_answer_is_a_failure_like_any_other() {
    let mut machine = Authenticator::new(&profiles::token_file(), Policy::default(), 1);
    machine.handle_input(at(0), Input::Demand);
    let id = drain(&mut machine).iter().find_map(Action::job_id).expect("a read");
    let exit = Exit { code: 0, stdout: "what?".into() };
    let wrong = Input::Complete(Completion { id, outcome: Ok(Reply::Exit(exit)) });
    machine.handle_input(at(1), wrong);
    let Err(Unavailable::Failed(error)) = machine.credential(at(1)) else { panic!("it is wrong") };
    assert_eq!(error.to_string(), "the host answered with the wrong kind of reply");
}

#[test]
fn the_end_cancels_what_runs_and_is_silent_ever_after() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.program(PLUGIN, &[Run::hang()]);
    world.demand();
    world.perform(Step::Close);
    assert_eq!(world.stats().cancelled, 2);
    assert_eq!(world.credential(), Err(Refusal::Closed));
    assert_eq!(world.next_tick_in(), None);
    world.request().is("closed");
    world.token(TOKEN, "late").pass(24.h());
    for step in [Step::Tick, Step::Demand, Step::Reject(1), Step::Close] {
        world.perform(step);
    }
    assert!(world.machine.is_closed());
}

#[test]
fn the_end_before_anything_was_drained_leaves_nothing_to_do() {
    let mut machine = Authenticator::new(&profiles::token_file(), Policy::default(), 1);
    machine.handle_input(at(0), Input::Demand);
    machine.handle_input(at(1), Input::Close);
    assert_eq!(drain(&mut machine), []);
}

#[test]
fn a_stray_answer_repeats_the_deadline_as_a_tick_does() {
    let told = |input| {
        let mut machine = Authenticator::new(&profiles::token_file(), Policy::default(), 1);
        machine.handle_input(at(0), Input::Demand);
        drain(&mut machine);
        machine.handle_input(at(1), input);
        drain(&mut machine)
    };
    assert_eq!(told(Input::Reject(Generation::from_u64(9))), told(Input::Tick));
}
