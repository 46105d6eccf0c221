//! One lock for all processes, on a file of its own (LG-97): the system gives it back however its
//! holder ends, and the file stays, since a lock on a file that is gone locks nothing.

use crate::folder::Folder;
use kubecred_host::Clock;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::time::Duration;

/// How often to look whether a lock has been given back.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long a person should not wait without knowing for what.
const QUIET: Duration = Duration::from_secs(2);

/// More than a note has.
const LIMIT: u64 = 512;

/// The file of a lock. From a successful [`try_lock`](Self::try_lock) on the lock is held for as
/// long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// Why a lock is not held.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process has had it for the whole time; this is its note.
    Busy(String),
    /// The system has no such lock here: a read-only folder, a network file system.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock, and leaves a note for those who wait. `waiting` is called once with the
    /// holder's note if it takes a while.
    pub(crate) fn take(
        folder: &Folder,
        name: &str,
        note: &str,
        limit: Duration,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<Self, LockError> {
        let mut lock = Self::open(folder, name).map_err(LockError::Io)?;
        let clock = Clock::start();
        let mut told = false;
        loop {
            let holder = match lock.try_lock(note).map_err(LockError::Io)? {
                Ok(()) => return Ok(lock),
                Err(holder) => holder,
            };
            let waited = Duration::from_millis(clock.now().monotonic.as_millis());
            if waited >= limit {
                return Err(LockError::Busy(holder));
            }
            if waited >= QUIET && !told {
                told = true;
                waiting(&holder);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Opens the file, and makes it if it is missing.
    pub(crate) fn open(folder: &Folder, name: &str) -> io::Result<Self> {
        folder.lock_file(name).map(|file| Self { file })
    }

    /// Takes the lock if no other process has it; otherwise gives the holder's note.
    pub(crate) fn try_lock(&mut self, note: &str) -> io::Result<Result<(), String>> {
        let file = &mut self.file;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(read_note(file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Without a note the lock holds just as well.
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = file.write_all(note.as_bytes());
        Ok(Ok(()))
    }
}

fn read_note(file: &mut File) -> String {
    let mut note = String::new();
    let read = file.rewind().and_then(|()| file.take(LIMIT).read_to_string(&mut note));
    match read {
        Ok(_) if !note.is_empty() => note.chars().filter(|c| !c.is_control()).collect(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_97_a_held_lock_is_waited_for_until_the_limit_and_says_who_holds_it() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path(), &["x"]).unwrap();
        let take = |note: &str| {
            Lock::take(&folder, "lock", note, Duration::ZERO, &mut |_| panic!("not so soon"))
        };
        let held = take("process 1, a longer note").unwrap();
        match take("process 2") {
            Err(LockError::Busy(note)) => assert_eq!(note, "process 1, a longer note"),
            other => panic!("{other:?}"),
        }
        drop(held);
        let held = take("process 3").unwrap();
        assert!(matches!(take(""), Err(LockError::Busy(note)) if note == "process 3"));
        drop(held);
        assert!(folder.path().join("lock").exists());
    }
}
