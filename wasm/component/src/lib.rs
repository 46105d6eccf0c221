//! `kubecred-core` as a WebAssembly component: `wasm/wit` on one side, the core on the other, and
//! nothing of its own in between. It imports nothing, so any runtime can run it.
//!
//! - `convert.rs` and the files beside it translate types, each way, field by field: the compiler
//!   objects when one side has a field or case that the other lacks.
//! - `settings.rs` and `credentials.rs` are the functions and resources.
//! - `freestanding.rs` is what a program without an operating system's library has to bring.
#![deny(unsafe_code)]
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod convert;
mod credentials;
#[cfg(target_family = "wasm")]
mod freestanding;
mod settings;

/// The types of the interfaces, for [`convert`].
mod wit {
    pub(crate) use crate::bindings::exports::kubecred::auth::{credentials, settings};
}

/// What implements the world.
#[derive(Debug)]
struct Component;
