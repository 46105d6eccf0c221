//! Why a kubeconfig cannot be changed as wanted.

use crate::yaml;
use alloc::string::String;

/// Why a change of a kubeconfig was not made. Nothing is to be written then. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is no file to write to: none is named, and there is no home directory.
    #[error("there is no kubeconfig to write to: name one, or set KUBECONFIG or HOME")]
    NoFile,
    /// A name is empty (KB-3, KB-5).
    #[error("a {0} must have a name")]
    EmptyName(&'static str),
    /// There is no such entry (KB-3, KB-10).
    #[error("no {kind} exists with the name: {name:?}")]
    NoSuchEntry {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// There is one of that name already (KB-10).
    #[error("a context exists with the name: {0:?}")]
    ContextExists(String),
    /// A secret that is no text cannot stand in YAML.
    #[error("{entry}: {field} is not UTF-8, and cannot be written to a kubeconfig")]
    NotText {
        /// The entry: `user "dev"`.
        entry: String,
        /// The field.
        field: &'static str,
    },
    /// The file cannot be read as YAML.
    #[error("{file}: {error}")]
    Malformed {
        /// The file as it was named.
        file: String,
        /// What is wrong, and where.
        error: yaml::Error,
    },
    /// What would be written does not read back as what was wanted.
    #[error("{file}: the change cannot be written so that it reads back as wanted; nothing was")]
    Mismatch {
        /// The file as it was named.
        file: String,
    },
}
