//! kubectl's lock on a kubeconfig: a file beside it that exists while somebody changes it (KC-87).

use super::failure;
use kubecred_core::{Failure, FailureKind};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often to look whether a lock has been given back. kubectl does not look twice, and holds
/// one for a few milliseconds.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// Held for as long as this lives.
pub(super) struct Lock(PathBuf);

impl Lock {
    /// Waits a second for the lock on `file`. One that a dead process left behind stays: nothing
    /// tells it from that of a slow one.
    ///
    /// # Errors
    /// A conflict when somebody else has it all the time; what the system says otherwise.
    pub(super) fn acquire(file: &Path) -> Result<Self, Failure> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        for look in 1.. {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => break,
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(failure(&error));
                }
                Err(_) if look < LOOKS => std::thread::sleep(PAUSE),
                Err(_) => {
                    let detail = format!(
                        "{path:?} exists: somebody is changing the file, or was stopped while \
                         doing so; if nobody is, remove it"
                    );
                    return Err(Failure::new(FailureKind::Conflict, detail));
                }
            }
        }
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // nobody to tell
    }
}
