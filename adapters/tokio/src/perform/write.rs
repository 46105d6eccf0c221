//! Writing files: whole or not at all.

use super::failure;
use crate::kubeconfig_file::{LockError, Replacement, acquire, holds};
use kubecred_core::protocol::{WriteFile, Written};
use kubecred_core::{Failure, FailureKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nobody asked for this write, so it does not wait for long.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn write(request: &WriteFile) -> Result<Written, Failure> {
    let file = PathBuf::from(&request.path);
    let locks = acquire([file].into(), PATIENCE).await.map_err(|error| match error {
        LockError::Locked(locked) => Failure::new(FailureKind::Conflict, locked.to_string()),
        LockError::Io(_, error) => failure(&error),
    })?;
    let request = request.clone();
    let written = tokio::task::spawn_blocking(move || {
        let outcome = write_now(&request);
        drop(locks);
        outcome
    });
    match written.await {
        Ok(outcome) => outcome.map(|()| Written),
        Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
    }
}

fn write_now(request: &WriteFile) -> Result<(), Failure> {
    let path = Path::new(&request.path);
    let replacement = Replacement::prepare(path, &request.contents, request.mode);
    let replacement = replacement.map_err(|e| failure(&e))?;
    if let Some(before) = &request.replaces
        && !holds(path, Some(before)).map_err(|e| failure(&e))?
    {
        let detail = "it has changed since it was read";
        return Err(Failure::new(FailureKind::Conflict, detail));
    }
    replacement.put().map_err(|e| failure(&e))
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

    #[tokio::test]
    async fn a_new_file_gets_the_mode_and_an_old_one_keeps_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        write(&request(&path, "one")).await.unwrap();
        assert_eq!(mode(&path), 0o640);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        write(&request(&path, "two")).await.unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"two".to_vec()));
    }

    #[tokio::test]
    async fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&request(&link, "two")).await.unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
    }

    #[tokio::test]
    async fn a_failure_leaves_the_old_content_and_no_rubbish() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap(); // cannot be replaced by a file
        assert!(write(&request(&taken, "x")).await.is_err());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        let nowhere = folder.path().join("none").join("file");
        assert_eq!(write(&request(&nowhere, "x")).await.unwrap_err().kind, FailureKind::NotFound);
    }
    async fn replaced(path: &Path, before: &str) -> Result<Written, FailureKind> {
        let request = WriteFile { replaces: Some(before.into()), ..request(path, "after") };
        write(&request).await.map_err(|failure| failure.kind)
    }

    #[tokio::test]
    async fn a_file_that_somebody_else_has_changed_stays_as_they_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        for theirs in ["", "befor", "beforE", "before and more"] {
            std::fs::write(&path, theirs).unwrap();
            assert_eq!(replaced(&path, "before").await, Err(FailureKind::Conflict));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
        std::fs::write(&path, "before").unwrap();
        assert_eq!(replaced(&path, "before").await, Ok(Written));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(replaced(&path, "before").await, Err(FailureKind::Conflict));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is left");
    }

    /// I: client-go gives up at once; here a lock that is given back in time is waited for.
    #[tokio::test]
    async fn kc_87_a_lock_that_is_not_given_back_is_a_conflict_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, lock) = (folder.path().join("config"), folder.path().join("config.lock"));
        std::fs::write(&path, "before").unwrap();
        std::fs::write(&lock, "").unwrap();
        assert_eq!(replaced(&path, "before").await, Err(FailureKind::Conflict));
        assert!(lock.exists(), "it is not ours");
        std::fs::remove_file(&lock).unwrap();
        assert_eq!(replaced(&path, "before").await, Ok(Written));
    }

    #[tokio::test]
    async fn kc_87_a_lock_that_is_given_back_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, "before").unwrap();
        let theirs = acquire([path.clone()].into(), PATIENCE).await.unwrap();
        let ours = tokio::spawn(async move { replaced(&path, "before").await });
        tokio::task::yield_now().await; // ours looks about now
        drop(theirs);
        assert_eq!(ours.await.unwrap(), Ok(Written));
    }
}
