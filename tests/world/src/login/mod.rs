//! A place to log in, in memory: an OpenID provider, a browser with a user, a keyring, a cache with
//! locks, and any number of processes that run a [`Login`](kubecred_core::login::Login) at once.
//!
//! Time passes only when nothing else can happen, so a limit of three minutes takes no time. The
//! laws of a login are checked after every run: see [`Place::check`].

mod chaos;
mod place;
mod process;
mod provider;

pub use chaos::chaos;
pub use place::{Place, Stores};
pub use process::Process;
pub use provider::{Lie, Provider, User};
