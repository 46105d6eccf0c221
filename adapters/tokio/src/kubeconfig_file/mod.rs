//! Changing kubeconfig files, together with kubectl and without its risks.
//!
//! What kubectl's rules say about where a change goes holds (KC-85 to KC-91), and so do its locks.
//! What differs: a file is the old one or the new one at any moment, comments and unknown fields
//! stay, the files are read after they are locked, and a lock that nobody gives back is an error
//! that says whose it is and how old.
//!
//! ```
//! use kubecred_core::kubeconfig::edit::EditError;
//! use kubecred_tokio::KubeconfigFiles;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("config");
//! # let path = path.to_str().unwrap();
//! # std::fs::write(path, "contexts: [{name: prod, context: {cluster: c}}] # ours\n")?;
//! let files = KubeconfigFiles::at(path); // or from_env()
//! let changed = files.edit(|config| config.use_context("prod")).await?;
//! assert_eq!(changed.written, [path]);
//! # assert!(std::fs::read_to_string(path)?.contains("# ours"));
//! # Ok(())
//! # }
//! ```

mod error;
mod holder;
mod lock;
mod replacement;

pub use error::FileError;
pub use holder::Holder;
pub use lock::Locked;
pub(crate) use lock::{LockError, acquire};
use replacement::folder;
pub(crate) use replacement::{Replacement, holds};

use crate::load::{LIMIT, environment};
use crate::perform::{read_any_now, read_file_now};
use kubecred_core::kubeconfig::edit::{Chain, FileChange};
use kubecred_core::kubeconfig::{Search, search};
use kubecred_core::{ConfigError, Failure, Kubeconfig, Secret};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For how long to wait for a lock unless told otherwise. kubectl holds one for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// KC-86: a new kubeconfig is its owner's alone, and everybody may see that its folder is there.
const FILE_MODE: u32 = 0o600;
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o755;

/// The kubeconfig files of a [`Search`], to read them as they are and to change them.
#[derive(Clone, Debug)]
pub struct KubeconfigFiles {
    search: Search,
    patience: Duration,
    paths_as_given: bool,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed<T> {
    /// What the change gave back.
    pub value: T,
    /// The files that were written, in order of precedence; none if there was nothing to change.
    pub written: Vec<String>,
}

impl KubeconfigFiles {
    /// The files that a search names.
    pub fn new(search: Search) -> Self {
        Self { search, patience: PATIENCE, paths_as_given: false }
    }

    /// The files of this process: those in `KUBECONFIG`, or else `~/.kube/config`.
    pub fn from_env() -> Self {
        Self::new(search(None, &environment()))
    }

    /// This file and no other. An empty path is none, as an empty flag is.
    pub fn at(path: &str) -> Self {
        Self::new(search(Some(path), &environment()))
    }

    /// Waits no longer than this for somebody else's lock; five seconds if this is not said. What
    /// is stale is not waited for at all.
    #[must_use]
    pub fn wait_at_most(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Writes paths as they are given. Without this, one that leads into the folder of its file is
    /// written relative to it, and others are written absolute (KC-90).
    #[must_use]
    pub fn with_paths_as_given(self) -> Self {
        Self { paths_as_given: true, ..self }
    }

    /// Reads the files, and takes no lock. Paths in them are as they are written (KB-1).
    ///
    /// # Errors
    /// Everything that is wrong with the files. One that is not there is an empty one.
    pub async fn read(&self) -> Result<Chain, FileError> {
        let files = self.clone();
        aside(move || files.open(read_any_now)).await.map_err(FileError::Config)
    }

    /// Takes the locks, reads the files, lets `change` change them, writes what differs, and gives
    /// the locks back. `change` runs on a thread that may wait; kubectl fails as long as it does.
    ///
    /// Each file is replaced at once or not at all. All of them are written before the first is
    /// replaced, so that a full disk or a missing permission leaves all as they were.
    ///
    /// If the future is dropped, it is while waiting for locks that nothing happens; later the
    /// change is made nevertheless.
    ///
    /// # Errors
    /// Nothing has changed then, unless a file could not be replaced after others were.
    ///
    /// # Panics
    /// If `change` does. The locks are given back, nothing is written.
    pub async fn edit<T, E>(
        &self,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E> + Send + 'static,
    ) -> Result<Changed<T>, FileError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let files: Vec<PathBuf> = self.search.paths().iter().map(PathBuf::from).collect();
        let made = files.clone();
        let made = aside(move || make_folders(&made)).await;
        made.map_err(|(path, error)| FileError::Io { doing: "make", path, error })?;
        let locks = acquire(files, self.patience).await.map_err(|error| match error {
            LockError::Locked(locked) => FileError::Locked(locked),
            LockError::Io(path, error) => FileError::Io { doing: "lock", path, error },
        })?;
        let files = self.clone();
        aside(move || {
            let changed = files.change(change);
            drop(locks);
            changed
        })
        .await
    }

    fn open(&self, read: fn(&str, u64) -> Result<Secret, Failure>) -> Result<Chain, ConfigError> {
        let paths = self.search.paths().iter();
        let chain = self.search.open(paths.map(|path| read(path, LIMIT)))?;
        Ok(if self.paths_as_given { chain.with_paths_as_given() } else { chain })
    }

    /// The part that has to be done under lock.
    fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E>,
    ) -> Result<Changed<T>, FileError<E>> {
        // Locks are held: nobody is waited for at the other end of a pipe.
        let chain = self.open(read_file_now).map_err(FileError::Config)?;
        let mut config = chain.config().clone();
        let value = change(&mut config).map_err(FileError::Refused)?;
        let changes = chain.changes(&config).map_err(FileError::Edit)?;
        Ok(Changed { value, written: write(&changes)? })
    }
}

/// Does what may take time where it holds nobody up.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The runtime does not end while somebody waits here: it was a panic.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn make_folders(files: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let mut folders = files.iter().map(|file| folder(file));
    folders.try_for_each(|path| make_folder(path).map_err(|error| (path.to_owned(), error)))
}

fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.recursive(true).create(path)
}

/// Writes all, and then puts all in place.
fn write<E>(changes: &[FileChange]) -> Result<Vec<String>, FileError<E>> {
    let failed = |change: &FileChange, error| {
        let path = PathBuf::from(&change.path);
        FileError::Io { doing: "write", path, error }
    };
    let prepared: Result<Vec<_>, _> = changes
        .iter()
        .map(|change| {
            let path = Path::new(&change.path);
            Replacement::prepare(path, &change.contents, FILE_MODE).map_err(|e| failed(change, e))
        })
        .collect();
    let prepared = prepared?;
    for change in changes {
        let path = Path::new(&change.path);
        if !holds(path, change.replaces.as_ref()).map_err(|e| failed(change, e))? {
            return Err(FileError::Overtaken { path: path.into() });
        }
    }
    let mut written = Vec::with_capacity(changes.len());
    for (change, replacement) in changes.iter().zip(prepared) {
        replacement.put().map_err(|error| failed(change, error))?;
        written.push(change.path.clone());
    }
    Ok(written)
}
