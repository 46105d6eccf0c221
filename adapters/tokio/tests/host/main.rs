//! The tokio host against real files, processes and connections.
#![cfg(unix)]

mod commands;
mod handle;
mod plugin;
