//! Reading files: regular ones, whole, up to a limit.

use super::bounded::Bounded;
use super::failure;
use kubecred_core::protocol::{FileBytes, ReadFile};
use kubecred_core::{Failure, FailureKind, Secret};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};

pub(super) async fn read(request: &ReadFile) -> Result<FileBytes, Failure> {
    read_file(&request.path, request.limit).await.map(FileBytes)
}

/// The whole content of a regular file.
pub(crate) async fn read_file(path: &str, limit: u64) -> Result<Secret, Failure> {
    let path = path.to_owned();
    aside(move || read_file_now(&path, limit)).await
}

/// The whole content of whatever has this name: a pipe may be what the user means.
pub(crate) async fn read_any(path: String, limit: u64) -> Result<Secret, Failure> {
    aside(move || read_any_now(&path, limit)).await
}

/// The same on a thread that may wait.
pub(crate) fn read_any_now(path: &str, limit: u64) -> Result<Secret, Failure> {
    let file = File::open(path).map_err(|e| failure(&e))?;
    content(file, limit)
}

async fn aside(
    read: impl FnOnce() -> Result<Secret, Failure> + Send + 'static,
) -> Result<Secret, Failure> {
    match tokio::task::spawn_blocking(read).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
    }
}

/// The same on a thread that may wait.
pub(crate) fn read_file_now(path: &str, limit: u64) -> Result<Secret, Failure> {
    // Asked before opening too: opening a FIFO or a device can wait, or do something.
    regular(&std::fs::metadata(path).map_err(|e| failure(&e))?)?;
    let file = open(path).map_err(|e| failure(&e))?;
    regular(&file.metadata().map_err(|e| failure(&e))?)?;
    content(file, limit)
}

fn content(mut file: File, limit: u64) -> Result<Secret, Failure> {
    let mut content = Bounded::new(limit);
    loop {
        match file.read(content.space()) {
            Ok(0) => return Ok(content.into_secret()),
            Ok(count) => content.advance(count)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failure(&error)),
        }
    }
}

fn regular(metadata: &Metadata) -> Result<(), Failure> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(Failure::new(FailureKind::Other, "not a regular file")),
    }
}

fn open(path: &str) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // It may have become a FIFO since we asked.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn outcome(path: &std::path::Path, limit: u64) -> Result<Vec<u8>, FailureKind> {
        let request = ReadFile { path: path.to_str().unwrap().into(), limit };
        read(&request).await.map(|b| b.0.expose().to_vec()).map_err(|e| e.kind)
    }

    #[tokio::test]
    async fn a_file_is_read_whole_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, vec![b'x'; 50_000]).unwrap();
        assert_eq!(outcome(&path, 50_000).await.unwrap().len(), 50_000);
        assert_eq!(outcome(&path, 49_999).await, Err(FailureKind::TooLarge));
    }

    #[tokio::test]
    async fn links_are_followed_as_the_kubelet_swaps_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("..data"), "t").unwrap();
        let link = folder.path().join("token");
        std::os::unix::fs::symlink("..data", &link).unwrap();
        assert_eq!(outcome(&link, 10).await.unwrap(), b"t");
    }

    #[tokio::test]
    async fn what_is_no_regular_file_is_refused_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in [fifo.as_path(), folder.path(), "/dev/zero".as_ref()] {
            assert_eq!(outcome(path, 10).await, Err(FailureKind::Other), "{path:?}");
        }
        assert_eq!(outcome(&folder.path().join("none"), 10).await, Err(FailureKind::NotFound));
    }
}
