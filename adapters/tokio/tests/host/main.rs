//! The tokio host against real files, processes and connections.
#![cfg(unix)]

#[cfg(feature = "client")]
mod client;
mod commands;
mod handle;
mod load;
mod plugin;
