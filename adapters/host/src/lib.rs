//! The parts that all hosts of kubecred share, with `std` and without an async runtime; and a host
//! for programs with threads, [`blocking`].
//!
//! [`kubecred_core`] decides what to read, run, send and refresh, and when. A *host* does the I/O.
//! Hosts differ in how they wait: tasks of a runtime, threads, WASI polls. All of them must read
//! the same variables, find a program in the same way, use the same proxies, and replace files in
//! the same way. That code is in this crate.
//!
//! ```text
//!    kubecred-tokio      kubecred-wasi      the program      a host of your own
//!          │                   │                 │                   │
//!          └───────────────────┴── kubecred-host ┴───────────────────┘
//!                                       │
//!                                 kubecred-core
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | capture variables, working directory, standard input | [`environment`] |
//! | find and read the kubeconfig, or the pod's service account | [`Settings`] |
//! | read a file within a limit; replace one; lock one as kubectl does | [`fs`] |
//! | find a program on `PATH`; run an exec plugin | [`process`] |
//! | choose the proxy for a server, and join the server's URL with a path | [`net`] |
//! | put a credential on a request | [`Credential`], [`headers`] |
//! | say what there is now, and for how long that holds | [`availability`] |
//! | keep a credential fresh in a program with threads and no runtime | [`blocking`] |
//!
//! # Platforms
//!
//! It compiles for Linux, macOS, Windows and WASI 0.2. What differs:
//!
//! | | Linux | macOS | Windows, WASI |
//! | --- | --- | --- | --- |
//! | an existing file is | replaced by a rename; owner, mode, ACL and attributes are kept | the same, on file systems that can clone files | written in place, while its lock file is held |
//! | a program is | a file with execute permission | the same | a file with an extension of `PATHEXT` (Windows); WASI has no processes |
//!
//! If a rename is not possible, as with a bind-mounted file, an existing file is written in place
//! on all systems: see [`fs::Replacement`].
#![forbid(unsafe_code)]

pub mod availability;
pub mod blocking;
pub mod clock;
mod credential;
mod environment;
mod error;
pub mod fs;
pub mod headers;
pub mod net;
pub mod process;
mod provider;
pub mod retry;
mod settings;

pub use availability::TlsMaterial;
pub use clock::Clock;
pub use credential::Credential;
pub use environment::{environment, variable_os};
pub use error::AuthError;
pub use fs::failure;
pub use provider::{ProvidedToken, ProviderError, no_provider, provided};
pub use settings::{Settings, restrict};
