//! The file of a unix socket: its mode, what it may replace, and that it goes.

use super::listener::ListenError;
use rustix::fs::Mode;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The file of a socket that is listened on. Dropped, it is removed, unless another has taken its
/// place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    /// Listens on a socket that only its owner may use (mode 0700, PX-4). A socket that is left over
    /// is replaced; one that is in use is not, nor is any other file.
    pub(crate) fn bind(path: &Path) -> Result<(UnixListener, Self), ListenError> {
        let failed = |error| ListenError::Socket { path: path.to_owned(), error };
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(ListenError::NotASocket(path.to_owned()));
            }
            Ok(_) => match UnixStream::connect(path) {
                Ok(_) => return Err(ListenError::SocketInUse(path.to_owned())),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    fs::remove_file(path).map_err(failed)?;
                }
                Err(error) => return Err(failed(error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // The mode is that of the moment of binding: set later, others could have connected by then.
        let before = rustix::process::umask(Mode::from_raw_mode(0o077));
        let bound = UnixListener::bind(path);
        rustix::process::umask(before);
        let listener = bound.map_err(failed)?;
        let made = fs::symlink_metadata(path).map_err(failed)?;
        let file = Self { path: path.to_owned(), identity: (made.dev(), made.ino()) };
        listener.set_nonblocking(true).map_err(failed)?;
        Ok((listener, file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if is_ours {
            // If it cannot be removed, the next start does it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
