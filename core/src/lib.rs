//! Kubernetes client authentication without the I/O.
//!
//! This crate decides what to read, run, send and refresh, and when, so that requests to a
//! Kubernetes API server carry a valid credential. A *host* does the I/O: a tokio program, a
//! WebAssembly runtime, a proxy, a test. The crate has no clock, opens no file, starts no process
//! and needs no `std`; the host passes in everything it knows.
//!
//! ```text
//!     ┌──────────────────────────── host ─────────────────────────────┐
//!     │  variables, file contents, plugin output,       headers on     │
//!     │  HTTP replies, both clocks                      requests       │
//!     └──────────┬──────────────────────────────────────────▲─────────┘
//!          Input │ handle_input(now, ..)      poll_action() │ Action
//!                ▼                                          │
//!     ┌─────────────────────── Authenticator ───────────────────────────┐
//!     │  slots: trusted roots · client certificate · authorization      │
//!     │  each:  its current value, and the job that fetches the next    │
//!     └─────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # Two parts
//!
//! **Settings**: pure functions turn environment variables and file contents into a [`Profile`]:
//! which server, how to authenticate, and where each value came from. You can also build a profile
//! in code.
//!
//! **Credentials**: an [`Authenticator`] is a state machine. It takes a profile and a [`Policy`],
//! fetches the credential, and refreshes it before it expires, as long as requests use it.
//!
//! # The host's loop
//!
//! A host passes each event to `handle_input`, carries out the actions that `poll_action` returns,
//! and sleeps until the time that [`Action::RefreshAt`] names. This example is complete, with
//! literal times instead of clocks:
//!
//! ```
//! use kubecred_core::{Action, Authentication, Authenticator, Input, Now, Policy, Profile};
//! use kubecred_core::{Secret, Unavailable, protocol::FileBytes};
//!
//! let mut profile = Profile::new("https://10.0.0.1:6443");
//! profile.authentication = Authentication::token_file("/run/token");
//! let mut machine = Authenticator::new(&profile, Policy::default(), 0);
//! let at = |seconds: u64| Now::from_millis(seconds * 1000, 1_700_000_000_000 + seconds as i64 * 1000);
//!
//! // A request needs the credential. There is none yet, so the host asks for it, and waits.
//! assert_eq!(machine.credential(at(0)), Err(Unavailable::Pending));
//! machine.handle_input(at(0), Input::Demand);
//! let Some(Action::ReadFile(job)) = machine.poll_action() else { panic!() };
//! assert_eq!(job.request.path, "/run/token");
//! # assert!(matches!(machine.poll_action(), Some(Action::RefreshAt(_))));
//!
//! // The host has read the file. `done` turns the result into an input for the machine.
//! machine.handle_input(at(0), job.done(Ok(FileBytes(Secret::from("one\n")))));
//! let credential = machine.credential(at(0)).unwrap();
//! assert_eq!(credential.headers[0].name, "authorization");
//! assert_eq!(credential.headers[0].value.expose(), b"Bearer one");
//! let generation = credential.generation;
//!
//! // A host that keeps a copy of the headers gets them as an action, too.
//! let Some(Action::SetHeaders(set)) = machine.poll_action() else { panic!() };
//! assert_eq!((set.generation, set.headers.len()), (generation, 1));
//!
//! // The server answers 401: report the generation that the request carried. The file is read
//! // again at once.
//! machine.handle_input(at(5), Input::Reject(generation));
//! let job = loop {
//!     if let Some(Action::ReadFile(job)) = machine.poll_action() { break job }
//! };
//! machine.handle_input(at(5), job.done(Ok(FileBytes(Secret::from("two\n")))));
//! let credential = machine.credential(at(5)).unwrap();
//! assert_eq!(credential.headers[0].value.expose(), b"Bearer two");
//! assert!(credential.generation > generation);
//! ```
//!
//! For each request, call [`Authenticator::credential`]:
//!
//! - `Ok`: send its headers. If its field `demand` is set, also pass in [`Input::Demand`]; the
//!   request does not wait for that.
//! - [`Unavailable::Pending`]: pass in [`Input::Demand`], and try again after the next input.
//! - [`Unavailable::Failed`]: fail the request with this error, and pass in [`Input::Demand`], so
//!   that the next attempt can start when the pause is over.
//!
//! After a 401, pass in [`Input::Reject`] with the generation that the request carried, and send
//! the request once more if [`Authenticator::credential`] then has a newer one.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | none | the [`Authenticator`], for profiles built in code; exec plugins must print JSON |
//! | `kubeconfig` | kubeconfig files, pods, [`detect()`], kuberc, and the YAML reader |
//! | `edit` (default) | changes kubeconfig files; saves refreshed OIDC tokens in them |
//! | `explain` (default) | tells where each setting comes from, and finds problems |
//! | `login` | logs in to an OpenID provider (a second state machine: `login::Login`) |
//! | `reviewer` | reviews tokens for a server (a third state machine: `reviewer::Reviewer`) |
//! | `serde` | serialises inputs, actions and profiles, with secrets in clear text |
//!
//! `wasm/build` prints how many bytes each feature adds to a WebAssembly program.
//!
//! # Where things are
//!
//! | question | answer |
//! | --- | --- |
//! | Which files, which context, which user? | [`kubeconfig`], [`detect()`], [`InCluster`] |
//! | Why these, and what is wrong with them? | [`kubeconfig::explain`] |
//! | Which actions must a host carry out? Which inputs may it pass in? | [`protocol`] |
//! | When does it refresh? | [`policy`]; the code is in `machine/refreshed.rs` |
//! | How is an exec plugin run, and its output read? | [`exec`] |
//! | When may another process use a plugin's cached output? | [`plugin_cache`] |
//! | How are secrets protected? | [`secret`] |
//!
//! Ids such as KC-32 and EX-63 name rules: behaviours of client-go and kubectl, and requirements of
//! RFCs, that the code at that place follows. `tests/rules/rules.tsv` in the repository lists them.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![warn(clippy::cognitive_complexity, clippy::too_many_arguments, clippy::too_many_lines)]
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

