//! A world to try the machine in: a host with two clocks, files, plugins and an API server that
//! exist only here, where a day passes in a moment and everything that can go wrong does when told.
//!
//! - [`World`] runs a [`Machine`] on that host. Scenarios read like prose, and each run leaves a
//!   [`Transcript`] that can be compared with a committed one.
//! - [`scenarios`] are the ones that every host plays.
//! - [`Step`] is a scenario as data: what a world was told, so that another host can be told the
//!   same.
//! - [`script`] and [`laws`] try random operations on the machine, from a seed or from a fuzzer's
//!   bytes, and check what must hold whatever happens.
//!
//! Whatever is secret here holds [`CANARY`], so that a leak shows.

mod callers;
pub mod certificates;
mod chance;
mod clocks;
mod host;
pub mod laws;
mod machine;
mod observe;
pub mod openid;
pub mod profiles;
pub mod scenarios;
pub mod script;
mod server;
mod simulation;
mod span;
mod step;
mod transcript;
mod trial;

pub use chance::Chance;
pub use clocks::{Clocks, START_MONOTONIC, START_WALL};
pub use host::{Content, OpenIdTokens, Outcome, Run, Weather};
pub use machine::{Machine, Refusal, Served};
pub use observe::hides_secrets;
pub use openid::{Http, OpenId};
pub use server::Answer;
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
