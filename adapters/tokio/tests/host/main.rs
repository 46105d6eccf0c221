//! The tokio host against real files, processes and connections.
#![cfg(unix)]

#[cfg(feature = "client")]
mod client;
mod commands;
#[cfg(feature = "client")]
mod connections;
mod files;
mod handle;
#[cfg(feature = "client")]
mod kube;
#[cfg(feature = "tower")]
mod layer;
mod load;
#[cfg(feature = "client")]
mod order;
mod panics;
mod plugin;
#[cfg(feature = "client")]
mod pool;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "client")]
mod tls;
