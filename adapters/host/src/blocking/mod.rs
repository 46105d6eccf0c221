//! A host for programs with threads, without an async runtime: its calls block.
//!
//! Any number of threads share an [`Auth`]. Each job of the state machine (reading a file, running
//! a plugin) gets a new thread, which ends with the job; while no credential is requested, no
//! thread of this crate runs. For credentials that need HTTP requests, such as OIDC, the program
//! provides a function that sends one request: [`Builder::send_with`].
//!
//! ```
//! use kubecred_core::{Authentication, Profile};
//! use kubecred_host::blocking::Auth;
//!
//! let mut profile = Profile::new("https://api.example:6443");
//! profile.authentication = Authentication::token("hunter2");
//! let auth = Auth::from_profile(profile);
//!
//! let credential = auth.credential()?;
//! assert_eq!(credential.headers()["authorization"], "Bearer hunter2");
//! // After a 401: is there a newer credential, with which to send the request again?
//! assert!(!auth.unauthorized(credential.generation()));
//! # Ok::<(), kubecred_host::AuthError>(())
//! ```
//!
//! `examples/threads.rs` is a complete program.

mod builder;
mod handle;
mod perform;

pub use builder::Builder;
pub use handle::Auth;
pub use perform::{ProviderFunction, SendFunction, panicked};
