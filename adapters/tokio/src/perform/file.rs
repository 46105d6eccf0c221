//! Reading files: whole, up to a limit. Credentials are in regular ones; a kubeconfig may be a pipe.

use super::bounded::{Bounded, fits};
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
    // Asked before opening too: opening a device can do something.
    regular(&std::fs::metadata(path).map_err(|e| failure(&e))?)?;
    let file = open(path).map_err(|e| failure(&e))?;
    let metadata = file.metadata().map_err(|e| failure(&e))?;
    regular(&metadata)?;
    fits(metadata.len(), limit)?;
    content(file, limit)
}

/// The same on a thread that may wait.
pub(crate) fn read_any_now(path: &str, limit: u64) -> Result<Secret, Failure> {
    let file = open(path).map_err(|e| failure(&e))?;
    let metadata = file.metadata().map_err(|e| failure(&e))?;
    if metadata.is_file() {
        fits(metadata.len(), limit)?;
    }
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return content(super::pipe::Pipe::new(file), limit);
    }
    content(file, limit)
}

fn content(mut file: impl Read, limit: u64) -> Result<Secret, Failure> {
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
        // To open a FIFO would wait for somebody who writes to it.
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

    #[test]
    fn a_device_without_end_is_read_up_to_the_limit() {
        let outcome = read_any_now("/dev/zero", 50_000).map_err(|failure| failure.kind);
        assert_eq!(outcome, Err(FailureKind::TooLarge));
        assert!(read_any_now("/dev/null", 50_000).unwrap().is_empty());
    }
}
