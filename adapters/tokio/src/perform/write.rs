//! Writing files: whole or not at all.

use super::failure;
use super::lock::Lock;
use kubecred_core::protocol::{WriteFile, Written};
use kubecred_core::{Failure, FailureKind, Secret};
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(super) async fn write(request: &WriteFile) -> std::result::Result<Written, Failure> {
    let request = request.clone();
    match tokio::task::spawn_blocking(move || write_now(&request)).await {
        Ok(outcome) => outcome.map(|()| Written),
        Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
    }
}

fn write_now(request: &WriteFile) -> std::result::Result<(), Failure> {
    let _lock = match &request.replaces {
        Some(before) => {
            let lock = Lock::acquire(Path::new(&request.path))?;
            if !holds(&request.path, before).map_err(|e| failure(&e))? {
                let detail = "it has changed since it was read";
                return Err(Failure::new(FailureKind::Conflict, detail));
            }
            Some(lock)
        }
        None => None,
    };
    replace(request).map_err(|e| failure(&e))
}

/// Whether the file is there and holds just these bytes.
fn holds(path: &str, bytes: &Secret) -> Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut held = Zeroizing::new(vec![0; bytes.len()]);
    match file.read_exact(&mut held) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| held.as_slice() == bytes.expose()),
    }
}

fn replace(request: &WriteFile) -> Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path =
        std::fs::canonicalize(&request.path).unwrap_or_else(|_| PathBuf::from(&request.path));
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let permissions = match std::fs::metadata(&path) {
        Ok(existing) => Some(existing.permissions()),
        Err(_) => of_mode(request.mode),
    };

    let mut file = tempfile::NamedTempFile::new_in(folder)?; // for its owner alone, until renamed
    file.write_all(request.contents.expose())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    sync_folder(folder)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "there is none elsewhere")]
fn of_mode(mode: u32) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn of_mode(_mode: u32) -> Option<Permissions> {
    None
}

/// So that the new name survives a power cut, too.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
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
    async fn replaced(path: &Path, before: &str) -> std::result::Result<Written, FailureKind> {
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
        let theirs = Lock::acquire(&path).unwrap();
        let ours = tokio::spawn(async move { replaced(&path, "before").await });
        tokio::task::yield_now().await; // ours looks about now
        drop(theirs);
        assert_eq!(ours.await.unwrap(), Ok(Written));
    }
}
