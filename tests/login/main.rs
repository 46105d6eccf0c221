//! Logging in, rule by rule, in a simulated place: see `world::login`.

mod browser;
mod cache;
mod choice;
mod device;
mod laws;
mod others;
mod provider;
mod refresh;
mod tokens;
mod verify;

use kubecred_core::login::{Outcome, Settings};
use world::login::{Place, Process};

/// A place with one finished login, for what comes after it.
fn logged_in(settings: &Settings) -> Place {
    let mut place = Place::default();
    let process = place.run(settings.clone());
    assert!(process.token().is_some(), "{:?}", process.outcome);
    place
}

/// The error of a run that has ended with one.
fn error(process: &Process) -> String {
    process.error().unwrap_or_else(|| panic!("no error: {:?}", process.outcome))
}

/// The exit code of an outcome.
fn exit_code(outcome: &Option<Outcome>) -> u8 {
    match outcome {
        Some(Err(error)) => error.exit_code(),
        _ => 0,
    }
}
