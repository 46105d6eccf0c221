//! `target/wasm/kubecred.wasm` in wasmtime, as a machine that the simulated world can run.
//!
//! The translation between the interface and the core is the component's own source: there the one
//! half of each pair is of use, here the other.

extern crate alloc;

mod bindings;
mod guest;
mod lift;
mod settings;
#[path = "../../../wasm/component/src/twin/mod.rs"]
mod twin;
mod wasm;

pub use guest::Guest;
pub use settings::Settings;
pub use wasm::{Instance, component, instantiate, path};

/// The types of the interfaces, for `twin`.
mod wit {
    pub(crate) use crate::bindings::exports::kubecred::auth::{credentials, settings};
}
