//! kubectl's lock on a kubeconfig: a file beside it that exists while somebody changes it (KC-87).

use super::aside;
use super::holder::Holder;
use super::replacement::target;
use crate::clock::{Clock, unix};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often to look whether a lock has been given back. kubectl does not look twice, and holds one
/// for a few milliseconds.
const PAUSE: Duration = Duration::from_millis(10);

/// Nobody who is still at work holds a lock for so long.
const ABANDONED: Duration = Duration::from_secs(30);

/// Nor for so long, if there is no such process here. Younger ones may be of a container that has
/// the name of this machine, and processes of its own.
const ORPHANED: Duration = Duration::from_secs(2);

/// More than we write into one.
const LIMIT: u64 = 512;

/// Held for as long as this lives: however its holder ends, but for being killed, it is given back.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // nobody to tell
    }
}

/// A lock that somebody else has.
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
    /// Whether it makes no sense to wait: who left it will not come back.
    pub fn is_stale(&self) -> bool {
        let limit = if self.holder.has_ended() { ORPHANED } else { ABANDONED };
        self.age.is_some_and(|age| age >= limit)
    }

    fn look(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let mut text = String::new();
        if metadata.is_file() {
            // What cannot be read is not ours.
            let _ = File::open(path)?.take(LIMIT).read_to_string(&mut text);
        }
        let made = metadata.modified().ok().map(unix);
        let now = Clock::start().now().wall;
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
                ": somebody is changing the file, or was stopped while doing so; if nobody is, \
                 remove it"
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
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody else has it.
    Locked(Locked),
    /// The system does not let us make it.
    Io(PathBuf, std::io::Error),
}

/// Takes the locks of all these files, or none: who waits for one must not keep others waiting.
/// A lock that is given back within `patience` is waited for, unless it is stale.
///
/// Where the folder may not be written to, the file can neither be locked nor replaced, by us or by
/// anybody like us; it is left out.
pub(crate) async fn acquire(
    files: Vec<PathBuf>,
    patience: Duration,
) -> Result<Vec<Lock>, LockError> {
    let mut looks = patience.as_millis() / PAUSE.as_millis();
    loop {
        let files = files.clone();
        match aside(move || try_all(files)).await {
            Err(LockError::Locked(locked)) if looks > 0 && !locked.is_stale() => {}
            outcome => return outcome,
        }
        looks -= 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// A file is locked by its name, as kubectl does it, and by that which the name leads to: somebody
/// else may know it by another.
fn try_all(mut files: Vec<PathBuf>) -> Result<Vec<Lock>, LockError> {
    let targets: Vec<_> =
        files.iter().filter(|file| file.is_symlink()).map(|l| target(l)).collect();
    files.extend(targets);
    // Everybody in the same order, so that nobody waits for one who waits for him.
    files.sort();
    files.dedup();
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

fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

fn try_one(file: &Path) -> Result<Lock, LockError> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            let lock = Lock { path };
            // For whoever finds it. kubectl's is empty, and nobody but us reads it.
            let _ = file.write_all(Holder::ourselves().as_bytes());
            Ok(lock)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(LockError::Locked(Locked::look(&path).unwrap_or_else(|_| Locked::unknown(&path))))
        }
        Err(error) => Err(LockError::Io(path, error)),
    }
}
