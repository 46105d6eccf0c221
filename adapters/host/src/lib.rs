//! What every host of kubecred needs of the system that it runs on, with `std` and no runtime.
//!
//! [`kubecred_core`] decides what to read, run, send and refresh, and when. A host carries it out.
//! Hosts differ in how they wait: tasks of a runtime, threads, polls of a WASI guest. They must not
//! differ in which variables they read, how they find a program, which servers they reach through
//! a proxy or how they replace a file; so that part is here, once.
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
//! | keep a credential fresh in a program with threads and no runtime | [`blocking`] |
//!
//! # Platforms
//!
//! It compiles for Linux, macOS, Windows and WASI 0.2. What differs:
//!
//! | | Linux | macOS | Windows, WASI |
//! | --- | --- | --- | --- |
//! | an existing file is | replaced by a rename; owner, mode, ACL and attributes kept | the same, on file systems that clone files | written in place, under its lock |
//! | a program is | found by its permissions | the same | found by the endings of `PATHEXT` (Windows); WASI has no processes |
//!
//! Where a rename is not possible, as on a mounted file, an existing file is written in place on
//! every system: see [`fs::Replacement`].
#![forbid(unsafe_code)]

pub mod blocking;
pub mod clock;
mod credential;
mod environment;
mod error;
pub mod fs;
pub mod headers;
pub mod net;
pub mod process;
mod settings;

pub use clock::Clock;
pub use credential::Credential;
pub use environment::{environment, variable_os};
pub use error::AuthError;
pub use fs::failure;
pub use settings::{Settings, restrict};
