//! Credentials for people who use `kubectl`: what `kubecred cache` does, as a library.
//!
//! [`plugin_cache::run`] gives the credential of any exec plugin, from the last run of any process
//! if that is still good. `kubecred-core` decides ([`kubecred_core::plugin_cache`]); this crate
//! reads and writes files, takes locks and runs programs.
#![forbid(unsafe_code)]

mod folder;
mod lock;
pub mod plugin_cache;
mod signals;

pub use folder::{Folder, FolderError};
pub use signals::Interrupt;
