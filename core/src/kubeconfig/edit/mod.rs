//! Changing kubeconfig files: which file takes which change, and what is in it afterwards.
//!
//! The rules of kubectl decide where a change goes (KC-88, KC-89), and nothing else of a file
//! changes: comments, the order of entries and fields, and unknown fields stay.
//!
//! ```
//! use kubecred_core::kubeconfig::search;
//! use kubecred_core::{Environment, Secret};
//!
//! let environment = Environment::new([("HOME", "/home/me")]).in_directory("/work");
//! let file = "\
//! current-context: dev
//! users: # one so far
//! - name: ann
//!   user:
//!     token: old # until Monday
//! ";
//! let chain = search(None, &environment).open([Ok(Secret::from(file))])?;
//!
//! let mut config = chain.config().clone();
//! config.users.get_mut("ann").unwrap().token = "new".into();
//! let changes = chain.changes(&config)?;
//!
//! assert_eq!(changes[0].path, "/home/me/.kube/config");
//! assert_eq!(changes[0].contents, Secret::from(file.replace("old", "new")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
mod encode;
mod entry;
mod error;
mod field;
mod file;
mod import;
mod named;
mod operation;
mod path;
mod property;
mod provider;
mod set;

pub use self::chain::{Chain, FileChange};
pub use self::error::{EditError, PropertyProblem};
pub use self::import::{ImportOutcome, Imported, OnConflict};
pub use self::property::BytesAs;
pub(crate) use self::provider::with_auth_provider;
pub use self::set::{SetCluster, SetContext, SetUser};
pub use crate::yaml::patch::Rewritten;
