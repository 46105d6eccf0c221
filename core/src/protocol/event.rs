//! What a machine reports: for logs and counters.

use crate::credential::Generation;
use crate::error::Error;
use crate::redact::quoted;
use crate::time::UnixTime;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// A part of the credential, each of which is fetched and kept fresh by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SlotName {
    /// The trusted roots.
    Roots,
    /// The client certificate and its key.
    Identity,
    /// The client certificate of the login with which tokens of a service account are asked for.
    BootstrapIdentity,
    /// The `Authorization` header of that login.
    BootstrapBearer,
    /// The `Authorization` header; a plugin may bring a client certificate with it.
    Bearer,
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Roots => "trusted roots",
            Self::Identity => "client certificate",
            Self::BootstrapIdentity => "bootstrap client certificate",
            Self::BootstrapBearer => "bootstrap login",
            Self::Bearer => "login",
        })
    }
}

/// What the machine did, for logs and counters. Needs no answer, and never holds a secret. `Display`
/// is a line for a log, in lower case and without a full stop.
///
/// For what client-go counts: a plugin's [`Event::Failed`] says in its
/// [`PluginProblem`](crate::PluginProblem) whether the plugin was started and how it ended (EX-90),
/// or that the policy was against it (EX-91); [`Event::Renewed`] is a success. The end of the
/// certificate in use is [`certificate::not_after`](crate::certificate::not_after) (EX-92).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Event {
    /// An attempt failed. What is held, if it is still good, stays in use.
    Failed {
        /// Which part of the credential it was for.
        slot: SlotName,
        /// Why.
        error: Error,
        /// The earliest next attempt, by the wall clock as it was then. For people: the machine
        /// itself waits by the monotonic clock ([`Action::RefreshAt`](super::Action::RefreshAt)).
        retry_at: UnixTime,
        /// Whether a credential is still being served.
        serving: bool,
    },
    /// The server refused the current credential; a fresh one is being fetched. Not reported if
    /// there is nowhere to fetch another from, as with a literal token: only
    /// [`Stats::rejected`](crate::Stats) counts that.
    Rejected {
        /// The generation that was refused.
        generation: Generation,
    },
    /// A fetch succeeded, and all that a request needs is at hand. The generation is the same as
    /// before if the bytes are.
    Renewed {
        /// Which part of the credential was fetched.
        slot: SlotName,
        /// What is held now.
        generation: Generation,
        /// When it ends, if that is known.
        expires: Option<UnixTime>,
    },
    /// Refreshed tokens are in the kubeconfig that they came from.
    Saved {
        /// The file.
        path: String,
    },
    /// Refreshed tokens could not be written back. They are in use all the same; but who starts
    /// from that file finds the old ones, which may be of no use any more.
    NotSaved {
        /// Why.
        error: Error,
        /// The next attempt, by the wall clock as it was then; `None`: not before other tokens come.
        retry_at: Option<UnixTime>,
    },
    /// The credential has expired and there is no other yet: a host that keeps a copy must stop
    /// using it.
    Withdrawn {
        /// The part of it that has ended.
        slot: SlotName,
        /// The generation that is dead.
        generation: Generation,
    },
    /// A credential had already expired when it came: this machine's clock, or that of whoever made
    /// it, is wrong. It is used for a short while and the server decides.
    ClockSkew {
        /// Which part of the credential it is.
        slot: SlotName,
        /// How far in the past, in milliseconds.
        millis: u64,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { slot, error, retry_at, serving } => {
                let rest = match serving {
                    true => "the present credential stays in use",
                    false => "there is no credential",
                };
                write!(f, "{slot}: {error}; {rest}; next attempt not before {retry_at}")
            }
            Self::Rejected { generation } => {
                let number = generation.as_u64();
                write!(f, "the server answered 401 to credential {number}; fetching another")
            }
            Self::Renewed { slot, generation, expires } => {
                write!(f, "{slot} fetched: credential {}", generation.as_u64())?;
                match expires {
                    Some(end) => write!(f, ", good until {end}"),
                    None => Ok(()),
                }
            }
            Self::Saved { path } => write!(f, "saved the refreshed tokens in {}", quoted(path)),
            Self::NotSaved { error, retry_at: Some(at) } => {
                write!(f, "{error}; next attempt not before {at}")
            }
            Self::NotSaved { error, retry_at: None } => {
                write!(f, "{error}; giving up: the next program may have to log in again")
            }
            Self::Withdrawn { slot, generation } => {
                let number = generation.as_u64();
                write!(f, "credential {number} has expired ({slot}); requests wait for the next")
            }
            Self::ClockSkew { slot, millis } => {
                let ago = Duration::from_millis(*millis).as_secs_f32();
                write!(f, "{slot}: what was fetched had expired {ago} s before: a clock is wrong")
            }
        }
    }
}
