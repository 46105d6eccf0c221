//! The tokio host against real files, processes and connections.
#![cfg(unix)]

#[cfg(feature = "client")]
mod client;
mod commands;
#[cfg(feature = "client")]
mod connections;
mod handle;
#[cfg(feature = "client")]
mod kube;
#[cfg(feature = "tower")]
mod layer;
mod load;
mod plugin;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "client")]
mod tls;
