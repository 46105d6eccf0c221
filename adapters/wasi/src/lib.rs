//! Kubernetes client authentication for guests of WASI 0.2.
//!
//! [`kubecred_core`] decides what to read, run and send, and when; this crate does it with what a
//! component may import: `wasi:filesystem`, `wasi:clocks`, `wasi:http` and the variables that it was
//! given. There is no async runtime: calls return when they have what they are to return.
//!
//! ```no_run
//! use kubecred_wasi::{Auth, Client};
//!
//! let auth = Auth::from_env()?; // a kubeconfig in a preopened directory, or the pod's account
//! let client = Client::new(auth)?;
//! let answer = client.get("/version")?;
//! println!("{}: {}", answer.status(), String::from_utf8_lossy(&answer.into_body().bytes(1 << 20)?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Client::whoami`], [`Client::create_token`], [`Client::review_token`] and
//! [`Client::review_access`] are the calls of authentication.k8s.io and authorization.k8s.io, typed.
//!
//! Who sends requests by other means takes [`Auth::credential`], puts its headers on
//! ([`apply`] for the fields of `wasi:http`), and tells [`Auth::unauthorized`] of a 401.
//!
//! # What the embedder has to do
//!
//! | a kubeconfig says | WASI has | so |
//! | --- | --- | --- |
//! | files | preopened directories | what is in none of them is not found |
//! | `server`, `token`, `tokenFile`, `as` … | `wasi:http` | honoured |
//! | a CA, a client certificate, `tls-server-name`, `insecure-skip-tls-verify`, a proxy | nothing: the embedder makes connections, and requests cannot tell it how | refused, unless the embedder is known to do it: [`Builder::embedder_does`] |
//! | `exec` | no processes | refused, unless there is a [`CommandRunner`]: the feature `run-command` imports one from the embedder (`wit/commands.wit`), as [`EmbedderCommands`] |
//! | `auth-provider: oidc` | `wasi:http` | refreshed; written back only with [`Builder::write_in_place`] |
//!
//! Nothing is ever ignored: what cannot be honoured is an error that names it, and nothing is sent.
//! Credentials do not go to a plain HTTP server, as everywhere.
//!
//! With the feature `login` a guest can log in to an OpenID provider with a device code:
//! `DeviceLogin`.
//!
//! # When things happen
//!
//! A guest runs only while it is called, and so does this crate: it looks at the clocks when it is
//! asked for a credential. Requests of its own (to an identity provider) go on while a credential
//! that is still good is in use; reading a file, and running a plugin through the embedder, is done
//! at once and on the way. A guest with a loop of its own may call [`Auth::work`] in it, so that
//! renewals do not wait for the next request.
#![deny(unsafe_code)]

#[cfg(feature = "run-command")]
mod bindings;
mod builder;
mod capability;
mod client;
mod driver;
mod fields;
mod handle;
mod load;
#[cfg(feature = "login")]
mod login;
mod perform;

pub use builder::Builder;
pub use capability::{Capability, MissingCapability};
pub use client::{ApiError, Body, Client, ClientError};
pub use fields::apply;
pub use handle::Auth;
pub use kubecred_core;
pub use kubecred_host::{AuthError, Credential, ProvidedToken, ProviderError, environment};
#[cfg(feature = "login")]
pub use login::DeviceLogin;
pub use perform::CommandRunner;
#[cfg(feature = "run-command")]
pub use perform::EmbedderCommands;
