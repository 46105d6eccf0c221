//! Generated from `wasm/wit`.
#![cfg_attr(target_family = "wasm", expect(unsafe_code, reason = "the boundary of a component"))]

wit_bindgen::generate!({ path: "../wit", world: "api" });

// The names of a component's functions are none that a library of this machine could have.
#[cfg(target_family = "wasm")]
export!(Component with_types_in self);
#[cfg(target_family = "wasm")]
use crate::Component;
