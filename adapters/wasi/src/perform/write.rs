//! Writing a file back in place, under kubectl's lock, if the embedder's file system is trusted
//! with that.
//!
//! Elsewhere a new file is renamed over the old one, so that a crash leaves the one or the other.
//! Here that would open secrets to others: WASI has no permission bits, so a new file has those that
//! the embedder gives it, and not the old one's.

use super::{failure, unsupported};
use kubecred_core::protocol::WriteFile;
use kubecred_core::{Failure, FailureKind};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use zeroize::Zeroizing;

/// How often to look whether a lock has been given back (KC-87).
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// Why nothing is written.
pub(super) fn refusal() -> Failure {
    unsupported(
        "WASI cannot replace a file and keep it private; Builder::write_in_place writes it as \
         kubectl does",
    )
}

/// Writes an existing file anew, if it holds what it should.
pub(super) fn write(request: &WriteFile) -> Result<(), Failure> {
    let Some(before) = &request.replaces else {
        return Err(unsupported("WASI cannot make a file private, so none is made"));
    };
    let _lock = Lock::acquire(&request.path)?;
    let _of_target = target(&request.path).map(|target| Lock::acquire(&target)).transpose()?;
    let conflict = || Failure::new(FailureKind::Conflict, "it has changed since it was read");
    let mut file = match OpenOptions::new().read(true).write(true).open(&request.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(conflict()),
        opened => opened.map_err(|error| failure(&error))?,
    };
    match holds(&mut file, before.expose()) {
        Ok(true) => replace(&mut file, request.contents.expose()).map_err(|e| failure(&e)),
        Ok(false) => Err(conflict()),
        Err(error) => Err(failure(&error)),
    }
}

/// What a link leads to: somebody may know the file by that name.
fn target(path: &str) -> Option<String> {
    let target = std::fs::read_link(path).ok()?;
    Path::new(path).parent()?.join(target).into_os_string().into_string().ok()
}

/// Whether the file holds just these bytes.
fn holds(file: &mut File, bytes: &[u8]) -> std::io::Result<bool> {
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut held = Zeroizing::new(vec![0; bytes.len()]);
    match file.read_exact(&mut held) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| held.as_slice() == bytes),
    }
}

fn replace(file: &mut File, contents: &[u8]) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

/// kubectl's lock on a kubeconfig: a file beside it that exists while somebody changes it (KC-87).
struct Lock(String);

impl Lock {
    /// Waits a second for it. One that a dead process left behind stays: nothing tells it from that
    /// of a slow one.
    fn acquire(file: &str) -> Result<Self, Failure> {
        let path = format!("{file}.lock");
        for look in 1.. {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => break,
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(failure(&error));
                }
                Err(_) if look < LOOKS => sleep(PAUSE),
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn replaced(path: &Path, before: &str, after: &str) -> Result<(), FailureKind> {
        let (path, contents) = (path.to_str().unwrap().into(), after.into());
        let request = WriteFile { path, contents, mode: 0o600, replaces: Some(before.into()) };
        write(&request).map_err(|failure| failure.kind)
    }

    #[test]
    fn a_file_that_somebody_else_has_changed_stays_as_they_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        for theirs in ["", "befor", "beforE", "before and more"] {
            std::fs::write(&path, theirs).unwrap();
            assert_eq!(replaced(&path, "before", "after"), Err(FailureKind::Conflict));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(replaced(&path, "before", "after"), Err(FailureKind::Conflict));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is left");
    }

    #[test]
    fn a_file_keeps_its_mode_whether_it_grows_or_shrinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for (before, after) in
            [("before", "and after that"), ("and after that", "end"), ("end", "")]
        {
            assert_eq!(replaced(&path, before, after), Ok(()));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn kc_87_a_lock_that_is_not_given_back_is_a_conflict_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, lock) = (folder.path().join("config"), folder.path().join("config.lock"));
        std::fs::write(&path, "before").unwrap();
        std::fs::write(&lock, "").unwrap();
        assert_eq!(replaced(&path, "before", "after"), Err(FailureKind::Conflict));
        assert!(lock.exists(), "it is not ours");
        std::fs::remove_file(&lock).unwrap();
        assert_eq!(replaced(&path, "before", "after"), Ok(()));
    }

    #[test]
    fn a_link_stays_a_link_and_what_it_leads_to_is_locked_too() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("config"), folder.path().join("link"));
        std::fs::write(&path, "before").unwrap();
        std::os::unix::fs::symlink("config", &link).unwrap();
        std::fs::write(folder.path().join("config.lock"), "").unwrap();
        assert_eq!(replaced(&link, "before", "after"), Err(FailureKind::Conflict));
        std::fs::remove_file(folder.path().join("config.lock")).unwrap();
        assert_eq!(replaced(&link, "before", "after"), Ok(()));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no lock is left");
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").to_str().unwrap().to_owned();
        let request = WriteFile { path, contents: "x".into(), mode: 0o600, replaces: None };
        assert_eq!(write(&request).unwrap_err().kind, FailureKind::Unsupported);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
