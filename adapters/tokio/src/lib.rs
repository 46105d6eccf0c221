//! Kubernetes client authentication for tokio.
//!
//! [`kubecred_core`] decides what to read, run and send, and when; this crate does it. An
//! [`Auth`] holds the credentials of one profile and keeps them fresh:
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
//! // On a 401: is there a newer one, so that sending the request again is useful?
//! assert!(!auth.unauthorized(credential.generation()).await);
//! # Ok(())
//! # }
//! ```
//!
//! # What to build on
//!
//! | to send requests with | use | feature |
//! | --- | --- | --- |
//! | what comes with this crate: every setting of a profile is honoured | [`Client`] | `client` (default) |
//! | kube | [`Client`], given to `kube::Client::new`; or [`tower::AuthLayer`] on kube's own | `client`, `tower` |
//! | any HTTP service | [`tower::AuthLayer`] | `tower` |
//! | reqwest | `reqwest::Authenticated` | `reqwest` |
//! | a proxy, which passes requests on as they are | [`client::Upstream`] | `client` |
//! | something else | [`Auth::credential`] and [`Auth::unauthorized`]; [`tls::rustls_config`] | `client` for TLS |
//!
//! To change kubeconfig files, as `kubectl config` does, there is [`KubeconfigFiles`].
//!
//! A plugin without a terminal runs in a process group of its own, so that it can be stopped with
//! all that it started. It does not hear the terminal's Ctrl-C, therefore: a program that ends
//! upon one should [close](Auth::close) first.
//!
//! # Inside
//!
//! One task, the driver, feeds a [`kubecred_core::Authenticator`] and carries out its actions;
//! after each input it stores a snapshot that every handle reads without a lock. Only the machine
//! decides: when to refresh, and whether a credential is still good. What needs no runtime is
//! [`kubecred_host`]'s. A room imports only rooms above it:
//!
//! | room | |
//! | --- | --- |
//! | `fs` | files, on threads that may wait |
//! | `net` | connections: TCP, proxies, TLS |
//! | `perform` | the machine's jobs |
//! | `shared`, `driver`, `handle`, `builder` | the task, its snapshot, the [`Auth`] |
//! | [`tower`] | the layer for HTTP services |
//! | [`client`], `reqwest` | clients that honour every setting of a profile |

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
pub use kubecred_host::{AuthError, Credential, environment, variable_os};
pub use load::read_kubeconfig;
#[cfg(feature = "client")]
pub use perform::RequestSender;
pub use perform::{CommandFuture, CommandRunner, SystemCommands};
pub use provider::{ProvidedToken, TokenFuture, TokenProvider};

/// What becomes of a change of kubeconfig files, and why there is none.
pub mod kubeconfig_file {
    pub use kubecred_host::fs::{Changed, Editing, FileError, Holder, Locked};
}

/// TLS as a profile wants it: trusted roots and client certificate, in rustls's terms.
#[cfg(feature = "client")]
pub mod tls {
    pub use crate::client::rustls_config;
    pub use crate::net::tls::{TlsError, TlsFailure, TlsFailureKind, server_name};
}

/// The project's README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
