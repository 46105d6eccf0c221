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
//! after each input it posts what holds on a board that every handle reads without a lock. Nobody
//! but the machine decides anything: not when to refresh, nor whether a credential is still good.

mod board;
mod builder;
#[cfg(feature = "client")]
pub mod client;
mod clock;
#[cfg(feature = "client")]
mod connect;
mod credential;
mod driver;
mod error;
mod handle;
pub mod kubeconfig_file;
mod load;
mod perform;
mod provider;
#[cfg(feature = "client")]
mod proxy;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "client")]
pub mod tls;
#[cfg(feature = "tower")]
pub mod tower;

pub use builder::Builder;
#[cfg(feature = "client")]
pub use client::{Client, ClientError};
pub use credential::Credential;
pub use error::AuthError;
pub use handle::{Auth, Events};
pub use kubeconfig_file::KubeconfigFiles;
pub use kubecred_core;
pub use load::{environment, read_kubeconfig};
#[cfg(feature = "client")]
pub use perform::RequestSender;
pub use perform::{CommandRunner, Hear, PluginStderr, Running, SystemCommands, find_program};
pub use provider::{ProvidedToken, Providing, TokenProvider};

/// The project's README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
