//! The events of a machine, for logs and counters.

use crate::credential::Generation;
use crate::error::Error;
use crate::redact::quoted;
use crate::time::UnixTime;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// A part of the credential. Each part is fetched and refreshed independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SlotName {
    /// The trusted roots.
    Roots,
    /// The client certificate and its key.
    Identity,
    /// The client certificate with which tokens of a service account are requested.
    BootstrapIdentity,
    /// The `Authorization` header with which tokens of a service account are requested.
    BootstrapAuthorization,
    /// The `Authorization` header; a plugin may bring a client certificate with it.
    Authorization,
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Roots => "trusted roots",
            Self::Identity => "client certificate",
            Self::BootstrapIdentity => "bootstrap client certificate",
            Self::BootstrapAuthorization => "bootstrap login",
            Self::Authorization => "login",
        })
    }
}

/// What the machine did, for logs and counters. Events hold no secrets and have no answer.
/// `Display` is a line for a log, in lower case and without a full stop.
///
/// For the metrics of client-go: the [`PluginProblem`](crate::PluginProblem) of an
/// [`Event::Failed`] tells whether the plugin was started and how it exited (EX-90), or that the
/// policy forbids it (EX-91); [`Event::Renewed`] is a success. For the expiry of the client
/// certificate call [`certificate::not_after`](crate::certificate::not_after) (EX-92).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Event {
    /// A fetch failed. The old credential stays in use until it expires.
    Failed {
        /// Which part of the credential it was for.
        slot: SlotName,
        /// Why.
        error: Error,
        /// The time before which there is no other attempt, by the wall clock, for logs. (The
        /// machine itself waits by the monotonic clock:
        /// [`Action::RefreshAt`](super::Action::RefreshAt).)
        retry_at: UnixTime,
        /// Whether the old credential is still in use.
        serving: bool,
    },
    /// The server answered 401 to the current credential; another one is being fetched. Not
    /// reported if the credential cannot change, as a literal token: then only
    /// [`Stats::rejected`](crate::Stats) counts it.
    Rejected {
        /// The generation that was refused.
        generation: Generation,
    },
    /// A fetch succeeded, and the credential is complete. If its bytes are the same as before, so
    /// is the generation.
    Renewed {
        /// Which part of the credential was fetched.
        slot: SlotName,
        /// The current generation.
        generation: Generation,
        /// When it ends, if that is known.
        expires: Option<UnixTime>,
    },
    /// Refreshed tokens have been written to the kubeconfig that they came from.
    Saved {
        /// The file.
        path: String,
    },
    /// Refreshed tokens could not be written back. This process uses them, but programs that read
    /// the kubeconfig later get the old ones, which the provider may not accept any more.
    NotSaved {
        /// Why.
        error: Error,
        /// The time of the next attempt, by the wall clock; `None`: only after the next refresh.
        retry_at: Option<UnixTime>,
    },
    /// The credential has expired, and there is no other yet. A host that keeps a copy must stop
    /// using it.
    Withdrawn {
        /// The part that has expired.
        slot: SlotName,
        /// The generation that has expired.
        generation: Generation,
    },
    /// A credential had already expired when it arrived, so either this machine's clock or the
    /// issuer's is wrong. It is used for a short time
    /// ([`Policy::clock_skew_grace`](crate::Policy::clock_skew_grace)), so that the server can
    /// decide.
    ClockSkew {
        /// Which part of the credential it is.
        slot: SlotName,
        /// How long before its arrival it expired, in milliseconds.
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
                write!(f, "{slot}: the new credential expired {ago} s ago: a clock is wrong")
            }
        }
    }
}
