//! A folder for secrets, and the files in it: for this user alone (LG-92).

use kubecred_core::Secret;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// More than any file of ours holds: a token is under 64 KiB.
const LIMIT: u64 = 1 << 20;

/// A folder that only this user can look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    /// What was too open and was narrowed; to be told.
    narrowed: Vec<PathBuf>,
}

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It is a link, a file, or another user's.
    #[error("{0:?} {1}")]
    NotOurs(PathBuf, &'static str),
    /// The system does not allow it.
    #[error("{0:?}: {1}")]
    Io(PathBuf, io::Error),
}

impl Folder {
    /// Opens the folder `names` under `base`, and makes what is missing of it with mode 0700.
    /// `base` itself is not changed, but must exist.
    ///
    /// # Errors
    /// If a part of it is a link, is not a folder, belongs to another user, or cannot be made.
    pub fn open(base: &Path, names: &[&str]) -> Result<Self, FolderError> {
        let mut folder = Self { path: base.to_owned(), narrowed: Vec::new() };
        for name in names {
            folder.path.push(name);
            let made = builder().create(&folder.path);
            match made {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(FolderError::Io(folder.path, error));
                }
                _ => folder.check()?,
            }
        }
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Folders and files that others could read until now.
    pub fn take_narrowed(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.narrowed)
    }

    fn check(&mut self) -> Result<(), FolderError> {
        let path = self.path.clone();
        let io = |error| FolderError::Io(path.clone(), error);
        let metadata = fs::symlink_metadata(&path).map_err(io)?;
        if !metadata.is_dir() {
            return Err(FolderError::NotOurs(path, "is not a folder"));
        }
        if !is_ours(&metadata) {
            return Err(FolderError::NotOurs(path, "belongs to another user"));
        }
        if is_open(&metadata) {
            narrow(&path, 0o700).map_err(io)?;
            self.narrowed.push(path);
        }
        Ok(())
    }

    /// The content of a file; `None` if there is none. A link counts as none; a file that others can
    /// read is narrowed.
    ///
    /// # Errors
    /// If it belongs to another user, is no file or is too large; those of the system.
    pub fn read(&mut self, name: &str) -> io::Result<Option<Secret>> {
        let path = self.path.join(name);
        let file = match open(&path) {
            Ok(file) => file,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        let refused = match (metadata.is_file(), is_ours(&metadata)) {
            (false, _) => Some("it is not a regular file"),
            (_, false) => Some("it belongs to another user"),
            _ if metadata.len() > LIMIT => Some("it is too large"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        if is_open(&metadata) {
            narrow(&path, 0o600)?;
            self.narrowed.push(path);
        }
        // Of the right size: a buffer that grew would leave copies behind.
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        file.take(LIMIT).read_to_end(&mut bytes)?;
        Ok(Some(Secret::new(bytes)))
    }

    /// Replaces a file: a reader sees the old one or the new one (LG-93). Its mode is 0600.
    ///
    /// # Errors
    /// Those of the system; then the old file is as it was.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut file = NamedTempFile::with_prefix_in(".new-", &self.path)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(self.path.join(name)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Appends a line to a file with mode 0600.
    ///
    /// # Errors
    /// Those of the system.
    pub fn append(&self, name: &str, line: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        private(&mut options);
        options.open(self.path.join(name))?.write_all(line.as_bytes())
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// Those of the system.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The names of its files that end with `ending`, without it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn names(&self, ending: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(ending));
            names.extend(name.map(str::to_owned));
        }
        Ok(names)
    }

    /// Opens a file for locking, and makes it if it is missing.
    pub(crate) fn lock_file(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        options.open(self.path.join(name))
    }
}

/// The notice for what others could read until now.
pub(crate) fn narrowed(path: &Path) -> String {
    format!("{path:?} was open to other users; its mode is narrowed")
}

/// The notice for a file that cannot be read.
pub(crate) fn not_used(path: &Path, error: &io::Error) -> String {
    format!("{path:?} is not used: {error}")
}

/// A file that is not there, or a link where a file should be (ELOOP).
fn is_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::NotFound
}

#[cfg(unix)]
mod unix {
    use super::{DirBuilder, File, OpenOptions, Path, fs, io};
    use std::fs::{Metadata, Permissions};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

