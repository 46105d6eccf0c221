//! Why a host could not do something that it was asked for.

use alloc::string::String;
use core::fmt;

/// Why a host could not do a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Failure {
    /// What kind of failure, for decisions.
    pub kind: FailureKind,
    /// The host's words, for people: an operating system's message, never content.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind, in these words.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() { self.kind.fmt(f) } else { f.write_str(&self.detail) }
    }
}

/// The kinds of failure that the machine tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum FailureKind {
    /// The file has changed since it was read, or another process is changing it now.
    Conflict,
    /// Permission, or a plugin policy, is against it.
    Denied,
    /// The network, TLS or a proxy failed.
    Network,
    /// No such file; no such program on PATH.
    NotFound,
    /// Anything else.
    Other,
    /// It took longer than the job's limit.
    TimedOut,
    /// The answer is larger than the job's limit.
    TooLarge,
    /// This host cannot do such a job, or cannot honour one of its terms.
    Unsupported,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "changed by another process",
            Self::Denied => "permission denied",
            Self::Network => "network failure",
            Self::NotFound => "not found",
            Self::Other => "failed",
            Self::TimedOut => "timed out",
            Self::TooLarge => "answer too large",
            Self::Unsupported => "not supported by this host",
        })
    }
}
