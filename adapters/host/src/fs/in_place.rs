//! Writing over a file that cannot be replaced, under its lock.

use super::lock::path_of;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Seek, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Writes over the content of an existing file, as kubectl does it. Owner, mode, ACL, attributes and
/// other names of the file stay; a kill in the middle leaves a mixture of old and new.
///
/// The file is cut only after the new content is there, so that the time in which it is neither the
/// old nor the new one is that of one write. Room for the new content is had before the first byte
/// is written; should writing fail all the same, the old content is put back.
pub(super) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    if path_of(path).symlink_metadata().is_err() {
        let text = "it can neither be replaced nor locked: its folder cannot be written to";
        return Err(Error::new(ErrorKind::PermissionDenied, text));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    if let Err(error) = reserve(&file, contents.len() as u64) {
        // What was had of it is given back.
        let _ = file.set_len(length);
        return Err(Error::new(error.kind(), format!("{error}; its content is as it was")));
    }
    // Who may write to a file may not always read it.
    let old = std::fs::read(path).ok().map(Zeroizing::new);
    let Err(error) = over(&mut file, contents) else { return Ok(()) };
    let back = old.is_some_and(|old| over(&mut file, &old).is_ok());
    let state = match back {
        true => "its content is as it was",
        false => "the file now holds a mixture of the old content and the new",
    };
    Err(Error::new(error.kind(), format!("{error}; {state}")))
}

fn over(file: &mut File, contents: &[u8]) -> Result<()> {
    file.rewind()?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

/// Whether so much can be written to the file for certain, on a disk that may be full: the file
/// system has set the room aside. `false` where that cannot be asked for.
pub(super) fn has_room(path: &Path, length: u64) -> bool {
    let reserved = || {
        let file = OpenOptions::new().write(true).open(path)?;
        let before = file.metadata()?.len();
        let reserved = allocate(&file, length);
        if reserved.is_err() {
            file.set_len(before)?;
        }
        reserved
    };
    reserved().is_ok()
}

/// Has the file system set room aside, where it can.
fn reserve(file: &File, length: u64) -> Result<()> {
    match allocate(file, length) {
        Err(error) if is_full(&error) => Err(error),
        // A file system that does not have it says so when it is written to.
        _ => Ok(()),
    }
}

/// Whether there is no room for what was to be written.
pub(super) fn is_full(error: &Error) -> bool {
    let kinds = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];
    kinds.contains(&error.kind())
}

/// The content, and the size that readers see, stay.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allocate(file: &File, length: u64) -> Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match length {
        0 => Ok(()),
        length => Ok(fallocate(file, FallocateFlags::KEEP_SIZE, 0, length)?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allocate(_: &File, _: u64) -> Result<()> {
    Err(ErrorKind::Unsupported.into())
}
