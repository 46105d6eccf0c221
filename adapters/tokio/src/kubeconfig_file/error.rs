//! Why kubeconfig files were not changed.

use super::lock::Locked;
use kubecred_core::ConfigError;
use kubecred_core::kubeconfig::edit::EditError;
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;

/// Why kubeconfig files could not be read or changed. `E` is what the change itself may say against
/// it. Holds no secret, unless `E` does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError<E = Infallible> {
    /// Everything that is wrong with what is in the files.
    #[error(transparent)]
    Config(ConfigError),
    /// Somebody else is changing the files, or was killed while doing so (KC-87).
    #[error("{0}")]
    Locked(Locked),
    /// The change was refused by the one who wanted it.
    #[error(transparent)]
    Refused(E),
    /// The change cannot be written to the files.
    #[error(transparent)]
    Edit(EditError),
    /// Somebody who does not care for locks has changed the file meanwhile. It is as they left it.
    #[error("{path:?} was changed by somebody else meanwhile, and is as they left it; try again")]
    Overtaken {
        /// The file.
        path: PathBuf,
    },
    /// The system does not do what is necessary.
    #[error("cannot {doing} {path:?}: {error}")]
    Io {
        /// What was to be done with it: `lock`, `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}
