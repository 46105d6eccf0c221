//! Changing kubeconfig files, together with kubectl and without its risks.

use super::lock::{Lock, LockError, Locked, acquire};
use super::read::{KUBECONFIG_LIMIT, read_any, read_file};
use super::replacement::{Placed, Replacement, folder, holds};
use crate::environment;
use kubecred_core::kubeconfig::edit::{Chain, EditError, FileChange};
use kubecred_core::kubeconfig::{Search, search};
use kubecred_core::{ConfigError, Failure, Kubeconfig, Secret};
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// For how long to wait for a lock unless told otherwise. kubectl holds one for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// KC-86: a new kubeconfig is its owner's alone, and everybody may see that its folder is there.
const FILE_MODE: u32 = 0o600;
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o755;

/// The kubeconfig files of a [`Search`], to read them as they are and to change them.
///
/// What kubectl's rules say about where a change goes holds (KC-85 to KC-91), and so do its locks.
/// What differs: a file is the old one or the new one at any moment, where a
/// [`Replacement`](super::Replacement) is possible; comments and unknown fields stay; the files are
/// read after they are locked; and a lock that is not given back is an error that says whose it is
/// and how old.
///
/// ```
/// use kubecred_core::kubeconfig::edit::EditError;
/// use kubecred_host::fs::KubeconfigFiles;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("config");
/// # let path = path.to_str().unwrap();
/// # std::fs::write(path, "contexts: [{name: prod, context: {cluster: c}}] # ours\n")?;
/// let files = KubeconfigFiles::at(path); // or from_env()
/// let changed = files.edit(|config| config.use_context("prod"))?;
/// assert_eq!(changed.written, [path]);
/// # assert!(std::fs::read_to_string(path)?.contains("# ours"));
/// # Ok(())
/// # }
/// ```
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
    /// Those of them that could not be replaced and were written in place, and why.
    pub in_place: Vec<(String, String)>,
}

/// Why kubeconfig files could not be read or changed. `E` is what the change itself may say against
/// it. Holds no secret, unless `E` does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError<E = Infallible> {
    /// The change was given up before anything was written: [`Editing::cancel`].
    #[error("the change was given up; nothing is written")]
    Cancelled,
    /// Everything that is wrong with what is in the files.
    #[error(transparent)]
    Config(ConfigError),
    /// Another program is changing the files, or was killed while doing so (KC-87).
    #[error("{0}")]
    Locked(Locked),
    /// The change was refused by the one who wanted it.
    #[error(transparent)]
    Refused(E),
    /// The change cannot be written to the files.
    #[error(transparent)]
    Edit(EditError),
    /// A program that does not use locks has changed the file meanwhile. It is as that left it.
    #[error("{path:?} was changed by another program meanwhile, and is as that left it; try again")]
    Overtaken {
        /// The file.
        path: PathBuf,
    },
    /// The system does not do what is necessary.
    #[error("cannot {doing} {path:?}: {error}")]
    Io {
        /// What was to be done with it: `lock`, `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl<E> From<LockError> for FileError<E> {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Locked(locked) => Self::Locked(locked),
            LockError::Io(path, error) => Self::Io { doing: "lock", path, error },
        }
    }
}

/// A change under way, to be given up from another thread as long as nothing is written.
#[derive(Clone, Debug, Default)]
pub struct Editing(Arc<Mutex<Phase>>);

#[derive(Debug, Default)]
enum Phase {
    /// The locks are not there yet.
    #[default]
    Waiting,
    /// Nothing is written yet; these locks are held.
    Changing(Vec<Lock>),
    /// Files are being written, or have been.
    Writing,
    /// Given up: the locks are given back.
    Cancelled,
}

impl Editing {
    /// Holds these locks from here on, unless the change was given up meanwhile.
    pub fn hold(&self, locks: Vec<Lock>) {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Waiting = *phase {
            *phase = Phase::Changing(locks);
        }
    }

    /// Gives the change up, and the locks back. `false`: files are being written already, and it is
    /// better to wait for the end of that.
    pub fn cancel(&self) -> bool {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *phase {
            Phase::Writing => false,
            Phase::Waiting | Phase::Changing(_) | Phase::Cancelled => {
                *phase = Phase::Cancelled;
                true
            }
        }
    }

