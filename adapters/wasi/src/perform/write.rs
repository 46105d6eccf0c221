//! Writing a file back in place, under kubectl's lock, if the embedder's file system is trusted
//! with that.
//!
//! Elsewhere a new file is renamed over the old one, so that a crash leaves the one or the other.
//! Here that would open secrets to others: WASI has no permission bits, so a new file has those that
//! the embedder gives it, and not the old one's.

use super::unsupported;
use kubecred_core::protocol::WriteFile;
use kubecred_core::{Failure, FailureKind};
use kubecred_host::fs;

/// Why nothing is written.
pub(super) fn refusal() -> Failure {
    unsupported(
        "WASI cannot replace a file and keep it private; Builder::write_in_place writes it as \
         kubectl does",
    )
}

/// Writes an existing file anew, if it holds what it should.
pub(super) fn write(request: &WriteFile) -> Result<(), Failure> {
    if request.replaces.is_none() {
        return Err(unsupported("WASI cannot make a file private, so none is made"));
    }
    match fs::save(request) {
        Err(failure) if failure.kind == FailureKind::NotFound => {
            Err(Failure::new(FailureKind::Conflict, "it has changed since it was read"))
        }
        outcome => outcome.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").to_str().unwrap().to_owned();
        let request = WriteFile { path, contents: "x".into(), mode: 0o600, replaces: None };
        assert_eq!(write(&request).unwrap_err().kind, FailureKind::Unsupported);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
