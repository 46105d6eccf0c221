//! Kubernetes client authentication for tokio.
//!
//! [`kubecred_core`] decides what to read, run and send, and when; this crate does the I/O. An
//! [`Auth`] holds the credentials of one profile and refreshes them:
//!
//! ```
//! use kubecred_core::{Authentication, Profile};
//! use kubecred_tokio::Auth;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), kubecred_tokio::AuthError> {
//! let mut profile = Profile::new("https://api.example:6443");
//! profile.authentication = Authentication::token("hunter2");
//! let auth = Auth::from_profile(profile);
//!
//! let credential = auth.credential().await?;
//! assert_eq!(credential.headers()["authorization"], "Bearer hunter2");
//! // After a 401: is there a newer credential, with which to send the request again?
//! assert!(!auth.unauthorized(credential.generation()).await);
//! # Ok(())
//! # }
//! ```
//!
//! [`Auth::from_env`] takes the profile from the kubeconfig or from the pod; [`Auth::builder`] has
//! all options.
//!
//! # Sending requests
//!
//! | with | use | feature |
//! | --- | --- | --- |
//! | this crate's own client, which supports all settings of a profile | [`Client`] | `client` (default) |
//! | kube | [`Client`], given to `kube::Client::new`; or [`tower::AuthLayer`] on kube's own | `client`, `tower` |
//! | any HTTP service | [`tower::AuthLayer`] | `tower` |
//! | reqwest | `reqwest::Authenticated` | `reqwest` |
//! | a proxy, which passes requests on as they are | [`client::Upstream`] | `client` |
//! | something else | [`Auth::credential`] and [`Auth::unauthorized`]; [`tls::rustls_config`] | `client` for TLS |
//!
//! The cryptography of TLS is AWS-LC (the feature `aws-lc-rs`, a default): it has P-521 and, first,
//! the post-quantum key exchange that Go offers. Without default features, `client` and `ring` take
//! ring. A program that uses kube's own TLS beside this crate asks kube for the same one (its
//! default is `ring`, the other its feature `aws-lc-rs`), for rustls chooses none where there are
//! two: or it installs one for the process, which this crate then uses as well.
//!
//! [`KubeconfigFiles`] changes kubeconfig files, as `kubectl config` does.
//!
//! An exec plugin that does not use the terminal runs in its own process group, so that it can be
//! stopped together with the processes that it started. The terminal's Ctrl-C does not reach it, so
//! a program that exits on Ctrl-C should call [`Auth::close`] first.
//!
//! # Inside
//!
//! One task, the driver, passes inputs to a [`kubecred_core::Authenticator`] and carries out its
//! actions. After each input it stores a snapshot, which every [`Auth`] reads without a lock. All
//! decisions are the core's. Code that needs no runtime is in [`kubecred_host`]. A module imports
//! only modules above it in this table:
//!
//! | module | |
//! | --- | --- |
//! | `fs` | files, on threads that may block |
//! | `net` | connections: TCP, proxies, TLS |
//! | `perform` | carries out the machine's jobs |
//! | `shared`, `driver`, `handle`, `builder` | the task, its snapshot, the [`Auth`] |
//! | [`tower`] | the layer for HTTP services |
//! | [`client`], `reqwest` | HTTP clients |

mod builder;
#[cfg(feature = "client")]
pub mod client;
mod clock;
mod driver;
mod fs;
mod handle;
mod load;
#[cfg(feature = "client")]
mod net;
mod perform;
mod provider;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod shared;
#[cfg(feature = "tower")]
pub mod tower;

pub use builder::Builder;
#[cfg(feature = "client")]
pub use client::{Client, ClientError};
pub use fs::KubeconfigFiles;
pub use handle::{Auth, Events};
pub use kubecred_core;
pub use kubecred_host::process::{PluginStderr, StderrCallback, find_program};
pub use kubecred_host::{AuthError, Credential, ProvidedToken, environment, variable_os};
pub use load::read_kubeconfig;
#[cfg(feature = "client")]
pub use perform::RequestSender;
pub use perform::{CommandFuture, CommandRunner, SystemCommands};
pub use provider::{TokenFuture, TokenProvider};

/// The results and errors of [`KubeconfigFiles`].
pub mod kubeconfig_file {
    pub use kubecred_host::fs::{Changed, Editing, FileError, Holder, Locked};
}

/// A profile's TLS settings as a rustls configuration.
#[cfg(feature = "client")]
pub mod tls {
    pub use crate::client::rustls_config;
    pub use crate::net::tls::{TlsError, TlsFailure, TlsFailureKind, server_name};
}

/// The project's README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
