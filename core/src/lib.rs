//! Kubernetes client authentication without the I/O.
//!
//! This crate decides what to read, run, send and refresh, and when, so that requests to a
//! Kubernetes API server carry the right credential. A *host* carries it out: a tokio program, a
//! WebAssembly runtime, a proxy, a test. The crate has no clock, opens no file, starts no process
//! and needs no `std`; everything it knows is passed in by the host.
//!
//! ```text
//!     ┌──────────────────────────── host ─────────────────────────────┐
//!     │  variables, file contents, plugin output,       headers on     │
//!     │  HTTP replies, both clocks                      requests       │
//!     └──────────┬──────────────────────────────────────────▲─────────┘
//!          Input │ handle_input(now, ..)      poll_action() │ Action
//!                ▼                                          │
//!     ┌─────────────────────── Authenticator ───────────────────────────┐
//!     │  slots: roots · identity · bearer                               │
//!     │  each:  what is held × what is being done about it              │
//!     └─────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # Two halves
//!
//! **Settings** are pure functions: from variables and file contents to a [`Profile`], which says
//! which server, how to authenticate, and where each of its values came from. Or make one by hand.
//!
//! **Credentials** are a state machine: an [`Authenticator`] is made from a profile and a
//! [`Policy`], and keeps its credential fresh for as long as it is in use.
//!
//! # The ring
//!
//! A host is a loop: hand in what happened, carry out what comes out, sleep until the time that
//! was named. This one is whole, with literal times in place of clocks:
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
//! // A request wants to go out. There is nothing to send yet, so it asks, and waits.
//! assert_eq!(machine.credential(at(0)), Err(Unavailable::Pending));
//! machine.handle_input(at(0), Input::Demand);
//! let Some(Action::ReadFile(job)) = machine.poll_action() else { panic!() };
//! assert_eq!(job.request.path, "/run/token");
//! # assert!(matches!(machine.poll_action(), Some(Action::RefreshAt(_))));
//!
//! // The host has read the file. `done` makes the one input of the right type.
//! machine.handle_input(at(0), job.done(Ok(FileBytes(Secret::from("one\n")))));
//! let credential = machine.credential(at(0)).unwrap();
//! assert_eq!(credential.headers[0].name, "authorization");
//! assert_eq!(credential.headers[0].value.expose(), b"Bearer one");
//! let generation = credential.generation;
//!
//! // A host that keeps a copy of its own is told the same.
//! let Some(Action::SetHeaders(set)) = machine.poll_action() else { panic!() };
//! assert_eq!((set.generation, set.headers.len()), (generation, 1));
//!
//! // The server says 401: say which credential it refused. The file is read again at once.
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
//! Per request: [`Authenticator::credential`]; if that is `Ok`, send its headers (and if it says
//! `demand`, hand in [`Input::Demand`] on the side); if it is [`Unavailable::Pending`], hand in
//! [`Input::Demand`] and try again after the next action. On a 401: [`Input::Reject`] with the
//! generation that the request carried, and retry once if a newer one comes. That is all there is
//! to know for embedding it.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | none | the machine: profiles made by hand, sources, refreshing; a plugin answers in JSON |
//! | `kubeconfig` | kubeconfig files, pods, [`detect()`], kuberc, and the YAML reader |
//! | `edit` (default) | changes of kubeconfig files; refreshed tokens are saved in them |
//! | `explain` (default) | where each setting comes from, and what is wrong |
//! | `login` | logging in at an OpenID provider, as a machine of its own |
//! | `serde` | the wire and profiles can be serialised; secrets in clear text |
//!
//! `wasm/build` prints what each of them adds to a program.
//!
//! # Where things are
//!
//! | question | answer |
//! | --- | --- |
//! | Which files, which context, which user? | [`kubeconfig`], [`detect()`], [`InCluster`] |
//! | Why these, and what is wrong with them? | [`kubeconfig::explain`] |
//! | What can it ask of a host? What may a host say? | [`protocol`] |
//! | When does it refresh? | [`policy`], and `machine/refreshed.rs` for how |
//! | How is an exec plugin asked, and understood? | [`exec`] |
//! | When may a plugin's answer be used again by another process? | [`plugin_cache`] |
//! | Is my token safe? | [`secret`] |
//!
//! Rule ids in the documentation (KC-32, EX-63, …) name the behaviours of client-go that a place
//! answers for; `tests/rules/rules.tsv` in the repository lists them, one a line.
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
pub mod secret;
mod sent;
mod source;
pub mod store;
mod time;
mod url;
#[cfg(feature = "kubeconfig")]
pub mod yaml;

pub use content::{ContentProblem, FileRole};
pub use credential::{Credential, Generation, Header, Identity, Unavailable};
#[cfg(feature = "kubeconfig")]
pub use detect::{Detection, DetectionStep, detect};
#[cfg(feature = "kubeconfig")]
pub use environment::Environment;
pub use error::{
    Endpoint, Error, IdTokenProblem, OidcProblem, OidcStep, OutputProblem, PluginProblem,
    SaveProblem, TokenRequestProblem,
};
#[cfg(feature = "kubeconfig")]
pub use in_cluster::InCluster;
pub use jwt::token_expiry;
#[cfg(feature = "kubeconfig")]
pub use kubeconfig::{Kubeconfig, Overrides};
pub use machine::{Authenticator, Stats};
pub use path::PathFlavour;
pub use policy::Policy;
pub use printable::{one_line, printable};
pub use profile::{
    AuthProviderProblem, Authentication, Bearer, ClientCertificate, Cluster, ConfigError,
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
