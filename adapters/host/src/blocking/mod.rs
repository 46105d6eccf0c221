//! A host for threads: no runtime, calls that return when they have what they are to return.
//!
//! An [`Auth`] is shared by as many threads as there are. Each job of the machine, reading a file or
//! running a plugin, is done on a thread of its own, which ends with it; while nobody asks for a
//! credential, no thread of this crate runs. HTTP is the program's: it gives a function that sends
//! one request.
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
//! // On a 401: is there a newer one, so that sending the request again is useful?
//! assert!(!auth.unauthorized(credential.generation()));
//! # Ok::<(), kubecred_host::AuthError>(())
//! ```
//!
//! `examples/threads.rs` is a whole program.

mod builder;
mod handle;
mod perform;

pub use builder::Builder;
pub use handle::Auth;
pub use perform::{SendFunction, panicked};
