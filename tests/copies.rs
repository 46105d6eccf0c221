//! Hosts that keep a copy of the credential: until it is said to be good, and no longer.

use kubecred_core::{Action, Authenticator, Input, Instant, Now, Policy};
use std::panic::{AssertUnwindSafe, catch_unwind};
use world::profiles::{self, PLUGIN};
use world::{Machine, Refusal, Run, Served, Span, World};

/// Asks the machine only when its copy has ended.
struct Keeper {
    machine: Authenticator,
    copy: Option<Served>,
    /// How much longer than it may it keeps the copy.
    longer: bool,
}

impl Machine for Keeper {
    fn handle_input(&mut self, now: Now, input: Input) {
        if let Input::Reject(generation) = input {
            self.copy = self.copy.take().filter(|copy| copy.generation != generation);
        }
        self.machine.handle_input(now, input);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.machine.poll_action()
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    fn credential(&mut self, now: Now) -> Result<Served, Refusal> {
        let good = |copy: &Served| {
            let until = copy.good_until.is_none_or(|until| now.monotonic < until);
            until && copy.expires.is_none_or(|end| now.wall < end)
        };
        if let Some(copy) = self.copy.as_ref().filter(|copy| self.longer || good(copy)) {
            return Ok(Served { demand: true, ..copy.clone() });
        }
        let served = Served::from(self.machine.credential(now)?);
        self.copy = Some(served.clone());
        Ok(served)
    }
}

fn world(longer: bool) -> World<Keeper> {
    let profile = profiles::exec();
    let machine = Authenticator::new(&profile, Policy::default(), 0);
    let mut world = World::around(Keeper { machine, copy: None, longer }, &profile);
    world.program(PLUGIN, &[Run::token("token-*").living(10.minutes())]);
    world
}

fn a_day(world: &mut World<Keeper>) {
    for _ in 0..24 * 60 * 12 {
        assert!(world.pass(5.s()).request().is_ok());
    }
}

#[test]
fn a_copy_may_be_kept_until_good_until_and_no_expired_token_is_sent() {
    let mut world = world(false).keeping_copies();
    a_day(&mut world);
    assert_eq!((world.traffic().expired, world.traffic().refused), (0, 0));
    // A copy is used to its end, and the machine has the next one ready by then.
    assert!((140..200).contains(&world.runs(PLUGIN)), "{}", world.runs(PLUGIN));
}

#[test]
fn a_copy_that_is_kept_for_longer_is_objected_to() {
    let mut world = world(true).keeping_copies();
    let panic = catch_unwind(AssertUnwindSafe(|| a_day(&mut world))).unwrap_err();
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap();
    assert!(text.contains("the copy is not good any more"), "{text}");
}

#[test]
fn a_host_that_says_that_it_keeps_none_may_not_serve_an_older_one() {
    let mut world = world(false);
    let panic = catch_unwind(AssertUnwindSafe(|| a_day(&mut world))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("served and pushed differ"), "{text}");
}
