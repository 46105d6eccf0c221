//! Writing over a file that cannot be replaced, under its lock.

use super::lock::path_of;
use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// Writes over the content of an existing file, as kubectl does it. Owner, mode, ACL, attributes and
/// other names of the file stay; a kill in the middle leaves a mixture of old and new.
///
/// The file is cut only after the new content is there, so that the time in which it is neither the
/// old nor the new one is that of one write.
pub(super) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    if path_of(path).symlink_metadata().is_err() {
        let text = "it can neither be replaced nor locked: its folder cannot be written to";
        return Err(Error::new(ErrorKind::PermissionDenied, text));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}
