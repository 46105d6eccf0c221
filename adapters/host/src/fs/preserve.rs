//! Whom a file lets in, carried over to the file that replaces it.

use std::fs::{File, Metadata};

/// Makes `new`, which is empty and its owner's alone, what `old` is: owner, group, mode, ACL and
/// extended attributes. `Err` says what cannot be kept.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn carry_over(old: &File, metadata: &Metadata, new: &File) -> Result<(), String> {
    owner(metadata, new)?;
    // ACLs are attributes. They come before the mode, which would let the group in that the ACL
    // keeps out.
    attributes::copy(old, new)?;
    new.set_permissions(metadata.permissions())
        .map_err(|error| format!("its mode cannot be kept: {error}"))
}

/// Without attributes, which the draft has already as a clone of the old file.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(super) fn carry_over(_: &File, metadata: &Metadata, new: &File) -> Result<(), String> {
    owner(metadata, new)?;
    new.set_permissions(metadata.permissions())
        .map_err(|error| format!("its mode cannot be kept: {error}"))
}

/// The standard library knows nothing of the access control lists of Windows, and WASI has none.
#[cfg(not(unix))]
pub(super) fn carry_over(_: &File, _: &Metadata, _: &File) -> Result<(), String> {
    Err("this system has no way to keep its permissions".to_owned())
}

/// Who changes another user's kubeconfig, as root does, must not take it away.
#[cfg(unix)]
fn owner(old: &Metadata, new: &File) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let made = new.metadata().map_err(|error| error.to_string())?;
    let (user, group) = (old.uid() != made.uid(), old.gid() != made.gid());
    if user || group {
        fchown(new, user.then_some(old.uid()), group.then_some(old.gid()))
            .map_err(|error| format!("its owner and group cannot be kept: {error}"))?;
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod attributes {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
    use rustix::io::{Errno, Result as Outcome};
    use std::ffi::{CStr, CString};
    use std::fs::File;

    /// Signatures of the content: they are the system's to make anew.
    const OF_CONTENT: [&[u8]; 2] = [b"security.evm", b"security.ima"];

    pub(super) fn copy(old: &File, new: &File) -> Result<(), String> {
        let unlisted = |error| format!("its attributes cannot be listed: {error}");
        let names = names(old).map_err(unlisted)?;
        for name in names.iter().filter(|name| !OF_CONTENT.contains(&name.to_bytes())) {
            let lost = |error| format!("its attribute {name:?} cannot be kept: {error}");
            let wanted = value(old, name).map_err(lost)?;
            if wanted.is_some() && wanted != value(new, name).map_err(lost)? {
                let bytes = wanted.unwrap_or_default();
                fsetxattr(new, name.as_c_str(), &bytes, XattrFlags::empty()).map_err(lost)?;
            }
        }
        // What the folder gives to every new file may let others in.
        let given = self::names(new).map_err(unlisted)?;
        let is_extra = |name: &&CString| !names.contains(name);
        for name in given.iter().filter(is_extra).filter(|name| is_access(name)) {
            fremovexattr(new, name.as_c_str())
                .map_err(|error| format!("the folder's {name:?} applies: {error}"))?;
        }
        Ok(())
    }

    fn is_access(name: &CStr) -> bool {
        name.to_bytes().starts_with(b"system.")
    }

    /// None where the file system has no attributes.
    fn names(file: &File) -> Outcome<Vec<CString>> {
        let list = match grown(|space| flistxattr(file, space)) {
            Err(Errno::NOTSUP) => Vec::new(),
            list => list?,
        };
        let names = list.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.filter_map(|name| CString::new(name).ok()).collect())
    }

    fn value(file: &File, name: &CStr) -> Outcome<Option<Vec<u8>>> {
        match grown(|space| fgetxattr(file, name, space)) {
            Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
            value => value.map(Some),
        }
    }

    /// Asks again with more space until it is enough; the kernel's limit is 64 KiB.
    fn grown(ask: impl Fn(&mut [u8]) -> Outcome<usize>) -> Outcome<Vec<u8>> {
        let mut space = vec![0; 1024];
        loop {
            match ask(&mut space) {
                Ok(len) => {
                    space.truncate(len);
                    return Ok(space);
                }
                Err(Errno::RANGE) if space.len() < 1 << 17 => space.resize(space.len() * 2, 0),
                Err(error) => return Err(error),
            }
        }
    }
}
