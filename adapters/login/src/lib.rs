//! Credentials for people: logins with an OpenID provider, and a cache for exec plugins. The commands
//! `get-token`, `login`, `logout`, `status` and `cache` of the program `kubecred`, as a library.
//!
//! ```text
//!     a program, such as kubecred
//!           │ settings                ▲ an ExecCredential
//!           ▼                         │
//!     ┌─ login::run ── plugin_cache::run ────────────────────────────────┐
//!     │ decides:       kubecred-core (a state machine, no I/O)           │
//!     │ carries out:   files and locks · keyring · browser and loopback  │
//!     │                page · terminal · the provider, by HTTP           │
//!     └──────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Processes share what is cached, and only one of them logs in, or runs the plugin; the others wait
//! for its credential.
//!
//! The credential of an exec plugin, which runs only if no process has cached a valid one:
//!
//! ```
//! use kubecred_login::plugin_cache::{Request, StoreChoice, run};
//! use std::time::Duration;
//!
//! # let plugin = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"hunter2"}}"#;
//! let request = Request {
//!     command: vec!["echo".into(), plugin.into()], // such as aws eks get-token …
//!     store: StoreChoice::None,
//!     key_env: None,
//!     ttl: None,
//!     timeout: Duration::from_secs(60),
//! };
//! let credential = run(&request, &mut |notice| eprintln!("{notice}"))?;
//! assert!(String::from_utf8_lossy(credential.expose()).contains("hunter2"));
//! # Ok::<(), kubecred_login::plugin_cache::CacheError>(())
//! ```
//!
//! A login is in `examples/claims.rs`.
//!
//! # Where things are
//!
//! | question | answer |
//! | --- | --- |
//! | How do I log in, out, or see who is logged in? | [`login::run`] with an [`Operation`](kubecred_core::login::Operation) |
//! | Which settings does a login have? | [`kubecred_core::login::Settings`] |
//! | Where are tokens kept? | [`login::cache_folder`], [`login::KeyringChoice`] |
//! | What does the browser show at the end? | [`page`] |
//! | How is a plugin's credential shared? | [`plugin_cache`], and [`kubecred_core::plugin_cache`] for when it may be |
#![forbid(unsafe_code)]

mod folder;
mod lock;
pub mod login;
pub mod page;
pub mod plugin_cache;
mod signals;

pub use folder::{Folder, FolderError};
pub use signals::Interrupt;
