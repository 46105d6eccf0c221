//! Kubeconfig files as kubectl reads them: search, decode, merge, select. Pure functions: the host
//! reads the files.
//!
//! ```
//! use kubecred_core::kubeconfig::{Overrides, search};
//! use kubecred_core::{Environment, Secret};
//!
//! let environment = Environment::new([("HOME", "/home/me")]).in_directory("/work");
//! let search = search(None, &environment);
//! assert_eq!(search.paths(), ["/home/me/.kube/config"]);
//!
//! let file = Secret::from(r#"
//! current-context: dev
//! contexts: [{name: dev, context: {cluster: here, user: me}}]
//! clusters: [{name: here, cluster: {server: "https://127.0.0.1:6443"}}]
//! users: [{name: me, user: {tokenFile: token}}]
//! "#);
//! let config = search.load([Ok(file)])?;
//! let profile = config.select(&Overrides::default(), &environment)?;
//! assert_eq!(profile.files().next().unwrap().1, "/home/me/.kube/token");
//! # Ok::<(), kubecred_core::kubeconfig::ConfigError>(())
//! ```

mod auth_provider;
mod connect;
mod decode;
#[cfg(feature = "edit")]
pub mod edit;
mod entries;
#[cfg(feature = "explain")]
pub mod explain;
mod extension;
mod kuberc;
mod load;
mod overrides;
mod search;
mod select;
mod setting;
mod shape;
#[cfg(feature = "edit")]
mod store;
mod validate;
#[cfg(feature = "edit")]
mod view;

pub use crate::path::PathFlavour;
pub use crate::profile::{
    AuthProviderProblem, ConfigError, EmptyReason, PolicyProblem, Problem, ProblemKind,
    ProxyProblem,
};
pub use entries::{
    AuthProvider, ClusterEntry, ContextEntry, EntryOrigin, ExecEntry, Kubeconfig, Preferences,
    UserEntry,
};
pub use extension::Extension;
pub use kuberc::{Kuberc, KubercPolicy};
pub use overrides::{Overrides, namespace_flag, parse_timeout};
pub use search::{Reason, Search, search};

#[cfg(feature = "edit")]
pub use view::{Flattening, ViewError};

#[cfg(feature = "edit")]
pub(crate) use decode::decode;
#[cfg(feature = "edit")]
pub(crate) use store::KubeconfigStore;
