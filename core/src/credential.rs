//! What a request needs, lent by the machine.

use crate::error::Error;
use crate::secret::Secret;
use crate::time::{Instant, UnixTime};
use alloc::borrow::Cow;

#[cfg(feature = "serde")]
use crate::secret::exposed;

/// Counts the different credentials that a machine has served. It rises exactly when the bytes
/// change, so a host may keep what it derived from them for as long as this stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generation(pub(crate) u64);

impl Generation {
    /// From its number, as a wire carries it.
    pub const fn from_u64(generation: u64) -> Self {
        Self(generation)
    }

    /// Its number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// What to put on a request now. Borrowed from the machine; copying nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential<'a> {
    /// To quote in [`Input::Reject`](crate::Input::Reject) on a 401.
    pub generation: Generation,
    /// `authorization` and `impersonate-*`, ready to send, in order. Names may repeat.
    pub headers: &'a [Header],
    /// The client certificate for the TLS connection.
    pub identity: Option<&'a Identity>,
    /// The trusted roots as PEM; `None`: those of the system. Empty: trust nothing (UA-33).
    pub roots: Option<&'a [u8]>,
    /// When it ends by the wall clock, if that is known.
    pub expires: Option<UnixTime>,
    /// Until when a copy may be used without asking the machine again, by the monotonic clock: its
    /// end, or the time at which a file must be read again. `None`: until the machine says so.
    pub good_until: Option<Instant>,
    /// Send [`Input::Demand`](crate::Input::Demand) beside using this: the machine has not yet
    /// been told that this generation is in use, or it is time to renew it.
    pub demand: bool,
}

/// Why there is no credential now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must decide about each")]
pub enum Unavailable<'a> {
    /// The machine is closed.
    Closed,
    /// The last attempt failed. A [`Input::Demand`](crate::Input::Demand) after the waiting time
    /// starts another.
    Failed(&'a Error),
    /// Send [`Input::Demand`](crate::Input::Demand) (once is enough) and wait.
    Pending,
}

/// An HTTP header, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Header {
    /// In lower case.
    pub name: Cow<'static, str>,
    /// Bytes that a header may carry; hosts mark it sensitive.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub value: Secret,
}

/// A client certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Identity {
    /// PEM, leaf first, then intermediates.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub certificate: Secret,
    /// PEM.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub key: Secret,
}
