//! What the filter promises, in virtual time, as it is and as a module.

mod requests;
mod threads;

use kubecred_proxy_wasm_tests::{Engine, Simulation};
use serde_json::Value;

/// Runs a scenario with both.
fn with_both(plugin: &Value, threads: usize, scenario: impl Fn(Simulation)) {
    for engine in [Engine::Native, Engine::Wasm] {
        scenario(Simulation::new(engine, plugin, threads).expect("a good configuration"));
    }
}