pub mod api;
pub mod certificate;
mod construct;
mod content;
mod credential;
mod cx;
#[cfg(feature = "kubeconfig")]
mod detect;
#[cfg(feature = "kubeconfig")]
mod environment;
mod error;
mod failure;
mod headers;
#[cfg(feature = "kubeconfig")]
mod in_cluster;
mod jwt;
#[cfg(feature = "kubeconfig")]
pub mod kubeconfig;
#[cfg(feature = "login")]
pub mod login;
mod machine;
#[cfg_attr(not(feature = "login"), expect(dead_code, reason = "a login needs the rest of it"))]
mod oauth;
#[cfg_attr(not(feature = "kubeconfig"), expect(dead_code, reason = "for kubeconfigs"))]
mod path;
mod pem;
pub mod plugin_cache;
pub mod policy;
mod printable;
mod profile;
pub mod protocol;
pub mod redact;
#[cfg(feature = "reviewer")]
pub mod reviewer;
pub mod secret;
mod sent;
mod source;
pub mod store;
mod time;
mod url;
#[cfg(feature = "kubeconfig")]
pub mod yaml;

pub use content::{ContentProblem, FileRole};
pub use credential::{ConnectionParts, Credential, Generation, Header, Identity, Unavailable};
#[cfg(feature = "kubeconfig")]
pub use detect::{Detection, DetectionStep, detect};
#[cfg(feature = "kubeconfig")]
pub use environment::Environment;
pub use error::{
    Endpoint, Error, IdTokenProblem, OidcProblem, OidcStep, OutputProblem, PluginProblem,
    ProviderProblem, SaveProblem, TokenRequestProblem,
};
#[cfg(feature = "kubeconfig")]
pub use in_cluster::InCluster;
pub use jwt::token_expiry;
#[cfg(feature = "kubeconfig")]
pub use kubeconfig::{Kubeconfig, Overrides};
pub use machine::{Authenticator, Availability, Snapshot, Stats};
pub use path::PathFlavour;
pub use policy::Policy;
pub use printable::{one_line, printable};
pub use profile::{
    AuthProviderProblem, Authentication, Authorization, ClientCertificate, Cluster, ConfigError,
    EmptyReason, EnvVar, Exec, ExecApiVersion, ExecCluster, Impersonation, InteractiveMode,
    KubeconfigUser, Material, Namespace, Notice, Oidc, Origin, PluginPolicy, PolicyProblem,
    Problem, ProblemKind, Profile, Provenance, Proxy, ProxyProblem, Roots, ServiceAccount,
    StdinState, Token,
};
#[doc(no_inline)]
pub use protocol::{Action, ActionId, Completion, Event, Failure, FailureKind, Input, Job, Reply};
pub use secret::Secret;
pub use sent::SentSecrets;
pub use source::exec;
pub use time::{Instant, Now, UnixTime};
