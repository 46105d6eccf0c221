//! Reading files: regular ones, whole, up to a limit.

use super::{Pieces, failure};
use kubecred_core::{Failure, FailureKind, Secret};
use std::fs::File;
use std::io::{ErrorKind, Read};

/// Credentials fit, so most files are one piece.
const PIECE: usize = 16 * 1024;

/// The whole content of a regular file.
pub(super) fn read(path: &str, limit: u64) -> Result<Secret, Failure> {
    // Asked before opening: opening a FIFO can wait.
    let metadata = std::fs::metadata(path).map_err(|error| failure(&error))?;
    if !metadata.is_file() {
        return Err(Failure::new(FailureKind::Other, "not a regular file"));
    }
    read_any(path, limit)
}

/// The whole content of whatever has this name.
pub(crate) fn read_any(path: &str, limit: u64) -> Result<Secret, Failure> {
    let mut file = File::open(path).map_err(|error| failure(&error))?;
    let mut pieces = Pieces::new(limit);
    loop {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece) {
            Ok(0) => return Ok(pieces.into_secret()),
            Ok(count) => {
                piece.truncate(count);
                pieces.push(piece)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failure(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn outcome(path: &Path, limit: u64) -> Result<Vec<u8>, FailureKind> {
        let read = read(path.to_str().unwrap(), limit);
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
}
