//! The typed calls of `kubecred-core` as a WebAssembly component: `wasm/wit/api.wit` on one side, the
//! core's `api` on the other. It imports nothing, so any runtime can run it.
//!
//! - `convert.rs` translates types, with what `wasm/component` does that with.
//! - `calls.rs` are the functions.
#![deny(unsafe_code)]
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod calls;
mod convert;
#[cfg(target_family = "wasm")]
#[path = "../../component/src/freestanding.rs"]
mod freestanding;
#[expect(unused_imports, unused_macros, reason = "the other component has more kinds of types")]
#[path = "../../component/src/convert/translate.rs"]
mod translate;

/// The types of the interface, for [`convert`].
mod wit {
    pub(crate) use crate::bindings::exports::kubecred::auth::calls;
}

/// What implements the world.
#[derive(Debug)]
struct Component;
