//! The credential for a request, borrowed from the machine.

use crate::error::Error;
use crate::secret::Secret;
use crate::time::{Instant, UnixTime};
use alloc::borrow::Cow;

#[cfg(feature = "serde")]
use crate::secret::exposed;

/// The number of a credential: 1 for the first, one more each time its bytes change. While it stays
/// the same, a host may reuse what it derived from the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generation(pub(crate) u64);

impl Generation {
    /// From its number.
    pub const fn from_u64(generation: u64) -> Self {
        Self(generation)
    }

    /// Its number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// What to send with a request now. It borrows from the machine, and copies nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential<'a> {
    /// The generation to pass in with [`Input::Reject`](crate::Input::Reject) after a 401.
    pub generation: Generation,
    /// `authorization` and `impersonate-*`, ready to send, in order. Names may repeat.
    pub headers: &'a [Header],
    /// The client certificate for the TLS connection.
    pub identity: Option<&'a Identity>,
    /// The trusted roots as PEM; `None`: those of the system. If empty, trust no server (UA-33).
    pub roots: Option<&'a [u8]>,
    /// When it expires, by the wall clock; `None`: not known.
    pub expires: Option<UnixTime>,
    /// Until when a copy may be used without calling the machine again, by the monotonic clock: the
    /// expiry, or the time when a file must be read again. `None`: until the machine reports a
    /// change.
    pub good_until: Option<Instant>,
    /// Use this credential, and also pass in [`Input::Demand`](crate::Input::Demand): the machine
    /// does not know yet that this generation is in use, or it is time to renew it.
    pub demand: bool,
}

/// What TLS needs now, for a request that brings an `authorization` of its own. Borrowed from the
/// machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionParts<'a> {
    /// The client certificate for the TLS connection.
    pub identity: Option<&'a Identity>,
    /// The trusted roots as PEM; `None`: those of the system. Empty: trust nothing (UA-33).
    pub roots: Option<&'a [u8]>,
    /// When the client certificate ends by the wall clock, if that is known.
    pub expires: Option<UnixTime>,
    /// Until when a copy may be used without asking the machine again, by the monotonic clock.
    /// `None`: until the machine says so.
    pub good_until: Option<Instant>,
    /// Send [`Input::DemandConnection`](crate::Input::DemandConnection) beside using this.
    pub demand: bool,
}

/// Why there is no credential now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must decide about each")]
pub enum Unavailable<'a> {
    /// The machine is closed.
    Closed,
    /// The last attempt failed. After a pause ([`Event::Failed`](crate::Event::Failed) says until
    /// when), an [`Input::Demand`](crate::Input::Demand) starts the next attempt.
    Failed(&'a Error),
    /// It is being fetched, or will be after an [`Input::Demand`](crate::Input::Demand). Pass that
    /// in (once is enough), and wait.
    Pending,
}

/// An HTTP header, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Header {
    /// In lower case.
    pub name: Cow<'static, str>,
    /// The value, valid as a header. Hosts should mark it sensitive.
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
