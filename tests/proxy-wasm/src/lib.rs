//! A proxy that is not there: threads, timers, shared data, calls and requests, in virtual time.
//!
//! On each of its threads runs the filter, either as it is ([`Engine::Native`]) or as the module
//! that proxies load, in an interpreter ([`Engine::Wasm`]), over the proxy-wasm interface. A
//! scenario cannot tell which.

mod interpreted;
mod issuer;
mod memory;
mod native;
mod proxy;
mod simulation;

pub use issuer::{Issuer, kubeconfig_of};
pub use proxy::{Sent, State};
pub use simulation::{Engine, Simulation};
