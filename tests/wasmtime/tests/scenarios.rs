//! The scenarios of `tests`, word for word, with the component in wasmtime for a machine; and each
//! of their worlds once more with the native machine: the dialogues must be equal byte for byte.
//!
//! The scenarios say `world::World`. In this crate that is [`World`].

extern crate self as world;

use kubecred_core::{Error, Event, Policy, Profile, Stats, TokenRequestProblem};
use kubecred_wasm_tests::Guest;
pub use native_world::*;
use std::fmt;
use std::ops::{Deref, DerefMut};

#[path = "../../cancellation.rs"]
mod cancellation;
#[path = "../../client_certificate.rs"]
mod client_certificate;
#[path = "../../clocks.rs"]
mod clocks;
#[path = "../../connection.rs"]
mod connection;
#[path = "../../counting.rs"]
mod counting;
#[path = "../../exec.rs"]
mod exec;
#[path = "../../in_cluster.rs"]
mod in_cluster;
#[path = "../../oidc/main.rs"]
mod oidc;
#[path = "../../provided.rs"]
mod provided;
#[path = "../../roots.rs"]
mod roots;
#[path = "../../secrets.rs"]
mod secrets;
#[path = "../../token_request.rs"]
mod service_account;
#[path = "../../static_credentials.rs"]
mod static_credentials;
#[path = "../../token_file.rs"]
mod token_file;
#[path = "../../unauthorized.rs"]
mod unauthorized;

/// A world whose machine lives in the component, and which holds itself against a native one when
/// it ends.
pub struct World {
    world: native_world::World<Guest>,
    profile: Profile,
    policy: Policy,
    events: Vec<Event>,
}

impl World {
    /// With the default policy.
    pub fn new(profile: &Profile) -> Self {
        Self::with_policy(profile, Policy::default())
    }

    /// With this policy.
    pub fn with_policy(profile: &Profile, policy: Policy) -> Self {
        let guest = Guest::new(profile, &policy, 1);
        let world = native_world::World::around(guest, profile);
        Self { world, profile: profile.clone(), policy, events: Vec::new() }
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.world.machine.stats()
    }

    /// What the machine reported since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        let events = self.world.take_events();
        self.events.extend_from_slice(&events);
        events
    }

    /// The same steps in a world with the native machine.
    fn natively(&self, policy: Policy) -> native_world::World {
        let mut native = native_world::World::with_policy(&self.profile, policy);
        native.replay(self.world.steps());
        native
    }
}

impl Deref for World {
    type Target = native_world::World<Guest>;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.world
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.world.fmt(f)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut native = self.natively(self.policy.clone());
        assert_eq!(self.world.transcript().as_str(), native.transcript().as_str());
        assert_eq!(self.stats(), native.stats());
        assert_eq!(self.world.credential(), native.credential());
        assert_eq!(self.world.connection(), native.connection());
        assert_eq!(self.world.machine.is_saving(), native.machine.is_saving());
        self.take_events();
        let native: Vec<Event> = native.take_events().into_iter().map(without_recursion).collect();
        assert_eq!(self.events, native);
    }
}

/// An interface has no recursive types, so the error of the login that asks for a service account's
/// token is a text there, as [`kubecred_wasm_tests`] reads it.
fn without_recursion(mut event: Event) -> Event {
    if let Event::Failed { error: Error::TokenRequest { problem, .. }, .. } = &mut event
        && let TokenRequestProblem::Bootstrap(_) = problem
    {
        *problem = TokenRequestProblem::Malformed(problem.to_string());
    }
    event
}

#[test]
fn the_comparison_sees_a_machine_that_behaves_otherwise() {
    let mut world = World::new(&profiles::exec());
    world.program(profiles::PLUGIN, &[Run::token("token-*").living(1.h())]);
    world.request().is("200 as token-1");
    world.at(50.minutes());
    let other = world.natively(Policy::client_go());
    assert_ne!(world.transcript().as_str(), other.transcript().as_str());
    assert_ne!(world.stats(), other.stats());
}

#[test]
fn the_component_says_what_the_transcripts_say() {
    for scenario in scenarios::ALL {
        let guest = Guest::new(&(scenario.profile)(), &Policy::default(), scenarios::SEED);
        scenario.play(Box::new(guest));
    }
}

/// A file of scenarios that is not run here is a hole in the proof.
#[test]
fn every_file_of_scenarios_is_here() {
    /// What is about the native machine alone, its serde form, kubeconfigs more than the machine,
    /// hosts and the copies that they keep, logging in and reviews of tokens, which the component does
    /// not do, the source code, or the tests themselves.
    const NOT_FOR_HERE: [&str; 11] = [
        "copies.rs",
        "error_text.rs",
        "hosts/main.rs",
        "laws.rs",
        "login/main.rs",
        "reviewer.rs",
        "rules/main.rs",
        "source_files.rs",
        "transcripts/main.rs",
        "vectors/main.rs",
        "wire.rs",
    ];
    let here = include_str!("scenarios.rs");
    let targets = include_str!("../../Cargo.toml").split("[[test]]").skip(1);
    let paths: Vec<&str> = targets
        .map(|target| target.split("path = \"").nth(1).and_then(|rest| rest.split('"').next()))
        .map(|path| path.expect("each test program has a path"))
        .collect();
    for path in &paths {
        let runs = here.contains(&format!("#[path = \"../../{path}\"]"));
        assert_ne!(runs, NOT_FOR_HERE.contains(path), "{path}");
    }
    assert!(paths.len() > NOT_FOR_HERE.len(), "{paths:?}");
}
