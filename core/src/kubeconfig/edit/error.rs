//! Why a kubeconfig cannot be changed as wanted.

use crate::redact::quoted;
use crate::yaml;
use alloc::string::String;

/// Why a change of a kubeconfig was not made. Nothing is to be written then. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is no file to write to: none is named, and there is no home directory.
    #[error("there is no kubeconfig to write to: name a file, or set KUBECONFIG or HOME")]
    NoFile,
    /// A name is empty (KB-3, KB-5).
    #[error("a {0} must have a name")]
    EmptyName(&'static str),
    /// There is no such entry (KB-3, KB-10).
    #[error("no {kind} exists with the name: {}", quoted(name))]
    NoSuchEntry {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// There is one of that name already (KB-10).
    #[error("a {kind} exists with the name: {}", quoted(name))]
    EntryExists {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A server that is not verified needs no CA (KB-9).
    #[error(
        "a certificate authority and insecure mode cannot be combined: a server that is not \
         verified needs no CA"
    )]
    InsecureAuthority,
    /// A user has one bearer credential (KB-5).
    #[error("a token and a user name or password exclude each other: give one of them")]
    TwoMethods,
    /// There is no such mode (KB-5).
    #[error("the interactive mode of an exec plugin is Never, IfAvailable or Always")]
    InteractiveMode,
    /// A single value cannot be set or taken out (KB-11).
    #[error("property {}: {problem}", quoted(property))]
    Property {
        /// The property as it was named.
        property: String,
        /// What is wrong.
        problem: PropertyProblem,
    },
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
    #[error(
        "{file}: cannot write the change so that the file reads back as intended; nothing was written"
    )]
    Mismatch {
        /// The file as it was named.
        file: String,
    },
}

/// What is wrong with a property, or with the value that is to be set. Holds no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyProblem {
    /// There is none of this name.
    #[error("unknown; expected current-context or LIST.NAME.FIELD, such as clusters.dev.server")]
    Unknown,
    /// It is an entry, or all entries of a kind; or the last part of its name is no field, and so
    /// belongs to the name of an entry.
    #[error("names no field; expected LIST.NAME.FIELD, such as clusters.dev.server")]
    NotAField,
    /// It is more than a value.
    #[error("is {0}, and cannot be set to a single value")]
    NotOneValue(&'static str),
    /// The value is empty.
    #[error("the value is empty; remove the field with unset")]
    EmptyValue,
    /// The value is not for a field that is true or false.
    #[error("the value must be true or false")]
    NotBoolean,
    /// The value is not for a field of bytes.
    #[error("the value must be base64 (or plain text with --set-raw-bytes)")]
    NotBase64,
}
