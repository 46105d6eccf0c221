//! `target/wasm/kubecred.wasm` in wasmtime, as a machine that the simulated world can run.
//!
//! The translation between the interface and the core is the component's own source: there the one
//! half of each pair is of use, here the other.

extern crate alloc;

mod bindings;
#[path = "../../../wasm/component/src/convert/mod.rs"]
mod convert;
mod guest;
mod lift;
mod settings;
mod wasm;

pub use guest::Guest;
pub use settings::Settings;
pub use wasm::{Instance, component, instantiate, path};

/// The types of the interfaces, for `convert`.
mod wit {
    pub(crate) use crate::bindings::exports::kubecred::auth::{credentials, settings};
}
