//! Replacing a file: whole or not at all, and still the one it was.

use super::{in_place, preserve};
use kubecred_core::Secret;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// As many links as Linux follows.
const LINKS: usize = 40;

/// The longest name that every file system takes, in bytes.
const LONGEST_NAME: usize = 255;

/// What a file is going to be. Until it is put in place, all is as before; dropped, it is gone.
///
/// The new content is written beside the file, down to the disk, and renamed over it, so that a
/// reader, or a kill at any moment, sees the old content or the new. A link stays a link: what it
/// leads to is replaced. An existing file keeps its owner, mode, ACL and extended attributes.
///
/// An existing file is written in place instead, as kubectl does it, where that is not possible:
/// a mounted file, another user's file, a folder in which only owners may rename, a file with
/// several names (hard links), a disk that has room for the file and not for a second one, and on
/// Windows and WASI every file, since the standard library cannot carry permissions over there. Only
/// then can a kill leave a mixture, and [`Placed`] says so.
///
/// The caller holds the [lock](super::Lock) of the file.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    contents: Secret,
    how: How,
}

#[derive(Debug)]
enum How {
    /// By a rename; `exists`: there is a file that can be written in place, should that fail.
    Rename { draft: Draft, exists: bool },
    /// In place, and why.
    InPlace(String),
}

/// How a new content came into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placed {
    /// By a rename: the old content or the new was there at any moment.
    Replaced,
    /// The file was written in place, for this reason.
    InPlace(String),
}

impl Replacement {
    /// Writes the draft. A new file gets `mode`.
    ///
    /// # Errors
    /// When the file is not a regular one or may not be written to, or its folder takes no draft.
    pub fn prepare(path: &Path, contents: &Secret, mode: u32) -> Result<Self> {
        let path = target(path)?;
        let how = match existing(&path)? {
            None => How::Rename { draft: new(&path, contents, mode)?, exists: false },
            Some((file, metadata)) => match several_names(&metadata) {
                Some(why) => How::InPlace(why),
                None => over(&path, &file, &metadata, contents)?,
            },
        };
        Ok(Self { path, contents: contents.clone(), how })
    }

    /// Puts it in place of the file.
    ///
    /// # Errors
    /// When the file can be neither replaced nor written.
    pub fn put(self) -> Result<Placed> {
        let Self { path, contents, how } = self;
        let why = match how {
            How::InPlace(why) => why,
            How::Rename { draft, exists } => match draft.rename(&path) {
                Ok(()) => return Ok(Placed::Replaced),
                Err(error)
                    if exists && (cannot_be_renamed(&error) || in_place::is_full(&error)) =>
                {
                    format!("it cannot be replaced: {error}")
                }
                Err(error) => return Err(error),
            },
        };
        in_place::write(&path, contents.expose())?;
        Ok(Placed::InPlace(why))
    }
}

/// A draft for a file that is not there.
fn new(path: &Path, contents: &Secret, mode: u32) -> Result<Draft> {
    let mut draft = Draft::create(path)?;
    set_mode(&draft.file, mode)?;
    draft.fill(contents)?;
    Ok(draft)
}

/// A draft over an existing file, unless that has to be written in place.
fn over(path: &Path, file: &File, metadata: &Metadata, contents: &Secret) -> Result<How> {
    if !cfg!(unix) {
        return Ok(How::InPlace("this system has no way to keep its permissions".to_owned()));
    }
    match beside(path, file, metadata, contents) {
        // The draft is gone again. In place less room may do.
        Err(error)
            if in_place::is_full(&error) && in_place::has_room(path, contents.len() as u64) =>
        {
            Ok(How::InPlace(format!("there is no room for a second one: {error}")))
        }
        how => how,
    }
}

/// A draft beside an existing file.
fn beside(path: &Path, file: &File, metadata: &Metadata, contents: &Secret) -> Result<How> {
    let mut draft = match Draft::like(file, path)? {
        Ok(draft) => draft,
        Err(why) => return Ok(How::InPlace(why)),
    };
    if let Err(why) = preserve::carry_over(file, metadata, &draft.file) {
        return Ok(How::InPlace(why));
    }
    draft.fill(contents)?;
    Ok(How::Rename { draft, exists: true })
}

