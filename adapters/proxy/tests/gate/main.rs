//! The gate before a real application and beside real proxies, with an API server on loopback.
#![cfg(unix)]

mod behind;
mod check;
mod layer;
mod proxy;
mod stage;
