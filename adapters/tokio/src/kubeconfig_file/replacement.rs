//! Replacing a file: whole or not at all, and still the one it was.

use kubecred_core::Secret;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// What a file is going to be. Until it is put in place, all is as before; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Replacement {
    path: PathBuf,
    file: NamedTempFile,
}

impl Replacement {
    /// Writes it beside the file, down to the disk. A link stays a link: what it leads to will be
    /// replaced. An old file's mode and owner are kept; a new one gets this mode.
    ///
    /// The caller has the file locked, so that nobody else is at it.
    pub(crate) fn prepare(path: &Path, contents: &Secret, mode: u32) -> Result<Self> {
        let path = target(path);
        let old = existing(&path)?;
        let folder = folder(&path);
        let mut file = create(folder, &draft(&path))?;
        file.write_all(contents.expose())?;
        settle(file.as_file(), old.as_ref(), mode)?;
        file.as_file().sync_all()?;
        Ok(Self { path, file })
    }

    /// Puts it in place of the file.
    pub(crate) fn put(self) -> Result<()> {
        let Self { path, file } = self;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(folder(&path))
    }
}

/// What a name leads to; of a link that leads nowhere, where it leads.
pub(crate) fn target(path: &Path) -> PathBuf {
    if let Ok(path) = std::fs::canonicalize(path) {
        return path;
    }
    match std::fs::read_link(path) {
        Ok(link) => folder(path).join(link),
        Err(_) => path.to_owned(),
    }
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether the file is there and holds just these bytes; or is not there, if there are none.
pub(crate) fn holds(path: &Path, bytes: Option<&Secret>) -> Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(bytes.is_none()),
        opened => opened?,
    };
    let Some(bytes) = bytes else { return Ok(false) };
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut held = Zeroizing::new(vec![0; bytes.len()]);
    match file.read_exact(&mut held) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| held.as_slice() == bytes.expose()),
    }
}

/// The file that is to be replaced, if there is one. Who may not write to it may not replace it
/// either, even where the folder would allow it.
fn existing(path: &Path) -> Result<Option<Metadata>> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        let text = "not a regular file: it cannot be replaced by one";
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    OpenOptions::new().write(true).open(path)?;
    Ok(Some(metadata))
}

/// `.config.kubecred`: what a kill leaves behind has a name, so that the next change clears it away.
fn draft(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".", &name, ".kubecred"].concat()
}

/// A new file of this name, for its owner alone.
fn create(folder: &Path, name: &str) -> Result<NamedTempFile> {
    let create = || tempfile::Builder::new().prefix(name).rand_bytes(0).tempfile_in(folder);
    match create() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(folder.join(name))?;
            create()
        }
        created => created,
    }
}

#[cfg(unix)]
fn settle(file: &File, old: Option<&Metadata>, mode: u32) -> Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let Some(old) = old else { return file.set_permissions(Permissions::from_mode(mode)) };
    let new = file.metadata()?;
    // Who changes somebody else's kubeconfig, as root does, must not take it away.
    let (user, group) = (old.uid() != new.uid(), old.gid() != new.gid());
    if user || group {
        fchown(file, user.then_some(old.uid()), group.then_some(old.gid())).map_err(|error| {
            Error::new(error.kind(), format!("its owner and group cannot be kept: {error}"))
        })?;
    }
    file.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn settle(_file: &File, _old: Option<&Metadata>, _mode: u32) -> Result<()> {
    Ok(())
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
