//! The commands `kubecred cache`, `get-token`, `login`, `logout` and `status`, as a library.
//!
//! - [`plugin_cache::run`] returns the credential of any exec plugin. It runs the plugin only if no
//!   process has cached a credential that is still valid.
//! - [`login::run`] logs in to an OpenID provider. [`page`] has the pages that the browser shows at
//!   the end.
//!
//! The decisions are made in `kubecred-core` ([`kubecred_core::plugin_cache`],
//! [`kubecred_core::login`]); this crate reads and writes files, takes locks, runs programs and
//! talks to the browser and the provider.
#![forbid(unsafe_code)]

mod folder;
mod lock;
pub mod login;
pub mod page;
pub mod plugin_cache;
mod signals;

pub use folder::{Folder, FolderError};
pub use signals::Interrupt;
