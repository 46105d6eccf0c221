//! Whose lock it is, as far as that can be known.

use std::fmt;
use std::fs::Metadata;

/// Who made a lock. One of ours says so; kubectl's says nothing, but the file has an owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The process, if it has left its number.
    pub process: Option<u32>,
    /// The machine that it runs on.
    pub machine: Option<String>,
    /// The number of the user who owns the lock, where users have one.
    pub user: Option<u32>,
}

/// The first word in a lock of ours.
const PROGRAM: &str = "kubecred";

impl Holder {
    pub(super) fn new(text: &str, metadata: &Metadata) -> Self {
        let mut words = text.split_whitespace();
        let ours = words.next() == Some(PROGRAM);
        let process = words.next().and_then(|word| word.parse().ok()).filter(|_| ours);
        let machine = words.next().map(str::to_owned).filter(|_| process.is_some());
        Self { process, machine, user: user(metadata) }
    }

    /// What stands in a lock of ours.
    pub(super) fn ourselves() -> String {
        // A WASI guest is no process of its own: asking for its number is a panic.
        match cfg!(target_os = "wasi") {
            true => format!("{PROGRAM}\n"),
            false => {
                format!("{PROGRAM} {} {}\n", std::process::id(), machine().unwrap_or_default())
            }
        }
    }

    /// Whether it is a process of this machine that is no more.
    pub(super) fn has_ended(&self) -> bool {
        self.is_here() && self.process.is_some_and(|process| !lives(process))
    }

    fn is_here(&self) -> bool {
        self.machine.is_some() && self.machine == machine()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.process, &self.machine, self.user) {
            (Some(process), Some(machine), _) if !self.is_here() => {
                write!(f, "process {process} of {machine:?}")
            }
            (Some(process), ..) => write!(f, "process {process}"),
            (None, _, Some(user)) => write!(f, "user {user}"),
            (None, _, None) => f.write_str("another program"),
        }
    }
}

#[cfg(unix)]
fn user(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.uid())
}

#[cfg(not(unix))]
fn user(_metadata: &Metadata) -> Option<u32> {
    None
}

#[cfg(unix)]
fn machine() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    let is_a_word = !name.is_empty() && !name.contains(char::is_whitespace);
    is_a_word.then_some(name)
}

#[cfg(not(unix))]
fn machine() -> Option<String> {
    None
}

/// Whether there is a process of this number; another may have got it since.
#[cfg(unix)]
fn lives(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return false };
    !matches!(test_kill_process(process), Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn lives(_process: u32) -> bool {
    true
}
