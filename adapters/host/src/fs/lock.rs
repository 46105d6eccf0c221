//! kubectl's lock on a kubeconfig: a file beside it that exists while its holder changes it (KC-87).

use super::holder::Holder;
use super::replacement::{folder, target};
use crate::clock::{unix, wall};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often to try again. kubectl tries once, and holds a lock for a few milliseconds.
const PAUSE: Duration = Duration::from_millis(10);

/// A holder that is still at work does not take so long.
const ABANDONED: Duration = Duration::from_secs(30);

/// Nor so long, if its process is not there. Younger ones may be of a container that has the name
/// of this machine, and processes of its own.
const ORPHANED: Duration = Duration::from_secs(2);

/// More than we write into one.
const LIMIT: u64 = 512;

/// A lock that is held for as long as this lives. It is given back however its holder ends, but for
/// being killed.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // there is nobody to tell
    }
}

/// A lock that another program holds, or left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Locked {
    /// The lock, which is a file.
    pub path: PathBuf,
    /// How long it has been there, if the clocks agree.
    pub age: Option<Duration>,
    /// Whose it is, as far as that can be known.
    pub holder: Holder,
}

impl Locked {
    /// Whether it makes no sense to wait: its holder will not come back.
    pub fn is_stale(&self) -> bool {
        let limit = if self.holder.has_ended() { ORPHANED } else { ABANDONED };
        self.age.is_some_and(|age| age >= limit)
    }

    fn inspect(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let mut text = String::new();
        if metadata.is_file() {
            // What cannot be read is not ours.
            let _ = File::open(path)?.take(LIMIT).read_to_string(&mut text);
        }
        let made = metadata.modified().ok().map(unix);
        let now = wall();
        let age = made.filter(|made| *made <= now).map(|made| now.since(made));
        Ok(Self { path: path.into(), age, holder: Holder::new(&text, &metadata) })
    }

    /// When not even that can be seen.
    fn unknown(path: &Path) -> Self {
        Self { path: path.into(), age: None, holder: Holder::default() }
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, age, holder } = self;
        let ended = holder.has_ended();
        write!(f, "{path:?} was {} ", if ended { "left behind" } else { "made" })?;
        if let Some(age) = age {
            write!(f, "{} ago ", Age(*age))?;
        }
        write!(f, "by {holder}")?;
        f.write_str(match ended {
            true => ", which has ended; remove it",
            false => {
                ": another program is changing the file, or was stopped while doing so; if none \
                 is, remove it"
            }
        })
    }
}

struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0 => f.write_str("less than a second"),
            seconds @ 1..120 => write!(f, "{seconds} s"),
            seconds @ 120..7200 => write!(f, "{} min", seconds / 60),
            seconds @ 7200..172_800 => write!(f, "{} h", seconds / 3600),
            seconds => write!(f, "{} days", seconds / 86_400),
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another program has it.
    #[error("{0}")]
    Locked(Locked),
    /// The system does not let us make it.
    #[error("cannot lock {0:?}: {1}")]
    Io(PathBuf, std::io::Error),
}

/// How often a lock is tried for. It knows when waiting makes no sense; how to wait is the host's.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    left: u128,
}

impl Attempts {
    /// As many as fit into this time.
    pub fn within(patience: Duration) -> Self {
        Self { left: patience.as_millis() / PAUSE.as_millis() }
    }

    /// How long to pause before the next attempt.
    ///
    /// # Errors
    /// The error itself, if there is to be no other attempt: the time is over, the lock is stale,
    /// or the system refuses.
    pub fn after(&mut self, error: LockError) -> Result<Duration, LockError> {
        match error {
            LockError::Locked(locked) if self.left > 0 && !locked.is_stale() => {
                self.left -= 1;
                Ok(PAUSE)
            }
            error => Err(error),
        }
    }
}

/// Takes the locks of all these files, or none. Waits up to `patience` for a lock that another
/// program holds, unless that is stale.
///
/// # Errors
/// As [`try_acquire`], after the last attempt.
pub fn acquire(files: &[PathBuf], patience: Duration) -> Result<Vec<Lock>, LockError> {
    let mut attempts = Attempts::within(patience);
    loop {
        match try_acquire(files) {
            Ok(locks) => return Ok(locks),
            Err(error) => std::thread::sleep(attempts.after(error)?),
        }
    }
}

/// Takes the locks of all these files, or none: who waits for one must not keep others waiting.
///
/// A file is locked by its name, as kubectl does it, and by what the name leads to: another program
/// may know it by that name. Where the folder may not be written to, there is no lock: the file can
/// not be replaced there either, and is not written in place without its lock.
///
/// # Errors
/// When another program holds one of them, or the system refuses.
pub fn try_acquire(files: &[PathBuf]) -> Result<Vec<Lock>, LockError> {
    let mut files = files.to_vec();
    for link in files.clone().iter().filter(|file| file.is_symlink()) {
        files.push(target(link).map_err(|error| LockError::Io(link.clone(), error))?);
    }
    // In the same order everywhere, so that no two wait for each other; and one file, whatever leads
    // to it, has one lock, so that nothing waits for itself.
    files.sort_by_cached_key(|file| place(file));
    files.dedup_by_key(|file| place(file));
    let mut locks = Vec::with_capacity(files.len());
    for file in files {
        match try_one(&file) {
            Ok(lock) => locks.push(lock),
            Err(LockError::Io(_, error)) if is_closed(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(locks)
}

/// A file by its folder's own path: that of a file may be relative, and lead through links.
fn place(file: &Path) -> PathBuf {
    let folder = std::fs::canonicalize(folder(file));
    match (folder, file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}

fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Where the lock of a file is.
pub(super) fn path_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

fn try_one(file: &Path) -> Result<Lock, LockError> {
    let path = path_of(file);
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            let lock = Lock { path };
            // For a program that finds it. kubectl's is empty, and nothing but this reads it.
            let _ = file.write_all(Holder::ourselves().as_bytes());
            Ok(lock)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let locked = Locked::inspect(&path).unwrap_or_else(|_| Locked::unknown(&path));
            Err(LockError::Locked(locked))
        }
        Err(error) => Err(LockError::Io(path, error)),
    }
}