    pub(super) fn builder() -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    }

    fn no_link(options: &mut OpenOptions) {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }

    pub(super) fn private(options: &mut OpenOptions) {
        options.mode(0o600);
        no_link(options);
    }

    /// Does not follow a link, and does not wait for a pipe's writer.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        no_link(&mut options);
        options.open(path)
    }

    pub(super) fn is_ours(metadata: &Metadata) -> bool {
        metadata.uid() == rustix::process::geteuid().as_raw()
    }

    pub(super) fn is_open(metadata: &Metadata) -> bool {
        metadata.mode() & 0o077 != 0
    }

    pub(super) fn narrow(path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(mode))
    }
}
#[cfg(unix)]
use unix::{builder, is_open, is_ours, narrow, open, private};

/// A user's profile folder is for this user alone on Windows; there are no modes to look at.
#[cfg(not(unix))]
mod other {
    use super::{DirBuilder, File, OpenOptions, Path, io};
    use std::fs::Metadata;

    pub(super) fn builder() -> DirBuilder {
        DirBuilder::new()
    }

    pub(super) fn private(_: &mut OpenOptions) {}

    pub(super) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(super) fn is_ours(_: &Metadata) -> bool {
        true
    }

    pub(super) fn is_open(_: &Metadata) -> bool {
        false
    }

    pub(super) fn narrow(_: &Path, _: u32) -> io::Result<()> {
        Ok(())
    }
}
#[cfg(not(unix))]
use other::{builder, is_open, is_ours, narrow, open, private};

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path(), &["a", "b"]).unwrap();
        (base, folder)
    }

    #[test]
    fn lg_92_folders_are_made_with_0700_and_files_with_0600() {
        let (base, mut folder) = folder();
        folder.write("x", b"one").unwrap();
        folder.append("y", "two\n").unwrap();
        folder.append("y", "three\n").unwrap();
        for (path, wanted) in [("a", 0o700), ("a/b", 0o700), ("a/b/x", 0o600), ("a/b/y", 0o600)] {
            assert_eq!(mode(&base.path().join(path)), wanted, "{path}");
        }
        assert_eq!(folder.read("y").unwrap().unwrap().expose(), b"two\nthree\n");
        assert!(folder.take_narrowed().is_empty());
    }

    #[test]
    fn lg_92_wider_modes_are_narrowed_and_said() {
        let (base, folder) = folder();
        folder.write("x", b"one").unwrap();
        let (a, x) = (base.path().join("a"), base.path().join("a/b/x"));
        for (path, mode) in [(&a, 0o755), (&x, 0o640)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut folder = Folder::open(base.path(), &["a", "b"]).unwrap();
        folder.read("x").unwrap().unwrap();
        assert_eq!(folder.take_narrowed(), [a.clone(), x.clone()]);
        assert_eq!((mode(&a), mode(&x)), (0o700, 0o600));
    }

    #[test]
    fn lg_92_a_link_is_not_used() {
        let (base, mut folder) = folder();
        let target = base.path().join("target");
        fs::write(&target, "planted").unwrap();
        symlink(&target, folder.path().join("x")).unwrap();
        assert_eq!(folder.read("x").unwrap(), None);
        assert!(folder.append("x", "line").is_err());
        assert!(folder.lock_file("x").is_err());
        folder.write("x", b"ours").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "planted");
        symlink(base.path().join("a"), base.path().join("link")).unwrap();
        let refused = Folder::open(base.path(), &["link", "b"]).unwrap_err();
        assert!(refused.to_string().contains("is not a folder"), "{refused}");
    }

    #[test]
    fn lg_93_a_reader_sees_the_old_file_or_the_new_one() {
        let (_base, folder) = folder();
        let texts = [vec![b'a'; 100_000], vec![b'b'; 50_000]];
        folder.write("x", &texts[0]).unwrap();
        let writer = {
            let (folder, texts) = (folder.clone(), texts.clone());
            std::thread::spawn(move || {
                for round in 0..200 {
                    folder.write("x", &texts[round % 2]).unwrap();
                }
            })
        };
        let mut reader = folder.clone();
        while !writer.is_finished() {
            let seen = reader.read("x").unwrap().unwrap();
            assert!(texts.iter().any(|text| text == seen.expose()), "{} bytes", seen.len());
        }
        writer.join().unwrap();
        assert_eq!(folder.names("").unwrap(), ["x"], "nothing is left behind");
    }

    #[test]
    fn a_pipe_in_place_of_a_file_holds_nobody_up() {
        let (_base, mut folder) = folder();
        let path = folder.path().join("x");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo is needed for this test");
        let refused = folder.read("x").unwrap_err().to_string();
        assert_eq!(refused, "it is not a regular file");
    }
}