/// A mount, a folder in which only owners may rename, a file in use.
fn cannot_be_renamed(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CrossesDevices
            | ErrorKind::ExecutableFileBusy
            | ErrorKind::PermissionDenied
            | ErrorKind::ResourceBusy
    )
}

/// The file that a name leads to, through any number of links, the last of which may lead to a file
/// that is not there.
///
/// # Errors
/// When links lead in a circle.
pub fn target(path: &Path) -> Result<PathBuf> {
    if let Ok(path) = std::fs::canonicalize(path) {
        return Ok(path);
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match std::fs::read_link(&path) {
            Ok(link) => path = folder(&path).join(link),
            // The folder in its shortest form, as for a file that is there.
            Err(_) => {
                let folder = std::fs::canonicalize(folder(&path));
                return Ok(match (folder, path.file_name()) {
                    (Ok(folder), Some(name)) if path.is_absolute() => folder.join(name),
                    _ => path,
                });
            }
        }
    }
    Err(Error::other("links lead in a circle"))
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether the file is there and holds exactly these bytes; or is not there, if there are none.
///
/// # Errors
/// When it cannot be read.
pub fn holds(path: &Path, bytes: Option<&Secret>) -> Result<bool> {
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
fn existing(path: &Path) -> Result<Option<(File, Metadata)>> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        let text = "not a regular file: it cannot be replaced by one";
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    Ok(Some((OpenOptions::new().write(true).open(path)?, metadata)))
}

/// A rename would leave the other names with the old content.
#[cfg(unix)]
fn several_names(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let names = metadata.nlink();
    (names > 1).then(|| format!("it has {names} names (hard links)"))
}

#[cfg(not(unix))]
fn several_names(_: &Metadata) -> Option<String> {
    None
}

/// The new file, under another name. What a kill leaves behind has a name that depends on the file's
/// alone, so that the next change clears it away.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    /// Empty, for its owner alone.
    fn create(path: &Path) -> Result<Self> {
        let draft = draft_of(path);
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&draft)
        };
        let file = match create() {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                std::fs::remove_file(&draft)?;
                create()?
            }
            created => created?,
        };
        Ok(Self { path: draft, file })
    }

    /// One that can become what the old file is; the inner error says why there is none.
    #[cfg(not(target_vendor = "apple"))]
    fn like(_old: &File, path: &Path) -> Result<std::result::Result<Self, String>> {
        Self::create(path).map(Ok)
    }

    /// A clone of the old file, attributes and ACL included, without its content.
    #[cfg(target_vendor = "apple")]
    fn like(old: &File, path: &Path) -> Result<std::result::Result<Self, String>> {
        use rustix::fs::{CWD, CloneFlags, fclonefileat};
        /// `CLONE_ACL`, which rustix has no name for.
        const ACL: u32 = 4;
        // Checks the folder, and clears away what a kill left behind.
        drop(Self::create(path)?);
        let draft = draft_of(path);
        let flags = CloneFlags::from_bits_retain(ACL);
        if let Err(error) = fclonefileat(old, CWD, &draft, flags) {
            return Ok(Err(format!("its permissions cannot be kept: {error}")));
        }
        let file = OpenOptions::new().write(true).truncate(true).open(&draft)?;
        Ok(Ok(Self { path: draft, file }))
    }

    fn fill(&mut self, contents: &Secret) -> Result<()> {
        self.file.write_all(contents.expose())?;
        self.file.sync_all()
    }

    fn rename(self, path: &Path) -> Result<()> {
        std::fs::rename(&self.path, path)?;
        sync_folder(folder(path));
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // not there after a rename
    }
}

/// `.config.kubecred`, or of a name that is too long for that its beginning and a number.
fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = format!(".{name}.kubecred");
    let draft = match draft.len() <= LONGEST_NAME {
        true => draft,
        false => format!(".{:016x}.kubecred", fnv(name.as_bytes())),
    };
    folder(path).join(draft)
}

/// FNV-1a: the same number in every run, which the standard library's hashers do not promise.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> Result<()> {
    Ok(())
}

/// So that the new name survives a power cut, too. The file is in place, whatever becomes of this.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}
