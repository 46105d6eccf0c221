//! A configuration made fit to be shown or given away: only what the current context needs, with
//! the content of files in place of their paths, without secrets.

mod flatten;
mod minify;
mod redact;

pub use self::flatten::Flattening;

use crate::protocol::Failure;
use crate::redact::quoted;
use alloc::string::String;

/// Why a configuration cannot be made fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// Nothing says what is needed (KC-92).
    #[error("current-context is not set; it says what to keep")]
    NoCurrentContext,
    /// Something that is needed does not exist (KC-92).
    #[error("cannot locate {kind} {}", quoted(name))]
    NoSuchEntry {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// Both forms of the same thing (KC-93).
    #[error("{entry}: {field} and {field}-data are both set; remove one")]
    FileAndData {
        /// The entry: `user "dev"`.
        entry: String,
        /// The field that holds a path.
        field: &'static str,
    },
    /// A file that is to be taken in cannot be read (KC-93).
    #[error("{entry}: {field}: cannot read {}: {failure}", quoted(path))]
    Unreadable {
        /// The entry: `user "dev"`.
        entry: String,
        /// The field that holds the path.
        field: &'static str,
        /// The file.
        path: String,
        /// Why.
        failure: Failure,
    },
}
