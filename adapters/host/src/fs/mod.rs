//! Files: read within a limit, locked as kubectl locks them, replaced whole.

mod bounded;
mod error;
mod holder;
mod in_place;
mod kubeconfig_files;
mod lock;
#[cfg(unix)]
mod pipe;
mod preserve;
mod read;
mod replacement;
mod save;

pub use bounded::{Bounded, fits};
pub use error::failure;
pub use holder::Holder;
pub use kubeconfig_files::{Changed, Editing, FileError, KubeconfigFiles};
pub use lock::{Attempts, Lock, LockError, Locked, acquire, try_acquire};
pub use read::{KUBECONFIG_LIMIT, read_any, read_file};
pub use replacement::{Placed, Replacement, holds, target};
pub use save::{SAVE_PATIENCE, save, save_locked};
