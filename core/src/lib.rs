//! Kubernetes client authentication without the I/O.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::string_slice
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod authenticator;
mod credential;
mod error;
pub mod policy;
mod profile;
pub mod protocol;
pub mod secret;
mod source;
mod time;
pub mod yaml;

pub use authenticator::{Authenticator, Stats};
pub use credential::{Credential, Generation, Header, Identity, Unready};
pub use error::{ContentProblem, Error, FileRole, OutputProblem, PluginProblem};
pub use policy::Policy;
pub use profile::{
    Authentication, Bearer, ClientCertificate, Cluster, Exec, ExecApiVersion, ExecCluster,
    Impersonation, InteractiveMode, Material, Namespace, Notice, Origin, PluginPolicy, Profile,
    Provenance, Proxy, Roots, StdinFacts, Token, without_user_info,
};
#[doc(no_inline)]
pub use protocol::{Action, ActionId, Completion, Event, Failure, FailureKind, Input, Job, Reply};
pub use secret::Secret;
pub use source::exec;
pub use time::{Instant, Now, UnixTime};
