//! Credentials for people who use `kubectl`, as a library: what `kubecred cache` does, and what a
//! host of a login needs ([`login`]), with the pages that a browser shows at its end ([`page`]).
//!
//! [`plugin_cache::run`] gives the credential of any exec plugin, from the last run of any process
//! if that is still good. `kubecred-core` decides ([`kubecred_core::plugin_cache`]); this crate
//! reads and writes files, takes locks and runs programs.
#![forbid(unsafe_code)]

mod folder;
mod lock;
pub mod login;
pub mod page;
pub mod plugin_cache;
mod signals;

pub use folder::{Folder, FolderError};
pub use signals::Interrupt;
