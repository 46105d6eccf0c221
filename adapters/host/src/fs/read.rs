//! Reading files: whole, up to a limit. Credentials are in regular ones; a kubeconfig may be a pipe.

use super::bounded::{Bounded, fits};
use super::failure;
use kubecred_core::{Failure, FailureKind, Secret};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};

/// The most bytes of a kubeconfig, kuberc or service account file that are read: 16 MiB. Of clusters
/// with certificates in it, a kubeconfig of that size holds some four thousand.
pub const KUBECONFIG_LIMIT: u64 = 16 << 20;

/// The whole content of a regular file, which is what the machine asks for with
/// [`ReadFile`](kubecred_core::protocol::ReadFile).
///
/// # Errors
/// [`FailureKind::TooLarge`] over `limit` bytes; [`FailureKind::Other`] for a directory, pipe or
/// device; what the system says.
pub fn read_file(path: &str, limit: u64) -> Result<Secret, Failure> {
    // Asked before opening too: opening a device can do something.
    regular(&std::fs::metadata(path).map_err(|e| failure(&e))?)?;
    let file = open(path).map_err(|e| failure(&e))?;
    let metadata = file.metadata().map_err(|e| failure(&e))?;
    regular(&metadata)?;
    fits(metadata.len(), limit)?;
    content(file, limit)
}

/// The whole content of a kubeconfig, or of any other file that a person names: it may be a pipe
/// (`--kubeconfig <(…)`), whose writer is waited for. A pipe without a writer fails after 500 ms.
///
/// # Errors
/// [`FailureKind::TooLarge`] over `limit` bytes; [`FailureKind::TimedOut`] for a pipe without a
/// writer; what the system says.
pub fn read_any(path: &str, limit: u64) -> Result<Secret, Failure> {
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
        // To open a FIFO would wait for a writer.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn outcome(path: &std::path::Path, limit: u64) -> Result<Vec<u8>, FailureKind> {
        let read = read_file(path.to_str().unwrap(), limit);
        read.map(|bytes| bytes.expose().to_vec()).map_err(|failure| failure.kind)
    }

    #[test]
    fn a_file_is_read_whole_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, vec![b'x'; 50_000]).unwrap();
        assert_eq!(outcome(&path, 50_000).unwrap().len(), 50_000);
        assert_eq!(outcome(&path, 49_999), Err(FailureKind::TooLarge));
        assert_eq!(outcome(folder.path(), 10), Err(FailureKind::Other));
        assert_eq!(outcome(&folder.path().join("none"), 10), Err(FailureKind::NotFound));
    }

    #[test]
    fn links_are_followed_as_the_kubelet_swaps_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("..data"), "t").unwrap();
        let link = folder.path().join("token");
        std::os::unix::fs::symlink("..data", &link).unwrap();
        assert_eq!(outcome(&link, 10).unwrap(), b"t");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_never_waited_for() {
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
            assert_eq!(outcome(path, 10), Err(FailureKind::Other), "{path:?}");
        }
    }

    #[test]
    fn a_device_without_end_is_read_up_to_the_limit() {
        let outcome = read_any("/dev/zero", 50_000).map_err(|failure| failure.kind);
        assert_eq!(outcome, Err(FailureKind::TooLarge));
        assert!(read_any("/dev/null", 50_000).unwrap().is_empty());
    }
}
