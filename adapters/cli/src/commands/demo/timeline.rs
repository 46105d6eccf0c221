//! What happened in the demo, when, and to whom.

use super::front::Way;
use super::login::Login;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// One that sends requests through the proxy or the gate.
    Caller(Way),
    /// The demo itself, to the files of a login.
    Disk,
    /// `kubecred gate`.
    Gate,
    /// The identity provider.
    Issuer,
    /// The core, about one login.
    Kubecred(Login),
    /// Who sends requests as kubectl does.
    Kubectl,
    /// This program, run by itself.
    Program,
    /// `kubecred proxy`.
    Proxy,
    /// The plugin, on its standard error.
    Plugin,
    /// The API server.
    Server,
    /// Who sends requests with a login.
    Worker(Login),
}

impl Who {
    /// As it is shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Caller(way) => way.caller(),
            Self::Disk => "disk",
            Self::Gate => "gate",
            Self::Issuer => "identity provider",
            Self::Kubecred(Login::Certificate) => "kubecred: certificate",
            Self::Kubecred(Login::Plugin) => "kubecred: plugin",
            Self::Kubecred(Login::TokenFile) => "kubecred: token file",
            Self::Kubectl => "kubectl",
            Self::Program => "kubecred",
            Self::Proxy => "proxy",
            Self::Plugin => "plugin",
            Self::Server => "server",
            Self::Worker(Login::Certificate) => "worker: certificate",
            Self::Worker(Login::Plugin) => "worker: plugin",
            Self::Worker(Login::TokenFile) => "worker: token file",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Since the start.
    pub(crate) at: Duration,
    pub(crate) who: Who,
    pub(crate) what: String,
}

/// A list of what happened, shared by those who make it happen.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    start: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Timeline {
    /// An empty one that starts now.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), entries: Arc::default() }
    }

    /// Writes something down that happens now.
    pub(crate) fn mark(&self, who: Who, what: impl Into<String>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Within the lock, so that the times of entries rise.
        entries.push(Entry { at: self.start.elapsed(), who, what: what.into() });
    }

    /// How long it has been going on.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// What has happened so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The entries for machines.
pub(crate) fn json(entries: &[Entry]) -> Vec<Value> {
    let entry = |Entry { at, who, what }: &Entry| json!({ "seconds": at.as_secs_f64(), "who": who.name(), "what": what });
    entries.iter().map(entry).collect()
}

/// The entries for people, one a line.
pub(crate) fn render(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.who.name().len()).max().unwrap_or_default();
    entries.iter().fold(String::new(), |mut text, Entry { at, who, what }| {
        let (seconds, who) = (at.as_secs_f64(), who.name());
        let _ = writeln!(text, "{seconds:>8.2} s  {who:<width$}  {what}");
        text
    })
}