    /// From here on the change cannot be given up. The locks are the caller's.
    fn write(&self) -> Option<Vec<Lock>> {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *phase, Phase::Writing) {
            Phase::Changing(locks) => Some(locks),
            other => {
                *phase = other;
                None
            }
        }
    }
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

    /// Waits no longer than this for another program's lock; five seconds if this is not said. What
    /// is stale is not waited for at all.
    #[must_use]
    pub fn wait_at_most(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long a lock is waited for.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Writes paths as they are given. Without this, one that leads into the folder of its file is
    /// written relative to it, and others are written absolute (KC-90).
    #[must_use]
    pub fn with_paths_as_given(self) -> Self {
        Self { paths_as_given: true, ..self }
    }

    /// The files, in order of precedence.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.search.paths().iter().map(PathBuf::from).collect()
    }

    /// Reads the files, and takes no lock. Paths in them are as they are written (KB-1).
    ///
    /// # Errors
    /// Everything that is wrong with the files. One that is not there is an empty one.
    pub fn read(&self) -> Result<Chain, FileError> {
        self.open(read_any).map_err(FileError::Config)
    }

    /// Takes the locks, reads the files, lets `change` change them, writes what differs, and gives
    /// the locks back. kubectl fails as long as `change` runs.
    ///
    /// Each file is replaced at once or not at all. All drafts are written before the first file is
    /// replaced, so that a full disk or a missing permission leaves all as they were.
    ///
    /// # Errors
    /// Nothing has changed then, unless a file could not be replaced after others were.
    pub fn edit<T, E>(
        &self,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E>,
    ) -> Result<Changed<T>, FileError<E>> {
        self.make_folders()?;
        let editing = Editing::default();
        editing.hold(acquire(&self.paths(), self.patience)?);
        self.edit_locked(&editing, change)
    }

    /// Makes the folders that the files are in, for a host that waits for locks in its own way.
    ///
    /// # Errors
    /// What the system says.
    pub fn make_folders<E>(&self) -> Result<(), FileError<E>> {
        self.search.check().map_err(FileError::Config)?;
        self.paths().iter().map(|file| folder(file)).try_for_each(|path| {
            make_folder(path).map_err(|error| FileError::Io {
                doing: "make",
                path: path.to_owned(),
                error,
            })
        })
    }

    /// The part of [`KubeconfigFiles::edit`] that is done under lock.
    ///
    /// # Errors
    /// As there.
    pub fn edit_locked<T, E>(
        &self,
        editing: &Editing,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E>,
    ) -> Result<Changed<T>, FileError<E>> {
        // However this ends, by a panic of the change for one, the locks are given back.
        let _guard = GiveBack(editing);
        // Locks are held: no writer at the other end of a pipe is waited for.
        let chain = self.open(read_file).map_err(FileError::Config)?;
        let mut config = chain.config().clone();
        let value = change(&mut config).map_err(FileError::Refused)?;
        let changes = chain.changes(&config).map_err(FileError::Edit)?;
        let _locks = editing.write().ok_or(FileError::Cancelled)?;
        let (written, in_place) = write(&changes)?;
        Ok(Changed { value, written, in_place })
    }

    fn open(&self, read: fn(&str, u64) -> Result<Secret, Failure>) -> Result<Chain, ConfigError> {
        let paths = self.search.paths().iter();
        let chain = self.search.open(paths.map(|path| read(path, KUBECONFIG_LIMIT)))?;
        Ok(if self.paths_as_given { chain.with_paths_as_given() } else { chain })
    }
}

struct GiveBack<'a>(&'a Editing);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
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

/// Files that were written, and those of them that were written in place, with the reason.
type Written = (Vec<String>, Vec<(String, String)>);

/// Writes all drafts, and then puts all in place.
fn write<E>(changes: &[FileChange]) -> Result<Written, FileError<E>> {
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
    let (mut written, mut in_place) = (Vec::with_capacity(changes.len()), Vec::new());
    for (change, replacement) in changes.iter().zip(prepared) {
        match replacement.put().map_err(|error| failed(change, error))? {
            Placed::Replaced => {}
            Placed::InPlace(why) => in_place.push((change.path.clone(), why)),
        }
        written.push(change.path.clone());
    }
    Ok((written, in_place))
}
