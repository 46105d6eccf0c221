//! What becomes of what a plugin says to people.

use std::collections::VecDeque;
use std::fmt;
use std::process::Stdio;
use std::sync::Arc;

/// How much of a plugin's standard error is kept.
const KEPT: usize = 4096;

/// What becomes of the standard error of plugins.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum PluginStderr {
    /// It goes where this process's own goes (EX-22).
    #[default]
    Inherit,
    /// It is thrown away.
    Discard,
    /// When a plugin ends or is stopped, this gets its last 4 KiB, if there are any. It is the
    /// plugin's text for people, and may hold anything.
    Capture(Arc<StderrCallback>),
}

/// Gets the end of what a plugin wrote to standard error.
pub type StderrCallback = dyn Fn(&[u8]) + Send + Sync;

impl PluginStderr {
    /// Where the plugin's standard error goes.
    pub fn stdio(&self) -> Stdio {
        match self {
            Self::Inherit => Stdio::inherit(),
            Self::Discard => Stdio::null(),
            Self::Capture(_) => Stdio::piped(),
        }
    }
}

impl fmt::Debug for PluginStderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inherit => "Inherit",
            Self::Discard => "Discard",
            Self::Capture(_) => "Capture(..)",
        })
    }
}

/// The end of what a plugin said, which the callback gets when this is dropped.
#[derive(Debug)]
pub struct Tail<'a> {
    last: VecDeque<u8>,
    to: &'a PluginStderr,
}

impl<'a> Tail<'a> {
    /// Of nothing yet.
    pub fn new(to: &'a PluginStderr) -> Self {
        Self { last: VecDeque::new(), to }
    }

    /// Takes what was said next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.last.extend(bytes);
        let excess = self.last.len().saturating_sub(KEPT);
        self.last.drain(..excess);
    }
}

impl Drop for Tail<'_> {
    fn drop(&mut self) {
        if let PluginStderr::Capture(tell) = self.to
            && !self.last.is_empty()
        {
            tell(self.last.make_contiguous());
        }
    }
}
