//! A host for [`kubecred_core`] that exists only in memory: two clocks, files, plugins, an OpenID
//! provider and an API server. A day of refreshes passes in a moment, and whatever can go wrong does
//! so when told, the same way each time. For whoever wants to know *when* credentials are renewed,
//! and what requests meet meanwhile.
//!
//! # Ten lines
//!
//! My proxy never sends an expired token, in a day of 24 hours, with tokens that live for ten
//! minutes and a plugin that fails one time in five:
//!
//! ```
//! use kubecred_world::{Run, Span, World, profiles};
//!
//! for luck in 0..10 {
//!     let mut world = World::new(&profiles::exec()).with_luck(luck);
//!     let plugin = Run::token("token-*").living(10.minutes()).failing_one_in(5);
//!     world.program(profiles::PLUGIN, &[plugin]);
//!     while !world.request().is_ok() { world.pass(1.s()); } // until the plugin works once
//!     for _ in 0..24 * 60 * 12 {
//!         assert!(world.pass(5.s()).request().is_ok());
//!     }
//!     assert_eq!(world.traffic().expired, 0);
//!     assert!(world.failures(profiles::PLUGIN) > 20);
//! #   assert!(world.elapsed() >= 24 * 3_600_000);
//! #   assert!(world.traffic().requests > 17_280 && world.traffic().refused == 0);
//! }
//! ```
//!
//! Ten days of different luck take less than a second. [`World::request`] is a caller as it should
//! be: it asks for a credential, waits while there is none, sends, and on a 401 tries once more with
//! the next one. [`World::traffic`] is the API server's own count, by a clock that is always right.
//! The policy is the default one; [`World::with_policy`] takes yours.
//!
//! # A proxy of your own
//!
//! What is tried is a [`Machine`]: the [`Authenticator`](kubecred_core::Authenticator) as above, or
//! whatever you have put around it. A proxy that keeps a copy of the headers is one, and has a new
//! way to be wrong: when the machine withdraws them it must let go, too. The one that does not sends
//! an expired token some three thousand times in the hour without a plugin.
//!
//! ```
//! use kubecred_core::protocol::SetHeaders;
//! use kubecred_core::{Action, Authenticator, Event, Input, Instant, Now, Policy};
//! use kubecred_world::{Machine, Refusal, Run, Served, Span, World, profiles};
//!
//! struct Proxy {
//!     machine: Authenticator,
//!     copy: Option<SetHeaders>,
//!     lets_go: bool,
//! }
//!
//! impl Machine for Proxy {
//!     fn handle_input(&mut self, now: Now, input: Input) {
//!         self.machine.handle_input(now, input);
//!     }
//!     fn poll_action(&mut self) -> Option<Action> {
//!         let action = self.machine.poll_action()?;
//!         match &action {
//!             Action::SetHeaders(set) => self.copy = Some(set.clone()),
//!             Action::Report(Event::Withdrawn { .. }) if self.lets_go => self.copy = None,
//!             _ => {}
//!         }
//!         Some(action)
//!     }
//!     fn poll_timeout(&mut self) -> Option<Instant> {
//!         self.machine.poll_timeout()
//!     }
//!     fn credential(&mut self, _: Now) -> Result<Served, Refusal> {
//!         let copy = self.copy.as_ref().ok_or(Refusal::Pending)?;
//!         let (generation, headers) = (copy.generation, copy.headers.clone());
//!         // `demand`: somebody uses it, so it is worth renewing.
//!         Ok(Served { demand: true, ..Served::new(generation, headers) })
//!     }
//! }
//!
//! for lets_go in [true, false] {
//!     let machine = Authenticator::new(&profiles::exec(), Policy::default(), 0);
//!     let proxy = Proxy { machine, copy: None, lets_go };
//!     let mut world = World::around(proxy, &profiles::exec());
//!     // An hour in which the plugin works, one in which it does not, and another.
//!     let good = Run::token("token-*").living(10.minutes());
//!     for (hour, run) in (1..).zip([good.clone(), Run::exit(1), good]) {
//!         world.program(profiles::PLUGIN, &[run]);
//!         while world.elapsed() < hour * 3_600_000 {
//!             world.pass(1.s()).request();
//!         }
//!     }
//!     assert_eq!(world.traffic().expired == 0, lets_go);
//! }
//! ```
//!
//! A host that keeps a copy until its [`Served::good_until`] is right to do so, and is told to
//! nothing newer until then: [`World::keeping_copies`] allows that.
//!
//! The world objects by itself to a machine that breaks its promises: one that serves other headers
//! than it pushed, runs two jobs for one purpose, cancels what does not run, is silent about a
//! deadline, spins, or prints a secret in a `Debug`. That is a panic, and names the promise.
//!
//! # Where things are
//!
//! | question | answer |
//! | --- | --- |
//! | How do I make something happen? | the prose methods of [`World`]; [`Step`] has all of it, as data |
//! | Who logs in? | [`profiles`]: one of every kind, or a `Profile` of your own |
//! | What can the plugin do? | [`Run`] |
//! | What can the host do wrong? | [`Faults`]: lost, late, doubled answers, timers that come early |
//! | What happened, in which order? | [`World::transcript`], which a test can compare with a file |
//!
//! Secrets have names here: the token `first` is [`secret`]`("first")`, and holds [`CANARY`], so that
//! a leak shows. [`scenarios`], [`script`] and [`laws`] are Kubecred's own tests of its machine,
//! here because other hosts and a fuzzer run them too; they change without notice.
#![forbid(unsafe_code)]

mod callers;
pub mod certificates;
mod chance;
mod clocks;
mod host;
mod law_runner;
pub mod laws;
pub mod login;
mod machine;
mod observe;
pub mod openid;
pub mod profiles;
pub mod reviewer;
pub mod scenarios;
pub mod script;
mod server;
mod simulation;
mod span;
mod step;
pub mod token_request;
mod transcript;

pub use chance::Chance;
pub use clocks::{Clocks, START_MONOTONIC, START_WALL};
pub use host::{Content, Faults, OpenIdTokens, Outcome, Run};
pub use machine::{Connected, Machine, Refusal, Served};
pub use observe::hides_secrets;
pub use openid::{Http, OpenId};
pub use server::{Answer, Traffic};
pub use simulation::World;
pub use span::Span;
pub use step::Step;
pub use transcript::Transcript;

/// In every secret of this world: where this shows, something leaks.
pub const CANARY: &str = "s3cr3t-canary-";

/// The secret with this name.
pub fn secret(name: &str) -> String {
    format!("{CANARY}{name}")
}
