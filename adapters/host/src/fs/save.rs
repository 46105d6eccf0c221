//! What the machine wants written: refreshed tokens, back into the kubeconfig that they came from.

use super::failure;
use super::lock::{Lock, LockError, acquire};
use super::replacement::{Placed, Replacement, holds};
use kubecred_core::protocol::WriteFile;
use kubecred_core::{Failure, FailureKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For how long to wait for the lock: no person waits for this write.
pub const SAVE_PATIENCE: Duration = Duration::from_secs(1);

/// Takes the lock, and [saves](save_locked).
///
/// # Errors
/// [`FailureKind::Conflict`] also when another program does not give the lock back.
pub fn save(request: &WriteFile) -> Result<Placed, Failure> {
    let locks = acquire(&[PathBuf::from(&request.path)], SAVE_PATIENCE)?;
    save_locked(request, locks)
}

/// Writes the file under its locks, and gives them back.
///
/// # Errors
/// [`FailureKind::Conflict`] if it does not hold what it should; what the system says.
pub fn save_locked(request: &WriteFile, locks: Vec<Lock>) -> Result<Placed, Failure> {
    let path = Path::new(&request.path);
    let prepared = Replacement::prepare(path, &request.contents, request.mode);
    let prepared = prepared.map_err(|e| failure(&e))?;
    if let Some(before) = &request.replaces
        && !holds(path, Some(before)).map_err(|e| failure(&e))?
    {
        let detail = "it has changed since it was read";
        return Err(Failure::new(FailureKind::Conflict, detail));
    }
    let placed = prepared.put().map_err(|e| failure(&e));
    drop(locks);
    placed
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Locked(locked) => Self::new(FailureKind::Conflict, locked.to_string()),
            LockError::Io(_, error) => failure(&error),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn request(path: &Path, contents: &str) -> WriteFile {
        let path = path.to_str().unwrap().into();
        WriteFile { path, contents: contents.into(), mode: 0o640, replaces: None }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_gets_the_mode_and_an_old_one_keeps_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        save(&request(&path, "one")).unwrap();
        assert_eq!(mode(&path), 0o640);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        save(&request(&path, "two")).unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"two".to_vec()));
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        save(&request(&link, "two")).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_no_rubbish() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap(); // cannot be replaced by a file
        assert!(save(&request(&taken, "x")).is_err());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        let nowhere = folder.path().join("none").join("file");
        assert_eq!(save(&request(&nowhere, "x")).unwrap_err().kind, FailureKind::NotFound);
    }

    fn replaced(path: &Path, before: &str) -> Result<Placed, FailureKind> {
        let request = WriteFile { replaces: Some(before.into()), ..request(path, "after") };
        save(&request).map_err(|failure| failure.kind)
    }

    #[test]
    fn a_file_that_another_program_has_changed_stays_as_it_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        for theirs in ["", "befor", "beforE", "before and more"] {
            std::fs::write(&path, theirs).unwrap();
            assert_eq!(replaced(&path, "before"), Err(FailureKind::Conflict));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
        std::fs::write(&path, "before").unwrap();
        assert_eq!(replaced(&path, "before"), Ok(Placed::Replaced));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(replaced(&path, "before"), Err(FailureKind::Conflict));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is left");
    }

    /// I: client-go gives up at once; here a lock that is given back in time is waited for.
    #[test]
    fn kc_87_a_lock_that_is_not_given_back_is_a_conflict_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, lock) = (folder.path().join("config"), folder.path().join("config.lock"));
        std::fs::write(&path, "before").unwrap();
        std::fs::write(&lock, "").unwrap();
        assert_eq!(replaced(&path, "before"), Err(FailureKind::Conflict));
        assert!(lock.exists(), "it is not ours");
        std::fs::remove_file(&lock).unwrap();
        assert_eq!(replaced(&path, "before"), Ok(Placed::Replaced));
    }

    #[test]
    fn kc_87_a_lock_that_is_given_back_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, "before").unwrap();
        let theirs = acquire(std::slice::from_ref(&path), SAVE_PATIENCE).unwrap();
        let ours = std::thread::spawn(move || replaced(&path, "before"));
        std::thread::yield_now(); // ours looks about now
        drop(theirs);
        assert_eq!(ours.join().unwrap(), Ok(Placed::Replaced));
    }
}
